"""Reads only what has changed (RFC 4533, syncrepl), as long as the directory can tell it beyond doubt.

A deletion is told by an id alone, or not at all once the server has forgotten it; and a cookie that the server does not
understand brings everything, as if nothing were missing. So changes count only where the server names each of them,
and nothing is gone. In all other cases everything is read, and who is missing is told by that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import ldap
from ldap.controls import ResponseControl
from ldap.syncrepl import SyncDoneControl, SyncInfoMessage, SyncRequestControl, SyncStateControl

from rostersync.connectors.feide.rows import Attributes
from rostersync.connectors.feide.session import Session
from rostersync.errors import SnapshotRefused

_CSN: Final = r"\d{14}\.\d{6}Z#[0-9a-f]{6}#[0-9a-f]{3}#[0-9a-f]{6}"
_COOKIE: Final = re.compile(rf"rid=\d{{3}}(?:,sid=[0-9a-f]{{3}})?,csn={_CSN}(?:;{_CSN})*")
_GIVEN: Final = frozenset({1, 2})
"""Sync states `add` and `modify`; the others, `present` and `delete`, come with an id and no more."""


class Lost(Exception):
    """The changes since the cookie cannot be told; everything has to be read."""


class State(ResponseControl):  # type: ignore[misc]
    """The Sync State Control of an entry (RFC 4533, 2.3): SEQUENCE { ENUMERATED state, ... }.

    python-ldap's own takes all of it apart, which costs more time than everything else about an entry.
    """

    controlType = SyncStateControl.controlType  # noqa: N815 - python-ldap looks for these names
    state = -1

    def decodeControlValue(self, encoded: bytes) -> None:  # noqa: N802 - its library's name
        """Read the state; what is no such control leaves it unknown."""
        if len(encoded) > 4 and encoded[0] == 0x30 and encoded[2:4] == b"\x0a\x01":
            self.state = encoded[4]


_KNOWN: Final = {State.controlType: State, SyncDoneControl.controlType: SyncDoneControl}


class Following:
    """One reading of what is new since `cookie`, or of everything without one. Afterwards `cookie` is the next one."""

    def __init__(self, session: Session, cookie: str) -> None:
        self._session = session
        self._since = cookie
        self.cookie = ""

    def entries(self, base: str, wanted: str, attributes: Sequence[str]) -> Iterator[tuple[str, Attributes]]:
        """The entries, one at a time.

        Raises:
            Lost: only with a cookie; what was given before does not count.
            SnapshotRefused: without a cookie; nothing proves that this was all.
            ldap.LDAPError: anything else.
        """
        control = SyncRequestControl(criticality=True, cookie=self._since or None, mode="refreshOnly")
        references = 0
        for kind, rows, controls in self._session.messages(base, wanted, attributes, control, _KNOWN):
            if kind == ldap.RES_SEARCH_ENTRY:
                for dn, found, told in rows:
                    if [one.state in _GIVEN for one in told if isinstance(one, State)] != [True]:
                        raise self._in_doubt("an entry came without its state")
                    yield dn, found
            elif kind == ldap.RES_SEARCH_REFERENCE:
                references += len(rows)
            elif kind == ldap.RES_INTERMEDIATE:
                self._between(rows)
            elif kind == ldap.RES_SEARCH_RESULT:
                self._end(controls)
        self._session.refuse_elsewhere(references)

    def _between(self, rows: Sequence[Any]) -> None:
        """What comes between entries: the ids of those deleted, or of those still present."""
        for name, content, _ in rows:
            if name != SyncInfoMessage.responseName:
                continue
            told = SyncInfoMessage(content)
            if self._since and (told.syncIdSet is not None or told.refreshPresent is not None):
                raise Lost
            if told.newcookie:
                self.cookie = told.newcookie

    def _end(self, controls: Sequence[Any]) -> None:
        done = next((one for one in controls if isinstance(one, SyncDoneControl)), None)
        # Without refreshDeletes, who was not named as present is gone.
        if done is None or (self._since and not done.refreshDeletes):
            raise self._in_doubt("it did not end as a synchronisation")
        self.cookie = done.cookie or self.cookie or self._since
        if not is_cookie(self.cookie):
            raise self._in_doubt("it gave no cookie to go on from")

    def _in_doubt(self, what: str) -> Exception:
        """What a reading ends with that cannot be trusted: with a cookie, everything is read instead."""
        if self._since:
            return Lost()
        return SnapshotRefused("no proof", f"the directory cannot be followed: {what}; set mode to paged")


def is_cookie(text: str) -> bool:
    """Whether a text is shaped as OpenLDAP's cookies are; a server takes any other for none, and says nothing."""
    return _COOKIE.fullmatch(text) is not None
