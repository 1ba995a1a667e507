"""Routes: what a client's options, a bucket and an operation make of each other."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aios3 import InvalidInput
from aios3 import operations as ops
from aios3.protocol.dialects import AWS, GENERIC
from aios3.protocol.places import Auth, Options
from aios3.protocol.uri import parse_endpoint
from aios3.routing import Router

MRAP = "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap"
OUTPOST = "arn:aws:s3-outposts:us-west-2:123456789012:outpost:op-1:accesspoint:reports"
ZONAL = "b--usw2-az1--x-s3"


def router(**options: Any) -> Router:
    endpoint = options.pop("endpoint", None)
    given = Options(**{"region": "us-west-2", **options, "endpoint": endpoint and parse_endpoint(endpoint)})
    return Router(given, GENERIC if endpoint else AWS)


def get(bucket: str) -> ops.GetObject:
    return ops.GetObject(bucket=bucket, key="key")


def test_a_plain_bucket_has_one_route_for_every_operation() -> None:
    routes = router()

    first = routes.route(get("bucket"))

    assert first.address.host == "bucket.s3.us-west-2.amazonaws.com"
    assert first.auth == Auth("sigv4", "s3", "us-west-2")
    assert routes.route(ops.GetBucketPolicy(bucket="bucket")) is first
    assert routes.route(get("bucket")) is first


def test_a_bucket_that_is_none_is_not_the_service_itself() -> None:
    routes = router()
    assert routes.route(ops.ListBuckets()).address.host == "s3.us-west-2.amazonaws.com"

    for make in (ops.HeadBucket, ops.DeleteBucket, ops.CreateBucket):
        operation: Any = make(bucket=None)  # type: ignore[arg-type]  # which deleted nothing, and said nothing
        with pytest.raises(InvalidInput, match="bucket name must be a str, not NoneType"):
            routes.route(operation)
    assert routes.route(ops.ListBuckets()).address.host == "s3.us-west-2.amazonaws.com"


@pytest.mark.parametrize(
    ("operation", "host", "auth"),
    [
        (
            get(ZONAL),
            f"{ZONAL}.s3express-usw2-az1.us-west-2.amazonaws.com",
            ("sigv4-s3express", "s3express", "us-west-2"),
        ),
        (
            ops.CreateSession(bucket=ZONAL),
            f"{ZONAL}.s3express-usw2-az1.us-west-2.amazonaws.com",
            ("sigv4", "s3express", "us-west-2"),
        ),
        (
            ops.GetBucketPolicy(bucket=ZONAL),
            "s3express-control.us-west-2.amazonaws.com",
            ("sigv4", "s3express", "us-west-2"),
        ),
        (
            ops.ListDirectoryBuckets(),
            "s3express-control.us-west-2.amazonaws.com",
            ("sigv4", "s3express", "us-west-2"),
        ),
        (ops.ListBuckets(), "s3.us-west-2.amazonaws.com", ("sigv4", "s3", "us-west-2")),
        (get(MRAP), "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com", ("sigv4a", "s3", "*")),
        # It can be signed both ways, of which the plain one needs no extra.
        (
            get(OUTPOST),
            "reports-123456789012.op-1.s3-outposts.us-west-2.amazonaws.com",
            ("sigv4", "s3-outposts", "us-west-2"),
        ),
        (
            ops.WriteGetObjectResponse(request_route="io-cell1", request_token="t"),
            "io-cell1.s3-object-lambda.us-west-2.amazonaws.com",
            ("sigv4", "s3-object-lambda", "us-west-2"),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_operations_go_where_they_are_answered(operation: Any, host: str, auth: tuple[str, str, str]) -> None:
    routes = router()

    for _ in range(2):  # the second is the one that was kept
        route = routes.route(operation)

        assert (route.address.host, route.auth) == (host, auth)


def test_time_of_an_absurd_clock_is_not_taken_over() -> None:
    routes = router()

    assert not routes.correct_clock(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert abs(routes.now() - datetime.now(UTC)) < timedelta(minutes=1)
    # A machine whose own clock is far off is put right.
    assert routes.correct_clock(datetime(2400, 1, 1, tzinfo=UTC))
    assert routes.now().year == 2400


def test_routes_of_a_directory_bucket_do_not_mix() -> None:
    routes = router()

    hosts = [routes.route(operation).address.host for operation in (get(ZONAL), ops.DeleteBucket(bucket=ZONAL))]

    assert hosts == [f"{ZONAL}.s3express-usw2-az1.us-west-2.amazonaws.com", "s3express-control.us-west-2.amazonaws.com"]


@pytest.mark.parametrize("label", ["evil.example/", "a b", "", "-", "a.b", None])
def test_what_stands_before_a_host_is_one_label(label: Any) -> None:
    with pytest.raises(InvalidInput, match=r"request_route .* stands before the host's name"):
        router().route(ops.WriteGetObjectResponse(request_route=label, request_token="t"))


def test_a_bucket_elsewhere_has_the_host_of_its_region() -> None:
    routes = router(endpoint="https://s3.us-west-2.amazonaws.com")
    before = routes.route(get("bucket"))

    assert routes.moved(get("bucket"), "eu-west-1")
    after = routes.route(get("bucket"))

    assert before.address.host == "bucket.s3.us-west-2.amazonaws.com"
    assert (after.address.host, after.auth.region) == ("bucket.s3.eu-west-1.amazonaws.com", "eu-west-1")
    assert routes.route(get("other")).auth.region == "us-west-2"


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({"dualstack": True}, "bucket.s3.dualstack.eu-west-1.amazonaws.com"),
        ({"fips": True}, "bucket.s3-fips.eu-west-1.amazonaws.com"),
        ({"accelerate": True}, "bucket.s3-accelerate.amazonaws.com"),
        ({"region": "aws-global"}, "bucket.s3.eu-west-1.amazonaws.com"),
        (
            {"endpoint": "https://vpce-1.s3.us-west-2.vpce.amazonaws.com"},
            "bucket.vpce-1.s3.us-west-2.vpce.amazonaws.com",
        ),
        ({"endpoint": "http://localhost:9000"}, "bucket.localhost"),
    ],
)
def test_a_bucket_elsewhere_keeps_what_was_asked_for(options: dict[str, Any], host: str) -> None:
    routes = router(**options)

    routes.moved(get("bucket"), "eu-west-1")
    route = routes.route(get("bucket"))

    assert (route.address.host, route.auth.region) == (host, "eu-west-1")


def test_no_region_is_learned_that_is_none() -> None:
    routes = router()

    assert not routes.moved(get("bucket"), "evil.example/")
    assert routes.route(get("bucket")).auth.region == "us-west-2"


@pytest.mark.parametrize("bucket", ["a/b", "", "..", "é", "arn:aws:sqs:us-west-2:1:queue", "b--x-s3"])
def test_a_name_that_leads_nowhere_is_refused_each_time(bucket: str) -> None:
    routes = router()

    for _ in range(2):
        with pytest.raises(InvalidInput):
            routes.route(get(bucket))


def test_routes_are_not_kept_without_end() -> None:
    routes = router()

    for number in range(3000):
        routes.route(get(f"bucket-{number}"))

    assert len(routes._routes) <= 1024


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fips": True, "accelerate": True}, "exclude each other"),
        ({"accelerate": True, "path_style": True}, "path-style"),
        ({"dualstack": True, "endpoint": "http://localhost"}, "takes no endpoint"),
        ({"fips": True, "region": "cn-north-1"}, "no FIPS hosts"),
        ({"region": "not a region"}, "is not a region's name"),
    ],
)
def test_contradictions_are_said_when_the_router_is_made(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        router(**options)
