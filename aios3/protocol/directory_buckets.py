"""Where directory buckets are (S3 Express One Zone): objects in the host of their zone, the rest in one control host.

In: a name that ends in --x-s3, or --xa-s3 for an access point; both name their zone. Out: its Place.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-Regions-and-Zones.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-bucket-naming-rules.html
"""

from __future__ import annotations

import re
from urllib.parse import quote

from ..errors import InvalidInput
from .bucket_names import fits_host
from .places import Auth, Facts, Options, Place, Scheme, at_endpoint, at_host, is_ip_address, regional_host

SERVICE = "s3express"
_BUCKET = "--x-s3"
_ACCESS_POINT = "--xa-s3"
# A zone's id is its place and itself: usw2-az1, or usw2-lax1-az1 for a local one.
_NAME = r".+--((?:[a-z0-9]+-)+[a-z]+[0-9]+)--xa?-s3"


def is_directory_bucket(name: str) -> bool:
    """Tell if a bucket is a directory bucket, or an access point of one: the end of the name says so."""
    return name.endswith((_BUCKET, _ACCESS_POINT))


def zone_of(bucket: str) -> str:
    """Return the zone that a directory bucket's name says.

    Raises:
        InvalidInput: it says none.
    """
    zoned = re.fullmatch(_NAME, bucket)
    if zoned is None:
        raise InvalidInput(f"directory bucket {bucket!r} names no zone: it must end like --usw2-az1--x-s3")
    return zoned[1]


def directory_bucket_place(bucket: str, options: Options, facts: Facts) -> Place:
    """Return where requests for a directory bucket go.

    Raises:
        InvalidInput: the name is not that of a directory bucket, or the options are not for one.
    """
    if options.accelerate:
        raise InvalidInput(f"use_accelerate: directory bucket {bucket!r} cannot be reached by S3 Accelerate")
    path = f"/{quote(bucket, safe='')}"
    facts = facts.replace(control=facts.control and bucket.endswith(_BUCKET))  # access points have no such host
    if options.endpoint is not None and is_ip_address(options.endpoint):
        return Place(at_endpoint(options.endpoint, path=path), _auths(options, facts))
    if facts.control and options.endpoint is None:
        place = control_place(options)
        return Place(place.address._replace(base_path=path), place.auths)
    if not fits_host(bucket):
        raise InvalidInput(f"directory bucket {bucket!r} cannot be a part of a host name, as it must be")
    if options.endpoint is not None:
        # Whether control or not: it stands for all the hosts that AWS has.
        return Place(at_endpoint(options.endpoint, label=bucket), _auths(options, facts))
    host = regional_host(SERVICE, options, zone=zone_of(bucket))
    return Place(at_host(f"{bucket}.{host}"), _auths(options, facts))


def control_place(options: Options) -> Place:
    """Return where requests about directory buckets themselves go."""
    auths = (Auth("sigv4", SERVICE, options.signing_region),)
    if options.endpoint is not None:
        return Place(at_endpoint(options.endpoint), auths)
    return Place(at_host(regional_host(f"{SERVICE}-control", options)), auths)


def _auths(options: Options, facts: Facts) -> tuple[Auth, ...]:
    scheme: Scheme = "sigv4-s3express" if facts.session and options.sessions and not facts.control else "sigv4"
    return (Auth(scheme, SERVICE, options.signing_region),)
