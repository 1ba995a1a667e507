"""Keys that this machine holds.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import CredentialsError
from ..protocol.sigv4 import Credentials


def environment(environ: Mapping[str, str]) -> Credentials:
    """Return the keys of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.

    Raises:
        CredentialsError: they are not set, or only one is.
    """
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key:
        return Credentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN") or None)
    found = "AWS_ACCESS_KEY_ID" if access_key else "AWS_SECRET_ACCESS_KEY" if secret_key else ""
    why = f"only {found} is set" if found else "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"
    raise CredentialsError(
        f"no credentials: none were given (aws_key, aws_secret, credentials), and in the environment {why}. "
        "Use anonymous=True to send unsigned requests"
    )
