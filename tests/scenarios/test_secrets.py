"""After a sync nothing personal stands in clear: not in the state, its write-ahead log, the logs or the JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta

import pytest

from rostersync.errors import UserMistake
from rostersync.store import open_store
from tests.conftest import ROOT
from tests.scenarios.town import AUTUMN, Town
from tests.states import back_up, put_back, written

DAY = timedelta(days=1)
pytestmark = pytest.mark.both


def planted(town: Town) -> list[str]:
    """Every text that could name somebody."""
    humans = town.world.people.values()
    texts = {human.number for human in humans} | {human.email for human in humans} | {human.family for human in humans}
    return sorted(text for text in texts if len(text) > 3)


def test_the_state_and_its_log_name_nobody(town: Town) -> None:
    number = town.world.people["kari"].number
    town.world.drop("kari")
    town.world.put(*(_renamed(town, number)))
    town.sync(AUTUMN)
    town.world.drop("siri")
    town.sync(AUTUMN + DAY)
    content = written(town.home / "state.db")
    assert len(content) > 1_000
    found = [text for text in [*planted(town), number] if text.encode() in content]
    assert found == [], f"the state holds {len(found)} personal texts in clear"


def _renamed(town: Town, number: str) -> tuple[object, ...]:
    """A pupil whose source id is her national number, as IST writes it by default."""
    from datetime import date

    from tests.scenarios.town import Human, Tied

    return (
        Human(number, "Kari", "Lundgrensen", date(2014, 2, 3), number, guardians=("mor",)),
        Tied("north", number),
        Tied("7A", number),
    )


def test_logs_and_json_name_nobody(town: Town) -> None:
    town.world.change("per", given="", family="")
    town.export(AUTUMN)
    done = subprocess.run(
        [sys.executable, "-m", "rostersync", "-c", str(town.config), "--json", "sync", "oslo", "--as-of", AUTUMN.isoformat()],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["changes"]["person"]["create"] > 0
    assert "run.finished" in done.stderr
    assert [text for text in planted(town) if text in done.stdout + done.stderr] == []


def test_a_wrong_secret_is_seen_at_once(town: Town) -> None:
    town.sync(AUTUMN)
    settings = town.settings().state
    secret = "another secret of more than thirty-two bytes"
    with pytest.raises(UserMistake):
        open_store(settings.url, secret, base=settings.base, access=settings.access())


def test_a_restored_backup_only_creates_and_updates_until_a_person_recovers_it(town: Town) -> None:
    town.sync(AUTUMN)
    backup = back_up(town.home / "state.db")
    town.world.change("eva", family="Ny")
    town.sync(AUTUMN + DAY)
    put_back(town.home / "state.db", backup)
    town.world.drop("siri")
    town.world.change("ola", family="Nyere")
    report = town.sync(AUTUMN + 2 * DAY)
    assert report.restored_backup
    assert town.known()["Ola", "school"].family_name == "Nyere"
    assert "depart" not in report.changes.get("person", {})
    store = town.store()
    store.generation.recover()
    store.close()
    assert town.run(AUTUMN + 2 * DAY).changes["person"]["depart"] == 1
