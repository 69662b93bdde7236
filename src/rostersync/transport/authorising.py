"""How a call proves who we are: not at all, by name and password, by a token, or by an OAuth 1.0a signature."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal, Protocol
from urllib.parse import urlencode

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from rostersync.transport.calls import Call, Method

if TYPE_CHECKING:
    from rostersync.transport.http import Http

_EARLY: Final = 60.0
"""Seconds before its end at which a token counts as spent: a long page must not outlive it."""

_SIGNATURES: Final = {"sha256": SIGNATURE_HMAC_SHA256, "sha1": SIGNATURE_HMAC_SHA1}


_REFUSALS: Final = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)
"""The reasons a token endpoint gives with status 400 (RFC 6749, 5.2)."""


class Authoriser(Protocol):
    """Puts proof of who we are on every call."""

    def headers(self, method: Method, url: str, body: bytes | None) -> Mapping[str, str]:
        """The headers of one call."""
        ...

    def renew(self) -> bool:
        """After a 401: whether there is new proof, so that one more try makes sense."""
        ...


class Open:
    """No proof is asked for."""

    def headers(self, method: Method, url: str, body: bytes | None) -> Mapping[str, str]:  # noqa: ARG002 - the protocol has it
        """None."""
        return {}

    def renew(self) -> bool:
        """Never."""
        return False


class Basic(Open):
    """A user name and a password (RFC 7617). A wrong one is tried once: there may be a lock behind it."""

    def __init__(self, user: str, password: str) -> None:
        self._proof = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def headers(self, method: Method, url: str, body: bytes | None) -> Mapping[str, str]:  # noqa: ARG002 - the protocol has it
        """The same for every call."""
        return {"Authorization": self._proof}


class Bearer(Open):
    """A token that somebody was given once and for all (RFC 6750). One that is revoked stays so."""

    def __init__(self, token: str) -> None:
        self._proof = f"Bearer {token}"

    def headers(self, method: Method, url: str, body: bytes | None) -> Mapping[str, str]:  # noqa: ARG002 - the protocol has it
        """The same for every call."""
        return {"Authorization": self._proof}


class Signed(Open):
    """OAuth 1.0a with two legs (RFC 5849): HMAC-SHA256, as OneRoster 1.1 asks for, or SHA1, as drafts of it did."""

    def __init__(self, key: str, secret: str, signature: Literal["sha256", "sha1"] = "sha256") -> None:
        self._client = Client(key, secret, signature_method=_SIGNATURES[signature])

    def headers(self, method: Method, url: str, body: bytes | None) -> Mapping[str, str]:  # noqa: ARG002 - not signed
        """A signature over method, address and query."""
        _, headers, _ = self._client.sign(url, http_method=method)
        return dict(headers)


class Token:
    """An OAuth 2 bearer token (RFC 6749), by password or client credentials; fetched when needed, renewed before its end.

    `form` is what the token endpoint is told, secrets included. A refusal of it is final: it may lock the account.
    """

    def __init__(
        self, endpoint: Http, path: str, form: Mapping[str, str], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._endpoint = endpoint
        self._call = _token_call(path, form)
        self._now = now
        self._token = ""
        self._ends = 0.0

    def headers(self, method: Method, url: str, body: bytes | None) -> Mapping[str, str]:  # noqa: ARG002 - the protocol has it
        """The token, a new one when there is none or it is about to end."""
        if not self._token or self._now() >= self._ends:
            self._fetch()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Forget the token; the next call fetches another."""
        self._token = ""
        return True

    def _fetch(self) -> None:
        answer = self._endpoint.json(self._call)
        if isinstance(answer, dict) and (refusal := answer.get("error")):
            reason = refusal if refusal in _REFUSALS else "no known reason"
            raise self._endpoint.trouble(
                self._call, f"our credentials are refused ({reason}); they are not tried again by themselves"
            )
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise self._endpoint.trouble(self._call, "the answer holds no access_token")
        lasts = answer.get("expires_in")
        self._token = token
        self._ends = self._now() + max(0.0, float(lasts if isinstance(lasts, int | float) else 3600) - _EARLY)


def _token_call(path: str, form: Mapping[str, str]) -> Call:
    return Call(
        what="the token",
        path=path,
        method="POST",
        headers=(("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")),
        body=urlencode(form).encode(),
        expected=(200, 400),
    )
