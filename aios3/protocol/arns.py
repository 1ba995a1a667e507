"""Where ARNs lead: access points, those of several regions, of Object Lambda and of Outposts.

In: ``arn:partition:service:region:account:resource`` in place of a bucket's name. Out: its Place.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiRegionAccessPointRequests.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/S3OutpostsIAM.html
"""

from __future__ import annotations

import re

from ..errors import InvalidInput
from .bucket_names import fits_host
from .messages import Address
from .partitions import are_labels, is_label, partition_of
from .places import Auth, Facts, Options, Place, at_endpoint, at_host, is_ip_address, regional_host
from .values import Value

S3 = "s3"
OBJECT_LAMBDA = "s3-object-lambda"
OUTPOSTS = "s3-outposts"

_ALIAS_END = "--op-s3"
_ALIAS_LENGTH = 50  # at least; a shorter name is a bucket's
# Behind its last hyphen an alias says if the Outpost is a real one or in EC2, then the 17 digits of its id.
_ALIAS = r".*([eo])([a-zA-Z0-9]{17})[a-zA-Z0-9]{20}([a-zA-Z0-9]{4})[a-zA-Z0-9]--op-s3"
# The stage before release has no public hosts.
_UNRELEASED = "beta"


class Arn(Value):
    """An ARN in its parts; *resource* is split at colons and slashes alike."""

    text: str
    partition: str
    service: str
    region: str
    account: str
    resource: tuple[str, ...]


def parse_arn(text: str) -> Arn:
    """Read an ARN.

    Raises:
        InvalidInput: it is none.
    """
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or not (parts[1] and parts[2] and parts[5]):
        raise InvalidInput(f"bucket {text!r} is no ARN: arn:partition:service:region:account:resource is one")
    _, partition, service, region, account, resource = parts
    return Arn(
        text=text,
        partition=partition,
        service=service,
        region=region,
        account=account,
        resource=tuple(re.split("[:/]", resource)),
    )


def arn_place(text: str, options: Options, facts: Facts) -> Place:
    """Return where requests for an ARN go.

    Raises:
        InvalidInput: it is none of an access point, or the options are not for one.
    """
    arn = parse_arn(text)
    if options.path_style:
        raise InvalidInput(f"{text!r} is an ARN, which has no path-style address: use addressing='virtual'")
    _refuse(options.accelerate, "use_accelerate", text)
    if arn.service == OUTPOSTS:
        return _outpost(arn, options)
    if arn.service not in (S3, OBJECT_LAMBDA) or arn.resource[0] != "accesspoint":
        raise InvalidInput(f"{text!r} is no ARN of an access point: {arn.service}, {arn.resource[0]!r}")
    if len(arn.resource) != 2 or not arn.resource[1]:
        raise InvalidInput(f"{text!r} must have the name of an access point, and nothing else, behind 'accesspoint'")
    if not facts.access_points:
        raise InvalidInput(f"{text!r} is an access point: this operation takes a bucket's name only")
    if arn.service == OBJECT_LAMBDA:
        return _object_lambda(arn, options)
    return _access_point(arn, options) if arn.region else _multi_region(arn, options)


# ------------------------------------------------------------------ each kind
def _access_point(arn: Arn, options: Options) -> Place:
    _check_region(arn, options)
    return _named(arn, arn.resource[1], regional_host("s3-accesspoint", options, arn.region), options)


def _object_lambda(arn: Arn, options: Options) -> Place:
    _refuse(options.dualstack, "use_dualstack", arn.text)
    _check_region(arn, options)
    return _named(arn, arn.resource[1], regional_host(OBJECT_LAMBDA, options, arn.region), options)


def _multi_region(arn: Arn, options: Options) -> Place:
    _refuse(options.dualstack, "use_dualstack", arn.text)
    _refuse(options.fips, "use_fips", arn.text)
    if not options.multi_region_access_points:
        raise InvalidInput(f"{arn.text!r} is a multi-region access point, which this client may not use")
    name = arn.resource[1]
    if not are_labels(name):
        raise InvalidInput(f"{arn.text!r} has the name {name!r}, which cannot be a part of a host name")
    _check_partition(arn, arn.partition, options)
    host = f"{name}.accesspoint.s3-global.{partition_of(options.region).domain}"
    return Place(at_host(host), (Auth("sigv4a", S3, "*"),))


