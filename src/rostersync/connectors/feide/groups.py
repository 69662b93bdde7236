"""Feide's group values -> groups and their members.

The values stand on the persons (docs.feide.no/schema/info_go, annexes A3 and A4):
`urn:mace:feide.no:go:group:TYPE:GREP:ORGANISATION:LOCAL ID:FROM:TO:ROLE:NAME`, each part percent-encoded. Dates may be
the member's own, so a group is known by its school year, and runs from the first date to the last.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple
from unicodedata import normalize
from urllib.parse import quote, unquote

from rostersync.connectors.feide.fields import (
    AFFILIATION,
    DN,
    ENTITLEMENT,
    GROUP_PREFIX,
    ID,
    OWNER_NUMBER,
    SCHOOL_DN,
    SCHOOL_NUMBER,
)
from rostersync.connectors.feide.rows import Row

_PREFIX: Final = GROUP_PREFIX.decode()
_PARTS: Final = 8
_TYPES: Final = frozenset("bua")
_DATE: Final = re.compile(r"(\d{4})-(\d\d)-\d\d")
_NEW_YEAR: Final = 7
"""The month from which on a date belongs to the school year that begins in its own year."""

Texts = dict[str, str]
Member = tuple[str, str, str, str]
"""Person id, role, begin, end."""


class Value(NamedTuple):
    """One group value, decoded. `key` is the same for all members of a group in one school year."""

    key: str
    type: str
    grep: str
    organisation: str
    begin: str
    end: str
    role: str
    name: str


@lru_cache(maxsize=1 << 14)
def group_value(text: str) -> Value | None:
    """The group that an entitlement speaks of; None when it speaks of none, or cannot be read."""
    if not text.lower().startswith(_PREFIX):
        return None
    parts = [normalize("NFC", unquote(part)).strip() for part in text[len(_PREFIX) :].split(":")]
    if len(parts) != _PARTS:
        return None
    kind, grep, organisation, local, begin, end, role, name = parts
    dated = _DATE.fullmatch(begin)
    if not (kind and organisation and local and dated and _DATE.fullmatch(end)):
        return None
    year = int(dated[1]) - (int(dated[2]) < _NEW_YEAR)
    kind, grep, organisation = kind.lower(), grep.upper(), organisation.upper()
    key = ":".join((kind, organisation, quote(local.lower(), safe=""), str(year)))
    return Value(key, kind, grep, organisation, begin, end, role.lower(), name)


class Roster(NamedTuple):
    """Everyone in one group: person number and tie number, side by side."""

    persons: array[int]
    ties: array[int]


class Gathering:
    """All groups of a reading, in little memory: persons and ties are numbers.

    `unknown` counts group values of a type that Feide's documentation does not name, `unreadable` malformed ones.
    """

    def __init__(self) -> None:
        self.unknown: Counter[str] = Counter()
        self.unreadable = 0
        self._groups: dict[str, Texts] = {}
        self._rosters: dict[str, Roster] = {}
        self._persons: list[str] = []
        self._ties: dict[tuple[str, str, str], int] = {}
        self._schools: dict[str, str] = {}

    def take(self, row: Row) -> None:
        """Take in one row. Organisations come before the persons."""
        if row.kind == "school":
            self._school(row)
        else:
            self._person(row)

    def _school(self, row: Row) -> None:
        texts = row.texts
        for attribute, kind in ((OWNER_NUMBER, "owner"), (SCHOOL_NUMBER, "school")):
            if not (numbers := texts.get(attribute)):
                continue
            number = numbers[0].upper()
            names = texts.get("ou") or texts.get("eduOrgLegalName") or texts.get("o") or (number,)
            self._schools[texts[DN][0]] = number
            self._groups.setdefault(number, {"type": kind, "number": number, "name": names[0]})

    def _person(self, row: Row) -> None:
        own = row.texts.get(ID)
        if not own:
            return
        number = len(self._persons)
        self._persons.append(own[0])
        for dn in row.texts.get(SCHOOL_DN, ()):
            if school := self._schools.get(dn):
                for affiliation in row.texts.get(AFFILIATION, ()):
                    self._join(school, number, (affiliation.lower(), "", ""))
        for text in row.texts.get(ENTITLEMENT, ()):
            value = group_value(text)
            if value is None:
                self.unreadable += text.lower().startswith(_PREFIX)
            elif value.type not in _TYPES:
                self.unknown[value.type if len(value.type) == 1 else "?"] += 1
            else:
                self._group(value)
                self._join(value.key, number, (value.role, value.begin, value.end))

    def groups(self) -> Iterator[tuple[str, Texts]]:
        """Every group by key, in key order."""
        yield from sorted(self._groups.items())

    def rosters(self) -> Iterator[tuple[str, str, list[Member]]]:
        """Every group that has members: key, type, and members in sorted order."""
        ties = list(self._ties)
        for key, roster in sorted(self._rosters.items()):
            pairs = zip(roster.persons, roster.ties, strict=True)
            yield key, self._groups[key]["type"], sorted((self._persons[one], *ties[tie]) for one, tie in pairs)

    def _group(self, value: Value) -> None:
        told = {"type": value.type, "grep": value.grep, "name": value.name, "parent": value.organisation}
        told |= {"begin": value.begin, "end": value.end}
        known = self._groups.get(value.key)
        if known is None:
            self._groups[value.key] = told
        elif known != told:  # whoever comes first must not decide
            self._groups[value.key] = _widest(known, told)

    def _join(self, key: str, person: int, tie: tuple[str, str, str]) -> None:
        roster = self._rosters.get(key)
        if roster is None:
            roster = self._rosters[key] = Roster(array("I"), array("I"))
        roster.persons.append(person)
        roster.ties.append(self._ties.setdefault(tie, len(self._ties)))


def _widest(one: Mapping[str, str], other: Mapping[str, str]) -> Texts:
    """What two members' values say of one group, taken together: the longest time, and the first other text."""
    taken = {name: min(filter(None, (one[name], other[name])), default="") for name in one}
    return taken | {"end": max(one["end"], other["end"])}
