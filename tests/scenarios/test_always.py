"""What must hold in every world and after every night, found out with random ones."""

from __future__ import annotations

import random
import re
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenarios.town import AUTUMN, Human, Place, Tied, Town

DAY = timedelta(days=1)
NIGHTS = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def some_night(town: Town, chance: random.Random) -> None:
    """One random thing that happens at a school."""
    world = town.world
    people = sorted(world.people)
    one = chance.choice(people)
    event = chance.randrange(9)
    if event == 0:
        world.change(one, family=chance.choice(["Ås", "Berg", "Čalbmi", "Nguyen"]))
    elif event == 1:
        world.put(Human(f"n{chance.randrange(99)}", "Ny", "Elev", date(2013, 4, 5), guardians=(chance.choice(people),)))
    elif event == 2:
        world.put(
            Tied(chance.choice(["7A", "7B", "1S", "north", "south"]), one, chance.choice(["01", "02", "05", "06"]))
        )
    elif event == 3 and len(people) > 4:
        world.drop(one)
    elif event == 4:
        world.change(one, status=chance.choice(["aktiv", "inaktiv"]))
    elif event == 5:
        world.change(one, guardians=tuple(chance.sample(people, 1)))
    elif event == 6:
        world.untie(one, chance.choice(["7A", "7B", "1S", "north"]))
    elif event == 7:
        world.change(one, born=date(2008, 10, chance.randrange(1, 29)))
    else:
        world.put(
            Place(
                f"g{chance.randrange(9)}",
                "Gruppe",
                chance.choice(["basisgruppe", "undervisningsgruppe"]),
                parent="north",
            )
        )


def shuffled(text: str, chance: random.Random) -> str:
    """The same document with its top-level elements in another order."""
    head, body, tail = re.split(r"(?<=</properties>)\n|\n(?=</enterprise>)", text)
    elements = body.split("\n")
    chance.shuffle(elements)
    return "\n".join([head, *elements, tail])


@NIGHTS
@given(seed=st.integers(0, 10**6), target=st.sampled_from(["oneroster_csv", "memory"]))
def test_after_any_nights_planning_in_full_is_empty_and_no_link_lacks_proof(seed: int, target: str) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder), target=target)
        on = AUTUMN
        for _ in range(4):
            for _ in range(chance.randrange(1, 6)):
                some_night(town, chance)
            report = town.sync(on)
            again = town.run(on, "plan", full=True)
            if not report.held:
                assert again.changes == {}
            _no_link_without_proof(town, on)
            on += chance.choice([1, 7, 30, 40]) * DAY


def _no_link_without_proof(town: Town, on: date) -> None:
    """Every new link has a pupil who names the guardian, today or in the last record before she was absent."""
    names = {town.person(one): one for one in town.world.people}
    for user in town.known().values():
        pupil = town.world.people.get(names.get(user.person, ""))
        if pupil is None:
            continue  # absent: her links stay until she is suspended
        proven = {town_user(town, one) for one in pupil.guardians if one in town.world.people}
        assert set(user.guardians) <= proven
        if pupil.status == "inaktiv":
            assert user.guardians == ()


def town_user(town: Town, one: str) -> str:
    store = town.store()
    try:
        return store.ids.user(town.person(one), "guardian")
    finally:
        store.close()


@NIGHTS
@given(seed=st.integers(0, 10**6))
def test_the_order_of_the_elements_does_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        one, other = Town(Path(folder) / "one"), Town(Path(folder) / "other")
        for night in range(2):
            on = AUTUMN + night * DAY
            some_night(one, chance)
            made = datetime(on.year, on.month, on.day, 2, 0, tzinfo=UTC)
            text = one.world.xml(made)
            one.export(on, text)
            other.export(on, shuffled(text, chance))
            first, second = one.run(on), other.run(on)
            assert (first.changes, first.digest) == (second.changes, second.digest)
            assert one.known() == other.known()


@pytest.mark.parametrize("target", ["oneroster_csv", "memory"])
def test_a_held_change_never_reaches_the_target(tmp_path: Path, target: str) -> None:
    town = Town(tmp_path, target=target, extra="[sync.oslo.guard]\nfloor = 0\nperson.update = { count = 0 }\n")
    town.sync(AUTUMN)
    file = next((tmp_path / "out").iterdir())
    before = file.read_bytes()
    town.world.change("kari", family="Holdt-Tilbake")
    report = town.sync(AUTUMN + DAY)
    assert report.code == 3
    assert town.known()["Kari", "school"].family_name == "Lund"
    assert file.read_bytes() == before


def test_nobody_is_suspended_while_a_source_has_her(tmp_path: Path) -> None:
    """Two exports of two schools as two sources: leaving one of them is not leaving."""
    town = Town(tmp_path)
    config = town.config.read_text()
    other = config[config.index("[source.everyday]") : config.index("[target.lms]")]
    other = other.replace("[source.everyday]", "[source.second]").replace("in/*.xml", "in2/*.xml")
    town.config.write_text(
        config.replace("[target.lms]", other + "[target.lms]").replace(
            'from = ["everyday"]', 'from = ["everyday", "second"]'
        )
    )
    (tmp_path / "in2").mkdir()
    town.export(AUTUMN)
    (tmp_path / "in2" / "export.xml").write_bytes(town.export_path.read_bytes())
    town.run(AUTUMN)
    town.world.drop("kari")
    for days in (1, 40, 80):
        town.sync(AUTUMN + days * DAY)
    kari = town.known()["Kari", "school"]
    assert kari.enabled
