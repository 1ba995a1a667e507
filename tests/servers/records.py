"""What a test knows about a running server."""

from dataclasses import dataclass
from pathlib import Path

from .capabilities import lacks_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """One user's pair of keys."""

    access_key: str
    secret_key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """An S3 server that is up: where it is, who may use it, what it cannot do."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str
    log: Path
    region: str = "us-east-1"
    tls_endpoint: str | None = None
    ca: Path | None = None
    second_user: Keys | None = None

    @property
    def keys(self) -> Keys:
        """The first user's keys as one value."""
        return Keys(access_key=self.access_key, secret_key=self.secret_key)

    @property
    def port(self) -> int:
        """The plain HTTP endpoint's port, on 127.0.0.1."""
        return int(self.endpoint.rpartition(":")[2])

    @property
    def lacks(self) -> frozenset[str]:
        """The names of `capabilities.CAPABILITIES` that this server does not have."""
        return lacks_of(self.name)
