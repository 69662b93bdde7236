"""A roster in the spool, indexed: where each entry lies, who belongs where, and who is whose guardian.

Offsets, ids and the places at organisations are held in memory; everything else is read again where it is needed.
"""

from __future__ import annotations

import mmap
from array import array
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from rostersync.connectors.oneroster.entries import (
    Class,
    Course,
    End,
    Enrollment,
    Line,
    Org,
    Place,
    Session,
    Texts,
    User,
    decode,
    encode,
)
from rostersync.connectors.oneroster.families import Contacts, Families
from rostersync.connectors.oneroster.records import CLASS, ORG


class Gathering(Struct, frozen=True):
    """Everyone at an organisation or in a class. `about` are the class's fields; `lines` one enrollment each, sorted."""

    key: str
    about: Texts
    lines: list[bytes]

    def members(self) -> Iterator[tuple[str, Place]]:
        """The ids of the users, and how they belong."""
        for line in self.lines:
            found = decode(line)
            if isinstance(found, Enrollment):
                yield found.user, found.place


class Roster:
    """An indexed spool, from `with` to the end of the block. `proof` is empty when the spool itself is cut off."""

    def __init__(self, path: Path, *, guardians: bool) -> None:
        """Index a spool.

        Raises:
            OSError: it cannot be read.
        """
        self.proof = ""
        self.orgs, self.classes, self.users = array("Q"), array("Q"), array("Q")
        self._sessions: dict[str, Session] = {}
        self._courses: dict[str, Course] = {}
        self._posts: defaultdict[str, list[bytes]] = defaultdict(list)
        self._enrollments: defaultdict[str, array[int]] = defaultdict(lambda: array("Q"))
        self._class_at: dict[str, int] = {}
        self._families = Families() if guardians else None
        with path.open("rb") as stream:
            self._lines = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        self._index()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()

    def line(self, at: int) -> bytes:
        """The line that begins at an offset."""
        return self._lines[at : self._lines.find(b"\n", at)]

    def contacts(self, line: bytes) -> Contacts:
        """The adults of a pupil, by her line; none where guardians stay in the source."""
        if self._families is None:
            return ()
        user = decode(line)
        return self._families.contacts(user) if isinstance(user, User) else ()

    def course(self, one: Class) -> Course | None:
        """What a class is a class in; None where nothing describes it."""
        return self._courses.get(one.course)

    def period(self, one: Class) -> tuple[str, str, str]:
        """From the begin of a class's first term to the end of its last, and the school year; empty where unknown.

        Where one of its terms is not described, nobody knows when it ends.
        """
        terms = [self._sessions[term] for term in one.terms if term in self._sessions]
        if not terms or len(terms) < len(one.terms):
            return "", "", ""
        begins, ends = [term.begin for term in terms], [term.end for term in terms]
        return min(begins), max(ends) if all(ends) else "", max(term.year for term in terms)

    def gatherings(self) -> Iterator[Gathering]:
        """Everyone at each organisation and in each class. The key is empty where an entry does not say where."""
        for org, lines in self._posts.items():
            yield Gathering(ORG + org if org else "", {}, sorted(set(lines)))
        for group, offsets in self._enrollments.items():
            lines = sorted({self.line(at) for at in offsets})
            yield Gathering(CLASS + group if group else "", self._about(group), lines)

    def _about(self, group: str) -> Texts:
        at = self._class_at.get(group)
        found = None if at is None else decode(self.line(at))
        return found.fields if isinstance(found, Class) else {}

    def _index(self) -> None:
        at, size = 0, len(self._lines)
        while at < size:
            line = self.line(at)
            self._note(at, decode(line))
            at += len(line) + 1

    def _note(self, at: int, found: Line) -> None:
        match found:
            case Enrollment():
                self._enrollments[found.group].append(at)
            case User():
                self.users.append(at)
                for post in found.posts:
                    self._posts[post.org].append(encode(Enrollment(post.org, found.id, post.place)))
                if self._families:
                    self._families.note(found)
            case Class():
                self.classes.append(at)
                self._class_at[found.id] = at
            case Org():
                self.orgs.append(at)
            case Session():
                self._sessions[found.id] = found
            case Course():
                self._courses[found.id] = found
            case End():
                self.proof = found.proof
