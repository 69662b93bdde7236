"""What ties a user to the rest: enrolments, cohorts, guardian roles over pupils, and roles in a school's category.

Moodle adds a role to those that an account has in a course, so the one before must be taken away by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from rostersync.model import User
from rostersync.targets.leftout import LeftOut
from rostersync.targets.moodle.accounts import Accounts
from rostersync.targets.moodle.form import Row
from rostersync.targets.moodle.jobs import Job, going
from rostersync.targets.moodle.settings import Settings
from rostersync.targets.moodle.site import Site
from rostersync.targets.moodle.structure import Place, Structure

NO_PLACE: Final = (
    "a membership in a group that Moodle does not hold: its kind is in neither courses nor cohorts, or somebody "
    "deleted it there"
)
NO_ROLE: Final = "a guardian's membership in a course, for which the settings give no role (guardian_course_role)"
NO_GUARDIAN: Final = "Moodle does not hold a guardian of the user; deliver the guardian first (rostersync resync)"
AT_THE_ROOT: Final = "a leader's role at the school owner itself, where nobody is raised"
NO_LINKS: Final = "a guardian's link, for which the settings give no role (guardian_role)"

_ALREADY: Final = "3"
"""The warning of core_cohort_add_cohort_members about somebody who is a member."""


class Tie(NamedTuple):
    """One thing that a user has by our doing. `at` is our id of the group, ward's guardian or school it leads to."""

    kind: Literal["course", "cohort", "guardian", "school"]
    at: str
    role: int = 0


