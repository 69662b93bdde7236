"""From one day to the next: as much happens as was asked for, to those it happens to, and to nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from rostersync.lab import START, date_of
from rostersync.lab.district import District
from rostersync.lab.export_file import ExportFile
from rostersync.lab.pifu_writer import DistrictWriter
from rostersync.lab.world import World
from tests.lab.reading import Reading, SomeTie, read

WORLD = World(11, 1, START, START, churn=0, leavers=0, movers=0)
"""A municipality of one school in which nothing ever happens."""

Days = Callable[..., "Day"]


class Day(Struct, frozen=True):
    """An export, its elements by kind, and a plain reading of it."""

    read: Reading
    elements: dict[str, frozenset[str]]
    ties: dict[str, list[SomeTie]]
    """Person -> what she is tied to."""

    @property
    def pupils(self) -> set[str]:
        """Those with a standing tie as a pupil."""
        return {tie.person for tie in self.read.ties if tie.role == "01" and tie.standing and tie.subrole != "S"}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Makes a day of a world; each is made once."""
    folder: Path = tmp_path_factory.mktemp("lab")
    made: dict[World, Day] = {}

    def of(number: int, **more: object) -> Day:
        world = replace(WORLD, today=date_of(number, START), **more)
        if world not in made:
            path = folder / f"{len(made)}.xml"
            with ExportFile(path, world) as export:
                export.add(DistrictWriter(District(world, 0), world.today))
                export.finish()
            text = path.read_text()
            kinds = {
                kind: frozenset(re.findall(rf"<{kind}>.*?</{kind}>", text, re.DOTALL))
                for kind in ("person", "group", "membership")
            }
            reading = read(path)
            ties: dict[str, list[SomeTie]] = {}
            for tie in reading.ties:
                ties.setdefault(tie.person, []).append(tie)
            made[world] = Day(reading, kinds, ties)
        return made[world]

    return of


def listed(day: Day, keys: set[str]) -> set[str]:
    """The person elements of some people."""
    ids = {key.split("/")[1] for key in keys}
    return {one for one in day.elements["person"] if one.split("<id>")[1].split("<")[0] in ids}


def seat(day: Day, pupil: str) -> set[tuple[str, str]]:
    """The school and class where a pupil belongs."""
    return {
        (tie.group, tie.role)
        for tie in day.ties[pupil]
        if tie.standing and day.read.groups[tie.group].type in ("skole", "basisgruppe")
    }


def ties_of(day: Day, persons: set[str]) -> set[tuple[str, str, str, bool]]:
    def plain(tie: SomeTie) -> tuple[str, str, str, bool]:
        return tie.group, tie.person, tie.role, tie.standing

    return {plain(tie) for tie in day.read.ties if tie.person in persons}


# -- churn ------------------------------------------------------------------------------------------------------------


def test_the_asked_for_share_of_people_is_described_anew_each_day(day: Days) -> None:
    churn = 0.5
    before, after = day(20, churn=churn), day(21, churn=churn)
    everybody = before.read.persons.keys() & after.read.persons.keys()
    changed = len(listed(after, set(everybody)) - listed(before, set(everybody))) / len(everybody)
    assert 0.7 * churn < changed < 1.2 * churn


def test_a_change_of_values_changes_nobodys_id_number_family_or_groups(day: Days) -> None:
    before, after = day(20, churn=0.5), day(21, churn=0.5)
    for key, someone in before.read.persons.items():
        now = after.read.persons.get(key)
        if now is not None:
            assert (now.number, now.birth, now.given, now.inactive) == (
                someone.number,
                someone.birth,
                someone.given,
                someone.inactive,
            )
    both = set(before.read.persons.keys() & after.read.persons.keys())
    pupils = both & before.pupils
    assert ties_of(before, pupils) == ties_of(after, pupils)


