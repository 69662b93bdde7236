"""Moodle's functions about enrolments, cohort members and roles, as its enrol/ and cohort/externallib.php do them."""

from __future__ import annotations

from typing import Any, Final

from rostersync.lab.doubles.moodle.form import Row, checked, number, rows, text, texts
from rostersync.lab.doubles.moodle.refusal import Refusal
from rostersync.lab.doubles.moodle.site import Site
from rostersync.lab.doubles.moodle.tables import Assigned, Level

_LEVELS: Final[dict[str, Level]] = {"system": "system", "coursecat": "coursecat", "course": "course", "user": "user"}


def enrol_users(site: Site, told: Row) -> Any:
    """`enrol_manual_enrol_users`: all or nothing; another role is added to those she has."""
    for row in rows(told, "enrolments"):
        checked(row, "roleid userid courseid", "timestart timeend suspend")
        course, user, role = number(row, "courseid"), number(row, "userid"), number(row, "roleid")
        _check_enrolment(site, course, user)
        if role not in site.roles["course"]:
            raise Refusal("wsusercannotassign", f"user {user}")
        if (course, user) not in site.tables.enrolments:
            site.greet(site.tables.accounts[user])
        site.tables.enrolments[course, user] = None
        site.tables.assigned[Assigned(role, user, "course", course)] = None


def unenrol_users(site: Site, told: Row) -> Any:
    """`enrol_manual_unenrol_users`: all or nothing; who is not enrolled stays so."""
    for row in rows(told, "enrolments"):
        checked(row, "userid courseid", "roleid")
        course, user = number(row, "courseid"), number(row, "userid")
        _check_enrolment(site, course, user)
        site.tables.unenrol(course, user)


def _check_enrolment(site: Site, course: int, user: int) -> None:
    if course not in site.tables.courses:
        raise Refusal("invalidrecord")
    if user not in site.tables.accounts:
        raise Refusal("invaliduser")
    if site.tables.accounts[user].deleted:
        raise Refusal("userdeleted")


def get_cohort_members(site: Site, told: Row) -> Any:
    """`core_cohort_get_cohort_members`: all or nothing."""
    keys = [int(key) for key in texts(told, "cohortids")]
    if any(key not in site.tables.cohorts for key in keys):
        raise Refusal("invalidrecord")
    return [
        {"cohortid": key, "userids": [user for cohort, user in site.tables.members if cohort == key]} for key in keys
    ]


def add_cohort_members(site: Site, told: Row) -> Any:
    """`core_cohort_add_cohort_members`: warnings that do not say which row they are about."""
    warnings = []
    for row in rows(told, "members"):
        cohort, user = (_by_id(row, name) for name in ("cohorttype", "usertype"))
        if cohort not in site.tables.cohorts or site.tables.account(user) is None:
            warnings.append({"warningcode": "2", "message": f"cohort id={cohort} or user id={user} not exists"})
        elif (cohort, user) in site.tables.members:
            warnings.append({"warningcode": "3", "message": f"record already exists: cohort(id={cohort} id={user})"})
        else:
            site.tables.members[cohort, user] = None
    return {"warnings": warnings}


def _by_id(row: Row, name: str) -> int:
    told = checked(row, "cohorttype usertype")[name]
    if not isinstance(told, dict) or text(told, "type") != "id":
        raise Refusal("invalidparameter")
    return number(told, "value")


def delete_cohort_members(site: Site, told: Row) -> Any:
    """`core_cohort_delete_cohort_members`: all or nothing; who is no member stays so."""
    for row in rows(told, "members"):
        checked(row, "cohortid userid")
        cohort, user = number(row, "cohortid"), number(row, "userid")
        if cohort not in site.tables.cohorts or site.tables.account(user) is None:
            raise Refusal("invalidrecord")
        site.tables.members.pop((cohort, user), None)


def assign_roles(site: Site, told: Row) -> Any:
    """`core_role_assign_roles`: all or nothing; what she has already is given without a word."""
    for row in rows(told, "assignments"):
        one = _assigned(site, row)
        if site.tables.account(one.user) is None:
            raise Refusal("codingerror", f"User ID does not exist or is deleted! {one.user}")
        site.tables.assigned[one] = None


def unassign_roles(site: Site, told: Row) -> Any:
    """`core_role_unassign_roles`: all or nothing; what she does not have is taken without a word."""
    for row in rows(told, "unassignments"):
        site.tables.assigned.pop(_assigned(site, row), None)


def _assigned(site: Site, row: Row) -> Assigned:
    checked(row, "roleid userid contextlevel instanceid")
    level, instance, role = _LEVELS.get(text(row, "contextlevel")), number(row, "instanceid"), number(row, "roleid")
    tables = site.tables
    there = {"coursecat": [*tables.categories], "course": [*tables.courses], "user": [*tables.accounts], "system": [0]}
    if level is None or instance not in there[level]:
        raise Refusal("invalidparameter")
    if role not in site.roles[level]:
        raise Refusal("invalidparameter", f"Can not assign roleid={role}")
    return Assigned(role, number(row, "userid"), level, instance)
