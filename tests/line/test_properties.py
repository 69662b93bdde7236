"""What must hold of every plan, whatever the sources say and the target holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.drafting import Context, draft_person
from rostersync.guard import DEFAULT_LIMITS, Limit, judge
from rostersync.model import Change, Desired, Draft, Gone, Known, User
from rostersync.plan import Entries
from rostersync.settling import Holding, apply_changes, settle
from tests.line.worlds import (
    IN_SUMMER,
    PERSONS,
    Everything,
    Holds,
    Nothing,
    contexts,
    desires,
    knowns,
    moved,
    persons,
    subsets,
)

World = list[tuple[Desired, dict[str, Known]]]

EXAMPLES = int(os.environ.get("ROSTERSYNC_PROOF", "60"))

HOLDABLE = (
    "person.create",
    "person.update",
    "person.depart",
    "person.suspend",
    "person.restore",
    "membership.create",
    "membership.update",
    "membership.end",
    "guardianship.create",
)
HELD = subsets(HOLDABLE)


def always(**strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Something that must hold of whatever is drawn."""
    return lambda test: settings(max_examples=EXAMPLES, deadline=None)(given(**strategies)(test))


def drafts_of(world: World, context: Context) -> list[Draft]:
    return [draft for desired, there in world for draft in draft_person(desired, there, context)]


def after(world: World, context: Context, verdict: Holding) -> World:
    """The world on the next morning, when everything cleared has been delivered."""
    return [(desired, _settled(there, draft_person(desired, there, context), verdict)) for desired, there in world]


def _settled(there: Mapping[str, Known], drafts: list[Draft], verdict: Holding) -> dict[str, Known]:
    for draft in drafts:
        there = moved(there, draft, settle(draft, verdict))
    return dict(there)


def value_before(draft: Draft) -> User | None:
    value = draft.before.value if draft.before else None
    assert value is None or isinstance(value, User)
    return value


# -- plan -----------------------------------------------------------------------------------------------------------


@always(world=persons(), context=contexts())
def test_a_plan_after_applying_is_empty(world: World, context: Context) -> None:
    assert drafts_of(after(world, context, Nothing()), context) == []


@always(world=persons(), context=contexts(), waiting=HELD)
def test_what_was_held_one_night_leads_to_the_same_the_next(
    world: World, context: Context, waiting: tuple[str, ...]
) -> None:
    held_first = after(after(world, context, Holds(*waiting)), context, Nothing())
    at_once = after(world, context, Nothing())
    assert [_held_values(there) for _, there in held_first] == [_held_values(there) for _, there in at_once]


def _held_values(there: Mapping[str, Known]) -> list[tuple[object, ...]]:
    return [(one.value, one.life, one.target_key) for _, one in sorted(there.items())]


@always(world=persons(), context=contexts(), data=st.data())
def test_planning_only_whom_something_happened_to_is_planning_everybody(
    world: World, context: Context, data: st.DataObject
) -> None:
    quiet = after(world, context, Nothing())
    touched = data.draw(st.sets(st.sampled_from(range(len(PERSONS)))))
    world = [
        (data.draw(desires(PERSONS[n])) if n in touched else desired, there) for n, (desired, there) in enumerate(quiet)
    ]
    assert drafts_of(world, context) == drafts_of([world[n] for n in sorted(touched)], context)


@always(world=persons(), context=contexts(), data=st.data())
def test_the_digests_do_not_depend_on_the_order(world: World, context: Context, data: st.DataObject) -> None:
    drafts = drafts_of(world, context)
    plans = [_counted(drafts), _counted(data.draw(st.permutations(drafts)))]
    assert plans[0].digest == plans[1].digest
    assert plans[0].of("lms") == plans[1].of("lms")


def _counted(drafts: list[Draft]) -> Entries:
    entries = Entries()
    for draft in drafts:
        entries.add("lms", draft)
    return entries


