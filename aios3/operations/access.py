"""Who may do what: ACLs, bucket policies, ownership, and the block on public access."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from ..protocol.shapes import Element, Group, Header, Payload, Result, Structure
from .base import BucketOperation, BucketSetting, ChargedResult, NoResult, ObjectSetting, VersionOperation
from .buckets import BucketCannedACL, ObjectOwnership
from .groups import BucketGrants
from .listing import Owner
from .objects import ObjectCannedACL

GranteeType: TypeAlias = Literal["CanonicalUser", "AmazonCustomerByEmail", "Group"]
Permission: TypeAlias = Literal["FULL_CONTROL", "WRITE", "WRITE_ACP", "READ", "READ_ACP"]


class Grantee(Structure):
    """A user, an e-mail address or a group; which, *type* says."""

    display_name: str | None = None
    email_address: str | None = None
    id: Annotated[str | None, Element("ID")] = None
    type: Annotated[GranteeType, Element("type", attribute=True)]
    uri: str | None = None


class Grant(Structure):
    """Who may do what."""

    grantee: Grantee | None = None
    permission: Permission | None = None


class GetBucketAclResult(Result):
    """A bucket's owner and grants."""

    root = "AccessControlPolicy"
    owner: Owner | None = None
    grants: Annotated[tuple[Grant, ...], Element("AccessControlList", item="Grant")] = ()


class GetBucketAcl(BucketOperation[GetBucketAclResult]):
    """Read who has been granted what on a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html
    """

    subresource = "acl"


class AccessControlPolicy(Structure):
    """An owner, and who is granted what."""

    grants: Annotated[tuple[Grant, ...], Element("AccessControlList", item="Grant")] = ()
    owner: Owner | None = None


class PutBucketAcl(BucketSetting[NoResult]):
    """Replace a bucket's grants.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html"""

    subresource = "acl"
    at_most_one = (("acl", "grants", "access_control_policy"),)
    acl: Annotated[BucketCannedACL | None, Header("x-amz-acl")] = None
    access_control_policy: Annotated[AccessControlPolicy | None, Payload("AccessControlPolicy")] = None
    grants: Annotated[BucketGrants | None, Group()] = None


class GetObjectAclResult(ChargedResult):
    """An object's owner and grants."""

    root = "AccessControlPolicy"
    owner: Owner | None = None
    grants: Annotated[tuple[Grant, ...], Element("AccessControlList", item="Grant")] = ()


class GetObjectAcl(VersionOperation[GetObjectAclResult]):
    """Read who has been granted what on an object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html
    """

    subresource = "acl"


class PutObjectAclResult(ChargedResult):
    """The grants are set."""


class PutObjectAcl(ObjectSetting[PutObjectAclResult]):
    """Replace an object's grants.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html"""

    subresource = "acl"
    at_most_one = (("acl", "grants", "access_control_policy"),)
    acl: Annotated[ObjectCannedACL | None, Header("x-amz-acl")] = None
    access_control_policy: Annotated[AccessControlPolicy | None, Payload("AccessControlPolicy")] = None
    grants: Annotated[BucketGrants | None, Group()] = None


class GetBucketPolicyResult(Result):
    """A bucket's policy."""

    policy: Annotated[str, Payload()]


class GetBucketPolicy(BucketOperation[GetBucketPolicyResult]):
    """Read a bucket's policy, as JSON.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html"""

    subresource = "policy"


class PutBucketPolicy(BucketSetting[NoResult]):
    """Replace a bucket's policy.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html"""

    subresource = "policy"
    confirm_remove_self_bucket_access: Annotated[bool | None, Header("x-amz-confirm-remove-self-bucket-access")] = None
    policy: Annotated[str, Payload()]


class DeleteBucketPolicy(BucketOperation[NoResult]):
    """Take the policy off a bucket.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html"""

    method = "DELETE"
    subresource = "policy"


class PolicyStatus(Structure):
    """If a policy makes public."""

    is_public: bool | None = None


class GetBucketPolicyStatusResult(Result):
    """If a policy makes public."""

    policy_status: Annotated[PolicyStatus, Payload("PolicyStatus")]


class GetBucketPolicyStatus(BucketOperation[GetBucketPolicyStatusResult]):
    """Ask if a bucket's policy makes it public.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html
    """

    subresource = "policyStatus"


class OwnershipControlsRule(Structure):
    """One of three kinds of ownership."""

    object_ownership: ObjectOwnership


class OwnershipControls(Structure):
    """Who owns what others store."""

    rules: Annotated[tuple[OwnershipControlsRule, ...], Element("Rule", flat=True)]


class GetBucketOwnershipControlsResult(Result):
    """A bucket's ownership rules."""

    ownership_controls: Annotated[OwnershipControls, Payload("OwnershipControls")]


class GetBucketOwnershipControls(BucketOperation[GetBucketOwnershipControlsResult]):
    """Read who owns what others store in a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html
    """

    subresource = "ownershipControls"


class PutBucketOwnershipControls(BucketSetting[NoResult]):
    """Set who owns what others store in a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html
    """

    subresource = "ownershipControls"
    ownership_controls: Annotated[OwnershipControls, Payload("OwnershipControls")]


class DeleteBucketOwnershipControls(BucketOperation[NoResult]):
    """Go back to the default ownership.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html
    """

    method = "DELETE"
    subresource = "ownershipControls"


class PublicAccessBlockConfiguration(Structure):
    """The four ways of being public that can be closed."""

    block_public_acls: bool | None = None
    ignore_public_acls: bool | None = None
    block_public_policy: bool | None = None
    restrict_public_buckets: bool | None = None


class GetPublicAccessBlockResult(Result):
    """What is blocked."""

    other_roots = ("BlockPublicAccessBlockConfiguration",)  # Ceph 16
    public_access_block_configuration: Annotated[
        PublicAccessBlockConfiguration, Payload("PublicAccessBlockConfiguration")
    ]


class GetPublicAccessBlock(BucketOperation[GetPublicAccessBlockResult]):
    """Read which ways of being public are closed to a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html
    """

    subresource = "publicAccessBlock"


class PutPublicAccessBlock(BucketSetting[NoResult]):
    """Close ways of being public to a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html
    """

    subresource = "publicAccessBlock"
    public_access_block_configuration: Annotated[
        PublicAccessBlockConfiguration, Payload("PublicAccessBlockConfiguration")
    ]


class DeletePublicAccessBlock(BucketOperation[NoResult]):
    """Open all ways of being public to a bucket again.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html
    """

    method = "DELETE"
    subresource = "publicAccessBlock"
