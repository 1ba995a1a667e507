"""Where a request goes and how it is signed: rules over the bucket's name, the client's options and the operation.

In: a bucket's name or ARN (None for the service itself), Options and Facts. Out: a Place, or InvalidInput that says
what contradicts what. Access points are in arns, directory buckets in directory_buckets; here is everything else.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/dual-stack-endpoints.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration-getting-started.html,
https://docs.aws.amazon.com/general/latest/gr/s3.html
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias
from urllib.parse import quote

from ..errors import InvalidInput
from .arns import OBJECT_LAMBDA, S3, arn_place, is_outposts_alias, outposts_alias_place
from .bucket_names import ARN, check_bucket_name, fits_host
from .directory_buckets import control_place, directory_bucket_place, is_directory_bucket
from .messages import Address, address
from .partitions import DOMAINS, GLOBAL, OLDEST_REGION, check_region, partition_of
from .places import ANY, Auth, Facts, Options, Place, at_endpoint, at_host, is_ip_address, regional_host
from .uri import DEFAULT_PORTS, Endpoint

Addressing: TypeAlias = Literal["auto", "virtual", "path"]
ADDRESSINGS: tuple[Addressing, ...] = ("auto", "virtual", "path")

# s3-accelerate and s3-external-1 are AWS's too, but name no region.
_AWS_HOST = (
    r"s3(?:-fips|-accelerate|-external-1)?(?:\.dualstack)?(?:[.-]([a-z0-9-]+))?\."
    f"(?:{'|'.join(re.escape(domain) for domain in DOMAINS)})"
)


def resolve(bucket: str | None, options: Options, facts: Facts = ANY) -> Place:
    """Return where requests for *bucket* go, and how they are signed.

    A name that cannot be a part of a host's name goes path style whatever was asked for, and so does a dotted one over
    https, which no wildcard certificate covers.

    Raises:
        InvalidInput: the name stands for nothing that can be addressed, or the options exclude each other or it.
    """
    _check(options)
    place = _place(bucket, options, facts)
    return place if options.use_ssl or options.endpoint is not None else _by_http(place)


def _place(bucket: str | None, options: Options, facts: Facts) -> Place:
    if bucket is None:
        return _service_place(options, facts)
    if is_directory_bucket(bucket):
        return directory_bucket_place(bucket, options, facts)
    if is_outposts_alias(bucket):
        return outposts_alias_place(bucket, options)
    if bucket.startswith(ARN):
        return arn_place(bucket, options, facts)
    check_bucket_name(bucket)
    return Place(_bucket_address(bucket, options), (Auth("sigv4", S3, options.signing_region),))


def _by_http(place: Place) -> Place:
    """Return the same host, asked without TLS. AWS's rules know https only, and botocore, too, alters the scheme last."""
    _, host, _, _, base_path, _ = place.address
    return place._replace(address=address("http", host, DEFAULT_PORTS["http"], base_path))


def depends_on_operation(bucket: str | None) -> bool:
    """Tell if the operation, too, decides where requests for *bucket* go."""
    return bucket is None or bucket.startswith(ARN) or is_directory_bucket(bucket)


def is_aws(endpoint: Endpoint) -> bool:
    """Tell if this is AWS itself, which alone has all of S3's habits."""
    return _aws_host(endpoint) is not None


def region_of(endpoint: Endpoint) -> str | None:
    """Return the region that AWS's host name says, else None."""
    match = _aws_host(endpoint)
    return match[1] if match else None


def _aws_host(endpoint: Endpoint) -> re.Match[str] | None:
    # Most stores need not have the pattern compiled to be told apart.
    return re.fullmatch(_AWS_HOST, endpoint.host) if endpoint.host.startswith("s3") else None


def is_home_of(region: str, endpoint: Endpoint) -> bool:
    """Tell if an endpoint is where S3 is in *region* anyway: then it need not be given, and stands in no way."""
    return at_endpoint(endpoint) == at_host(regional_host(S3, Options(region=region)))


def _check(options: Options) -> None:
    """Refuse options that exclude each other, whatever the bucket."""
    check_region(options.region)
    if options.fips and options.accelerate:
        raise InvalidInput("use_accelerate and use_fips exclude each other: S3 Accelerate has no FIPS hosts")
    for option in ("dualstack", "fips", "accelerate"):
        if options.endpoint is not None and getattr(options, option):
            raise InvalidInput(f"use_{option} chooses among AWS's own hosts: it takes no endpoint")
    if options.fips and partition_of(options.region).name == "aws-cn":
        raise InvalidInput(f"use_fips: there are no FIPS hosts in {options.region}")


# ------------------------------------------------------------------ the service itself
def _service_place(options: Options, facts: Facts) -> Place:
    if facts.control:
        return control_place(options)
    if not facts.object_lambda:
        return Place(_service_address(options), (Auth("sigv4", S3, options.signing_region),))
    if options.dualstack or options.accelerate:
        raise InvalidInput("use_dualstack, use_accelerate: Object Lambda has no such hosts")
    auth = Auth("sigv4", OBJECT_LAMBDA, options.signing_region)
    if options.endpoint is not None:
        return Place(at_endpoint(options.endpoint), (auth,))
    return Place(at_host(regional_host(OBJECT_LAMBDA, options)), (auth,))


def _service_address(options: Options) -> Address:
    if options.endpoint is not None:
        return at_endpoint(options.endpoint)
    return at_host(_service_host(options))


def _service_host(options: Options) -> str:
    oldest = options.region == GLOBAL or (options.global_endpoint and options.region == OLDEST_REGION)
    if oldest and not (options.fips or options.dualstack):
        return f"s3.{partition_of(options.region).domain}"
    return regional_host(S3, options)


# ------------------------------------------------------------------ a bucket
def _bucket_address(bucket: str, options: Options) -> Address:
    virtual = not options.path_style and _fits(bucket, options.endpoint)
    if virtual and "." in options.region:
        raise InvalidInput(f"region {options.region!r} has a dot: a bucket cannot stand before its host")
    if options.accelerate:
        return _accelerated(bucket, options, virtual)
    if options.endpoint is not None and virtual:
        return at_endpoint(options.endpoint, label=bucket)
    if virtual:
        return at_host(f"{bucket}.{_service_host(options)}")
    service = _service_address(options)
    return service._replace(base_path=f"{service.base_path}/{quote(bucket, safe='')}")


def _accelerated(bucket: str, options: Options, virtual: bool) -> Address:
    if not virtual:
        raise InvalidInput(f"use_accelerate: bucket {bucket!r} would need a path-style address, S3 Accelerate has none")
    partition = partition_of(options.region)
    if partition.name == "aws-cn":
        raise InvalidInput(f"use_accelerate: there is no S3 Accelerate in {options.region}")
    host = f"{bucket}.s3-accelerate"
    if options.dualstack:
        # As AWS has it: no other address of this kind says a region.
        host += f".dualstack.{OLDEST_REGION}" if options.region == GLOBAL else ".dualstack"
    return at_host(f"{host}.{partition.domain}")


def _fits(bucket: str, endpoint: Endpoint | None) -> bool:
    if endpoint is None:
        return fits_host(bucket)
    return not is_ip_address(endpoint) and fits_host(bucket, dots=endpoint.scheme == "http")
