"""Guardian links. The LMS keeps them on the guardian: writing her only ever adds some, and only replacing her takes any away.

So a link ends by replacing the guardian with all her values and those children whom she should still follow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from rostersync.model import Placed, User
from rostersync.targets.itslearning.answers import Status, persons
from rostersync.targets.itslearning.bodies import PersonValues, person
from rostersync.targets.itslearning.envelope import identifiers, pairs
from rostersync.targets.itslearning.jobs import Job
from rostersync.targets.itslearning.people import People
from rostersync.targets.itslearning.service import Site
from rostersync.targets.leftout import LeftOut

NO_GUARDIAN: Final = "the LMS has no such guardian yet; she comes first, and the link with the next run"
NOT_LINKED: Final = (
    "the LMS took the guardian and made no link; see that the parent portal is on (the site's setting and the global one), "
    "and that the pupil is not in its trash"
)


class _Change(NamedTuple):
    """One guardian, what is written of her, and the jobs that wait for it."""

    key: str
    values: PersonValues
    jobs: list[Job]


class Links:
    """Ends and makes the links of a site."""

    def __init__(self, site: Site, people: People, left_out: LeftOut) -> None:
        self._site = site
        self._people = people
        self._left_out = left_out

    def end(self, jobs: Sequence[Job]) -> None:
        """Take away the links that the jobs' pupils should no longer have."""
        leaving, replaced = [], []
        for guardian, waiting in _by_guardian(jobs, lost):
            placed = waiting[0].near.get(guardian)
            if placed is None:
                continue  # she is in the LMS no more, and nothing of hers is
            user, key = _user(placed), placed.target_key or guardian
            if user.enabled:
                children = tuple(sorted(_children(guardian, waiting)))
                replaced.append(_Change(key, replace(self._people.values(user, key), children=children), waiting))
            else:
                # She leaves in this very run, or is in the trash: replacing would bring her back.
                leaving.append(_Change(key, self._people.values(user, key), waiting))
        self._note(replaced, self._written("replacePersons", replaced))
        self._note(leaving, self._deleted(leaving))

    def make(self, jobs: Sequence[Job], again: Iterable[Job]) -> None:
        """Add the links that the jobs' pupils should have; for those `again`, all of them."""
        every = set(again)
        changes = []
        for guardian, waiting in _by_guardian(jobs, lambda job: _all(job) if job in every else gained(job)):
            placed = waiting[0].near.get(guardian)
            if placed is None or not _user(placed).enabled:
                for job in waiting:
                    job.fail(NO_GUARDIAN, "passing")
                continue
            key = placed.target_key or guardian
            children = tuple(sorted({job.key for job in waiting}))
            changes.append(_Change(key, replace(self._people.values(_user(placed), key), children=children), waiting))
        statuses = self._written("createPersons", changes)
        doubtful = [change for change, status in zip(changes, statuses, strict=True) if status.warned]
        self._note(changes, statuses)
        if doubtful:
            self._look(doubtful)

    def _look(self, changes: Sequence[_Change]) -> None:
        """A warning may mean that there is no link: only reading it back tells."""
        found: Mapping[str, frozenset[str]] = {}
        for start in range(0, len(changes), 10):
            asked = identifiers([change.key for change in changes[start : start + 10]])
            answer = self._site.ask("person", "readPersons", asked)
            found = {**found, **{one.key: one.children for one in persons(answer.document)}}
        for change in changes:
            for job in change.jobs:
                if job.key not in found.get(change.key, frozenset()) and not job.reason:
                    job.fail(NOT_LINKED)

    def _written(self, operation: str, changes: Sequence[_Change]) -> list[Status]:
        return self._site.carry_out(
            "person", operation, changes, lambda some: pairs("person", [(one.key, person(one.values)) for one in some])
        )

    def _deleted(self, changes: Sequence[_Change]) -> list[Status]:
        # That she is there no more is as good.
        told = self._site.carry_out(
            "person", "deletePersons", changes, lambda some: identifiers([one.key for one in some])
        )
        return [status if status.major == "fault" else Status("success") for status in told]

    def _note(self, changes: Sequence[_Change], statuses: Sequence[Status]) -> None:
        for change, status in zip(changes, statuses, strict=True):
            for job in change.jobs:
                job.told(status, self._left_out)


def wards(guardian: str, near: Iterable[Placed]) -> Iterator[str]:
    """The keys of those whom a guardian should follow, as far as these are they."""
    for placed in near:
        if isinstance(placed.value, User) and placed.value.enabled and guardian in placed.value.guardians:
            yield placed.target_key or placed.value.id


def lost(job: Job) -> set[str]:
    """The guardians whose link ends with this job."""
    return _guardians(job.delivery.before) - _all(job)


def gained(job: Job) -> set[str]:
    """The guardians whose link begins with this job."""
    return _all(job) - _guardians(job.delivery.before)


def _all(job: Job) -> set[str]:
    return _guardians(job.delivery.after)


def _guardians(value: object) -> set[str]:
    return set(value.guardians) if isinstance(value, User) and value.enabled else set()


def _children(guardian: str, jobs: Sequence[Job]) -> set[str]:
    """Whom she should still follow: everybody who is near, but those whose link to her ends just now."""
    staying = {key for job in jobs for key in wards(guardian, job.near.values())}
    return staying - {job.key for job in jobs}


def _by_guardian(jobs: Sequence[Job], of: Callable[[Job], set[str]]) -> Iterator[tuple[str, list[Job]]]:
    found: defaultdict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        if not job.reason:
            for guardian in sorted(of(job)):
                found[guardian].append(job)
    yield from found.items()


def _user(placed: Placed) -> User:
    assert isinstance(placed.value, User)  # noqa: S101 - the state links users to users
    return placed.value
