"""The school for adults, synced from its SITS: the way from its export to the LMS, and what may go wrong on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from rostersync.connectors.sits import Settings
from rostersync.lab.adult_school import CODE, SCHOOL, AdultSchool, adult_school, schools_table
from rostersync.lab.doubles.faults import SERVER_FAULTS
from rostersync.lab.doubles.server import Server
from rostersync.lab.doubles.sits import SERVICES, Sits
from rostersync.lab.sits_writer import xet
from rostersync.lab.world import START, World
from rostersync.model import User
from rostersync.report import RunReport
from rostersync.store import Store
from tests.connectors.sits_exports import Export, employee, member, student, whole
from tests.conftest import ROOT
from tests.scenarios.town import AUTUMN, Town

DAY = timedelta(days=1)
SECRET_OF_THE_DOUBLE = "of no use elsewhere"


class AdultTown(Town):
    """A town whose only source is SITS."""

    def __init__(self, home: Path, shape: str = "xet", files: str = "in/*.xml", more: str = "") -> None:
        super().__init__(home)
        (home / "schools.csv").write_text(
            "code;number;name;kind\n;974589230;Lysvik kommune;owner\nVO/1;970944443;Lysvik voksenopplæring;school\n"
            "VO/2;974589230;Lysvik voksenopplæring sør;school\n"
        )
        text = self.config.read_text()
        begin, end = text.index("[source.everyday]"), text.index("[target.lms]")
        source = (
            f'[source.sits]\ntype = "sits"\nmapping = "{ROOT}/mappings/sits.yaml"\nschools = "schools.csv"\n'
            f'layout = "{ROOT}/mappings/layouts/sits-{shape}.yaml"\nfiles = "{files}"\nsettle = "0s"\n{more}\n'
        )
        self.config.write_text(text[:begin] + source + text[end:].replace('from = ["everyday"]', 'from = ["sits"]'))

    def offer(self, school: AdultSchool) -> None:
        """Drop the export."""
        self.export(AUTUMN, xet(school))

    def learn(self, school: AdultSchool, on: date = AUTUMN) -> RunReport:
        """Drop the export, and sync it."""
        self.offer(school)
        return self.run(on)

    def user(self, given: str) -> User:
        return self.known()[given, "school"]

    def groups_of(self, given: str) -> set[str]:
        """The names of the groups that somebody is in, samlegrupper left out."""
        names = {row["sourcedId"]: row["title"] for row in self.set().classes.values()}
        return {names[one.group] for one in self.user(given).memberships} - {"Alle elever", "Alle lærere", "Alle ansatte"}


@pytest.fixture
def adults(tmp_path: Path) -> AdultTown:
    return AdultTown(tmp_path)


@pytest.mark.both
def test_an_export_becomes_users_classes_and_groups_with_their_teachers(adults: AdultTown) -> None:
    report = adults.learn(whole())
    assert (report.code, report.sources[0].rejected) == (0, 0)
    kari, eva = adults.user("Kari"), adults.user("Eva")
    assert (kari.role, eva.role) == ("pupil", "staff")
    assert dict(kari.fields) == {"national_number": "15889030094", "feide_id": "kari@lysvik.example"}
    assert adults.groups_of("Kari") == {"N1", "Norsk B1", "Eva Dahl"}
    assert adults.groups_of("Eva") == {"Norsk B1", "Eva Dahl"}
    assert {row["name"] for row in adults.set().orgs.values()} == {"Lysvik kommune", "Lysvik voksenopplæring"}
    assert adults.run(AUTUMN, "plan", full=True).changes == {}
