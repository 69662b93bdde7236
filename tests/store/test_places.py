"""The facts of groups and schools: what a source describes, what stands, and which school a group belongs to."""

from __future__ import annotations

from datetime import date

import pytest

from rostersync.model import GroupFact, School
from rostersync.store import Store
from tests.store.snapshots import (
    IST,
    LMS,
    Part,
    card_of,
    clean,
    dirty,
    groups_of,
    id_of,
    klass,
    members,
    person,
    school,
    take_in,
    tie,
)

VIS = "vis"
OWNER = klass("owner", kind="owner", name="Lysvik kommune", at="")
JUNE = date(2027, 6, 18)


def facts(store: Store, *sources: str) -> dict[str, GroupFact]:
    return {one.name: one for one in store.cards.groups(sources or (IST,))}


# -- which school -----------------------------------------------------------------------------------------------------


def test_a_groups_fact_names_its_school_as_its_source_does(store: Store) -> None:
    take_in(store, [OWNER, school(number="NO 974 589 230", parent="owner"), klass("8a", end=JUNE)])
    (fact,) = store.cards.groups([IST])
    organisation = store.ids.organisation("974589230", IST, "sas/s1")
    assert fact.school == School(organisation, "Nordskogen skole", "974589230", "sas/s1")
    assert (fact.id, fact.kind, fact.end, fact.standing) == (store.ids.group(IST, "sas/8a"), "base_class", JUNE, True)


@pytest.mark.parametrize("depth", [1, 2, 6])
def test_a_group_below_other_groups_belongs_to_the_school_above_them_all(store: Store, depth: int) -> None:
    chain = [klass(f"g{level}", at=f"g{level - 1}" if level else "s1", name=f"G{level}") for level in range(depth)]
    take_in(store, [school(), *chain])
    found = facts(store)[f"G{depth - 1}"].school
    assert found is not None
    assert found.key == "sas/s1"


def test_a_group_of_the_owner_belongs_to_no_school(store: Store) -> None:
    take_in(store, [OWNER, school(parent="owner"), klass("board", at="owner", name="Elevrådet")])
    assert facts(store)["Elevrådet"].school is None


def test_two_schools_with_one_number_are_one_organisation(store: Store) -> None:
    take_in(store, [school("s1"), school("s2", "Nordskogen, avdeling øst"), klass("8a"), klass("8b", "s2", "8B")])
    assert len(store.cards.schools()) == 1
    assert {one.school.id for one in facts(store).values() if one.school} == {store.cards.schools()[0].id}


def test_schools_without_a_number_are_told_apart_by_their_keys(store: Store) -> None:
    take_in(store, [school("s1", number=""), school("s2", "Sørskogen skole", number="")])
    assert [one.name for one in store.cards.schools()] == ["Nordskogen skole", "Sørskogen skole"]
    assert [one.number for one in store.cards.schools()] == ["", ""]


def test_schools_are_listed_by_name(store: Store) -> None:
    wanted = ["Ask skole", "Bø skole", "Ål skole"]
    numbers = ("974589230", "970944443", "")
    take_in(store, [school(f"s{n}", name, numbers[n]) for n, name in enumerate(reversed(wanted))])
    assert [one.name for one in store.cards.schools()] == sorted(wanted)


# -- what is described, and what stands -------------------------------------------------------------------------------


def test_a_group_that_its_mapping_leaves_out_is_no_group_and_its_members_hold_no_role_in_it(store: Store) -> None:
    skipped = klass("koret", name="Koret", skipped="the group's type is none of PIFU-IMS")
    take_in(store, [school(), klass("8a"), skipped, person("kari"), members("8a", "kari"), members("koret", "kari")])
    assert set(facts(store)) == {"8A"}
    assert groups_of(card_of(store, "kari")) == {("8A", "learner")}


