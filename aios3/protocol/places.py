"""What decides where a request goes, and what comes of it: the values that the rules of endpoints work on.

In: what the client was told (Options) and what the operation is (Facts). Out: a Place.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from .messages import Address, address
from .partitions import GLOBAL, OLDEST_REGION, partition_of
from .uri import Endpoint
from .values import NamedTuple, Value

Scheme: TypeAlias = Literal["sigv4", "sigv4a", "sigv4-s3express"]


class Auth(NamedTuple):
    """How requests to a place are signed. The path is signed as it is sent, never encoded again, in all of them.

    *scheme* is ``sigv4``, ``sigv4a`` (*region* is then a set of regions, ``*`` for all) or ``sigv4-s3express`` (with
    the keys of a session, see CreateSession). *service* is the name in the signature.
    """

    scheme: Scheme
    service: str
    region: str


class Place(NamedTuple):
    """Where requests go, and the ways to sign them, any of which will do."""

    address: Address
    auths: tuple[Auth, ...]


class Facts(Value):
    """What of an operation decides where it goes.

    *control*: it is about a bucket, not about objects, which directory buckets have another host for. *session*: a
    directory bucket takes it with a session's keys. *object_lambda*: it answers Object Lambda. *access_points*: it can
    be sent to an access point.
    """

    control: bool = False
    session: bool = True
    object_lambda: bool = False
    access_points: bool = True


ANY = Facts()


class Options(Value):
    """What a client was told of where its store is.

    Args:
        region: The client's, and what is signed for; ``aws-global`` is S3's oldest endpoint, without a region.
        endpoint: Where the store listens; None is AWS.
        path_style: The bucket's name stands in the path, never in the host.
        dualstack: Hosts that have IPv6 addresses, too.
        fips: Hosts with cryptography by the US government's standard.
        accelerate: The host of Transfer Acceleration, at the edge nearest to the client.
        use_ssl: AWS's hosts are asked by https, else by http; an endpoint says so itself.
        use_arn_region: An ARN may name another region than the client's; None is yes.
        global_endpoint: us-east-1 means S3's oldest endpoint.
        multi_region_access_points: They may be used.
        sessions: Directory buckets are asked with the keys of a session, which saves them from checking each request.
    """

    region: str
    endpoint: Endpoint | None = None
    path_style: bool = False
    dualstack: bool = False
    fips: bool = False
    accelerate: bool = False
    use_ssl: bool = True
    use_arn_region: bool | None = None
    global_endpoint: bool = False
    multi_region_access_points: bool = True
    sessions: bool = True

    @property
    def signing_region(self) -> str:
        """The region that stands in signatures."""
        return OLDEST_REGION if self.region == GLOBAL else self.region


def regional_host(service: str, options: Options, region: str = "", zone: str = "") -> str:
    """Return the name that AWS gives the hosts of *service* in a region, with what *options* ask of them."""
    region = region or options.signing_region
    fips = "-fips" if options.fips else ""
    dualstack = ".dualstack" if options.dualstack else ""
    return f"{service}{fips}{zone and '-'}{zone}{dualstack}.{region}.{partition_of(region).domain}"


def at_host(host: str) -> Address:
    """Return the address of one of AWS's hosts."""
    return address("https", host, 443)


def at_endpoint(endpoint: Endpoint, *, label: str = "", path: str = "") -> Address:
    """Return an address at the user's own endpoint, with *label* before its host or *path* behind its path."""
    scheme, host, port, prefix = endpoint
    return address(scheme, f"{label}.{host}" if label else host, port, prefix + path)


def is_ip_address(endpoint: Endpoint) -> bool:
    """Tell if the endpoint's host is a number, before which no name can stand."""
    host = endpoint.host
    return host.startswith("[") or host.replace(".", "").isdigit()
