"""Reads the CSV files of one set, and brings each row into the form that a service's JSON has.

Columns are those of the OneRoster 1.1 and 1.2 CSV bindings; columns that are not named here are never looked at.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, Final

from rostersync.errors import SnapshotRefused

Row = dict[str, str]

_USER_ID: Final = re.compile(r"\{\s*([^:{}]*?)\s*:\s*([^{}]*?)\s*\}")


def rows(stream: IO[str], label: str) -> Iterator[Row]:
    """The rows of a file as column -> text.

    Raises:
        SnapshotRefused: it is cut off, not CSV, not UTF-8, or has no sourcedId column.
    """
    reader = csv.reader(stream, strict=True)
    columns: list[str] = []
    trouble = ""
    try:
        columns = [name.strip() for name in next(reader, [])]
        if "sourcedId" in columns:
            for values in reader:
                if values and len(values) != len(columns):
                    trouble = (
                        f"line {reader.line_num} has {len(values)} fields where the first line names {len(columns)}"
                    )
                    break
                if values:
                    yield dict(zip(columns, values, strict=True))
        else:
            trouble = "its first line names no column sourcedId"
    except (csv.Error, UnicodeDecodeError) as error:
        kind = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else "is not CSV"
        trouble = f"what follows line {reader.line_num} {kind}"
    # raised out here, where the reader's own message, which may quote the file, is no longer its context
    if trouble:
        raise SnapshotRefused("no proof", f"{label}: {trouble}; it may be cut off: have the sender write the set again")


def as_raw(collection: str, row: Row, roles: Mapping[str, list[Row]]) -> dict[str, Any]:
    """A row as the service's JSON would have it. `roles` are the rows of roles.csv (1.2) by user."""
    raw: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    for column, text in row.items():
        if not text:
            continue
        if known := _COLUMNS.get(column):
            raw[known[0]] = known[1](text)
        elif column.startswith("metadata."):
            metadata[column.removeprefix("metadata.")] = text
        else:
            raw[column] = text
    raw["metadata"] = metadata
    if collection == "users" and (held := roles.get(row["sourcedId"].strip())):
        raw["roles"] = [_role(one) for one in held]
    return raw


def _role(row: Row) -> dict[str, str]:
    return row | {"org": row.get("orgSourcedId", "")}


def _several(text: str) -> list[str]:
    return [one.strip() for one in text.split(",")] if text.strip() else []


def _user_ids(text: str) -> list[dict[str, str]]:
    """`{Feide:kari@lunde.example},{System:12}`; 1.1 writes them so."""
    return [{"type": kind, "identifier": number} for kind, number in _USER_ID.findall(text)]


_COLUMNS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "parentSourcedId": ("parent", str),
    "schoolSourcedId": ("school", str),
    "courseSourcedId": ("course", str),
    "termSourcedIds": ("terms", _several),
    "orgSourcedIds": ("orgs", _several),
    "primaryOrgSourcedId": ("primaryOrg", str),
    "agentSourcedIds": ("agents", _several),
    "classSourcedId": ("class", str),
    "userSourcedId": ("user", str),
    "userIds": ("userIds", _user_ids),
    "preferredGivenName": ("preferredFirstName", str),
    "preferredFamilyName": ("preferredLastName", str),
    "grades": ("grades", _several),
    "subjects": ("subjects", _several),
    "subjectCodes": ("subjectCodes", _several),
    "periods": ("periods", _several),
}
"""Column -> the name in JSON, and how the text in it is taken apart."""
