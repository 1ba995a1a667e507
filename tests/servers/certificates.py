"""Certificates for servers on this machine, from an authority that nobody trusts by default."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """Paths of PEM files."""

    authority: Path
    chain: Path
    private_key: Path


def make_certificate(folder: Path) -> Certificate:
    """Write a certificate for localhost, its subdomains and 127.0.0.1, with the authority that vouches for it.

    One subdomain by its name, that of a bucket, since OpenSSL takes no star straight below a top-level domain.
    """
    made = Certificate(authority=folder / "ca.pem", chain=folder / "tls.crt", private_key=folder / "tls.key")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "*.localhost", "over-tls.localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(str(made.authority))
    issued.private_key_pem.write_to_path(str(made.private_key))
    for blob in issued.cert_chain_pems:
        blob.write_to_path(str(made.chain), append=True)
    return made
