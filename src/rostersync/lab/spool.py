"""A file written in parts side by side, which appears whole and at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Self


class Spool:
    """Parts of a file to be, kept in temporary files beside it and joined in one rename."""

    def __init__(self, path: Path, parts: int) -> None:
        self.path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._parts = [TemporaryFile(dir=path.parent) for _ in range(parts)]  # noqa: SIM115  closed with the spool

    def write(self, part: int, content: bytes) -> None:
        """Add to a part."""
        self._parts[part].write(content)

    def join(self, head: bytes, order: Iterable[int], tail: bytes = b"", *, cut: bool = False) -> None:
        """Make the file of head, parts and tail; or, if `cut`, of the first two thirds of them."""
        with self._partial.open("wb") as whole:
            whole.write(head)
            for part in order:
                self._parts[part].seek(0)
                shutil.copyfileobj(self._parts[part], whole, 1 << 20)
            whole.write(tail)
            if cut:
                whole.truncate(whole.tell() * 2 // 3)
        self._partial.replace(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._parts:
            part.close()
        self._partial.unlink(missing_ok=True)
