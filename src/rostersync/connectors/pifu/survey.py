"""Says in sentences what is wrong with the place that exports are left at, and with the one that would be read."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from rostersync.connectors.pifu.dialects import dialect_of
from rostersync.connectors.pifu.header import objection, read_header
from rostersync.connectors.pifu.settings import ReadingSettings
from rostersync.errors import SnapshotRefused, SourceUnavailable, UserMistake
from rostersync.transport.files import Copied, Files

_CONTACT = b"pifu_hasContactPerson"


def survey(files: Files, settings: ReadingSettings) -> list[str]:
    """What an administrator has to mend; empty when all is well."""
    found = files.check()
    try:
        with files.looking() as copied:
            found += _document(copied, settings)
    except (SnapshotRefused, SourceUnavailable, UserMistake) as error:
        found.append(str(error))
    return found


def _document(copied: Copied, settings: ReadingSettings) -> Iterator[str]:
    with copied.path.open("rb") as stream:
        header = read_header(stream, copied.label)
    dialect = dialect_of(settings.dialect, header.namespace)
    if header.body and (wrong := objection(header.type, header.datasource, dialect, settings.datasource)):
        yield f"{copied.label}: {wrong}"
    if not settings.guardians and _mentions(copied.path, _CONTACT):
        yield (
            f"{copied.label}: it names contacts, which stay behind while guardians = false; "
            "set guardians = true, or have the sender leave them out"
        )


def _mentions(path: Path, word: bytes) -> bool:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(word) >= 0
