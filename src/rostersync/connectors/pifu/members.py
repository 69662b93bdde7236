"""Reads the members of a membership from its bytes: those who differ in nothing but their id are understood once.

A class of thirty lists thirty members alike but for the id, and so do most classes of a municipality. The bytes around
the id are the member's *shape*. The first member of a shape is parsed like anything else; for the rest the id is put in
its place. Those of a shape who stand behind each other are taken at once. Only an id of plain ASCII without `<`, `>` and
`&` is taken so: it cannot change how the rest is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Final

from msgspec import Struct

from rostersync.model import Record

_REMEMBERED: Final = 4_096
"""Shapes kept at most; a sender who dates every role has many."""
_STAND_IN: Final = "0"
_PLAIN_ID: Final = re.compile(rb"[!-%'-;=?-~](?:[ -%'-;=?-~]*[!-%'-;=?-~])?").fullmatch

ParseMember = Callable[[bytes], tuple[Record, ...]]
"""Gives the records of one member, one for each role, from her bytes."""


class _Shape(Struct, frozen=True, gc=False):
    """What all members of a shape say: where their ids are from, and the fields of each of their roles.

    `above` are the line breaks before the member's tag, `lines` all line breaks of the shape.
    """

    source: str
    roles: tuple[Mapping[str, tuple[str, ...]], ...]
    above: int
    lines: int

    def records(self, numbers: Iterable[bytes], line: int) -> list[Record]:
        """The members with these ids, of whom the first begins on that line."""
        lines = count(line + self.above, self.lines)
        source = f"{self.source}/" if self.source else ""
        return [
            Record("member", fields, at, (), source and source + number.decode())
            for number, at in zip(numbers, lines, strict=False)
            for fields in self.roles
        ]


class Members:
    """The members of one reading. `prefix` is that of the document's tags, with its colon; `parse` reads what is new."""

    def __init__(self, prefix: str, parse: ParseMember) -> None:
        p = {b"p": re.escape(prefix).encode()}
        self._before = re.compile(
            rb"[ \t\r\n]*<%(p)smember>[ \t\r\n]*<%(p)ssourcedid>[ \t\r\n]*<%(p)ssource>[^<&]*</%(p)ssource>"
            rb"[ \t\r\n]*<%(p)sid>" % p
        )
        self._begin = f"<{prefix}member>".encode()
        self._end = f"</{prefix}member>".encode()
        self._parse = parse
        self._shapes: dict[tuple[bytes, bytes], _Shape | None] = {}

    def cut_out(self, raw: bytes, line: int) -> tuple[bytes, list[Record]]:
        """A membership without the run of members whose shapes are known or can be understood, and those members.

        `line` is the document's line on which the membership begins. Whatever does not fit stays in the membership, and
        so do its line breaks.
        """
        start = at = raw.find(self._begin)
        first = line = line + raw.count(b"\n", 0, max(start, 0))
        members: list[Record] = []
        while at >= 0 and (opening := self._before.match(raw, at)):
            before, behind_at = opening[0], raw.find(b"<", opening.end())
            behind = raw[behind_at : raw.find(self._end, behind_at) + len(self._end)]
            shape = self._shape(before, behind) if _PLAIN_ID(raw[opening.end() : behind_at]) else None
            if shape is None:
                break
            numbers, at = _run(raw, at, before, behind)
            members += shape.records(numbers, line)
            line += len(numbers) * shape.lines
        return (raw[:start] + b"\n" * (line - first) + raw[at:] if at > start else raw), members

    def _shape(self, before: bytes, behind: bytes) -> _Shape | None:
        key = (before, behind)
        if key not in self._shapes:
            if len(self._shapes) >= _REMEMBERED:
                self._shapes.clear()
            self._shapes[key] = self._understand(before, behind)
        return self._shapes[key]

    def _understand(self, before: bytes, behind: bytes) -> _Shape | None:
        """What members of this shape say; None when only parsing each of them can tell."""
        parts = self._parse(before + _STAND_IN.encode() + behind)
        sources = {part.whose for part in parts}
        source = sources.pop() if sources else ""
        if sources or (source and not source.endswith(f"/{_STAND_IN}")):
            return None
        return _Shape(
            source.removesuffix(f"/{_STAND_IN}"),
            tuple(part.fields for part in parts),
            before.count(b"\n", 0, before.index(b"<")),
            before.count(b"\n") + behind.count(b"\n"),
        )


def _run(raw: bytes, at: int, before: bytes, behind: bytes) -> tuple[list[bytes], int]:
    """The ids of the members of one shape who stand behind each other from `at` on, and where they end."""
    numbers: list[bytes] = []
    while raw.startswith(before, at):
        number_at = at + len(before)
        behind_at = raw.find(b"<", number_at)
        number = raw[number_at:behind_at]
        if not raw.startswith(behind, behind_at) or not (number.isalnum() or _PLAIN_ID(number)):
            break
        numbers.append(number)
        at = behind_at + len(behind)
    return numbers, at
