"""What goes into one call, and in which order."""

from __future__ import annotations

from msgspec.structs import replace

from rostersync.carrying.loads import Load, waves
from rostersync.model import Delivery
from tests.store.ledger import delivery, group, named, school


def organisation(name: str, parent: str = "") -> Delivery:
    return delivery(replace(school(named(name)), parent=named(parent) if parent else ""))


def names(deliveries: list[list[Delivery]]) -> list[set[str]]:
    return [{one.id for one in wave} for wave in deliveries]


def test_an_organisation_waits_for_the_one_it_is_part_of() -> None:
    deliveries = [organisation("north", "owner"), organisation("owner"), organisation("annexe", "north")]
    parted = names([list(wave) for wave in waves(deliveries)])
    assert parted == [{named("owner")}, {named("north")}, {named("annexe")}]


def test_what_is_part_of_something_that_is_there_already_waits_for_nobody() -> None:
    deliveries = [organisation("north", "owner"), organisation("south", "owner"), organisation("self", "self")]
    assert names([list(wave) for wave in waves(deliveries)]) == [{named("north"), named("south"), named("self")}]


def test_organisations_in_a_circle_are_delivered_all_the_same() -> None:
    deliveries = [organisation("hen", "egg"), organisation("egg", "hen")]
    assert names([list(wave) for wave in waves(deliveries)]) == [{named("hen"), named("egg")}]


def test_groups_go_in_one_wave() -> None:
    groups = [delivery(group(named(f"group {number}"))) for number in range(5)]
    assert names([list(wave) for wave in waves(groups)]) == [{one.id for one in groups}]


def test_a_load_that_fails_twice_is_parted_until_the_bad_one_is_alone() -> None:
    deliveries = [delivery(group(named(f"group {number}"))) for number in range(5)]
    once = list(Load(deliveries).again(deliveries, counts=True))
    assert [len(one.deliveries) for one in once] == [5]
    twice = list(once[0].again(deliveries, counts=True))
    assert [len(one.deliveries) for one in twice] == [3, 2]
    thrice = list(twice[0].again(deliveries[:3], counts=True))
    assert [(len(one.deliveries), one.tries) for one in thrice] == [(2, 3), (1, 3)]


def test_a_load_that_an_overloaded_target_did_not_take_is_handed_over_as_it_was() -> None:
    deliveries = [delivery(group(named(f"group {number}"))) for number in range(5)]
    assert list(Load(deliveries, 1).again(deliveries, counts=False)) == [Load(deliveries, 1)]
