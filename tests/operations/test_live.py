"""Every operation that a server here implements, called for real, with answers that fit together."""

import pytest

from aios3 import Client
from tests.operations.coverage import SERVERS, lacks, passes, proved, table, tried
from tests.operations.model import OPERATIONS
from tests.operations.scenarios import SCENARIOS, World
from tests.servers import Server

# What no server that runs here has. AWS's model and botocore's codec have to do for these.
UNPROVED = {
    "CreateBucketMetadataConfiguration",
    "CreateBucketMetadataTableConfiguration",
    "CreateSession",
    "DeleteBucketAnalyticsConfiguration",
    "DeleteBucketIntelligentTieringConfiguration",
    "DeleteBucketMetadataConfiguration",
    "DeleteBucketMetadataTableConfiguration",
    "DeleteBucketMetricsConfiguration",
    "GetBucketAbac",
    "GetBucketAnalyticsConfiguration",
    "GetBucketIntelligentTieringConfiguration",
    "GetBucketMetadataConfiguration",
    "GetBucketMetadataTableConfiguration",
    "GetBucketMetricsConfiguration",
    "GetObjectTorrent",
    "ListBucketAnalyticsConfigurations",
    "ListBucketIntelligentTieringConfigurations",
    "ListBucketMetricsConfigurations",
    "ListDirectoryBuckets",
    "PutBucketAbac",
    "PutBucketAnalyticsConfiguration",
    "PutBucketIntelligentTieringConfiguration",
    "PutBucketMetricsConfiguration",
    "RenameObject",
    "UpdateBucketMetadataAnnotationTableConfiguration",
    "UpdateBucketMetadataInventoryTableConfiguration",
    "UpdateBucketMetadataJournalTableConfiguration",
    "UpdateObjectEncryption",
    "WriteGetObjectResponse",
}


@pytest.mark.parametrize(("server", "name"), tried(), indirect=["server"])
async def test_server_passes_a_scenario_unless_it_is_a_recorded_lack(
    client: Client, server: Server, bucket: str, name: str
) -> None:
    world = World(client, server, bucket)
    if name in lacks(server.name):
        assert not await passes(world, name)
        return

    await SCENARIOS[name].run(world)

    assert world.called >= set(SCENARIOS[name].proves)


def test_every_operation_has_a_scenario() -> None:
    assert {operation for scenario in SCENARIOS.values() for operation in scenario.proves} == set(OPERATIONS)


def test_lacks_name_scenarios_that_exist() -> None:
    assert set().union(*map(lacks, SERVERS)) <= set(SCENARIOS)


def test_every_operation_is_proved_by_a_server_or_known_to_be_unproved() -> None:
    by_operation = proved({server: set(SCENARIOS) - lacks(server) for server in SERVERS})

    assert {operation for operation, servers in by_operation.items() if not servers} == UNPROVED
    assert "83 of 112 operations are proved" in table(by_operation)
