"""One reading of a directory into a private copy, and what it does about a server that gives less than was asked."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import ldap

from rostersync.connectors.feide.fields import SCHOOL_FILTER, Asked
from rostersync.connectors.feide.following import Following, is_cookie
from rostersync.connectors.feide.paging import pages
from rostersync.connectors.feide.rows import Attributes, Tidying, Writing
from rostersync.connectors.feide.session import Session, opened
from rostersync.connectors.feide.settings import Settings


class Copied(NamedTuple):
    """What came of it. `unreadable` counts, by attribute, values that were left out."""

    digest: str
    partial: bool
    cursor: str
    unreadable: Counter[str]


class Copying:
    """Copies one directory. `cursor` is the note that an earlier reading left, or empty."""

    def __init__(self, settings: Settings, ask: Asked, cursor: str = "") -> None:
        self._settings = settings
        self._ask = ask
        self._size = settings.page_size
        told = (settings.url, settings.base, settings.filter, settings.bind_dn, ask)
        self._way = hashlib.sha256(repr(told).encode()).hexdigest()[:16]
        way, _, cookie = cursor.partition(" ")
        # A group's members cannot be told one by one, so where groups are wanted everything is always read.
        follows = settings.mode == "syncrepl" and not ask.schools
        self._cookie = cookie if follows and way == self._way and is_cookie(cookie) else ""
        self._follows = follows

    def halve(self) -> None:
        """Ask for smaller pages from now on."""
        self._size //= 2

    def forget(self) -> None:
        """Read everything from now on."""
        self._cookie = ""

    def lose(self, error: ldap.LDAPError) -> bool:
        """Whether an error may be about the cookie, which is then forgotten: a server restored from a backup, say."""
        about_it = bool(self._cookie) and not isinstance(error, ldap.INVALID_CREDENTIALS)
        if about_it:
            self.forget()
        return about_it

    def copy(self, password: str, stream: BinaryIO) -> Copied:
        """Connect, read everything (or all changes), and hang up.

        Raises:
            TooMany, Lost: `halve` or `forget`, and begin again.
            SnapshotRefused, ldap.LDAPError: see there.
        """
        partial = bool(self._cookie)
        attributes = (*self._ask.persons, *self._ask.schools)
        tidying, writing = Tidying(attributes), Writing(stream, f"{self._way} {partial}")
        with opened(self._settings, password) as session:
            base = session.base(self._settings.base)
            if self._ask.schools:
                for dn, found in pages(session, base, SCHOOL_FILTER, self._ask.schools, self._size):
                    writing.add(tidying.row("school", dn, found))
            following = Following(session, self._cookie) if self._follows else None
            for dn, found in self._persons(session, base, following):
                writing.add(tidying.row("person", dn, found))
        cursor = f"{self._way} {following.cookie}" if following else ""
        return Copied(writing.finish(self._proof(writing, partial=partial)), partial, cursor, tidying.unreadable)

    def _persons(self, session: Session, base: str, following: Following | None) -> Iterator[tuple[str, Attributes]]:
        if following:
            return following.entries(base, self._settings.filter, self._ask.persons)
        return pages(session, base, self._settings.filter, self._ask.persons, self._size)

    def _proof(self, writing: Writing, *, partial: bool) -> str:
        persons = writing.count["person"]
        if partial:
            return f"every change was named, and nothing was deleted: {persons}"
        how = "the synchronisation ended with a cookie" if self._follows else "the last page had no cookie"
        return f"{how}, no limit was met: {persons} persons"
