"""What tests.servers.capabilities says, held against the running servers: lacks really lack, and nothing else does."""

from urllib.parse import unquote_plus

import pytest

from tests import oracle
from tests.probes import PROBES
from tests.servers import CAPABILITIES, ODD_KEYS, SERVER_NAMES, Server, lacks_of, loses_keys_of, servers_with


def test_every_capability_has_a_probe() -> None:
    assert set(PROBES) == set(CAPABILITIES)


def test_lacks_name_capabilities_that_exist() -> None:
    assert set().union(*map(lacks_of, SERVER_NAMES)) <= set(CAPABILITIES)


def test_lost_keys_are_odd_keys_that_exist() -> None:
    assert set().union(*map(loses_keys_of, SERVER_NAMES)) <= set(ODD_KEYS)


def test_every_capability_is_held_by_some_server() -> None:
    assert all(servers_with(capability) for capability in CAPABILITIES)


def test_misspelt_capability_is_refused() -> None:
    with pytest.raises(ValueError, match="no such capability"):
        servers_with("signature")


@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("server", SERVER_NAMES, indirect=True)
def test_server_has_a_capability_unless_it_is_a_recorded_lack(server: Server, bucket: str, capability: str) -> None:
    can = PROBES[capability](server, bucket)

    assert can == (capability not in server.lacks)


@pytest.mark.parametrize("odd_key", ODD_KEYS, indirect=True)
@pytest.mark.parametrize("server", SERVER_NAMES, indirect=True)
def test_server_keeps_an_odd_key_unless_it_is_a_recorded_loss(server: Server, bucket: str, odd_key: str) -> None:
    kept = _keeps(server, bucket, odd_key)

    name = next(name for name, key in ODD_KEYS.items() if key == odd_key)
    assert kept == (name not in loses_keys_of(server.name))


def _keeps(server: Server, bucket: str, key: str) -> bool:
    path, body = oracle.target(bucket, key), key.encode()
    stored = oracle.send(server, "PUT", path, body)
    read = oracle.send(server, "GET", path)
    listed = oracle.send(server, "GET", oracle.target(bucket, query="encoding-type=url&list-type=2"))
    keys = [unquote_plus(text) for text in listed.texts("Key")]
    removed = oracle.send(server, "DELETE", path)
    statuses = (stored.status, read.status, removed.status, oracle.send(server, "GET", path).status)
    return statuses == (200, 200, 204, 404) and read.body == body and keys == [key]
