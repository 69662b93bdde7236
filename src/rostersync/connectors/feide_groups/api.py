"""Asks the Groups API for a realm's groups and their members, and writes them to a tape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

import structlog

from rostersync.connectors.feide_groups.entries import Member, Told, encode
from rostersync.connectors.feide_groups.naming import OWNER, Name, name_of, title_of
from rostersync.connectors.feide_groups.settings import KINDS, Settings
from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.transport.authorising import Authoriser, Basic, Token
from rostersync.transport.calls import Call
from rostersync.transport.http import Http
from rostersync.transport.paging import next_page
from rostersync.transport.tape import Tape

_ASKING: Final = (("Accept", "application/json"),)
_FEIDE: Final = "feide:"
_MOST: Final = 100_000
"""Pages of one list. No realm has as many; a server whose links go round does."""

log = structlog.get_logger()


class Api:
    """The Groups API, with a token of our own."""

    def __init__(
        self, name: str, settings: Settings, *, wait: Callable[[float], None], now: Callable[[], float]
    ) -> None:
        self._name = name
        self._settings = settings
        self._wait, self._now = wait, now

    def check(self) -> list[str]:
        """What keeps us from reading it, in sentences: one small call, with one try of the credentials."""
        try:
            with self._open() as http:
                next(self._pages(http, "the groups", self._groups, 1), [])
        except SourceUnavailable as error:
            return [str(error)]
        return []

    def read(self, tape: Tape) -> str:
        """Write every group of a kind that is read, with its members. What proved that all came, in words.

        Raises:
            SourceUnavailable: it cannot be reached, or does not answer as it should.
            SnapshotRefused: its links go round.
            UserMistake: the secret cannot be read.
        """
        unknown: Counter[str] = Counter()
        groups = members = 0
        with self._open() as http:
            for group in self._listed(http, "the groups", self._groups):
                name = name_of(group)
                if name.kind not in (OWNER, *KINDS):
                    unknown[name.kind] += 1
                elif name.kind == OWNER or name.kind in self._settings.kinds:
                    told = self._told(http, group, name)
                    tape.write(encode(told))
                    groups, members = groups + 1, members + len(told.members)
        for kind, count in sorted(unknown.items()):
            log.info("source.kind_unknown", source=self._name, go_type=kind, groups=count)
        return f"{groups} groups and {members} memberships, every list read to its last page"

    # -- one group ----------------------------------------------------------------------------------------------------

    @property
    def _groups(self) -> str:
        return f"orgs/{quote(self._settings.realm, safe='')}/groups"

    def _told(self, http: Http, group: Mapping[str, Any], name: Name) -> Told:
        """A group with its members. The owner's are everybody, whom the schools have too."""
        path = f"{self._groups}/{quote(str(group.get('id', '')), safe='')}/members"
        found = self._listed(http, "the members of a group", path) if name.key and name.kind != OWNER else ()
        members = sorted({_member(one) for one in found}, key=lambda one: (one.user, one.affiliation))
        grep = group.get("grep")
        code = str(grep.get("code", "")) if isinstance(grep, Mapping) else ""
        return Told(
            name.kind,
            name.key,
            name.parent,
            title_of(group),
            name.number,
            name.local,
            code,
            name.begin,
            name.end,
            tuple(members),
        )

    def _listed(self, http: Http, what: str, path: str) -> Iterator[Mapping[str, Any]]:
        for page in self._pages(http, what, path, self._settings.page):
            yield from page

    def _pages(self, http: Http, what: str, path: str, size: int) -> Iterator[list[Mapping[str, Any]]]:
        """The pages of a list, by the links that the API gives (RFC 8288)."""
        call = Call(what=what, path=path, query=(("per_page", str(size)),), headers=_ASKING)
        for _ in range(_MOST):
            answer, page = http.decoded(call)
            if not isinstance(page, list) or not all(isinstance(one, Mapping) for one in page):
                raise http.trouble(call, "the answer is no list of entries; check url and realm")
            yield page
            following = next_page(answer.headers, f"{self._settings.url}/")
            if not following:
                return
            call = Call(what=what, path=following, headers=_ASKING)
        raise SnapshotRefused("no proof", f"{self._name}: {what}: the links to the next page never end")

    # -- the line -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _open(self) -> Iterator[Http]:
        settings = self._settings
        endpoint = self._http(settings.token_url, Basic(settings.client_id, settings.client_secret.read()))
        http = self._http(settings.url, Token(endpoint, settings.token_url, {"grant_type": "client_credentials"}))
        try:
            yield http
        finally:
            http.close()
            endpoint.close()

    def _http(self, base: str, authoriser: Authoriser) -> Http:
        line = self._settings.line()
        return Http(self._name, base, line, SourceUnavailable, authoriser=authoriser, wait=self._wait, now=self._now)


def _member(entry: Mapping[str, Any]) -> Member:
    """One member. Who has no Feide name, or whose we may not see, has an empty one."""
    ids = entry.get("userid_sec")
    several = ids if isinstance(ids, list) else [ids]
    user = next((one for one in several if isinstance(one, str) and one.startswith(_FEIDE)), "")
    membership = entry.get("membership")
    affiliation = membership.get("affiliation") if isinstance(membership, Mapping) else None
    held = affiliation if isinstance(affiliation, list) else [affiliation]
    texts = tuple(sorted({one.strip().lower() for one in held if isinstance(one, str) and one.strip()}))
    return Member(user.removeprefix(_FEIDE).strip().lower(), texts)
