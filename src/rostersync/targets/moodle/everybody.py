"""Looks at a site without changing it: all its accounts, and whether the token's service has what is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rostersync.errors import TargetUnavailable
from rostersync.targets import Existing
from rostersync.targets.moodle.accounts import BY_NUMBER
from rostersync.targets.moodle.form import Row, Value, room
from rostersync.targets.moodle.settings import Settings
from rostersync.targets.moodle.showing import COHORT_MEMBERS, USERS_COURSES
from rostersync.targets.moodle.site import Refused, Site

_SITE_COURSE: Final = 1
"""The front page: a course that everybody is in."""

_PAGE: Final = 1000
_GUEST: Final = "guest"

_ALWAYS: Final = (
    "core_user_create_users",
    "core_user_update_users",
    "core_user_get_users_by_field",
    "core_enrol_get_enrolled_users",
    "core_course_create_categories",
    "core_course_update_categories",
    "core_course_get_categories",
    "core_course_get_courses_by_field",
    "core_cohort_get_cohorts",
    USERS_COURSES,
)
_COURSES: Final = (
    "core_course_create_courses",
    "core_course_update_courses",
    "enrol_manual_enrol_users",
    "enrol_manual_unenrol_users",
)
_COHORTS: Final = (
    COHORT_MEMBERS,
    "core_cohort_create_cohorts",
    "core_cohort_update_cohorts",
    "core_cohort_add_cohort_members",
    "core_cohort_delete_cohort_members",
)
_ROLES: Final = ("core_role_assign_roles", "core_role_unassign_roles")
_DELETING: Final = {
    "user": "core_user_delete_users",
    "course": "core_course_delete_courses",
    "cohort": "core_cohort_delete_cohorts",
}


def functions(settings: Settings) -> list[str]:
    """The functions that the token's service must have for these settings, sorted."""
    needed = {*_ALWAYS, *(_DELETING[word] for word in settings.delete), *(_COHORTS if settings.cohorts else ())}
    needed |= {*_COURSES} if settings.courses else set()
    if settings.courses or settings.guardian_role or settings.school_leader_role or settings.super_user_role:
        needed |= {*_ROLES}
    return sorted(needed)


def complaints(site: Site, settings: Settings) -> Iterator[str]:
    """What is wrong with the site, the token or its service; nothing is changed.

    `core_webservice_get_site_info` tells all of it, and must be in the service too.
    """
    try:
        told = site.ask("core_webservice_get_site_info")
    except TargetUnavailable as error:
        yield str(error)
        return
    except Refused as refused:
        yield f"the token's service does not answer core_webservice_get_site_info ({refused.code}); add that function to it"
        return
    there = {one["name"] for one in told["functions"]}
    missing = [name for name in functions(settings) if name not in there]
    if missing:
        yield f"the token's service lacks {', '.join(missing)}; add them under External services, Functions"
    if str(told["siteurl"]).rstrip("/") != settings.url.rstrip("/"):
        yield f"the site calls itself {told['siteurl']}, and sends whoever asks elsewhere; write that as url"
    if not missing and not _takes(site, settings, str(told["userid"])):
        yield (
            f"its PHP cuts calls that have the {settings.max_input_vars} fields of max_input_vars; set that to what its PHP "
            "has, such as max_input_vars = 1000"
        )


def _takes(site: Site, settings: Settings, own: str) -> bool:
    """Whether a call as long as any of ours arrives whole: its last value is the one that is there."""
    values = [*["0"] * (room(settings.max_input_vars) - 2), own]
    found = site.ask("core_user_get_users_by_field", ("field", "id"), ("values", values))
    return bool(found)


def existing(site: Site, settings: Settings) -> Iterator[Existing]:
    """Every account but the guest's and the token's own, page by page.

    Raises:
        TargetUnavailable: it cannot be read.
    """
    own = site.ask("core_webservice_get_site_info")["userid"]
    start = 0
    while page := _page(site, start):
        keys = [str(one["id"]) for one in page if one["id"] != own]
        for told in site.lookup("core_user_get_users_by_field", "values", keys, ("field", "id")):
            if told.get("username") != _GUEST:
                yield _existing(told, settings.national_number)
        start += _PAGE


def _page(site: Site, start: int) -> list[dict[str, int]]:
    options: dict[str, Value] = {"userfields": "id", "sortby": "id", "limitfrom": start, "limitnumber": _PAGE}
    rows: list[Row] = [{"name": name, "value": value} for name, value in options.items()]
    page: list[dict[str, int]] = site.ask(
        "core_enrol_get_enrolled_users", ("courseid", _SITE_COURSE), ("options", rows)
    )
    return page


def _existing(told: dict[str, object], field: str) -> Existing:
    fields = told.get("customfields")
    numbers = [one["value"] for one in fields if one["shortname"] == field] if isinstance(fields, list) else []
    return Existing(
        str(told.get("idnumber") or f"{BY_NUMBER}{told['id']}"),
        str(numbers[0]) if numbers else "",
        str(told.get("username", "")),
        not told.get("suspended"),
    )
