"""Users: a few together, step by step. Links end first, nobody joins anything before she is there, the trash comes last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from rostersync.model import Delivery, User
from rostersync.targets.itslearning.answers import memberships
from rostersync.targets.itslearning.bodies import person
from rostersync.targets.itslearning.envelope import escaped, identifiers, pairs
from rostersync.targets.itslearning.jobs import Job
from rostersync.targets.itslearning.links import Links, wards
from rostersync.targets.itslearning.people import People, Tie, core_of, loses_values, membership_id, tie_body
from rostersync.targets.itslearning.roles import NO_ADMINISTRATOR
from rostersync.targets.itslearning.service import Site
from rostersync.targets.itslearning.settings import Settings
from rostersync.targets.leftout import LeftOut

HANDED_OVER: Final = (
    "a user who waits in the LMS's trash for its administrator to delete her for good "
    "(rostersync trash list --state handed_over)"
)


class _Part(NamedTuple):
    """Something to be written for one job: its key there, and its content."""

    job: Job
    key: str
    content: str = ""


class _Ties(NamedTuple):
    """A user's memberships by their own ids: those she had, and those she is to have."""

    had: dict[str, Tie]
    wanted: dict[str, Tie]


class Users:
    """Delivers users to one site."""

    def __init__(self, site: Site, settings: Settings, people: People, left_out: LeftOut) -> None:
        self._site = site
        self._people = people
        self._links = Links(site, people, left_out)
        self._gone = settings.gone_texts
        self._left_out = left_out

    def deliver(self, jobs: Sequence[Job]) -> None:
        """Make the LMS hold what the jobs say. A job that fails at one step takes no part in the later ones."""
        for job in jobs:
            self._weigh(job)
        self._links.end(jobs)
        active = [job for job in jobs if _active(job.delivery)]
        self._write(active)
        ties = {job: self._ties(job) for job in _unfailed(jobs)}
        self._join(active, ties)
        self._leave(jobs, ties)
        self._links.make(active, [job for job in active if _anew(job.delivery)])
        self._put_away([job for job in jobs if not _active(job.delivery)])

    def _weigh(self, job: Job) -> None:
        after = job.delivery.after
        if any(isinstance(one, User) and one.role == "system_administrator" for one in (job.delivery.before, after)):
            job.fail(NO_ADMINISTRATOR)
        elif isinstance(after, User):
            self._people.count(after)
            if job.delivery.life.state == "handed_over":
                self._left_out.add(HANDED_OVER)

    # -- the user herself ---------------------------------------------------------------------------------------------

    def _write(self, jobs: Sequence[Job]) -> None:
        """Creating also updates, and restores from the trash; what goes away needs a replace afterwards."""
        written = [job for job in _unfailed(jobs) if _anew(job.delivery) or _changed(job.delivery)]
        self._persons("createPersons", written)
        self._persons("replacePersons", [job for job in _unfailed(written) if _replaced(job)])

    def _persons(self, operation: str, jobs: Sequence[Job]) -> None:
        told = [_Part(job, job.key, self._content(job, operation)) for job in jobs]
        self._carry_out("person", operation, told)

    def _content(self, job: Job, operation: str) -> str:
        after, before = _user(job.delivery.after), job.delivery.before
        values = self._people.values(after, job.key, before if isinstance(before, User) else None)
        if operation == "replacePersons":
            children = tuple(sorted(set(wards(after.id, job.near.values()))))
            values = replace(values, children=children)
        return person(values)

    # -- her memberships ----------------------------------------------------------------------------------------------

    def _join(self, jobs: Sequence[Job], ties: Mapping[Job, _Ties]) -> None:
        told: list[_Part] = []
        for job in _unfailed(jobs):
            had = {} if _anew(job.delivery) else ties[job].had
            wanted = ties[job].wanted.items()
            told += [_Part(job, id_, tie_body(job.key, tie)) for id_, tie in wanted if had.get(id_) != tie]
        self._carry_out("membership", "createMemberships", told)

    def _leave(self, jobs: Sequence[Job], ties: Mapping[Job, _Ties]) -> None:
        """Those that end, and, of somebody who was in the trash or whose last delivery was cut off, those nobody knows of."""
        ending: list[_Part] = []
        for job in _unfailed(jobs):
            had = set(ties[job].had)
            if _active(job.delivery) and _anew(job.delivery) and job.delivery.before is not None:
                had |= self._found(job)
            ending += [_Part(job, id_) for id_ in sorted(had - ties[job].wanted.keys())]
        self._carry_out("membership", "deleteMemberships", ending)

    def _found(self, job: Job) -> set[str]:
        """The memberships of hers in the LMS that are ours: the id tells."""
        asked = f"<m:personSourcedId><c:identifier>{escaped(job.key)}</c:identifier></m:personSourcedId>"
        answer = self._site.ask("membership", "readMembershipsForPerson", asked)
        return {id_ for id_, group in memberships(answer.document) if id_ == membership_id(job.key, group)}

    def _ties(self, job: Job) -> _Ties:
        before, after = (
            self._people.ties(value if isinstance(value, User) else None, job.key, job.near)
            for value in (job.delivery.before, job.delivery.after)
        )
        return _Ties(before, after)

    # -- the trash ----------------------------------------------------------------------------------------------------

    def _put_away(self, jobs: Sequence[Job]) -> None:
        self._carry_out("person", "deletePersons", [_Part(job, job.key) for job in _unfailed(jobs)])

    def _carry_out(self, service: str, operation: str, parts: Sequence[_Part]) -> None:
        deletes = operation.startswith("delete")

        def body(some: Sequence[_Part]) -> str:
            if deletes:
                return identifiers([one.key for one in some])
            return pairs(service, [(one.key, one.content) for one in some])

        told = self._site.carry_out("person" if service == "person" else "membership", operation, parts, body)
        for part, status in zip(parts, told, strict=True):
            part.job.told(status, self._left_out, self._gone if deletes else ())


def _active(delivery: Delivery) -> bool:
    return isinstance(delivery.after, User) and delivery.after.enabled


def _anew(delivery: Delivery) -> bool:
    """Whether all of hers is sent: she is new or restored, or it is sent again, known to have arrived before or not."""
    before, after = delivery.before, delivery.after
    if not isinstance(before, User) or not isinstance(after, User) or before == after:
        return True
    sent_again = any(change.kind == "person" and change.action in ("create", "update") for change in delivery.changes)
    return not before.enabled or (sent_again and core_of(before) == core_of(after) and before.schools == after.schools)


def _changed(delivery: Delivery) -> bool:
    return core_of(_user(delivery.before)) != core_of(_user(delivery.after))


def _replaced(job: Job) -> bool:
    """Whether creating is not enough: something of hers goes away, or she may have links that she should not.

    She was in the trash, with links of then; or a guardian is sent again, since others changed her, or nobody knows.
    """
    before, after = job.delivery.before, _user(job.delivery.after)
    if not isinstance(before, User):
        return False
    follows = after.face == "guardian" or any(wards(after.id, job.near.values()))
    return not before.enabled or loses_values(before, after) or (follows and _anew(job.delivery))


def _unfailed(jobs: Sequence[Job]) -> list[Job]:
    return [job for job in jobs if not job.reason]


def _user(value: object) -> User:
    assert isinstance(value, User)  # noqa: S101 - only users come here
    return value
