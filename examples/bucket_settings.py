"""The settings of a bucket that are used most, written and read through client.call.

    python examples/bucket_settings.py http://127.0.0.1:9000 my-bucket [setting ...]

Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Not every store has every setting: name those that yours has.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable

from aios3 import Client, ServiceError
from aios3 import operations as ops


async def versioning(client: Client, bucket: str) -> str:
    """Keep what is overwritten and deleted."""
    wanted = ops.VersioningConfiguration(status="Enabled")
    await client.call(ops.PutBucketVersioning(bucket=bucket, versioning_configuration=wanted))
    return str((await client.call(ops.GetBucketVersioning(bucket=bucket))).status)


async def lifecycle(client: Client, bucket: str) -> str:
    """Delete logs after 30 days, and uploads that nobody has finished after 2."""
    rule = ops.LifecycleRule(
        id="old-logs",
        status="Enabled",
        filter=ops.LifecycleRuleFilter(prefix="logs/"),
        expiration=ops.LifecycleExpiration(days=30),
        abort_incomplete_multipart_upload=ops.AbortIncompleteMultipartUpload(days_after_initiation=2),
    )
    wanted = ops.BucketLifecycleConfiguration(rules=(rule,))
    await client.call(ops.PutBucketLifecycleConfiguration(bucket=bucket, lifecycle_configuration=wanted))
    (found,) = (await client.call(ops.GetBucketLifecycleConfiguration(bucket=bucket))).rules
    return f"{found.id}: {found.expiration.days if found.expiration else None} days"


async def policy(client: Client, bucket: str) -> str:
    """Let everybody read what is below public/. The policy is JSON, as AWS documents it."""
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": f"arn:aws:s3:::{bucket}/public/*",
    }
    wanted = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    await client.call(ops.PutBucketPolicy(bucket=bucket, policy=wanted))
    found = json.loads((await client.call(ops.GetBucketPolicy(bucket=bucket))).policy)
    return f"{found['Statement'][0]['Effect']} {found['Statement'][0]['Action']}"


async def cors(client: Client, bucket: str) -> str:
    """Let a web page of ours read and write from the browser."""
    rule = ops.CORSRule(
        allowed_methods=("GET", "PUT"),
        allowed_origins=("https://www.example.com",),
        allowed_headers=("*",),
        expose_headers=("ETag",),
        max_age_seconds=600,
    )
    wanted = ops.CORSConfiguration(cors_rules=(rule,))
    await client.call(ops.PutBucketCors(bucket=bucket, cors_configuration=wanted))
    (found,) = (await client.call(ops.GetBucketCors(bucket=bucket))).cors_rules
    return f"{sorted(found.allowed_methods)} from {found.allowed_origins[0]}"


async def encryption(client: Client, bucket: str) -> str:
    """Encrypt whatever is stored from now on."""
    default = ops.ServerSideEncryptionByDefault(sse_algorithm="AES256")
    rule = ops.ServerSideEncryptionRule(apply_server_side_encryption_by_default=default)
    wanted = ops.ServerSideEncryptionConfiguration(rules=(rule,))
    await client.call(ops.PutBucketEncryption(bucket=bucket, server_side_encryption_configuration=wanted))
    result = await client.call(ops.GetBucketEncryption(bucket=bucket))
    (found,) = result.server_side_encryption_configuration.rules
    applied = found.apply_server_side_encryption_by_default
    return applied.sse_algorithm if applied else "nothing"


async def tagging(client: Client, bucket: str) -> str:
    """Put labels on the bucket, for bills above all."""
    wanted = ops.Tagging(tag_set=(ops.Tag(key="team", value="moon"),))
    await client.call(ops.PutBucketTagging(bucket=bucket, tagging=wanted))
    found = (await client.call(ops.GetBucketTagging(bucket=bucket))).tag_set
    return ", ".join(f"{tag.key}={tag.value}" for tag in found)


async def public_access(client: Client, bucket: str) -> str:
    """Refuse whatever would make objects public, by whomever it comes."""
    wanted = ops.PublicAccessBlockConfiguration(
        block_public_acls=True, ignore_public_acls=True, block_public_policy=True, restrict_public_buckets=True
    )
    await client.call(ops.PutPublicAccessBlock(bucket=bucket, public_access_block_configuration=wanted))
    found = await client.call(ops.GetPublicAccessBlock(bucket=bucket))
    return f"public policies blocked: {found.public_access_block_configuration.block_public_policy}"


async def website(client: Client, bucket: str) -> str:
    """Serve the bucket as a web site."""
    wanted = ops.WebsiteConfiguration(
        index_document=ops.IndexDocument(suffix="index.html"), error_document=ops.ErrorDocument(key="error.html")
    )
    await client.call(ops.PutBucketWebsite(bucket=bucket, website_configuration=wanted))
    found = (await client.call(ops.GetBucketWebsite(bucket=bucket))).index_document
    return found.suffix if found else "nothing"


async def notification(client: Client, bucket: str) -> str:
    """Tell EventBridge of every object that comes and goes."""
    wanted = ops.NotificationConfiguration(event_bridge_configuration=ops.EventBridgeConfiguration())
    await client.call(ops.PutBucketNotificationConfiguration(bucket=bucket, notification_configuration=wanted))
    found = await client.call(ops.GetBucketNotificationConfiguration(bucket=bucket))
    return "EventBridge" if found.event_bridge_configuration else "nobody"


async def ownership(client: Client, bucket: str) -> str:
    """Let the bucket's owner own every object, whoever has stored it; ACLs mean nothing then."""
    rule = ops.OwnershipControlsRule(object_ownership="BucketOwnerEnforced")
    wanted = ops.OwnershipControls(rules=(rule,))
    await client.call(ops.PutBucketOwnershipControls(bucket=bucket, ownership_controls=wanted))
    found = await client.call(ops.GetBucketOwnershipControls(bucket=bucket))
    return found.ownership_controls.rules[0].object_ownership


# In this order: whoever blocks public policies must have set a public one before.
SETTINGS: dict[str, Callable[[Client, str], Awaitable[str]]] = {
    setting.__name__: setting
    for setting in (
        versioning,
        lifecycle,
        policy,
        cors,
        encryption,
        tagging,
        website,
        notification,
        ownership,
        public_access,
    )
}


async def main() -> None:
    """Write and read the settings that are named, or all."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    endpoint, bucket, *names = sys.argv[1:]
    async with Client(aws_endpoint=endpoint) as client:
        for name in names or SETTINGS:
            try:
                print(f"{name}: {await SETTINGS[name](client, bucket)}")
            except ServiceError as error:
                print(f"{name}: the store says {error.code}")


if __name__ == "__main__":
    asyncio.run(main())
