"""Finding whom somebody means by what she typed, and who is near whom, from the first snapshot to the last."""

from __future__ import annotations

import unicodedata

import pytest

from rostersync.model import Tie
from rostersync.store import Store
from tests.store.ledger import delivery
from tests.store.ledger import user as user_of
from tests.store.snapshots import (
    ANNE_NUMBER,
    IST,
    KARI_NUMBER,
    LMS,
    NOW,
    OLA_NUMBER,
    Part,
    id_of,
    klass,
    members,
    person,
    school,
    take_in,
    tie,
)

VIS = "vis"
TOWN: tuple[Part, ...] = (
    klass("owner", kind="owner", name="Kommunen", at=""),
    school("s1", parent="owner"),
    school("s2", "Sørskogen skole", "970944443", parent="owner"),
    klass("8a"),
    klass("8a-norsk", at="8a", kind="teaching_group"),
    klass("1b", at="s2"),
    klass("3_t", kind="mentor_group", mentor="tone"),
    person("kari", number=KARI_NUMBER, feide="kari@skole.example", guardians=["anne"]),
    person("ola", "Ola", number=OLA_NUMBER, guardians=["anne", "arne"]),
    person("per", "Per", guardians=["arne"]),
    person("anne", "Anne", number=ANNE_NUMBER),
    person("arne", "Arne"),
    person("tone", "Tone"),
    members("8a", "kari"),
    members("8a-norsk", "ola"),
    members("1b", "per"),
    members("owner", tie("tone", "administrator")),
)


@pytest.fixture
def town(store: Store) -> Store:
    take_in(store, TOWN)
    return store


def ids(store: Store, *keys: str) -> set[str]:
    return {id_of(store, key) for key in keys}


# -- persons ----------------------------------------------------------------------------------------------------------


def test_a_person_is_found_by_the_id_of_either_of_her_lms_users(town: Store) -> None:
    anne = id_of(town, "anne")
    staff, guardian = user_of(anne), user_of(anne, face="guardian")
    town.known.settle_many(LMS, [delivery(staff)], town.value_digest)
    town.known.settle("another", delivery(guardian), "")
    assert town.cards.find(staff.id) == town.cards.find(guardian.id) == [anne]
    town.known.forget(LMS, staff.id)
    assert town.cards.find(staff.id) == []


@pytest.mark.parametrize(
    "typed", ["KARI@SKOLE.EXAMPLE", "  kari@skole.example\n", "kari@skole.example", "Kari@skole.Example "]
)
def test_a_feide_name_is_found_however_it_is_typed(town: Store, typed: str) -> None:
    assert town.cards.find(typed) == [id_of(town, "kari")]


@pytest.mark.parametrize("shape", ["{}", " {} ", "{:.6} {}", "{:.6}-{}"])
def test_a_national_number_is_found_however_its_digits_are_spaced(town: Store, shape: str) -> None:
    number = KARI_NUMBER
    typed = shape.format(number) if shape.count("{") == 1 else shape.format(number[:6], number[6:])
    assert town.cards.find_number(typed) == [id_of(town, "kari")]


def test_one_number_of_two_sources_leads_to_one_person(town: Store) -> None:
    take_in(town, [person("v1", "Kari", number=KARI_NUMBER)], source=VIS)
    assert town.cards.find_number(KARI_NUMBER) == town.cards.find("v1") == [id_of(town, "kari")]


def test_a_key_is_found_whether_its_letters_are_composed_or_not(store: Store) -> None:
    take_in(store, [person("bjørkåsen-1", "Kari")])
    typed = unicodedata.normalize("NFD", "bjørkåsen-1")
    assert typed != "bjørkåsen-1"
    assert store.cards.find(typed) == [id_of(store, "bjørkåsen-1")]


def test_keys_keep_their_leading_zeros_and_capitals(store: Store) -> None:
    take_in(store, [person("007", "James"), person("7", "Syv"), person("Abc", "Stor"), person("abc", "Liten")])
    found = {key: store.cards.find(key) for key in ("007", "7", "Abc", "abc")}
    assert [len(one) for one in found.values()] == [1, 1, 1, 1]
    assert len({one[0] for one in found.values()}) == 4


@pytest.mark.parametrize("key", ["kari", "sas/kari", "kari@skole.example"])
def test_who_has_left_is_found_as_before(town: Store, key: str) -> None:
    kari = id_of(town, "kari")
    take_in(town, [part for part in TOWN if part != TOWN[7]], run="run-2")
    assert town.cards.find(key) == [kari]
    assert town.cards.find_number(KARI_NUMBER) == [kari]


