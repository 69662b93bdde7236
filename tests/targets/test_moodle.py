"""The moodle target: the contract, and how people, schools and ties look in Moodle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from rostersync.errors import UserMistake
from rostersync.model import Change, Group, Membership, SchoolRole
from rostersync.targets import Existing, Target, make, settings_type, types
from rostersync.targets.moodle import Moodle, Settings
from rostersync.targets.moodle.taken import TAKEN

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
    Seen,
    deliver,
    made,
    moved,
    refused,
    removed,
)
from .moodle_site import Town
from .observing import ObservingContract


class TestMoodle(ObservingContract):
    linked = ""  # no function tells of links
    excuse = "being maintained; run again"
    town: Town

    @pytest.fixture(autouse=True)
    def _town(self, town: Town) -> None:
        self.town = town

    def make(self, place: Path) -> Target:
        return self.town.target()

    def seen(self, target: Target, place: Path) -> Seen:
        return self.town.seen()

    def adoptable(self, target: Target, *keys: str) -> None:
        for key in keys:
            self.town.adopted[self.town.seed(f"login-{key}", idnumber=key).id] = key

    @contextmanager
    def taking_nothing(self) -> Iterator[None]:
        """The disk is Moodle's; what closes here is the site."""
        self.town.double.faults.switch("maintenance")
        yield
        self.town.double.faults.clear()


def test_it_is_found_by_its_type(town: Town) -> None:
    assert "moodle" in types()
    assert settings_type("moodle") is Settings
    target = make("moodle", "lms", town.settings())
    assert isinstance(target, Moodle)
    target.close()


# -- people -----------------------------------------------------------------------------------------------------------


def test_a_login_becomes_the_username_and_our_id_stands_in_for_none(town: Town, lms: Moodle) -> None:
    assert town.account("pupil").username == "ase"
    assert town.account("guardian").username == "guardian"


def test_a_login_is_written_in_lower_case(town: Town, lms: Moodle) -> None:
    deliver(lms, made(replace(TEACHER, id="t2", fields=(("feide_id", "Oyvind@Example.no"),))))
    assert town.account("t2").username == "oyvind@example.no"


def test_a_login_that_is_withdrawn_is_free_for_another(town: Town, lms: Moodle) -> None:
    without = replace(LINKED, fields=(("national_number", "05810890051"),))
    heir = replace(TEACHER, id="heir", fields=(("login", "ase"),))
    assert refused(deliver(lms, moved(LINKED, without), made(heir))) == {"heir": TAKEN}
    assert refused(deliver(lms, made(heir))) == {}
    assert (town.account("pupil").username, town.account("heir").username) == ("pupil", "ase")


def test_nobody_is_ever_written_to_by_moodle(town: Town, lms: Moodle) -> None:
    assert town.double.site.mails == []
    assert town.account("pupil").email == "pupil@rostersync.invalid"
    assert all(b"createpassword" not in asked.body for asked in town.server.asked)


def test_a_guardian_s_own_address_is_sent_and_kept_until_it_is_withdrawn(town: Town, lms: Moodle) -> None:
    reachable = replace(GUARDIAN, fields=(("email", "kari@example.no"),))
    deliver(lms, moved(GUARDIAN, reachable))
    assert town.account("guardian").email == "kari@example.no"
    deliver(lms, moved(reachable, GUARDIAN))
    assert town.account("guardian").email == "guardian@rostersync.invalid"


def test_guardians_may_log_in_in_another_way(town: Town) -> None:
    target = town.target(auth="shibboleth", guardian_auth="oauth2")
    deliver(target, *EVERYBODY)
    assert (town.account("pupil").auth, town.account("guardian").auth) == ("shibboleth", "oauth2")


def test_moodle_s_own_passwords_satisfy_its_policy_and_nobody_knows_them(town: Town) -> None:
    assert refused(deliver(town.target(auth="manual"), *EVERYBODY)) == {}


