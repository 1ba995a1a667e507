"""A request as it is and the request as it is signed, by whichever scheme its place wants.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateSession.html (the token of a session)
"""

from __future__ import annotations

from collections.abc import Mapping

from .protocol import sigv4a
from .protocol.chunked import SIGNED, SIGNED_TRAILER, ChunkedBody, ChunkSigner
from .protocol.messages import Request
from .protocol.places import Auth
from .protocol.presigning import SESSION_TOKEN, TOKEN, presign
from .protocol.sigv4 import Credentials, sign

_SESSION_HEADER = "x-amz-s3session-token"


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
        headers = {**headers, _SESSION_HEADER: credentials.token}
        credentials = credentials.replace(token=None)
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


def signed_query(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    auth: Auth,
    credentials: Credentials,
    timestamp: str,
    expires_in: int,
) -> str:
    """Return the query of a presigned URL; arguments as of presigning.presign."""
    scheme, service, region = auth
    if scheme == "sigv4a":
        return sigv4a.presign(
            method,
            path,
            query,
            headers,
            credentials=credentials,
            timestamp=timestamp,
            expires_in=expires_in,
            region_set=region,
            service=service,
        )
    return presign(
        method,
        path,
        query,
        headers,
        credentials=credentials,
        timestamp=timestamp,
        expires_in=expires_in,
        region=region,
        service=service,
        token_name=TOKEN if scheme == "sigv4" else SESSION_TOKEN,
    )


def _chunk_signer(authorization: str, credentials: Credentials, auth: Auth, timestamp: str) -> ChunkSigner:
    """Return what signs the chunks of a body, beginning with the signature of its headers."""
    return ChunkSigner(
        authorization.rpartition("=")[2],
        secret_key=credentials.secret_key,
        timestamp=timestamp,
        region=auth.region,
        service=auth.service,
    )


__all__ = ["signed", "signed_query"]
