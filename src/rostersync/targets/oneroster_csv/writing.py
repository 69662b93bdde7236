"""Writes a roster as the seven files of a OneRoster set, holding no more than its groups and guardianships in memory.

Users are read once. Their enrolments go straight to the file; their rows wait in a spool until every guardianship
is known, because a guardian and her ward stand far apart in the roster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TextIO

import msgspec

from rostersync.model import Group, Organisation, User
from rostersync.targets import Placed
from rostersync.targets.leftout import LeftOut
from rostersync.targets.oneroster_csv import rows
from rostersync.targets.oneroster_csv.links import Links
from rostersync.targets.oneroster_csv.sessions import sessions_of
from rostersync.transport.files.staging import private

_BUFFER = 1 << 20


class _Spooled(msgspec.Struct, array_like=True):
    """A user's row waiting for its links. `guardians` is empty for a suspended user."""

    id: str
    enabled: bool
    guardians: tuple[str, ...]
    row: tuple[str, ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Spooled).decode


def write_set(folder: Path, spool: Path, roster: Iterator[Placed], kinds: frozenset[str]) -> LeftOut:
    """Write the files of a set into an empty folder.

    Args:
        folder: where `manifest.csv` and the others go.
        spool: a file that does not exist yet, for rows that wait; it is gone again afterwards.
        roster: organisations, groups, then users, each in id order.
        kinds: the group kinds that become classes; empty for all.

    Returns:
        What was left out because it points outside the set or OneRoster has no place for it.
    """
    left_out = LeftOut()
    organisations, groups, users = _sorted_out(roster)
    frame = _write_frame(folder, organisations, groups, kinds, left_out)
    del groups
    links = Links(left_out)
    with open(spool, "xb", buffering=_BUFFER, opener=private) as waiting, _csv(folder, "enrollments") as out:
        for user, key in users:
            out.writelines(rows.enrolment_lines(user, key, frame, left_out))
            waiting.write(_encode(_spooled(user, key, frame, left_out)) + b"\n")
            if user.enabled:
                links.name(key, user.guardians)
    for spooled in _unspooled(spool):
        if spooled.enabled:
            links.see(spooled.id, spooled.row[0])
    links.close()
    _write(folder, "users", _user_rows(spool, links))
    spool.unlink()
    return left_out


def _sorted_out(roster: Iterator[Placed]) -> tuple[list[Organisation], list[Group], Iterator[tuple[User, str]]]:
    organisations: list[Organisation] = []
    groups: list[Group] = []
    for placed in roster:
        if isinstance(placed.value, Organisation):
            organisations.append(placed.value)
        elif isinstance(placed.value, Group):
            groups.append(placed.value)
        else:
            return organisations, groups, _users(chain((placed,), roster))
    return organisations, groups, iter(())


def _users(roster: Iterable[Placed]) -> Iterator[tuple[User, str]]:
    for placed in roster:
        if not isinstance(placed.value, User):
            raise TypeError("a roster gives every organisation and group before the first user")
        yield placed.value, placed.target_key or placed.value.id


def _write_frame(
    folder: Path, organisations: list[Organisation], groups: list[Group], kinds: frozenset[str], left_out: LeftOut
) -> rows.Frame:
    """Write every file that users point to, and tell what they may point to."""
    there = frozenset(organisation.id for organisation in organisations)
    chosen = [group for group in groups if not kinds or group.kind in kinds]
    classes = [group for group in chosen if group.school in there]
    left_out.add(rows.NO_SCHOOL, len(chosen) - len(classes))
    root = next((organisation.id for organisation in organisations if organisation.kind == "owner"), "")
    kinds_there = sorted({group.kind for group in classes})
    sessions = sessions_of(classes)
    _write(folder, "manifest", rows.manifest_rows())
    _write(folder, "orgs", rows.organisation_rows(organisations, left_out))
    _write(folder, "academicSessions", rows.session_rows(sessions))
    _write(folder, "courses", rows.course_rows(kinds_there, root or min(there, default="")))
    _write(folder, "classes", rows.class_rows(classes, sessions))
    return rows.Frame(
        root=root,
        organisations=there,
        classes={group.id: rows.class_cells(group) for group in classes},
        unchosen=frozenset(group.id for group in groups) - {group.id for group in chosen},
    )


def _spooled(user: User, key: str, frame: rows.Frame, left_out: LeftOut) -> _Spooled:
    guardians = user.guardians if user.enabled else ()
    return _Spooled(user.id, user.enabled, guardians, rows.user_row(user, key, frame, left_out))


def _unspooled(spool: Path) -> Iterator[_Spooled]:
    with spool.open("rb", buffering=_BUFFER) as waiting:
        yield from map(_decode, waiting)


def _user_rows(spool: Path, links: Links) -> Iterator[rows.Row]:
    for one in _unspooled(spool):
        yield rows.with_agents(one.row, links.agents(one.id, one.row[0], one.guardians))


def _write(folder: Path, name: str, body: Iterable[rows.Row]) -> None:
    with _csv(folder, name) as out:
        out.writelines(map(rows.line, body))


@contextmanager
def _csv(folder: Path, name: str) -> Iterator[TextIO]:
    """A new CSV file with its header written."""
    path = folder / f"{name}.csv"
    with open(path, "x", buffering=_BUFFER, encoding="utf-8", newline="", opener=private) as out:
        out.write(rows.line(rows.HEADERS[name]))
        yield out
