"""The CSV sets in a folder: which of them count, and what they come to together.

A bulk file states a whole collection; a delta file states what has changed since. The newest bulk file with every later
delta of the same collection is a whole snapshot again, so that absence counts, and a deletion in a delta is an absence.
"""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

from rostersync.connectors.oneroster.csv_rows import Row, rows
from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.transport.files.places import unreadable

MANIFEST: Final = "manifest.csv"
NEEDED: Final = ("orgs", "classes", "users", "enrollments")
_DAMAGED_ZIP: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
"""What reading a zip file raises that is damaged, cut off, or (the last) packed in a way that Python cannot undo."""

_ENCRYPTED: Final = 1
"""The bit among an entry's flags that says so (PKWARE APPNOTE 4.4.4)."""


class CsvSet(Struct, frozen=True):
    """One set: a zip file or a folder, called `label` in messages.

    `files` tells of each collection whether it is `bulk` or `delta`.
    """

    path: Path
    label: str
    changed: datetime
    files: dict[str, str]


def described(path: Path, label: str, changed: datetime) -> CsvSet:
    """A set with what its manifest says of each collection.

    Raises:
        SourceUnavailable: it cannot be read.
        SnapshotRefused: it has no readable manifest.
    """
    with opened(path, label, MANIFEST) as stream:
        try:
            told = {line[0].strip(): line[1].strip().lower() for line in csv.reader(stream) if len(line) > 1}
        except (csv.Error, UnicodeDecodeError):
            told = {}
    files = {name.removeprefix("file."): how for name, how in told.items() if name.startswith("file.")}
    if not files:
        text = f"{label}: its {MANIFEST} does not say which files are bulk, delta or absent; have the sender write it again"
        raise SnapshotRefused("no proof", text)
    return CsvSet(path, label, changed, files)


def matching(pattern: str) -> list[Path]:
    """The zip files and folders that an absolute pattern matches. Hidden ones are left out: uploads begin as such."""
    anchor = Path(pattern).anchor
    found = Path(anchor).glob(str(Path(pattern).relative_to(anchor)))
    return sorted(one for one in found if (one.is_dir() or one.suffix.lower() == ".zip") and one.name[0] != ".")


def at_rest(pattern: str, now: datetime, settle: timedelta) -> list[CsvSet]:
    """The sets that nobody has changed for `settle`, oldest first.

    Raises:
        SourceUnavailable: there are none, or they cannot be read.
        SnapshotRefused: one has no readable manifest.
    """
    paths = matching(pattern)
    if not paths:
        raise SourceUnavailable(
            f"{pattern}: no zip file or folder is there; check that the export still runs, and the setting files"
        )
    changed = {path: changed_at(path, now) for path in paths}
    # before and after: a file server's clock may run ahead of ours, and its files must not wait for ever
    settled = [path for path in paths if abs(now - changed[path]) >= settle]
    if not settled:
        raise SourceUnavailable(
            f"{pattern}: what is there ({len(paths)} of them) is still growing or younger than settle "
            f"({settle.total_seconds():g} s); run again in a moment"
        )
    sets = [described(path, str(path), changed[path]) for path in settled]
    return sorted(sets, key=lambda one: (one.changed, str(one.path)))


def changed_at(path: Path, now: datetime) -> datetime:
    """When a set was last written to: of a folder, its newest file."""
    try:
        files = [path, *path.glob("*.csv")] if path.is_dir() else [path]
        return datetime.fromtimestamp(max(one.stat().st_mtime for one in files), now.tzinfo)
    except OSError as error:
        raise SourceUnavailable(unreadable(error)) from None


def lacking(sets: list[CsvSet]) -> list[str]:
    """The collections that a roster needs, and of which no set tells the whole."""
    return [name for name in NEEDED if not counting(sets, name)]


def counting(sets: list[CsvSet], collection: str) -> list[CsvSet]:
    """The newest set with this collection in bulk, and those after it with a delta; empty when there is no bulk."""
    bulk = max((at for at, one in enumerate(sets) if one.files.get(collection) == "bulk"), default=None)
    if bulk is None:
        return []
    return [sets[bulk], *(one for one in sets[bulk + 1 :] if one.files.get(collection) == "delta")]


def current(sets: list[CsvSet], collection: str) -> Iterator[Row]:
    """The rows of a collection as they stand after all sets that count. Deleted ones are told by their status.

    Raises:
        SourceUnavailable: a file cannot be read.
        SnapshotRefused: a file is cut off or not CSV.
    """
    if not sets:
        return
    bulk, *deltas = sets
    newer: dict[str, Row] = {}
    for delta in deltas:
        with opened(delta.path, delta.label, f"{collection}.csv") as stream:
            newer |= {row["sourcedId"].strip(): row for row in rows(stream, f"{delta.label}: {collection}.csv")}
    with opened(bulk.path, bulk.label, f"{collection}.csv") as stream:
        for row in rows(stream, f"{bulk.label}: {collection}.csv"):
            if row["sourcedId"].strip() not in newer:
                yield row
    yield from newer.values()


@contextmanager
def opened(path: Path, label: str, name: str) -> Iterator[IO[str]]:
    """One file of a set as text. Of a zip file, what was read to its end had the right check sum.

    Raises:
        SourceUnavailable: it cannot be read.
        SnapshotRefused: the set lacks it, or the zip file is damaged or encrypted.
    """
    trouble = ""
    try:
        if path.is_dir():
            with (path / name).open(encoding="utf-8-sig", newline="") as stream:
                yield stream
        else:
            with zipfile.ZipFile(path) as archive:
                if archive.getinfo(name).flag_bits & _ENCRYPTED:
                    raise SnapshotRefused("no proof", f"{label}: it is encrypted; have the sender leave that out")
                with io.TextIOWrapper(archive.open(name), encoding="utf-8-sig", newline="") as stream:
                    yield stream
    except (KeyError, FileNotFoundError):
        trouble = f"it has no {name}, though it should"
    except _DAMAGED_ZIP:
        trouble = f"the zip file is damaged at {name} or cut off"
    except OSError as error:
        raise SourceUnavailable(unreadable(error)) from None
    if trouble:
        raise SnapshotRefused("no proof", f"{label}: {trouble}; have the sender write the set again")


def delete(path: Path) -> None:
    """Delete a set.

    Raises:
        OSError: it cannot be deleted.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
