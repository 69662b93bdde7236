"""A draft and a verdict: what is delivered, in which order, and what waits."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec.structs import replace

from rostersync.drafting import draft_group, draft_organisation, draft_removals
from rostersync.model import Change, Draft, Group, Known, Life, Membership, Organisation, User
from rostersync.plan import END, GROUP, GROUP_END, GUARDIANSHIP, ORGANISATION, PERSON, REMOVAL, REVOKE
from rostersync.schoolyear import DepartedPolicy
from rostersync.settling import Settlement, apply_changes, settle
from tests.line.builders import TODAY, known, user
from tests.line.worlds import POLICIES, Holds, Nothing, context, draft_of, missing, wanted

PUPIL = user(groups=("8a",), guardians=("mother",))
OUT = replace(PUPIL, enabled=False, memberships=(), guardians=())
DUE = Life("departed", "absent", TODAY - timedelta(days=40))
DEPARTED = Life("departed", "absent", TODAY - timedelta(days=10))
SUSPENDED = Life("suspended", "absent", date(2026, 9, 10), date(2026, 10, 10))
OTHER = user(groups=("8b",), guardians=("father",), given_name="Ola")


def drafted(*arguments: object, **changes: object) -> Draft:
    draft = draft_of(*arguments, **changes)  # type: ignore[arg-type]
    assert draft is not None
    return draft


def test_one_object_is_delivered_once_in_each_phase_and_each_starts_where_the_one_before_ended() -> None:
    deliveries, _, held, *_ = settle(drafted(wanted(OTHER), known(PUPIL)), Nothing())
    assert [one.phase for one in deliveries] == [REVOKE, PERSON, GUARDIANSHIP, END]
    assert [one.before for one in deliveries] == [PUPIL, *(one.after for one in deliveries[:-1])]
    assert [_ties(one.after) for one in deliveries] == [
        (["8a"], ()),
        (["8a", "8b"], ()),
        (["8a", "8b"], ("father",)),
        (["8b"], ("father",)),
    ]
    assert deliveries[-1].after == OTHER
    assert held == ()


def _ties(value: object) -> tuple[list[str], tuple[str, ...]]:
    assert isinstance(value, User)
    return [tie.group for tie in value.memberships], value.guardians


def test_a_newcomer_comes_with_her_memberships_and_then_her_links() -> None:
    deliveries = settle(drafted(wanted(PUPIL)), Nothing()).deliveries
    assert [(one.phase, one.before is None) for one in deliveries] == [(PERSON, True), (GUARDIANSHIP, False)]
    assert deliveries[-1].after == PUPIL
    assert deliveries[-1].life == Life()


def test_of_a_newcomer_who_is_held_nothing_is_delivered() -> None:
    draft = drafted(wanted(PUPIL))
    assert settle(draft, Holds("person.create")) == Settlement((), (), draft.changes)


def test_a_newcomer_may_come_without_what_is_held() -> None:
    (delivery,), _, held, *_ = settle(drafted(wanted(PUPIL)), Holds("guardianship.create", "membership.create"))
    assert delivery.after == user()
    assert [change.part for change in held] == ["8a pupil", "mother"]


def test_memberships_flow_while_the_update_is_held() -> None:
    deliveries = settle(drafted(wanted(OTHER), known(PUPIL)), Holds("person.update")).deliveries
    assert deliveries[-1].after == replace(OTHER, given_name="Kari")


def test_another_role_replaces_the_one_before() -> None:
    after = replace(PUPIL, memberships=(Membership("8a", "staff"),))
    (delivery,) = settle(drafted(wanted(after), known(PUPIL)), Nothing()).deliveries
    assert delivery.after == after


def test_departing_is_nothing_to_the_lms() -> None:
    settlement = settle(drafted(missing(), known(PUPIL)), Nothing())
    assert settlement.deliveries == ()
    assert settlement.life == Life("departed", "absent", TODAY)
    assert [change.action for change in settlement.cleared] == ["depart"]
    assert settlement.undelivered == settlement.cleared


def test_a_held_departure_leaves_the_life_as_it_is() -> None:
    settlement = settle(drafted(missing(reason="left: moved away"), known(PUPIL)), Holds("person.depart"))
    assert settlement.life is None
    assert [one.life for one in settlement.deliveries] == [Life(), Life()]
    assert settlement.undelivered == ()


def test_a_departed_user_whose_ties_end_is_delivered_as_departed() -> None:
    settlement = settle(drafted(missing(reason="left: moved away"), known(PUPIL)), Nothing())
    assert settlement.life == Life("departed", "left: moved away", TODAY)
    assert [one.life for one in settlement.deliveries] == [settlement.life] * 2


def test_a_held_suspension_leaves_a_departed_user_departed() -> None:
    no_grace = dict.fromkeys(POLICIES, DepartedPolicy(suspend_after=0))
    draft = drafted(missing(), known(PUPIL), policies=no_grace)
    settlement = settle(draft, Holds("person.suspend"))
    assert (settlement.deliveries, settlement.life) == ((), Life("departed", "absent", TODAY))
    both = settle(draft, Nothing())
    (delivery,) = both.deliveries
    assert delivery.life == Life("suspended", "absent", TODAY, TODAY)
    assert [change.action for change in both.undelivered] == ["depart"]
    assert [change.action for change in delivery.changes] == ["suspend"]


def test_a_suspension_takes_everything_at_the_end() -> None:
    (delivery,) = settle(drafted(missing(), known(PUPIL, DUE)), Nothing()).deliveries
    assert (delivery.phase, delivery.after) == (END, OUT)
    assert delivery.life == Life("suspended", "absent", DUE.departed_on, TODAY)


def test_protection_is_delivered_before_anything_else() -> None:
    (delivery,) = settle(drafted(missing(reason="protected", at_once=True), known(PUPIL)), Nothing()).deliveries
    assert (delivery.phase, delivery.after, delivery.life.state) == (REVOKE, OUT, "suspended")


def test_a_restored_user_keeps_the_key_under_which_the_lms_knows_her() -> None:
    there = replace(known(OUT, SUSPENDED), target_key="lms-17")
    deliveries = settle(drafted(wanted(PUPIL), there), Nothing()).deliveries
    assert [(one.id, one.target_key, one.life) for one in deliveries] == [("user", "lms-17", Life())] * 2
    assert deliveries[-1].after == PUPIL


def test_who_is_back_before_suspension_only_gets_her_life_back() -> None:
    settlement = settle(drafted(wanted(PUPIL), known(PUPIL, DEPARTED)), Nothing())
    assert (settlement.deliveries, settlement.life) == ((), Life())


def test_who_is_not_cleared_to_come_back_stays_departed() -> None:
    settlement = settle(drafted(wanted(OTHER), known(PUPIL, DEPARTED)), Holds("person.restore"))
    assert settlement.life is None
    assert {one.life for one in settlement.deliveries} == {DEPARTED}


def test_a_removed_user_leaves_nothing() -> None:
    policies = dict.fromkeys(POLICIES, DepartedPolicy(suspend_after=30, remove_after=0))
    (draft,) = draft_removals([known(OUT, SUSPENDED)], context(policies=policies), ())
    (delivery,) = settle(draft, Nothing()).deliveries
    assert (delivery.phase, delivery.before, delivery.after) == (REMOVAL, OUT, None)


def test_where_an_lms_deletes_nobody_she_is_handed_over_and_stays_known() -> None:
    policies = dict.fromkeys(POLICIES, DepartedPolicy(suspend_after=30, remove_after=0))
    (draft,) = draft_removals([known(OUT, SUSPENDED)], context(policies=policies), (), deletes=False)
    (delivery,) = settle(draft, Nothing()).deliveries
    assert (delivery.phase, delivery.before, delivery.after) == (REMOVAL, OUT, OUT)
    assert delivery.life == replace(SUSPENDED, state="handed_over")


def test_schools_come_before_groups_and_groups_end_after_everything() -> None:
    school, group = Organisation("north", "school", "Nordre skole"), Group("8a", "class", "8A", "8A", "north")
    there = Known("group", "8a", group, "as-delivered")
    drafts = [
        draft_organisation(school, None, context()),
        draft_group(group, None, context(), by_date=False, group_id="8a"),
        draft_group(None, there, context(), by_date=False, group_id="8a"),
    ]
    deliveries = [one for draft in drafts if draft for one in settle(draft, Nothing()).deliveries]
    assert [(one.phase, one.after) for one in deliveries] == [
        (ORGANISATION, school),
        (GROUP, group),
        (GROUP_END, None),
    ]


def test_what_has_no_parts_changes_in_one_step() -> None:
    group = Group("8a", "class", "8A", "8A", "north")
    end = Change("group", "end", "8a", "no accepted snapshot has it any more")
    remove = Change("person", "remove", "user", "suspended since 2026-10-10: absent")
    assert apply_changes(group, None, (end,)) is None
    assert apply_changes(OUT, None, (remove,)) is None
    assert apply_changes(group, replace(group, name="8B"), (replace(end, action="update"),)) == replace(
        group, name="8B"
    )


def test_without_changes_a_value_stays_as_it_is() -> None:
    group = Group("8a", "class", "8A", "8A", "north")
    assert apply_changes(PUPIL, OTHER, ()) == PUPIL
    assert apply_changes(group, replace(group, name="8B"), ()) == group
    assert apply_changes(group, None, ()) == group
    assert apply_changes(None, PUPIL, ()) is None
