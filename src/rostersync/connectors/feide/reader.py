"""Reads the private copy of a directory: fragments of persons, then of groups and memberships where those are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import msgspec
import structlog

from rostersync.connectors import Fragment, KeyedDigest, Snapshot, Wanted
from rostersync.connectors.feide.fields import GUARDIAN, LIN, LOCAL_NUMBERS
from rostersync.connectors.feide.groups import Gathering, Member
from rostersync.connectors.feide.rows import Row, Rows, read_row
from rostersync.errors import SnapshotRefused
from rostersync.model import Record, RecordKind

log = structlog.get_logger()

_NOTHING: Final[frozenset[str]] = frozenset()
_pack: Final = msgspec.msgpack.Encoder().encode
_SCHOOL: Final = _pack(Row("school", {}))[:-1]
"""How an organisation's row begins."""
_Fields = Mapping[str, tuple[str, ...]]


class FeideReading:
    """One pass over a copy. Where nobody asks for groups, an unchanged person's row is digested and nothing else."""

    def __init__(
        self, name: str, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, *, guardians: bool, careful: bool
    ) -> None:
        self._name = name
        self._path = Path(snapshot.path)
        self._keyed = keyed
        self._wanted = wanted
        self._contacts = wanted.get("contact", _NOTHING) if guardians else _NOTHING
        self._careful = careful
        self._proof = ""

    @property
    def proof(self) -> str:
        """After the last fragment: how the search ended."""
        return self._proof

    def __iter__(self) -> Iterator[Fragment]:
        persons = bool(self._wanted.get("person") or self._contacts)
        grouped = any(self._wanted.get(kind) for kind in ("group", "membership", "member"))
        gathering = Gathering() if grouped else None
        lines = count(1)
        with self._path.open("rb") as stream:
            rows = Rows(stream)
            for content in rows:
                line = next(lines)
                if gathering or self._careful:
                    row = _checked(content)
                    if gathering:
                        gathering.take(row)
                if persons and not content.startswith(_SCHOOL):
                    yield Fragment("person", self._keyed(content), line, partial(self._person, content, line))
        if gathering:
            yield from self._gathered(gathering, lines)
        self._proof = rows.proof

    def _person(self, content: bytes, line: int) -> Record:
        """The record of a person's row."""
        row = read_row(content)
        fields = {name: row.texts[name] for name in self._wanted.get("person", _NOTHING) if name in row.texts}
        fields |= self._local_numbers(row)
        parts = tuple(self._contact(number, line) for number in row.texts.get(GUARDIAN, ()) if self._contacts)
        return Record("person", fields, line, parts)

    def _local_numbers(self, row: Row) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for text in row.texts.get(LIN, ()):
            _, _, local = text.partition(":")
            kind, _, number = local.partition(":")
            name = LOCAL_NUMBERS.get(kind.lower(), "")
            if name in self._wanted.get("person", _NOTHING) and (number := number.strip()):
                found[name] = (*found.get(name, ()), number)
        return found

    def _contact(self, number: str, line: int) -> Record:
        told = {"contact": (number,), "type": ("guardian",)}
        return Record("contact", {name: told[name] for name in told if name in self._contacts}, line)

    def _gathered(self, gathering: Gathering, lines: Iterator[int]) -> Iterator[Fragment]:
        if gathering.unknown or gathering.unreadable:
            log.warning(
                "source.groups_passed_over",
                source=self._name,
                unknown_types=dict(gathering.unknown),
                unreadable=gathering.unreadable,
            )
        if self._wanted.get("group"):
            for key, told in gathering.groups():
                texts, line = {"group": key, **told}, next(lines)
                yield Fragment("group", self._keyed(_pack(["group", texts])), line, partial(self._group, texts, line))
        if self._wanted.get("membership") or self._wanted.get("member"):
            for key, kind, members in gathering.rosters():
                digest, line = self._keyed(_pack(["membership", key, kind, members])), next(lines)
                yield Fragment("membership", digest, line, partial(self._roster, key, kind, members, line))

    def _group(self, told: Mapping[str, str], line: int) -> Record:
        return Record("group", self._chosen("group", told), line)

    def _roster(self, key: str, kind: str, members: Sequence[Member], line: int) -> Record:
        wanted = self._wanted.get("member", _NOTHING)
        named = "member" in wanted
        shared: dict[tuple[str, str, str], _Fields] = {}
        parts = []
        for person, role, begin, end in members:
            fields = shared.get((role, begin, end))
            if fields is None:
                fields = self._chosen("member", {"role": role, "begin": begin, "end": end})
                shared[role, begin, end] = fields
            parts.append(Record("member", fields, line, whose=person if named else ""))
        return Record("membership", self._chosen("membership", {"group": key, "type": kind}), line, tuple(parts))

    def _chosen(self, kind: RecordKind, told: Mapping[str, str]) -> _Fields:
        """The fields of a record of a kind that are wanted and not empty."""
        wanted = self._wanted.get(kind, _NOTHING)
        return {name: (text,) for name, text in told.items() if text and name in wanted}


def _checked(content: bytes) -> Row:
    """A row, read in full.

    Raises:
        SnapshotRefused: the copy is damaged.
    """
    try:
        return read_row(content)
    except msgspec.DecodeError:
        text = "the private copy of the directory is damaged; check the disk"
    raise SnapshotRefused("no proof", text)