def test_a_national_number_goes_into_the_field_that_the_owner_names_and_out_of_it(town: Town, lms: Moodle) -> None:
    assert dict(town.account("pupil").fields) == {"fodselsnummer": "05810890051"}
    deliver(lms, moved(LINKED, replace(LINKED, fields=(("login", "ase"),))))
    assert dict(town.account("pupil").fields) == {"fodselsnummer": ""}


def test_without_such_a_field_no_national_number_leaves(town: Town) -> None:
    deliver(town.target(national_number=""), *EVERYBODY)
    assert all(b"05810890051" not in asked.body for asked in town.server.asked)


def test_suspension_and_restoration_keep_the_account(town: Town, lms: Moodle) -> None:
    before = town.account("pupil").id
    deliver(lms, moved(LINKED, SUSPENDED, phase=5))
    assert town.account("pupil").suspended
    deliver(lms, moved(SUSPENDED, LINKED))
    assert (town.account("pupil").id, town.account("pupil").suspended) == (before, False)


def test_who_only_joins_a_group_leaves_the_account_alone(town: Town, lms: Moodle) -> None:
    town.double.calls.clear()
    joined = moved(TEACHER, replace(TEACHER, memberships=(*TEACHER.memberships, Membership("pupils", "staff"))))
    change = Change("membership", "create", "teacher", "because of a test", part="pupils staff")
    deliver(lms, replace(joined, changes=(change,)))
    assert "core_user_update_users" not in town.double.calls
    assert "enrol_manual_enrol_users" not in town.double.calls
    assert town.seen().users["teacher"].classes == {"class", "pupils"}


# -- deleting for good ------------------------------------------------------------------------------------------------


def test_nothing_is_deleted_for_good_unless_the_owner_says_so(town: Town, lms: Moodle) -> None:
    careful = town.target(delete=())
    ends = [moved(user, replace(user, memberships=()), phase=5) for user in (LINKED, TEACHER)]
    outcomes = deliver(careful, *ends, removed(CLASS), removed(ALL_PUPILS), removed(TEACHER))
    assert set(refused(outcomes)) == {"teacher"}
    assert "delete" in refused(outcomes)["teacher"]
    assert not careful.deletes
    tables = town.double.site.tables
    assert [one.visible for one in (*tables.courses.values(), *tables.cohorts.values())] == [False, False]


def test_a_group_that_comes_back_is_shown_again(town: Town, lms: Moodle) -> None:
    careful = town.target(delete=())
    deliver(careful, removed(CLASS), removed(ALL_PUPILS))
    assert town.seen().groups == frozenset()
    assert refused(deliver(careful, made(CLASS), made(ALL_PUPILS))) == {}
    assert town.seen().groups == {"class", "pupils"}


def test_a_school_that_is_gone_leaves_its_category_and_the_report_says_so(town: Town, lms: Moodle) -> None:
    assert refused(deliver(lms, removed(SCHOOL))) == {}
    assert [text for text in lms.left_out if "category stays" in text]


# -- schools, groups and roles ----------------------------------------------------------------------------------------


def test_schools_are_categories_of_their_owner_and_groups_courses_of_their_school(town: Town, lms: Moodle) -> None:
    tables = town.double.site.tables
    categories = {one.idnumber: one for one in tables.categories.values()}
    [course] = tables.courses.values()
    assert (categories["owner"].parent, categories["school"].parent) == (0, categories["owner"].id)
    assert (course.fullname, course.shortname, course.categoryid) == (
        "Klasse 8A",
        "8A (class)",
        categories["school"].id,
    )
    oslo = ZoneInfo("Europe/Oslo")
    assert datetime.fromtimestamp(course.startdate, oslo) == datetime(2026, 8, 17, tzinfo=oslo)
    assert datetime.fromtimestamp(course.enddate, oslo) == datetime(2027, 6, 19, tzinfo=oslo)


