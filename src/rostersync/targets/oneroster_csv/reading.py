"""Reads the users of a set that is already there, whoever wrote it, for `adopt`. Lenient in content, strict in form."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from zipfile import BadZipFile, ZipFile

from rostersync.errors import NotOurs, TargetUnavailable
from rostersync.targets import Existing
from rostersync.targets.oneroster_csv.bundle import CURRENT, ZIP

_USERS = "users.csv"
_NEEDED = ("sourcedId", "username", "identifier", "enabledUser")
_BROKEN = (BadZipFile, zlib.error, EOFError, RuntimeError, UnicodeDecodeError, csv.Error)
"""What a damaged, encrypted or oddly packed set makes the libraries raise."""


class _UnreadableError(Exception):
    """What is there is no OneRoster set; the text says why."""


def users_in(directory: Path, layout: str) -> Iterator[Existing]:
    """The users of the set in a folder: ours in the layout chosen or in the other one, else files lying in it openly.

    Raises:
        NotOurs: what is there is no readable OneRoster 1.1 set.
        TargetUnavailable: it cannot be read at all.
    """
    places = [directory / ZIP, directory / CURRENT, directory]
    if layout == "directory":
        places[:2] = reversed(places[:2])
    try:
        for place in places:
            if place.is_file() or (place / _USERS).is_file():
                yield from _users_of(place)
                return
    except OSError as error:
        advice = "let the account that runs rostersync read it"
        raise TargetUnavailable(f"{directory} cannot be read ({error.strerror}); {advice}") from error


def _users_of(place: Path) -> Iterator[Existing]:
    try:
        with _opened(place) as text:
            yield from _users(text)
    except (*_BROKEN, _UnreadableError) as error:
        reason = str(error) if isinstance(error, _UnreadableError) else f"damaged: {type(error).__name__}"
        advice = "put a whole set there, or move it away"
        raise NotOurs(f"{place} is there but is no OneRoster set that can be read ({reason}); {advice}") from None


@contextmanager
def _opened(place: Path) -> Iterator[TextIO]:
    if place.is_dir():
        with (place / _USERS).open(encoding="utf-8-sig", newline="") as text:
            yield text
        return
    with ZipFile(place) as archive:
        if _USERS not in archive.namelist():
            raise _UnreadableError(f"it has no {_USERS} at its top")
        with archive.open(_USERS) as packed, io.TextIOWrapper(packed, encoding="utf-8-sig", newline="") as text:
            yield text


def _users(text: TextIO) -> Iterator[Existing]:
    lines = csv.reader(text, strict=True)
    header = next(lines, [])
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise _UnreadableError(f"{_USERS} lacks the column {', '.join(missing)}")
    for cells in filter(None, lines):
        if len(cells) != len(header):
            raise _UnreadableError(f"{_USERS}:{lines.line_num} has {len(cells)} columns, its header {len(header)}")
        row = dict(zip(header, cells, strict=True))
        if not row["sourcedId"]:
            raise _UnreadableError(f"{_USERS}:{lines.line_num} has no sourcedId")
        if row.get("status") != "tobedeleted":
            enabled = row["enabledUser"].lower() != "false"
            yield Existing(row["sourcedId"], row["identifier"], row["username"], enabled)
