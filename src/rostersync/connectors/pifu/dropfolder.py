"""Chooses the file to read among those a sender dropped: at rest, and the newest by its own date."""

from __future__ import annotations

import filecmp
import os
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from rostersync.connectors.pifu.header import moment, peek
from rostersync.errors import SnapshotRefused, SourceUnavailable


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file at rest. `made` is the document's own date, None without one that can be read."""

    path: Path
    changed: datetime
    made: datetime | None

    @property
    def dated(self) -> datetime:
        """By which date it competes: its own, else the file's."""
        return self.made or self.changed


def matching(pattern: str) -> list[Path]:
    """The files an absolute pattern matches, in name order. Hidden ones are left out: uploads begin as such."""
    anchor = Path(pattern).anchor
    found = Path(anchor).glob(str(Path(pattern).relative_to(anchor)))
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def at_rest(pattern: str, now: datetime, settle: timedelta, zone: tzinfo) -> list[Path]:
    """The files that `pattern` matches and nobody has changed for `settle`.

    Raises:
        SourceUnavailable: there are none.
    """
    paths = matching(pattern)
    if not paths:
        raise SourceUnavailable(absence(pattern))
    # before and after: a file server's clock may run ahead of ours, and its files must not wait for ever
    settled = [path for path in paths if abs(now - _changed(path, zone)) >= settle]
    if not settled:
        raise SourceUnavailable(
            f"{pattern}: what is there ({len(paths)} of them) is still growing or younger than settle "
            f"({settle.total_seconds():g} s); run again in a moment"
        )
    return settled


def newest(paths: list[Path], zone: tzinfo) -> Candidate:
    """The newest of some files (one at least), by the date that each gives itself.

    Raises:
        OSError: a file cannot be read.
        SnapshotRefused: two that differ are equally new.
    """
    candidates = [_look(path, zone) for path in paths]
    first = max(candidates, key=lambda candidate: candidate.dated)
    rivals = [one for one in candidates if one is not first and first.made and one.made == first.made]
    if not all(filecmp.cmp(first.path, rival.path, shallow=False) for rival in rivals):
        names = ", ".join(sorted(one.path.name for one in (first, *rivals)))
        raise SnapshotRefused(
            "ambiguous",
            f"{first.path.parent}: {names} say they were made at the same moment, but differ; "
            "remove what is not meant, and have the sender write one file at a time",
        )
    return first


def absence(pattern: str) -> str:
    """Why a pattern matches nothing: no such folder, one that is closed to us, or an empty one."""
    folder = Path(pattern).parent
    while set("*?[") & set(str(folder)):
        folder = folder.parent
    if not folder.is_dir():
        return f"{folder}: no such folder; create it, or correct the setting files"
    if not os.access(folder, os.R_OK | os.X_OK):
        return f"{folder}: it may not be listed; give the user that rostersync runs as read access to it"
    return f"{pattern}: no file is there; check that the export still runs, and that the setting files fits its name"


def _changed(path: Path, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, zone)


def _look(path: Path, zone: tzinfo) -> Candidate:
    changed = _changed(path, zone)
    try:
        return Candidate(path, changed, moment(peek(path).datetime, zone))
    except (SnapshotRefused, ValueError):
        # a broken file may be the newest: it must not be passed over for an older one, but be chosen and refused
        return Candidate(path, changed, None)
