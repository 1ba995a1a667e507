"""Which way a call goes: operation and bucket to address, region and signing time."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from .errors import InvalidInput
from .protocol.endpoints import Addressing, bucket_address, is_aws
from .protocol.messages import Address
from .protocol.shapes import Operation
from .protocol.uri import Endpoint

_MANY = 1024


class Route(NamedTuple):
    """Where a request goes, and for which region it is signed."""

    address: Address
    region: str


class Router:
    """Routes the operations of one client, and keeps its time.

    Args:
        endpoint: Where the store listens.
        region: What requests are signed for.
        addressing: How a bucket's name stands in the address.
    """

    def __init__(self, endpoint: Endpoint, region: str, addressing: Addressing) -> None:
        self.endpoint = endpoint
        self.region = region
        self.is_aws = is_aws(endpoint)
        self._addressing = addressing
        self._routes: dict[str | None, Route] = {}
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
        route = Route(bucket_address(self.endpoint, bucket, self._addressing), self.region)
        if len(self._routes) >= _MANY:
            self._routes.clear()
        self._routes[bucket] = route
        return route

    def timestamp(self) -> str:
        """Return now as SigV4 writes it; made once a second."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        return self._timestamp