def test_a_school_and_a_group_are_renamed(town: Town, lms: Moodle) -> None:
    deliver(lms, moved(SCHOOL, replace(SCHOOL, name="Sol skole"), phase=1))
    deliver(lms, moved(CLASS, replace(CLASS, title="Klasse 9A"), phase=2))
    deliver(lms, moved(ALL_PUPILS, replace(ALL_PUPILS, title="Elever"), phase=2))
    tables = town.double.site.tables
    assert {one.name for one in tables.categories.values()} == {"Måne kommune", "Sol skole"}
    assert [one.fullname for one in tables.courses.values()] == ["Klasse 9A"]
    assert [one.name for one in tables.cohorts.values()] == ["Elever"]


def test_a_group_can_be_both_a_course_and_a_cohort(town: Town) -> None:
    target = town.target(cohorts=("base_class", "all_pupils"))
    deliver(target, *EVERYBODY)
    tables = town.double.site.tables
    assert [len(tables.courses), len(tables.cohorts)] == [1, 2]
    assert len(tables.enrolments) == 2
    assert len(tables.members) == 3


def test_roles_in_a_course_are_the_settings(town: Town, lms: Moodle) -> None:
    assert town.roles("pupil", "class") == {5}
    assert town.roles("teacher", "class") == {3}


def test_another_role_replaces_the_one_before(town: Town, lms: Moodle) -> None:
    deliver(lms, moved(TEACHER, replace(TEACHER, memberships=(Membership("class", "pupil"),))))
    assert town.roles("teacher", "class") == {5}
    assert "class" in town.seen().users["teacher"].classes


def test_guardians_are_enrolled_only_with_a_role_of_their_own(town: Town, lms: Moodle) -> None:
    follows = replace(GUARDIAN, memberships=(Membership("class", "guardian"),))
    deliver(lms, moved(GUARDIAN, follows))
    assert town.seen().users["guardian"].classes == frozenset()
    assert [text for text in lms.left_out if "guardian_course_role" in text]
    deliver(town.target(guardian_course_role=4), moved(GUARDIAN, follows))
    assert town.roles("guardian", "class") == {4}


def test_a_school_leader_gets_her_role_in_her_school_only(town: Town, lms: Moodle) -> None:
    target = town.target(school_leader_role=1)
    leader = replace(TEACHER, schools=(SchoolRole("school", "school_leader"), SchoolRole("owner", "school_leader")))
    deliver(target, moved(TEACHER, leader))
    tables = town.double.site.tables
    held = [(one.role, tables.categories[one.instance].idnumber) for one in tables.assigned if one.level == "coursecat"]
    assert held == [(1, "school")]
    assert [text for text in target.left_out if "nobody is raised" in text]
    deliver(target, moved(leader, replace(TEACHER, enabled=False, memberships=()), phase=5))
    assert [one for one in tables.assigned if one.level == "coursecat"] == []


def test_without_a_guardian_role_links_are_no_part_of_it(town: Town) -> None:
    target = town.target(guardian_role=0)
    assert refused(deliver(target, *EVERYBODY)) == {}
    assert "guardianship" not in target.supports
    assert town.links() == set()


def test_a_link_ends_without_touching_the_others(town: Town, lms: Moodle) -> None:
    father = replace(GUARDIAN, id="father", person="p-9", given_name="Ola")
    both = replace(LINKED, guardians=("father", "guardian"))
    deliver(lms, made(father), moved(LINKED, both, phase=4))
    assert town.links() == {("father", "pupil"), ("guardian", "pupil")}
    deliver(lms, moved(both, LINKED, phase=0))
    assert town.links() == {("guardian", "pupil")}


def test_dates_without_a_beginning_are_not_sent(town: Town, lms: Moodle) -> None:
    endless = Group("endless", "teaching_group", "Fransk", "Fransk", "school", end=date(2027, 6, 18))
    deliver(lms, made(endless))
    assert [one.enddate for one in town.double.site.tables.courses.values() if one.idnumber == "endless"] == [0]


# -- adopting ---------------------------------------------------------------------------------------------------------