def _outpost(arn: Arn, options: Options) -> Place:
    _refuse_on_outposts(options, arn.text)
    if len(arn.resource) != 4 or arn.resource[0] != "outpost" or arn.resource[2] != "accesspoint":
        raise InvalidInput(f"{arn.text!r} must end in outpost/OUTPOST-ID/accesspoint/NAME")
    _, outpost, _, name = arn.resource
    if not is_label(outpost):
        raise InvalidInput(f"{arn.text!r} has the Outpost {outpost!r}: only letters, digits and hyphens can be in it")
    _check_region(arn, options)
    host = f"{outpost}.{regional_host(OUTPOSTS, options, arn.region)}"
    place = _named(arn, name, host, options, outpost)
    return Place(place.address, _outposts_auths(arn.region))


def _named(arn: Arn, name: str, host: str, options: Options, above: str = "") -> Place:
    """Return the place of an access point: its name and account stand before the host that all of its kind have."""
    if not is_label(arn.account):
        raise InvalidInput(f"{arn.text!r} has the account {arn.account!r}: it must have letters, digits and hyphens")
    if not is_label(name):
        raise InvalidInput(f"{arn.text!r} has the name {name!r}: it must have letters, digits and hyphens")
    label = f"{name}-{arn.account}"
    where = _at_users_endpoint(f"{label}.{above}" if above else label, options) or at_host(f"{label}.{host}")
    return Place(where, (Auth("sigv4", arn.service, arn.region),))


# ------------------------------------------------------------------ aliases of Outposts' access points
def is_outposts_alias(name: str) -> bool:
    """Tell if a bucket's name is the alias of an access point on an Outpost."""
    return name.endswith(_ALIAS_END) and len(name) >= _ALIAS_LENGTH


def outposts_alias_place(alias: str, options: Options) -> Place:
    """Return where requests for the alias of an Outposts access point go.

    Raises:
        InvalidInput: it is no such alias.
    """
    _refuse_on_outposts(options, alias)
    found = re.fullmatch(_ALIAS, alias)
    if found is None or not fits_host(alias):
        raise InvalidInput(f"bucket {alias!r} ends like the alias of an Outposts access point, but is none")
    if found[3] == _UNRELEASED and options.endpoint is None:
        raise InvalidInput(f"bucket {alias!r} is on an Outpost of AWS's own: it takes an endpoint")
    above = "ec2" if found[1] == "e" else f"op-{found[2]}"
    host = f"{alias}.{above}.{regional_host(OUTPOSTS, options)}"
    where = _at_users_endpoint(f"{alias}.{above}", options) or at_host(host)
    return Place(where, _outposts_auths(options.signing_region))


def _outposts_auths(region: str) -> tuple[Auth, ...]:
    return Auth("sigv4a", OUTPOSTS, "*"), Auth("sigv4", OUTPOSTS, region)


# ------------------------------------------------------------------ what an ARN must be for a client
def _check_region(arn: Arn, options: Options) -> None:
    if not arn.region:
        raise InvalidInput(f"{arn.text!r} has no region")
    if not are_labels(arn.region):
        raise InvalidInput(f"{arn.text!r} has the region {arn.region!r}, which is no region's name")
    if options.use_arn_region is False and arn.region != options.region:
        raise InvalidInput(
            f"{arn.text!r} is in {arn.region}, the client in {options.region}: allow that by use_arn_region=True"
        )
    _check_partition(arn, partition_of(arn.region).name, options)


def _check_partition(arn: Arn, named: str, options: Options) -> None:
    own = partition_of(options.region).name
    if named != own:
        raise InvalidInput(f"{arn.text!r} is in the partition {named}, the client's region {options.region} in {own}")


def _refuse_on_outposts(options: Options, name: str) -> None:
    _refuse(options.accelerate, "use_accelerate", name)
    _refuse(options.dualstack, "use_dualstack", name)
    _refuse(options.fips, "use_fips", name)


def _refuse(used: bool, option: str, name: str) -> None:
    if used:
        raise InvalidInput(f"{option}: there is no such address for {name!r}")


def _at_users_endpoint(label: str, options: Options) -> Address | None:
    if options.endpoint is None:
        return None
    if is_ip_address(options.endpoint):
        raise InvalidInput(f"an access point stands in the host's name, and {options.endpoint.host} is a number")
    return at_endpoint(options.endpoint, label=label)
