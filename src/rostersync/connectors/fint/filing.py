"""Files entries by whom they concern, so that what belongs together is read together, in bounded memory.

A file holds shelves, each of a fixed number of pigeonholes; a line goes into the pigeonhole of its key. Entries come in
any order and may come twice: a pigeonhole is emptied sorted by key, each line once, so neither makes a difference.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final
from zlib import crc32

import msgspec

HOLES: Final = 64
"""Pigeonholes of a shelf: the largest county's largest resource then has a few MB in each."""

_AT_ONCE: Final = 16 << 20
_TRAILER: Final = 8
_TAB: Final = b"\t"

Index = dict[str, list[list[tuple[int, int]]]]
"""Shelf -> for each pigeonhole the pieces of the file (offset, length) that are its lines."""


def hole_of(key: bytes) -> int:
    """The pigeonhole of a key, on every shelf."""
    return crc32(key) % HOLES


class Shelves:
    """Reads what was filed in a stream. `index` may be that of a file still being written."""

    def __init__(self, stream: BinaryIO, index: Index) -> None:
        self._stream = stream
        self._index = index

    def lines(self, shelf: str, hole: int) -> list[bytes]:
        """The lines of one pigeonhole, sorted, each once."""
        places = self._index.get(shelf)
        if not places or not places[hole]:
            return []
        found = set(b"".join(self._piece(*place) for place in places[hole]).split(b"\n"))
        found.discard(b"")
        return sorted(found)

    def entries(self, shelf: str) -> Iterator[bytes]:
        """The rests of a shelf's lines, in no particular order."""
        for hole in range(HOLES):
            for line in self.lines(shelf, hole):
                yield line.partition(_TAB)[2]

    def by_key(self, shelf: str, hole: int) -> dict[bytes, list[bytes]]:
        """Key -> the rests of its lines."""
        found: dict[bytes, list[bytes]] = {}
        for line in self.lines(shelf, hole):
            key, _, rest = line.partition(_TAB)
            found.setdefault(key, []).append(rest)
        return found

    def pairs(self, shelf: str, hole: int) -> dict[bytes, tuple[list[bytes], list[bytes]]]:
        """Key -> the rests of its lines, cut in two at their first tab."""
        found: dict[bytes, tuple[list[bytes], list[bytes]]] = {}
        for line in self.lines(shelf, hole):
            key, first, second = line.split(_TAB, 2)
            if (there := found.get(key)) is None:
                there = found[key] = [], []
            there[0].append(first)
            there[1].append(second)
        return found

    def _piece(self, offset: int, length: int) -> bytes:
        self._stream.seek(offset)
        return self._stream.read(length)


class Filing:
    """Files lines into a new file, which `stream` writes. Nothing is complete before `close`."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._offset = 0
        self._index: Index = {}
        self._waiting: dict[str, list[list[bytes]]] = {}
        self._bytes = 0

    def file(self, shelf: str, lines: Iterable[tuple[bytes, bytes]]) -> None:
        """File (key, line), where the line begins with its key and a tab. It may hold no line feed, and a key no tab."""
        holes = self._waiting.setdefault(shelf, [[] for _ in range(HOLES)])
        size = 0
        for key, line in lines:
            size += len(line)
            holes[crc32(key) % HOLES].append(line)
        self._bytes += size
        if self._bytes > _AT_ONCE:
            self._flush()

    def forget(self, shelf: str) -> None:
        """Empty a shelf, to fill it anew."""
        self._waiting.pop(shelf, None)
        self._index.pop(shelf, None)

    def close(self) -> None:
        """Write what waits, and where everything is."""
        self._flush()
        index = msgspec.json.encode(self._index)
        self._stream.write(index + len(index).to_bytes(_TRAILER, "big"))
        self._stream.flush()

    def _flush(self) -> None:
        for shelf, holes in self._waiting.items():
            places = self._index.setdefault(shelf, [[] for _ in range(HOLES)])
            for place, lines in zip(places, holes, strict=True):
                if lines:
                    written = self._stream.write(b"\n".join(lines) + b"\n")
                    place.append((self._offset, written))
                    self._offset += written
        self._waiting.clear()
        self._bytes = 0


@contextmanager
def opened(path: Path) -> Iterator[Shelves]:
    """A file that was closed as it should be.

    Raises:
        OSError: it is gone.
    """
    with path.open("rb") as stream:
        stream.seek(-_TRAILER, os.SEEK_END)
        end = stream.tell()
        length = int.from_bytes(stream.read(_TRAILER), "big")
        stream.seek(end - length)
        yield Shelves(stream, msgspec.json.decode(stream.read(length), type=Index))
