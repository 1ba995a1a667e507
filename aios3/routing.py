"""Which way a call goes: operation and bucket to address, region and signing time; and what answers teach of that."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .errors import InvalidInput
from .protocol.endpoints import Addressing, aws_endpoint, bucket_address, is_aws
from .protocol.messages import Address
from .protocol.shapes import Operation
from .protocol.uri import Endpoint

_MANY = 1024
# A server refuses times that are 15 minutes off: a smaller difference than this cannot be what it refused.
_LEAST_CORRECTION = 60.0


class Route(NamedTuple):
    """Where a request goes, and for which region it is signed."""

    address: Address
    region: str


class Router:
    """Routes the operations of one client, and keeps its time.

    Args:
        endpoint: Where the store listens.
        region: What requests are signed for, unless a bucket turns out to be elsewhere.
        addressing: How a bucket's name stands in the address.
    """

    def __init__(self, endpoint: Endpoint, region: str, addressing: Addressing) -> None:
        self.endpoint = endpoint
        self.region = region
        self.is_aws = is_aws(endpoint)
        self.addressing = addressing
        self._routes: dict[str | None, Route] = {}
        self._regions: dict[str | None, str] = {}
        self._offset = 0.0
        self._second = -1
        self._timestamp = ""

    def route(self, operation: Operation[Any]) -> Route:
        """Return the route of *operation*.

        Raises:
            InvalidInput: its bucket has a name that cannot be addressed.
        """
        bucket = getattr(operation, "bucket", None)
        try:
            return self._routes[bucket]
        except KeyError:
            return self._new_route(bucket)
        except TypeError as error:
            raise InvalidInput(f"bucket name must be a str, not {type(bucket).__name__}") from error

    def _new_route(self, bucket: str | None) -> Route:
        region = self._regions.get(bucket, self.region)
        endpoint = self.endpoint
        if region != self.region and self.is_aws:
            endpoint = aws_endpoint(region)
        route = Route(bucket_address(endpoint, bucket, self.addressing), region)
        if len(self._routes) >= _MANY:
            self._routes.clear()
        self._routes[bucket] = route
        return route

    # -------------------------------------------------------------- what answers teach
    def moved(self, operation: Operation[Any], region: str) -> bool:
        """Remember that a bucket is in *region*; False for what is no region's name."""
        bucket = getattr(operation, "bucket", None)
        try:
            aws_endpoint(region)
        except InvalidInput:
            return False
        if len(self._regions) >= _MANY:
            self._regions.clear()
        self._regions[bucket] = region
        self._routes.pop(bucket, None)
        return True

    def correct_clock(self, server: datetime) -> bool:
        """Remember how far the server's clock is from ours; False if that is no news, and hardly anything."""
        offset = server.timestamp() - time.time()
        news = abs(offset - self._offset) >= _LEAST_CORRECTION
        if news:
            self._offset = offset
            self._second = -1
        # Far off and no news: another call has just learned it, after this one was signed.
        return news or abs(offset) >= _LEAST_CORRECTION

    # -------------------------------------------------------------- time
    def now(self) -> datetime:
        """Return the time as the server sees it."""
        return datetime.fromtimestamp(time.time() + self._offset, UTC)

    def timestamp(self) -> str:
        """Return the server's now as SigV4 writes it; made once a second."""
        second = int(time.time() + self._offset)
        if second != self._second:
            self._second = second
            self._timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        return self._timestamp
