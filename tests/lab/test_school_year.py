"""What the first of August does: new groups, promoted pupils, those who leave and those who begin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from rostersync.lab import START
from rostersync.lab.district import District
from rostersync.lab.export_file import ExportFile
from rostersync.lab.pifu_writer import DistrictWriter
from rostersync.lab.world import World
from tests.lab.reading import Reading, read

JULY, AUGUST = date(2027, 7, 31), date(2027, 8, 1)
PRIMARY, COMBINED = "ist@lysvik.example/10001", "ist@lysvik.example/10002"


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Callable[[date], Reading]:
    folder: Path = tmp_path_factory.mktemp("lab")
    seen: dict[date, Reading] = {}

    def reading(at: date) -> Reading:
        if at not in seen:
            world = World(42, 2, START, at, churn=0, leavers=0, movers=0)
            with ExportFile(folder / f"{at}.xml", world) as export:
                export.add(DistrictWriter(District(world, 0), at))
                export.finish()
            seen[at] = read(folder / f"{at}.xml")
        return seen[at]

    return reading


def classes(read: Reading) -> dict[str, str]:
    """Pupil -> the name of her class."""
    names = {key: group.name for key, group in read.groups.items() if group.type == "basisgruppe"}
    return {tie.person: names[tie.group] for tie in read.ties if tie.role == "01" and tie.group in names}


def school(read: Reading, pupil: str) -> str:
    return next(t.group for t in read.ties if t.person == pupil and read.groups[t.group].type == "skole" and t.standing)


def test_the_last_of_july_still_speaks_of_the_old_year_and_the_first_of_august_of_the_new(
    on: Callable[[date], Reading],
) -> None:
    for at, year in ((JULY, 2026), (AUGUST, 2027)):
        dated = [group for group in on(at).groups.values() if group.end]
        assert {group.end.year for group in dated if group.end} == {year + 1}
        assert {group.begin.year for group in dated if group.begin} == {year}


def test_no_group_but_the_schools_lives_on(on: Callable[[date], Reading]) -> None:
    assert {on(JULY).groups[key].type for key in on(JULY).groups.keys() & on(AUGUST).groups.keys()} == {
        "skole",
        "skoleeier",
    }


def test_every_pupil_who_stays_is_one_grade_up(on: Callable[[date], Reading]) -> None:
    before, after = classes(on(JULY)), classes(on(AUGUST))
    assert len(before.keys() & after.keys()) == 950 - 95
    for pupil in before.keys() & after.keys():
        assert int(after[pupil][:-1]) == int(before[pupil][:-1]) + 1


def test_a_class_stays_together(on: Callable[[date], Reading]) -> None:
    before, after = classes(on(JULY)), classes(on(AUGUST))
    of_3a = {pupil for pupil, name in before.items() if name == "3A" and school(on(JULY), pupil) == PRIMARY}
    assert {after[pupil] for pupil in of_3a} == {"4A"}


def test_tenth_graders_leave_and_first_graders_begin(on: Callable[[date], Reading]) -> None:
    before, after = classes(on(JULY)), classes(on(AUGUST))
    assert {int(before[pupil][:-1]) for pupil in before.keys() - after.keys()} == {10}
    assert {int(after[pupil][:-1]) for pupil in after.keys() - before.keys()} == {1}
    assert len(after) == len(before) == 950


def test_seventh_graders_of_the_primary_school_go_on_to_the_combined_one(on: Callable[[date], Reading]) -> None:
    before, after = classes(on(JULY)), classes(on(AUGUST))
    moved = [pupil for pupil in before.keys() & after.keys() if school(on(JULY), pupil) != school(on(AUGUST), pupil)]
    assert len(moved) == 68
    assert {before[pupil][:-1] for pupil in moved} == {"7"}
    assert {school(on(AUGUST), pupil) for pupil in moved} == {COMBINED}


def test_the_last_school_day_is_written_on_the_ties_of_tenth_graders_only(on: Callable[[date], Reading]) -> None:
    names = classes(on(JULY))
    ending = {tie.person: tie.end for tie in on(JULY).ties if tie.role == "01" and tie.end}
    assert {names[pupil][:-1] for pupil in ending} == {"10"}
    assert set(ending.values()) == {date(2027, 6, 18)}


def test_first_graders_are_listed_before_their_first_day(on: Callable[[date], Reading]) -> None:
    names = classes(on(AUGUST))
    beginning = {tie.person: tie.begin for tie in on(AUGUST).ties if tie.role == "01" and tie.begin}
    assert {names[pupil][:-1] for pupil in beginning} == {"1"}
    assert set(beginning.values()) == {date(2027, 8, 16)}


def test_guardians_leave_with_their_last_child_and_come_with_their_first(on: Callable[[date], Reading]) -> None:
    for at in (JULY, AUGUST):
        staff = {tie.person for tie in on(at).ties if tie.role != "01"}
        pointed_to = {key for someone in on(at).persons.values() for key, _ in someone.contacts}
        adults = on(at).persons.keys() - classes(on(at)).keys()
        assert adults == (staff | pointed_to) & on(at).persons.keys()
        assert pointed_to <= on(at).persons.keys()


def test_the_world_goes_on_for_years_with_numbers_of_its_own(on: Callable[[date], Reading]) -> None:
    later = on(date(2031, 5, 1))
    numbers = [someone.number for someone in later.persons.values() if someone.number]
    assert len(set(numbers)) == len(numbers)
    assert len(classes(later)) == 950
    assert later.persons.keys() & on(JULY).persons.keys()
