"""Schools as course categories, groups as courses and cohorts: found by our id, made, renamed, hidden and deleted.

A course holds what teachers and pupils made, so one whose group has ended is hidden, and deleted only where the owner says
so. Categories stay: they cost nothing, and may hold courses that are not ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any, Final, NamedTuple

from rostersync.model import Group, Organisation
from rostersync.targets.leftout import LeftOut
from rostersync.targets.moodle import rows
from rostersync.targets.moodle.jobs import Job, going
from rostersync.targets.moodle.settings import Settings
from rostersync.targets.moodle.site import Refused, Site

NO_SCHOOL: Final = "Moodle does not hold the group's school; deliver the school first (rostersync resync)"
CATEGORY_STAYS: Final = "a school that is gone, whose course category stays in Moodle; delete it there when it is empty"


_THERE_ALREADY: Final = frozenset({"courseidnumbertaken", "shortnametaken"})
"""What Moodle says of a new course that it has, perhaps because its answer was lost."""


class Place(NamedTuple):
    """Moodle's numbers for one of our groups: of its course and its cohort; 0 for none."""

    course: int = 0
    cohort: int = 0


class Category(NamedTuple):
    """A course category of ours."""

    key: int
    is_root: bool


class Structure:
    """The categories, courses and cohorts of one site. Thread-safe."""

    def __init__(self, site: Site, settings: Settings, left_out: LeftOut) -> None:
        self._site = site
        self._settings = settings
        self._left_out = left_out
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """What was found before may not be there any more."""
        with self._lock:
            self._categories: dict[str, Category] | None = None
            self._cohorts: dict[str, int] | None = None
            self._courses: dict[str, int] = {}

    # -- finding ------------------------------------------------------------------------------------------------------

    def category(self, organisation: str) -> Category | None:
        """The category of one of our organisations."""
        return self._all_categories().get(organisation)

    def places(self, groups: Iterable[str]) -> dict[str, Place]:
        """Where Moodle holds these groups; whatever it does not hold has no place."""
        return {one: Place(self._course(one), self._all_cohorts().get(one, 0)) for one in set(groups)}

    def _all_categories(self) -> dict[str, Category]:
        with self._lock:
            if self._categories is None:
                told = self._site.ask("core_course_get_categories")
                self._categories = {
                    one["idnumber"]: Category(one["id"], not one["parent"]) for one in told if one.get("idnumber")
                }
            return self._categories

    def _all_cohorts(self) -> dict[str, int]:
        with self._lock:
            if self._cohorts is None:
                told = self._site.ask("core_cohort_get_cohorts")
                self._cohorts = {one["idnumber"]: one["id"] for one in told if one.get("idnumber")}
            return self._cohorts

    def _course(self, group: str) -> int:
        with self._lock:
            known = self._courses.get(group, 0)
        if known:
            return known
        told = self._site.ask("core_course_get_courses_by_field", ("field", "idnumber"), ("value", group))
        return self._remember(group, next((int(one["id"]) for one in told["courses"]), 0))

    def _remember(self, group: str, course: int) -> int:
        if course:
            with self._lock:
                self._courses[group] = course
        return course

    # -- schools ------------------------------------------------------------------------------------------------------

    def deliver_organisations(self, jobs: Sequence[Job]) -> None:
        """One after the other: a school is made inside its owner."""
        for job in jobs:
            organisation = job.delivery.after
            if isinstance(organisation, Organisation):
                self._deliver_organisation(job, organisation)
            else:
                self._left_out.add(CATEGORY_STAYS)

    def _deliver_organisation(self, job: Job, organisation: Organisation) -> None:
        there, parent = self.category(organisation.id), self.category(organisation.parent)
        row = rows.category(organisation, parent.key if parent else 0, self._left_out.add)
        try:
            if there:
                self._site.ask("core_course_update_categories", ("categories", [{"id": there.key, **row}]))
            else:
                told = self._site.ask("core_course_create_categories", ("categories", [row]), repeatable=False)
                self._all_categories()[organisation.id] = Category(int(told[0]["id"]), parent is None)
        except Refused as refused:
            job.fail(f"Moodle refuses it ({refused.code})")

    # -- groups -------------------------------------------------------------------------------------------------------

    def deliver_groups(self, jobs: Sequence[Job]) -> None:
        """Make each group the course and the cohort that its kind becomes."""
        for job in jobs:
            if isinstance(job.delivery.after, Group) and self.category(job.delivery.after.school) is None:
                job.fail(NO_SCHOOL)
        wanted = [(job, job.delivery.after) for job in going(jobs) if isinstance(job.delivery.after, Group)]
        self._deliver_courses([(job, group) for job, group in wanted if group.kind in self._settings.courses])
        self._deliver_cohorts([(job, group) for job, group in wanted if group.kind in self._settings.cohorts])

    def _deliver_courses(self, wanted: Sequence[tuple[Job, Group]]) -> None:
        # A new one is tried at once: to look first would double the calls of a first load.
        new = [(job, group) for job, group in wanted if job.delivery.before is None]
        rest = [(job, group) for job, group in wanted if job.delivery.before is not None]
        made = [((job, group), self._course_row(group)) for job, group in new]
        for (job, group), done in self._site.each("core_course_create_courses", "courses", made, repeatable=False):
            if done.code in _THERE_ALREADY:
                rest.append((job, group))
            else:
                job.told(done)
                self._remember(group.id, int(done.row["id"]) if done.row else 0)
        self._change_courses(rest)

    def _change_courses(self, wanted: Sequence[tuple[Job, Group]]) -> None:
        found = {group.id: self._course(group.id) for _, group in wanted}
        there = [(job, {"id": found[group.id], **self._course_row(group)}) for job, group in wanted if found[group.id]]
        for job, done in self._site.each("core_course_update_courses", "courses", there):
            job.told(done)
        gone = [((job, group), self._course_row(group)) for job, group in wanted if not found[group.id]]
        for (job, group), done in self._site.each("core_course_create_courses", "courses", gone, repeatable=False):
            job.told(done)
            self._remember(group.id, int(done.row["id"]) if done.row else 0)

    def _course_row(self, group: Group) -> dict[str, Any]:
        return dict(rows.course(group, self._school(group), self._left_out.add))

    def _school(self, group: Group) -> int:
        found = self.category(group.school)
        return found.key if found else 0

    def _deliver_cohorts(self, wanted: Sequence[tuple[Job, Group]]) -> None:
        known = dict(self._all_cohorts())
        made = [((job, group), self._cohort_row(group)) for job, group in going_of(wanted) if group.id not in known]
        for (job, group), done in self._site.each("core_cohort_create_cohorts", "cohorts", made, repeatable=False):
            job.told(done)
            if done.row:
                self._all_cohorts()[group.id] = int(done.row["id"])
        there = [
            (job, {"id": known[one.id], **self._cohort_row(one)}) for job, one in going_of(wanted) if one.id in known
        ]
        for job, done in self._site.each("core_cohort_update_cohorts", "cohorts", there):
            job.told(done)

    def _cohort_row(self, group: Group, *, visible: bool = True) -> dict[str, Any]:
        return dict(rows.cohort(group, self._school(group), visible=visible, remark=self._left_out.add))

    # -- groups that have ended ---------------------------------------------------------------------------------------

    def end_groups(self, jobs: Sequence[Job]) -> None:
        """Hide the courses and cohorts of groups that have ended, or delete them where the settings say so."""
        ended = [(job, job.delivery.before) for job in jobs if isinstance(job.delivery.before, Group)]
        courses = [(job, key) for job, group in ended if (key := self._course(group.id))]
        known = self._all_cohorts()
        cohorts = [(job, group, known[group.id]) for job, group in ended if group.id in known]
        if "course" in self._settings.delete:
            self._carry_out("core_course_delete_courses", "courseids", courses)
        else:
            hidden = [(job, {"id": key, "visible": 0}) for job, key in courses]
            self._carry_out("core_course_update_courses", "courses", hidden)
        if "cohort" in self._settings.delete:
            self._carry_out("core_cohort_delete_cohorts", "cohortids", [(job, key) for job, _, key in cohorts])
        else:
            hide = [(job, {"id": key, **self._cohort_row(one, visible=False)}) for job, one, key in cohorts]
            self._carry_out("core_cohort_update_cohorts", "cohorts", hide)
        self._forget_groups()

    def _carry_out(self, function: str, name: str, wanted: Sequence[tuple[Job, Any]]) -> None:
        for job, done in self._site.each(function, name, wanted):
            job.told(done)

    def _forget_groups(self) -> None:
        with self._lock:
            self._cohorts, self._courses = None, {}


def going_of(wanted: Sequence[tuple[Job, Group]]) -> list[tuple[Job, Group]]:
    """Those whose delivery has not failed."""
    return [(job, group) for job, group in wanted if not job.reason]
