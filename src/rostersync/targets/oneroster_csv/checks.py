"""Looks at the folder of a OneRoster CSV target before anything is written, and says what stands in the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rostersync.targets.oneroster_csv.bundle import CURRENT, SETS, ZIP
from rostersync.transport.files.staging import STAGING, obstacles

_OURS = frozenset({ZIP, CURRENT, SETS, STAGING})


def problems(directory: Path, layout: str) -> Iterator[str]:
    """One sentence for each thing to put right; nothing is changed or made."""
    yield from obstacles(directory)
    if directory.is_dir() and os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        yield from _inside(directory, layout)


def _inside(directory: Path, layout: str) -> Iterator[str]:
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
