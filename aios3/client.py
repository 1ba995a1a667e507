"""The client: a caller that knows buckets."""

from __future__ import annotations

from collections.abc import AsyncIterator

from .bucket import Bucket
from .caller import Caller
from .errors import AccessDenied, NoSuchBucket
from .operations.buckets import (
    BucketEntry,
    BucketInfo,
    CreateBucket,
    CreateBucketConfiguration,
    DeleteBucket,
    GetBucketLocation,
    HeadBucket,
    ListBuckets,
    LocationInfo,
)
from .protocol.bucket_names import check_new_bucket_name
from .protocol.directory_buckets import is_directory_bucket, zone_of
from .settings import time_limit
from .transfers.waiting import wait_for

# What GetBucketLocation calls the two regions that are older than the names of regions.
_OLD_NAMES = {"": "us-east-1", "EU": "eu-west-1"}


class Client(Caller):
    """One S3 store: call its operations, work with its buckets.

    ``async with Client(...) as client``, or ``await client.close()`` when done.
    """

    __doc__ += Caller.__doc__.partition("\n")[2]  # type: ignore[union-attr]  # it has one

    def bucket(self, name: str) -> Bucket:
        """Return a Bucket that uses this client; closing it closes nothing here."""
        return Bucket(name, client=self)

    async def create_bucket(self, name: str, *, region: str | None = None, timeout: float | None = None) -> None:
        """Create a bucket; on AWS in the client's region unless *region* says otherwise.

        A name that ends like ``--usw2-az1--x-s3`` makes a directory bucket in that zone.

        Raises:
            BucketAlreadyOwnedByYou, BucketAlreadyExists: there is one of this name.
            InvalidBucketName: the store does not take this name.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        """
        await self._prepare()
        if self._router.is_aws:
            check_new_bucket_name(name)
        place = region or (self._router.region if self._router.is_aws else None)
        configuration = _zone(name) if is_directory_bucket(name) else _region(place)
        await self.call(CreateBucket(bucket=name, create_bucket_configuration=configuration), timeout=timeout)

    async def delete_bucket(self, name: str, *, timeout: float | None = None) -> None:
        """Delete an empty bucket.

        Raises:
            BucketNotEmpty: there is something in it, perhaps only old versions or unfinished uploads.
            NoSuchBucket: there is no such bucket.
        """
        await self.call(DeleteBucket(bucket=name), timeout=timeout)

    async def bucket_exists(self, name: str, *, timeout: float | None = None) -> bool:
        """Tell if a bucket exists, whoever owns it: AccessDenied means that it does, and is not ours."""
        try:
            await self.call(HeadBucket(bucket=name), timeout=timeout)
        except NoSuchBucket:
            return False
        except AccessDenied:
            return True
        return True

    async def wait_until_bucket_exists(self, name: str, *, timeout: float | None = None) -> None:
        """Return as soon as a bucket exists; it is asked for less and less often.

        Args:
            timeout: Seconds until TimeoutError; None waits for ever.
        """

        async def ask() -> bool | None:
            return await self.bucket_exists(name) or None

        async with time_limit(timeout):
            await wait_for(ask)

    async def wait_until_bucket_gone(self, name: str, *, timeout: float | None = None) -> None:
        """Return as soon as a bucket does not exist.

        Args:
            timeout: As in wait_until_bucket_exists.
        """

        async def ask() -> bool | None:
            return None if await self.bucket_exists(name) else True

        async with time_limit(timeout):
            await wait_for(ask)

    async def bucket_region(self, name: str, *, timeout: float | None = None) -> str:
        """Return the region a bucket is in.

        Raises:
            NoSuchBucket: there is no such bucket.
        """
        found = await self.call(HeadBucket(bucket=name), timeout=timeout)
        if found.bucket_region:
            return found.bucket_region
        place = (await self.call(GetBucketLocation(bucket=name), timeout=timeout)).location_constraint
        return _OLD_NAMES.get(place, place)

    async def buckets(self, prefix: str = "", *, timeout: float | None = None) -> AsyncIterator[BucketEntry]:
        """Give the account's buckets whose names begin with *prefix*, in the store's order.

        Stores that do not know the prefix parameter send all; the others are left out here.
        """
        async for page in self.pages(ListBuckets(prefix=prefix or None), timeout=timeout):
            for bucket in page.buckets:
                if bucket.name.startswith(prefix):
                    yield bucket


def _region(place: str | None) -> CreateBucketConfiguration | None:
    # us-east-1 is where a bucket goes that names no place, and cannot be named.
    return None if place in (None, "us-east-1") else CreateBucketConfiguration(location_constraint=place)


def _zone(name: str) -> CreateBucketConfiguration:
    zone = zone_of(name)
    # A local zone is named after its place, too: usw2-lax1-az1.
    if zone.count("-") > 1:
        location, bucket = LocationInfo(type="LocalZone", name=zone), BucketInfo(data_redundancy="SingleLocalZone")
    else:
        location = LocationInfo(type="AvailabilityZone", name=zone)
        bucket = BucketInfo(data_redundancy="SingleAvailabilityZone")
    return CreateBucketConfiguration(location=location, bucket=bucket.replace(type="Directory"))


__all__ = ["Client"]
