"""Prepares files in a hidden folder beside the place they will take, so that one rename puts them there.

A killed writer leaves at most that folder, which `swept` removes. Files are 0600 and folders 0700.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rostersync.errors import TargetUnavailable

STAGING: Final = ".staging"

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_VANISHED: Final = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ENOTCONN)


@contextmanager
def staging(directory: Path) -> Iterator[Path]:
    """An empty folder inside `directory`, which is made when missing. Whatever happens, it is gone afterwards.

    Raises:
        TargetUnavailable: it cannot be written to: full, read-only, gone. What was published is as it was.
    """
    folder = directory / STAGING
    with advising(directory):
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def swept(directory: Path) -> None:
    """Remove what a killed writer left."""
    shutil.rmtree(directory / STAGING, ignore_errors=True)


@contextmanager
def advising(directory: Path) -> Iterator[None]:
    """Say what to do where the system does not let us write.

    Raises:
        TargetUnavailable: in place of any OSError.
    """
    try:
        yield
    except OSError as error:
        raise TargetUnavailable(_advice(directory, error)) from error


def _advice(directory: Path, error: OSError) -> str:
    kept = "What was there before is untouched."
    if error.errno in _FULL:
        room = "make room (up to four times the size of what is published is needed), then run the sync again"
        return f"{directory}: the disk or its quota is full; {room}. {kept}"
    if error.errno in _FORBIDDEN:
        right = "give the account that runs rostersync its own folder there, mode 0700, on a disk mounted for writing"
        return f"{directory}: not allowed to write ({error.strerror}); {right}. {kept}"
    if error.errno in _VANISHED:
        return f"{directory}: the folder is gone or is no folder ({error.strerror}); is its disk mounted?"
    return f"{directory}: cannot write there ({error.strerror or 'unknown reason'}); look at the disk. {kept}"


def private(path: str, flags: int) -> int:
    """An opener for files that only their owner may read."""
    return os.open(path, flags, 0o600)


def synced(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def obstacles(directory: Path) -> Iterator[str]:
    """One sentence for each thing that keeps us from writing in a folder, or lets others; nothing is changed or made."""
    if not directory.exists():
        yield from _not_there(directory)
    elif not directory.is_dir():
        yield f"{directory} is no folder; name one that rostersync may have for itself"
    elif not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        yield f"{directory} cannot be written to; give the account that runs rostersync the right to, mode 0700"
    elif directory.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield f"{directory} may be written to by other accounts, who could swap what is there; run: chmod 700 {directory}"


def _not_there(directory: Path) -> Iterator[str]:
    nearest = next(parent for parent in directory.parents if parent.exists())
    if not nearest.is_dir():
        yield f"{directory} cannot be made, because {nearest} is no folder"
    elif not os.access(nearest, os.W_OK | os.X_OK):
        yield f"{directory} is not there and cannot be made in {nearest}; make it for rostersync's account, mode 0700"
