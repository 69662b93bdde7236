"""Rosters as they really come, odd but sound: what each oddity means for the people in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rostersync.model import Group, Organisation
from tests.scenarios.town import AUTUMN, NORTH, SOURCE, Human, Place, Tied, Town

DAY = timedelta(days=1)
LATER = AUTUMN + DAY
NIGHT = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)


def groups(town: Town) -> dict[str, Group]:
    """What the LMS holds of groups, by name; samlegrupper too."""
    store = town.store()
    try:
        return {
            one.value.name: one.value for one in store.known.objects("lms", "group") if isinstance(one.value, Group)
        }
    finally:
        store.close()


def schools(town: Town) -> set[str]:
    store = town.store()
    try:
        held = [one.value for one in store.known.objects("lms", "organisation")]
        return {one.name for one in held if isinstance(one, Organisation) and one.kind == "school"}
    finally:
        store.close()


def roles_in(town: Town, given: str, group: str) -> set[str]:
    user, held = town.known()[given, "school"], groups(town)[group]
    return {tie.role for tie in user.memberships if tie.group == held.id}


def test_a_person_who_belongs_nowhere_is_no_user_and_no_mistake(town: Town) -> None:
    town.world.put(Human("loner", "Xenia", "Test"))
    report = town.sync(AUTUMN)
    assert report.code == 0
    assert "Xenia" not in {given for given, _ in town.known()}


def test_a_class_of_a_school_that_is_not_in_the_file_is_no_class_and_its_pupils_keep_their_school(town: Town) -> None:
    town.world.put(Place("9X", "9X", parent="nedlagt"), Tied("9X", "kari"))
    report = town.sync(AUTUMN)
    assert report.code == 0
    assert "9X" not in groups(town)
    assert len(town.known()["Kari", "school"].schools) == 1


def test_an_empty_group_is_a_group(town: Town) -> None:
    town.world.put(Place("8Z", "8Z", parent="north"))
    town.sync(AUTUMN)
    assert "8Z" in groups(town)
    assert not [
        user for user in town.known().values() if groups(town)["8Z"].id in {tie.group for tie in user.memberships}
    ]


def test_a_person_described_twice_in_the_same_words_is_one_user(town: Town) -> None:
    twice = town.world.people["kari"].xml()
    made = town.world.xml(NIGHT).replace("<group>", twice + "<group>", 1)
    town.export(AUTUMN, made)
    report = town.run(AUTUMN)
    assert (report.code, report.questions) == (0, 0)
    assert [face for given, face in town.known() if given == "Kari"] == ["school"]


def test_a_group_in_two_membership_elements_has_the_members_of_both(town: Town) -> None:
    text = town.world.xml(NIGHT)
    at = text.index("</member><member>", text.index("<membership><sourcedid><source>lab.example</source><id>7A<"))
    head = f"<membership><sourcedid><source>{SOURCE}</source><id>7A</id></sourcedid>"
    town.export(AUTUMN, f"{text[: at + 9]}</membership>{head}{text[at + 9 :]}")
    town.run(AUTUMN)
    whole = {given for given, face in town.known() if face == "school" and roles_in(town, given, "7A")}
    assert whole == {"Kari", "Per", "Eva"}


def test_a_teacher_with_two_roles_in_a_class_keeps_the_one_that_stays(town: Town) -> None:
    town.world.put(Tied("7A", "eva", "06"))
    town.sync(AUTUMN)
    assert roles_in(town, "Eva", "7A") == {"staff"}
    town.world.ties.remove(Tied("7A", "eva", "02"))
    report = town.sync(LATER)
    assert roles_in(town, "Eva", "7A") == {"staff"}
    assert not town.changed(report, "membership", "end")


@pytest.mark.parametrize("spelt", ["gruppe på Måne skole: 7A", "7A (øst)"])
def test_ids_with_letters_and_spaces_lead_to_the_same_group_every_night(town: Town, spelt: str) -> None:
    town.world.put(Place(spelt, "Valg", parent="north"), Tied(spelt, "kari"))
    town.sync(AUTUMN)
    before = groups(town)["Valg"]
    town.world.change("per", family="Ny")
    town.sync(LATER)
    assert groups(town)["Valg"] == before
    assert roles_in(town, "Kari", "Valg") == {"pupil"}


def test_a_school_that_is_gone_from_the_file_stays_in_the_lms(town: Town) -> None:
    town.sync(AUTUMN)
    before = schools(town)
    town.world.drop("south", "1S", "siri")
    town.sync(LATER)
    assert schools(town) == before == {"Nord skole", "Sør skole"}


def test_a_school_that_gets_another_name_is_the_same_school(town: Town) -> None:
    town.sync(AUTUMN)
    people = town.known()
    town.world.put(Place("north", "Nye Nord skole", NORTH.kind, NORTH.level, NORTH.scheme, NORTH.parent, NORTH.number))
    town.sync(LATER)
    assert schools(town) == {"Nye Nord skole", "Sør skole"}
    assert town.known() == people


@pytest.mark.parametrize("number", ["200601023456", "99999999999", "0000"], ids=["DUF", "no check digits", "serial"])
def test_a_number_that_is_none_never_leaves_and_blocks_nobody(town: Town, number: str) -> None:
    town.world.change("per", number=number)
    town.sync(AUTUMN)
    per = town.known()["Per", "school"]
    assert number not in repr(per)
    assert "national_number" not in dict(per.fields)
    assert town.known()["Kari", "school"].fields


def test_the_key_of_a_user_is_ours_and_neither_a_number_nor_a_source_id(town: Town) -> None:
    town.sync(AUTUMN)
    numbers = {human.number for human in town.world.people.values() if human.number}
    for user in town.known().values():
        assert len(user.id) == 32
        assert not numbers & {user.id, user.person}
        assert not [key for key in town.world.people if key in user.id and len(key) > 2]
    assert {row["sourcedId"] for row in town.set().users.values()} == {user.id for user in town.known().values()}


def test_a_pupil_who_is_registered_as_her_own_guardian_gets_no_link_to_herself(town: Town) -> None:
    town.world.change("kari", guardians=("kari", "mor"))
    town.sync(AUTUMN)
    kari = town.known()["Kari", "school"]
    assert kari.guardians == (town.known()["Anne", "guardian"].id,)
    assert ("Kari", "guardian") not in town.known()
