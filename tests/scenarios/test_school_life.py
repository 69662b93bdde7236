"""What happens to people at schools: they come, move, leave, return, change names and numbers."""

from __future__ import annotations

from datetime import date, timedelta

from rostersync.model import User
from tests.scenarios.town import AUTUMN, Human, Place, Tied, Town, national_number

DAY = timedelta(days=1)


def groups_of(town: Town, user: User) -> set[str]:
    store = town.store()
    try:
        names = {one.id: one.name for one in store.cards.groups(("everyday",))}
    finally:
        store.close()
    return {names[tie.group] for tie in user.memberships if tie.group in names}


def test_a_pupil_moves_to_another_school_with_one_user(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    before = any_town.known()["Kari", "school"]
    any_town.world.untie("kari", "7A").untie("kari", "north").put(Tied("south", "kari"), Tied("1S", "kari"))
    report = any_town.sync(AUTUMN + DAY)
    after = any_town.known()["Kari", "school"]
    assert after.id == before.id
    assert groups_of(any_town, after) == {"1S"}
    assert len(after.schools) == 1
    assert after.schools != before.schools
    assert "depart" not in report.changes.get("person", {})


def test_a_marriage_is_an_update_never_a_new_user(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    any_town.world.change("eva", family="Dahl-Ødegård", email="eva.ny@home.example")
    report = any_town.sync(AUTUMN + DAY)
    assert report.changes == {"person": {"update": 1}}


def test_a_changed_source_id_announced_as_old_and_new_keeps_the_user(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    before = any_town.known()["Ola", "school"].id
    any_town.world.drop("ola").put(
        Human("ola2", "Ola", "Moe", date(2014, 8, 9), guardians=("far",), old_id="ola"),
        Tied("north", "ola2"),
        Tied("7B", "ola2"),
    )
    report = any_town.sync(AUTUMN + DAY)
    assert any_town.known()["Ola", "school"].id == before
    assert report.changes == {}


def test_a_d_number_that_becomes_a_national_number_keeps_the_user(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    before = any_town.known()["Per", "school"].id
    any_town.world.change("per", number=national_number(date(2014, 2, 3), 620))
    report = any_town.sync(AUTUMN + DAY)
    assert any_town.known()["Per", "school"].id == before
    assert report.changes == {"person": {"update": 1}}


def test_a_pupil_who_leaves_is_suspended_after_thirty_days_and_not_before(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    any_town.world.drop("siri")
    departed = any_town.sync(AUTUMN + DAY)
    assert departed.changes["person"]["depart"] == 1
    assert any_town.known()["Siri", "school"].memberships != ()
    assert any_town.sync(AUTUMN + 30 * DAY).changes.get("person", {}) == {}, "thirty days are not over"
    assert any_town.known()["Siri", "school"].enabled
    suspended = any_town.sync(AUTUMN + 31 * DAY)
    assert suspended.changes["person"] == {"suspend": 1}
    siri = any_town.known()["Siri", "school"]
    assert (siri.enabled, siri.memberships, siri.guardians) == (False, (), ())


def test_a_pupil_who_returns_is_the_same_user_again(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    before = any_town.known()["Siri", "school"]
    siri, ties = any_town.world.people["siri"], [tie for tie in any_town.world.ties if tie.person == "siri"]
    any_town.world.drop("siri")
    any_town.sync(AUTUMN + DAY)
    any_town.sync(AUTUMN + 40 * DAY)
    any_town.world.put(siri, *ties)
    report = any_town.sync(AUTUMN + 50 * DAY)
    assert report.changes["person"]["restore"] == 1
    assert any_town.known()["Siri", "school"] == before


def test_a_guardian_departs_when_her_last_child_has_left(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    any_town.world.drop("ola", "siri")
    any_town.sync(AUTUMN + DAY)
    any_town.sync(AUTUMN + 31 * DAY)
    any_town.sync(AUTUMN + 65 * DAY)
    assert not any_town.known()["Jon", "guardian"].enabled


def test_a_teacher_who_leaves_keeps_her_guardian_user(any_town: Town) -> None:
    any_town.world.change("siri", guardians=("far", "eva"))
    any_town.sync(AUTUMN)
    assert ("Eva", "guardian") in any_town.known()
    for group in ("north", "7A", "7B"):
        any_town.world.untie("eva", group)
    any_town.sync(AUTUMN + DAY)
    any_town.sync(AUTUMN + 70 * DAY)
    known = any_town.known()
    assert not known["Eva", "school"].enabled
    assert known["Eva", "guardian"].enabled


def test_an_inactive_pupil_loses_her_ties_at_once_and_her_user_after_the_clock(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    any_town.world.change("kari", status="inaktiv")
    report = any_town.sync(AUTUMN + DAY)
    kari = any_town.known()["Kari", "school"]
    assert (kari.enabled, kari.memberships, kari.guardians) == (True, (), ())
    assert report.changes["guardianship"] == {"end": 1}
    any_town.sync(AUTUMN + 32 * DAY)
    assert not any_town.known()["Kari", "school"].enabled


def test_a_substitute_loses_the_class_on_the_day_after_her_last(any_town: Town) -> None:
    any_town.world.put(
        Human("vik", "Vikar", "Bø", date(1990, 1, 1)),
        Tied("7A", "vik", "02", subrole="vikar", begin="2026-10-01", end="2026-10-20"),
    )
    any_town.sync(AUTUMN)
    any_town.sync(date(2026, 10, 20))
    assert groups_of(any_town, any_town.known()["Vikar", "school"]) == {"7A"}
    any_town.sync(date(2026, 10, 21))
    assert groups_of(any_town, any_town.known()["Vikar", "school"]) == set()


def test_a_new_teacher_has_her_classes_thirty_days_before_she_begins(any_town: Town) -> None:
    any_town.world.put(Human("ny", "Ny", "Lærer", date(1990, 1, 1)), Tied("7A", "ny", "02", begin="2026-11-10"))
    any_town.sync(date(2026, 10, 10))
    assert ("Ny", "school") not in any_town.known()
    any_town.sync(date(2026, 10, 11))
    assert groups_of(any_town, any_town.known()["Ny", "school"]) == {"7A"}


def test_nothing_is_taken_away_in_summer_and_new_classes_are_there_in_august(any_town: Town) -> None:
    any_town.sync(date(2027, 6, 10))
    any_town.world.drop("7A").put(Place("8A", "8A", parent="north"), Tied("8A", "kari"), Tied("8A", "eva", "02"))
    report = any_town.sync(date(2027, 8, 10))
    assert "end" not in report.changes.get("membership", {})
    assert "end" not in report.changes.get("group", {})
    known = any_town.known()
    assert groups_of(any_town, known["Eva", "school"]) >= {"8A", "7B"}
    any_town.sync(date(2027, 9, 1))
    assert groups_of(any_town, any_town.known()["Kari", "school"]) == {"8A"}


def test_a_departed_pupils_kept_tie_does_not_outlive_its_group(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    siri = any_town.known()["Siri", "school"]
    any_town.world.drop("siri")
    any_town.sync(AUTUMN + DAY)
    assert any_town.known()["Siri", "school"].memberships == siri.memberships
    any_town.world.drop("1S")
    any_town.sync(AUTUMN + 2 * DAY)
    assert groups_of(any_town, any_town.known()["Siri", "school"]) == set()
    assert any_town.known()["Siri", "school"].enabled


def test_kontaktlaerer_is_read_from_ists_group_id(any_town: Town) -> None:
    number = any_town.world.people["eva"].number
    any_town.world.put(
        Place(f"3_{number}_7A", "Kontaktlærer 7A", "kontaktlærergruppe", "3", parent="north"),
        Tied(f"3_{number}_7A", "kari"),
    )
    any_town.sync(AUTUMN)
    assert "Kontaktlærer 7A" in groups_of(any_town, any_town.known()["Eva", "school"])