def test_existing_accounts_are_told_by_id_number_or_by_moodle_s_own(town: Town) -> None:
    first, second = town.seed("kari", idnumber="sap-1"), town.seed("ola", suspended=True)
    assert list(town.target().existing()) == [
        Existing("sap-1", "", "kari", enabled=True),
        Existing(f"#{second.id}", "", "ola", enabled=False),
    ]
    assert first.id < second.id


def test_an_adopted_account_without_id_number_gets_ours_and_keeps_its_login(town: Town, lms: Moodle) -> None:
    account = town.seed("kari.lie")
    adopted = replace(GUARDIAN, id="g2", person="p-7")
    [outcome] = deliver(lms, made(adopted, target_key=f"#{account.id}"))
    assert (outcome.delivered, outcome.target_key) == (True, "g2")
    assert (town.account("g2").id, town.account("g2").username) == (account.id, "kari.lie")
    assert town.account("g2").email == "kari.lie@example.no"


def test_an_adopted_account_is_rekeyed_only_on_request(town: Town, lms: Moodle) -> None:
    town.seed("kari.lie", idnumber="sap-1")
    adopted = made(replace(GUARDIAN, id="g2", person="p-7"), target_key="sap-1")
    assert "rekey = true" in refused(deliver(town.target(rekey=False), adopted))["g2"]
    assert town.account("sap-1").username == "kari.lie"
    assert refused(deliver(lms, adopted)) == {}
    assert town.account("g2").username == "kari.lie"


def test_an_adopted_account_that_is_gone_is_not_made_anew(town: Town, lms: Moodle) -> None:
    assert "adopt again" in refused(deliver(lms, made(replace(GUARDIAN, id="g2"), target_key="sap-9")))["g2"]


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"url": "http://moodle.example.no"}, "not encrypted"),
        ({"batch": 0}, "at least one row"),
        ({"max_input_vars": 50}, "no row fits"),
        ({"connections": 9}, "1 to 8"),
        ({"pupil_role": 0}, "need a role"),
        ({"delete": ("users",)}, "none of user, course, cohort"),
    ],
)
def test_settings_that_cannot_work_are_refused(town: Town, wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserMistake, match=sentence):
        town.target(**wrong)


def test_the_functions_that_the_token_s_service_lacks_are_named(town: Town) -> None:
    town.double.functions -= {"core_role_assign_roles", "core_user_delete_users"}
    [sentence] = town.target().check()
    assert "lacks core_role_assign_roles, core_user_delete_users;" in sentence
    [sentence] = town.target(delete=()).check()
    assert "core_user_delete_users" not in sentence


def test_check_says_what_is_wrong_with_the_token_and_the_address(town: Town) -> None:
    town.double.url = "https://moodle.example.no"
    assert "write that as url" in town.target().check()[0]
    town.secret.write_text("another")
    assert "does not know the token" in town.target().check()[0]


def test_check_works_without_the_function_that_tells_it(town: Town) -> None:
    town.double.functions -= {"core_webservice_get_site_info"}
    assert "may not call it" in town.target().check()[0]


def test_the_owner_is_a_category_at_the_top(town: Town) -> None:
    assert refused(deliver(town.target(), made(OWNER))) == {}
    assert town.seen().organisations == {"owner"}


def test_a_group_whose_school_moodle_does_not_hold_says_so(town: Town) -> None:
    assert "deliver the school first" in refused(deliver(town.target(), made(OWNER), made(CLASS)))["class"]


def test_many_people_take_few_calls(town: Town) -> None:
    deliver(town.target(), *SCHOOL_OPENS)
    pupils = [replace(PUPIL, id=f"p{n}", person=f"p-{n}", fields=()) for n in range(150)]
    town.double.calls.clear()
    assert refused(deliver(town.target(), *(made(pupil) for pupil in pupils))) == {}
    calls = town.double.calls
    assert calls.count("core_user_create_users") == 3
    assert calls.count("enrol_manual_enrol_users") == 3
    assert len(calls) < 25
