"""The moodle target: the contract, and how people, schools and ties look in Moodle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from rostersync.errors import TargetUnavailable, UserMistake
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
    made,
    moved,
    removed,
)
from .moodle_site import Town, deliver, refused, town
from .observing import ObservingContract


class TestMoodle(ObservingContract):
    linked = ""  # no function tells of links

    @pytest.fixture(autouse=True)
    def _town(self, tmp_path: Path) -> Iterator[None]:
        with town(tmp_path) as self.town:
            yield

    def make(self, place: Path) -> Target:
        return self.town.target()

    def seen(self, target: Target, place: Path) -> Seen:
        return self.town.seen()

    def adoptable(self, target: Target, *keys: str) -> None:
        for key in keys:
            self.town.adopted[self.town.seed(f"login-{key}", idnumber=key).id] = key

    def test_a_full_disk_leaves_what_was_there_and_says_what_to_do(self, target: Target, place: Path) -> None:
        """The disk is Moodle's; what closes here is the site."""
        self.deliver(target, *EVERYBODY)
        before = self.seen(target, place)
        self.town.double.faults.switch("maintenance")
        with pytest.raises(TargetUnavailable, match=r"being maintained; run again"):
            self.deliver(target, removed(TEACHER))
        assert self.seen(target, place) == before
        self.town.double.faults.clear()
        assert all(outcome.delivered for outcome in self.deliver(target, removed(TEACHER)))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as built:
        yield built


@pytest.fixture
def lms(site: Town) -> Moodle:
    target = site.target()
    assert refused(deliver(target, *EVERYBODY)) == {}
    return target


def test_it_is_found_by_its_type(site: Town) -> None:
    assert "moodle" in types()
    assert settings_type("moodle") is Settings
    target = make("moodle", "lms", site.settings())
    assert isinstance(target, Moodle)
    target.close()


# -- people -----------------------------------------------------------------------------------------------------------


def test_a_login_becomes_the_username_and_our_id_stands_in_for_none(site: Town, lms: Moodle) -> None:
    assert site.account("pupil").username == "ase"
    assert site.account("guardian").username == "guardian"


def test_a_login_is_written_in_lower_case(site: Town, lms: Moodle) -> None:
    deliver(lms, made(replace(TEACHER, id="t2", fields=(("feide_id", "Oyvind@Example.no"),))))
    assert site.account("t2").username == "oyvind@example.no"


def test_a_login_that_is_withdrawn_is_free_for_another(site: Town, lms: Moodle) -> None:
    without = replace(LINKED, fields=(("national_number", "05810890051"),))
    heir = replace(TEACHER, id="heir", fields=(("login", "ase"),))
    assert refused(deliver(lms, moved(LINKED, without), made(heir))) == {"heir": TAKEN}
    assert refused(deliver(lms, made(heir))) == {}
    assert (site.account("pupil").username, site.account("heir").username) == ("pupil", "ase")


def test_nobody_is_ever_written_to_by_moodle(site: Town, lms: Moodle) -> None:
    assert site.double.site.mails == []
    assert site.account("pupil").email == "pupil@rostersync.invalid"
    assert all(b"createpassword" not in asked.body for asked in site.server.asked)


def test_a_guardian_s_own_address_is_sent_and_kept_until_it_is_withdrawn(site: Town, lms: Moodle) -> None:
    reachable = replace(GUARDIAN, fields=(("email", "kari@example.no"),))
    deliver(lms, moved(GUARDIAN, reachable))
    assert site.account("guardian").email == "kari@example.no"
    deliver(lms, moved(reachable, GUARDIAN))
    assert site.account("guardian").email == "guardian@rostersync.invalid"


def test_guardians_may_log_in_in_another_way(site: Town) -> None:
    target = site.target(auth="shibboleth", guardian_auth="oauth2")
    deliver(target, *EVERYBODY)
    assert (site.account("pupil").auth, site.account("guardian").auth) == ("shibboleth", "oauth2")


def test_moodle_s_own_passwords_satisfy_its_policy_and_nobody_knows_them(site: Town) -> None:
    assert refused(deliver(site.target(auth="manual"), *EVERYBODY)) == {}


def test_a_national_number_goes_into_the_field_that_the_owner_names_and_out_of_it(site: Town, lms: Moodle) -> None:
    assert dict(site.account("pupil").fields) == {"fodselsnummer": "05810890051"}
    deliver(lms, moved(LINKED, replace(LINKED, fields=(("login", "ase"),))))
    assert dict(site.account("pupil").fields) == {"fodselsnummer": ""}


def test_without_such_a_field_no_national_number_leaves(site: Town) -> None:
    deliver(site.target(national_number=""), *EVERYBODY)
    assert all(b"05810890051" not in asked.body for asked in site.server.asked)


def test_suspension_and_restoration_keep_the_account(site: Town, lms: Moodle) -> None:
    before = site.account("pupil").id
    deliver(lms, moved(LINKED, SUSPENDED, phase=5))
    assert site.account("pupil").suspended
    deliver(lms, moved(SUSPENDED, LINKED))
    assert (site.account("pupil").id, site.account("pupil").suspended) == (before, False)


