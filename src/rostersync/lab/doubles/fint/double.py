"""The server side of FINT: tokens by password or for a client by itself, and caches behind paths, in model 3 or 4."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qs

from rostersync.lab.doubles.faults import Faults
from rostersync.lab.doubles.fint.cache import Cache
from rostersync.lab.doubles.server import Asked, Told

ACCOUNT: Final = {
    "username": "rostersync@client.lysvik.example",
    "password": "a password of the lab, of no use anywhere else",
    "clientId": "lab-client",
    "clientSecret": "a client secret of the lab",
    "assetIds": ["lysvik.example"],
    "scope": ["fint-client"],
}
"""The account that the double knows, as the customer portal would show it."""

TOKEN_PATH: Final = "/nidp/oauth/nam/token"  # noqa: S105 - an address

FAULTS: Final = {
    "empty": "every cache is empty, as after a restart",
    "shrunk": "half of the pupils are gone",
    "reordered": "pages after the first come the other way round",
    "duplicated": "an entry is there twice, in place of another",
    "repeated": "an entry is there twice, besides the others",
    "lost": "pages after the first hold nothing",
    "moving": "every look at a cache finds it changed",
    "expired": "tokens are of no use",
    "rotated": "the password is another",
}
"""Fault -> what it does, besides those of every server."""

_DATA_FAULTS: Final = ("reordered", "duplicated", "repeated", "lost")


class FintDouble:
    """A county's FINT. `clock` gives milliseconds since 1970; `numbers`: so does `last-updated`, as in newer consumers."""

    def __init__(
        self,
        clock: Callable[[], int],
        *,
        model: Literal["3", "4"] = "4",
        faults: Faults | None = None,
        numbers: bool = True,
        hidden: Iterable[str] = (),
    ) -> None:
        self.faults = faults or Faults()
        self.caches: dict[str, Cache] = {}
        self.tokens_given = 0
        self._clock = clock
        self._model = model
        self._numbers = numbers
        self._hidden = tuple(hidden)
        self._looks = 0

    def full_sync(self, resources: Mapping[str, Iterable[dict[str, Any]]]) -> None:
        """Take over everything that the school system's adapter sends. Keys are paths without a slash before them."""
        for path, entries in resources.items():
            self.caches.setdefault(path, Cache(path)).full_sync(entries, self._clock())

    def answer(self, asked: Asked) -> Told:
        """The reply to a request."""
        if asked.path == TOKEN_PATH:
            return self._token(asked)
        if asked.headers.get("authorization") != f"Bearer {self._current}" or self.faults.has("expired"):
            return Told(status=401)
        path, _, last = asked.path.strip("/").rpartition("/")
        if path.endswith("/cache") and last == "size":
            return self._small(path.removesuffix("/cache"), lambda cache: {"size": self._size(cache)})
        if last == "last-updated":
            return self._small(path, lambda cache: {"lastUpdated": self._moment(cache)})
        cache = self._cache(asked.path.strip("/"))
        return Told(status=404) if cache is None else Told(self._entries(cache, asked), kind="application/hal+json")

    @property
    def _current(self) -> str:
        return f"lab-token-{self.tokens_given}"

    def _token(self, asked: Asked) -> Told:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        client = {"client_id": ACCOUNT["clientId"], "client_secret": ACCOUNT["clientSecret"], "scope": "fint-client"}
        user = {"grant_type": "password", "username": ACCOUNT["username"], "password": ACCOUNT["password"]}
        if form not in (user | client, {"grant_type": "client_credentials"} | client) or self.faults.has("rotated"):
            return Told(b'{"error": "invalid_grant"}', status=400)
        self.tokens_given += 1
        lasts = 3600
        return Told(json.dumps({"access_token": self._current, "token_type": "Bearer", "expires_in": lasts}).encode())

    def _cache(self, path: str) -> Cache | None:
        return None if path in self._hidden else self.caches.get(path)

    def _small(self, path: str, tell: Callable[[Cache], dict[str, Any]]) -> Told:
        cache = self._cache(path)
        return Told(status=404) if cache is None else Told(json.dumps(tell(cache)).encode())

    def _size(self, cache: Cache) -> int:
        if self.faults.has("empty"):
            return 0
        return len(self._shrunk(cache) or cache)

    def _moment(self, cache: Cache) -> int | str:
        self._looks += self.faults.has("moving")
        moment = cache.changed_at + self._looks
        return moment if self._numbers else str(moment)

    def _entries(self, cache: Cache, asked: Asked) -> bytes:
        link = f"https://api.felleskomponent.no/{cache.path}"
        shown = Cache(cache.path) if self.faults.has("empty") else self._shrunk(cache) or cache
        disorder = [fault for fault in _DATA_FAULTS if self.faults.has(fault)]
        offset, size, since = (int(asked.one(name, "0")) for name in ("offset", "size", "sinceTimeStamp"))
        return shown.page(offset, size, since, link=link, disorder=disorder)

    def _shrunk(self, cache: Cache) -> Cache | None:
        """The cache with half of the pupils, while that fault is on."""
        return cache.half() if self.faults.has("shrunk") and cache.path.endswith(("/elev", "/elevforhold")) else None
