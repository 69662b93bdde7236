"""The target that is Moodle: accounts, categories, courses and cohorts over its REST web services.

Whom it should suspend it suspends, and restores under the same account; it deletes nothing for good unless the owner says
so. Our ids are Moodle's ID numbers, and so Moodle itself keeps the id map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from rostersync.errors import refuse_settings
from rostersync.model import Delivery, Kind, ObjectKind, Observed, Outcome, Placed
from rostersync.targets import Existing, Target
from rostersync.targets.moodle import everybody
from rostersync.targets.moodle.accounts import Accounts
from rostersync.targets.moodle.jobs import Job, chunks, going
from rostersync.targets.moodle.rekeying import rekey
from rostersync.targets.moodle.settings import WORDINGS, Settings, mistakes
from rostersync.targets.moodle.showing import Showing
from rostersync.targets.moodle.site import Site
from rostersync.targets.moodle.structure import Structure
from rostersync.targets.moodle.ties import Ties
from rostersync.targets.observing import Walk, listed
from rostersync.targets.rekeying import Rekeyed
from rostersync.targets.usual import Usual

__all__ = ["WORDINGS", "Moodle", "Settings", "make"]

_AT_ONCE = 200
_WALKED = 50
_WALKED_BESIDES = 8
"""Calls for each full batch of what is walked: accounts by two keys, cohorts and their members, four of each."""


class Moodle(Usual):
    """One Moodle site.

    Raises:
        UserMistake: the settings cannot work.
    """

    def __init__(self, name: str, settings: Settings, site: Site | None = None) -> None:
        super().__init__()
        refuse_settings(f"target.{name}", mistakes(settings))
        self._settings = settings
        self._site = site or Site(name, settings)
        self._delivering = site or Site(name, settings, paced=True)
        self._accounts = Accounts(self._delivering, settings, self._left_out)
        self._structure = Structure(self._delivering, settings, self._left_out)
        self._showing = Showing(name, self._site, settings)
        self._ties = Ties(self._delivering, settings, self._accounts, self._structure, self._left_out)

    @property
    def supports(self) -> frozenset[Kind]:
        """Everything; guardianships only where the settings give the role that a guardian has over a pupil."""
        return super().supports if self._settings.guardian_role else super().supports - {"guardianship"}

    @property
    def deletes(self) -> bool:
        """Whether accounts may be deleted for good here."""
        return "user" in self._settings.delete

    @property
    def connections(self) -> int:
        """As many as the settings allow. A small site is no faster with two."""
        return self._settings.connections

    @property
    def at_once(self) -> int:
        """Enough for the look-ups before and the calls after to be worth their while."""
        return _AT_ONCE

    def check(self) -> list[str]:
        """Whether the site answers and the token's service has every function that these settings need."""
        return list(everybody.complaints(self._site, self._settings))

    def sweep(self) -> None:
        """Nothing is left behind; what was found in the run before is looked for anew."""
        super().sweep()
        self._accounts.forget()
        self._structure.forget()

    def existing(self) -> Iterator[Existing]:
        """Every account of the site, but for the guest's and the token's own.

        Raises:
            TargetUnavailable: it cannot be read.
        """
        return everybody.existing(self._site, self._settings)

    @property
    def lists(self) -> frozenset[ObjectKind]:
        """Its accounts; courses are asked for one by one."""
        return frozenset({"user"})

    @property
    def walk(self) -> Walk | None:
        """Accounts come some a call, and the courses of each take another; a few more tell of cohorts."""
        return Walk(_WALKED, _WALKED + _WALKED_BESIDES * -(-_WALKED // self._settings.batch), near=True)

    def expected(self, roster: Iterable[Placed]) -> Iterator[Observed]:
        """What it should show of these."""
        return self._showing.expected(roster)

    def observed(self) -> Iterator[Observed]:
        """Every account, which tells whether it is there and may log in."""
        return map(listed, self.existing())

    def holds(self, sought: Sequence[Placed]) -> Iterator[Observed]:
        """What the site has of these.

        Raises:
            TargetUnavailable: it cannot be read now, or not at all.
        """
        return self._showing.holds(sought)

    def rekey(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Rekeyed]:
        """Give accounts our ids as their ID numbers.

        Raises:
            TargetUnavailable: nothing more can be done now.
        """
        return rekey(self._site, Accounts(self._site, self._settings, self._left_out), pairs)

    def deliver(self, deliveries: Iterable[Delivery], roster: Callable[[], Iterator[Placed]]) -> Iterator[Outcome]:  # noqa: ARG002 - the protocol has it
        """Do the deliveries, those of one phase and kind together. The roster is not looked at.

        Raises:
            TargetFaltering, TargetUnavailable: as told by the protocol.
        """
        for jobs in chunks(deliveries, _AT_ONCE):
            self._carry_out(jobs)
            yield from [job.outcome() for job in jobs]

    def _carry_out(self, jobs: Sequence[Job]) -> None:
        first = jobs[0].delivery
        if first.object_kind == "organisation":
            self._structure.deliver_organisations(jobs)
        elif first.object_kind == "group":
            (self._structure.end_groups if first.after is None else self._structure.deliver_groups)(jobs)
        else:
            self._carry_out_users(jobs)

    def _carry_out_users(self, jobs: Sequence[Job]) -> None:
        """Accounts first, since ties need them; a suspended user's ties end all the same."""
        found = self._accounts.find(jobs)
        if jobs[0].delivery.after is None:
            self._accounts.delete(going(jobs), found)
        else:
            self._accounts.bring_up_to_date(going(jobs), found)
            self._ties.deliver(jobs)

    def close(self) -> None:
        """Close the connections."""
        self._site.close()
        self._delivering.close()


def make(name: str, settings: Settings) -> Target:
    """The target of one `[target.NAME]`."""
    return Moodle(name, settings)
