"""A OneRoster 1.1 or 1.2 service, as strict about credentials and as loose about everything else as real ones are."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode

import msgspec
from oauthlib.oauth1 import Client

from rostersync.lab.doubles.faults import Faults
from rostersync.lab.doubles.oneroster.rows import Collections, Entry
from rostersync.lab.doubles.server import Asked, Told

FAULTS: Final = {
    "empty": "every collection is empty, and said to be",
    "null": "a null stands where the list belongs",
    "shrunk": "half of the users are missing, and of nothing else",
    "lost": "the second page of every collection is empty, though more are promised",
    "shifted": "an entry moves to the end while it is read, so that one is skipped and one comes twice",
    "reordered": "the entries come the other way round",
    "duplicated": "every entry is listed twice",
    "expired": "each token is good for two calls",
    "wrapped": "what is wrong is told with status 200",
}
"""Fault -> what it does, besides those of every server."""

_NEWER: Final = re.compile(r"dateLastModified>'([^']*)'")
_LIMIT: Final = 100


class OneRoster:
    """The service. `entries` may be changed while it runs; `cap` is the most entries on a page.

    `totals` and `links` tell whether it sends X-Total-Count and Link.
    """

    def __init__(
        self,
        entries: Collections,
        *,
        version: Literal["v1p1", "rostering/v1p2"] = "v1p1",
        client_id: str = "rostersync",
        secret: str = "secret of the lab",  # noqa: S107 - of no use anywhere else
        cap: int = 100_000,
        totals: bool = True,
        links: bool = False,
    ) -> None:
        self.entries = dict(entries)
        self.base = f"/ims/oneroster/{version}"
        self.faults = Faults()
        self._client_id = client_id
        self._secret = secret
        self._cap = cap
        self._totals, self._links = totals, links
        self._tokens: dict[str, int] = {}

    def answer(self, asked: Asked) -> Told:
        """The reply to a request."""
        if asked.path == "/token":
            return self._token(asked)
        if not self._admits(asked):
            return _wrong(401, "unauthorisedrequest")
        collection = asked.path.removeprefix(f"{self.base}/")
        if collection not in self.entries:
            return _wrong(404, "unknownobject")
        if self.faults.has("wrapped"):
            return Told(_wrong(500, "server_busy").body)
        return self._page(asked, collection)

    # -- who asks -----------------------------------------------------------------------------------------------------

    def _token(self, asked: Asked) -> Told:
        """Client credentials in the header, as the 1EdTech Security Framework has it."""
        proof = base64.b64encode(f"{self._client_id}:{self._secret}".encode()).decode()
        form = dict(parse_qsl(asked.body.decode()))
        if asked.headers.get("authorization") != f"Basic {proof}":
            return Told(b'{"error": "invalid_client"}', status=401)
        if form.get("grant_type") != "client_credentials" or "roster-core.readonly" not in form.get("scope", ""):
            return Told(b'{"error": "invalid_scope"}', status=400)
        token = f"token-{len(self._tokens)}"
        self._tokens[token] = 0
        return Told(msgspec.json.encode({"access_token": token, "token_type": "bearer", "expires_in": 3600}))

    def _admits(self, asked: Asked) -> bool:
        kind, _, proof = asked.headers.get("authorization", "").partition(" ")
        if kind == "Bearer" and proof in self._tokens:
            self._tokens[proof] += 1
            return not self.faults.has("expired") or self._tokens[proof] <= 2
        return kind == "OAuth" and self._signed(asked, proof)

    def _signed(self, asked: Asked, proof: str) -> bool:
        """Whether signing the same call again gives the same signature."""
        told = dict(re.findall(r'(\w+)="([^"]*)"', proof))
        if told.get("oauth_consumer_key") != self._client_id:
            return False
        client = Client(
            self._client_id,
            self._secret,
            nonce=told["oauth_nonce"],
            timestamp=told["oauth_timestamp"],
            signature_method=told["oauth_signature_method"],
        )
        query = f"?{urlencode(asked.query)}" if asked.query else ""
        _, headers, _ = client.sign(f"http://{asked.headers['host']}{quote(asked.path)}{query}")
        again = dict(re.findall(r'(\w+)="([^"]*)"', headers["Authorization"]))
        return unquote(again["oauth_signature"]) == unquote(told["oauth_signature"])

    # -- what it tells ------------------------------------------------------------------------------------------------

    def _page(self, asked: Asked, collection: str) -> Told:
        if self.faults.has("null"):
            return Told(msgspec.json.encode({collection: None}))
        every = self._listed(collection)
        found = self._chosen(asked, every)
        offset, limit = int(asked.one("offset", "0")), min(int(asked.one("limit", str(_LIMIT))), self._cap)
        if self.faults.has("shifted") and offset:
            found = [*found[1:], found[0]]
        page = found[offset : offset + limit]
        if self.faults.has("lost") and offset:
            page = []
        headers = [("X-Total-Count", str(len(every)))] if self._totals else []  # before filtering, as the provider does
        if self._links:
            more = offset + limit < len(found)
            query = urlencode({"limit": limit, "offset": offset + limit if more else 0})
            headers.append(("Link", f'<{self.base}/{collection}?{query}>; rel="{"next" if more else "first"}"'))
        return Told(msgspec.json.encode({collection: page}), headers=tuple(headers))

    def _listed(self, collection: str) -> list[Entry]:
        entries = [] if self.faults.has("empty") else self.entries[collection]
        if self.faults.has("shrunk") and collection == "users":
            entries = entries[::2]
        return [one for one in entries for _ in range(2)] if self.faults.has("duplicated") else entries

    def _chosen(self, asked: Asked, entries: list[Entry]) -> list[Entry]:
        if newer := _NEWER.fullmatch(asked.one("filter")):
            entries = [one for one in entries if one["dateLastModified"] > newer[1]]
        if by := asked.one("sort"):
            entries = sorted(entries, key=lambda one: str(one.get(by, "")))
        return entries[::-1] if self.faults.has("reordered") else entries


def _wrong(status: int, code: str) -> Told:
    """An answer as the standard has it for what is wrong."""
    field: Mapping[str, Any] = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": code}
    body = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_CodeMinor": {"imsx_codeMinorField": [field]},
    }
    return Told(msgspec.json.encode(body), status=status)