def test_who_only_joins_a_group_leaves_the_account_alone(site: Town, lms: Moodle) -> None:
    site.double.calls.clear()
    joined = moved(TEACHER, replace(TEACHER, memberships=(*TEACHER.memberships, Membership("pupils", "staff"))))
    change = Change("membership", "create", "teacher", "because of a test", part="pupils staff")
    deliver(lms, replace(joined, changes=(change,)))
    assert "core_user_update_users" not in site.double.calls
    assert "enrol_manual_enrol_users" not in site.double.calls
    assert site.seen().users["teacher"].classes == {"class", "pupils"}


# -- deleting for good ------------------------------------------------------------------------------------------------


def test_nothing_is_deleted_for_good_unless_the_owner_says_so(site: Town, lms: Moodle) -> None:
    careful = site.target(delete=())
    ends = [moved(user, replace(user, memberships=()), phase=5) for user in (LINKED, TEACHER)]
    outcomes = deliver(careful, *ends, removed(CLASS), removed(ALL_PUPILS), removed(TEACHER))
    assert set(refused(outcomes)) == {"teacher"}
    assert "delete" in refused(outcomes)["teacher"]
    assert not careful.deletes
    tables = site.double.site.tables
    assert [one.visible for one in (*tables.courses.values(), *tables.cohorts.values())] == [False, False]


def test_a_group_that_comes_back_is_shown_again(site: Town, lms: Moodle) -> None:
    careful = site.target(delete=())
    deliver(careful, removed(CLASS), removed(ALL_PUPILS))
    assert site.seen().groups == frozenset()
    assert refused(deliver(careful, made(CLASS), made(ALL_PUPILS))) == {}
    assert site.seen().groups == {"class", "pupils"}


def test_a_school_that_is_gone_leaves_its_category_and_the_report_says_so(site: Town, lms: Moodle) -> None:
    assert refused(deliver(lms, removed(SCHOOL))) == {}
    assert [text for text in lms.left_out if "category stays" in text]


# -- schools, groups and roles ----------------------------------------------------------------------------------------


def test_schools_are_categories_of_their_owner_and_groups_courses_of_their_school(site: Town, lms: Moodle) -> None:
    tables = site.double.site.tables
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


def test_a_school_and_a_group_are_renamed(site: Town, lms: Moodle) -> None:
    deliver(lms, moved(SCHOOL, replace(SCHOOL, name="Sol skole"), phase=1))
    deliver(lms, moved(CLASS, replace(CLASS, title="Klasse 9A"), phase=2))
    deliver(lms, moved(ALL_PUPILS, replace(ALL_PUPILS, title="Elever"), phase=2))
    tables = site.double.site.tables
    assert {one.name for one in tables.categories.values()} == {"Måne kommune", "Sol skole"}
    assert [one.fullname for one in tables.courses.values()] == ["Klasse 9A"]
    assert [one.name for one in tables.cohorts.values()] == ["Elever"]


def test_a_group_can_be_both_a_course_and_a_cohort(site: Town) -> None:
    target = site.target(cohorts=("base_class", "all_pupils"))
    deliver(target, *EVERYBODY)
    tables = site.double.site.tables
    assert [len(tables.courses), len(tables.cohorts)] == [1, 2]
    assert len(tables.enrolments) == 2
    assert len(tables.members) == 3


def test_roles_in_a_course_are_the_settings(site: Town, lms: Moodle) -> None:
    assert site.roles("pupil", "class") == {5}
    assert site.roles("teacher", "class") == {3}


def test_another_role_replaces_the_one_before(site: Town, lms: Moodle) -> None:
    deliver(lms, moved(TEACHER, replace(TEACHER, memberships=(Membership("class", "pupil"),))))
    assert site.roles("teacher", "class") == {5}
    assert "class" in site.seen().users["teacher"].classes


def test_guardians_are_enrolled_only_with_a_role_of_their_own(site: Town, lms: Moodle) -> None:
    follows = replace(GUARDIAN, memberships=(Membership("class", "guardian"),))
    deliver(lms, moved(GUARDIAN, follows))
    assert site.seen().users["guardian"].classes == frozenset()
    assert [text for text in lms.left_out if "guardian_course_role" in text]
    deliver(site.target(guardian_course_role=4), moved(GUARDIAN, follows))
    assert site.roles("guardian", "class") == {4}


def test_a_school_leader_gets_her_role_in_her_school_only(site: Town, lms: Moodle) -> None:
    target = site.target(school_leader_role=1)
    leader = replace(TEACHER, schools=(SchoolRole("school", "school_leader"), SchoolRole("owner", "school_leader")))
    deliver(target, moved(TEACHER, leader))
    tables = site.double.site.tables
    held = [(one.role, tables.categories[one.instance].idnumber) for one in tables.assigned if one.level == "coursecat"]
    assert held == [(1, "school")]
    assert [text for text in target.left_out if "nobody is raised" in text]
    deliver(target, moved(leader, replace(TEACHER, enabled=False, memberships=()), phase=5))
    assert [one for one in tables.assigned if one.level == "coursecat"] == []


