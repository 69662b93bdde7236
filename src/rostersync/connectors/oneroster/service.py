"""A OneRoster service as the source: every collection to its end, and nothing at all when nothing has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any, Final

import msgspec
from msgspec import Struct

from rostersync.connectors.oneroster.entries import COLLECTIONS, encode
from rostersync.connectors.oneroster.paging import ask, pages
from rostersync.connectors.oneroster.settings import Settings
from rostersync.connectors.oneroster.shaping import is_gone, shape, text
from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.transport.authorising import Authoriser, Basic, Signed, Token
from rostersync.transport.http import Http
from rostersync.transport.tape import Tape

_SCOPE: Final = "https://purl.imsglobal.org/spec/or/{}/scope/roster-core.readonly"
_READINGS: Final = 3
"""How often a collection is read until it came whole: it may change while it is read."""

_LARGEST: Final = 50_000
"""Entries asked for in one piece, so that an answer stays within what the transport takes."""


class Tally(Struct, frozen=True):
    """What came of one collection: `different` of the `received` entries are unlike all others.

    `total` is how many were promised, None where nothing was; `newest` is the latest dateLastModified among them.
    """

    received: int
    different: int
    total: int | None
    pages: int
    newest: str

    @property
    def whole(self) -> bool:
        """Whether everything came, and nothing twice."""
        return self.received == self.different and self.total in (None, self.different)

    @property
    def in_one_piece(self) -> bool:
        """Whether as much came as was promised, on one page: what came twice is then listed twice."""
        return self.pages <= 1 and self.received >= (self.total or 0)


class Cursor(Struct, frozen=True):
    """What is known of the last whole reading: its newest date, its digest, and how many entries there were of each."""

    since: str
    digest: str
    totals: dict[str, int | None]


class Service:
    """One service, spoken to as the settings say."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        zone: tzinfo,
        *,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._settings = settings
        self._zone = zone
        self._wait, self._now = wait, now

    def check(self) -> list[str]:
        """What keeps us from reading it, in sentences: one small call, with one try of the credentials."""
        try:
            with self._open() as http:
                ask(http, "orgs", limit="1")
        except SourceUnavailable as error:
            return [str(error)]
        return []

    def read(self, tape: Tape) -> dict[str, Tally]:
        """Read every collection on to a tape.

        Raises:
            SourceUnavailable: it cannot be reached, or does not answer as it should.
            SnapshotRefused: a collection did not come whole.
            UserMistake: the secret cannot be read.
        """
        with self._open() as http:
            return {collection: self._whole(http, collection, tape) for collection in COLLECTIONS}

    def unchanged(self, cursor: str) -> Cursor | None:
        """The last reading, if the service says that nothing has changed since; None when it has to be read anew.

        A deleted entry that leaves no trace changes the number of entries.

        Raises:
            SourceUnavailable, UserMistake: as for `read`.
        """
        known = _cursor(cursor)
        if known is None or self._settings.dates != "reliable":
            return None
        newer = f"dateLastModified>'{known.since}'"
        with self._open() as http:
            for collection in COLLECTIONS:
                if ask(http, collection, limit="1", filter=newer).entries:
                    return None
                if ask(http, collection, limit="1").total != known.totals.get(collection):
                    return None
        return known

    def cursor(self, tallies: Mapping[str, Tally], digest: str) -> str:
        """The note of where to go on from; empty when the dates tell nothing, or no number would show a deletion."""
        newest = max(tally.newest for tally in tallies.values())
        uncounted = any(tally.total is None for tally in tallies.values())
        if not newest or uncounted or self._settings.dates != "reliable":
            return ""
        totals = {name: tally.total for name, tally in tallies.items()}
        return msgspec.json.encode(Cursor(newest, digest, totals)).decode()

    # -- one collection -----------------------------------------------------------------------------------------------

    def _whole(self, http: Http, collection: str, tape: Tape) -> Tally:
        """Read a collection until it came whole: after the first time in one piece, which cannot change between pages."""
        mark, size = tape.mark(), self._settings.page
        for _ in range(_READINGS):
            tape.back_to(mark)
            tally = self._once(http, collection, tape, size)
            if tally.whole or tally.in_one_piece:
                return tally
            size = max(size, min(_LARGEST, max(tally.received, tally.total or 0) + 1))
        raise SnapshotRefused(
            "no proof",
            f"{self._name}: of the {collection}, {tally.different} different ones came where the service promises "
            f"{tally.received if tally.total is None else tally.total}, in {_READINGS} readings; it may be changing just "
            "now: run again later, and ask whoever runs it if that does not help",
        )

    def _once(self, http: Http, collection: str, tape: Tape, size: int) -> Tally:
        seen: set[int] = set()
        received, filled, total, newest = 0, 0, None, ""
        for page in pages(http, collection, size, self._settings.sort):
            total, filled = page.total, filled + bool(page.entries)
            for raw in page.entries:
                received += 1
                newest = max(newest, text(raw.get("dateLastModified")))
                seen.add(self._write(collection, raw, tape, seen))
        return Tally(received, len(seen), total, filled, newest)

    def _write(self, collection: str, raw: Mapping[str, Any], tape: Tape, seen: set[int]) -> int:
        """Write an entry unless it was seen already; what it is known by in this reading."""
        number = text(raw.get("sourcedId"))
        if is_gone(raw):
            return hash((number, text(raw.get("role"))))
        line = encode(shape(collection, raw, self._zone))
        known_by = hash((number, line))
        if known_by not in seen:
            tape.write(line)
        return known_by

    # -- the line -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _open(self) -> Iterator[Http]:
        settings = self._settings
        if settings.client_secret is None:  # refused when the connector was made
            raise SourceUnavailable(f"{self._name}: client_secret is not set")
        secret = settings.client_secret.read()
        endpoint = self._http(settings.token_url, Basic(settings.client_id, secret)) if settings.token_url else None
        authoriser = self._token(endpoint) if endpoint else Signed(settings.client_id, secret, settings.signature)
        http = self._http(settings.url, authoriser)
        try:
            yield http
        finally:
            http.close()
            if endpoint:
                endpoint.close()

    def _http(self, base: str, authoriser: Authoriser) -> Http:
        line = self._settings.line()
        return Http(self._name, base, line, SourceUnavailable, authoriser=authoriser, wait=self._wait, now=self._now)

    def _token(self, endpoint: Http) -> Token:
        """Client credentials, with the secret in the header (1EdTech Security Framework 1.0, section 4.1)."""
        url = self._settings.url
        scope = self._settings.scope or _SCOPE.format("v1p1" if "v1p1" in url else "v1p2")
        return Token(endpoint, self._settings.token_url, {"grant_type": "client_credentials", "scope": scope})


def _cursor(text: str) -> Cursor | None:
    try:
        return msgspec.json.decode(text, type=Cursor) if text else None
    except msgspec.DecodeError:  # an older version's note
        return None
