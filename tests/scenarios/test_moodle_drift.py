"""Stories of what people change by hand in Moodle: found by a walk, shown, and mended where asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from rostersync.errors import TargetUnavailable
from rostersync.lab.doubles.moodle import Moodle, people
from rostersync.lab.doubles.moodle.tables import Account, Course
from rostersync.lab.doubles.server import Server
from tests.scenarios.drifting import found, look, mend
from tests.scenarios.test_moodle import TOKEN, MoodleTown
from tests.scenarios.town import AUTUMN

NEXT = AUTUMN + timedelta(days=1)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[MoodleTown]:
    double = Moodle(TOKEN)
    with Server(double) as server:
        double.url = server.url
        town = MoodleTown(tmp_path, double, server.url)
        assert town.sync(AUTUMN).code == 0
        yield town
        town.close()


def account(town: MoodleTown, name: str) -> Account:
    return next(one for one in town.double.site.tables.living() if one.firstname == name)


def change(town: MoodleTown, name: str, **values: object) -> None:
    one = account(town, name)
    town.double.site.tables.accounts[one.id] = replace(one, **values)


def course(town: MoodleTown, title: str) -> Course:
    return next(one for one in town.double.site.tables.courses.values() if one.fullname == title)


def test_after_a_delivery_nothing_differs(town: MoodleTown) -> None:
    looked = look(town)
    assert (looked.compared, looked.silent, found(town)) == (looked.held, False, {})


def test_somebody_who_was_deleted_by_hand_is_found_and_made_anew(town: MoodleTown) -> None:
    people.delete(town.double.site.tables, account(town, "Kari"))
    look(town)
    assert found(town) == {"Kari": ("lost", "")}
    mend(town)
    assert town.sync(NEXT).code == 0
    assert town.differences() == {}
    look(town)
    assert found(town) == {}


def test_what_somebody_changed_by_hand_is_shown_and_mended(town: MoodleTown) -> None:
    tables = town.double.site.tables
    change(town, "Ola", firstname="Olav")
    change(town, "Eva", suspended=True)
    tables.unenrol(course(town, "7A").id, account(town, "Per").id)
    tables.courses[course(town, "7B").id] = replace(course(town, "7B"), visible=False)
    siri = account(town, "Siri").id
    for pair in [pair for pair in tables.members if pair[1] == siri]:
        del tables.members[pair]
    look(town)
    assert found(town) == {
        "Ola": ("changed", "given_name"),
        "Eva": ("disabled", "enabled, memberships lost"),
        "Per": ("changed", "memberships lost"),
        "7B": ("changed", "visible"),
        "Siri": ("changed", "memberships lost"),
    }
    assert mend(town) == 5
    assert town.sync(NEXT).code == 0
    assert town.differences() == {}
    look(town)
    assert found(town) == {}


def test_an_enrolment_made_by_hand_in_a_course_of_ours_is_shown_and_one_elsewhere_is_not(town: MoodleTown) -> None:
    tables, kari = town.double.site.tables, account(town, "Kari").id
    elsewhere = Course(tables.number(), "Sjakk", "sjakk", "chess-club", course(town, "7B").categoryid)
    tables.courses[elsewhere.id] = elsewhere
    tables.enrolments[elsewhere.id, kari] = None
    look(town)
    assert found(town) == {}
    tables.enrolments[course(town, "7B").id, kari] = None
    look(town)
    assert found(town) == {"Kari": ("changed", "memberships added")}


def test_whoever_is_suspended_is_not_missed_and_seen_when_somebody_lets_her_in_again(town: MoodleTown) -> None:
    town.world.drop("siri")
    town.sync(NEXT)
    town.sync(NEXT + timedelta(days=40))
    assert account(town, "Siri").suspended
    look(town)
    assert found(town) == {}
    change(town, "Siri", suspended=False)
    look(town)
    assert found(town)["Siri"] == ("enabled", "enabled")


def test_a_walk_keeps_to_what_it_says_it_costs(town: MoodleTown) -> None:
    walk = town.parts().target("lms").target.walk  # type: ignore[attr-defined]
    before = len(town.double.calls)
    looked = look(town, walk.calls)
    assert len(town.double.calls) - before <= walk.calls
    assert looked.calls == walk.calls


def test_a_stranger_is_listed_by_her_id_number_or_her_number(town: MoodleTown) -> None:
    tables = town.double.site.tables
    for idnumber in ("hr-7", ""):
        one = Account(tables.number(), f"x{idnumber}", f"x{idnumber}@example.no", "En", "Annen", idnumber)
        tables.accounts[one.id] = one
    looked = look(town, listing=True)
    assert looked.strangers == [f"#{max(tables.accounts)}", "hr-7"]


@pytest.mark.parametrize(
    "function", ["core_enrol_get_users_courses", "core_cohort_get_cohorts", "core_course_get_categories"]
)
def test_a_site_that_may_not_be_read_loses_nobody(town: MoodleTown, function: str) -> None:
    town.double.functions.discard(function)
    with pytest.raises(TargetUnavailable, match="check --online"):
        look(town)
    assert found(town) == {}
