"""What shows that an operation works: a few calls on a real server whose answers must fit together.

A scenario proves the operations that it names, all of them, by `Client.call` alone. Who does not pass which is written
in tests.operations.coverage, held by test_live, and shown by `python -m tests.operations.coverage`.
"""

import json
import zlib
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from aios3 import Client, errors
from aios3 import operations as ops
from aios3.protocol.shapes import Operation, Result
from tests.servers import Server

R = TypeVar("R", bound=Result)
BODY = b"name,size\nfirst,1\nsecond,2\n"
PART = b"p" * (5 * 1024 * 1024)


class World:
    """A client of a server with an empty bucket, which notes what was called."""

    def __init__(self, client: Client, server: Server, bucket: str) -> None:
        self.client = client
        self.server = server
        self.bucket = bucket
        self.called: set[str] = set()

    async def call(self, operation: Operation[R]) -> R:
        """Call, and note that it was answered."""
        result = await self.client.call(operation)
        self.called.add(type(operation).__name__)
        return result

    async def refuses(self, operation: Operation[Any], *codes: str) -> bool:
        """Tell if an operation ends in one of these errors: what was there is gone."""
        try:
            await self.client.call(operation)
        except errors.ServiceError as error:
            return error.code in codes
        return False

    async def put(self, key: str = "k", body: bytes = BODY) -> str | None:
        """Store an object; return its version."""
        return (await self.call(ops.PutObject(bucket=self.bucket, key=key, body=body))).version_id

    async def switch_versions_on(self) -> None:
        """Let the bucket keep versions."""
        on = ops.VersioningConfiguration(status="Enabled")
        await self.call(ops.PutBucketVersioning(bucket=self.bucket, versioning_configuration=on))


class Scenario(NamedTuple):
    """Some calls, and the operations that they prove."""

    run: Callable[[World], Awaitable[None]]
    proves: tuple[str, ...]


SCENARIOS: dict[str, Scenario] = {}
Run = Callable[[World], Awaitable[None]]


def proves(*operations: type[Operation[Any]]) -> Callable[[Run], Run]:
    """Enter a scenario by its name."""

    def enter(run: Run) -> Run:
        SCENARIOS[run.__name__] = Scenario(run, tuple(operation.__name__ for operation in operations))
        return run

    return enter


# --- buckets


@proves(ops.CreateBucket, ops.HeadBucket, ops.ListBuckets, ops.GetBucketLocation, ops.DeleteBucket)
async def buckets(world: World) -> None:
    name = f"{world.bucket}-2"
    await world.call(ops.CreateBucket(bucket=name))
    await world.call(ops.HeadBucket(bucket=name))
    listed = await world.call(ops.ListBuckets())
    place = await world.call(ops.GetBucketLocation(bucket=name))
    await world.call(ops.DeleteBucket(bucket=name))

    assert name in [bucket.name for bucket in listed.buckets]
    assert place.location_constraint in ("", world.server.region, "default")
    assert await world.refuses(ops.HeadBucket(bucket=name), "NoSuchBucket")


@proves(ops.ListDirectoryBuckets)
async def directory_buckets(world: World) -> None:
    listed = await world.call(ops.ListDirectoryBuckets(max_directory_buckets=10))

    assert listed.buckets == ()


@proves(ops.CreateSession)
async def session(world: World) -> None:
    made = await world.call(ops.CreateSession(bucket=world.bucket, session_mode="ReadOnly"))

    assert made.credentials.session_token


# --- objects


@proves(ops.PutObject, ops.GetObject, ops.HeadObject, ops.DeleteObject)
async def objects(world: World) -> None:
    where: Any = {"bucket": world.bucket, "key": "a b/é"}
    put = await world.call(ops.PutObject(**where, body=BODY, content_type="text/csv", metadata={"a": "b"}))
    head = await world.call(ops.HeadObject(**where))
    async with await world.call(ops.GetObject(**where, range="bytes=0-3", if_match=put.etag)) as part:
        start = await part.body.read()
    await world.call(ops.DeleteObject(**where))

    assert (head.content_length, head.content_type, head.metadata, head.etag) == (27, "text/csv", {"a": "b"}, put.etag)
    assert (start, part.content_range, part.http_status) == (BODY[:4], "bytes 0-3/27", 206)
    assert await world.refuses(ops.HeadObject(**where), "NoSuchKey")


@proves(ops.CopyObject)
async def copy(world: World) -> None:
    await world.put("from/é")
    source = ops.CopySource(world.bucket, "from/é")
    copied = await world.call(
        ops.CopyObject(
            bucket=world.bucket, key="to", copy_source=source, metadata={"new": "1"}, metadata_directive="REPLACE"
        )
    )
    head = await world.call(ops.HeadObject(bucket=world.bucket, key="to"))

    assert (copied.copy_object_result.etag or "").strip('"') == (head.etag or "").strip('"')
    assert head.metadata == {"new": "1"}


