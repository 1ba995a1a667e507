"""A request as it is and the request as it is signed, by whichever scheme its place wants.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateSession.html (the token of a session)
"""

from __future__ import annotations

from dataclasses import replace

from .protocol import sigv4a
from .protocol.chunked import SIGNED, SIGNED_TRAILER, ChunkedBody, ChunkSigner
from .protocol.messages import Request
from .protocol.places import Auth
from .protocol.sigv4 import Credentials, sign

SESSION_TOKEN = "x-amz-s3session-token"  # noqa: S105  # the header's name


def signed(request: Request, credentials: Credentials, auth: Auth, payload_hash: str, timestamp: str) -> Request:
    """Return the request with the headers that prove who sends it.

    Args:
        payload_hash: What stands for its body.
        timestamp: Now, as YYYYMMDDTHHMMSSZ in UTC.
    Raises:
        InvalidInput: the scheme needs a package that is not installed.
    """
    method, address, path, query, headers, body = request
    scheme, service, region = auth
    if scheme == "sigv4a":
        proof = sigv4a.sign(
            method,
            path,
            query,
            headers,
            payload_hash,
            credentials=credentials,
            timestamp=timestamp,
            region_set=region,
            service=service,
        )
        return Request(method, address, path, query, proof, body)
    if scheme == "sigv4-s3express" and credentials.token:
        headers = {**headers, SESSION_TOKEN: credentials.token}
        credentials = replace(credentials, token=None)
    proof = sign(
        method,
        path,
        query,
        headers,
        payload_hash,
        credentials=credentials,
        timestamp=timestamp,
        region=region,
        service=service,
    )
    if isinstance(body, ChunkedBody) and payload_hash in (SIGNED, SIGNED_TRAILER):
        body = body.signed_by(_chunk_signer(proof["authorization"], credentials, auth, timestamp))
    return Request(method, address, path, query, proof, body)


def _chunk_signer(authorization: str, credentials: Credentials, auth: Auth, timestamp: str) -> ChunkSigner:
    """Return what signs the chunks of a body, beginning with the signature of its headers."""
    return ChunkSigner(
        authorization.rpartition("=")[2],
        secret_key=credentials.secret_key,
        timestamp=timestamp,
        region=auth.region,
        service=auth.service,
    )


__all__ = ["signed"]
