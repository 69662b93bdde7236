"""What goes wrong at an itslearning site, and what it does to the deliveries of that moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace as changed
from datetime import timedelta

import pytest
from msgspec.structs import replace

from rostersync.errors import TargetFaltering, TargetUnavailable
from rostersync.lab.doubles.itslearning import LmsPerson
from rostersync.model import Change, Delivery, Group, Kind, Life, Membership, User
from tests.targets.contract import (
    ALL_PUPILS,
    CLASS,
    EVERYBODY,
    GUARDIAN,
    LINKED,
    OWNER,
    PUPIL,
    SCHOOL,
    SCHOOL_OPENS,
    SUSPENDED,
    TEACHER,
    made,
    moved,
    refused,
    removed,
    roster_of,
    with_near,
)
from tests.targets.itslearning_site import Lab


def other(number: int, **values: object) -> User:
    """One more pupil of the class."""
    fields = (("login", f"pupil{number}"),)
    return replace(PUPIL, id=f"pupil{number}", person=f"p-1{number}", **{"fields": fields, **values})


def tied(before: User, after: User, *, kind: Kind = "membership", phase: int = 3) -> Delivery:
    """A delivery in which nothing of the user herself changes."""
    return replace(moved(before, after, phase=phase), changes=(Change(kind, "create", before.id, "of a test"),))


# -- lost on the way --------------------------------------------------------------------------------------------------


def test_a_connection_lost_after_the_lms_acted_is_tried_again_and_nothing_is_there_twice(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *SCHOOL_OPENS)
    site.server.faults.switch("cut", times=1)
    with pytest.raises(TargetFaltering, match="the connection was lost"):
        site.deliver(target, made(PUPIL))
    assert not refused(site.deliver(target, made(PUPIL)))
    assert site.site.created["pupil"] == 1
    assert len(site.site.memberships) == 3


def test_several_calls_at_once_leave_a_shared_guardian_with_all_her_children(site: Lab) -> None:
    target = site.target(connections=4)
    pupils = [other(number) for number in range(8)]
    site.deliver(target, *SCHOOL_OPENS, made(GUARDIAN), *map(made, pupils))
    linked = [replace(one, guardians=("guardian",)) for one in pupils]
    links = [tied(before, after, kind="guardianship", phase=4) for before, after in zip(pupils, linked, strict=True)]
    site.past += links
    told = with_near(links, roster_of(site.past))
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda one: list(target.deliver([one], roster_of(()))), [*told, *told]))
    assert all(outcome.delivered for (outcome,) in outcomes)
    assert site.site.active()["guardian"].children == {one.id for one in pupils}
    ends = [moved(after, before, phase=0) for before, after in zip(pupils[1:], linked[1:], strict=True)]
    site.past += ends
    told = with_near(ends, roster_of(site.past))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda one: list(target.deliver([one], roster_of(()))), told))
    assert site.site.active()["guardian"].children == {"pupil0"}


def test_a_page_of_html_with_status_200_is_not_taken_for_an_answer(site: Lab) -> None:
    site.server.faults.switch("html")
    with pytest.raises(TargetUnavailable, match=r"page of HTML.*login page") as refusal:
        site.deliver(site.target(), *SCHOOL_OPENS)
    assert not isinstance(refusal.value, TargetFaltering)


def test_credentials_revoked_in_mid_run_end_it_at_once_and_what_was_done_stands(site: Lab) -> None:
    target = site.target()
    told = target.deliver(iter(()), lambda: iter(()))
    assert list(told) == []
    assert all(one.delivered for one in site.deliver(target, *SCHOOL_OPENS))
    site.double.account = ("rostersync", "another")
    asked = len(site.server.asked)
    with pytest.raises(TargetUnavailable, match="does not accept our credentials"):
        site.deliver(target, made(PUPIL), made(TEACHER))
    assert len(site.server.asked) == asked + 1, "a second wrong password may lock the account"
    assert set(site.site.groups) >= {"school", "class"}


def test_a_site_that_fails_for_a_moment_is_not_noticed(site: Lab) -> None:
    site.double.fails = 1
    assert not refused(site.deliver(site.target(), *SCHOOL_OPENS))


def test_a_site_that_fails_for_everybody_falters_and_no_single_one_is_blamed(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *SCHOOL_OPENS)
    site.double.fails = 100
    with pytest.raises(TargetFaltering, match="createPersons: it fails"):
        site.deliver(target, made(PUPIL), made(TEACHER))


def test_a_server_error_without_a_fault_is_tried_until_patience_ends(site: Lab) -> None:
    site.server.faults.switch("500")
    with pytest.raises(TargetFaltering, match="it fails \\(500\\)"):
        site.deliver(site.target(patience=timedelta(seconds=2)), *SCHOOL_OPENS)
    assert len(site.server.asked) == 2


def test_a_slow_answer_is_waited_for_and_a_hanging_one_is_not(site: Lab) -> None:
    site.server.faults.switch("slow", times=1)
    assert not refused(site.deliver(site.target(), made(OWNER), made(SCHOOL)))
    site.server.faults.switch("hang")
    with pytest.raises(TargetFaltering, match="did not answer in time"):
        site.deliver(site.target(timeout=timedelta(seconds=1)), made(SCHOOL))


# -- refused in part --------------------------------------------------------------------------------------------------


def test_when_half_a_batch_is_refused_the_other_half_is_there(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *SCHOOL_OPENS)
    pupils = [other(number, fields=(("login", f"pupil{number - number % 2}"),)) for number in range(6)]
    told = refused(site.deliver(target, *map(made, pupils)))
    assert set(told) == {"pupil1", "pupil3", "pupil5"}
    assert all("login is taken" in reason for reason in told.values())
    assert set(site.site.active()) == {"pupil0", "pupil2", "pupil4"}


def test_one_whom_the_service_cannot_take_keeps_nobody_else_out(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *SCHOOL_OPENS)
    site.double.poison = {">pupil3<"}
    told = refused(site.deliver(target, *(made(other(number)) for number in range(8))))
    assert set(told) == {"pupil3"}
    assert len(site.site.active()) == 7


def test_whoever_arrived_in_part_is_told_as_unknown(site: Lab) -> None:
    target = site.target()
    site.deliver(target, made(OWNER), made(SCHOOL))
    (outcome,) = site.deliver(target, made(PUPIL))
    assert (outcome.delivered, outcome.trouble) == (False, "unknown")
    assert "resync brings it back" in outcome.reason
    assert "pupil" in site.site.active()


def test_a_missing_e_mail_is_a_reason_that_says_what_to_do(site: Lab) -> None:
    site.site.asks_email = frozenset({"Parent"})
    target = site.target()
    site.deliver(target, *SCHOOL_OPENS)
    told = refused(site.deliver(target, made(GUARDIAN), made(TEACHER)))
    assert list(told) == ["guardian"]
    assert "asks for an e-mail address" in told["guardian"]
    told = refused(site.deliver(target, made(replace(GUARDIAN, fields=(("email", "kari@home.example"),)))))
    assert not told


def test_names_beyond_64_characters_are_cut_and_counted(site: Lab) -> None:
    target = site.target()
    long = Group("long", "base_class", "x", "ø" * 65, "school")
    site.deliver(target, *SCHOOL_OPENS, made(long), made(replace(TEACHER, family_name="å" * 65)))
    assert site.site.groups["long"].title == "ø" * 64
    assert site.site.active()["teacher"].last == "å" * 64
    assert sorted(target.left_out) == [
        "a name of more than 64 characters, which the LMS cuts",
        "a title of more than 64 characters, which the LMS cuts",
    ]
    target.sweep()
    assert not target.left_out


def test_a_group_whose_parent_is_in_the_trash_waits_for_a_person(site: Lab) -> None:
    target = site.target()
    site.deliver(target, made(OWNER), made(SCHOOL))
    site.site.delete_group("school")
    told = refused(site.deliver(target, made(CLASS)))
    assert "which may be in its trash; restore that there" in told["class"]


# -- what people did in the LMS ---------------------------------------------------------------------------------------


def test_a_pupil_deleted_by_hand_comes_back_with_her_next_change(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *EVERYBODY)
    site.site.trash_person("pupil")
    assert not refused(site.deliver(target, moved(LINKED, replace(LINKED, given_name="Åse Marie"))))
    assert site.site.active()["pupil"].first == "Åse Marie"


def test_a_membership_of_somebody_deleted_by_hand_is_refused_with_the_way_out(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *EVERYBODY)
    site.site.trash_person("teacher")
    more = replace(TEACHER, memberships=(Membership("class", "staff"), Membership("pupils", "staff")))
    told = refused(site.deliver(target, tied(TEACHER, more)))
    assert "rostersync resync brings it back" in told["teacher"]
    again = moved(more, more)
    assert not refused(site.deliver(target, again))
    assert "teacher" in site.site.active()


def test_putting_away_somebody_who_is_gone_already_is_no_failure(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *EVERYBODY)
    site.site.trash_person("pupil")
    assert not refused(site.deliver(target, moved(LINKED, SUSPENDED, phase=5)))
    assert not refused(site.deliver(target, removed(replace(TEACHER, id="never-there"))))
    assert not refused(site.deliver(target, removed(Group("never", "base_class", "x", "x", "school"))))


def test_a_membership_that_nobody_knows_of_goes_when_she_is_sent_again(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *EVERYBODY)
    alone = replace(LINKED, memberships=(Membership("class", "pupil"),))
    assert len(site.site.groups_of("pupil")) == 3
    site.deliver(target, moved(alone, alone))
    assert {one.group for one in site.site.groups_of("pupil")} == {"school", "class"}


def test_memberships_that_people_made_by_hand_stay(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *EVERYBODY)
    by_hand = next(iter(site.site.memberships.values()))._replace(group="class", person="teacher")
    site.site.memberships["made-by-hand"] = by_hand
    site.deliver(target, moved(TEACHER, TEACHER))
    assert "made-by-hand" in site.site.memberships


# -- guardians --------------------------------------------------------------------------------------------------------


def test_a_link_that_was_not_made_is_a_failure_though_the_lms_calls_it_success(site: Lab) -> None:
    site.site.parent_portal = False
    told = refused(site.deliver(site.target(), *EVERYBODY))
    assert list(told) == ["pupil"]
    assert "see that the parent portal is on" in told["pupil"]


def test_a_guardian_keeps_her_other_child_and_all_that_she_has(site: Lab) -> None:
    target = site.target()
    guardian = replace(GUARDIAN, fields=(("email", "kari@home.example"), ("login", "kari")))
    sister = other(1, guardians=("guardian",))
    site.deliver(target, *SCHOOL_OPENS, made(guardian), made(PUPIL), made(other(1)))
    site.deliver(target, moved(PUPIL, LINKED, phase=4), moved(other(1), sister, phase=4))
    before = site.site.active()["guardian"]
    assert before.children == {"pupil", "pupil1"}
    site.deliver(target, moved(LINKED, PUPIL, phase=0))
    assert site.site.active()["guardian"] == changed(before, children=frozenset({"pupil1"}))


def test_a_guardian_who_leaves_in_the_same_run_is_out_with_the_first_revocation(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *EVERYBODY)
    site.past.append(moved(GUARDIAN, replace(GUARDIAN, enabled=False), phase=5))
    site.deliver(target, moved(LINKED, PUPIL, phase=0))
    assert "guardian" not in site.site.active()


def test_a_value_that_is_withdrawn_is_blanked_and_the_children_stay(site: Lab) -> None:
    target = site.target(national_number="CustomString2")
    guardian = replace(GUARDIAN, fields=(("email", "kari@home.example"), ("national_number", "05818490012")))
    site.deliver(target, *SCHOOL_OPENS, made(guardian), made(PUPIL), moved(PUPIL, LINKED, phase=4))
    assert site.site.active()["guardian"].fields == {"CustomString2": "05818490012"}
    less = replace(guardian, fields=(("email", "kari@home.example"),))
    site.deliver(target, moved(guardian, less))
    assert site.site.active()["guardian"].fields == {}
    assert site.site.active()["guardian"].children == {"pupil"}


def test_a_login_that_is_given_up_is_free_for_somebody_else(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *SCHOOL_OPENS, made(PUPIL))
    without = replace(PUPIL, fields=(("national_number", "05810890051"),))
    new = replace(TEACHER, fields=(("login", "ase"),))
    assert not refused(site.deliver(target, moved(PUPIL, without), made(new)))
    assert site.site.active()["teacher"].login == "ase"


def test_a_guardian_who_is_not_there_yet_fails_in_passing(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *SCHOOL_OPENS, made(PUPIL))
    (outcome,) = site.deliver(target, tied(PUPIL, replace(PUPIL, guardians=("nobody",)), kind="guardianship", phase=4))
    assert (outcome.delivered, outcome.trouble) == (False, "passing")


# -- restored ---------------------------------------------------------------------------------------------------------


def test_a_restored_user_has_nothing_that_the_trash_kept(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *EVERYBODY)
    site.deliver(target, moved(LINKED, SUSPENDED, phase=5))
    site.site.persons["guardian"] = changed(site.site.persons["guardian"], trashed=True, children=frozenset({"pupil"}))
    away = replace(GUARDIAN, enabled=False)
    site.deliver(target, moved(away, GUARDIAN))
    assert (
        site.operations()[-3:] == ["createPersons", "replacePersons", "createMemberships"]
        or "replacePersons" in (site.operations()[-5:])
    )
    assert site.site.active()["guardian"].children == frozenset()


def test_whoever_is_handed_over_stays_in_the_trash_and_is_counted(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *EVERYBODY, moved(LINKED, SUSPENDED, phase=5))
    handed = replace(moved(SUSPENDED, SUSPENDED, phase=7), life=Life("handed_over", "absent"))
    assert not refused(site.deliver(target, handed))
    assert site.site.persons["pupil"].trashed
    assert any("trash list --state handed_over" in sentence for sentence in target.left_out)


def test_a_school_is_never_deleted(site: Lab) -> None:
    target = site.target()
    site.deliver(target, *SCHOOL_OPENS)
    told = refused(site.deliver(target, removed(ALL_PUPILS), removed(SCHOOL)))
    assert list(told) == ["school"]
    assert not site.site.groups["school"].trashed


# -- reading it all ---------------------------------------------------------------------------------------------------


def test_everybody_is_read_page_by_page_and_nobody_twice(site: Lab) -> None:
    for number in range(205):
        site.site.persons[f"by-hand-{number:03}"] = LmsPerson("By", "Hand", login=f"hand{number}")
    site.site.persons[""] = LmsPerson("No", "Key", login="nokey")
    found = [one.target_key for one in site.target().existing()]
    assert len(found) == len(set(found)) == 205
    assert site.operations() == ["readAllPersons"] * 3


def test_a_site_that_does_not_let_itself_be_read_says_what_to_switch_on(site: Lab) -> None:
    site.double.reads = False
    with pytest.raises(TargetUnavailable, match=r"readAllPersons.*switch it on"):
        list(site.target().existing())
    (sentence,) = site.target().check()
    assert "switch it on" in sentence


def test_a_field_that_nobody_has_is_doubted_online(site: Lab) -> None:
    site.site.persons["x"] = LmsPerson("By", "Hand", fields={"CustomString1": "1"})
    assert site.target(national_number="CustomString1").check() == []
    (sentence,) = site.target(national_number="CustomString2").check()
    assert "none has CustomString2" in sentence
