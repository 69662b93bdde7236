"""Somebody whom the sources no longer have: departed, suspended, protected, and removed for good."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from rostersync.drafting import draft_removals
from rostersync.model import Draft, Known, Life, User
from rostersync.schoolyear import DepartedPolicy
from tests.line.builders import TODAY, known, user
from tests.line.worlds import GROUPS, IN_SUMMER, POLICIES, context, draft_of, missing, only, steps

PUPIL = user(groups=("8a", "8c"), guardians=("father", "mother"), schools=("north", "south"))
OUT = replace(PUPIL, enabled=False, memberships=(), guardians=())
DEPARTED = Life("departed", "absent", TODAY - timedelta(days=10))
DUE = Life("departed", "absent", TODAY - timedelta(days=30))
SUSPENDED = Life("suspended", "absent", date(2026, 9, 10), date(2026, 10, 10))
NO_GRACE = dict.fromkeys(POLICIES, DepartedPolicy(suspend_after=0))
WITHOUT_8A = frozenset(GROUPS) - {"8a"}


def wanted_of(draft: Draft | None) -> User:
    assert draft is not None
    assert isinstance(draft.wanted, User)
    return draft.wanted


# -- departed -------------------------------------------------------------------------------------------------------


def test_an_absent_user_departs_and_keeps_everything() -> None:
    draft = draft_of(missing(), known(PUPIL))
    assert steps(draft) == ["person.depart"]
    change = only(draft, "person.depart")
    assert (change.reason, change.counted, change.scopes) == ("absent", True, ("north", "south"))
    assert wanted_of(draft) == PUPIL
    assert draft is not None
    assert draft.life == Life("departed", "absent", TODAY)


def test_a_departure_known_beforehand_by_date_does_not_count() -> None:
    assert not only(draft_of(missing(by_date=True), known(PUPIL)), "person.depart").counted


def test_who_is_listed_without_ties_loses_them_now() -> None:
    draft = draft_of(missing(reason="left: moved away"), known(PUPIL))
    assert steps(draft) == [
        "guardianship.end father",
        "guardianship.end mother",
        "person.depart",
        "membership.end 8a pupil",
        "membership.end 8c pupil",
    ]


def test_a_departed_user_who_is_still_absent_is_left_alone() -> None:
    assert draft_of(missing(), known(PUPIL, DEPARTED)) is None


def test_an_absent_user_loses_a_link_that_is_denied() -> None:
    draft = draft_of(missing(revoked=("mother",)), known(PUPIL, DEPARTED))
    assert steps(draft) == ["guardianship.end mother"]
    assert only(draft, "guardianship.end").revocation
    assert wanted_of(draft).guardians == ("father",)


@pytest.mark.parametrize("life", [DEPARTED, replace(DEPARTED, hold="a case is open")])
def test_an_absent_users_tie_cannot_outlive_its_group(life: Life) -> None:
    draft = draft_of(missing(), known(PUPIL, life), standing_groups=WITHOUT_8A)
    assert steps(draft) == ["membership.end 8a pupil"]


def test_in_the_summer_nobody_departs_and_links_still_end() -> None:
    draft = draft_of(missing(reason="left: moved away"), known(PUPIL), on=IN_SUMMER, standing_groups=WITHOUT_8A)
    assert steps(draft) == ["guardianship.end father", "guardianship.end mother"]
    assert draft is not None
    assert draft.life == Life()


def test_after_a_restored_backup_nobody_departs_or_is_suspended() -> None:
    assert draft_of(missing(), known(PUPIL), restored_backup=True) is None
    assert draft_of(missing(), known(PUPIL, DUE), restored_backup=True) is None


# -- suspended ------------------------------------------------------------------------------------------------------


def test_a_departed_user_is_suspended_when_her_clock_is_over() -> None:
    draft = draft_of(missing(), known(PUPIL, DUE))
    assert steps(draft) == ["person.suspend"]
    assert wanted_of(draft) == OUT
    assert draft is not None
    assert draft.life == Life("suspended", "absent", DUE.departed_on, TODAY)
    change = only(draft, "person.suspend")
    assert (change.counted, change.revocation, change.needs) == (True, False, ())


def test_a_suspension_after_a_departure_by_date_does_not_count() -> None:
    assert not only(draft_of(missing(by_date=True), known(PUPIL, DUE)), "person.suspend").counted


def test_a_tie_to_an_ended_group_ends_by_itself_even_if_the_suspension_is_held() -> None:
    draft = draft_of(missing(), known(PUPIL, DUE), standing_groups=WITHOUT_8A)
    assert steps(draft) == ["membership.end 8a pupil", "person.suspend"]


def test_without_days_of_grace_suspension_needs_the_departure_of_the_same_night() -> None:
    draft = draft_of(missing(), known(PUPIL), policies=NO_GRACE)
    assert steps(draft) == ["person.depart", "person.suspend"]
    needs = (("person", "depart", "north"), ("person", "depart", "south"))
    assert only(draft, "person.suspend").needs == needs


def test_a_suspension_without_a_school_needs_the_departures_without_a_school() -> None:
    draft = draft_of(missing(), known(user(schools=())), policies=NO_GRACE)
    assert only(draft, "person.suspend").needs == (("person", "depart", ""),)


def test_a_departure_that_does_not_count_is_nothing_to_wait_for() -> None:
    draft = draft_of(missing(by_date=True), known(PUPIL), policies=NO_GRACE)
    assert only(draft, "person.suspend").needs == ()


def test_a_hold_freezes_the_clock() -> None:
    assert draft_of(missing(), known(PUPIL, replace(DUE, hold="a case is open"))) is None


def test_a_held_user_who_has_left_loses_her_links_all_the_same() -> None:
    draft = draft_of(missing(reason="left: moved away"), known(PUPIL, replace(DUE, hold="a case is open")))
    assert steps(draft) == ["guardianship.end father", "guardianship.end mother"]


def test_a_suspended_user_stays_as_she_is() -> None:
    assert draft_of(missing(), known(OUT, SUSPENDED)) is None


def test_a_suspension_that_was_cut_off_is_sent_again() -> None:
    draft = draft_of(missing(), known(OUT, SUSPENDED, digest=""))
    assert steps(draft) == ["person.update"]
    assert wanted_of(draft) == OUT
    assert draft is not None
    assert draft.life == SUSPENDED


# -- protected ------------------------------------------------------------------------------------------------------


PROTECTED = missing(reason="protected", at_once=True)


@pytest.mark.parametrize("on", [TODAY, IN_SUMMER])
@pytest.mark.parametrize("life", [Life(), DEPARTED, replace(DEPARTED, hold="a case is open")])
def test_a_protected_person_is_out_at_once_and_nothing_can_hold_that(life: Life, on: date) -> None:
    draft = draft_of(PROTECTED, known(PUPIL, life), on=on, restored_backup=True)
    assert steps(draft) == ["person.suspend"]
    assert only(draft, "person.suspend").revocation
    assert wanted_of(draft) == OUT
    assert draft is not None
    assert draft.life == replace(life, state="suspended", reason="protected", suspended_on=on)


def test_nothing_that_leads_to_a_protected_person_stays() -> None:
    told = replace(PUPIL, fields=(("email", "kari@home.example"), ("login", "kari"), ("mobile", "5550100")))
    assert wanted_of(draft_of(PROTECTED, known(told))).fields == (("login", "kari"),)


def test_a_suspended_user_who_is_protected_loses_what_leads_to_her() -> None:
    told = replace(OUT, fields=(("email", "kari@home.example"),))
    draft = draft_of(PROTECTED, known(told, SUSPENDED))
    assert wanted_of(draft) == OUT
    assert draft is not None
    assert draft.life == replace(SUSPENDED, reason="protected")


def test_a_protected_user_who_is_out_is_left_alone() -> None:
    assert draft_of(PROTECTED, known(OUT, replace(SUSPENDED, reason="protected"))) is None


def test_a_protection_that_was_cut_off_is_sent_again() -> None:
    assert steps(draft_of(PROTECTED, known(OUT, SUSPENDED, digest=""))) == ["person.suspend"]


# -- removed --------------------------------------------------------------------------------------------------------

LONG_GONE = Life("suspended", "absent", date(2025, 9, 10), date(2025, 10, 10))
REMOVING = dict.fromkeys(POLICIES, DepartedPolicy(suspend_after=30, remove_after=180))


def removals(*suspended: Known, spared: Container[str] = (), **changes: object) -> list[Draft]:
    return list(draft_removals(suspended, context(**{"policies": REMOVING, **changes}), spared))


def test_a_suspended_user_is_removed_when_her_period_is_over() -> None:
    (draft,) = removals(known(OUT, LONG_GONE))
    assert steps(draft) == ["person.remove"]
    assert draft.wanted is None
    change = only(draft, "person.remove")
    assert (change.counted, change.scopes) == (True, ("north", "south"))
    assert change.reason == "suspended since 2025-10-10: absent"


def test_nobody_is_removed_before_her_period_is_over() -> None:
    assert removals(known(OUT, SUSPENDED)) == []


def test_nobody_is_removed_until_the_owner_has_written_a_period() -> None:
    assert removals(known(OUT, LONG_GONE), policies=POLICIES) == []


def test_nobody_is_removed_whom_the_main_plan_brings_back() -> None:
    assert removals(known(OUT, LONG_GONE), spared={OUT.id}) == []


def test_nobody_is_removed_after_a_restored_backup_or_while_held() -> None:
    assert removals(known(OUT, LONG_GONE), restored_backup=True) == []
    assert removals(known(OUT, replace(LONG_GONE, hold="a case is open"))) == []


def test_a_system_administrator_is_never_removed() -> None:
    assert removals(known(replace(OUT, role="system_administrator"), LONG_GONE)) == []
