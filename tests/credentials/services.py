"""Those who give keys, on loopback: they speak the documented protocols, and refuse whatever departs from them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from tests.wire import Seen, response

SECRET = "the/secret+of+all/keys/here/0123456789ab"
TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDtoken=="


def in_an_hour(seconds: float = 3600) -> str:
    """Return a time to come, as AWS's documents have it."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def keys(access_key: str, seconds: float = 3600) -> dict[str, str]:
    """Return the keys of a document of metadata."""
    return {
        "AccessKeyId": access_key,
        "SecretAccessKey": SECRET,
        "Token": TOKEN,
        "Expiration": in_an_hour(seconds),
    }


def answer(document: object, status: int = 200) -> bytes:
    """Return a JSON response."""
    return response(status, json.dumps(document).encode(), {"Content-Type": "application/json"})


@dataclass
class Metadata:
    """EC2's instance metadata service: version 2 only, as an instance with HttpTokens=required has it."""

    access_key: str = "ASIAINSTANCE"
    role: str = "the-role"
    seconds: float = 3600
    tokens: list[str] = field(default_factory=list)

    def __call__(self, seen: Seen) -> bytes:
        if "x-forwarded-for" in seen.headers:
            return response(403)
        if seen.path == "/latest/api/token":
            return self._token(seen)
        if seen.method != "GET" or seen.headers.get("x-aws-ec2-metadata-token") not in self.tokens:
            return response(401)
        if seen.path == "/latest/meta-data/iam/security-credentials/":
            return response(200, self.role.encode()) if self.role else response(404)
        if seen.path == f"/latest/meta-data/iam/security-credentials/{self.role}":
            return answer({"Code": "Success", "Type": "AWS-HMAC", **keys(self.access_key, self.seconds)})
        return response(404)

    def _token(self, seen: Seen) -> bytes:
        life = seen.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if seen.method != "PUT" or seen.query or seen.body:
            return response(405)
        if not re.fullmatch("[0-9]{1,5}", life) or not 1 <= int(life) <= 21600:
            return response(400)
        self.tokens.append(f"AQAEAtoken{len(self.tokens)}==")
        return response(200, self.tokens[-1].encode(), {"x-aws-ec2-metadata-token-ttl-seconds": life})


@dataclass
class Agent:
    """The agent of ECS, or of EKS Pod Identity: one path, and perhaps a token."""

    access_key: str = "ASIACONTAINER"
    path: str = "/v2/credentials/6a5d"
    token: str | None = None

    def __call__(self, seen: Seen) -> bytes:
        if seen.method != "GET" or seen.path != self.path or "x-forwarded-for" in seen.headers:
            return answer({"code": "NotFound", "message": "no such path"}, 404)
        if seen.headers.get("authorization") != self.token:
            return answer({"code": "AccessDenied", "message": f"bad token {seen.headers.get('authorization')}"}, 401)
        return answer(keys(self.access_key))


@dataclass
class Portal:
    """IAM Identity Center: the portal that gives keys, and the service that renews logins."""

    access_token: str = "aoaAAAAAaccess"
    refresh_token: str = "aorAAAAArefresh"
    access_key: str = "ASIASSO"

    def __call__(self, seen: Seen) -> bytes:
        if seen.path == "/token":
            return self._renewed(seen)
        if seen.method != "GET" or seen.path != "/federation/credentials":
            return answer({"message": "no such path"}, 404)
        if seen.headers.get("x-amz-sso_bearer_token") != self.access_token or "authorization" in seen.headers:
            return answer({"message": "Session token not found or invalid"}, 401)
        asked = dict(parse_qsl(seen.query))
        if asked != {"role_name": "Reader", "account_id": "111122223333"}:
            return answer({"message": "No access"}, 403)
        end = datetime.now(UTC) + timedelta(hours=1)
        found = {
            "accessKeyId": self.access_key,
            "secretAccessKey": SECRET,
            "sessionToken": TOKEN,
            "expiration": int(end.timestamp() * 1000),
        }
        return answer({"roleCredentials": found})

    def _renewed(self, seen: Seen) -> bytes:
        asked = json.loads(seen.body)
        wanted = {
            "clientId": "the-client",
            "clientSecret": "the-client-secret",
            "grantType": "refresh_token",
            "refreshToken": self.refresh_token,
        }
        if seen.method != "POST" or seen.headers.get("content-type") != "application/json" or asked != wanted:
            return answer({"error": "invalid_grant", "error_description": f"bad {self.refresh_token}"}, 400)
        self.access_token, self.refresh_token = "aoaBBBBBaccess", "aorBBBBBrefresh"
        found = {"accessToken": self.access_token, "expiresIn": 28800, "refreshToken": self.refresh_token}
        return answer(found | {"tokenType": "Bearer"})