class Ties:
    """Starts and ends the ties of users whose accounts are there."""

    def __init__(
        self, site: Site, settings: Settings, accounts: Accounts, structure: Structure, left_out: LeftOut
    ) -> None:
        self._site = site
        self._settings = settings
        self._accounts = accounts
        self._structure = structure
        self._left_out = left_out

    def deliver(self, jobs: Sequence[Job]) -> None:
        """Bring the ties of every user from what was before to what should be after; a new account has none before."""
        there = [job for job in going(jobs) if job.key]
        groups = {tie.group for job in there for user in _both(job) for tie in user.memberships}
        places = self._structure.places(groups)
        guardians = self._accounts.keys(one for job in there for user in _both(job) for one in user.guardians)
        had = {id(job): set() if job.new else self._ties(_before(job), places, quiet=True) for job in there}
        want = {id(job): self._ties(job.delivery.after, places, quiet=False) for job in there}
        ended = [(job, tie) for job in there for tie in sorted(had[id(job)] - want[id(job)])]
        begun = [(job, tie) for job in there for tie in sorted(want[id(job)] - had[id(job)])]
        for job, tie in begun:
            if tie.kind == "guardian" and tie.at not in guardians:
                job.fail(NO_GUARDIAN)
        staying = {(id(job), tie.at) for job in there for tie in want[id(job)] if tie.kind == "course"}
        self._end(ended, staying, places, guardians)
        self._begin([(job, tie) for job, tie in begun if not job.reason], places, guardians)

    def _ties(self, user: object, places: Mapping[str, Place], *, quiet: bool) -> set[Tie]:
        """Everything that ties a user; `quiet` says nothing of what cannot be carried."""
        if not isinstance(user, User):
            return set()
        ties = set()
        for tie, wrong in self._all_ties(user, places):
            if tie:
                ties.add(tie)
            elif not quiet:
                self._left_out.add(wrong)
        return ties

    def _all_ties(self, user: User, places: Mapping[str, Place]) -> Iterator[tuple[Tie | None, str]]:
        for membership in user.memberships:
            place, role = places[membership.group], self._settings.course_role(membership.role)
            if place.cohort:
                yield Tie("cohort", membership.group), ""
            if place.course:
                yield (Tie("course", membership.group, role), "") if role else (None, NO_ROLE)
            if not any(place):
                yield None, NO_PLACE
        for guardian in user.guardians:
            role = self._settings.guardian_role
            yield (Tie("guardian", guardian, role), "") if role else (None, NO_LINKS)
        for at in user.schools if user.enabled else ():
            if role := self._settings.school_role(at.role):
                category = self._structure.category(at.school)
                yield (Tie("school", at.school, role), "") if category and not category.is_root else (None, AT_THE_ROOT)

    # -- ending and beginning -----------------------------------------------------------------------------------------

    def _end(
        self,
        ended: Sequence[tuple[Job, Tie]],
        staying: set[tuple[int, str]],
        places: Mapping[str, Place],
        guardians: Mapping[str, int],
    ) -> None:
        roles = [pair for pair in ended if pair[1].kind != "course" or (id(pair[0]), pair[1].at) in staying]
        gone = [pair for pair in ended if pair[1].kind == "course" and pair not in roles]
        self._carry_out("core_role_unassign_roles", "unassignments", self._role_rows(roles, places, guardians))
        unenrolled = [(job, {"userid": job.key, "courseid": places[tie.at].course}) for job, tie in gone]
        self._carry_out("enrol_manual_unenrol_users", "enrolments", unenrolled)
        left = [
            (job, {"cohortid": places[tie.at].cohort, "userid": job.key}) for job, tie in ended if tie.kind == "cohort"
        ]
        self._carry_out("core_cohort_delete_cohort_members", "members", left)

    def _begin(
        self, begun: Sequence[tuple[Job, Tie]], places: Mapping[str, Place], guardians: Mapping[str, int]
    ) -> None:
        enrolled = [
            (job, {"roleid": tie.role, "userid": job.key, "courseid": places[tie.at].course})
            for job, tie in begun
            if tie.kind == "course"
        ]
        self._carry_out("enrol_manual_enrol_users", "enrolments", enrolled)
        joined = [(job, _member(places[tie.at].cohort, job.key)) for job, tie in begun if tie.kind == "cohort"]
        self._carry_out("core_cohort_add_cohort_members", "members", joined, fine=_ALREADY)
        given = [pair for pair in begun if pair[1].kind in ("guardian", "school")]
        self._carry_out("core_role_assign_roles", "assignments", self._role_rows(given, places, guardians))

    def _role_rows(
        self, pairs: Iterable[tuple[Job, Tie]], places: Mapping[str, Place], guardians: Mapping[str, int]
    ) -> list[tuple[Job, Row]]:
        """Roles in a context: a guardian's over her ward, a leader's in a category, and one in a course."""
        told: list[tuple[Job, Row]] = []
        for job, tie in pairs:
            category = self._structure.category(tie.at) if tie.kind == "school" else None
            whose, level, where = {
                "guardian": (guardians.get(tie.at, 0), "user", job.key),
                "school": (job.key, "coursecat", category.key if category else 0),
                "course": (job.key, "course", places[tie.at].course if tie.kind == "course" else 0),
                "cohort": (0, "", 0),
            }[tie.kind]
            if whose and where:  # a guardian who is not there has no role to lose
                row: Row = {"roleid": tie.role, "userid": whose, "contextlevel": level, "instanceid": where}
                told.append((job, row))
        return told

    def _carry_out(self, function: str, name: str, wanted: Sequence[tuple[Job, Row]], fine: str = "") -> None:
        for job, done in self._site.each(function, name, wanted, fine=fine):
            job.told(done)


def _member(cohort: int, key: int) -> Row:
    return {"cohorttype": {"type": "id", "value": str(cohort)}, "usertype": {"type": "id", "value": str(key)}}


def _before(job: Job) -> object:
    """What she had; when the same is sent again, nothing is known of it, and everything is begun anew."""
    return None if job.delivery.before == job.delivery.after else job.delivery.before


def _both(job: Job) -> list[User]:
    return [user for user in (job.delivery.before, job.delivery.after) if isinstance(user, User)]
