"""Somebody whom the sources have: came, changed, came back, or is left alone."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from rostersync.drafting import draft_person, waiting
from rostersync.model import Desired, Gone, Life, Membership, SchoolRole
from rostersync.plan import ANYWHERE
from tests.line.builders import known, user
from tests.line.worlds import GROUPS, IN_SUMMER, context, draft_of, missing, only, steps, wanted

PUPIL = user(groups=("8a",), guardians=("mother",))
DEPARTED = Life("departed", "absent", date(2026, 11, 10))
SUSPENDED = Life("suspended", "absent", date(2026, 9, 10), date(2026, 10, 10))
OUT = replace(PUPIL, enabled=False, memberships=(), guardians=())


# -- came -----------------------------------------------------------------------------------------------------------


def test_a_newcomer_is_created_with_her_memberships_and_links() -> None:
    draft = draft_of(wanted(PUPIL))
    assert steps(draft) == ["person.create", "membership.create 8a pupil", "guardianship.create mother"]
    assert draft is not None
    assert (draft.before, draft.wanted, draft.life) == (None, PUPIL, Life())
    assert all(change.counted and not change.revocation for change in draft.changes)


def test_a_newcomer_counts_at_each_of_her_schools() -> None:
    assert only(draft_of(wanted(user(schools=("south", "north")))), "person.create").scopes == ("north", "south")


def test_a_newcomer_without_a_school_counts_at_none() -> None:
    assert only(draft_of(wanted(user(schools=()))), "person.create").scopes == ()


def test_a_membership_counts_at_the_school_of_its_group() -> None:
    draft = draft_of(wanted(user(groups=("8c", "club"))))
    assert draft is not None
    assert [change.scopes for change in draft.changes[1:]] == [("south",), ()]


def test_a_membership_in_a_new_group_needs_the_group() -> None:
    draft = draft_of(wanted(user(groups=("8a", "8b", "club"))), new_groups=frozenset(("8b", "club")))
    assert draft is not None
    needs = [change.needs for change in draft.changes[1:]]
    assert needs == [(), (("group", "create", "north"),), (("group", "create", ""),)]


def test_a_link_to_a_guardian_who_is_new_too_needs_her_to_be_created_wherever_she_counts() -> None:
    link = only(draft_of(wanted(PUPIL), known_users=frozenset()), "guardianship.create")
    assert link.needs == (("person", "create", ANYWHERE),)
    assert only(draft_of(wanted(PUPIL)), "guardianship.create").needs == ()


def test_two_faces_of_one_person_are_two_drafts_in_the_order_of_their_ids() -> None:
    parent = user("a-parent", "guardian", face="guardian")
    drafts = draft_person(wanted(user("z-teacher", "staff"), parent), {}, context())
    assert [draft.id for draft in drafts] == ["a-parent", "z-teacher"]


def test_a_newcomer_who_is_already_gone_is_nobody_to_the_target() -> None:
    assert draft_of(missing()) is None


# -- changed --------------------------------------------------------------------------------------------------------


def test_nothing_is_planned_for_a_user_who_is_as_she_should_be() -> None:
    assert draft_of(wanted(PUPIL), known(PUPIL)) is None


def test_an_update_says_which_fields_changed_and_nothing_of_what_they_hold() -> None:
    before = replace(PUPIL, fields=(("email", "old@home.example"), ("login", "kari")))
    after = replace(PUPIL, given_name="Ola", fields=(("email", "new@home.example"), ("login", "kari")))
    draft = draft_of(wanted(after), known(before))
    assert steps(draft) == ["person.update"]
    assert only(draft, "person.update").reason == "changed: given_name, email"


def test_who_moves_school_counts_at_both() -> None:
    after = replace(PUPIL, schools=(SchoolRole("south", "pupil"),))
    assert only(draft_of(wanted(after), known(PUPIL)), "person.update").scopes == ("north", "south")


def test_an_approved_update_stays_the_same_when_her_memberships_have_moved_meanwhile() -> None:
    after = replace(PUPIL, given_name="Ola", memberships=(Membership("8b", "pupil"),))
    first = only(draft_of(wanted(after), known(PUPIL)), "person.update")
    second = only(draft_of(wanted(after), known(replace(after, given_name="Kari"))), "person.update")
    assert first == second
    assert first.old
    assert first.old != first.new


def test_memberships_begin_and_end() -> None:
    draft = draft_of(wanted(user(groups=("8b",), guardians=("mother",))), known(PUPIL))
    assert steps(draft) == ["membership.create 8b pupil", "membership.end 8a pupil"]
    assert all(change.counted for change in draft.changes if draft)


def test_another_role_in_the_same_group_is_an_update_that_tells_both_roles() -> None:
    after = replace(PUPIL, memberships=(Membership("8a", "staff"),))
    change = only(draft_of(wanted(after), known(PUPIL)), "membership.update")
    assert (change.part, change.old, change.scopes) == ("8a staff", "pupil", ("north",))


def test_a_membership_that_ended_by_a_date_known_beforehand_does_not_count() -> None:
    ended = only(draft_of(wanted(replace(PUPIL, memberships=()), lapsed=("8a",)), known(PUPIL)), "membership.end")
    assert not ended.counted


def test_a_link_ends_as_a_revocation() -> None:
    ended = only(draft_of(wanted(replace(PUPIL, guardians=())), known(PUPIL)), "guardianship.end")
    assert ended.revocation
    assert ended.counted
    assert (ended.part, ended.scopes, ended.reason) == ("mother", ("north",), "no longer a guardian with access")


def test_an_eighteenth_birthday_is_a_revocation_that_does_not_count() -> None:
    desired = wanted(replace(PUPIL, guardians=()), lapsed=("mother",))
    ended = only(draft_of(desired, known(PUPIL)), "guardianship.end")
    assert ended.revocation
    assert (ended.counted, ended.reason) == (False, "ended on a date known beforehand")


def test_revocations_come_first_and_ends_last() -> None:
    after = user(groups=("8b",), guardians=("father",), given_name="Ola")
    assert steps(draft_of(wanted(after), known(PUPIL))) == [
        "guardianship.end mother",
        "person.update",
        "membership.create 8b pupil",
        "guardianship.create father",
        "membership.end 8a pupil",
    ]


def test_what_nobody_knows_to_have_arrived_is_sent_again_without_counting() -> None:
    change = only(draft_of(wanted(PUPIL), known(PUPIL, digest="")), "person.update")
    assert change.reason == "sent again: nobody knows whether the LMS has it so"
    assert not change.counted


def test_a_real_change_counts_even_when_the_last_delivery_was_cut_off() -> None:
    assert only(draft_of(wanted(replace(PUPIL, given_name="Ola")), known(PUPIL, digest="")), "person.update").counted


# -- in the summer, and after a restored backup ---------------------------------------------------------------------


@pytest.mark.parametrize("surroundings", [{"on": IN_SUMMER}, {"restored_backup": True}])
def test_when_a_sync_only_adds_memberships_and_schools_stay_and_links_still_end(
    surroundings: dict[str, object],
) -> None:
    after = user(groups=("8c",), schools=("south",))
    draft = draft_of(wanted(after), known(PUPIL), **surroundings)
    assert steps(draft) == ["guardianship.end mother", "person.update", "membership.create 8c pupil"]
    assert draft is not None
    assert draft.wanted == replace(
        after,
        memberships=(Membership("8a", "pupil"), Membership("8c", "pupil")),
        schools=(SchoolRole("south", "pupil"), SchoolRole("north", "pupil")),
    )


def test_when_a_sync_only_adds_a_new_role_in_the_same_group_is_no_second_membership() -> None:
    after = replace(PUPIL, memberships=(Membership("8a", "staff"),))
    draft = draft_of(wanted(after), known(PUPIL), on=IN_SUMMER)
    assert draft is not None
    assert draft.wanted == after


def test_what_waits_for_the_end_of_the_summer_is_told() -> None:
    desired = wanted(user(groups=("8b",), guardians=("mother",)))
    there = {"user": known(PUPIL)}
    kept_back = waiting(desired, there, context(on=IN_SUMMER))
    assert [(one.kind, one.action, one.part) for one in kept_back] == [("membership", "end", "8a pupil")]
    assert waiting(desired, there, context()) == []
    assert waiting(desired, {}, context(on=IN_SUMMER)) == []


def test_a_departure_waits_for_the_end_of_the_summer() -> None:
    kept_back = waiting(missing(), {"user": known(PUPIL)}, context(on=IN_SUMMER))
    assert [(one.kind, one.action) for one in kept_back] == [("person", "depart")]


# -- came back ------------------------------------------------------------------------------------------------------


def test_who_is_back_before_suspension_was_never_away_to_the_lms() -> None:
    draft = draft_of(wanted(PUPIL), known(PUPIL, DEPARTED))
    assert steps(draft) == ["person.restore"]
    change = only(draft, "person.restore")
    assert (change.reason, change.counted) == ("back before suspension", False)
    assert draft is not None
    assert draft.life == Life()


def test_who_is_back_before_suspension_gets_todays_values_too() -> None:
    draft = draft_of(wanted(user(groups=("8b",), given_name="Ola")), known(PUPIL, DEPARTED))
    assert steps(draft) == [
        "guardianship.end mother",
        "person.restore",
        "person.update",
        "membership.create 8b pupil",
        "membership.end 8a pupil",
    ]


def test_a_suspended_user_is_restored_with_todays_ties() -> None:
    today = user(groups=("8b",), guardians=("father",))
    draft = draft_of(wanted(today), known(OUT, SUSPENDED))
    assert steps(draft) == ["person.restore", "membership.create 8b pupil", "guardianship.create father"]
    assert draft is not None
    assert (draft.wanted, draft.life) == (today, Life())
    assert not only(draft, "person.restore").counted


def test_a_user_handed_over_for_removal_is_restored_too() -> None:
    draft = draft_of(wanted(PUPIL), known(OUT, replace(SUSPENDED, state="handed_over")))
    assert steps(draft)[0] == "person.restore"


@pytest.mark.parametrize("reason", ["restricted", "denied", "protected", "held"])
@pytest.mark.parametrize("life", [DEPARTED, SUSPENDED])
def test_what_only_a_command_ends_is_not_ended_by_a_source(life: Life, reason: str) -> None:
    value = PUPIL if life is DEPARTED else OUT
    assert draft_of(wanted(PUPIL), known(value, replace(life, reason=reason))) is None


@pytest.mark.parametrize("life", [DEPARTED, SUSPENDED])
def test_an_administrators_hold_keeps_a_user_where_she_is(life: Life) -> None:
    value = PUPIL if life is DEPARTED else OUT
    assert draft_of(wanted(PUPIL), known(value, replace(life, hold="a case is open"))) is None


def test_a_held_departed_user_still_loses_links_that_end() -> None:
    there = known(PUPIL, replace(DEPARTED, hold="a case is open"))
    assert steps(draft_of(wanted(replace(PUPIL, guardians=())), there)) == ["guardianship.end mother"]


def test_after_a_restored_backup_nobody_is_restored() -> None:
    assert draft_of(wanted(PUPIL), known(OUT, SUSPENDED), restored_backup=True) is None
    assert draft_of(wanted(PUPIL), known(PUPIL, DEPARTED), restored_backup=True) is None


# -- left alone -----------------------------------------------------------------------------------------------------


def test_a_pinned_person_is_not_touched() -> None:
    desired = wanted(user(given_name="Ola"), pinned=True)
    assert draft_of(desired, known(PUPIL)) is None
    assert draft_of(desired) is None


def test_a_denial_beats_a_pin() -> None:
    desired = replace(missing(revoked=("mother",)), pinned=True)
    assert steps(draft_of(desired, known(PUPIL))) == ["guardianship.end mother"]


def test_protection_beats_a_pin() -> None:
    desired = replace(missing(reason="protected", at_once=True), pinned=True)
    assert steps(draft_of(desired, known(PUPIL))) == ["person.suspend"]


def test_a_pinned_tie_cannot_outlive_its_group() -> None:
    draft = draft_of(wanted(pinned=True), known(PUPIL), standing_groups=frozenset(GROUPS) - {"8a"})
    assert steps(draft) == ["membership.end 8a pupil"]
    assert only(draft, "membership.end").reason == "the group is gone"


def test_a_pinned_user_whose_delivery_was_cut_off_is_sent_again() -> None:
    assert steps(draft_of(wanted(pinned=True), known(PUPIL, digest=""))) == ["person.update"]


@pytest.mark.parametrize(
    "desired",
    [
        wanted(user(given_name="Ola")),
        missing(),
        missing(reason="protected", at_once=True),
        wanted(pinned=True),
    ],
)
def test_a_system_administrator_is_never_changed(desired: Desired) -> None:
    administrator = replace(PUPIL, role="system_administrator")
    ended = frozenset(GROUPS) - {"8a"}
    assert draft_of(desired, known(administrator), standing_groups=ended) is None


def test_a_user_nobody_speaks_of_is_left_alone() -> None:
    other = replace(user("other"), person="person")
    assert draft_of(wanted(PUPIL, gone=(Gone("nobody", "guardian", "absent"),)), known(PUPIL), known(other)) is None
