"""Speaks to Canvas: uploads an import, waits until it is through, fetches what it complains of, lists users."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct

from rostersync.errors import TargetFaltering, TargetUnavailable
from rostersync.targets.canvas.settings import Settings
from rostersync.transport.authorising import Bearer
from rostersync.transport.calls import Answer, Call
from rostersync.transport.http import Http
from rostersync.transport.paging import next_page
from rostersync.transport.patience import Patience

WHOLE: Final = frozenset({"imported", "imported_with_messages"})
"""The states of an import that went through; rows may have been refused all the same."""

_UNDER_WAY: Final = frozenset({"initializing", "created", "importing", "cleanup_batch"})
_CONFLICT: Final = 409
_JSON: Final = (("Accept", "application/json"),)
_PAGE: Final = (("per_page", "100"),)


_OF_ACCOUNTS: Final = "AccountMembership"
"""The base of an administrator's role, which no enrolment can have."""


class Complaint(Struct, frozen=True):
    """One message of an import. `line` is 0 where Canvas does not tell it; `text` may name people, and stays in here."""

    file: str
    line: int
    text: str


class Report(Struct, frozen=True):
    """What became of an import. `number` is Canvas's own; `state` its last word."""

    number: int
    state: str
    complaints: tuple[Complaint, ...] = ()


class Service:
    """One Canvas site.

    Raises (every method but `close`):
        TargetUnavailable: it cannot be reached, refuses the token, or does not answer as it should.
        UserMistake: the token cannot be read.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._settings = settings
        self._wait, self._now = wait, now
        self._base = f"{settings.url.rstrip('/')}/api/v1/"
        self._account = f"accounts/{settings.account}"

    def run_import(self, packed: bytes) -> Report:
        """Upload a zip, and give the report when Canvas is through with it.

        Raises:
            TargetFaltering: another import was running all the time.
        """
        with self._open() as http:
            started = self._started(http, packed)
            number = self._number(http, started)
            last = self._ended(http, number, started)
            state = str(last.get("workflow_state"))
            complaints = tuple(self._complaints(http, number, last)) if state != "imported" else ()
            return Report(number, state, complaints)

    def users(self) -> Iterator[Mapping[str, Any]]:
        """Every user of the account, as Canvas lists them."""
        with self._open() as http:
            call = Call(what="the users", path=f"{self._account}/users", query=_PAGE, headers=_JSON)
            yield from self._listed(http, call, "users")

    def reachable(self) -> None:
        """Ask for something that only an administrator of SIS imports is told."""
        with self._open() as http:
            query = (("per_page", "1"),)
            http.json(Call(what="the imports", path=f"{self._account}/sis_imports", query=query, headers=_JSON))

    def course_roles(self) -> set[str]:
        """The names of the roles that somebody can have in a course, those that the account made itself among them."""
        with self._open() as http:
            query = (*_PAGE, ("show_inherited", "true"))
            call = Call(what="the roles", path=f"{self._account}/roles", query=query, headers=_JSON)
            roles = list(self._listed(http, call, "roles"))
        return {str(one.get("label")) for one in roles if one.get("base_role_type") != _OF_ACCOUNTS}

    # -- one import ---------------------------------------------------------------------------------------------------

    def _started(self, http: Http, packed: bytes) -> Mapping[str, Any]:
        """The import that Canvas makes of a zip. To send it twice is harmless: every row says what should be."""
        edits = (("override_sis_stickiness", "true"),) if self._settings.override_edits else ()
        call = Call(
            what="the import",
            path=f"{self._account}/sis_imports",
            method="POST",
            query=(("import_type", "instructure_csv"), ("extension", "zip"), *edits),
            headers=(*_JSON, ("Content-Type", "application/zip")),
            body=packed,
            expected=(200, 201, _CONFLICT),
        )
        patience = self._patience()
        while True:
            answer, started = http.decoded(call)
            if answer.status != _CONFLICT:
                return _table(http, call, started)
            if not patience.wait(None):
                text = f"{self._name}: another import was running all the time ({self._hours}); it is tried again"
                raise TargetFaltering(text, overloaded=True)

    def _number(self, http: Http, started: Mapping[str, Any]) -> int:
        number = started.get("id")
        if not isinstance(number, int):
            call = Call(what="the import", path=self._account)
            raise http.trouble(call, "the answer names no import; check the setting url")
        return number

    def _ended(self, http: Http, number: int, last: Mapping[str, Any]) -> Mapping[str, Any]:
        """The last word on an import."""
        call = Call(what="the import's progress", path=f"{self._account}/sis_imports/{number}", headers=_JSON)
        patience = self._patience()
        while last.get("workflow_state") in _UNDER_WAY:
            if not patience.wait(None):
                raise TargetUnavailable(
                    f"{self._name}: import {number} is not through after {self._hours}; see in Canvas, under Admin, SIS "
                    "Import, what holds it up, then run the sync again: what has arrived does no harm a second time"
                )
            last = _table(http, call, http.json(call))
        return last

    def _complaints(self, http: Http, number: int, last: Mapping[str, Any]) -> Iterator[Complaint]:
        """Every message, with its line where Canvas has it; an older Canvas has only the messages in the import itself."""
        path = f"{self._account}/sis_imports/{number}/errors"
        call = Call(what="the import's messages", path=path, query=_PAGE, headers=_JSON, expected=(200, 404))
        found = [_complaint(one) for one in self._listed(http, call, "sis_import_errors")]
        if found:
            yield from found
            return
        for name in ("processing_errors", "processing_warnings"):
            for pair in last.get(name) or ():
                if isinstance(pair, list) and len(pair) == 2:
                    yield Complaint(str(pair[0]), 0, str(pair[1]))

    # -- the line -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _open(self) -> Iterator[Http]:
        authoriser = Bearer(self._settings.token.read())
        http = Http(
            self._name,
            self._base,
            self._settings.line(),
            TargetUnavailable,
            authoriser=authoriser,
            wait=self._wait,
            now=self._now,
        )
        try:
            yield http
        finally:
            http.close()

    def _listed(self, http: Http, call: Call, inside: str) -> Iterator[Mapping[str, Any]]:
        """The entries of a list in pages, which may stand openly or under a name."""
        met = {""}
        following = call.path
        while following not in met:
            met.add(following)
            answer, page = http.decoded(call)
            yield from _entries(http, call, answer, page, inside)
            following = next_page(answer.headers, self._base)
            call = Call(what=call.what, path=following, headers=_JSON, expected=call.expected)
        if following:
            raise http.trouble(call, "the links to the next page go round; run again later")

    def _patience(self) -> Patience:
        return Patience((self._settings.import_patience or timedelta()).total_seconds(), self._now, self._wait)

    @property
    def _hours(self) -> str:
        return f"{self._settings.import_patience or timedelta()}, see the setting import_patience"


def _table(http: Http, call: Call, answer: object) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise http.trouble(call, "the answer is none that Canvas gives; check the setting url")
    return answer


def _entries(http: Http, call: Call, answer: Answer, page: object, inside: str) -> Iterator[Mapping[str, Any]]:
    if answer.status != 200:  # a list that an older Canvas does not have
        return
    entries = page.get(inside) if isinstance(page, Mapping) else page
    if not isinstance(entries, list):
        raise http.trouble(call, "the answer is no list; check the setting url")
    for entry in entries:
        yield _table(http, call, entry)


def _complaint(entry: Mapping[str, Any]) -> Complaint:
    line = entry.get("row")
    return Complaint(str(entry.get("file", "")), line if isinstance(line, int) else 0, str(entry.get("message", "")))
