"""Reads a set that is already there, whoever wrote it, for `adopt` and `drift`. Lenient in content, strict in form."""

from __future__ import annotations

import csv
import io
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from zipfile import BadZipFile, ZipFile

from rostersync.errors import NotOurs, TargetUnavailable
from rostersync.model import ObjectKind, Observed
from rostersync.targets import Existing
from rostersync.targets.oneroster_csv.bundle import CURRENT, ZIP

_USERS = "users.csv"
_SETS = frozenset({"orgSourcedIds", "agentSourcedIds", "termSourcedIds"})
_NAMES = {"enabledUser": "enabled"}
_NO_ASPECTS = frozenset({"sourcedId", "status", "dateLastModified"})
_BROKEN = (BadZipFile, zlib.error, EOFError, RuntimeError, UnicodeDecodeError, csv.Error)
"""What a damaged, encrypted or oddly packed set makes the libraries raise."""


class _UnreadableError(Exception):
    """What is there is no OneRoster set; the text says why."""


def users_in(directory: Path, layout: str) -> Iterator[Existing]:
    """The users of the set in a folder (see `_reading`).

    Raises:
        NotOurs, TargetUnavailable: as `_reading`.
    """
    with _reading(directory, layout) as place:
        if place:
            for row in _rows(place, "users", ("username", "identifier", "enabledUser")):
                enabled = row["enabledUser"].lower() != "false"
                yield Existing(row["sourcedId"], row["identifier"], row["username"], enabled)


def things_in(directory: Path, layout: str) -> Iterator[Observed]:
    """The organisations, classes and users of the set in a folder, each user with her enrolments.

    Raises:
        NotOurs, TargetUnavailable: as `_reading`.
    """
    with _reading(directory, layout) as place:
        if place:
            yield from _shown("organisation", _rows(place, "orgs"))
            yield from _shown("group", _rows(place, "classes"))
            yield from _shown("user", _rows(place, "users"), _enrolments(place))


@contextmanager
def _reading(directory: Path, layout: str) -> Iterator[Path | None]:
    """Where the set in a folder is: ours in the layout chosen or in the other one, else files lying in it openly.

    Raises:
        NotOurs: what is there is no readable OneRoster 1.1 set.
        TargetUnavailable: it cannot be read at all.
    """
    places = [directory / ZIP, directory / CURRENT, directory]
    if layout == "directory":
        places[:2] = reversed(places[:2])
    place = directory
    try:
        found = [one for one in places if one.is_file() or (one / _USERS).is_file()]
        place = found[0] if found else directory
        yield place if found else None
    except OSError as error:
        advice = "let the account that runs rostersync read it"
        raise TargetUnavailable(f"{directory} cannot be read ({error.strerror}); {advice}") from error
    except (*_BROKEN, _UnreadableError) as error:
        reason = str(error) if isinstance(error, _UnreadableError) else f"damaged: {type(error).__name__}"
        advice = "put a whole set there, or move it away"
        raise NotOurs(f"{place} is there but is no OneRoster set that can be read ({reason}); {advice}") from None


@contextmanager
def _opened(place: Path, file: str) -> Iterator[TextIO]:
    if place.is_dir():
        with (place / file).open(encoding="utf-8-sig", newline="") as text:
            yield text
        return
    with ZipFile(place) as archive:
        if file not in archive.namelist():
            raise _UnreadableError(f"it has no {file} at its top")
        with archive.open(file) as packed, io.TextIOWrapper(packed, encoding="utf-8-sig", newline="") as text:
            yield text


def _rows(place: Path, name: str, needed: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """The rows of one file that are not to be deleted, as column -> text."""
    file = f"{name}.csv"
    with _opened(place, file) as text:
        lines = csv.reader(text, strict=True)
        header = next(lines, [])
        missing = [column for column in ("sourcedId", *needed) if column not in header]
        if missing:
            raise _UnreadableError(f"{file} lacks the column {', '.join(missing)}")
        for cells in filter(None, lines):
            if len(cells) != len(header):
                raise _UnreadableError(f"{file}:{lines.line_num} has {len(cells)} columns, its header {len(header)}")
            row = dict(zip(header, cells, strict=True))
            if not row["sourcedId"]:
                raise _UnreadableError(f"{file}:{lines.line_num} has no sourcedId")
            if row.get("status") != "tobedeleted":
                yield row


def _enrolments(place: Path) -> dict[str, list[str]]:
    """A user's key -> her classes, each with her role there."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows(place, "enrollments", ("classSourcedId", "userSourcedId", "role")):
        found[row["userSourcedId"]].append(f"{row['classSourcedId']} {row['role']}")
    return found


def _shown(
    kind: ObjectKind, rows: Iterable[dict[str, str]], enrolments: Mapping[str, list[str]] | None = None
) -> Iterator[Observed]:
    for row in rows:
        aspects: dict[str, str | tuple[str, ...]] = {
            _NAMES.get(column, column): tuple(sorted(filter(None, text.split(",")))) if column in _SETS else text
            for column, text in row.items()
            if column not in _NO_ASPECTS
        }
        if enrolments is not None:
            aspects["enrollments"] = tuple(sorted(enrolments.get(row["sourcedId"], ())))
        yield Observed(kind, row["sourcedId"], tuple(sorted(aspects.items())))
