"""The files that are read: two days of a synthetic municipality, and the first day once more in other guises."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from benchmarks.measure import measured, python

ON, NEXT = "2026-10-05", "2026-10-06"
_SETTLED = 60
_BEGIN = b"<person>"


class Counts(msgspec.Struct, frozen=True):
    """What the first day's export holds."""

    persons: int
    groups: int
    memberships: int
    megabytes: float


class Exports:
    """The exports of one size in a folder. Those that are there already are not made again."""

    def __init__(self, folder: Path, size: str) -> None:
        self.size = size
        self._folder = folder / f"exports-{size}"
        self._counts = self._folder / "counts.json"

    def counts(self) -> Counts:
        """What the first day holds."""
        if not self._counts.exists():
            made = msgspec.json.decode(self._generate(1))
            made["megabytes"] = self._day(1).stat().st_size / 1e6
            self._counts.write_bytes(msgspec.json.encode(msgspec.convert(made, Counts)))
        return msgspec.json.decode(self._counts.read_bytes(), type=Counts)

    def place(self, guise: str, path: Path) -> None:
        """Put an export where it is looked for, old enough to be at rest.

        `guise` is `day1`, `day2`, or day1 with a later date in its header: `again` as it is, `reordered` with its first two
        persons in each other's place, so that the file as a whole is not recognised but every element is, or `scattered`
        with a change to every hundredth person, and to a fourth of all groups about a hundredth of all memberships.
        """
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        if guise in ("day1", "day2"):
            os.link(self._made(int(guise[-1])), path)
        else:
            with self._made(1).open("rb") as first, path.open("wb") as other:
                other.writelines(
                    line.replace(b"T02:00:00</datetime>", b"T03:00:00</datetime>") for line in _header(first)
                )
                _GUISES[guise](first, other)
        os.utime(path, (time.time() - _SETTLED,) * 2)

    def _made(self, day: int) -> Path:
        if not self._day(day).exists():
            self._generate(day)
        return self._day(day)

    def _generate(self, day: int) -> bytes:
        command = python("rostersync", "--json", "lab", "generate", self._folder, "--size", self.size, "--day", day)
        printed = measured(command).printed
        (self._folder / f"account-day{day}.jsonl").unlink()  # as large as the export, and not needed here
        return printed

    def _day(self, day: int) -> Path:
        return self._folder / f"export-day{day}.xml"


def _copy(first: BinaryIO, other: BinaryIO) -> None:
    shutil.copyfileobj(first, other, 1 << 20)


def _reorder(first: BinaryIO, other: BinaryIO) -> None:
    other.writelines(reversed(list(islice(first, 2))))
    _copy(first, other)


def _scatter(first: BinaryIO, other: BinaryIO) -> None:
    """One element a line: every hundredth person gets another name, every fourth group loses its first member."""
    seen = dict.fromkeys(_SCATTERED, 0)
    for line in first:
        kind = line[: line.find(b">") + 1]
        if kind in seen:
            seen[kind] += 1
            every, change = _SCATTERED[kind]
            other.write(line if seen[kind] % every else change(line))
        else:
            other.write(line)


def _renamed(person: bytes) -> bytes:
    return person.replace(b"</family>", b"-Ny</family>")


def _without_first(membership: bytes) -> bytes:
    head, _, members = membership.partition(b"<member>")
    left = members.partition(b"</member>")[2]
    return head + left if b"<member>" in left else membership


_GUISES: dict[str, Callable[[BinaryIO, BinaryIO], None]] = {
    "again": _copy,
    "reordered": _reorder,
    "scattered": _scatter,
}
_SCATTERED: dict[bytes, tuple[int, Callable[[bytes], bytes]]] = {
    _BEGIN: (100, _renamed),
    b"<membership>": (4, _without_first),
}


def _header(stream: BinaryIO) -> Iterator[bytes]:
    """The lines before the first person, where the stream then stands."""
    while not (line := stream.readline()).startswith(_BEGIN):
        assert line, "an export without persons"
        yield line
    stream.seek(-len(line), os.SEEK_CUR)
