"""Reads a OneRoster 1.1 CSV set as an LMS would, and refuses one that is not whole. Shares no code with the target."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Rows = dict[str, dict[str, str]]

COLUMNS = {
    "orgs": "sourcedId status dateLastModified name type identifier parentSourcedId",
    "academicSessions": "sourcedId status dateLastModified title type startDate endDate parentSourcedId schoolYear",
    "courses": "sourcedId status dateLastModified schoolYearSourcedId title courseCode grades orgSourcedId subjects"
    " subjectCodes",
    "classes": "sourcedId status dateLastModified title grades courseSourcedId classCode classType location"
    " schoolSourcedId termSourcedIds subjects subjectCodes periods",
    "users": "sourcedId status dateLastModified enabledUser orgSourcedIds role username userIds givenName familyName"
    " middleName identifier email sms phone agentSourcedIds grades password",
    "enrollments": "sourcedId status dateLastModified classSourcedId schoolSourcedId userSourcedId role primary"
    " beginDate endDate",
}
NEVER_HERE = {"categories", "classResources", "courseResources", "demographics", "lineItems", "resources", "results"}
REQUIRED = {
    "orgs": "sourcedId name type",
    "academicSessions": "sourcedId title type startDate endDate schoolYear",
    "courses": "sourcedId title orgSourcedId",
    "classes": "sourcedId title courseSourcedId classType schoolSourcedId termSourcedIds",
    "users": "sourcedId enabledUser role username givenName familyName",
    "enrollments": "sourcedId classSourcedId schoolSourcedId userSourcedId role",
}
WORDS = {
    ("orgs", "type"): {"district", "school"},
    ("academicSessions", "type"): {"term"},
    ("classes", "classType"): {"homeroom", "scheduled"},
    ("users", "role"): {"administrator", "guardian", "student", "teacher"},
    ("users", "enabledUser"): {"true", "false"},
    ("enrollments", "role"): {"administrator", "student", "teacher"},
}
POINTERS = (
    ("orgs", "parentSourcedId", "orgs"),
    ("courses", "orgSourcedId", "orgs"),
    ("classes", "courseSourcedId", "courses"),
    ("classes", "schoolSourcedId", "orgs"),
    ("classes", "termSourcedIds", "academicSessions"),
    ("users", "orgSourcedIds", "orgs"),
    ("users", "agentSourcedIds", "users"),
    ("enrollments", "classSourcedId", "classes"),
    ("enrollments", "schoolSourcedId", "orgs"),
    ("enrollments", "userSourcedId", "users"),
)


@dataclass(frozen=True)
class OneRosterSet:
    """A set: for each file its rows by sourcedId, each row as column -> text."""

    orgs: Rows = field(default_factory=dict)
    academicSessions: Rows = field(default_factory=dict)  # noqa: N815 - named as the standard names the file
    courses: Rows = field(default_factory=dict)
    classes: Rows = field(default_factory=dict)
    users: Rows = field(default_factory=dict)
    enrollments: Rows = field(default_factory=dict)

    def classes_of(self, user: str) -> dict[str, str]:
        """Class -> role, for the classes a user is enrolled in."""
        own = (row for row in self.enrollments.values() if row["userSourcedId"] == user)
        return {row["classSourcedId"]: row["role"] for row in own}

    def agents_of(self, user: str) -> set[str]:
        """The guardians of a pupil, or the wards of a guardian."""
        return set(listed(self.users[user]["agentSourcedIds"]))


def read_set(path: Path) -> OneRosterSet:
    """Read a whole, valid set from a zip, a folder of CSV files, or the folder that holds either.

    Raises AssertionError with every problem found.
    """
    texts = _texts(path)
    problems = list(_manifest_problems(texts))
    tables: dict[str, Rows] = {}
    for name, columns in COLUMNS.items():
        rows = list(csv.reader(io.StringIO(texts.get(f"{name}.csv", ""), newline=""), strict=True))
        if not rows or rows[0] != columns.split():
            problems.append(f"{name}.csv: its header is not that of OneRoster 1.1")
            continue
        tables[name] = _by_id(name, rows, problems)
    if not problems:
        problems += _problems(tables)
    if not problems:
        problems += _contradictions(tables)
    assert not problems, "\n".join(problems)
    return OneRosterSet(**tables)


def listed(cell: str) -> list[str]:
    """A cell that holds several ids."""
    return cell.split(",") if cell else []


def _texts(path: Path) -> dict[str, str]:
    inside = next((one for one in (path / "oneroster.zip", path / "current") if one.exists()), path)
    if inside.is_dir():
        return {file.name: file.read_bytes().decode() for file in inside.iterdir()}
    with zipfile.ZipFile(inside) as archive:
        assert archive.testzip() is None, "a file in the zip is damaged"
        return {name: archive.read(name).decode() for name in archive.namelist()}


def _manifest_problems(texts: dict[str, str]) -> Iterator[str]:
    rows = list(csv.reader(io.StringIO(texts.pop("manifest.csv", ""), newline="")))
    said = dict(row for row in rows[1:] if len(row) == 2)
    if rows[:1] != [["propertyName", "value"]] or said.get("oneroster.version") != "1.1":
        yield "manifest.csv: missing, or not that of OneRoster 1.1"
    expected = {f"file.{name}": "bulk" for name in COLUMNS} | {f"file.{name}": "absent" for name in NEVER_HERE}
    if {name: how for name, how in said.items() if name.startswith("file.")} != expected:
        yield "manifest.csv: does not say bulk or absent for every file of the standard"
    if set(texts) != {f"{name}.csv" for name in COLUMNS}:
        yield f"the set holds {sorted(texts)}, which is not what its manifest says"


def _by_id(name: str, rows: list[list[str]], problems: list[str]) -> Rows:
    table: Rows = {}
    for number, cells in enumerate(rows[1:], 2):
        row = dict(zip(rows[0], cells, strict=False))
        if len(cells) != len(rows[0]):
            problems.append(f"{name}.csv, row {number}: {len(cells)} columns, not {len(rows[0])}")
        elif row["sourcedId"] in table:
            problems.append(f"{name}.csv, row {number}: this sourcedId stands there twice")
        elif row["status"] or row["dateLastModified"]:
            problems.append(f"{name}.csv, row {number}: a bulk row has no status and no date")
        else:
            table[row["sourcedId"]] = row
    return table


def _problems(tables: dict[str, Rows]) -> Iterator[str]:
    for name, columns in REQUIRED.items():
        for column in columns.split():
            if missing := sum(not row[column] for row in tables[name].values()):
                yield f"{name}.csv: {missing} rows without {column}"
    for (name, column), words in WORDS.items():
        if wrong := {row[column] for row in tables[name].values()} - words:
            yield f"{name}.csv: {column} is {sorted(wrong)}, which OneRoster does not know"
    for name, column, where in POINTERS:
        if dangling := sum(len(_pointers(row, column) - tables[where].keys()) for row in tables[name].values()):
            yield f"{name}.csv: {dangling} rows of {where}.csv that {column} points to are not there"


def _pointers(row: dict[str, str], column: str) -> set[str]:
    several = column.endswith("Ids")
    return set(listed(row[column])) if several else {row[column]} - {""}


def _contradictions(tables: dict[str, Rows]) -> Iterator[str]:
    users, classes = tables["users"], tables["classes"]
    districts = [row for row in tables["orgs"].values() if row["type"] == "district"]
    for key, row in users.items():
        for agent in listed(row["agentSourcedIds"]):
            if key not in listed(users[agent]["agentSourcedIds"]):
                yield "users.csv: a link stands on one row only"
            if "false" in (row["enabledUser"], users[agent]["enabledUser"]):
                yield "users.csv: a suspended user has a link"
        if districts and not row["orgSourcedIds"]:
            yield "users.csv: a user belongs nowhere"
    for row in tables["enrollments"].values():
        if row["schoolSourcedId"] != classes[row["classSourcedId"]]["schoolSourcedId"]:
            yield "enrollments.csv: an enrolment names another school than its class"
        if users[row["userSourcedId"]]["enabledUser"] == "false":
            yield "enrollments.csv: a suspended user is enrolled"
    enrolments = tables["enrollments"].values()
    triples = {(row["classSourcedId"], row["userSourcedId"], row["role"]) for row in enrolments}
    if len(triples) < len(enrolments):
        yield "enrollments.csv: somebody is enrolled twice in one class and role"
