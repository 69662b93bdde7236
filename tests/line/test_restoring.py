"""What an administrator asks for a suspended user: bring her back, or remove her, without waiting for a clock."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec.structs import replace

from rostersync.drafting import draft_removals
from rostersync.lifecycle import REMOVAL_ASKED, RESTORE_ASKED, due, next_step
from rostersync.model import Life, Membership
from rostersync.schoolyear import Calendar
from rostersync.settling import settle
from tests.line.builders import TODAY, known, user
from tests.line.worlds import IN_SUMMER, POLICIES, Nothing, context, draft_of, missing, moved, only, steps, wanted

PUPIL = user(groups=("8a", "8c"), guardians=("father",), schools=("north", "south"))
OUT = replace(PUPIL, enabled=False, memberships=(), guardians=())
ABSENT = Life("suspended", "absent", date(2026, 9, 10), date(2026, 10, 10))
ASKED_BACK = replace(ABSENT, reason=RESTORE_ASKED)
ASKED_OUT = replace(ABSENT, reason=REMOVAL_ASKED)


# -- restored -------------------------------------------------------------------------------------------------------


def test_somebody_whom_no_source_has_is_enabled_again_and_her_clock_starts_anew() -> None:
    draft = draft_of(missing(), known(OUT, ASKED_BACK))
    assert steps(draft) == ["person.restore"]
    assert draft is not None
    assert draft.wanted == replace(OUT, enabled=True)
    assert draft.life == Life("departed", "absent", TODAY)
    change = only(draft, "person.restore")
    assert (change.reason, change.counted) == ("restored by an administrator", False)


def test_the_lms_is_told_and_only_then_is_she_departed() -> None:
    there = known(OUT, ASKED_BACK)
    draft = draft_of(missing(), there)
    assert draft is not None
    settled = settle(draft, Nothing())
    assert settled.life is None
    (delivery,) = settled.deliveries
    assert delivery.after == replace(OUT, enabled=True)
    after = moved({OUT.id: there}, draft, settled)
    assert after[OUT.id].life == Life("departed", "absent", TODAY)
    assert draft_of(missing(), after[OUT.id]) is None, "planning after delivering is empty"


def test_after_her_new_grace_she_is_suspended_again() -> None:
    life = Life("departed", "absent", TODAY)
    assert next_step(life, POLICIES["pupil"], Calendar()) == (TODAY + timedelta(days=30), "suspend")
    later = TODAY + timedelta(days=30)
    draft = draft_of(missing(), known(replace(OUT, enabled=True), life), on=later)
    assert steps(draft) == ["person.suspend"]


def test_who_is_back_in_a_source_comes_back_with_todays_values() -> None:
    today = replace(PUPIL, given_name="Kari Anne", memberships=(Membership("8b", "pupil"),), guardians=())
    draft = draft_of(wanted(today), known(OUT, ASKED_BACK))
    assert steps(draft) == ["person.restore", "membership.create 8b pupil"]
    assert draft is not None
    assert (draft.wanted, draft.life) == (today, Life())


def test_who_was_only_suspended_is_not_brought_back_by_an_absence() -> None:
    assert draft_of(missing(), known(OUT, ABSENT)) is None


def test_a_protected_or_held_user_stays_out_whatever_was_asked() -> None:
    protected = draft_of(missing(reason="protected", at_once=True), known(OUT, ASKED_BACK))
    assert protected is not None
    assert (protected.wanted, protected.life.reason) == (OUT, "protected")
    assert draft_of(missing(), known(OUT, replace(ASKED_BACK, hold="a case is open"))) is None


def test_whoever_was_protected_while_suspended_does_not_come_back_by_herself_afterwards() -> None:
    there = known(OUT, ABSENT)
    draft = draft_of(missing(reason="protected", at_once=True), there)
    assert draft is not None
    after = moved({OUT.id: there}, draft, settle(draft, Nothing()))
    assert draft_of(wanted(PUPIL), after[OUT.id]) is None


def test_in_the_summer_she_is_restored_all_the_same_and_after_a_restored_backup_she_waits() -> None:
    assert steps(draft_of(missing(), known(OUT, ASKED_BACK), on=IN_SUMMER)) == ["person.restore"]
    assert draft_of(missing(), known(OUT, ASKED_BACK), restored_backup=True) is None


# -- removed --------------------------------------------------------------------------------------------------------


def test_a_removal_that_was_asked_for_is_due_although_the_owner_has_written_no_period() -> None:
    (draft,) = draft_removals([known(OUT, ASKED_OUT)], context(), ())
    assert steps(draft) == ["person.remove"]
    assert draft.wanted is None
    assert only(draft, "person.remove").reason == "suspended since 2026-10-10: to be removed"
    assert list(draft_removals([known(OUT, ABSENT)], context(), ())) == []


def test_a_removal_that_was_asked_for_waits_for_a_hold_an_extension_and_the_summer() -> None:
    policy, calendar = POLICIES["pupil"], Calendar(add_only=(((6, 15), (9, 1)),))
    assert due(ASKED_OUT, policy, calendar, TODAY) == "remove"
    assert due(replace(ASKED_OUT, hold="a case is open"), policy, calendar, TODAY) is None
    assert due(replace(ASKED_OUT, extended_to=TODAY + timedelta(days=1)), policy, calendar, TODAY) is None
    assert due(ASKED_OUT, policy, calendar, date(2027, 7, 1)) is None


def test_whoever_is_back_in_a_source_is_restored_rather_than_removed() -> None:
    assert steps(draft_of(wanted(PUPIL), known(OUT, ASKED_OUT)))[0] == "person.restore"
