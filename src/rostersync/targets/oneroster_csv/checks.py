"""Looks at the folder of a OneRoster CSV target before anything is written, and says what stands in the way."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from rostersync.targets.oneroster_csv.bundle import CURRENT, SETS, STAGING, ZIP

_OURS = frozenset({ZIP, CURRENT, SETS, STAGING})


def problems(directory: Path, layout: str) -> Iterator[str]:
    """One sentence for each thing to put right; nothing is changed or made."""
    if not directory.exists():
        yield from _not_there(directory)
    elif not directory.is_dir():
        yield f"{directory} is no folder; name one that rostersync may have for itself"
    elif not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        yield f"{directory} cannot be written to; give the account that runs rostersync the right to, mode 0700"
    else:
        yield from _inside(directory, layout)


def _not_there(directory: Path) -> Iterator[str]:
    nearest = next(parent for parent in directory.parents if parent.exists())
    if not nearest.is_dir():
        yield f"{directory} cannot be made, because {nearest} is no folder"
    elif not os.access(nearest, os.W_OK | os.X_OK):
        yield f"{directory} is not there and cannot be made in {nearest}; make it for rostersync's account, mode 0700"


def _inside(directory: Path, layout: str) -> Iterator[str]:
    if directory.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield f"{directory} may be written to by other accounts, who could swap the set; run: chmod 700 {directory}"
    names = {entry.name for entry in directory.iterdir()}
    foreign = len(names - _OURS)
    if foreign:
        yield f"{directory} holds {foreign} files that are not rostersync's; give it a folder of its own"
    current = directory / CURRENT
    if current.exists() and not current.is_symlink():
        yield f"{current} is no link, so rostersync did not make it; move it away"
    # The layout was changed in the config: an LMS that still reads the other place would never see anybody leave.
    other = ZIP if layout == "directory" else CURRENT
    if other in names:
        yield f"{directory / other} is left from the other layout and grows stale; remove it, or set layout back"
