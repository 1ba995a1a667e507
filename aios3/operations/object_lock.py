"""Object Lock: versions that nobody can delete, until a day or until further notice."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ..protocol.places import ANY
from ..protocol.shapes import Header, Payload, Result, Structure
from .base import BucketOperation, BucketSetting, ChargedResult, ObjectSetting, RequestedPayer, VersionOperation
from .groups import ObjectLockMode, OnOrOff


class ObjectLockLegalHold(Structure):
    """ON or OFF."""

    status: OnOrOff | None = None


class GetObjectLegalHoldResult(Result):
    """A version's legal hold."""

    legal_hold: Annotated[ObjectLockLegalHold, Payload("LegalHold")]


class GetObjectLegalHold(VersionOperation[GetObjectLegalHoldResult]):
    """Ask if a version is held.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLegalHold.html"""

    subresource = "legal-hold"


class PutObjectLegalHoldResult(ChargedResult):
    """The hold is set."""


class PutObjectLegalHold(ObjectSetting[PutObjectLegalHoldResult]):
    """Hold a version, or let go of it.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html"""

    subresource = "legal-hold"
    legal_hold: Annotated[ObjectLockLegalHold | None, Payload("LegalHold")] = None


class EventHoldDuration(Structure):
    """How long objects are kept after their event hold ends."""

    days: int | None = None
    years: int | None = None


class ObjectLockRetention(Structure):
    """Until when, and how strictly, a version is kept."""

    mode: ObjectLockMode | None = None
    retain_until_date: datetime | None = None
    event_hold: OnOrOff | None = None
    event_hold_duration: EventHoldDuration | None = None


class GetObjectRetentionResult(Result):
    """A version's retention."""

    retention: Annotated[ObjectLockRetention, Payload("Retention")]


class GetObjectRetention(VersionOperation[GetObjectRetentionResult]):
    """Read until when a version is kept.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html
    """

    subresource = "retention"


class PutObjectRetentionResult(ChargedResult):
    """The retention is set."""


class PutObjectRetention(ObjectSetting[PutObjectRetentionResult]):
    """Set until when a version is kept.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html"""

    subresource = "retention"
    retention: Annotated[ObjectLockRetention | None, Payload("Retention")] = None
    bypass_governance_retention: Annotated[bool | None, Header("x-amz-bypass-governance-retention")] = None


class DefaultRetention(Structure):
    """How long new objects are kept."""

    at_most_one = (("days", "years"),)
    mode: ObjectLockMode | None = None
    days: int | None = None
    years: int | None = None
    default_event_hold: EventHoldDuration | None = None


class ObjectLockRule(Structure):
    """What new objects get."""

    default_retention: DefaultRetention | None = None


class ObjectLockConfiguration(Structure):
    """If a bucket has Object Lock, and what new objects get."""

    object_lock_enabled: Literal["Enabled"] | None = None
    rule: ObjectLockRule | None = None


class GetObjectLockConfigurationResult(Result):
    """A bucket's locks."""

    object_lock_configuration: Annotated[ObjectLockConfiguration, Payload("ObjectLockConfiguration")]


class GetObjectLockConfiguration(BucketOperation[GetObjectLockConfigurationResult]):
    """Read how a bucket locks new objects.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html
    """

    subresource = "object-lock"
    facts = ANY


class PutObjectLockConfigurationResult(ChargedResult):
    """The locks are set."""


class PutObjectLockConfiguration(BucketSetting[PutObjectLockConfigurationResult]):
    """Set how a bucket locks new objects.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html
    """

    subresource = "object-lock"
    facts = ANY
    object_lock_configuration: Annotated[ObjectLockConfiguration | None, Payload("ObjectLockConfiguration")] = None
    request_payer: RequestedPayer = None
    token: Annotated[str | None, Header("x-amz-bucket-object-lock-token")] = None
