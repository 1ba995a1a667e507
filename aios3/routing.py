"""Which way a call goes: operation and bucket to address, region and signing time; and what answers teach of that."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from .errors import InvalidInput
from .protocol.bucket_names import check_bucket_name
from .protocol.dialects import Dialect
from .protocol.endpoints import depends_on_operation, is_aws, resolve
from .protocol.messages import Address, address
from .protocol.partitions import check_region, is_label
from .protocol.places import Auth, Options
from .protocol.shapes import Operation, class_of
from .protocol.uri import parse_endpoint
from .protocol.values import NamedTuple

_MANY = 1024
# A server refuses times that are 15 minutes off: a smaller difference than this cannot be what it refused.
_LEAST_CORRECTION = 60.0
# Such a clock tells nothing; and what is added to its time must be a time still.
_ABSURD = 9000


class Route(NamedTuple):
    """Where a request goes, and how it is signed."""

    address: Address
    auth: Auth


class Router:
    """Routes the operations of one client, and keeps its time.

    Args:
        options: Where the store is, as the client was told.
        dialect: What the store does differently.
    Attributes:
        home: The address of the store itself.
        region: What requests are signed for, unless a bucket turns out to be elsewhere.
        is_aws: The store is AWS itself.
        dialect: What the store does differently, as far as is known by now.
    Raises:
        InvalidInput: the options exclude each other.
    """

    def __init__(self, options: Options, dialect: Dialect) -> None:
        self.home = resolve(None, options).address
        resolve("any-bucket", options)  # what no bucket could have is said here, not at the first call
        self.region = options.signing_region
        self.is_aws = options.endpoint is None or is_aws(options.endpoint)
        self.dialect = dialect
        self._options = options
        self._routes: dict[Any, Route] = {}
        self._regions: dict[str | None, str] = {}
        self._offset = 0.0
        self._timestamp = (-1, "")  # of which second; set as one, since other threads read it

    def route(self, operation: Operation[Any]) -> Route:
        """Return the route of *operation*.

        Raises:
            InvalidInput: its bucket has a name that cannot be addressed, or not by the client's options.
        """
        bucket = getattr(operation, "bucket", None)
        try:
            return self._routes[bucket]
        except KeyError:
            return self._other_route(operation, bucket)
        except TypeError as error:
            raise InvalidInput(f"bucket name must be a str, not {type(bucket).__name__}") from error

    def _other_route(self, operation: Operation[Any], bucket: str | None) -> Route:
        """Return a route that is new, or depends on the operation, too."""
        class_of(operation)
        if bucket is not None:
            check_bucket_name(bucket)
        elif "bucket" in operation.__dict__:
            raise InvalidInput("bucket name must be a str, not NoneType")
        # No bucket has no name: what is kept for the service itself is not for a bucket that is None.
        key = (bucket, operation.facts) if depends_on_operation(bucket) else bucket or ""
        route = self._routes.get(key) or self._new_route(operation, bucket)
        if len(self._routes) >= _MANY:
            self._routes.clear()
        self._routes[key] = route
        return _before_host(route, operation) if operation.host_prefix else route

    def _new_route(self, operation: Operation[Any], bucket: str | None) -> Route:
        options = self._options
        if (region := self._regions.get(bucket)) is not None:
            # One of S3's own hosts stands for its region only.
            endpoint = None if self.is_aws else options.endpoint
            options = options.replace(region=region, endpoint=endpoint)
        place = resolve(bucket, options, operation.facts)
        # Where there is a choice, the cheapest that every installation can do.
        return Route(place.address, next((auth for auth in place.auths if auth.scheme == "sigv4"), place.auths[0]))

    def route_by(self, operation: Operation[Any], endpoint: str) -> Route:
        """Return the route by which others reach the store at another *endpoint*; region and all else is as here."""
        known = parse_endpoint(endpoint)
        options = self._options.replace(endpoint=known, dualstack=False, fips=False, accelerate=False)
        place = resolve(getattr(operation, "bucket", None), options, operation.facts)
        return Route(place.address, self.route(operation).auth)

    # -------------------------------------------------------------- what answers teach
    def moved(self, operation: Operation[Any], region: str) -> bool:
        """Remember that a bucket is in *region*; False for what is no region's name."""
        bucket = getattr(operation, "bucket", None)
        try:
            check_region(region)
        except InvalidInput:
            return False
        if len(self._regions) >= _MANY:
            self._regions.clear()
        self._regions[bucket] = region
        self._routes.clear()
        return True

    def correct_clock(self, server: datetime) -> bool:
        """Remember how far the server's clock is from ours; False if that is no news, and hardly anything."""
        if server.year >= _ABSURD:
            return False
        offset = server.timestamp() - time.time()
        news = abs(offset - self._offset) >= _LEAST_CORRECTION
        if news:
            self._offset = offset
        # Far off and no news: another call has just learned it, after this one was signed.
        return news or abs(offset) >= _LEAST_CORRECTION

    # -------------------------------------------------------------- time
    def now(self) -> datetime:
        """Return the time as the server sees it."""
        return datetime.fromtimestamp(time.time() + self._offset, UTC)

    def timestamp(self) -> str:
        """Return the server's now as SigV4 writes it; made once a second."""
        second = int(time.time() + self._offset)
        known, text = self._timestamp
        if second != known:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            self._timestamp = second, text
        return text


def _before_host(route: Route, operation: Operation[Any]) -> Route:
    """Return *route* with the member that the operation names before its host."""
    label = getattr(operation, operation.host_prefix)
    if not isinstance(label, str) or not is_label(label):
        raise InvalidInput(f"{operation.host_prefix} {label!r} stands before the host's name, and cannot")
    scheme, host, port, _, base_path, _ = route.address
    return Route(address(scheme, f"{label}.{host}", port, base_path), route.auth)
