"""Schools and groups: the hierarchy of a site, from its root down."""

from __future__ import annotations

from collections.abc import Sequence

from rostersync.model import Group, Held, Organisation
from rostersync.targets.itslearning.bodies import NAME_LIMIT, GroupValues, group
from rostersync.targets.itslearning.envelope import identifiers, pairs
from rostersync.targets.itslearning.jobs import Job, is_root, place_key
from rostersync.targets.itslearning.service import Site
from rostersync.targets.itslearning.settings import Settings
from rostersync.targets.leftout import LeftOut

CUT = f"a title of more than {NAME_LIMIT} characters, which the LMS cuts"
NEVER_DELETED = "a school is never deleted by a sync, with everything below it; do that in the LMS, if it is meant"


class Structure:
    """Delivers organisations and groups. The root itself is the site's own, and is left alone."""

    def __init__(self, site: Site, settings: Settings, left_out: LeftOut) -> None:
        self._site = site
        self._root = settings.root
        self._legal_id = settings.legal_id
        self._courses = frozenset(settings.courses)
        self._gone = settings.gone_texts
        self._left_out = left_out

    def deliver(self, jobs: Sequence[Job]) -> None:
        """Make the hierarchy hold what the jobs say, in one or two requests."""
        made = [(job, job.delivery.after) for job in jobs if job.delivery.after is not None]
        told = [(job, self._values(value, job)) for job, value in made if not is_root(value)]
        statuses = self._site.carry_out(
            "group", "createGroups", told, lambda some: pairs("group", [(job.key, group(one)) for job, one in some])
        )
        for (job, _), status in zip(told, statuses, strict=True):
            job.told(status, self._left_out)
        self._end([job for job in jobs if job.delivery.after is None])

    def _end(self, jobs: Sequence[Job]) -> None:
        ending = []
        for job in jobs:
            if job.delivery.object_kind == "organisation":
                job.fail(NEVER_DELETED)
            else:
                ending.append(job)
        statuses = self._site.carry_out(
            "group", "deleteGroups", ending, lambda some: identifiers([job.key for job in some])
        )
        for job, status in zip(ending, statuses, strict=True):
            job.told(status, self._left_out, self._gone)

    def _values(self, value: Held, job: Job) -> GroupValues:
        if isinstance(value, Organisation):
            return self._school(value)
        assert isinstance(value, Group)  # noqa: S101 - users go elsewhere
        title = value.title or value.name
        self._count_cut(title)
        parent = place_key(value.school, job.near, self._root) if value.school else self._root
        if value.kind in self._courses:
            # With the fields of a course and no type it becomes one.
            return GroupValues(title, parent, "", 0, (("course", title[:NAME_LIMIT]),))
        return GroupValues(title, parent, "Unspecified", -1)

    def _school(self, school: Organisation) -> GroupValues:
        self._count_cut(school.name)
        number = ((self._legal_id, school.number),) if self._legal_id and school.number else ()
        # No school may stand below another one, so all stand below the root.
        return GroupValues(school.name, self._root, "School", 1, number)

    def _count_cut(self, title: str) -> None:
        if len(title) > NAME_LIMIT:
            self._left_out.add(CUT)
