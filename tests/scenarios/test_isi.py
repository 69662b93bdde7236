"""IST Everyday over its web service, through to the LMS: what a failing service never does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.lab.doubles.faults import SERVER_FAULTS
from rostersync.lab.doubles.isi import FAULTS, IsiDouble
from rostersync.lab.doubles.server import Server
from tests.scenarios.town import AUTUMN, Town

DAY = timedelta(days=1)
HARMLESS = {"slow", "twice", "unpacked"}
"""Faults that cost nothing but time: the run is as good as any."""
PASSWORD = "of no use anywhere else"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Town, Server]]:
    """A town whose export is had from the service."""
    town = Town(tmp_path, target="memory")
    double = IsiDouble(town.export_path, password=PASSWORD, late=0)
    with Server(double, faults=double.faults) as server:
        (tmp_path / "password").write_text(PASSWORD)
        (tmp_path / "password").chmod(0o600)
        service = (
            f'type = "isi"\nendpoint = "{server.url}/isi"\npartner = "LAB"\ncustomer = "LYSVIK"\n'
            'password = { file = "password" }\nparams = ["validate=J"]\npoll = "1s"\nready_within = "0s"\n'
            'timeout = "2s"\npatience = "0s"\n'
        )
        text = town.config.read_text().replace('type = "pifu"\n', service)
        lines = [one for one in text.splitlines() if not one.startswith(("files =", "settle ="))]
        town.config.write_text("\n".join(lines))
        yield town, server


def test_no_fault_departs_anybody_and_the_next_good_run_catches_up(served: tuple[Town, Server]) -> None:
    town, server = served
    assert town.sync(AUTUMN).code == 0
    for number, fault in enumerate(sorted({*SERVER_FAULTS, *FAULTS} - HARMLESS)):
        before, on = town.known(), AUTUMN + (2 * number + 1) * DAY
        town.world.change("per", family=f"Moe-{number}")
        server.faults.switch(fault)
        report = town.sync(on)
        (source,) = report.sources
        assert (report.code, report.changes, source.accepted) == (1, {}, False), fault
        assert len(source.refused.split()) > 5, "a reason in words"
        assert not [one for one in (PASSWORD, "Moe", "Siri") if one in source.refused], fault
        assert town.known() == before
        server.faults.clear()
        assert town.sync(on + DAY).changes == {"person": {"update": 1}}, fault


@pytest.mark.parametrize("fault", sorted(HARMLESS))
def test_what_only_takes_time_or_comes_packed_otherwise_is_read(served: tuple[Town, Server], fault: str) -> None:
    town, server = served
    server.faults.switch(fault)
    assert town.sync(AUTUMN).code == 0
    assert len(town.known()) == len(town.world.people)
