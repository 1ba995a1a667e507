"""The shared config and credentials files, read: text to sections, sections to profiles.

In: the text of the two files. Out: profiles, sso-sessions and services by name, each a mapping of lower-case names to
text, or to a mapping where indented lines stand below a name without a value. What the credentials file says of a
profile wins over the config file.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TypeAlias

from ..errors import CredentialsError
from ..protocol.values import Value

Setting: TypeAlias = str | dict[str, str]
Section: TypeAlias = dict[str, Setting]

_PAIR = r"([^=:]*)[=:](.*)"
_HEADING = r"\[([^\]]+)\]\s*(?:[#;].*)?"


def parse(text: str, path: str) -> dict[str, Section]:
    """Return the sections of a file, by what stands between the brackets.

    A section that comes twice is one. A line that begins with # or ; is a comment.

    Args:
        path: Named in the error.
    Raises:
        CredentialsError: a line is nothing that can stand there. Its number is said; what is in it may be a secret.
    """
    sections: dict[str, Section] = {}
    section: Section | None = None
    name = ""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        if line[0] == "[":
            if not (heading := re.fullmatch(_HEADING, line.rstrip())):
                raise _malformed(path, number, "begins a section and does not end it with ]")
            section, name = sections.setdefault(heading[1].strip(), {}), ""
        elif section is None:
            raise _malformed(path, number, "stands before the first [section]")
        elif line[0] in " \t" and name:
            _continue(section, name, line.strip(), path, number)
        else:
            name, value = _pair(line, path, number)
            section[name] = value
    return sections


def _continue(section: Section, name: str, text: str, path: str, number: int) -> None:
    """Add an indented line to the value above it: a pair if that was left empty, else more of its text."""
    before = section[name]
    if before == "":
        before = section[name] = {}
    if isinstance(before, dict):
        inner, value = _pair(text, path, number)
        before[inner] = value
    else:
        section[name] = f"{before}\n{text}"


def _pair(line: str, path: str, number: int) -> tuple[str, str]:
    # AWS documents the equals sign; the CLI reads a colon as well.
    found = re.fullmatch(_PAIR, line, re.DOTALL)
    if not found or not found[1].strip():
        raise _malformed(path, number, "is no section and no `name = value`")
    return found[1].strip().lower(), found[2].strip()


def _malformed(path: str, number: int, what: str) -> CredentialsError:
    return CredentialsError(f"{path}, line {number}: it {what}")


class Profile(Value):
    """What the two files say under one name."""

    hidden = frozenset({"config", "credentials"})

    name: str
    config: Section
    credentials: Section

    def get(self, name: str) -> str | None:
        """Return a setting; None where it is not there, or empty."""
        for section in (self.credentials, self.config):
            value = section.get(name)
            if isinstance(value, str) and value:
                return value
        return None

    def inner(self, name: str) -> dict[str, str]:
        """Return the settings that are indented below *name*."""
        value = self.config.get(name)
        return value if isinstance(value, dict) else {}


class Files(Value):
    """The two files together.

    Attributes:
        config_path, credentials_path: Where they are, or would be.
    """

    hidden = frozenset({"config", "credentials"})

    config_path: str
    credentials_path: str
    config: Mapping[str, Section] = {}
    credentials: Mapping[str, Section] = {}

    def profile(self, name: str) -> Profile | None:
        """Return the profile of this name; None where neither file has it."""
        sections = sections_of(self.config, "profile")
        if "default" in self.config:
            sections.setdefault("default", self.config["default"])
        if name not in sections and name not in self.credentials:
            return None
        return Profile(name=name, config=sections.get(name, {}), credentials=self.credentials.get(name, {}))

    def names(self) -> list[str]:
        """Return the names of all profiles."""
        found = {*sections_of(self.config, "profile"), *self.credentials}
        return sorted(found | ({"default"} & set(self.config)))

    def sso_session(self, name: str) -> Section | None:
        """Return a section [sso-session name]."""
        return sections_of(self.config, "sso-session").get(name)

    def services(self, name: str) -> Section | None:
        """Return a section [services name]."""
        return sections_of(self.config, "services").get(name)


def sections_of(sections: Mapping[str, Section], kind: str) -> dict[str, Section]:
    """Return the sections [kind name] by name, which may stand in quotes."""
    found: dict[str, Section] = {}
    for heading, section in sections.items():
        try:
            words = shlex.split(heading)
        except ValueError:
            continue
        if len(words) == 2 and words[0] == kind:
            found[words[1]] = section
    return found


__all__ = ["Files", "Profile", "Section", "Value", "parse", "sections_of"]
