"""Keys in the environment, and from a program.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html,
https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
from contextlib import suppress
from typing import ClassVar

from ..errors import CredentialsError
from ..protocol.sigv4 import Credentials
from ..protocol.values import Value
from .base import Environ, NotConfigured, read_credentials, read_end

# A program may wait for a person to touch a key; longer than this it hangs.
PROCESS_LIMIT = 60.0
_MAX_OUTPUT = 1024 * 1024


def environment(environ: Environ) -> Credentials:
    """Return the keys of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.

    Raises:
        NotConfigured: they are not set.
        CredentialsError: there is a key without a secret, or AWS_CREDENTIAL_EXPIRATION is no time.
    """
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key and not secret_key:
        raise CredentialsError("in the environment only AWS_ACCESS_KEY_ID is set, and no AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        only = (
            "only AWS_SECRET_ACCESS_KEY is set"
            if secret_key
            else "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"
        )
        raise NotConfigured(only)
    token = environ.get("AWS_SESSION_TOKEN") or environ.get("AWS_SECURITY_TOKEN") or None
    end = environ.get("AWS_CREDENTIAL_EXPIRATION")
    return Credentials(access_key, secret_key, token, read_end(end, "AWS_CREDENTIAL_EXPIRATION") if end else None)


class Environment(Value):
    """Provider: the keys of the environment, read anew each time."""

    label: ClassVar[str] = "environment"
    hidden = frozenset({"environ"})

    environ: Environ = os.environ

    async def __call__(self) -> Credentials:
        """Return the keys."""
        return environment(self.environ)


class Process(Value):
    """Provider: a program that prints keys as JSON.

    It runs in a thread, and is killed if it takes too long. What it prints is never shown, since keys are in it.

    Args:
        command: A command line, split as a shell would, but run without one.
        limit: Seconds.
    """

    label: ClassVar[str] = "credential_process"
    hidden = frozenset({"command"})

    command: str
    limit: float = PROCESS_LIMIT

    def __init__(self, command: str, limit: float = PROCESS_LIMIT) -> None:
        super().__init__(command=command, limit=limit)

    async def __call__(self) -> Credentials:
        """Return what it prints.

        Raises:
            CredentialsError: it cannot be run, fails, hangs, or prints something else.
        """
        try:
            arguments = shlex.split(self.command)
        except ValueError as error:
            raise CredentialsError(f"credential_process is no command line: {error}") from None
        if not arguments:
            raise CredentialsError("credential_process is empty")
        where = f"credential_process {arguments[0]!r}"
        return _read_output(await self._output(arguments, where), where)

    async def _output(self, arguments: list[str], where: str) -> bytes:
        started: list[subprocess.Popen[bytes]] = []
        try:
            return await asyncio.to_thread(_run, arguments, where, self.limit, started)
        finally:
            # The thread ends with it.
            for program in started:
                if program.poll() is None:
                    program.kill()


def _run(arguments: list[str], where: str, limit: float, started: list[subprocess.Popen[bytes]]) -> bytes:
    """Run a program to its end, in a thread; return what it printed."""
    try:
        program = subprocess.Popen(  # noqa: S603  # the user's own configuration names it
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except (OSError, ValueError) as error:
        raise CredentialsError(f"{where} cannot be run: {getattr(error, 'strerror', None) or error}") from None
    with program:
        started.append(program)
        try:
            printed, _ = program.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            program.kill()
            # Its children may hold the pipe open; nobody waits for those.
            with suppress(OSError):
                assert program.stdout is not None
                program.stdout.close()
            raise CredentialsError(f"{where} did not end within {limit:g} s") from None
    if program.returncode:
        raise CredentialsError(f"{where} ended with {program.returncode}: run it by hand to see why")
    return printed


def _read_output(printed: bytes, where: str) -> Credentials:
    try:
        found = json.loads(printed) if len(printed) <= _MAX_OUTPUT else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CredentialsError(f"{where} printed {len(printed)} bytes that are no JSON object")
    if found.get("Version") != 1:
        raise CredentialsError(f'{where} printed no "Version": 1, the only one that there is')
    return read_credentials(found, where, token="SessionToken")  # noqa: S106  # a field's name


__all__ = ["Environment", "Process", "environment"]
