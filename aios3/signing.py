"""A request as it is and the request as it is signed, by whichever scheme its place wants.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateSession.html (the token of a session)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from .protocol import presigning, sigv4, sigv4a
from .protocol.chunked import SIGNED, SIGNED_TRAILER, ChunkedBody, ChunkSigner
from .protocol.messages import Request
from .protocol.places import Auth
from .protocol.sigv4 import SESSION_TOKEN, TOKEN, Credentials

Signer: TypeAlias = sigv4.Signer | sigv4a.Signer


class Signers:
    """Who signs the requests of one client; the last is kept, since it serves all of a second."""

    def __init__(self) -> None:
        # Read and set as one: calls in other threads may be of other places, or by other keys.
        self._last: tuple[Auth, Signer] | None = None

    def at(self, auth: Auth, credentials: Credentials, timestamp: str) -> Signer:
        """Return who signs by the scheme of a place.

        Args:
            timestamp: Now, as YYYYMMDDTHHMMSSZ in UTC.
        """
        if (last := self._last) is not None:
            known, signer = last
            if known == auth and signer.credentials is credentials and signer.timestamp == timestamp:
                return signer
        scheme, service, region = auth
        if scheme == "sigv4a":
            signer = sigv4a.Signer(credentials, timestamp, region, service)
        else:
            token = TOKEN if scheme == "sigv4" else SESSION_TOKEN
            signer = sigv4.Signer(credentials, timestamp, region, service, token)
        self._last = auth, signer
        return signer


def signed(request: Request, signer: Signer, payload_hash: str) -> tuple[Request, str]:
    """Return the request, and the lines that its head needs beside it to prove who sends it.

    Args:
        payload_hash: What stands for its body.
    Raises:
        InvalidInput: the scheme needs a package that is not installed.
    """
    method, _, path, query, headers, body = request
    if isinstance(body, ChunkedBody):
        return _signed_in_chunks(request, body, signer, payload_hash)
    return request, signer.proof(method, path, query, headers, payload_hash)


def _signed_in_chunks(request: Request, body: ChunkedBody, signer: Signer, payload_hash: str) -> tuple[Request, str]:
    method, place, path, query, fields, _ = request
    # What an unsigned request says of its body itself is one of the lines that sign.
    headers = {name: value for name, value in fields.items() if name != "x-amz-content-sha256"}
    proof = signer.proof(method, path, query, headers, payload_hash)
    if payload_hash in (SIGNED, SIGNED_TRAILER) and isinstance(signer, sigv4.Signer):
        body = body.signed_by(ChunkSigner(proof.rstrip().rpartition("=")[2], signer))
    return Request(method, place, path, query, headers, body), proof


def signed_query(
    signer: Signer, method: str, path: str, query: str, headers: Mapping[str, str], expires_in: int
) -> str:
    """Return the query of a presigned URL; arguments as of presigning.presign."""
    if isinstance(signer, sigv4a.Signer):
        return sigv4a.presign(signer, method, path, query, headers, expires_in)
    return presigning.presign(signer, method, path, query, headers, expires_in)


__all__ = ["Signer", "Signers", "signed", "signed_query"]
