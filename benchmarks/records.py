"""What the importers beside us take from an export: persons, groups and memberships, as rows of three tables.

There are two ways to the same values. `found` asks for each field by its path, as one writes it first. `walker` goes over an
element's children once, so that what dlt costs is dlt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from lxml import etree

from benchmarks.stream import NAMESPACE, elements

Fields: TypeAlias = dict[str, str | None]


@dataclass(frozen=True, eq=False)
class Table:
    """A table, its key, and column -> path in the element that makes a row."""

    name: str
    key: tuple[str, ...]
    paths: Mapping[str, str]


PERSON = Table(
    "person",
    ("id",),
    {
        "id": "sourcedid/id",
        "national_number": "userid[@useridtype='personNIN']",
        "feide_id": "userid[@useridtype='feideID']",
        "given_name": "name/n/given",
        "family_name": "name/n/family",
        "birth_date": "demographics/bday",
        "phone": "tel",
        "mobile": "extension/pifu_tel",
        "email": "extension/pifu_email",
        "status": "extension/pifu_status",
    },
)
GROUP = Table(
    "groups",
    ("id",),
    {
        "id": "sourcedid/id",
        "kind": "grouptype/typevalue",
        "short_name": "description/short",
        "long_name": "description/long",
        "begins": "timeframe/begin",
        "ends": "timeframe/end",
        "parent": "relationship/sourcedid/id",
    },
)
MEMBERSHIP = Table(
    "membership",
    ("group_id", "person_id", "role"),
    {
        "person_id": "sourcedid/id",
        "subrole": "role/subrole",
        "status": "role/status",
        "begins": "role/timeframe/begin",
        "ends": "role/timeframe/end",
    },
)
Reading: TypeAlias = Callable[[etree._Element, Table], Fields]
TABLES = (PERSON, GROUP, MEMBERSHIP)
_MEMBER, _ROLE = NAMESPACE + "member", NAMESPACE + "role"


def records(export: Path, read: Reading) -> Iterator[tuple[Table, Fields]]:
    """Every row of an export with its table."""
    for element in elements(export):
        match etree.QName(element).localname:
            case "person":
                yield PERSON, read(element, PERSON)
            case "group":
                yield GROUP, read(element, GROUP)
            case _:
                group = {"group_id": element.findtext(_qualified("sourcedid/id"))}
                for member in element.iterchildren(_MEMBER):
                    role = member.find(_ROLE)
                    assert role is not None
                    yield MEMBERSHIP, group | read(member, MEMBERSHIP) | {"role": role.get("roletype")}


def found(element: etree._Element, table: Table) -> Fields:
    """A row by one search for each field."""
    return {column: element.findtext(_qualified(path)) for column, path in table.paths.items()}


def walker() -> Reading:
    """A way to read a row by one walk. It takes the paths apart once."""
    trees = {table: _tree(table.paths) for table in TABLES}

    def walked(element: etree._Element, table: Table) -> Fields:
        row: Fields = dict.fromkeys(table.paths)
        _walk(element, trees[table], row)
        return row

    return walked


def _walk(element: etree._Element, tree: dict[str, Any], row: Fields) -> None:
    for child in element:
        below = tree.get(child.tag)
        if isinstance(below, tuple):  # what it is depends on an attribute
            attribute, kinds = below
            below = kinds.get(child.get(attribute))
        if isinstance(below, dict):
            _walk(child, below, row)
        elif below is not None and row[below] is None:
            row[below] = child.text


def _tree(paths: Mapping[str, str]) -> dict[str, Any]:
    """Tag -> the tree below it, or the column that it fills, or (attribute, its value -> column)."""
    tree: dict[str, Any] = {}
    for column, path in paths.items():
        *above, last = path.split("/")
        at = tree
        for step in above:
            at = at.setdefault(NAMESPACE + step, {})
        if which := re.fullmatch(r"(\w+)\[@(\w+)='(\w+)'\]", last):
            at.setdefault(NAMESPACE + which[1], (which[2], {}))[1][which[3]] = column
        else:
            at[NAMESPACE + last] = column
    return tree


def _qualified(path: str) -> str:
    return "/".join(NAMESPACE + step for step in path.split("/"))
