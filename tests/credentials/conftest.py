"""A home with the shared files in it, for a test to fill."""

import json
from hashlib import sha1
from pathlib import Path

import pytest


class Home:
    """A folder with an .aws in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aws = folder / ".aws"
        (self.aws / "sso" / "cache").mkdir(parents=True)

    def write(self, config: str = "", credentials: str = "") -> None:
        """Write the shared files; an empty one is not there."""
        for name, text in (("config", config), ("credentials", credentials)):
            (self.aws / name).unlink(missing_ok=True)
            if text:
                (self.aws / name).write_text(text)

    def login(self, name: str) -> Path:
        """Return the file of a login, by session or start URL."""
        digest = sha1(name.encode(), usedforsecurity=False).hexdigest()
        return self.aws / "sso" / "cache" / f"{digest}.json"

    def write_login(self, name: str, document: object) -> None:
        """Write it."""
        self.login(name).write_text(json.dumps(document))

    def environ(self, **more: str) -> dict[str, str]:
        """Return an environment whose home this is, and nothing else unless said."""
        return {"HOME": str(self.folder), "AWS_EC2_METADATA_DISABLED": "true", **more}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return Home(tmp_path)
