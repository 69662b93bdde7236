"""Known: what a target holds, as far as we delivered it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from rostersync.errors import StateBroken
from rostersync.model import Group, Known, Life, User
from rostersync.store.engine import Database
from rostersync.store.known import Knowledge
from rostersync.store.tables import known, person
from tests.states import written
from tests.store.ledger import (
    ANNE,
    CLASS_1A,
    CLASS_1B,
    CLASS_2A,
    KARI,
    LMS,
    NORTH,
    OLA,
    SOUTH,
    delivery,
    followed_by,
    group,
    named,
    school,
    user,
    value_digest,
)

DEPARTED = Life(
    "departed", "absent", departed_on=date(2026, 11, 20), extended_to=date(2027, 1, 31), hold="asked by school"
)


@pytest.fixture
def knowledge(ledger: Database) -> Knowledge:
    return Knowledge(ledger)


def hold(knowledge: Knowledge, *values: Group | User, target: str = LMS) -> None:
    for value in values:
        knowledge.settle(target, delivery(value), value_digest(value))


# -- what comes back --------------------------------------------------------------------------------------------------


def test_a_user_comes_back_exactly_as_delivered(knowledge: Knowledge) -> None:
    kari = followed_by(user(groups=[CLASS_1A, CLASS_2A]), user(ANNE, face="guardian"))
    knowledge.settle(LMS, delivery(kari, life=DEPARTED), "d" * 32, "lms-17")
    assert knowledge.get(LMS, kari.id) == Known("user", kari.id, kari, "d" * 32, DEPARTED, "lms-17")


def test_groups_and_organisations_come_back_too(knowledge: Knowledge) -> None:
    for value in (school(), group()):
        knowledge.settle(LMS, delivery(value), value_digest(value))
        assert knowledge.get(LMS, value.id) == Known(delivery(value).object_kind, value.id, value, value_digest(value))


def test_what_was_never_delivered_is_not_known(knowledge: Knowledge) -> None:
    assert knowledge.get(LMS, named("nobody")) is None
    assert knowledge.is_empty(LMS)
    assert knowledge.count(LMS) == 0
    assert knowledge.sizes(LMS) == {}


def test_targets_know_nothing_of_each_other(knowledge: Knowledge) -> None:
    hold(knowledge, group(), user())
    assert knowledge.is_empty("another")
    assert knowledge.get("another", user().id) is None
    assert knowledge.for_persons("another", [KARI]) == {}
    hold(knowledge, user(groups=[]), target="another")
    assert knowledge.for_persons(LMS, [KARI])[user().id].value == user()


def test_both_users_of_a_person_are_found_by_her_id(knowledge: Knowledge) -> None:
    teacher, mother, ola = user(ANNE), user(ANNE, face="guardian"), user(OLA)
    hold(knowledge, teacher, mother, ola)
    assert set(knowledge.for_persons(LMS, [ANNE, KARI])) == {teacher.id, mother.id}
    assert set(knowledge.for_persons(LMS, [ANNE, OLA])) == {teacher.id, mother.id, ola.id}


def test_objects_come_in_id_order_over_many_pages(knowledge: Knowledge) -> None:
    names = [f"group {number}" for number in range(1_050)]
    hold(knowledge, user())
    with knowledge._database.begin():
        hold(knowledge, *(group(named(name)) for name in names))
    assert [one.id for one in knowledge.objects(LMS, "group")] == sorted(map(named, names))
    assert knowledge.group_schools(LMS).keys() == set(map(named, names))
    assert knowledge.which(LMS, [named("group 7"), user().id, named("nobody")]) == {named("group 7"), user().id}
    assert knowledge.count(LMS) == 1_051


def test_users_are_found_by_their_state_of_life(knowledge: Knowledge) -> None:
    hold(knowledge, group(), user(), user(OLA))
    knowledge.set_life(LMS, user(OLA).id, DEPARTED)
    assert [one.id for one in knowledge.by_state(LMS, "departed")] == [user(OLA).id]
    assert [one.id for one in knowledge.by_state(LMS, "active")] == [user().id]


# -- how it moves -----------------------------------------------------------------------------------------------------


def test_a_later_delivery_replaces_an_earlier_one(knowledge: Knowledge) -> None:
    moved = user(schools=[SOUTH], groups=[])
    hold(knowledge, user(), moved)
    assert knowledge.count(LMS) == 1
    assert [one.value for one in knowledge.objects(LMS, "user")] == [moved]


def test_a_removed_object_is_forgotten_with_all_its_counts(knowledge: Knowledge) -> None:
    hold(knowledge, group(), user())
    knowledge.settle(LMS, delivery(None, before=user()), "")
    assert knowledge.get(LMS, user().id) is None
    assert knowledge.sizes(LMS) == {("group", NORTH): 1, ("group", "*"): 1}


def test_a_user_whose_deletion_was_confirmed_is_forgotten(knowledge: Knowledge) -> None:
    hold(knowledge, user(), user(OLA))
    knowledge.forget(LMS, user().id)
    assert [one.id for one in knowledge.objects(LMS, "user")] == [user(OLA).id]
    assert knowledge.sizes(LMS)["person", "*"] == 1


def test_many_move_at_once_and_the_last_delivery_of_an_object_counts(knowledge: Knowledge, ledger: Database) -> None:
    hold(knowledge, user(OLA))
    linked = followed_by(user(), user(ANNE, face="guardian"))
    night = [delivery(group()), delivery(user()), delivery(linked, before=user()), delivery(None, before=user(OLA))]
    with ledger.begin() as transaction:
        knowledge.settle_many(LMS, night, value_digest)
        transaction.rollback()  # the power went before the set was in its place
    assert [one.value for one in knowledge.objects(LMS, "user")] == [user(OLA)]
    knowledge.settle_many(LMS, night, value_digest)
    assert list(knowledge.objects(LMS, "user")) == [Known("user", linked.id, linked, value_digest(linked))]
    assert knowledge.sizes(LMS)["membership", NORTH] == 1


def test_a_life_moves_without_touching_what_the_target_holds(knowledge: Knowledge) -> None:
    knowledge.settle(LMS, delivery(user()), "d" * 32, "lms-17")
    knowledge.set_life(LMS, user().id, DEPARTED)
    assert knowledge.get(LMS, user().id) == Known("user", user().id, user(), "d" * 32, DEPARTED, "lms-17")


def test_an_adopted_user_keeps_the_key_of_the_lms_through_later_deliveries(knowledge: Knowledge) -> None:
    knowledge.adopt(LMS, Known("user", user().id, user(), "", target_key="old-system-4711"))
    knowledge.settle(LMS, delivery(user(groups=[])), "d" * 32)
    moved = knowledge.get(LMS, user().id)
    assert moved is not None
    assert (moved.value, moved.target_key) == (user(groups=[]), "old-system-4711")


def test_a_doubted_row_keeps_its_value_and_loses_its_digest(knowledge: Knowledge) -> None:
    hold(knowledge, user())
    knowledge.doubt(LMS, "user", user().id)
    assert knowledge.get(LMS, user().id) == Known("user", user().id, user(), "")


def test_a_user_of_a_person_who_is_not_in_the_state_is_refused(knowledge: Knowledge) -> None:
    with pytest.raises(StateBroken, match="1 users belong to persons who are not in the state"):
        hold(knowledge, user(named("a stranger")))


# -- the guard's sizes ------------------------------------------------------------------------------------------------


def test_sizes_count_each_thing_where_the_guard_looks_for_it(knowledge: Knowledge) -> None:
    mother = user(ANNE, face="guardian", groups=[CLASS_1A])
    kari = followed_by(user(groups=[CLASS_1A, CLASS_1B]), mother)
    knowledge.settle(LMS, delivery(school()), "d" * 32)
    hold(knowledge, group(), group(CLASS_1B), kari, mother, user(OLA, groups=[CLASS_1B]))
    assert knowledge.sizes(LMS) == {
        ("organisation", NORTH): 1,
        ("organisation", "*"): 1,
        ("group", NORTH): 2,
        ("group", "*"): 2,
        ("person", NORTH): 3,
        ("person", "*"): 3,
        ("membership", NORTH): 4,
        ("membership", "*"): 4,
        ("guardianship", NORTH): 1,
        ("guardianship", "*"): 1,
    }


def test_a_pupil_at_two_schools_counts_at_both_and_once_for_the_owner(knowledge: Knowledge) -> None:
    kari = followed_by(user(schools=[NORTH, SOUTH], groups=[CLASS_1A, CLASS_2A]), user(ANNE, face="guardian"))
    hold(knowledge, group(), group(CLASS_2A, SOUTH), kari)
    sizes = knowledge.sizes(LMS)
    assert [sizes["person", at] for at in (NORTH, SOUTH, "*")] == [1, 1, 1]
    assert [sizes["guardianship", at] for at in (NORTH, SOUTH, "*")] == [1, 1, 1]
    assert [sizes["membership", at] for at in (NORTH, SOUTH, "*")] == [1, 1, 2]


def test_a_user_without_a_school_counts_in_a_scope_of_her_own(knowledge: Knowledge) -> None:
    hold(knowledge, group(), user(), user(ANNE, schools=[], groups=[]))
    sizes = knowledge.sizes(LMS)
    assert [sizes["person", at] for at in ("", NORTH, "*")] == [1, 1, 2]


def test_a_membership_counts_at_its_groups_school_even_when_that_is_not_the_users(knowledge: Knowledge) -> None:
    hold(knowledge, group(CLASS_2A, SOUTH), user(schools=[NORTH], groups=[CLASS_2A]))
    assert knowledge.sizes(LMS)["membership", SOUTH] == 1
    assert ("person", SOUTH) not in knowledge.sizes(LMS)


def test_a_school_does_not_grow_by_those_in_the_trash(knowledge: Knowledge) -> None:
    hold(knowledge, user(), replace(user(OLA, groups=[]), enabled=False))
    assert knowledge.sizes(LMS) == {
        ("person", NORTH): 1,
        ("person", "*"): 1,
        ("membership", ""): 1,  # nobody ever told which school class 1A belongs to
        ("membership", "*"): 1,
    }


# -- what an onlooker learns ------------------------------------------------------------------------------------------


def test_nothing_of_a_person_stands_in_clear_on_the_disk(knowledge: Knowledge, tmp_path: Path) -> None:
    knowledge.settle(LMS, delivery(group(name="Forsterket avdeling")), "d" * 32)
    knowledge.settle(LMS, delivery(user()), "d" * 32, "lms-key-of-kari")
    content = written(tmp_path / "state.db")
    assert user().id.encode() in content  # else this test would look at the wrong files
    for secret in ("Kari Anne", "Bjørnstad", "kari.anne@skole", "lms-key-of-kari", "Forsterket"):
        assert secret.encode() not in content


def test_a_seal_opens_in_its_own_row_only(knowledge: Knowledge, ledger: Database) -> None:
    hold(knowledge, user(ANNE), user(ANNE, face="guardian"))
    theirs = sa.select(known.c.sealed).where(known.c.id == user(ANNE).id).scalar_subquery()
    with ledger.begin():
        ledger.conn.execute(sa.update(known).where(known.c.id == user(ANNE, face="guardian").id).values(sealed=theirs))
    with pytest.raises(StateBroken):
        knowledge.get(LMS, user(ANNE, face="guardian").id)


def test_erasing_a_persons_key_erases_her_users_and_nobody_elses(knowledge: Knowledge, ledger: Database) -> None:
    hold(knowledge, user(), user(OLA))
    other_key = ledger.keyring.wrap(ledger.keyring.new_data_key())
    with ledger.begin():
        ledger.conn.execute(sa.update(person).where(person.c.id == KARI).values(data_key=other_key))
    with pytest.raises(StateBroken):
        knowledge.get(LMS, user().id)
    assert knowledge.get(LMS, user(OLA).id) is not None
