"""Where what is known counts for the guard, from the first delivery to the last removal."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from rostersync.model import Delivery, Group, Held, Kind, Known, Membership, SchoolRole, User
from rostersync.store import Store
from tests.store.ledger import CLASS_1A, CLASS_2A, LMS, NORTH, SOUTH, delivery, followed_by, group, school
from tests.store.ledger import user as user_of
from tests.store.snapshots import NOW, id_of, person, take_in


@pytest.fixture
def town(store: Store) -> Store:
    store.runs.start("run-1", "oslo", "sync", NOW)
    take_in(store, [person(key) for key in ("kari", "ola", "anne", "tone")])
    return store


def user(store: Store, key: str, *, schools: Iterable[str] = (NORTH,), groups: Iterable[str] = (CLASS_1A,)) -> User:
    return user_of(id_of(store, key), schools=schools, groups=groups)


def hold(store: Store, *values: Held) -> None:
    """Let the target hold these."""
    store.known.settle_many(LMS, [delivery(value) for value in values], store.value_digest)


def size(store: Store, kind: Kind, *places: str) -> list[int]:
    sizes = store.known.sizes(LMS)
    return [sizes.get((kind, at), 0) for at in places]


def gone(value: Held) -> Delivery:
    return delivery(None, before=value)


# -- moving -----------------------------------------------------------------------------------------------------------


def test_a_target_that_holds_nothing_has_no_sizes(town: Store) -> None:
    assert town.known.sizes(LMS) == {}


def test_a_pupil_who_moves_counts_at_her_new_school_only(town: Store) -> None:
    hold(town, group(), group(CLASS_2A, SOUTH), user(town, "kari"), user(town, "ola"))
    hold(town, user(town, "kari", schools=[SOUTH], groups=[CLASS_2A]))
    assert size(town, "person", NORTH, SOUTH, "*") == [1, 1, 2]
    assert size(town, "membership", NORTH, SOUTH, "*") == [1, 1, 2]


def test_a_second_delivery_of_the_same_counts_nobody_twice(town: Store) -> None:
    for _ in range(3):
        hold(town, school(), group(), user(town, "kari"))
    assert size(town, "person", NORTH, "*") == [1, 1]
    assert size(town, "group", NORTH, "*") == [1, 1]
    assert size(town, "organisation", NORTH, "*") == [1, 1]


def test_a_group_that_moves_takes_its_own_count_along(town: Store) -> None:
    hold(town, group(), group(CLASS_2A, SOUTH))
    hold(town, group(at=SOUTH))
    assert size(town, "group", NORTH, SOUTH, "*") == [0, 2, 2]


def test_a_group_of_no_school_counts_where_no_school_is(town: Store) -> None:
    hold(town, group(at=""), user(town, "kari"))
    assert size(town, "group", "", NORTH, "*") == [1, 0, 1]
    assert size(town, "membership", "", NORTH, "*") == [1, 0, 1]


# -- leaving ----------------------------------------------------------------------------------------------------------


def test_who_is_suspended_counts_no_more_and_counts_again_when_she_is_back(town: Store) -> None:
    kari = user(town, "kari")
    hold(town, group(), kari, user(town, "ola"))
    hold(town, replace(kari, enabled=False, memberships=()))
    assert size(town, "person", NORTH, "*") == [1, 1]
    assert size(town, "membership", NORTH, "*") == [1, 1]
    hold(town, kari)
    assert size(town, "person", NORTH, "*") == [2, 2]


def test_what_is_removed_counts_nowhere(town: Store) -> None:
    kari = followed_by(user(town, "kari"), user_of(id_of(town, "anne"), face="guardian"))
    everything: list[Held] = [school(), group(), kari]
    hold(town, *everything)
    town.known.settle_many(LMS, [gone(value) for value in everything], town.value_digest)
    assert town.known.sizes(LMS) == {}
    assert town.known.is_empty(LMS)


def test_a_user_whom_the_lms_deleted_by_itself_counts_no_more(town: Store) -> None:
    kari = user(town, "kari")
    hold(town, group(), kari, user(town, "ola"))
    town.known.forget(LMS, kari.id)
    assert size(town, "person", NORTH, "*") == [1, 1]


def test_sizes_are_undone_with_the_delivery_that_moved_them(town: Store) -> None:
    hold(town, group(), user(town, "kari"))
    before = town.known.sizes(LMS)
    with town.begin() as transaction:
        hold(town, user(town, "ola"), user(town, "kari", schools=[SOUTH]))
        transaction.rollback()
    assert town.known.sizes(LMS) == before


# -- guardians --------------------------------------------------------------------------------------------------------


def test_a_link_counts_at_each_of_the_pupils_schools_and_with_each_guardian(town: Store) -> None:
    mother, father = (user_of(id_of(town, key), face="guardian") for key in ("anne", "tone"))
    kari = user(town, "kari", schools=[NORTH, SOUTH], groups=[])
    hold(town, followed_by(kari, mother, father))
    assert size(town, "guardianship", NORTH, SOUTH, "*") == [2, 2, 2]
    hold(town, followed_by(kari, mother))
    assert size(town, "guardianship", NORTH, SOUTH, "*") == [1, 1, 1]


def test_siblings_at_two_schools_count_a_link_each_where_the_child_is(town: Store) -> None:
    mother = user_of(id_of(town, "anne"), face="guardian")
    hold(town, followed_by(user(town, "kari"), mother), followed_by(user(town, "ola", schools=[SOUTH]), mother))
    assert size(town, "guardianship", NORTH, SOUTH, "*") == [1, 1, 2]


# -- adopting, and others ---------------------------------------------------------------------------------------------


def test_an_adopted_user_counts_like_a_delivered_one(town: Store) -> None:
    kari = user(town, "kari")
    hold(town, group())
    town.known.adopt(LMS, Known("user", kari.id, kari, "", target_key="old-1"))
    assert size(town, "person", NORTH, "*") == [1, 1]
    assert size(town, "membership", NORTH) == [1]


def test_what_is_in_doubt_still_counts(town: Store) -> None:
    kari = user(town, "kari")
    hold(town, group(), kari)
    town.known.doubt(LMS, "user", kari.id)
    assert size(town, "person", NORTH) == [1]


def test_each_target_has_sizes_of_its_own(town: Store) -> None:
    hold(town, group(), user(town, "kari"))
    town.known.settle("another", delivery(user(town, "ola", schools=[SOUTH])), "")
    assert size(town, "person", NORTH, SOUTH) == [1, 0]
    assert town.known.sizes("another")["person", SOUTH] == 1


def test_the_sizes_are_those_that_counting_the_values_gives(town: Store) -> None:
    """The oracle: every value held, counted one by one."""
    mother = user_of(id_of(town, "anne"), face="guardian", groups=[CLASS_1A])
    pupils = [
        followed_by(user(town, "kari", schools=[NORTH, SOUTH], groups=[CLASS_1A, CLASS_2A]), mother),
        followed_by(user(town, "ola", groups=[]), mother),
    ]
    groups: list[Group] = [group(), group(CLASS_2A, SOUTH)]
    teacher = replace(user(town, "tone"), role="staff", memberships=(Membership(CLASS_2A, "staff"),))
    teacher = replace(teacher, schools=(SchoolRole(SOUTH, "staff"),))
    hold(town, *groups, *pupils, mother, teacher)
    at = {one.id: one.school for one in groups}
    users = [*pupils, mother, teacher]
    for place in (NORTH, SOUTH):
        here = [one for one in users if place in {role.school for role in one.schools}]
        assert size(town, "person", place) == [len(here)]
        assert size(town, "guardianship", place) == [sum(len(one.guardians) for one in here)]
        ties = [tie for one in users for tie in one.memberships if at[tie.group] == place]
        assert size(town, "membership", place) == [len(ties)]
    assert size(town, "person", "*") == [len(users)]
    assert size(town, "guardianship", "*") == [2]
