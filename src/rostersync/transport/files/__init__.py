"""Files from wherever a sender leaves them: the newest at rest, in a private copy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from msgspec import Struct

from rostersync.errors import SourceUnavailable, UserMistake, refuse_settings
from rostersync.transport.files.address import mistakes
from rostersync.transport.files.choosing import Dated, at_rest, newest
from rostersync.transport.files.copying import copied
from rostersync.transport.files.opening import opened
from rostersync.transport.files.places import Offered, Place, unreadable
from rostersync.transport.files.settings import FilesSettings
from rostersync.transport.spool import Spool

__all__ = ["Copied", "Dated", "Files", "FilesSettings"]

log = structlog.get_logger()


class Copied(Struct, frozen=True):
    """A file to be read. `label` names the sender's own in messages; `changed` is when that was last written to."""

    path: Path
    label: str
    changed: datetime | None


class Files:
    """What one source reads. Keeps the private copies it has made until each is accepted or discarded.

    `dated` gives a file's own date, by which the newest is told; by default it is the date of the file. `place` opens
    where the files are, when that is none of those that the setting `files` can name.
    """

    def __init__(
        self,
        name: str,
        settings: FilesSettings,
        dated: Dated = lambda _stream, _label: None,
        *,
        suffix: str = ".xml",
        place: Callable[[], AbstractContextManager[Place]] | None = None,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read no more than the settings.

        Raises:
            UserMistake: they do not fit together.
        """
        refuse_settings(f"source.{name}", mistakes(settings))
        self._name = name
        self._settings = settings
        self._dated = dated
        self._opened = place or (lambda: opened(settings, wait, now))
        self._spool = Spool(name, settings.spool, suffix)
        self._copied: dict[Path, Offered] = {}

    def fetch(self, now: datetime) -> Copied:
        """Copy the newest file at rest.

        Raises:
            SourceUnavailable: nothing there, still growing, unreadable, or changed while it was read.
            SnapshotRefused: two files that differ are equally new.
            UserMistake: a secret cannot be read.
        """
        with self._opened() as place:
            ready = at_rest(place.offered(), now, self._settings.settle or timedelta(), self._settings.files)
            chosen = newest(place, ready, self._dated)
            return self._copy(place, chosen)

    @contextmanager
    def looking(self) -> Iterator[Copied]:
        """The newest file, at rest or not, as long as somebody looks at it. One on this machine is not copied.

        Raises:
            SourceUnavailable, SnapshotRefused, UserMistake: as for `fetch`.
        """
        with self._opened() as place:
            chosen = newest(place, place.offered(), self._dated)
            found = Copied(chosen.path, chosen.label, chosen.changed) if chosen.path else self._copy(place, chosen)
        try:
            yield found
        except OSError as error:
            raise SourceUnavailable(unreadable(error)) from None
        finally:
            if not chosen.path:
                self.discard(found.path)

    def check(self) -> list[str]:
        """What is wrong with the spool, or with the place when files are to be deleted there, in sentences."""
        spool, after = self._settings.spool, self._settings.after
        found = []
        if spool and not _writable(spool):
            found.append(f"{spool}: nothing can be written there; create the folder, or correct the setting spool")
        if after == "delete":
            found += [
                f'{folder}: no file can be deleted there, but after = "delete"; give write access, or use "keep"'
                for folder in self._folders()
                if not _writable(folder)
            ]
        return found

    def accepted(self, path: Path) -> None:
        """Drop a copy; delete the sender's file, if the settings say so and it is still what was copied."""
        offered = self._copied.get(path)
        try:
            if offered and self._settings.after == "delete":
                with self._opened() as place:
                    place.delete(offered, path)
        except (SourceUnavailable, UserMistake) as error:
            log.warning("source.file_kept", source=self._name, reason=str(error))
        self.discard(path)

    def discard(self, path: Path) -> None:
        """Drop a copy."""
        self._copied.pop(path, None)
        self._spool.drop(path)

    # -- within -------------------------------------------------------------------------------------------------------

    def _folders(self) -> list[Path]:
        try:
            with self._opened() as place:
                return sorted({one.path.parent for one in place.offered() if one.path})
        except SourceUnavailable:
            return []  # whoever looks is told

    def _copy(self, place: Place, chosen: Offered) -> Copied:
        path = copied(self._spool, place, chosen)
        self._copied[path] = chosen
        return Copied(path, chosen.label, chosen.changed)


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)