def test_without_a_guardian_role_links_are_no_part_of_it(site: Town) -> None:
    target = site.target(guardian_role=0)
    assert refused(deliver(target, *EVERYBODY)) == {}
    assert "guardianship" not in target.supports
    assert site.links() == set()


def test_a_link_ends_without_touching_the_others(site: Town, lms: Moodle) -> None:
    father = replace(GUARDIAN, id="father", person="p-9", given_name="Ola")
    both = replace(LINKED, guardians=("father", "guardian"))
    deliver(lms, made(father), moved(LINKED, both, phase=4))
    assert site.links() == {("father", "pupil"), ("guardian", "pupil")}
    deliver(lms, moved(both, LINKED, phase=0))
    assert site.links() == {("guardian", "pupil")}


def test_dates_without_a_beginning_are_not_sent(site: Town, lms: Moodle) -> None:
    endless = Group("endless", "teaching_group", "Fransk", "Fransk", "school", end=date(2027, 6, 18))
    deliver(lms, made(endless))
    assert [one.enddate for one in site.double.site.tables.courses.values() if one.idnumber == "endless"] == [0]


# -- adopting ---------------------------------------------------------------------------------------------------------


def test_existing_accounts_are_told_by_id_number_or_by_moodle_s_own(site: Town) -> None:
    first, second = site.seed("kari", idnumber="sap-1"), site.seed("ola", suspended=True)
    assert list(site.target().existing()) == [
        Existing("sap-1", "", "kari", enabled=True),
        Existing(f"#{second.id}", "", "ola", enabled=False),
    ]
    assert first.id < second.id


def test_an_adopted_account_without_id_number_gets_ours_and_keeps_its_login(site: Town, lms: Moodle) -> None:
    account = site.seed("kari.lie")
    adopted = replace(GUARDIAN, id="g2", person="p-7")
    [outcome] = deliver(lms, made(adopted, target_key=f"#{account.id}"))
    assert (outcome.delivered, outcome.target_key) == (True, "g2")
    assert (site.account("g2").id, site.account("g2").username) == (account.id, "kari.lie")
    assert site.account("g2").email == "kari.lie@example.no"


def test_an_adopted_account_is_rekeyed_only_on_request(site: Town, lms: Moodle) -> None:
    site.seed("kari.lie", idnumber="sap-1")
    adopted = made(replace(GUARDIAN, id="g2", person="p-7"), target_key="sap-1")
    assert "rekey = true" in refused(deliver(site.target(rekey=False), adopted))["g2"]
    assert site.account("sap-1").username == "kari.lie"
    assert refused(deliver(lms, adopted)) == {}
    assert site.account("g2").username == "kari.lie"


def test_an_adopted_account_that_is_gone_is_not_made_anew(site: Town, lms: Moodle) -> None:
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
def test_settings_that_cannot_work_are_refused(site: Town, wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserMistake, match=sentence):
        site.target(**wrong)


def test_the_functions_that_the_token_s_service_lacks_are_named(site: Town) -> None:
    site.double.functions -= {"core_role_assign_roles", "core_user_delete_users"}
    [sentence] = site.target().check()
    assert "lacks core_role_assign_roles, core_user_delete_users;" in sentence
    [sentence] = site.target(delete=()).check()
    assert "core_user_delete_users" not in sentence


def test_check_says_what_is_wrong_with_the_token_and_the_address(site: Town) -> None:
    site.double.url = "https://moodle.example.no"
    assert "write that as url" in site.target().check()[0]
    site.secret.write_text("another")
    assert "does not know the token" in site.target().check()[0]


def test_check_works_without_the_function_that_tells_it(site: Town) -> None:
    site.double.functions -= {"core_webservice_get_site_info"}
    assert "may not call it" in site.target().check()[0]


def test_the_owner_is_a_category_at_the_top(site: Town) -> None:
    assert refused(deliver(site.target(), made(OWNER))) == {}
    assert site.seen().organisations == {"owner"}


def test_a_group_whose_school_moodle_does_not_hold_says_so(site: Town) -> None:
    assert "deliver the school first" in refused(deliver(site.target(), made(OWNER), made(CLASS)))["class"]


def test_many_people_take_few_calls(site: Town) -> None:
    deliver(site.target(), *SCHOOL_OPENS)
    pupils = [replace(PUPIL, id=f"p{n}", person=f"p-{n}", fields=()) for n in range(150)]
    site.double.calls.clear()
    assert refused(deliver(site.target(), *(made(pupil) for pupil in pupils))) == {}
    calls = site.double.calls
    assert calls.count("core_user_create_users") == 3
    assert calls.count("enrol_manual_enrol_users") == 3
    assert len(calls) < 25
