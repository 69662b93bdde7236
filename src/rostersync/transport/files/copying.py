"""Copies one file from wherever it is into the spool."""

from __future__ import annotations

from pathlib import Path

from rostersync.errors import SourceUnavailable
from rostersync.transport.files.places import Offered, Place, unreadable
from rostersync.transport.spool import Spool


def copied(spool: Spool, place: Place, offered: Offered) -> Path:
    """A private copy of a file; none is left when that fails.

    Raises:
        SourceUnavailable: it cannot be read, or the spool cannot be written.
    """
    try:
        path = spool.create()
        try:
            with spool.writing(path) as copy:
                copy.writelines(place.blocks(offered))
        except BaseException:
            spool.drop(path)
            raise
    except OSError as error:
        raise SourceUnavailable(unreadable(error)) from None
    return path
