"""Signature Version 4A: one signature for several regions, as multi-region access points want it.

In and out as in sigv4 and presigning, with a set of regions (``*`` is all) in place of the region. The signature is
ECDSA on P-256 by a key that is derived from the secret key; the derivation is here, the curve is the
``cryptography`` package's, which the extra ``[crt]`` brings. (awscrt takes no private key without its public point,
which only curve arithmetic finds.)

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from urllib.parse import quote

from ..errors import InvalidInput
from .presigning import with_parameters
from .sigv4 import TOKEN, UNSIGNED_PAYLOAD, Credentials, canonical_request, digest_of, own_headers, wire_lines

ALGORITHM = "AWS4-ECDSA-P256-SHA256"
# The order of P-256's base point: private keys are 1 to one less (SEC 2, 2.4.2).
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def private_key(access_key: str, secret_key: str) -> int:
    """Return the private key that belongs to a pair of keys: NIST SP 800-108 in counter mode, until one fits."""
    key = f"AWS4A{secret_key}".encode()
    for counter in range(1, 255):
        context = access_key.encode() + bytes([counter])
        message = b"\0\0\0\1" + ALGORITHM.encode() + b"\0" + context + (256).to_bytes(4)
        candidate = int.from_bytes(hmac.digest(key, message, "sha256"))
        if candidate <= ORDER - 2:
            return candidate + 1
    raise InvalidInput("no SigV4A key can be derived from these credentials")  # 2**-32 per step: never met


class Signer:
    """Signs as sigv4.Signer does, for a set of regions; another signature each time.

    Args:
        region: Regions with commas between, or ``*``.
    Raises:
        InvalidInput: a header cannot carry the keys or the regions, or nothing can be signed with the secret key.
    """

    def __init__(self, credentials: Credentials, timestamp: str, region: str, service: str = "s3") -> None:
        self.credentials = credentials
        self.timestamp = timestamp
        self.region = region
        self.scope = f"{timestamp[:8]}/{service}/aws4_request"
        self._own = own_headers(credentials, timestamp, region, TOKEN) | {"x-amz-region-set": region}

    def sign(self, method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str) -> dict[str, str]:
        """Return the headers of the signed request; arguments as of sigv4.Signer.sign.

        Raises:
            InvalidInput: the extra ``[crt]`` is not installed.
        """
        return {**headers, **self._added(method, path, query, headers, payload_hash)}

    def proof(self, method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str) -> str:
        """Return what ``sign`` adds, as lines on the wire."""
        return wire_lines(self._added(method, path, query, headers, payload_hash))

    def _added(
        self, method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str
    ) -> dict[str, str]:
        added = {"x-amz-content-sha256": payload_hash, **self._own}
        proof = self.authorization(method, path, query, {**headers, **added}, payload_hash)
        return {**added, "authorization": proof}

    def authorization(self, method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str) -> str:
        """Return the Authorization header's value for exactly these *headers*, x-amz-region-set among them."""
        proof = self.signature(self.string_to_sign(canonical_request(method, path, query, headers, payload_hash)))
        names = ";".join(sorted(headers))
        return f"{ALGORITHM} Credential={self.credentials.access_key}/{self.scope}, SignedHeaders={names}, Signature={proof}"

    def string_to_sign(self, request: str) -> str:
        """Return the string to sign for a canonical *request*."""
        return f"{ALGORITHM}\n{self.timestamp}\n{self.scope}\n{digest_of(request)}"

    def signature(self, text: str) -> str:
        """Return a signature of a string to sign, in hex.

        Raises:
            InvalidInput: the extra ``[crt]`` is not installed.
        """
        return _key(self.credentials.access_key, self.credentials.secret_key)(text.encode()).hex()


def unsigned_query(signer: Signer, query: str, headers: Mapping[str, str], expires_in: int) -> str:
    """Return the query of a presigned URL but for its signature, in canonical order."""
    keys = signer.credentials
    credential = quote(f"{keys.access_key}/{signer.scope}", safe="")
    token = f"&{TOKEN}={quote(keys.token, safe='')}" if keys.token else ""
    return with_parameters(
        query,
        f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={signer.timestamp}"
        f"&X-Amz-Expires={expires_in}&X-Amz-Region-Set={quote(signer.region, safe='')}{token}"
        f"&X-Amz-SignedHeaders={quote(';'.join(sorted(headers)), safe='')}",
    )


def presign(
    signer: Signer,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    expires_in: int,
    payload_hash: str = UNSIGNED_PAYLOAD,
) -> str:
    """Return the query of the presigned URL; arguments as of presigning.presign.

    Raises:
        InvalidInput: the extra ``[crt]`` is not installed.
    """
    full = unsigned_query(signer, query, headers, expires_in)
    request = canonical_request(method, path, full, headers, payload_hash)
    return f"{full}&X-Amz-Signature={signer.signature(signer.string_to_sign(request))}"


@lru_cache(maxsize=16)
def _key(access_key: str, secret_key: str) -> Callable[[bytes], bytes]:
    """Return what signs a message, as DER."""
    try:
        ec = import_module("cryptography.hazmat.primitives.asymmetric.ec")
        hashes = import_module("cryptography.hazmat.primitives.hashes")
    except ImportError as error:
        raise InvalidInput(
            "a multi-region access point needs SigV4A, and that the package cryptography: pip install 'aio-s3[crt]'"
        ) from error
    key = ec.derive_private_key(private_key(access_key, secret_key), ec.SECP256R1())
    algorithm = ec.ECDSA(hashes.SHA256())

    def sign_message(message: bytes) -> bytes:
        made: bytes = key.sign(message, algorithm)
        return made

    return sign_message