def test_a_group_that_is_left_out_from_today_is_so_for_its_members(store: Store) -> None:
    parts: list[Part] = [school(), person("kari"), members("8a", "kari")]
    take_in(store, [*parts, klass("8a")])
    clean(store)
    take_in(store, [*parts, klass("8a", skipped="deleted in the school system")], run="run-2")
    assert facts(store) == {}
    assert groups_of(card_of(store, "kari")) == set()
    assert dirty(store) == {id_of(store, "kari")}


def test_a_group_that_is_gone_no_longer_stands_but_keeps_its_name(store: Store) -> None:
    parts: list[Part] = [school(), person("kari"), members("8a", "kari"), klass("8b", name="8B")]
    take_in(store, [*parts, klass("8a")])
    take_in(store, parts, run="run-2")
    standing = {name: fact.standing for name, fact in facts(store).items()}
    assert standing == {"8A": False, "8B": True}
    take_in(store, [*parts, klass("8a", name="8A igjen")], run="run-3")
    assert facts(store)["8A igjen"].standing


def test_a_group_keeps_its_id_through_a_new_name_a_new_school_and_new_dates(store: Store) -> None:
    take_in(store, [school(), school("s2", "Sørskogen skole", "970944443"), klass("8a")])
    before = facts(store)["8A"].id
    take_in(store, [school(), school("s2", "Sørskogen skole", "970944443"), klass("8a", "s2", "9A", end=JUNE)], run="2")
    (after,) = store.cards.groups([IST])
    assert (after.id, after.name, after.end) == (before, "9A", JUNE)
    assert after.school is not None
    assert after.school.name == "Sørskogen skole"


def test_a_source_that_is_not_of_the_sync_has_no_groups_in_it(store: Store) -> None:
    take_in(store, [school(), klass("8a")])
    take_in(store, [school(), klass("8a", name="Vis 8A")], source=VIS)
    assert set(facts(store)) == {"8A"}
    assert set(facts(store, VIS)) == {"Vis 8A"}
    assert set(facts(store, IST, VIS)) == {"8A", "Vis 8A"}
    assert facts(store, "never read") == {}


def test_an_owner_has_no_parent_and_its_schools_have_it(store: Store) -> None:
    take_in(store, [OWNER, school(parent="owner")])
    owner, north = sorted(store.cards.organisations([IST]), key=lambda one: one.kind)
    assert (owner.kind, owner.parent) == ("owner", "")
    assert (north.kind, north.parent) == ("school", owner.id)


# -- on cards ---------------------------------------------------------------------------------------------------------


def test_a_card_alone_tells_her_past_ties_and_a_card_in_a_batch_does_not(store: Store) -> None:
    parts: list[Part] = [school(), klass("8a"), klass("8b", name="8B"), person("kari")]
    take_in(store, [*parts, members("8a", "kari"), members("8b", "kari")])
    take_in(store, [*parts, members("8b", "kari")], run="run-2")
    alone = {(one.group.name, one.left) for one in card_of(store, "kari").ties if one.group}
    assert alone == {("8A", "its source no longer lists it"), ("8B", "")}
    ((batched,),) = store.cards.touched(LMS, JUNE, [IST], only=[id_of(store, "kari")])
    assert {one.group.name for one in batched.ties if one.group} == {"8B"}


def test_two_roles_in_one_group_are_two_ties(store: Store) -> None:
    roles = [tie("tone", "teacher", end=JUNE), tie("tone", "contact_teacher")]
    take_in(store, [school(), klass("8a"), person("tone"), members("8a", *roles)])
    ends = {one.role: one.end for one in card_of(store, "tone").ties}
    assert ends == {"teacher": JUNE, "contact_teacher": None}


def test_a_tie_to_a_group_that_nobody_described_has_no_group(store: Store) -> None:
    take_in(store, [person("kari"), members("8a", "kari")])
    (lonely,) = card_of(store, "kari").ties
    assert lonely.group is None
    take_in(store, [person("kari"), members("8a", "kari"), klass("8a"), school()], run="run-2")
    assert groups_of(card_of(store, "kari")) == {("8A", "learner")}