@dataclass
class TokenService:
    """STS: AssumeRole for keys that it knows, whose signature it checks, and AssumeRoleWithWebIdentity for tokens."""

    known: Mapping[str, str] = field(default_factory=dict)
    web_token: str = ""
    region: str = "us-east-1"
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, seen: Seen) -> bytes:
        form = {name: values[0] for name, values in parse_qs(seen.body.decode(), strict_parsing=True).items()}
        self.asked.append(form)
        if seen.method != "POST" or form.pop("Version", "") != "2011-06-15":
            return self.refusal("InvalidAction", "no such action")
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", form.get("RoleSessionName", "")):
            return self.refusal("ValidationError", "RoleSessionName")
        action = form.pop("Action")
        if action == "AssumeRoleWithWebIdentity":
            return self._web_identity(seen, form)
        if form.get("RoleArn", "").endswith("/refused"):
            return self.refusal("AccessDenied", f"{seen.headers.get('x-amz-security-token')} must not take on the role")
        signer = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/", seen.headers.get("authorization", ""))
        if not signer or signer[1] not in self._all_known():
            return self.refusal("InvalidClientTokenId", "The security token included in the request is invalid")
        if not self._is_signed(seen, signer[1]):
            return self.refusal("SignatureDoesNotMatch", "The request signature does not match")
        return self._given(action, form["RoleArn"], signer[1])

    def _all_known(self) -> dict[str, str]:
        """Return its own keys too: a role may take on another."""
        return {**self.known, **dict.fromkeys(self._issued, SECRET)}

    @property
    def _issued(self) -> set[str]:
        return self.__dict__.setdefault("issued", set())  # type: ignore[no-any-return]  # a set is put there

    def _web_identity(self, seen: Seen, form: Mapping[str, str]) -> bytes:
        if "authorization" in seen.headers:
            return self.refusal("IncompleteSignature", "this action is not signed")
        if form.get("WebIdentityToken") != self.web_token:
            return self.refusal("InvalidIdentityToken", f"bad token {form.get('WebIdentityToken')}")
        return self._given("AssumeRoleWithWebIdentity", form["RoleArn"], "web")

    def _is_signed(self, seen: Seen, access_key: str) -> bool:
        """Ask botocore for the signature of this request."""
        sent = seen.headers["authorization"]
        names = re.search("SignedHeaders=([^,]+)", sent)
        assert names is not None
        headers = {name: seen.headers[name] for name in names[1].split(";")}
        url = f"http://{seen.headers['host']}{seen.target.decode()}"
        request = AWSRequest("POST", url, data=seen.body, headers=headers)
        request.context["timestamp"] = seen.headers["x-amz-date"]
        auth = SigV4Auth(BotocoreCredentials(access_key, self._all_known()[access_key]), "sts", self.region)
        text = auth.string_to_sign(request, auth.canonical_request(request))
        return sent.endswith(f"Signature={auth.signature(text, request)}")

    def _given(self, action: str, role: str, source: str) -> bytes:
        key = f"ASIA.{role.rpartition('/')[2]}.{source}"
        self._issued.add(key)
        document = f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>
            <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>
            <SessionToken>{TOKEN}</SessionToken><Expiration>{in_an_hour()}</Expiration></Credentials>
            <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/x/y</Arn><AssumedRoleId>AROA:y</AssumedRoleId>
            </AssumedRoleUser></{action}Result></{action}Response>"""
        return response(200, document.encode(), {"Content-Type": "text/xml"})

    @staticmethod
    def refusal(code: str, message: str, status: int = 403) -> bytes:
        """Return an error document."""
        document = f"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
            <Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"""
        return response(status, document.encode(), {"Content-Type": "text/xml"})


def login(end: str | None = None, **more: Any) -> dict[str, Any]:
    """Return what `aws sso login` leaves in its file."""
    return {
        "startUrl": "https://example.awsapps.com/start",
        "region": "us-east-1",
        "accessToken": "aoaAAAAAaccess",
        "expiresAt": end or in_an_hour(),
        "clientId": "the-client",
        "clientSecret": "the-client-secret",
        "registrationExpiresAt": in_an_hour(86400),
        "refreshToken": "aorAAAAArefresh",
        **more,
    }
