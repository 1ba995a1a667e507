"""A bucket's verbs that sign for others: URLs and forms, nothing of which is sent here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from ..errors import InvalidInput
from ..operations.listing import Key
from ..operations.objects import DeleteObject, GetObject, HeadObject, PutObject
from ..protocol.post_policy import Condition, PresignedPost
from ..protocol.presigning import PresignedURL
from .base import Verbs, object_name

Method: TypeAlias = Literal["GET", "HEAD", "PUT", "DELETE"]

_OPERATIONS: dict[str, type[Any]] = {"GET": GetObject, "HEAD": HeadObject, "PUT": PutObject, "DELETE": DeleteObject}
# Which headers of an answer the one who asks may choose.
_CHOSEN = ("cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires")
_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
# What needs no thought inside the quotes of filename="...", and what needs no percent sign in filename* (RFC 8187).
_PLAIN_NAME = r"[A-Za-z0-9 !#$&'()+,.;=@\[\]^_`{}~-]+"
_ATTRIBUTE = "!#$&+-.^_`|~"


class Signing(Verbs):
    """Sign for others."""

    async def presign(
        self,
        key: str | Key,
        *,
        method: Method = "GET",
        expires_in: int = 3600,
        version_id: str | None = None,
        filename: str | None = None,
        response_headers: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        public_endpoint: str | None = None,
    ) -> PresignedURL:
        """Return a URL by which anybody can read, store or delete this one object, until it expires.

        Nothing is sent. The URL is a str; ``.headers`` are those that must be sent with it, ``.expires_at`` says when
        it ends, which is when the keys that sign it end if that is sooner (then there is a warning, too).

        Args:
            method: ``GET``, ``HEAD``, ``PUT`` or ``DELETE``.
            expires_in: Seconds, 7 days at most.
            filename: What a browser saves it as, whatever the key is.
            response_headers: Headers that the answer to a GET shall have: ``{"content-type": "text/plain"}``.
            headers: What must be sent with the URL, exactly so: ``{"content-type": "image/png"}`` for a PUT.
            public_endpoint: How others reach the store, where that is not the address it has here.
        Raises:
            InvalidInput: arguments that contradict each other or cannot be right, or an anonymous client.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
        """
        name = key if isinstance(key, str) else object_name(key)
        if method == "GET" and version_id is None and filename is None and response_headers is None:
            operation: Any = GetObject(bucket=self.name, key=name)
        else:
            operation = self._operation(name, method, version_id, _answer(method, filename, response_headers))
        return await self.client.presign(
            operation, expires_in=expires_in, headers=headers, public_endpoint=public_endpoint
        )

    def _operation(self, key: str, method: Method, version_id: str | None, answer: dict[str, str]) -> Any:
        if method not in _OPERATIONS:
            raise InvalidInput(f"method must be one of {', '.join(_OPERATIONS)}, not {method!r}")
        if version_id is None:
            return _OPERATIONS[method](bucket=self.name, key=key, **answer)
        if method == "PUT":
            raise InvalidInput("version_id: a PUT makes a new version, it cannot store into one")
        return _OPERATIONS[method](bucket=self.name, key=key, version_id=version_id, **answer)

    async def presign_post(
        self,
        key: str | Key,
        *,
        expires_in: int = 3600,
        fields: Mapping[str, str] | None = None,
        conditions: Iterable[Condition] = (),
        min_size: int | None = None,
        max_size: int | None = None,
        public_endpoint: str | None = None,
    ) -> PresignedPost:
        """Return where a browser's form can upload one object, and the fields it must have; unpacks to the two.

        The form is ``multipart/form-data``: all fields first, then the file, named ``file``.

        Args:
            key: May end in ``${filename}``, which stands for the name of the file that is chosen.
            expires_in: Seconds, 7 days at most.
            fields: Fields of the form beside, with their values, such as ``{"acl": "public-read"}``.
            conditions: What else the form may have: ``["starts-with", "$Content-Type", "image/"]``.
            min_size, max_size: Bytes that the file may have.
            public_endpoint: As in presign.
        Raises:
            InvalidInput: as in presign.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html
        """
        operation = PutObject(bucket=self.name, key=object_name(key))
        return await self.client.presign_post(
            operation,
            expires_in=expires_in,
            fields=fields,
            conditions=conditions,
            min_size=min_size,
            max_size=max_size,
            public_endpoint=public_endpoint,
        )


def _answer(method: str, filename: str | None, response_headers: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the members of GetObject that choose the answer's headers."""
    chosen = {} if response_headers is None else _chosen(response_headers)
    if filename is not None:
        if "response_content_disposition" in chosen:
            raise InvalidInput("filename and response_headers both say content-disposition: give one of them")
        chosen["response_content_disposition"] = content_disposition(filename)
    if chosen and method not in ("GET", "HEAD"):
        raise InvalidInput(f"filename and response_headers are of an answer that a {method} has not")
    return chosen


def _chosen(response_headers: Mapping[str, str]) -> dict[str, Any]:
    if not isinstance(response_headers, Mapping):
        raise InvalidInput(f"response_headers must be a mapping of str to str, not {type(response_headers).__name__}")
    for name, value in response_headers.items():
        # They go in the query, which can carry them; the header of the answer could not.
        if isinstance(value, str) and any(mark in value for mark in "\r\n\0"):
            raise InvalidInput(f"the response header {name!r} must be text without CR, LF or NUL")
    return {_response_member(name): value for name, value in response_headers.items()}


def _response_member(name: str) -> str:
    plain = str(name).lower().removeprefix("response-")
    if plain not in _CHOSEN:
        raise InvalidInput(f"response header {name!r} cannot be chosen: S3 lets choose {', '.join(_CHOSEN)}")
    return f"response_{plain.replace('-', '_')}"


def content_disposition(filename: str) -> str:
    """Return the Content-Disposition that makes a browser save an answer as *filename*.

    A name that old clients may misread comes in two forms: one that all can read, and the true one.

    Raises:
        InvalidInput: it is empty, or has CR, LF or another control character.

    Source: RFC 6266 4.3 and appendix D, RFC 8187 3.2.1
    """
    if not isinstance(filename, str) or not filename or re.search(_CONTROL, filename):
        raise InvalidInput(f"filename must be text without CR, LF or other control characters, not {filename!r}")
    if re.fullmatch(_PLAIN_NAME, filename):
        return f'attachment; filename="{filename}"'
    try:
        true_form = quote(filename, safe=_ATTRIBUTE)
    except UnicodeEncodeError as error:
        raise InvalidInput(f"filename {filename!r} has a lone surrogate: it has no UTF-8 form") from error
    readable = "".join(mark if re.fullmatch(_PLAIN_NAME, mark) else "_" for mark in filename)
    return f"attachment; filename=\"{readable}\"; filename*=UTF-8''{true_form}"
