"""Knows everybody whom the person rows describe, and finds them again by what other rows call them.

A row that names somebody makes nobody a person: who is not described stays unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final, Literal, NamedTuple

from rostersync.connectors.sits.layout import IDENTITIES, Layout, Table
from rostersync.connectors.sits.rows import Row
from rostersync.connectors.sits.schools import Schools

How = Literal["yes", "unknown", "ambiguous"]

_FEIDE: Final = "feide"
_NUMBER: Final = "number"


class Match(NamedTuple):
    """Whom a row names: her key, and whether she was found. Who was not has the key she would have."""

    key: str
    found: How


def key_of(row: Row, space: str) -> str:
    """The key of whom a row is about: the first of her code, her Feide ident and her national number; empty without any.

    Idents are given to others again, so one is a key together with the birth date. When the key changes, because SITS
    gave her a code, the person stays: identity recognises her by national number, or by ident and birth date.
    """
    identity, text = next(iter(_identities(row, (space,))), ("", ""))
    birth = row.one("birth") if identity == _FEIDE else ""
    return f"{text}/{birth}" if birth else text


class People:
    """Everybody in the person rows of one export."""

    def __init__(self, rows: Iterable[Row], layout: Layout, schools: Schools) -> None:
        persons = {table.name: table for table in layout.tables if table.kind == "person"}
        self._spaces = tuple(dict.fromkeys(table.spaces[0] for table in persons.values()))
        self._everybody: defaultdict[str, set[str]] = defaultdict(set)
        self._staff: defaultdict[str, set[str]] = defaultdict(set)
        self._called: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._names: dict[str, str] = {}
        for row in rows:
            if row.table in persons:
                self._learn(row, persons[row.table], schools)

    def _learn(self, row: Row, table: Table, schools: Schools) -> None:
        key = key_of(row, table.spaces[0])
        if not key:
            return
        for _, text in _identities(row, table.spaces):
            self._everybody[text].add(key)
            if table.staff:
                self._staff[text].add(key)
        school = schools.find(row.one("school"))
        if table.staff:
            given, family = row.one("given"), row.one("family")
            self._names[key] = f"{given} {family}".strip()
            for name in (f"{given} {family}", f"{family}, {given}", f"{family} {given}"):
                self._called[school.number if school else "", _spoken(name)].add(key)

    def match(self, row: Row, spaces: Sequence[str]) -> Match:
        """Whom a row names by code, Feide ident or national number. Where these contradict each other, nobody is found."""
        named = _identities(row, spaces if spaces != ("code",) else self._spaces)
        known = [hits for _, text in named if (hits := self._everybody.get(text))]
        if not known:
            return Match(named[0][1] if named else "", "unknown")
        return _one_of(reduce(set.intersection, known), named[0][1])

    def teacher(self, text: str, school: str) -> Match:
        """The contact teacher of that code, Feide ident, national number or name; by name at that school only."""
        forms = (*(f"{space}/{text}" for space in self._spaces), f"{_FEIDE}/{text.lower()}", f"{_NUMBER}/{_bare(text)}")
        known = set[str]().union(*(self._staff.get(form, ()) for form in forms))
        return _one_of(known or self._called.get((school, _spoken(text)), set()), "")

    def name(self, key: str) -> str:
        """The full name of somebody on the staff."""
        return self._names.get(key, "")


def _identities(row: Row, spaces: Sequence[str]) -> list[tuple[str, str]]:
    """What a row calls somebody, the best first; a code once for each number series that it may be from."""
    found: list[tuple[str, str]] = []
    for identity in IDENTITIES:
        if text := row.one(identity):
            if identity == _FEIDE:
                found.append((identity, f"{_FEIDE}/{text.lower()}"))
            elif identity == _NUMBER:
                found.append((identity, f"{_NUMBER}/{_bare(text)}"))
            else:
                found += ((identity, f"{space}/{text}") for space in spaces)
    return found


def _one_of(keys: set[str], otherwise: str) -> Match:
    if len(keys) == 1:
        return Match(next(iter(keys)), "yes")
    return Match(otherwise or min(keys, default=""), "ambiguous" if keys or otherwise else "unknown")


def _bare(number: str) -> str:
    return "".join(number.split())


def _spoken(name: str) -> str:
    return " ".join(name.casefold().replace(",", " , ").split())