@proves(ops.DeleteObjects)
async def delete_objects(world: World) -> None:
    for key in ("a", "b<&>", "c"):
        await world.put(key)
    objects = (ops.ObjectIdentifier(key="a"), ops.ObjectIdentifier(key="b<&>"))
    result = await world.call(ops.DeleteObjects(bucket=world.bucket, delete=ops.Delete(objects=objects)))
    left = await world.call(ops.ListObjectsV2(bucket=world.bucket))

    assert sorted(deleted.key or "" for deleted in result.deleted) == ["a", "b<&>"]
    assert [key.key for key in left.keys] == ["c"]


@proves(ops.RenameObject)
async def rename(world: World) -> None:
    await world.put("from")
    await world.call(ops.RenameObject(bucket=world.bucket, key="to", rename_source=f"{world.bucket}/from"))

    assert await world.refuses(ops.HeadObject(bucket=world.bucket, key="from"), "NoSuchKey")
    await world.call(ops.HeadObject(bucket=world.bucket, key="to"))


@proves(ops.GetObjectAttributes)
async def attributes(world: World) -> None:
    await world.put()
    found = await world.call(
        ops.GetObjectAttributes(bucket=world.bucket, key="k", object_attributes=("ETag", "ObjectSize"))
    )

    assert found.object_size == len(BODY)
    assert found.etag


@proves(ops.GetObjectTorrent)
async def torrent(world: World) -> None:
    await world.put()
    async with await world.call(ops.GetObjectTorrent(bucket=world.bucket, key="k")) as result:
        assert (await result.body.read()).startswith(b"d")


