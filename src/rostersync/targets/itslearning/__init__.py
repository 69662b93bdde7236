"""The target that is itslearning: IMS Enterprise Services, SOAP 1.1 with WS-Security.

Creating is also updating and restoring, deleting is putting into the trash, and nothing is ever deleted for good: that is
handed over to the site's administrator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from rostersync.errors import refuse_settings
from rostersync.model import Delivery, ObjectKind, Observed, Outcome, Placed
from rostersync.targets import Existing, Target
from rostersync.targets.itslearning import everybody
from rostersync.targets.itslearning.jobs import chunks
from rostersync.targets.itslearning.people import People
from rostersync.targets.itslearning.roles import Roles
from rostersync.targets.itslearning.service import Site
from rostersync.targets.itslearning.settings import WORDINGS, Settings, mistakes
from rostersync.targets.itslearning.showing import Showing
from rostersync.targets.itslearning.structure import Structure
from rostersync.targets.itslearning.users import Users
from rostersync.targets.observing import Walk, listed
from rostersync.targets.usual import Usual

__all__ = ["WORDINGS", "Itslearning", "Settings", "make"]


class Itslearning(Usual):
    """One itslearning site. What it warned of is counted too.

    Raises:
        UserMistake: the settings would have the LMS choose by itself.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__()
        refuse_settings(f"target.{name}", mistakes(settings))
        self._settings = settings
        self._site = Site(name, settings)
        self._delivering = Site(name, settings, paced=True)
        people = People(settings, Roles(settings), self._left_out)
        self._structure = Structure(self._delivering, settings, self._left_out)
        self._showing = Showing(self._site, settings, people)
        self._users = Users(self._delivering, settings, people, self._left_out)

    @property
    def deletes(self) -> bool:
        """There is no call for it: whom it should delete for good is handed over to the site's administrator."""
        return False

    @property
    def looks_around(self) -> bool:
        """A link is written on the guardian with all that she has, and a role depends on the kind of group."""
        return True

    @property
    def connections(self) -> int:
        """As many as the settings allow; the vendor suggests one, with ten objects in a request."""
        return self._settings.connections

    @property
    def at_once(self) -> int:
        """What fits into one request."""
        return self._settings.batch

    def check(self) -> list[str]:
        """Whether the site answers, and has the field for national numbers; nothing is changed."""
        return list(everybody.complaints(self._site, self._settings))

    def existing(self) -> Iterator[Existing]:
        """The users that the site lists, page by page. Whom nobody gave a sync id cannot be told to us, and is left out.

        Raises:
            TargetUnavailable: the site does not let itself be read (readAllPersons has to be switched on there).
        """
        return everybody.existing(self._site, self._settings)

    @property
    def lists(self) -> frozenset[ObjectKind]:
        """Its users; nothing else can be listed."""
        return frozenset({"user"})

    @property
    def walk(self) -> Walk | None:
        """A batch of persons is one call, and the memberships of each of them another."""
        return Walk(self._settings.batch, self._settings.batch + 1, near=True)

    def expected(self, roster: Iterable[Placed]) -> Iterator[Observed]:
        """What it should show of these; whoever is in its trash should not be seen."""
        return self._showing.expected(roster)

    def observed(self) -> Iterator[Observed]:
        """The users that the site lists, which tells no more than that they are there."""
        return map(listed, self.existing())

    def holds(self, sought: Sequence[Placed]) -> Iterator[Observed]:
        """What the site has of these.

        Raises:
            TargetUnavailable: it cannot be read now, or not at all.
        """
        return self._showing.holds(sought)

    def deliver(self, deliveries: Iterable[Delivery], roster: Callable[[], Iterator[Placed]]) -> Iterator[Outcome]:  # noqa: ARG002 - the protocol has it
        """Do the deliveries, a batch at a time. The roster is not looked at: what is `near` is enough.

        Raises:
            TargetFaltering, TargetUnavailable: as told by the protocol.
        """
        for jobs in chunks(deliveries, self._settings.batch):
            part = self._users if jobs[0].delivery.object_kind == "user" else self._structure
            part.deliver(jobs)
            yield from [job.outcome() for job in jobs]

    def close(self) -> None:
        """Close the connections."""
        self._site.close()
        self._delivering.close()


def make(name: str, settings: Settings) -> Target:
    """The target of one `[target.NAME]`."""
    return Itslearning(name, settings)
