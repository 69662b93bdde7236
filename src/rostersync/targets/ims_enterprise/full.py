"""Writes a whole roster as one document of type full.

The roster is read twice: a pupil's element names her guardians by the LMS's keys, and stands before most of theirs.
Between the passes only ids are held; the members of a group wait as one text, since they come user by user.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, TextIO

from msgspec import Struct

from rostersync.model import Group, Organisation, User
from rostersync.targets import Placed
from rostersync.targets.ims_enterprise.elements import HEAD, NO_GUARDIAN, TAIL, Elements, depth, plain, roletype, ties
from rostersync.targets.ims_enterprise.words import DELETED
from rostersync.targets.leftout import LeftOut

NO_GROUP: Final = "a membership in a group that is not in the file"

_ROLETYPE: Final = 2
"""Characters of a roletype."""


class _There(Struct, frozen=True):
    """What the first pass found. `keys`: id -> the LMS's own key, of adopted users only; `kinds`: group id -> kind."""

    structure: tuple[Organisation | Group, ...]
    enabled: frozenset[str]
    keys: Mapping[str, str]
    kinds: Mapping[str, str]


def write_full(
    out: TextIO,
    elements: Elements,
    roster: Callable[[], Iterator[Placed]],
    left_out: LeftOut,
    now: datetime,
) -> None:
    """Write the document: properties, persons, groups, memberships."""
    there = _looked_through(roster())
    members: defaultdict[str, bytearray] = defaultdict(bytearray)
    out.write(HEAD)
    out.write(elements.properties("full", now))
    for placed in roster():
        if isinstance(placed.value, User):
            key = placed.target_key or placed.value.id
            out.write(_person(elements, placed.value, key, there, left_out))
            _join(members, placed.value, key, there, left_out)
    for one in there.structure:
        out.write(elements.group(one) if isinstance(one, Group) else elements.organisation(one))
    for group in sorted(members):
        out.writelines(elements.membership(group, _members(elements, members.pop(group))))
    out.write(TAIL)


def _looked_through(roster: Iterable[Placed]) -> _There:
    structure: list[Organisation | Group] = []
    enabled: set[str] = set()
    keys: dict[str, str] = {}
    for placed in roster:
        if not isinstance(placed.value, User):
            structure.append(placed.value)
            continue
        if placed.value.enabled:
            enabled.add(placed.value.id)
        if placed.target_key:
            keys[placed.value.id] = placed.target_key
    kinds = {one.id: one.kind for one in structure}
    return _There(tuple(sorted(structure, key=depth)), frozenset(enabled), keys, kinds)


def _person(elements: Elements, user: User, key: str, there: _There, left_out: LeftOut) -> str:
    if not user.enabled:
        return elements.person(user, key, (), DELETED)
    guardians = [there.keys.get(one, one) for one in user.guardians if one in there.enabled]
    left_out.add(NO_GUARDIAN, len(user.guardians) - len(guardians))
    return elements.person(user, key, guardians)


def _join(members: Mapping[str, bytearray], user: User, key: str, there: _There, left_out: LeftOut) -> None:
    for tie in ties(user):
        if tie.group in there.kinds:
            # a tenth of the memory of the elements that will be made of it; a key has no line end, see `plain`
            members[tie.group].extend(f"{roletype(tie.role, there.kinds[tie.group])}{plain(key)}\n".encode())
        else:
            left_out.add(NO_GROUP)


def _members(elements: Elements, lines: bytearray) -> Iterator[str]:
    for line in lines.decode().split("\n")[:-1]:
        yield elements.member(line[_ROLETYPE:], line[:_ROLETYPE])