@proves(ops.UpdateObjectEncryption)
async def object_encryption(world: World) -> None:
    await world.put()
    key = ops.SSEKMSEncryption(kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/1")
    encryption = ops.ObjectEncryption(sse_kms=key)
    await world.call(ops.UpdateObjectEncryption(bucket=world.bucket, key="k", object_encryption=encryption))
    head = await world.call(ops.HeadObject(bucket=world.bucket, key="k"))

    assert head.server_side_encryption == "aws:kms"


@proves(ops.RestoreObject)
async def restore(world: World) -> None:
    await world.call(ops.PutObject(bucket=world.bucket, key="k", body=BODY, storage_class="GLACIER"))
    request = ops.RestoreRequest(days=1, glacier_job_parameters=ops.GlacierJobParameters(tier="Standard"))
    await world.call(ops.RestoreObject(bucket=world.bucket, key="k", restore_request=request))
    head = await world.call(ops.HeadObject(bucket=world.bucket, key="k"))

    assert "ongoing-request" in (head.restore or "")


@proves(ops.SelectObjectContent)
async def select(world: World) -> None:
    await world.put()
    query = ops.SelectObjectContent(
        bucket=world.bucket,
        key="k",
        expression="SELECT * FROM S3Object",
        expression_type="SQL",
        input_serialization=ops.InputSerialization(csv=ops.CSVInput(file_header_info="USE")),
        output_serialization=ops.OutputSerialization(csv=ops.CSVOutput()),
    )
    async with await world.call(query) as result:
        events = [event async for event in result.payload]
    records = b"".join(event.payload for event in events if isinstance(event, ops.RecordsEvent))

    assert records.split() == [b"first,1", b"second,2"]
    assert isinstance(events[-1], ops.EndEvent)


@proves(ops.PutObjectAnnotation, ops.GetObjectAnnotation, ops.ListObjectAnnotations, ops.DeleteObjectAnnotation)
async def annotations(world: World) -> None:
    await world.put()
    where: Any = {"bucket": world.bucket, "key": "k"}
    await world.call(ops.PutObjectAnnotation(**where, annotation_name="n", annotation_payload=b"note"))
    async with await world.call(ops.GetObjectAnnotation(**where, annotation_name="n")) as result:
        note = await result.annotation_payload.read()
    listed = await world.call(ops.ListObjectAnnotations(**where))
    await world.call(ops.DeleteObjectAnnotation(**where, annotation_name="n"))

    assert note == b"note"
    assert [entry.annotation_name for entry in listed.annotations] == ["n"]


@proves(ops.WriteGetObjectResponse)
async def object_lambda(world: World) -> None:
    await world.call(ops.WriteGetObjectResponse(request_route="route", request_token="token", body=BODY))


# --- listings


@proves(ops.ListObjects)
async def list_objects(world: World) -> None:
    for key in ("a", "b/1", "b/2", "c"):
        await world.put(key)
    first = ops.ListObjects(bucket=world.bucket, delimiter="/", max_keys=1, encoding_type="url")
    pages = [page async for page in world.client.pages(first)]
    world.called.add("ListObjects")

    assert [key.key for page in pages for key in page.keys] == ["a", "c"]
    assert {prefix for page in pages for prefix in page.prefixes} == {"b/"}
    assert len(pages) > 1


@proves(ops.ListObjectsV2)
async def list_objects_v2(world: World) -> None:
    for key in ("a", "b/1", "b/2", "c&<é>"):
        await world.put(key)
    first = ops.ListObjectsV2(bucket=world.bucket, delimiter="/", max_keys=2, encoding_type="url", fetch_owner=True)
    pages = [page async for page in world.client.pages(first)]
    world.called.add("ListObjectsV2")

    assert [key.key for page in pages for key in page.keys] == ["a", "c&<é>"]
    assert [prefix for page in pages for prefix in page.prefixes] == ["b/"]
    assert len(pages) > 1
    assert all(key.owner and key.size == len(BODY) and key.last_modified for page in pages for key in page.keys)


@proves(ops.GetBucketVersioning, ops.PutBucketVersioning, ops.ListObjectVersions)
async def versions(world: World) -> None:
    before = await world.call(ops.GetBucketVersioning(bucket=world.bucket))
    await world.switch_versions_on()
    after = await world.call(ops.GetBucketVersioning(bucket=world.bucket))
    first, second = await world.put(), await world.put()
    gone = await world.call(ops.DeleteObject(bucket=world.bucket, key="k"))
    listing = ops.ListObjectVersions(bucket=world.bucket, max_keys=2, encoding_type="url")
    pages = [page async for page in world.client.pages(listing)]
    world.called.add("ListObjectVersions")

    assert (before.status, after.status) == (None, "Enabled")
    assert {entry.version_id for page in pages for entry in page.versions} == {first, second}
    assert [marker.version_id for page in pages for marker in page.delete_markers] == [gone.version_id]
    assert gone.delete_marker


# --- multipart


async def _begin(world: World) -> dict[str, Any]:
    made = await world.call(ops.CreateMultipartUpload(bucket=world.bucket, key="k", content_type="text/plain"))
    assert made.upload_id
    return {"bucket": world.bucket, "key": "k", "upload_id": made.upload_id}


@proves(ops.CreateMultipartUpload, ops.UploadPart, ops.ListParts, ops.CompleteMultipartUpload)
async def multipart(world: World) -> None:
    upload = await _begin(world)
    for number, body in ((1, PART), (2, b"end")):
        await world.call(ops.UploadPart(**upload, part_number=number, body=body))
    pages = [page async for page in world.client.pages(ops.ListParts(**upload, max_parts=1))]
    world.called.add("ListParts")
    parts = [part for page in pages for part in page.parts]
    complete = ops.CompletedMultipartUpload(
        parts=tuple(ops.CompletedPart(part_number=part.part_number, etag=part.etag) for part in parts)
    )
    done = await world.call(ops.CompleteMultipartUpload(**upload, multipart_upload=complete))
    head = await world.call(ops.HeadObject(bucket=world.bucket, key="k"))

    assert [(part.part_number, part.size) for part in parts] == [(1, len(PART)), (2, 3)]
    assert (done.key, head.content_length, head.content_type) == ("k", len(PART) + 3, "text/plain")


@proves(ops.UploadPartCopy)
async def part_copy(world: World) -> None:
    await world.put("from")
    upload = await _begin(world)
    copied = await world.call(
        ops.UploadPartCopy(
            **upload,
            part_number=1,
            copy_source=ops.CopySource(world.bucket, "from"),
            copy_source_range="bytes=0-3",
        )
    )
    parts = (ops.CompletedPart(part_number=1, etag=copied.copy_part_result.etag),)
    complete = ops.CompletedMultipartUpload(parts=parts)
    await world.call(ops.CompleteMultipartUpload(**upload, multipart_upload=complete))
    async with await world.call(ops.GetObject(bucket=world.bucket, key="k")) as result:
        assert await result.body.read() == BODY[:4]


@proves(ops.ListMultipartUploads, ops.AbortMultipartUpload)
async def abort(world: World) -> None:
    upload = await _begin(world)
    listing = ops.ListMultipartUploads(bucket=world.bucket, encoding_type="url")
    before = await world.call(listing)
    await world.call(ops.AbortMultipartUpload(**upload))
    after = await world.call(listing)

    assert [(entry.key, entry.upload_id) for entry in before.uploads] == [("k", upload["upload_id"])]
    assert after.uploads == ()


# --- tags

TAGS = (ops.Tag(key="a b", value="1"), ops.Tag(key="é", value=""))


def _sorted(tags: tuple[ops.Tag, ...]) -> list[tuple[str, str]]:
    return sorted((tag.key, tag.value) for tag in tags)


@proves(ops.PutBucketTagging, ops.GetBucketTagging, ops.DeleteBucketTagging)
async def bucket_tagging(world: World) -> None:
    bucket = world.bucket
    await world.call(ops.PutBucketTagging(bucket=bucket, tagging=ops.Tagging(tag_set=TAGS)))
    found = await world.call(ops.GetBucketTagging(bucket=bucket))
    await world.call(ops.DeleteBucketTagging(bucket=bucket))

    assert _sorted(found.tag_set) == _sorted(TAGS)
    assert await world.refuses(ops.GetBucketTagging(bucket=bucket), "NoSuchTagSet", "NoSuchTagSetError")


@proves(ops.PutObjectTagging, ops.GetObjectTagging, ops.DeleteObjectTagging)
async def object_tagging(world: World) -> None:
    await world.put()
    where: Any = {"bucket": world.bucket, "key": "k"}
    await world.call(ops.PutObjectTagging(**where, tagging=ops.Tagging(tag_set=TAGS)))
    found = await world.call(ops.GetObjectTagging(**where))
    await world.call(ops.DeleteObjectTagging(**where))
    left = await world.call(ops.GetObjectTagging(**where))

    assert _sorted(found.tag_set) == _sorted(TAGS)
    assert left.tag_set == ()


# --- access


@proves(ops.GetBucketAcl, ops.PutBucketAcl)
async def bucket_acl(world: World) -> None:
    before = await world.call(ops.GetBucketAcl(bucket=world.bucket))
    everyone = ops.Grantee(type="Group", uri="http://acs.amazonaws.com/groups/global/AllUsers")
    grants = (*before.grants, ops.Grant(grantee=everyone, permission="READ"))
    policy = ops.AccessControlPolicy(owner=before.owner, grants=grants)
    await world.call(ops.PutBucketAcl(bucket=world.bucket, access_control_policy=policy))
    after = await world.call(ops.GetBucketAcl(bucket=world.bucket))

    assert [grant.permission for grant in before.grants] == ["FULL_CONTROL"]
    assert ("READ", everyone.uri) in [(g.permission, g.grantee and g.grantee.uri) for g in after.grants]


@proves(ops.GetObjectAcl, ops.PutObjectAcl)
async def object_acl(world: World) -> None:
    await world.put()
    await world.call(ops.PutObjectAcl(bucket=world.bucket, key="k", acl="public-read"))
    found = await world.call(ops.GetObjectAcl(bucket=world.bucket, key="k"))

    assert {grant.permission for grant in found.grants} == {"FULL_CONTROL", "READ"}
    assert {grant.grantee.type for grant in found.grants if grant.grantee} == {"CanonicalUser", "Group"}


def _policy(bucket: str) -> str:
    statement = {
        "Sid": "é",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, ensure_ascii=False)


@proves(ops.PutBucketPolicy, ops.GetBucketPolicy, ops.DeleteBucketPolicy)
async def policy(world: World) -> None:
    bucket = world.bucket
    await world.call(ops.PutBucketPolicy(bucket=bucket, policy=_policy(bucket)))
    found = await world.call(ops.GetBucketPolicy(bucket=bucket))
    await world.call(ops.DeleteBucketPolicy(bucket=bucket))

    assert json.loads(found.policy) == json.loads(_policy(bucket))
    assert await world.refuses(ops.GetBucketPolicy(bucket=bucket), "NoSuchBucketPolicy")


@proves(ops.GetBucketPolicyStatus)
async def policy_status(world: World) -> None:
    await world.client.call(ops.PutBucketPolicy(bucket=world.bucket, policy=_policy(world.bucket)))
    found = await world.call(ops.GetBucketPolicyStatus(bucket=world.bucket))

    assert found.policy_status.is_public is True


@proves(ops.PutBucketOwnershipControls, ops.GetBucketOwnershipControls, ops.DeleteBucketOwnershipControls)
async def ownership(world: World) -> None:
    bucket = world.bucket
    rules = (ops.OwnershipControlsRule(object_ownership="ObjectWriter"),)
    controls = ops.OwnershipControls(rules=rules)
    await world.call(ops.PutBucketOwnershipControls(bucket=bucket, ownership_controls=controls))
    found = await world.call(ops.GetBucketOwnershipControls(bucket=bucket))
    await world.call(ops.DeleteBucketOwnershipControls(bucket=bucket))

    assert found.ownership_controls == controls
    assert await world.refuses(ops.GetBucketOwnershipControls(bucket=bucket), "OwnershipControlsNotFoundError")


@proves(ops.PutPublicAccessBlock, ops.GetPublicAccessBlock, ops.DeletePublicAccessBlock)
async def public_access(world: World) -> None:
    bucket = world.bucket
    block = ops.PublicAccessBlockConfiguration(
        block_public_acls=True, ignore_public_acls=False, block_public_policy=True, restrict_public_buckets=False
    )
    await world.call(ops.PutPublicAccessBlock(bucket=bucket, public_access_block_configuration=block))
    found = await world.call(ops.GetPublicAccessBlock(bucket=bucket))
    await world.call(ops.DeletePublicAccessBlock(bucket=bucket))

    assert found.public_access_block_configuration == block


# --- object lock


async def _locked_bucket(world: World) -> str:
    name = f"{world.bucket}-lock"
    await world.call(ops.CreateBucket(bucket=name, object_lock_enabled_for_bucket=True))
    return name


@proves(ops.PutObjectLockConfiguration, ops.GetObjectLockConfiguration)
async def lock_configuration(world: World) -> None:
    name = await _locked_bucket(world)
    rule = ops.ObjectLockRule(default_retention=ops.DefaultRetention(mode="GOVERNANCE", days=1))
    configuration = ops.ObjectLockConfiguration(object_lock_enabled="Enabled", rule=rule)
    await world.call(ops.PutObjectLockConfiguration(bucket=name, object_lock_configuration=configuration))
    found = await world.call(ops.GetObjectLockConfiguration(bucket=name))

    kept = found.object_lock_configuration.rule

    assert found.object_lock_configuration.object_lock_enabled == "Enabled"
    assert kept
    assert kept.default_retention
    assert (kept.default_retention.mode, kept.default_retention.days) == ("GOVERNANCE", 1)


@proves(ops.PutObjectRetention, ops.GetObjectRetention)
async def retention(world: World) -> None:
    name = await _locked_bucket(world)
    await world.call(ops.PutObject(bucket=name, key="k", body=BODY))
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    wanted = ops.ObjectLockRetention(mode="GOVERNANCE", retain_until_date=until)
    await world.call(ops.PutObjectRetention(bucket=name, key="k", retention=wanted))
    found = await world.call(ops.GetObjectRetention(bucket=name, key="k"))

    assert found.retention == wanted


@proves(ops.PutObjectLegalHold, ops.GetObjectLegalHold)
async def legal_hold(world: World) -> None:
    name = await _locked_bucket(world)
    await world.call(ops.PutObject(bucket=name, key="k", body=BODY))
    for status in (ops.ObjectLockLegalHold(status="ON"), ops.ObjectLockLegalHold(status="OFF")):
        await world.call(ops.PutObjectLegalHold(bucket=name, key="k", legal_hold=status))
        found = await world.call(ops.GetObjectLegalHold(bucket=name, key="k"))

        assert found.legal_hold == status


# --- settings


@proves(ops.PutBucketCors, ops.GetBucketCors, ops.DeleteBucketCors)
async def cors(world: World) -> None:
    bucket = world.bucket
    rules = (
        ops.CORSRule(
            allowed_methods=("GET", "PUT"),
            allowed_origins=("http://a.test", "http://b.test"),
            allowed_headers=("*",),
            expose_headers=("ETag",),
            max_age_seconds=5,
        ),
        ops.CORSRule(allowed_methods=("GET",), allowed_origins=("*",)),
    )
    await world.call(ops.PutBucketCors(bucket=bucket, cors_configuration=ops.CORSConfiguration(cors_rules=rules)))
    found = await world.call(ops.GetBucketCors(bucket=bucket))
    await world.call(ops.DeleteBucketCors(bucket=bucket))

    assert [sorted(rule.allowed_methods) for rule in found.cors_rules] == [["GET", "PUT"], ["GET"]]
    assert found.cors_rules[0].max_age_seconds == 5
    assert await world.refuses(ops.GetBucketCors(bucket=bucket), "NoSuchCORSConfiguration")


@proves(ops.PutBucketWebsite, ops.GetBucketWebsite, ops.DeleteBucketWebsite)
async def website(world: World) -> None:
    bucket = world.bucket
    rule = ops.RoutingRule(
        condition=ops.Condition(key_prefix_equals="old/"), redirect=ops.Redirect(replace_key_prefix_with="new/")
    )
    site = ops.WebsiteConfiguration(
        index_document=ops.IndexDocument(suffix="index.html"),
        error_document=ops.ErrorDocument(key="error.html"),
        routing_rules=(rule,),
    )
    await world.call(ops.PutBucketWebsite(bucket=bucket, website_configuration=site))
    found = await world.call(ops.GetBucketWebsite(bucket=bucket))
    await world.call(ops.DeleteBucketWebsite(bucket=bucket))

    assert (found.index_document, found.error_document) == (site.index_document, site.error_document)
    assert found.routing_rules == (rule,)
    assert await world.refuses(ops.GetBucketWebsite(bucket=bucket), "NoSuchWebsiteConfiguration")


@proves(ops.PutBucketLogging, ops.GetBucketLogging)
async def logging(world: World) -> None:
    target = f"{world.bucket}-logs"
    await world.call(ops.CreateBucket(bucket=target))
    writer = "arn:aws:s3:::"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": f"{writer}{target}/*",
    }
    allowed = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    await world.call(ops.PutBucketPolicy(bucket=target, policy=allowed))
    status = ops.BucketLoggingStatus(logging_enabled=ops.LoggingEnabled(target_bucket=target, target_prefix="log/"))
    before = await world.call(ops.GetBucketLogging(bucket=world.bucket))
    await world.call(ops.PutBucketLogging(bucket=world.bucket, bucket_logging_status=status))
    after = await world.call(ops.GetBucketLogging(bucket=world.bucket))

    assert before.logging_enabled is None
    assert after.logging_enabled
    assert (after.logging_enabled.target_bucket, after.logging_enabled.target_prefix) == (target, "log/")


@proves(ops.PutBucketNotificationConfiguration, ops.GetBucketNotificationConfiguration)
async def notification(world: World) -> None:
    configuration = ops.NotificationConfiguration(event_bridge_configuration=ops.EventBridgeConfiguration())
    await world.call(
        ops.PutBucketNotificationConfiguration(bucket=world.bucket, notification_configuration=configuration)
    )
    found = await world.call(ops.GetBucketNotificationConfiguration(bucket=world.bucket))

    assert found.event_bridge_configuration == ops.EventBridgeConfiguration()


@proves(ops.PutBucketAccelerateConfiguration, ops.GetBucketAccelerateConfiguration)
async def accelerate(world: World) -> None:
    on = ops.AccelerateConfiguration(status="Enabled")
    await world.call(ops.PutBucketAccelerateConfiguration(bucket=world.bucket, accelerate_configuration=on))

    assert (await world.call(ops.GetBucketAccelerateConfiguration(bucket=world.bucket))).status == "Enabled"


@proves(ops.PutBucketRequestPayment, ops.GetBucketRequestPayment)
async def request_payment(world: World) -> None:
    payer = ops.RequestPaymentConfiguration(payer="Requester")
    await world.call(ops.PutBucketRequestPayment(bucket=world.bucket, request_payment_configuration=payer))

    assert (await world.call(ops.GetBucketRequestPayment(bucket=world.bucket))).payer == "Requester"


@proves(ops.PutBucketAbac, ops.GetBucketAbac)
async def abac(world: World) -> None:
    on = ops.AbacStatus(status="Enabled")
    await world.call(ops.PutBucketAbac(bucket=world.bucket, abac_status=on))

    assert (await world.call(ops.GetBucketAbac(bucket=world.bucket))).abac_status == on


@proves(ops.PutBucketEncryption, ops.GetBucketEncryption, ops.DeleteBucketEncryption)
async def encryption(world: World) -> None:
    default = ops.ServerSideEncryptionByDefault(sse_algorithm="AES256")
    rules = (ops.ServerSideEncryptionRule(apply_server_side_encryption_by_default=default),)
    wanted = ops.ServerSideEncryptionConfiguration(rules=rules)
    await world.call(ops.PutBucketEncryption(bucket=world.bucket, server_side_encryption_configuration=wanted))
    found = await world.call(ops.GetBucketEncryption(bucket=world.bucket))
    await world.call(ops.DeleteBucketEncryption(bucket=world.bucket))
    (rule,) = found.server_side_encryption_configuration.rules

    assert rule.apply_server_side_encryption_by_default
    assert rule.apply_server_side_encryption_by_default.sse_algorithm == "AES256"


@proves(ops.PutBucketLifecycleConfiguration, ops.GetBucketLifecycleConfiguration, ops.DeleteBucketLifecycle)
async def lifecycle(world: World) -> None:
    bucket = world.bucket
    rules = (
        ops.LifecycleRule(
            id="one",
            status="Enabled",
            filter=ops.LifecycleRuleFilter(prefix="a/"),
            expiration=ops.LifecycleExpiration(days=3),
            abort_incomplete_multipart_upload=ops.AbortIncompleteMultipartUpload(days_after_initiation=2),
        ),
        ops.LifecycleRule(
            id="two",
            status="Disabled",
            filter=ops.LifecycleRuleFilter(and_=ops.LifecycleRuleAndOperator(prefix="b/", tags=TAGS[:1])),
            noncurrent_version_expiration=ops.NoncurrentVersionExpiration(noncurrent_days=4),
        ),
    )
    configuration = ops.BucketLifecycleConfiguration(rules=rules)
    await world.call(ops.PutBucketLifecycleConfiguration(bucket=bucket, lifecycle_configuration=configuration))
    found = await world.call(ops.GetBucketLifecycleConfiguration(bucket=bucket))
    await world.call(ops.DeleteBucketLifecycle(bucket=bucket))
    by_id = {rule.id: rule for rule in found.rules}

    assert by_id["one"].expiration == ops.LifecycleExpiration(days=3)
    # Some stores add a condition to the filter that was given, others take its "and" apart.
    kept = by_id["two"].filter
    assert kept
    assert (kept.and_ or kept).prefix == "b/"
    assert (by_id["two"].status, by_id["two"].noncurrent_version_expiration) == (
        "Disabled",
        rules[1].noncurrent_version_expiration,
    )
    gone = ops.GetBucketLifecycleConfiguration(bucket=bucket)
    assert await world.refuses(gone, "NoSuchLifecycleConfiguration")


@proves(ops.PutBucketReplication, ops.GetBucketReplication, ops.DeleteBucketReplication)
async def replication(world: World) -> None:
    bucket, target = world.bucket, f"{world.bucket}-2"
    await world.switch_versions_on()
    await world.call(ops.CreateBucket(bucket=target))
    on = ops.VersioningConfiguration(status="Enabled")
    await world.call(ops.PutBucketVersioning(bucket=target, versioning_configuration=on))
    rule = ops.ReplicationRule(
        id="one",
        priority=1,
        status="Enabled",
        filter=ops.ReplicationRuleFilter(prefix=""),
        delete_marker_replication=ops.DeleteMarkerReplication(status="Disabled"),
        destination=ops.Destination(bucket=f"arn:aws:s3:::{target}"),
    )
    wanted = ops.ReplicationConfiguration(role="arn:aws:iam::123456789012:role/r", rules=(rule,))
    await world.call(ops.PutBucketReplication(bucket=bucket, replication_configuration=wanted))
    found = await world.call(ops.GetBucketReplication(bucket=bucket))
    await world.call(ops.DeleteBucketReplication(bucket=bucket))
    (kept,) = found.replication_configuration.rules

    assert (kept.id, kept.destination.bucket) == ("one", f"arn:aws:s3:::{target}")
    gone = ops.GetBucketReplication(bucket=bucket)
    assert await world.refuses(gone, "ReplicationConfigurationNotFoundError")


# --- configurations by id


@proves(
    ops.PutBucketAnalyticsConfiguration,
    ops.GetBucketAnalyticsConfiguration,
    ops.ListBucketAnalyticsConfigurations,
    ops.DeleteBucketAnalyticsConfiguration,
)
async def analytics(world: World) -> None:
    where: Any = {"bucket": world.bucket, "id": "one"}
    wanted = ops.AnalyticsConfiguration(
        id="one", filter=ops.AnalyticsFilter(prefix="a/"), storage_class_analysis=ops.StorageClassAnalysis()
    )
    await world.call(ops.PutBucketAnalyticsConfiguration(**where, analytics_configuration=wanted))
    found = await world.call(ops.GetBucketAnalyticsConfiguration(**where))
    listed = await world.call(ops.ListBucketAnalyticsConfigurations(bucket=world.bucket))
    await world.call(ops.DeleteBucketAnalyticsConfiguration(**where))

    assert found.analytics_configuration == wanted
    assert listed.analytics_configuration_list == (wanted,)


@proves(
    ops.PutBucketIntelligentTieringConfiguration,
    ops.GetBucketIntelligentTieringConfiguration,
    ops.ListBucketIntelligentTieringConfigurations,
    ops.DeleteBucketIntelligentTieringConfiguration,
)
async def intelligent_tiering(world: World) -> None:
    where: Any = {"bucket": world.bucket, "id": "one"}
    tiers = (
        ops.Tiering(days=90, access_tier="ARCHIVE_ACCESS"),
        ops.Tiering(days=180, access_tier="DEEP_ARCHIVE_ACCESS"),
    )
    wanted = ops.IntelligentTieringConfiguration(id="one", status="Enabled", tierings=tiers)
    await world.call(ops.PutBucketIntelligentTieringConfiguration(**where, intelligent_tiering_configuration=wanted))
    found = await world.call(ops.GetBucketIntelligentTieringConfiguration(**where))
    listed = await world.call(ops.ListBucketIntelligentTieringConfigurations(bucket=world.bucket))
    await world.call(ops.DeleteBucketIntelligentTieringConfiguration(**where))

    assert found.intelligent_tiering_configuration == wanted
    assert listed.intelligent_tiering_configuration_list == (wanted,)


@proves(
    ops.PutBucketInventoryConfiguration,
    ops.GetBucketInventoryConfiguration,
    ops.ListBucketInventoryConfigurations,
    ops.DeleteBucketInventoryConfiguration,
)
async def inventory(world: World) -> None:
    where: Any = {"bucket": world.bucket, "id": "one"}
    target = ops.InventoryS3BucketDestination(bucket=f"arn:aws:s3:::{world.bucket}", format="CSV", prefix="i/")
    wanted = ops.InventoryConfiguration(
        id="one",
        is_enabled=True,
        included_object_versions="Current",
        destination=ops.InventoryDestination(s3_bucket_destination=target),
        schedule=ops.InventorySchedule(frequency="Daily"),
        optional_fields=("Size", "ETag"),
    )
    await world.call(ops.PutBucketInventoryConfiguration(**where, inventory_configuration=wanted))
    found = await world.call(ops.GetBucketInventoryConfiguration(**where))
    listed = await world.call(ops.ListBucketInventoryConfigurations(bucket=world.bucket))
    await world.call(ops.DeleteBucketInventoryConfiguration(**where))

    assert found.inventory_configuration.destination == wanted.destination
    assert found.inventory_configuration.schedule == wanted.schedule
    assert [one.id for one in listed.inventory_configuration_list] == ["one"]


@proves(
    ops.PutBucketMetricsConfiguration,
    ops.GetBucketMetricsConfiguration,
    ops.ListBucketMetricsConfigurations,
    ops.DeleteBucketMetricsConfiguration,
)
async def metrics(world: World) -> None:
    where: Any = {"bucket": world.bucket, "id": "one"}
    wanted = ops.MetricsConfiguration(id="one", filter=ops.MetricsFilter(prefix="a/"))
    await world.call(ops.PutBucketMetricsConfiguration(**where, metrics_configuration=wanted))
    found = await world.call(ops.GetBucketMetricsConfiguration(**where))
    listed = await world.call(ops.ListBucketMetricsConfigurations(bucket=world.bucket))
    await world.call(ops.DeleteBucketMetricsConfiguration(**where))

    assert found.metrics_configuration == wanted
    assert listed.metrics_configuration_list == (wanted,)


# --- metadata tables

JOURNAL = ops.JournalTableConfiguration(record_expiration=ops.RecordExpiration(expiration="ENABLED", days=7))


@proves(
    ops.CreateBucketMetadataConfiguration,
    ops.GetBucketMetadataConfiguration,
    ops.UpdateBucketMetadataInventoryTableConfiguration,
    ops.UpdateBucketMetadataJournalTableConfiguration,
    ops.DeleteBucketMetadataConfiguration,
)
async def metadata_tables(world: World) -> None:
    bucket = world.bucket
    inventory_table = ops.InventoryTableConfiguration(configuration_state="DISABLED")
    wanted = ops.MetadataConfiguration(
        journal_table_configuration=JOURNAL, inventory_table_configuration=inventory_table
    )
    await world.call(ops.CreateBucketMetadataConfiguration(bucket=bucket, metadata_configuration=wanted))
    await world.call(
        ops.UpdateBucketMetadataInventoryTableConfiguration(
            bucket=bucket,
            inventory_table_configuration=ops.InventoryTableConfigurationUpdates(configuration_state="ENABLED"),
        )
    )
    await world.call(
        ops.UpdateBucketMetadataJournalTableConfiguration(
            bucket=bucket,
            journal_table_configuration=ops.JournalTableConfigurationUpdates(
                record_expiration=ops.RecordExpiration(expiration="DISABLED")
            ),
        )
    )
    found = await world.call(ops.GetBucketMetadataConfiguration(bucket=bucket))
    await world.call(ops.DeleteBucketMetadataConfiguration(bucket=bucket))
    result = found.get_bucket_metadata_configuration_result.metadata_configuration_result

    assert result.inventory_table_configuration_result
    assert result.inventory_table_configuration_result.configuration_state == "ENABLED"


@proves(ops.UpdateBucketMetadataAnnotationTableConfiguration)
async def annotation_table(world: World) -> None:
    bucket = world.bucket
    wanted = ops.MetadataConfiguration(journal_table_configuration=JOURNAL)
    await world.call(ops.CreateBucketMetadataConfiguration(bucket=bucket, metadata_configuration=wanted))
    update = ops.AnnotationTableConfigurationUpdates(configuration_state="ENABLED")
    await world.call(
        ops.UpdateBucketMetadataAnnotationTableConfiguration(bucket=bucket, annotation_table_configuration=update)
    )


@proves(
    ops.CreateBucketMetadataTableConfiguration,
    ops.GetBucketMetadataTableConfiguration,
    ops.DeleteBucketMetadataTableConfiguration,
)
async def metadata_table(world: World) -> None:
    bucket = world.bucket
    destination = ops.S3TablesDestination(
        table_bucket_arn="arn:aws:s3tables:us-east-1:123456789012:bucket/t", table_name="t"
    )
    wanted = ops.MetadataTableConfiguration(s3_tables_destination=destination)
    await world.call(ops.CreateBucketMetadataTableConfiguration(bucket=bucket, metadata_table_configuration=wanted))
    found = await world.call(ops.GetBucketMetadataTableConfiguration(bucket=bucket))
    await world.call(ops.DeleteBucketMetadataTableConfiguration(bucket=bucket))
    result = found.get_bucket_metadata_table_configuration_result.metadata_table_configuration_result

    assert result.s3_tables_destination_result.table_name == "t"


# --- groups of headers


@proves()
async def customer_key(world: World) -> None:
    where: Any = {"bucket": world.bucket, "key": "k", "customer_key": ops.CustomerKey(b"k" * 32)}
    await world.call(ops.PutObject(**where, body=BODY))
    async with await world.call(ops.GetObject(**where)) as result:
        assert await result.body.read() == BODY
    assert result.sse_customer_algorithm == "AES256"
    assert result.sse_customer_key_md5 == where["customer_key"].key_md5
    assert await world.refuses(ops.GetObject(bucket=world.bucket, key="k"), "InvalidRequest", "InvalidArgument")


@proves()
async def checksums(world: World) -> None:
    right = b64encode(zlib.crc32(BODY).to_bytes(4)).decode()
    wrong = ops.PutObject(bucket=world.bucket, key="k", body=BODY, checksum=ops.Checksum(crc32="AAAAAA=="))
    await world.call(
        ops.PutObject(
            bucket=world.bucket, key="k", body=BODY, checksum_algorithm="CRC32", checksum=ops.Checksum(crc32=right)
        )
    )

    assert await world.refuses(wrong, "BadDigest", "InvalidRequest", "XAmzContentChecksumMismatch")
