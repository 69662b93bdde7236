"""What a place that files are offered at has to give, and what is the same for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

BLOCK: Final = 1 << 20


class Offered(Struct, frozen=True):
    """A file that a sender offers. `label` names it in messages; `changed` is when it was last written to, where known.

    `path` is where it lies on this machine, if it does. One that is `served` comes whole: there is nothing to wait for.
    `known_by` tells whether it is still the same file.
    """

    name: str
    label: str
    changed: datetime | None
    path: Path | None = None
    served: bool = False
    known_by: tuple[int, ...] = ()


class Place(Protocol):
    """Where files are offered. Everything raises SourceUnavailable when the place cannot be reached or read."""

    def offered(self) -> list[Offered]:
        """The files that the setting `files` fits, one at least, in the order of their names."""
        ...

    def blocks(self, one: Offered, most: int | None = None) -> Iterator[bytes]:
        """Its bytes, or the first of them. The whole ends normally only if the file was the same all the time."""
        ...

    def delete(self, one: Offered, copy: Path) -> None:
        """Delete it, if it is still what was copied."""
        ...


def unreadable(error: OSError) -> str:
    """What the system would not let us do, and what to look at."""
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or 'it cannot be read'}; check the rights to it, and that the disk is not full"
