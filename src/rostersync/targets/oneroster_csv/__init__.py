"""The target that writes a OneRoster 1.1 CSV set for an LMS to read: whole each time, replaced in one step.

A set is the neutral way into an LMS. It has no answer channel, so "delivered" means "written and in its place".
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, Literal

from rostersync.model import Delivery, ObjectKind, Observed, Outcome, Wording, Wordings
from rostersync.targets import Existing, Placed, Target
from rostersync.targets.observing import Walk
from rostersync.targets.oneroster_csv import bundle, checks, reading
from rostersync.targets.oneroster_csv.writing import write_set
from rostersync.targets.usual import Usual
from rostersync.transport.files.staging import staging

WORDINGS: Final[Wordings] = {"groups": Wording({"class": "groups", "none": ""}, kinds=True)}
"""What the role model may say: which group kinds are classes. The words for roles are those of OneRoster."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`[target.NAME]` with `type = "oneroster_csv"`."""

    directory: Path = field(metadata={"help": "the folder that the set is written in; rostersync's own, mode 0700"})
    layout: Literal["zip", "directory"] = field(
        default="zip",
        metadata={"help": "zip: DIR/oneroster.zip; directory: plain files in DIR/sets/N, with the link DIR/current"},
    )
    groups: tuple[str, ...] = field(
        default=(), metadata={"help": "the group kinds that become classes; empty for all that the role model delivers"}
    )


class OneRosterCsv(Usual):
    """One OneRoster CSV folder. Who is removed is absent from the set, and what the last set could not carry is counted.

    A guardian's class membership has no row of its own: her link to the pupil carries it.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._directory = settings.directory
        self._layout = settings.layout
        self._groups = frozenset(settings.groups)

    @property
    def whole(self) -> bool:
        """Every delivery writes the complete set."""
        return True

    @property
    def at_once(self) -> int:
        """Any number: the set is written once."""
        return sys.maxsize

    def check(self) -> list[str]:
        """What stands in the way of writing a set; nothing is made or changed."""
        return list(checks.problems(self._directory, self._layout))

    def sweep(self) -> None:
        """Remove what a killed run left behind; published sets stay."""
        bundle.sweep(self._directory)

    def existing(self) -> Iterator[Existing]:
        """The users of the set that is there, also one that another system wrote.

        Raises:
            NotOurs: what is there is no readable set.
            TargetUnavailable: it cannot be read.
        """
        return reading.users_in(self._directory, self._layout)

    @property
    def lists(self) -> frozenset[ObjectKind]:
        """The whole set is read back."""
        return frozenset({"organisation", "group", "user"})

    @property
    def walk(self) -> Walk | None:
        """Nothing is left to be asked for."""
        return None

    def expected(self, roster: Iterable[Placed]) -> Iterator[Observed]:
        """What stands in the set that would be written now; it is written beside, and removed again.

        Raises:
            TargetUnavailable: there is no room or right to do so.
        """
        with staging(self._directory) as folder:
            staged = folder / "set"
            staged.mkdir(mode=0o700)
            write_set(staged, folder / "spool", iter(roster), self._groups)
            yield from reading.things_in(staged, "directory")

    def observed(self) -> Iterator[Observed]:
        """What stands in the set that is there.

        Raises:
            NotOurs: what is there is no readable set.
            TargetUnavailable: it cannot be read.
        """
        return reading.things_in(self._directory, self._layout)

    def holds(self, sought: Sequence[Placed]) -> Iterator[Observed]:  # noqa: ARG002 - the set tells all
        """Nothing: the set tells all."""
        return iter(())

    def deliver(self, deliveries: Iterable[Delivery], roster: Callable[[], Iterator[Placed]]) -> Iterator[Outcome]:
        """Write the roster as a set and put it in its place, then yield an outcome for each delivery.

        Without deliveries nothing is written, and a set equal to the published one leaves that one alone.

        Raises:
            TargetUnavailable: the set could not be written; the old one still stands.
            NotOurs: something else stands where the set should go.
        """
        waiting = iter(deliveries)
        first = next(waiting, None)
        if first is None:
            return
        self._publish(roster())
        for delivery in chain((first,), waiting):
            yield Outcome(delivery.id, delivery.phase, delivered=True, target_key=delivery.target_key)

    def _publish(self, roster: Iterator[Placed]) -> None:
        publish = bundle.publish_zip if self._layout == "zip" else bundle.publish_folder
        with staging(self._directory) as folder:
            staged = folder / "set"
            staged.mkdir(mode=0o700)
            left_out = write_set(staged, folder / "spool", roster, self._groups)
            publish(self._directory, staged)
        self._left_out = left_out


def make(name: str, settings: Settings) -> Target:  # noqa: ARG001 - the registry gives every target its name
    """The target of one `[target.NAME]`."""
    return OneRosterCsv(settings)
