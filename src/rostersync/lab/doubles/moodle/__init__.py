"""A Moodle site, as a double: its REST functions over tables in memory, refusing what Moodle 4.5 refuses.

What it does was compared with a real Moodle 4.5.6, function by function. A call is all or nothing; errors come with status
200; PHP's `max_input_vars` cuts what is too long; whoever asks by another host name is sent elsewhere. Besides the faults
of any server it knows `FAULTS`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from rostersync.lab.doubles.faults import Faults
from rostersync.lab.doubles.moodle import people, places, ties
from rostersync.lab.doubles.moodle.form import Row, read, text
from rostersync.lab.doubles.moodle.refusal import Refusal
from rostersync.lab.doubles.moodle.site import Site
from rostersync.lab.doubles.moodle.tables import SERVICE, Tables
from rostersync.lab.doubles.server import Asked, Told

FAULTS: Final = {
    "unheard": "a call is carried out, and a gateway says 504 in its place; `path` is the function",
    "dropped": "a gateway says 504, and the call is not carried out; `path` is the function",
    "revoked": "the token is known no more; `path` is the function",
    "maintenance": "the site is being maintained",
    "debugging": "errors quote what was sent, as with developer debugging",
}
"""Fault -> what it does."""

ENDPOINT: Final = "/webservice/rest/server.php"

Function = Callable[[Site, Row], Any]

FUNCTIONS: Final[Mapping[str, Function]] = {
    "core_user_create_users": people.create_users,
    "core_user_update_users": people.update_users,
    "core_user_delete_users": people.delete_users,
    "core_user_get_users_by_field": people.get_users_by_field,
    "core_enrol_get_enrolled_users": people.get_enrolled_users,
    "core_enrol_get_users_courses": people.get_users_courses,
    "core_course_create_categories": places.create_categories,
    "core_course_update_categories": places.update_categories,
    "core_course_get_categories": places.get_categories,
    "core_course_create_courses": places.create_courses,
    "core_course_update_courses": places.update_courses,
    "core_course_delete_courses": places.delete_courses,
    "core_course_get_courses_by_field": places.get_courses_by_field,
    "core_cohort_create_cohorts": places.create_cohorts,
    "core_cohort_update_cohorts": places.update_cohorts,
    "core_cohort_delete_cohorts": places.delete_cohorts,
    "core_cohort_get_cohorts": places.get_cohorts,
    "core_cohort_get_cohort_members": ties.get_cohort_members,
    "core_cohort_add_cohort_members": ties.add_cohort_members,
    "core_cohort_delete_cohort_members": ties.delete_cohort_members,
    "enrol_manual_enrol_users": ties.enrol_users,
    "enrol_manual_unenrol_users": ties.unenrol_users,
    "core_role_assign_roles": ties.assign_roles,
    "core_role_unassign_roles": ties.unassign_roles,
}


class Moodle:
    """The double. `site` is what it holds and how it is set up; `functions` are those of the token's service.

    `carrying` carries them out, and what a plugin changes can be put there. `url` is what the site calls itself, to be set
    once its server has one. `calls` are the functions asked for, in order.
    """

    def __init__(self, token: str = "of no use elsewhere", *, max_input_vars: int = 1000) -> None:  # noqa: S107 - the lab's own, and no secret
        self.site = Site(Tables(accounts=people.first_accounts()))
        self.faults = Faults()
        self.functions = {*FUNCTIONS, "core_webservice_get_site_info"}
        self.carrying = dict(FUNCTIONS)
        self.max_input_vars = max_input_vars
        self.url = ""
        self.calls: list[str] = []
        self._token = token
        self._alone = threading.Lock()

    def answer(self, asked: Asked) -> Told:
        """The reply to a request."""
        if asked.path != ENDPOINT:
            return Told(b"<!doctype html><title>404</title>", status=404, kind="text/html")
        with self._alone:
            told = read(parse_qsl(asked.body.decode(), keep_blank_values=True), self.max_input_vars)
            function = text(told, "wsfunction")
            self.calls.append(function)
            fault = self.faults.meet(function, FAULTS)
            if fault == "dropped":
                return Told(b"", status=504)
            reply = self._replied(function, told, fault)
            return Told(b"", status=504) if fault == "unheard" else reply

    def _replied(self, function: str, told: Row, fault: str) -> Told:
        before = self.site.tables.copy()
        try:
            answer = self._carried_out(function, told, fault)
        except Refusal as refusal:
            self.site.tables = before
            answer = {"exception": "moodle_exception", "errorcode": refusal.code, "message": "Something is wrong"}
            if self.faults.has("debugging"):
                answer |= {"debuginfo": refusal.quoting, "message": refusal.quoting}
        if text(told, "moodlewsrestformat") != "json":
            return Told(b'<?xml version="1.0"?><EXCEPTION/>', kind="application/xml")
        return Told(msgspec.json.encode(answer))

    def _carried_out(self, function: str, told: Row, fault: str) -> Any:
        if text(told, "wstoken") != self._token or fault == "revoked":
            raise Refusal("invalidtoken")
        if self.faults.has("maintenance"):
            raise Refusal("sitemaintenance")
        if function not in self.functions:
            raise Refusal("accessexception")
        if function == "core_webservice_get_site_info":
            return {
                "userid": SERVICE,
                "siteurl": self.url,
                "functions": [{"name": one} for one in sorted(self.functions)],
            }
        own = {
            name: value for name, value in told.items() if name not in ("wstoken", "wsfunction", "moodlewsrestformat")
        }
        return self.carrying[function](self.site, own)
