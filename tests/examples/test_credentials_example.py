"""examples/credentials.py finds keys in the environment and in a profile, and takes on a real role."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests import oracle
from tests.credentials.test_sts import make_role
from tests.programs import BARE
from tests.servers import Server

ROOT = Path(__file__).parents[2]


async def run(environment: dict[str, str], *arguments: str) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", str(ROOT / "examples" / "credentials.py"), *arguments),
        env={**BARE, "PYTHONPATH": str(ROOT), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode().splitlines()


@pytest.mark.parametrize("by", ["environment", "profile"])
async def test_keys_are_found_and_a_role_is_taken_on(
    radosgw: Server, bucket_name: str, tmp_path: Path, by: str
) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    role = await asyncio.to_thread(make_role, radosgw)
    environment = {"AWS_ACCESS_KEY_ID": radosgw.access_key, "AWS_SECRET_ACCESS_KEY": radosgw.secret_key}
    if by == "profile":
        lines = "".join(f"{name.lower()} = {value}\n" for name, value in environment.items())
        file = tmp_path / "credentials"
        file.write_text(f"[example]\n{lines}")
        environment = {"AWS_PROFILE": "example", "AWS_SHARED_CREDENTIALS_FILE": str(file), "HOME": str(tmp_path)}

    assert await run(environment, radosgw.endpoint, bucket_name, role) == [
        "found: Nobody typed a key.",
        "twenty calls, and the vault was asked 1 time",
        "there: True",
        "there: True",
        "- vault: this machine has no vault",
        "by a role: Nobody typed a key.",
    ]
