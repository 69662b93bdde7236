"""Small SITS exports for tests, in every shape: people by name, and a folder, server or database that offers them.

Everybody is invented. National numbers are synthetic (month + 80).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rostersync.connectors.sits import Settings, SitsConnector, make
from rostersync.credentials import Secret
from rostersync.lab.adult_school import GROUP_COLUMNS, STAFF_COLUMNS, STUDENT_COLUMNS, AdultSchool, Cells
from rostersync.lab.sits_writer import delimited, xet
from tests.conftest import ROOT

LAYOUTS = ROOT / "mappings" / "layouts"
MAPPING = ROOT / "mappings" / "sits.yaml"
SCHOOLS = "code;number;name;kind\n;974589230;Lysvik kommune;owner\nVO/1;970944443;Lysvik voksenopplæring;school\n"
SECRETS = ("Nåværende", "Kari", "kari@lysvik.example", "15889030094", "1001/1")
KARI_NUMBER = "15889030094"


def student(code: str, **more: str) -> Cells:
    """A participant at the school, in class N1."""
    return {
        "elevkode": code,
        "fornavn": "Kari",
        "etternavn": "Nåværende",
        "fodselsdato": "1990-08-15",
        "skolekode": "VO/1",
        "klasse": "N1",
        "skolear": "2026/27",
        "status": "aktiv",
        **more,
    }


def employee(code: str, **more: str) -> Cells:
    """An employee at the school."""
    return {
        "ansattkode": code,
        "fornavn": "Eva",
        "etternavn": "Dahl",
        "fodselsdato": "1979-01-02",
        "skolekode": "VO/1",
        "status": "aktiv",
        **more,
    }


def member(code: str, access: str = "deltaker", **more: str) -> Cells:
    """Somebody in group 77."""
    return {
        "gruppekode": "77/B",
        "gruppenavn": "Norsk B1",
        "personkode": code,
        "tilgang": access,
        "skolekode": "VO/1",
        "skolear": "2026/27",
        **more,
    }


def whole() -> AdultSchool:
    """Two participants and their teacher; one group of a participant and the teacher."""
    kari = student("1001/1", feide="kari@lysvik.example", fnr=KARI_NUMBER, tiltalsnavn="Kari", kontaktlarer="Dahl, Eva")
    return AdultSchool(
        [kari, student("1002/1", fornavn="Ærø", etternavn="Åsen", kontaktlarer="7/1")],
        [employee("7/1", feide="eva@lysvik.example")],
        [member("1001/1"), member("7/1", "lærer")],
    )


def with_one_more(school: AdultSchool) -> AdultSchool:
    """The same, and somebody who is at no school."""
    return school._replace(students=[*school.students, student("1003/1", skolekode="", fornavn="Per")])


class Export:
    """A folder, server or database with one export, and the connector that reads it."""

    def __init__(self, home: Path, shape: str, **settings: object) -> None:
        self.home = home
        self.inbox, self.spool = home / "in", home / "spool"
        for folder in (self.inbox, self.spool):
            folder.mkdir(exist_ok=True)
        (home / "schools.csv").write_text(SCHOOLS, encoding="utf-8")
        self.shape = shape
        self.layout = home / f"sits-{shape}.yaml"
        if not self.layout.exists():
            self.layout.write_text((LAYOUTS / self.layout.name).read_text(encoding="utf-8"), encoding="utf-8")
        self.settings = settings
        self.database = home / "sits.db"

    @property
    def connector(self) -> SitsConnector:
        """A connector made anew, for the layout as it stands now."""
        where: dict[str, object] = {
            "xet": {"files": str(self.inbox / "*.xml")},
            "delimited": {"files": str(self.inbox / "*.csv")},
            "views": {"database": f"sqlite:///{self.database}"},
            "rws": {},
        }[self.shape]
        common = {"layout": self.layout, "schools": self.home / "schools.csv", "spool": self.spool}
        return make("sits", Settings(**{**common, **where, **self.settings}))  # type: ignore[arg-type]

    def edit_layout(self, old: str, new: str) -> None:
        """Change a text of the layout, which must be there."""
        text = self.layout.read_text(encoding="utf-8")
        assert old in text
        self.layout.write_text(text.replace(old, new), encoding="utf-8")

    def drop(self, name: str, content: bytes, age: float = 60) -> Path:
        """Drop a file of that age (seconds) into the folder."""
        path = self.inbox / name
        path.write_bytes(content)
        then = (datetime.now(UTC) - timedelta(seconds=age)).timestamp()
        os.utime(path, (then, then))
        return path

    def offer(self, school: AdultSchool, damage: Callable[[bytes], bytes] = lambda content: content) -> None:
        """Offer an export; `damage` changes the last of its files."""
        if self.shape == "xet":
            self.drop("export.xml", damage(xet(school)))
        elif self.shape == "delimited":
            self.drop("deltakere.csv", delimited(school.students, STUDENT_COLUMNS))
            self.drop("ansatte.csv", delimited(school.staff, STAFF_COLUMNS))
            self.drop("grupper.csv", damage(delimited(school.groups, GROUP_COLUMNS)))
        elif self.shape == "views":
            fill(self.database, school)
        else:
            raise AssertionError("a server offers what its double has")


def secret(home: Path, text: str) -> Secret:
    """A secret in a file."""
    path = home / "password"
    path.write_text(text)
    path.chmod(0o600)
    return Secret("file", str(path), "test")


def fill(database: Path, school: AdultSchool) -> None:
    """Write a database with the views of a site: dates as dates, and a column more than anybody asks for."""
    database.unlink(missing_ok=True)
    tables = (
        ("v_deltakere", STUDENT_COLUMNS, school.students),
        ("v_ansatte", STAFF_COLUMNS, school.staff),
        ("v_grupper", GROUP_COLUMNS, school.groups),
    )
    with closing(sqlite3.connect(database)) as connection, connection:
        for view, columns, rows in tables:
            kinds = ", ".join(f'"{name}" {"DATE" if name in _DATES else "TEXT"}' for name in columns)
            connection.execute(f'CREATE TABLE of_{view} ({kinds}, "adresse" TEXT)')
            marks = ", ".join("?" * (len(columns) + 1))
            values = [[row.get(name) or None for name in columns] + ["Storgata 1"] for row in rows]
            connection.executemany(f"INSERT INTO of_{view} VALUES ({marks})", values)  # noqa: S608 - names of ours
            connection.execute(f"CREATE VIEW {view} AS SELECT * FROM of_{view}")  # noqa: S608 - the names are our tables' own


_DATES = ("fodselsdato", "start", "slutt")
