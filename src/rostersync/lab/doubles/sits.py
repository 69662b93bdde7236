"""A SITS with RWS services, as a double: the school for adults, table by table, behind a user name and a password.

`/SIW_RWS/DELTAKERE`, `/ANSATTE` and `/GRUPPER` give lists of lists whose first is the column names; `/export.xml` the same
rows in XET layout. Besides the faults of any server it knows `FAULTS`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

import msgspec

from rostersync.lab.adult_school import GROUP_COLUMNS, STAFF_COLUMNS, STUDENT_COLUMNS, AdultSchool, Cells
from rostersync.lab.doubles.faults import Faults
from rostersync.lab.doubles.server import Asked, Told
from rostersync.lab.sits_writer import xet

FAULTS: Final = {
    "empty": "nobody, and status 200",
    "shrunk": "the first half of the rows",
    "reordered": "the rows in another order",
    "duplicated": "every row twice",
    "braceless": "the outer brackets are missing",
    "nulls": "null in place of empty texts",
}
"""Fault -> what it does to an answer."""

SERVICES: Final = "/urd/sits.urd/run/SIW_RWS"


class Sits:
    """The double. `school` may be exchanged while it serves; `faults` are those of its own kind."""

    def __init__(self, school: AdultSchool, user: str = "rostersync", password: str = "of no use elsewhere") -> None:  # noqa: S107 - the lab's own, and no secret
        self.school = school
        self.faults = Faults()
        self._proof = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def answer(self, asked: Asked) -> Told:
        """The reply to a request."""
        if asked.headers.get("authorization") != self._proof:
            return Told(b"", status=401, headers=(("WWW-Authenticate", "Basic"),))
        school = AdultSchool(*(self._bent(rows) for rows in self.school))
        tables = {
            f"{SERVICES}/DELTAKERE": (school.students, STUDENT_COLUMNS),
            f"{SERVICES}/ANSATTE": (school.staff, STAFF_COLUMNS),
            f"{SERVICES}/GRUPPER": (school.groups, GROUP_COLUMNS),
        }
        if asked.path == "/export.xml":
            return Told(xet(school), kind="text/xml")
        if asked.path not in tables:
            return Told(b"[]", status=404)
        return Told(self._listed(*tables[asked.path]))

    def _bent(self, rows: list[Cells]) -> list[Cells]:
        if self.faults.has("empty"):
            return []
        if self.faults.has("shrunk"):
            rows = rows[: len(rows) // 2]
        if self.faults.has("reordered"):
            rows = rows[::-1]
        return [*rows, *rows] if self.faults.has("duplicated") else rows

    def _listed(self, rows: list[Cells], columns: Sequence[str]) -> bytes:
        nothing = None if self.faults.has("nulls") else ""
        body = msgspec.json.encode([columns, *([row.get(column) or nothing for column in columns] for row in rows)])
        return body[1:-1] if self.faults.has("braceless") else body
