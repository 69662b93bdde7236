"""What the moodle target does when the site, the line or the people are not as they should be."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from rostersync.errors import TargetFaltering, TargetUnavailable, UserMistake
from rostersync.lab.doubles.moodle import people
from rostersync.model import Delivery, Membership, Outcome, User
from rostersync.targets.moodle import Moodle
from rostersync.targets.moodle.accounts import MADE_ANEW, ODD_LOGIN, SEVERAL
from rostersync.targets.moodle.rows import LONG_NAME
from rostersync.targets.moodle.taken import NO_EMAIL, ONE_EMAIL, SHARED_EMAIL, TAKEN
from rostersync.targets.moodle.ties import NO_GUARDIAN, NO_PLACE

from .contract import (
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
    deliver,
    made,
    moved,
    refused,
    removed,
)
from .moodle_site import Town, moodle_town


def pupils(count: int) -> list[User]:
    return [replace(PUPIL, id=f"p{n}", person=f"p-{n}", fields=(("login", f"login{n}"),)) for n in range(count)]


def told_before_it_ended(target: Moodle, *deliveries: Delivery) -> tuple[list[Outcome], TargetUnavailable]:
    """The outcomes that stand, and the error that ended the call."""
    outcomes: list[Outcome] = []
    with pytest.raises(TargetUnavailable) as caught:
        outcomes.extend(target.deliver(iter(deliveries), lambda: iter(())))
    return outcomes, caught.value


# -- the line ---------------------------------------------------------------------------------------------------------

CREATING = [
    ("core_course_create_categories", (made(OWNER),)),
    ("core_course_create_courses", (made(OWNER), made(SCHOOL), made(CLASS))),
    ("core_cohort_create_cohorts", (made(OWNER), made(SCHOOL), made(ALL_PUPILS))),
    ("core_user_create_users", EVERYBODY),
]


@pytest.mark.parametrize("fault", ["unheard", "dropped"])
@pytest.mark.parametrize(("function", "deliveries"), CREATING, ids=[name for name, _ in CREATING])
def test_a_lost_answer_makes_nothing_twice(
    town: Town, fault: str, function: str, deliveries: tuple[Delivery, ...]
) -> None:
    target = town.target()
    town.double.faults.switch(fault, 1, function)
    _, error = told_before_it_ended(target, *deliveries)
    assert isinstance(error, TargetFaltering)
    target.sweep()
    assert refused(deliver(target, *deliveries)) == {}
    tables = town.double.site.tables
    for rows in (tables.categories, tables.courses, tables.cohorts):
        assert len({one.idnumber for one in rows.values()}) == len(rows)
    people_there = [one for one in tables.living() if one.id > 2]
    assert len({one.idnumber for one in people_there}) == len(people_there)


@pytest.mark.parametrize(
    "function",
    ["core_user_update_users", "enrol_manual_enrol_users", "core_cohort_add_cohort_members", "core_role_assign_roles"],
)
def test_a_lost_answer_of_what_may_be_repeated_is_only_asked_again(town: Town, function: str) -> None:
    deliver(town.target(), *SCHOOL_OPENS, made(GUARDIAN), made(replace(PUPIL, memberships=())))
    patient = town.target(patience=town.settings(patience=None).line().timeout)
    town.double.faults.switch("unheard", 2, function)
    assert refused(deliver(patient, moved(replace(PUPIL, memberships=()), replace(LINKED, given_name="Åsa")))) == {}
    assert town.seen().users["pupil"].agents == {"guardian"}
    assert town.seen().users["pupil"].classes == {"class", "pupils"}


def test_a_deletion_whose_answer_was_lost_is_found_done(town: Town, lms: Moodle) -> None:
    town.double.faults.switch("unheard", 1, "core_user_delete_users")
    _, error = told_before_it_ended(lms, removed(TEACHER))
    assert isinstance(error, TargetFaltering)
    assert refused(deliver(lms, removed(TEACHER))) == {}


def test_an_answer_that_breaks_off_may_be_asked_for_again(town: Town, lms: Moodle) -> None:
    town.server.faults.switch("cut", 1)
    _, error = told_before_it_ended(lms, *EVERYBODY)
    assert isinstance(error, TargetFaltering)
    assert refused(deliver(lms, *EVERYBODY)) == {}


def test_a_page_of_html_is_no_answer(town: Town, lms: Moodle) -> None:
    before = town.seen()
    town.server.faults.switch("html")
    outcomes, error = told_before_it_ended(lms, removed(TEACHER))
    assert "login page answers in its place" in str(error)
    assert outcomes == []
    town.server.faults.clear()
    assert town.seen() == before


def test_a_site_with_another_name_is_not_followed(town: Town) -> None:
    assert "knows nothing of that name" in town.target(url=f"{town.server.url}/moodle").check()[0]


def test_a_site_that_is_down_says_so(town: Town) -> None:
    target = town.target(url="http://127.0.0.1:9")
    _, error = told_before_it_ended(target, *EVERYBODY)
    assert "cannot be reached" in str(error)
    assert isinstance(error, TargetFaltering), "it may be back in a minute, and who delivers decides how long that is"
    assert "cannot be reached" in target.check()[0]


# -- credentials ------------------------------------------------------------------------------------------------------


def test_a_token_revoked_in_mid_run_ends_it_and_what_was_told_stands(town: Town) -> None:
    target = town.target()
    town.double.faults.switch("revoked", path="core_user_create_users")
    outcomes, error = told_before_it_ended(target, *EVERYBODY)
    assert [one.id for one in outcomes if one.delivered] == ["owner", "school", "class", "pupils"]
    assert "does not know the token" in str(error)
    assert "synthetic token" not in str(error)
    town.double.faults.clear()
    assert refused(deliver(target, *EVERYBODY[4:])) == {}


def test_a_new_token_is_read_without_a_restart(town: Town, lms: Moodle) -> None:
    town.secret.write_text("another")
    told_before_it_ended(lms, removed(TEACHER))
    town.secret.write_text("a synthetic token")
    assert refused(deliver(lms, removed(TEACHER))) == {}


def test_a_token_that_is_nowhere_is_the_owner_s_to_mend(town: Town, lms: Moodle) -> None:
    town.secret.unlink()
    with pytest.raises(UserMistake, match="cannot be read"):
        deliver(lms, removed(TEACHER))


def test_a_function_that_the_service_lacks_is_named(town: Town) -> None:
    town.double.functions -= {"enrol_manual_enrol_users"}
    _, error = told_before_it_ended(town.target(), *EVERYBODY)
    assert "enrol_manual_enrol_users: the token may not call it" in str(error)


# -- batches ----------------------------------------------------------------------------------------------------------


def test_one_odd_person_keeps_nobody_else_out(town: Town) -> None:
    target = town.target()
    deliver(target, *SCHOOL_OPENS)
    crowd = pupils(40)
    crowd[17] = replace(crowd[17], given_name=" ")
    outcomes = deliver(target, *map(made, crowd))
    assert set(refused(outcomes)) == {"p17"}
    assert len(town.seen().users) == 39


def test_half_a_batch_may_be_refused(town: Town) -> None:
    target = town.target()
    deliver(target, *SCHOOL_OPENS)
    crowd = [replace(one, fields=(("login", f"pål{n}"),)) if n % 2 else one for n, one in enumerate(pupils(30))]
    outcomes = deliver(target, *map(made, crowd))
    assert set(refused(outcomes)) == {f"p{n}" for n in range(1, 30, 2)}
    assert set(refused(outcomes).values()) == {ODD_LOGIN}
    assert {one.trouble for one in outcomes if not one.delivered} == {"refused"}


def test_an_account_deleted_in_mid_run_is_refused_alone(town: Town) -> None:
    target = town.target()
    deliver(target, *SCHOOL_OPENS, *map(made, pupils(10)))
    tables = town.double.site.tables
    renamed = [moved(one, replace(one, given_name="Ny", memberships=())) for one in pupils(10)]
    answer = people.get_users_by_field

    def and_then_somebody_deletes(*asked: object) -> object:
        told = answer(*asked)  # type: ignore[arg-type]
        if tables.account(site_account) is not None:
            people.delete(town.double.site.tables, town.double.site.tables.accounts[site_account])
        return told

    site_account = town.account("p3").id
    town.double.carrying["core_user_get_users_by_field"] = and_then_somebody_deletes
    outcomes = deliver(target, *renamed)
    assert set(refused(outcomes)) == {"p3"}


def test_no_call_is_longer_than_the_site_s_php_takes(tmp_path: Path) -> None:
    with moodle_town(tmp_path, max_input_vars=120) as town:
        target = town.target(max_input_vars=120)
        assert refused(deliver(target, *SCHOOL_OPENS, *map(made, pupils(60)))) == {}
        assert len(town.seen().users) == 60
        assert max(asked.body.count(b"&") + 1 for asked in town.server.asked) <= 108


def test_a_limit_that_is_lower_than_we_were_told_is_noticed(tmp_path: Path) -> None:
    with moodle_town(tmp_path, max_input_vars=3 + 7 * 7) as town:
        target = town.target(max_input_vars=5000)
        deliver(target, *SCHOOL_OPENS)
        with pytest.raises(TargetUnavailable, match=r"it took 7 of 9 rows.*max_input_vars"):
            deliver(target, *map(made, [replace(one, memberships=()) for one in pupils(9)]))
        town.double.max_input_vars = 1000
        assert refused(deliver(target, *map(made, pupils(9)))) == {}
        assert len(town.seen().users) == 9


def test_check_tries_how_much_the_site_takes(tmp_path: Path) -> None:
    with moodle_town(tmp_path, max_input_vars=1000) as town:
        assert town.target(max_input_vars=1000).check() == []
        [sentence] = town.target(max_input_vars=5000).check()
        assert "max_input_vars = 1000" in sentence


def test_several_connections_make_everybody_once(town: Town) -> None:
    target = town.target(connections=4)
    deliver(target, *SCHOOL_OPENS)
    crowd = [made(one) for one in pupils(80)]
    threads = [threading.Thread(target=deliver, args=(target, *crowd[n::4])) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=30)
    assert len(town.seen().users) == 80
    assert all(user.classes == {"class", "pupils"} for user in town.seen().users.values())


# -- what others did in Moodle ----------------------------------------------------------------------------------------


def test_a_person_deleted_by_hand_is_made_anew_with_all_her_ties(town: Town, lms: Moodle) -> None:
    people.delete(town.double.site.tables, town.account("pupil"))
    lms.sweep()
    outcomes = deliver(lms, moved(LINKED, replace(LINKED, given_name="Åsa")))
    assert refused(outcomes) == {}
    pupil = town.seen().users["pupil"]
    assert (pupil.given_name, pupil.classes, pupil.agents) == ("Åsa", {"class", "pupils"}, {"guardian"})
    assert lms.left_out == {MADE_ANEW: 1}


def test_a_person_deleted_by_hand_need_not_be_suspended(town: Town, lms: Moodle) -> None:
    people.delete(town.double.site.tables, town.account("pupil"))
    lms.sweep()
    assert refused(deliver(lms, moved(LINKED, SUSPENDED, phase=5))) == {}
    assert "pupil" not in town.seen().users


def test_a_guardian_deleted_by_hand_is_missed(town: Town, lms: Moodle) -> None:
    people.delete(town.double.site.tables, town.account("guardian"))
    lms.sweep()
    assert refused(deliver(lms, moved(PUPIL, LINKED, phase=4))) == {"pupil": NO_GUARDIAN}
    assert refused(deliver(lms, moved(LINKED, PUPIL, phase=0))) == {}


def test_a_group_deleted_by_hand_is_told_in_the_report(town: Town, lms: Moodle) -> None:
    town.double.site.tables.courses.clear()
    town.double.site.tables.enrolments.clear()
    lms.sweep()
    joined = replace(GUARDIAN, memberships=(Membership("class", "guardian"),))
    assert refused(deliver(lms, moved(GUARDIAN, joined))) == {}
    assert lms.left_out == {NO_PLACE: 1}
    assert refused(deliver(lms, moved(CLASS, replace(CLASS, title="Klasse 8B"), phase=2))) == {}
    assert "class" in town.seen().groups


def test_two_accounts_with_our_id_are_nobody_s(town: Town, lms: Moodle) -> None:
    town.seed("copied", idnumber="pupil")
    outcomes = deliver(lms, moved(LINKED, SUSPENDED, phase=5), moved(TEACHER, replace(TEACHER, given_name="Øystein")))
    assert refused(outcomes) == {"pupil": SEVERAL}
    assert town.account("teacher").firstname == "Øystein"


def test_an_administrator_is_not_changed(town: Town, lms: Moodle) -> None:
    town.double.site.admins = frozenset({town.account("teacher").id})
    outcomes = deliver(lms, moved(TEACHER, replace(TEACHER, given_name="Øystein")))
    assert "site administrator" in refused(outcomes)["teacher"]
    assert "useradminodelete" in refused(deliver(lms, removed(TEACHER)))["teacher"]


# -- what people have, and have not -----------------------------------------------------------------------------------


def test_a_login_that_another_account_has_is_told_before_anything_is_tried(town: Town) -> None:
    town.seed("ase")
    target = town.target()
    outcomes = deliver(target, *EVERYBODY)
    assert refused(outcomes) == {"pupil": TAKEN}
    assert {one.id for one in outcomes if one.delivered} >= {"guardian", "teacher"}


def test_a_login_moves_only_to_a_free_name(town: Town, lms: Moodle) -> None:
    town.seed("bjorn")
    assert refused(deliver(lms, moved(TEACHER, replace(TEACHER, fields=(("login", "bjorn"),))))) == {"teacher": TAKEN}
    assert town.account("teacher").username == "teacher"


def test_two_people_of_one_batch_cannot_have_one_login(town: Town, lms: Moodle) -> None:
    twins = [replace(TEACHER, id=f"t{n}", fields=(("login", "same"),)) for n in range(2)]
    assert refused(deliver(lms, *map(made, twins))) == {"t1": TAKEN}


def test_who_has_no_e_mail_is_refused_where_none_may_be_made_up(town: Town) -> None:
    outcomes = deliver(town.target(no_email=""), *SCHOOL_OPENS, made(GUARDIAN))
    assert refused(outcomes) == {"guardian": NO_EMAIL}


def test_two_guardians_with_one_address_are_both_let_in(town: Town) -> None:
    both = [replace(GUARDIAN, id=f"g{n}", fields=(("email", "Familien@example.no"),)) for n in range(2)]
    target = town.target()
    assert refused(deliver(target, *map(made, both))) == {}
    assert {town.account("g0").email, town.account("g1").email} == {"Familien@example.no", "g1@rostersync.invalid"}
    assert target.left_out == {SHARED_EMAIL: 1}
    assert refused(deliver(town.target(no_email=""), made(replace(both[0], id="g3")))) == {"g3": ONE_EMAIL}


def test_names_beyond_the_limit_are_cut_and_counted(town: Town, lms: Moodle) -> None:
    long = replace(TEACHER, id="long", given_name="Å" * 130)
    assert refused(deliver(lms, made(long))) == {}
    assert town.account("long").firstname == "Å" * 100
    assert lms.left_out == {LONG_NAME: 1}


def test_a_made_up_address_of_no_domain_is_refused_with_the_person_alone(town: Town) -> None:
    outcomes = deliver(town.target(no_email="nowhere"), *SCHOOL_OPENS, made(GUARDIAN))
    assert refused(outcomes) == {"guardian": "Moodle refuses it (invalidparameter)"}


def test_a_role_that_may_not_be_given_is_said_so(town: Town) -> None:
    town.double.site.roles["course"] = frozenset({3})
    outcomes = deliver(town.target(), *EVERYBODY)
    assert set(refused(outcomes)) == {"pupil"}
    assert "may not give that role" in refused(outcomes)["pupil"]
    assert {one.trouble for one in outcomes if one.id == "pupil" and one.phase == 3} == {"unknown"}


def test_a_greeting_that_cannot_be_mailed_says_how_to_end_it(town: Town) -> None:
    """Moodle 4.4 and later greet whoever is enrolled, if the address is a real one."""
    town.double.site.mail_works = False
    reachable = replace(TEACHER, fields=(("email", "eva@example.no"),))
    outcomes = deliver(town.target(), *EVERYBODY[:-2], made(reachable))
    assert set(refused(outcomes)) == {"teacher"}
    assert "Send course welcome message" in refused(outcomes)["teacher"]


def test_nothing_that_moodle_quotes_is_repeated(town: Town) -> None:
    town.double.faults.switch("debugging")
    town.seed("taken", idnumber="x")
    target = town.target()
    deliver(target, *EVERYBODY)
    odd = replace(TEACHER, id="odd", given_name=" ", fields=(("email", "hemmelig@example.no"), ("login", "hemmelig")))
    bad = replace(GUARDIAN, fields=(("email", "hemmelig"),))
    reasons = refused(deliver(target, made(odd), moved(GUARDIAN, bad)))
    assert set(reasons) == {"odd", "guardian"}
    assert "hemmelig" not in str(reasons)