@always(world=persons(), context=contexts())
def test_a_system_administrator_is_never_in_a_plan(world: World, context: Context) -> None:
    raised = [
        (
            desired,
            {name: replace(one, value=replace(one.value, role="system_administrator")) for name, one in there.items()},
        )
        for desired, there in world
        if there
    ]
    assert drafts_of(raised, context) == []


# -- settling -------------------------------------------------------------------------------------------------------


@always(world=persons(), context=contexts())
def test_all_changes_lead_to_what_is_wanted(world: World, context: Context) -> None:
    for draft in drafts_of(world, context):
        before = value_before(draft)
        assert apply_changes(before, draft.wanted, draft.changes) == draft.wanted
        reached = moved({draft.id: draft.before} if draft.before else {}, draft, settle(draft, Nothing()))
        assert (reached[draft.id].value, reached[draft.id].life) == (draft.wanted, draft.life)


@always(world=persons(), context=contexts())
def test_no_change_leads_nowhere(world: World, context: Context) -> None:
    for draft in drafts_of(world, context):
        revocations = tuple(change for change in draft.changes if change.revocation)
        settlement = settle(draft, Everything())
        assert settlement.cleared == revocations
        assert settlement.life is None
        assert bool(settlement.deliveries) is bool(revocations)
        assert apply_changes(value_before(draft), draft.wanted, ()) == value_before(draft)


@always(world=persons(), context=contexts(), waiting=HELD)
def test_a_held_change_never_reaches_a_delivery(world: World, context: Context, waiting: tuple[str, ...]) -> None:
    for draft in drafts_of(world, context):
        settlement = settle(draft, Holds(*waiting))
        delivered = [change for delivery in settlement.deliveries for change in delivery.changes]
        assert not [change for change in delivered if change in settlement.held]
        assert sorted(map(repr, settlement.held + settlement.cleared)) == sorted(map(repr, draft.changes))
        for delivery in settlement.deliveries:
            assert delivery.after == apply_changes(delivery.before, draft.wanted, delivery.changes)


@always(world=persons(), context=contexts(), waiting=HELD)
def test_a_held_membership_or_link_is_neither_begun_nor_ended(
    world: World, context: Context, waiting: tuple[str, ...]
) -> None:
    for draft in drafts_of(world, context):
        settlement = settle(draft, Holds(*waiting))
        if not settlement.deliveries or any(one.action == "suspend" for one in settlement.cleared):
            continue
        last, before = settlement.deliveries[-1].after, value_before(draft)
        assert isinstance(last, User)
        for change in settlement.held:
            assert _has(last, change) is _has(before, change)


def _has(user: User | None, change: Change) -> bool | None:
    if user is None or change.kind == "person":
        return False if change.kind != "person" else None
    if change.kind == "guardianship":
        return change.part in user.guardians
    return change.part in {f"{tie.group} {tie.role}" for tie in user.memberships}


@always(world=persons(), context=contexts(), some=HELD, more=HELD)
def test_holding_less_clears_no_less(
    world: World, context: Context, some: tuple[str, ...], more: tuple[str, ...]
) -> None:
    for draft in drafts_of(world, context):
        less_held = settle(draft, Holds(*some))
        more_held = settle(draft, Holds(*some, *more))
        assert set(more_held.cleared) <= set(less_held.cleared)


# -- guard ----------------------------------------------------------------------------------------------------------

STRICT = {name: Limit(count=0, owner=Limit(count=0)) for name in DEFAULT_LIMITS}


@always(world=persons(), context=contexts(), hold=st.sampled_from(("class", "all")))
def test_a_revocation_always_reaches_a_delivery(world: World, context: Context, hold: Any) -> None:
    drafts = drafts_of(world, context)
    verdict = judge(_counted(drafts), {("person", "*"): 3}, {}, STRICT, (), target="lms", hold=hold)
    for draft in drafts:
        delivered = [change for one in settle(draft, verdict).deliveries if one.phase == 0 for change in one.changes]
        assert delivered == [change for change in draft.changes if change.revocation]


