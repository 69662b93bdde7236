"""The target that leaves IMS Enterprise 1.1 files for an LMS to import: everybody in one file, or what changed in a new one.

itslearning's import application and others take such files nightly, from a folder or an SFTP server. There is no answer
channel, so "delivered" means "written and in its place".
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import PurePath
from typing import Final, TextIO

from rostersync.errors import refuse_settings
from rostersync.model import Delivery, Outcome
from rostersync.targets import Existing, Placed, Target
from rostersync.targets.ims_enterprise.delta import write_delta
from rostersync.targets.ims_enterprise.elements import Elements
from rostersync.targets.ims_enterprise.full import write_full
from rostersync.targets.ims_enterprise.reading import users_of
from rostersync.targets.ims_enterprise.settings import WORDINGS, Settings, mistakes
from rostersync.targets.usual import Usual
from rostersync.transport.files.shelf import shelf
from rostersync.transport.files.staging import private

__all__ = ["WORDINGS", "ImsEnterprise", "Settings", "make"]

_DELTA_AT_ONCE: Final = 10_000
"""Deliveries in one delta file: what an importer takes in one go, and a few dozen MB of memory here."""

_BUFFER: Final = 1 << 20
_TICK: Final = timedelta(microseconds=1)


class ImsEnterprise(Usual):
    """One folder, here or on a server, that an LMS imports from in the order of the files' names.

    Guardianships are an extension, which a reader has to know.

    Raises:
        UserMistake: the settings do not fit together.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        refuse_settings(f"target.{name}", mistakes(settings))
        self._settings = settings
        self._now = now
        self._last = datetime.min.replace(tzinfo=UTC)
        self._shelf = shelf(settings.directory, settings, wait, clock)

    @property
    def whole(self) -> bool:
        """A full file is rewritten by every delivery; a delta is not."""
        return self._settings.mode == "full"

    @property
    def at_once(self) -> int:
        """What goes into one file."""
        return sys.maxsize if self.whole else _DELTA_AT_ONCE

    @property
    def deletes(self) -> bool:
        """Not at itslearning, which puts whom a file deletes into its trash; an administrator empties that."""
        return self._settings.words != "itslearning"

    @property
    def looks_around(self) -> bool:
        """A delta names guardians by the LMS's keys, and roles depend on the kind of group."""
        return not self.whole

    def check(self) -> list[str]:
        """What stands in the way of leaving a file, as far as it can be told without a log-in."""
        return self._shelf.check()

    def sweep(self) -> None:
        """Remove what a killed run left behind; the report begins anew."""
        super().sweep()
        self._shelf.sweep()

    def existing(self) -> Iterator[Existing]:
        """The users of the full file that is there, also one that another system wrote; nobody in delta mode.

        Raises:
            NotOurs: what is there is no readable file.
            TargetUnavailable: it cannot be read.
        """
        if self.whole:
            with self._shelf.staging() as folder:
                path = folder / self._settings.file
                if self._shelf.fetch(self._settings.file, path):
                    yield from users_of(path, f"{self._settings.file} in the folder of the target")

    def deliver(self, deliveries: Iterable[Delivery], roster: Callable[[], Iterator[Placed]]) -> Iterator[Outcome]:
        """Leave one file with everything or with these deliveries, then yield an outcome for each.

        Without deliveries nothing is written. What takes access away comes in a call of its own before all others, and
        so in an earlier delta file.

        Raises:
            TargetUnavailable: the file could not be left; the old one still stands.
            UserMistake: a secret cannot be read.
        """
        waiting = iter(deliveries)
        first = next(waiting, None)
        if first is None:
            return
        now = self._moment()
        if self.whole:
            self._leave(
                self._settings.file, lambda out, elements: write_full(out, elements, roster, self._left_out, now)
            )
            yield from (_done(one) for one in chain((first,), waiting))
        else:
            batch: Sequence[Delivery] = [first, *waiting]
            self._leave(self._name(now), lambda out, elements: write_delta(out, elements, batch, self._left_out, now))
            yield from map(_done, batch)

    def _leave(self, name: str, write: Callable[[TextIO, Elements], None]) -> None:
        if self.whole:
            self._left_out.clear()
        with self._shelf.staging() as folder:
            staged = folder / name
            with open(staged, "x", buffering=_BUFFER, encoding="utf-8", newline="\n", opener=private) as out:
                write(out, Elements(self._settings, self._left_out))
            self._shelf.leave(staged)

    def _moment(self) -> datetime:
        """Now; later than the moment before in any case, since importers go by the order of names."""
        self._last = max(self._now(), self._last + _TICK)
        return self._last

    def _name(self, now: datetime) -> str:
        name = PurePath(self._settings.file)
        return f"{name.stem}-{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}{name.suffix}"


def _done(delivery: Delivery) -> Outcome:
    return Outcome(delivery.id, delivery.phase, delivered=True, target_key=delivery.target_key)


def make(name: str, settings: Settings) -> Target:
    """The target of one `[target.NAME]`."""
    return ImsEnterprise(name, settings, now=lambda: datetime.now(UTC).astimezone())
