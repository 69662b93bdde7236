"""Sees that a new export has arrived: a file of the source's pattern that is at rest, and was not there before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from rostersync.config import Settings

POLL: Final = timedelta(seconds=5)
"""How often the folders are looked at."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What one source of one sync is dropped into: an absolute pattern, and how long a file must have been at rest."""

    sync: str
    source: str
    pattern: str
    settle: timedelta

    @property
    def name(self) -> str:
        """Under which name the state remembers what was seen there last."""
        return f"arrived.{self.sync}.{self.source}"


class Arrivals:
    """The folders that are watched. `recalled` is what the state remembers of each, by name."""

    def __init__(self, folders: Iterable[Folder], recalled: Mapping[str, str]) -> None:
        self._folders = tuple(folders)
        self._seen = {one.name: recalled.get(one.name, "") for one in self._folders}
        self._before: dict[str, str] = {}
        self._looked: datetime | None = None

    def new(self, now: datetime) -> list[tuple[Folder, str]]:
        """Every folder where something new is at rest, with what to remember of it once it was read.

        A file counts when two looks in a row found it the same, and it is older than `settle`.
        """
        if self._looked is not None and timedelta() <= now - self._looked < POLL:
            return []
        self._looked = now
        found = []
        for folder in self._folders:
            seen = _at_rest(folder, now)
            if seen and seen != self._seen[folder.name] and seen == self._before.get(folder.name):
                self._seen[folder.name] = seen
                found.append((folder, seen))
            self._before[folder.name] = seen
        return found

    def seen(self) -> dict[str, str]:
        """What was seen last in each folder, to be recalled by the next Arrivals."""
        return dict(self._seen)


def folders(settings: Settings) -> Iterator[Folder]:
    """Every folder to be watched: a source tells by its settings `files` and `settle` that it reads what is dropped."""
    for name, sync in settings.syncs.items():
        for source in sync.sources if sync.times.on_arrival else ():
            own = settings.sources[source].settings
            pattern = getattr(own, "files", "")
            if pattern and "://" not in pattern:  # servers are asked by the clock
                settle = getattr(own, "settle", None) or timedelta()
                yield Folder(name, source, str(Path(pattern).absolute()), settle)


def _at_rest(folder: Folder, now: datetime) -> str:
    """The newest file at rest, told by its place on the disk, size and time; empty when there is none, or no folder.

    Hidden files are left out: uploads begin as such.
    """
    found = []
    anchor = Path(folder.pattern).anchor
    try:
        for path in Path(anchor).glob(str(Path(folder.pattern).relative_to(anchor))):
            status = path.stat()
            # before and after: a file server's clock may run ahead of ours
            if path.is_file() and path.name[0] != "." and abs(now.timestamp() - status.st_mtime) >= _span(folder):
                found.append((status.st_mtime_ns, status.st_ino, status.st_size))
    except OSError:  # it was taken away while we looked, or may not be listed: the next look tells
        return ""
    return " ".join(map(str, max(found))) if found else ""


def _span(folder: Folder) -> float:
    return folder.settle.total_seconds()