@always(world=persons(), context=contexts())
def test_under_the_strictest_limits_only_what_is_never_held_flows(world: World, context: Context) -> None:
    drafts = drafts_of(world, context)
    verdict = judge(_counted(drafts), {("person", "*"): 3}, {}, STRICT, (), target="lms")
    for draft in drafts:
        assert all(change.revocation or not change.counted for change in settle(draft, verdict).cleared)


# -- people ---------------------------------------------------------------------------------------------------------


@always(world=persons(), context=contexts())
def test_nobody_is_suspended_or_departs_whom_a_source_has(world: World, context: Context) -> None:
    wanted = {user.id for desired, _ in world for user in desired.users}
    for draft in drafts_of(world, context):
        if draft.id in wanted:
            assert {change.action for change in draft.changes}.isdisjoint({"suspend", "depart"})


@always(world=persons(), context=contexts())
def test_a_suspended_user_comes_back_as_the_same_lms_user(world: World, context: Context) -> None:
    for draft in drafts_of(world, context):
        if draft.before and any(change.action == "restore" for change in draft.changes):
            for delivery in settle(draft, Nothing()).deliveries:
                assert (delivery.id, delivery.target_key) == (draft.before.id, draft.before.target_key)
            assert draft.life.state == "active"


@always(world=persons(), context=contexts())
def test_nobody_comes_back_against_a_hold_or_a_command(world: World, context: Context) -> None:
    for draft in drafts_of(world, context):
        if draft.before and draft.before.life.state != "active" and draft.life.state == "active":
            assert not draft.before.life.hold
            assert draft.before.life.reason in ("absent", "left: moved away")


def _nothing_is_taken(world: World, context: Context) -> None:
    for draft in drafts_of(world, context):
        free = [change for change in draft.changes if not change.revocation]
        assert all(change.action in ("create", "update", "restore") for change in free)
        before, wanted = value_before(draft), draft.wanted
        assert isinstance(wanted, User)
        if before and wanted.enabled:
            assert {tie.group for tie in before.memberships} <= {tie.group for tie in wanted.memberships}
            assert {place.school for place in before.schools} <= {place.school for place in wanted.schools} or (
                draft.before is not None and draft.before.life.state == "suspended"
            )


@always(world=persons(), context=contexts(on=IN_SUMMER))
def test_in_the_summer_nothing_ends_but_by_revocation(world: World, context: Context) -> None:
    _nothing_is_taken(world, context)


@always(world=persons(), context=contexts(restored_backup=True))
def test_after_a_restored_backup_nothing_ends_but_by_revocation(world: World, context: Context) -> None:
    _nothing_is_taken(world, context)
    assert not [change for draft in drafts_of(world, context) for change in draft.changes if change.action == "restore"]


@always(world=persons(), context=contexts())
def test_no_membership_of_somebody_absent_outlives_its_group(world: World, context: Context) -> None:
    for desired, there in after(world, context, Nothing()):
        if not desired.users:  # what a source has today, desire.py has already bound to standing groups
            groups = {
                tie.group for one in there.values() if isinstance(one.value, User) for tie in one.value.memberships
            }
            assert all(group in context.standing_groups for group in groups)


@always(person=desires("anna"), there=knowns("anna"), context=contexts())
def test_protection_leaves_nothing_behind_in_any_world(person: Desired, there: Known | None, context: Context) -> None:
    protected = Desired("anna", gone=(Gone("anna", "school", "protected", at_once=True),), pinned=person.pinned)
    world = [(protected, {"anna": there} if there else {})]
    for _, reached in after(world, context, Everything()):
        for one in reached.values():
            assert isinstance(one.value, User)
            assert (one.value.enabled, one.value.memberships, one.value.guardians) == (False, (), ())
            assert "email" not in dict(one.value.fields)