def test_who_is_protected_is_found_so_that_somebody_can_end_it(town: Store) -> None:
    kari = id_of(town, "kari")
    town.decisions.protect(kari, "withhold", "told by the school", "admin", NOW)
    assert town.cards.find("kari") == town.cards.find_number(KARI_NUMBER) == [kari]


def test_a_number_that_was_corrected_finds_its_owner_and_no_longer_the_other(store: Store) -> None:
    take_in(store, [person("kari", number=OLA_NUMBER)])
    take_in(store, [person("kari", number=KARI_NUMBER)], run="run-2")
    assert store.cards.find_number(KARI_NUMBER) == [id_of(store, "kari")]
    assert store.cards.find_number(OLA_NUMBER) == []


def test_a_key_with_a_slash_means_that_key_alone(store: Store) -> None:
    take_in(store, [person("kari"), person("sas/kari", "Lang")])
    short, long = store.ids.person(IST, "sas/kari"), store.ids.person(IST, "sas/sas/kari")
    assert store.cards.find("sas/kari") == [short]
    assert store.cards.find("sas/sas/kari") == [long]


# -- groups and schools -----------------------------------------------------------------------------------------------


def test_a_school_reaches_the_groups_below_its_groups(town: Store) -> None:
    north = town.ids.organisation("974589230", IST, "sas/s1")
    assert set(town.cards.of_school(north)) == ids(town, "kari", "ola", "tone")


def test_the_owner_reaches_everybody_and_a_neighbouring_school_nobody_of_another(town: Store) -> None:
    owner = town.ids.organisation("", IST, "sas/owner")
    assert set(town.cards.of_school(owner)) == ids(town, "kari", "ola", "per", "tone")
    south = town.ids.organisation("970944443", IST, "sas/s2")
    assert set(town.cards.of_school(south)) == ids(town, "per")


def test_the_teacher_whom_a_mentor_group_names_is_among_its_members(town: Store) -> None:
    assert town.cards.members(town.ids.group(IST, "sas/3_t")) == [id_of(town, "tone")]


def test_members_come_in_id_order_and_once_however_many_roles_they_hold(store: Store) -> None:
    many = [f"p{number}" for number in range(30)]
    ties: list[Tie | str] = [tie("p3", "teacher"), tie("p3", "contact_teacher"), *many]
    take_in(store, [school(), klass("8a"), *(person(key) for key in many), members("8a", *ties)])
    listed = store.cards.members(store.ids.group(IST, "sas/8a"))
    assert listed == sorted(ids(store, *many))


def test_members_of_nothing_are_nobody(town: Store) -> None:
    assert town.cards.members("0" * 32) == town.cards.of_school("0" * 32) == []


def test_a_bare_group_key_of_two_sources_finds_both_groups(town: Store) -> None:
    take_in(town, [school(), klass("8a"), person("v1"), members("8a", "v1")], source=VIS)
    assert sorted(town.cards.find_group("8a")) == sorted([town.ids.group(IST, "sas/8a"), town.ids.group(VIS, "sas/8a")])


# -- neighbours -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "near"),
    [
        (["kari"], ["anne"]),
        (["anne"], ["kari", "ola"]),
        (["ola"], ["anne", "arne"]),
        (["kari", "per"], ["anne", "arne"]),
        (["tone"], []),
    ],
)
def test_neighbours_are_one_guardianship_away(town: Store, of: list[str], near: list[str]) -> None:
    found = town.cards.neighbourhood(id_of(town, key) for key in of)
    assert found == sorted(ids(town, *of, *near))


def test_somebody_unknown_has_no_neighbours_and_nobody_asked_about_is_lost(town: Store) -> None:
    kari = id_of(town, "kari")
    assert set(town.cards.neighbourhood(["0" * 32, kari])) >= {kari, id_of(town, "anne")}
    assert town.cards.neighbourhood([]) == []


def test_neighbours_are_found_over_the_guardianships_of_every_source(town: Store) -> None:
    take_in(town, [person("v1", number=KARI_NUMBER, guardians=["v2"]), person("v2", "Stine")], source=VIS)
    found = town.cards.neighbourhood([id_of(town, "kari")])
    assert set(found) == {*ids(town, "kari", "anne"), town.ids.person(VIS, "sas/v2")}
