"""Puts a finished set where the LMS reads it, in one step: either the whole new set is there or the whole old one.

A set is first written into `DIR/.staging`. As a zip it is then packed and renamed over `DIR/oneroster.zip`; as a
folder it becomes `DIR/sets/N` and the link `DIR/current` is swapped. A killed run leaves at most a staging folder or a
set that nothing points to; `sweep` removes both. Files are 0600 and folders 0700.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from rostersync.errors import NotOurs
from rostersync.targets.oneroster_csv.rows import HEADERS
from rostersync.transport.files.staging import advising, private, swept, synced

ZIP = "oneroster.zip"
CURRENT = "current"
SETS = "sets"
FILES = tuple(f"{name}.csv" for name in HEADERS)

_KEPT = 3
_LEVEL = 1
"""Ids are random: more effort makes the zip 4 % smaller and takes two and a half times as long."""
_LARGE = 1 << 30
"""Above this a member needs the 64-bit form of the zip format, which is best kept from readers that do not need it."""


def publish_zip(directory: Path, staged: Path) -> None:
    """Pack the staged files and put them in the place of the old zip, unless the bytes are the same."""
    packed, published = staged.parent / ZIP, directory / ZIP
    with open(packed, "xb", opener=private) as out:
        with ZipFile(out, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            for name in FILES:
                _pack(archive, staged / name)
        out.flush()
        os.fsync(out.fileno())
    if published.is_file() and filecmp.cmp(packed, published, shallow=False):
        return
    packed.replace(published)
    synced(directory)


def _pack(archive: ZipFile, path: Path) -> None:
    # A member opened by its name carries no time of its own (1980-01-01), so equal sets are equal to the byte.
    large = path.stat().st_size > _LARGE
    with path.open("rb") as source, archive.open(path.name, "w", force_zip64=large) as sink:
        shutil.copyfileobj(source, sink, 1 << 20)


def publish_folder(directory: Path, staged: Path) -> None:
    """Make the staged files the newest set and point `current` at it, unless the files are the same.

    Raises:
        NotOurs: `current` is there and is no link.
    """
    current = directory / CURRENT
    if current.exists() and not current.is_symlink():
        raise NotOurs(f"{current} is no link, so rostersync did not make it; move it away, then run the sync again")
    if current.is_dir() and not any(filecmp.cmpfiles(current, staged, FILES, shallow=False)[1:]):
        return
    for name in FILES:
        synced(staged / name)
    synced(staged)
    sets = directory / SETS
    sets.mkdir(mode=0o700, exist_ok=True)
    number = 1 + max(_numbers(directory), default=0)
    staged.rename(sets / str(number))
    synced(sets)
    link = staged.parent / CURRENT
    link.symlink_to(Path(SETS, str(number)), target_is_directory=True)
    link.replace(current)
    synced(directory)
    for old in _numbers(directory)[:-_KEPT]:
        shutil.rmtree(sets / str(old), ignore_errors=True)


def sweep(directory: Path) -> None:
    """Remove what a killed run left: the staging folder, and sets that were made but never pointed to."""
    with advising(directory):
        swept(directory)
        newest = _current_number(directory)
        for number in _numbers(directory):
            if number > newest:
                shutil.rmtree(directory / SETS / str(number), ignore_errors=True)


def _numbers(directory: Path) -> list[int]:
    sets = directory / SETS
    return sorted(int(one.name) for one in sets.iterdir() if one.name.isdecimal()) if sets.is_dir() else []


def _current_number(directory: Path) -> int:
    current = directory / CURRENT
    name = current.readlink().name if current.is_symlink() else ""
    return int(name) if name.isdecimal() else 0
