"""Decides under whose key each entry of a resource is filed. Looks at links only, and quickly where there are very many."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from zlib import crc32

from rostersync.connectors.fint.asking import Page
from rostersync.connectors.fint.entries import Entry, entry_of
from rostersync.connectors.fint.filing import HOLES, Filing
from rostersync.connectors.fint.links import own, target, targets
from rostersync.connectors.fint.resources import GROUPS, RELATIONS

_VALUE: Final = rb"/system[iI]d/([A-Za-z0-9_.~-]+)\""
_ALONE: Final = b"alone"
"""Where entries go that belong to nobody."""

Line = tuple[bytes, bytes]
"""A key, and the line that begins with it."""


class Sorter:
    """Files the pages of one snapshot. With `families`, parents are noted too, under child and parent."""

    def __init__(self, filing: Filing, *, families: bool) -> None:
        self._filing = filing
        self._families = families
        self._ways: Mapping[str, Callable[[str, Page], None]] = {
            "person": self._persons,
            "elev": self._pupils,
            **dict.fromkeys(GROUPS, self._groups),
            **{f"{group}medlemskap": self._memberships for group in GROUPS},
        }

    def file(self, name: str, page: Page) -> None:
        """File the entries of a resource."""
        self._ways.get(name, self._lookups)(name, page)

    def forget(self, name: str) -> None:
        """Forget what was filed of a resource."""
        for shelf in (name, *(("foreldre", "barn") if name == "person" else ())):
            self._filing.forget(shelf)

    def _lookups(self, name: str, page: Page) -> None:
        """What is looked up as a whole may lie anywhere, so it is spread."""
        self._filing.file(name, (_line(b"%d" % (crc32(raw) % HOLES), raw) for raw in page.entries))

    def _groups(self, name: str, page: Page) -> None:
        self._filing.file(name, (_line(_self_of(entry), raw) for raw, entry in _read(page.entries)))

    def _pupils(self, name: str, page: Page) -> None:
        """A pupil lies with her person; one without is a record that lacks its names, and is filed all the same."""
        self._filing.file(name, (_line(target(entry.links.person).encode(), raw) for raw, entry in _read(page.entries)))

    def _persons(self, name: str, page: Page) -> None:
        persons: list[Line] = []
        parents: list[tuple[bytes, bytes]] = []
        for raw, entry in _read(page.entries):
            key = _self_of(entry)
            persons.append(_line(key, raw))
            if self._families and key:
                parents += [(one.encode(), key) for one in targets(entry.links.foreldre)]
                parents += [(key, one.encode()) for one in targets(entry.links.foreldreansvar)]
        self._filing.file(name, persons)
        if parents:
            self._filing.file("foreldre", [_line(parent, b"") for parent in {parent for parent, _ in parents}])
            self._filing.file("barn", [_line(child, parent) for parent, child in set(parents)])

    def _memberships(self, name: str, page: Page) -> None:
        """A membership lies with its group, and names its elevforhold: two thirds of all entries are of this kind."""
        group = name.removesuffix("medlemskap")
        lines = _quickly(group, page.body, page.entries)
        self._filing.file(name, lines if lines is not None else _carefully(group, page.entries))


def _quickly(group: str, body: bytes, entries: Sequence[bytes]) -> list[Line] | None:
    """The links of all entries by pattern; None when they are not one of each in every entry, plainly written."""
    groups = _pattern(RELATIONS[group]).findall(body)
    holders = _ELEVFORHOLD.findall(body)
    if not len(groups) == len(holders) == len(entries):
        return None
    lines: list[Line] = []
    for one, holder, entry in zip(groups, holders, entries, strict=True):
        if one not in entry or holder not in entry:
            return None
        key = b"systemid/" + one
        lines.append((key, b"%b\tsystemid/%b\t%b" % (key, holder, entry)))
    return lines


def _carefully(group: str, entries: Sequence[bytes]) -> Iterator[Line]:
    for raw in entries:
        links = entry_of(raw).links
        groups = next((found for name in RELATIONS[group] if (found := target(getattr(links, name)))), "")
        holder = target(links.elevforhold).encode()
        yield _line(groups.encode(), holder + b"\t" + raw)


_ELEVFORHOLD: Final = re.compile(b"/elevforhold" + _VALUE)


def _pattern(names: tuple[str, ...]) -> re.Pattern[bytes]:
    return re.compile(b"/(?:" + b"|".join(name.encode() for name in names) + b")" + _VALUE)


def _read(entries: Sequence[bytes]) -> Iterator[tuple[bytes, Entry]]:
    return ((raw, entry_of(raw)) for raw in entries)


def _line(key: bytes, rest: bytes) -> Line:
    key = key or _ALONE
    return key, key + b"\t" + rest


def _self_of(entry: Entry) -> bytes:
    return own(targets(entry.links.self_)).encode()
