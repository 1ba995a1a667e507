"""One question for each name in tests.servers.CAPABILITIES, put to a running server by the oracle."""

import binascii
import hashlib
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from urllib.parse import quote

import pytest
from botocore import auth

from tests import oracle
from tests.servers import Keys, Server

Probe = Callable[[Server, str], bool]
"""Asks a server, by way of an empty bucket, whether it can."""

BODY = b"0123456789"


def _access_control(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY)
    with oracle.connected(server) as connection:
        return oracle.exchange(connection, "GET", oracle.target(bucket, "k")).status == 403


def _acl(server: Server, bucket: str) -> bool:
    oracle.send(server, "PUT", oracle.target(bucket, "k"), BODY, headers={"x-amz-acl": "public-read"})
    answer = oracle.send(server, "GET", oracle.target(bucket, "k", "acl="))
    return "READ" in answer.texts("Permission")


def _crc32(body: bytes) -> str:
    return binascii.b2a_base64(struct.pack(">I", binascii.crc32(body)), newline=False).decode()


def _checksums(server: Server, bucket: str) -> bool:
    right, wrong = ({"x-amz-checksum-crc32": _crc32(body)} for body in (BODY, b"other"))
    stored = oracle.send(server, "PUT", oracle.target(bucket, "right"), BODY, headers=right)
    refused = oracle.send(server, "PUT", oracle.target(bucket, "wrong"), BODY, headers=wrong)
    return (stored.status, refused.status) == (200, 400)


def _trailers(server: Server, bucket: str) -> bool:
    _put_with_trailer(server, bucket, _crc32(BODY))
    return oracle.get(server, bucket, "k").body == BODY


def _checksum_trailers(server: Server, bucket: str) -> bool:
    statuses = [_put_with_trailer(server, bucket, _crc32(body)).status for body in (BODY, b"other")]
    return statuses == [200, 400]


def _put_with_trailer(server: Server, bucket: str, crc32: str) -> oracle.Answer:
    body = b"%x\r\n%b\r\n0\r\nx-amz-checksum-crc32:%b\r\n\r\n" % (len(BODY), BODY, crc32.encode())
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(len(BODY)),
        "x-amz-trailer": "x-amz-checksum-crc32",
        "Content-Encoding": "aws-chunked",
    }
    return oracle.send(server, "PUT", oracle.target(bucket, "k"), body, headers=headers)


def _clock_skew(server: Server, bucket: str) -> bool:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: an_hour_ago)
        answer = oracle.send(server, "GET", oracle.target(bucket))
    return answer.status == 403 and answer.code == "RequestTimeTooSkewed"


def _conditions(server: Server, bucket: str) -> bool:
    etag = oracle.put(server, bucket, "k", BODY).headers["etag"]
    unchanged = oracle.get(server, bucket, "k", {"If-None-Match": etag})
    changed = oracle.get(server, bucket, "k", {"If-Match": '"0123"'})
    return (unchanged.status, changed.status) == (304, 412)


def _content_md5(server: Server, bucket: str) -> bool:
    wrong = {"Content-MD5": oracle.md5(b"other")}
    return oracle.send(server, "PUT", oracle.target(bucket, "k"), BODY, headers=wrong).status == 400


def _copy(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "from", BODY)
    source = {"x-amz-copy-source": oracle.target(bucket, "from")}
    oracle.send(server, "PUT", oracle.target(bucket, "to"), headers=source)
    return oracle.get(server, bucket, "to").body == BODY


_CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>http://origin.test</AllowedOrigin>\
<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"""


def _put_cors(server: Server, bucket: str) -> None:
    headers = {"Content-MD5": oracle.md5(_CORS)}
    oracle.send(server, "PUT", oracle.target(bucket, query="cors="), _CORS, headers=headers)


def _cors(server: Server, bucket: str) -> bool:
    _put_cors(server, bucket)
    answer = oracle.send(server, "GET", oracle.target(bucket, query="cors="))
    return answer.text("AllowedOrigin") == "http://origin.test"


def _cors_preflight(server: Server, bucket: str) -> bool:
    _put_cors(server, bucket)
    oracle.put(server, bucket, "k", BODY)
    statuses = []
    for origin in ("http://origin.test", "http://stranger.test"):
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        with oracle.connected(server) as connection:
            answer = oracle.exchange(connection, "OPTIONS", oracle.target(bucket, "k"), headers=headers)
        statuses.append(answer.status)
    return statuses == [200, 403]


def _delete_many(server: Server, bucket: str) -> bool:
    for key in ("a", "b"):
        oracle.put(server, bucket, key, BODY)
    answer = oracle.delete_keys(server, bucket, ("a", "b"))
    return answer.status == 200 and oracle.get(server, bucket, "a").status == 404


def _keep_alive(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY)
    path = oracle.target(bucket, "k")
    with oracle.connected(server) as connection:
        oracle.exchange(connection, "GET", path, headers=oracle.signed_headers(server, "GET", path))
        return connection.sock is not None


def _list_pages(server: Server, bucket: str) -> bool:
    for key in ("a", "b", "c"):
        oracle.put(server, bucket, key, BODY)
    query = "list-type=2&max-keys=2"
    first = oracle.send(server, "GET", oracle.target(bucket, query=query))
    token = quote(first.text("NextContinuationToken"), safe="")
    rest = oracle.send(server, "GET", oracle.target(bucket, query=f"continuation-token={token}&{query}"))
    return (list(first.texts("Key")), list(rest.texts("Key"))) == (["a", "b"], ["c"])


def _list_url_encoding(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "a=b", BODY)
    answer = oracle.send(server, "GET", oracle.target(bucket, query="encoding-type=url&list-type=2"))
    return answer.text("EncodingType") == "url" and answer.text("Key") == "a%3Db"


def _long_suffix(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY)
    return oracle.get(server, bucket, "k", {"Range": "bytes=-100"}).body == BODY


def _metadata(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY, {"x-amz-meta-colour": "blue"})
    return oracle.get(server, bucket, "k").headers.get("x-amz-meta-colour") == "blue"


def _complete_multipart(server: Server, bucket: str) -> oracle.Answer:
    started = oracle.send(server, "POST", oracle.target(bucket, "k", "uploads="))
    upload = quote(started.text("UploadId"), safe="")
    listed = b""
    for number, body in enumerate((bytes(5 << 20), BODY), start=1):
        query = f"partNumber={number}&uploadId={upload}"
        etag = oracle.send(server, "PUT", oracle.target(bucket, "k", query), body).headers["etag"]
        listed += b"<Part><PartNumber>%d</PartNumber><ETag>%b</ETag></Part>" % (number, etag.encode())
    document = b"<CompleteMultipartUpload>%b</CompleteMultipartUpload>" % listed
    return oracle.send(server, "POST", oracle.target(bucket, "k", f"uploadId={upload}"), document)


def _multipart(server: Server, bucket: str) -> bool:
    _complete_multipart(server, bucket)
    return oracle.get(server, bucket, "k").body == bytes(5 << 20) + BODY


def _multipart_etag(server: Server, bucket: str) -> bool:
    return _complete_multipart(server, bucket).text("ETag").strip('"').endswith("-2")


def _payload_hash(server: Server, bucket: str) -> bool:
    headers = {"x-amz-content-sha256": hashlib.sha256(b"other").hexdigest()}
    return oracle.send(server, "PUT", oracle.target(bucket, "k"), BODY, headers=headers).status == 400


def _policy(server: Server, bucket: str) -> bool:
    policy = b"""{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",\
 "Action": "s3:GetObject", "Resource": "arn:aws:s3:::%b/*"}]}""" % bucket.encode()
    oracle.send(server, "PUT", oracle.target(bucket, query="policy="), policy)
    answer = oracle.send(server, "GET", oracle.target(bucket, query="policy="))
    return answer.status == 200 and b"s3:GetObject" in answer.body


def _with_wrong_secret(server: Server) -> Keys:
    return Keys(access_key=server.access_key, secret_key="not the secret")


def _presigned(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY)
    statuses = []
    for keys in (server.keys, _with_wrong_secret(server)):
        path = oracle.presigned_target(server, "GET", oracle.target(bucket, "k"), keys=keys)
        with oracle.connected(server) as connection:
            statuses.append(oracle.exchange(connection, "GET", path).status)
    return statuses == [200, 403]


def _put_if_absent(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY)
    headers = {"If-None-Match": "*"}
    return oracle.send(server, "PUT", oracle.target(bucket, "k"), b"x", headers=headers).status == 412


def _put_if_match(server: Server, bucket: str) -> bool:
    etag = oracle.put(server, bucket, "k", BODY).headers["etag"]
    other, same = (
        oracle.send(server, "PUT", oracle.target(bucket, "k"), b"x", headers={"If-Match": tag})
        for tag in ('"0123456789abcdef0123456789abcdef"', etag)
    )
    return (other.status, same.status) == (412, 200)


def _ranges(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY)
    middle, suffix, beyond = (
        oracle.get(server, bucket, "k", {"Range": f"bytes={span}"}) for span in ("2-4", "-3", "10-")
    )
    parts = (middle.body, middle.headers.get("content-range"), suffix.body)
    return parts == (b"234", "bytes 2-4/10", b"789") and beyond.status == 416


def _second_user(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY)
    if server.second_user is None:
        return False
    return oracle.send(server, "GET", oracle.target(bucket, "k"), keys=server.second_user).code == "AccessDenied"


def _signatures(server: Server, bucket: str) -> bool:
    answer = oracle.send(server, "GET", oracle.target(bucket), keys=_with_wrong_secret(server))
    return answer.status == 403 and answer.code == "SignatureDoesNotMatch"


def _sse_c(server: Server, bucket: str) -> bool:
    key = bytes(range(32))
    prefix = "x-amz-server-side-encryption-customer-"
    headers = {
        f"{prefix}algorithm": "AES256",
        f"{prefix}key": binascii.b2a_base64(key, newline=False).decode(),
        f"{prefix}key-MD5": oracle.md5(key),
    }
    oracle.send(server, "PUT", oracle.target(bucket, "k"), BODY, headers=headers)
    with_key = oracle.get(server, bucket, "k", headers)
    return with_key.body == BODY and oracle.get(server, bucket, "k").status == 400


def _tags(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY, {"x-amz-tagging": "colour=blue"})
    answer = oracle.send(server, "GET", oracle.target(bucket, "k", "tagging="))
    return answer.text("Value") == "blue"


def _tls(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY)
    if server.tls_endpoint is None:
        return False
    return oracle.send(server, "GET", oracle.target(bucket, "k"), tls=True).body == BODY


_ENABLED = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


def _versions(server: Server, bucket: str) -> bool:
    oracle.send(server, "PUT", oracle.target(bucket, query="versioning="), _ENABLED)
    old = oracle.put(server, bucket, "k", BODY).headers.get("x-amz-version-id")
    oracle.put(server, bucket, "k", b"new")
    return oracle.send(server, "GET", oracle.target(bucket, "k", f"versionId={old}")).body == BODY


def _virtual_host(server: Server, bucket: str) -> bool:
    oracle.put(server, bucket, "k", BODY)
    return oracle.send(server, "GET", "/k", host=f"{bucket}.localhost:{server.port}").body == BODY


PROBES: Mapping[str, Probe] = MappingProxyType(
    {
        "access-control": _access_control,
        "acl": _acl,
        "checksum-trailers": _checksum_trailers,
        "checksums": _checksums,
        "clock-skew": _clock_skew,
        "conditions": _conditions,
        "content-md5": _content_md5,
        "copy": _copy,
        "cors": _cors,
        "cors-preflight": _cors_preflight,
        "delete-many": _delete_many,
        "keep-alive": _keep_alive,
        "list-pages": _list_pages,
        "list-url-encoding": _list_url_encoding,
        "long-suffix": _long_suffix,
        "metadata": _metadata,
        "multipart": _multipart,
        "multipart-etag": _multipart_etag,
        "payload-hash": _payload_hash,
        "policy": _policy,
        "presigned": _presigned,
        "put-if-absent": _put_if_absent,
        "put-if-match": _put_if_match,
        "ranges": _ranges,
        "second-user": _second_user,
        "signatures": _signatures,
        "sse-c": _sse_c,
        "tags": _tags,
        "tls": _tls,
        "trailers": _trailers,
        "versions": _versions,
        "virtual-host": _virtual_host,
    }
)
