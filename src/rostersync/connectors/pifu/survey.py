"""Says in sentences what is wrong with a drop folder, and with the file in it that would be read."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path

from rostersync.connectors.pifu.dialects import dialect_of
from rostersync.connectors.pifu.dropfolder import absence, matching, newest
from rostersync.connectors.pifu.header import objection, peek
from rostersync.connectors.pifu.settings import Settings
from rostersync.errors import SnapshotRefused

_CONTACT = b"pifu_hasContactPerson"


def survey(settings: Settings, zone: tzinfo) -> list[str]:
    """What an administrator has to mend; empty when all is well."""
    paths = matching(settings.files)
    if not paths:
        return [*_spool(settings.spool), absence(settings.files)]
    found = [*_spool(settings.spool), *_deletion(settings.after, paths)]
    try:
        path = newest(paths, zone).path
        found += _document(path, settings)
    except OSError as error:
        found.append(unreadable(error))
    except SnapshotRefused as refused:
        found.append(str(refused))
    return found


def unreadable(error: OSError) -> str:
    """What the system would not let us do, and what to look at."""
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or 'it cannot be read'}; check the rights to it, and that the disk is not full"


def _spool(spool: Path | None) -> Iterator[str]:
    if spool and not _writable(spool):
        yield f"{spool}: nothing can be written there; create the folder, or correct the setting spool"


def _deletion(after: str, paths: list[Path]) -> Iterator[str]:
    for folder in sorted({path.parent for path in paths}) if after == "delete" else ():
        if not _writable(folder):
            yield f'{folder}: no file can be deleted there, but after = "delete"; give write access, or use "keep"'


def _document(path: Path, settings: Settings) -> Iterator[str]:
    header = peek(path)
    dialect = dialect_of(settings.dialect, header.namespace)
    if header.body and (wrong := objection(header.type, header.datasource, dialect, settings.datasource)):
        yield f"{path}: {wrong}"
    if not settings.guardians and _mentions(path, _CONTACT):
        yield (
            f"{path}: it names contacts, which stay behind while guardians = false; "
            "set guardians = true, or have the sender leave them out"
        )


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _mentions(path: Path, word: bytes) -> bool:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(word) >= 0