def test_where_nothing_was_asked_for_a_pupil_is_the_same_to_the_letter_after_a_month(day: Days) -> None:
    before, after = day(1), day(31)
    assert before.pupils == after.pupils
    as_before = {key for key in before.pupils if before.read.persons[key].contacts == after.read.persons[key].contacts}
    assert len(as_before) > 0.9 * len(before.pupils), "a court may have decided about the others"
    assert listed(before, as_before) == listed(after, as_before)


# -- leavers ----------------------------------------------------------------------------------------------------------


def test_the_asked_for_share_of_pupils_leaves_each_day(day: Days) -> None:
    leavers = 0.05
    before, after = day(20, leavers=leavers), day(21, leavers=leavers)
    stayed = {key for key in after.pupils if not after.read.persons[key].inactive}
    here = {key for key in before.pupils if not before.read.persons[key].inactive}
    gone = len(here - stayed) / len(here)
    assert 0.3 * leavers < gone < 2.5 * leavers


def test_who_leaves_is_gone_from_every_group_or_stays_listed_with_every_role_over(day: Days) -> None:
    before, after = day(20, leavers=0.05), day(21, leavers=0.05)
    for key in before.pupils - after.pupils:
        roles = after.ties.get(key, [])
        assert all(not tie.standing or tie.subrole == "S" for tie in roles)
        assert bool(roles) == (key in after.read.persons)


def test_whoever_comes_has_never_been_there_or_comes_back_as_the_same_person(day: Days) -> None:
    first, middle, last = (day(number, leavers=0.05) for number in (1, 20, 21))
    arrived = last.pupils - middle.pupils
    assert arrived
    known = {someone.number: key for key, someone in first.read.persons.items() if someone.number}
    for key in arrived:
        number = last.read.persons[key].number
        assert known.get(number, key) == key, "a number never passes to another person"


def test_the_number_of_pupils_holds_over_the_weeks(day: Days) -> None:
    counts = [len(day(number, leavers=0.01).pupils) for number in (1, 8, 29)]
    assert max(counts) - min(counts) < 0.2 * counts[0]


# -- movers -----------------------------------------------------------------------------------------------------------


def test_the_asked_for_share_of_pupils_moves_and_nobody_leaves(day: Days) -> None:
    movers = 0.08
    before, after = day(20, movers=movers), day(21, movers=movers)
    assert before.pupils == after.pupils
    moved = {key for key in before.pupils if seat(before, key) != seat(after, key)}
    # a mover to another class where there is only one, or of another elective, keeps her seat
    assert 0.1 * movers * len(before.pupils) < len(moved) < 1.5 * movers * len(before.pupils)


def test_a_mover_has_one_school_and_one_class_as_before(day: Days) -> None:
    after = day(21, movers=0.08)
    for key in after.pupils:
        kinds = sorted(after.read.groups[group].type for group, _ in seat(after, key))
        assert kinds == ["basisgruppe", "skole"]


def test_moving_changes_nothing_that_is_said_of_the_person(day: Days) -> None:
    before, after = day(20, movers=0.08), day(21, movers=0.08)
    names = {key: (one.given, one.family, one.number) for key, one in before.read.persons.items()}
    assert (
        names.items()
        >= {key: (one.given, one.family, one.number) for key, one in after.read.persons.items() if key in names}.items()
    )
    assert before.elements["group"] == after.elements["group"]


# -- one day builds on the other --------------------------------------------------------------------------------------


def test_what_was_asked_for_adds_up_over_the_days(day: Days) -> None:
    first, week, month = (day(number, leavers=0.01) for number in (1, 8, 29))
    lost = [len(first.pupils - later.pupils) for later in (week, month)]
    assert 0 < lost[0] < lost[1]


def test_one_rate_does_not_disturb_what_another_brings(day: Days) -> None:
    """Who leaves is decided without looking at who moves or changes her telephone."""
    plain, busy = day(21, leavers=0.05), day(21, leavers=0.05, churn=0.3)
    assert plain.pupils == busy.pupils
    assert plain.elements["membership"] == busy.elements["membership"]
