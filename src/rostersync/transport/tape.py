"""Writes what a server told to the spool, one record a line, and sums up its digest, whatever order it came in."""

from __future__ import annotations

import hashlib
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

from rostersync.transport.spool import Spool

_MODULUS: Final = 1 << 128


class Mark(Struct, frozen=True):
    """A point in a tape to go back to."""

    at: int
    sum: int


class Tape:
    """A copy being written, from `with` to the end of the block; an error in the block drops it."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._sum = 0
        self.path = spool.create()
        self._stream = spool.writing(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        if error is not None:
            self._spool.drop(self.path)

    def write(self, line: bytes) -> None:
        """Write one record; there is no line break in it."""
        self._sum = (self._sum + int.from_bytes(hashlib.blake2b(line, digest_size=16).digest())) % _MODULUS
        self._stream.write(line + b"\n")

    def end(self, line: bytes) -> None:
        """Write the last line, which tells that it is the last. The digest leaves it out."""
        self._stream.write(line + b"\n")
        self._stream.flush()

    def mark(self) -> Mark:
        """Where the tape stands."""
        return Mark(self._stream.tell(), self._sum)

    def back_to(self, mark: Mark) -> None:
        """Forget what was written since."""
        self._stream.seek(mark.at)
        self._stream.truncate()
        self._sum = mark.sum

    def digest(self, way: str) -> str:
        """A SHA-256 (hex) over all records in any order, and `way`, which spells out how they will be read."""
        return hashlib.sha256(f"{way}\0{self._sum}".encode()).hexdigest()
