"""Says in sentences what is wrong with a drop folder, and with the file in it that would be read."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path

from rostersync.connectors.pifu.dropfolder import absence, matching, newest
from rostersync.errors import SnapshotRefused

_CONTACT = b"pifu_hasContactPerson"


def survey(pattern: str, zone: tzinfo, spool: Path | None, *, deletes: bool, guardians: bool) -> list[str]:
    """What an administrator has to mend; empty when all is well."""
    found = list(_folders(matching(pattern) if deletes else [], spool))
    paths = matching(pattern)
    if not paths:
        return [*found, absence(pattern)]
    try:
        path = newest(paths, zone).path
        if not guardians and _mentions(path, _CONTACT):
            found.append(
                f"{path}: it names contacts, which stay behind while guardians = false; "
                "set guardians = true, or have the sender leave them out"
            )
    except OSError as error:
        found.append(unreadable(error))
    except SnapshotRefused as refused:
        found.append(str(refused))
    return found


def unreadable(error: OSError) -> str:
    """What the system would not let us do, and what to look at."""
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or 'it cannot be read'}; check the rights to it, and that the disk is not full"


def _folders(paths: list[Path], spool: Path | None) -> Iterator[str]:
    for folder in sorted({path.parent for path in paths}):
        if not _writable(folder):
            yield f'{folder}: no file can be deleted there, but after = "delete"; give write access, or use "keep"'
    if spool and not _writable(spool):
        yield f"{spool}: nothing can be written there; create the folder, or correct the setting spool"


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _mentions(path: Path, word: bytes) -> bool:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(word) >= 0
