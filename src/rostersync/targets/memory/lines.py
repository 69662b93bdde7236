"""Keeps what was asked of the memory target in a file of JSON lines, so that a killed process can go on.

A request is one line, appended in one write. A line that a kill cut off has no end, and counts as never written.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rostersync.errors import TargetUnavailable
from rostersync.targets.memory.lms import Request

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Request).decode


class Lines:
    """The file of one memory target; it is made, 0600, with its first line.

    Raises (every method):
        TargetUnavailable: the file cannot be read or written; what it held before is still there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Iterator[Request]:
        """Every request that was wholly written, oldest first."""
        try:
            written = self._path.read_bytes() if self._path.exists() else b""
            for line in written.splitlines(keepends=True):
                if line.endswith(b"\n"):
                    yield _decode(line)
        except OSError as error:
            raise self._unavailable(error) from error
        except msgspec.MsgspecError:
            raise TargetUnavailable(f"{self._path} is no file of a memory target; move it away") from None

    def append(self, request: Request) -> None:
        """Write one request whole, or not at all."""
        line = _encode(request) + b"\n"
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                whole = self._drop_torn_line(descriptor)
                if os.write(descriptor, line) != len(line):
                    os.ftruncate(descriptor, whole)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._unavailable(error) from error

    @staticmethod
    def _drop_torn_line(descriptor: int) -> int:
        """Cut off what follows the last line end; the size that is left."""
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            size = os.pread(descriptor, size, 0).rfind(b"\n") + 1
            os.ftruncate(descriptor, size)
        return size

    def _unavailable(self, error: OSError) -> TargetUnavailable:
        advice = "see that its folder is there, may be written to and has room, then run the sync again"
        return TargetUnavailable(f"{self._path}: {error.strerror}; {advice}")
