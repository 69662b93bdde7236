"""The target that is Canvas: explicit rows of its SIS import, uploaded as a zip, waited for, and read back as a report.

Canvas can find differences between files by itself, and deletes what is missing. That is never asked for: what changes is
planned and guarded here, and every row says with its status what should be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from rostersync.errors import TargetUnavailable, refuse_settings
from rostersync.model import Delivery, Outcome
from rostersync.targets import Existing, Placed, Target
from rostersync.targets.canvas.outcomes import outcomes
from rostersync.targets.canvas.rows import Rows
from rostersync.targets.canvas.service import Service
from rostersync.targets.canvas.settings import BUILT_IN_ROLES, WORDINGS, Settings, mistakes
from rostersync.targets.canvas.sheets import Sheets
from rostersync.targets.usual import Usual

__all__ = ["WORDINGS", "Canvas", "Settings", "make"]

_AT_ONCE: Final = 10_000
"""Deliveries in one import: an import costs Canvas minutes however small it is, and this many a few dozen MB here."""


class Canvas(Usual):
    """One Canvas site, which takes one import after the other.

    A guardian's class membership has no row of its own: her link to the pupil carries it, and it is counted.

    Raises:
        UserMistake: the settings do not fit together.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        refuse_settings(f"target.{name}", mistakes(settings))
        self._rows = Rows(settings, self._left_out)
        self._settings = settings
        self._service = Service(name, settings, wait, now)

    @property
    def at_once(self) -> int:
        """What goes into one import."""
        return _AT_ONCE

    @property
    def looks_around(self) -> bool:
        """A link names the guardian by Canvas's key for her."""
        return True

    def check(self) -> list[str]:
        """Whether Canvas answers, lets us see SIS imports, and has the roles for courses; nothing is changed."""
        own = set(self._settings.roles().values()) - BUILT_IN_ROLES
        try:
            self._service.reachable()
            there = self._service.course_roles() if own else own
        except TargetUnavailable as error:
            return [str(error)]
        known = ", ".join(sorted({*BUILT_IN_ROLES, *there}))
        return [f'it has no role "{role}" in courses; there are {known}' for role in sorted(own - there)]

    def existing(self) -> Iterator[Existing]:
        """The users that have a SIS id; others no import can mean. Canvas lists suspended users like any other.

        Raises:
            TargetUnavailable: they cannot be read.
        """
        for user in self._service.users():
            if key := str(user.get("sis_user_id") or ""):
                yield Existing(key, login=str(user.get("login_id") or ""))

    def deliver(self, deliveries: Iterable[Delivery], roster: Callable[[], Iterator[Placed]]) -> Iterator[Outcome]:  # noqa: ARG002 - the protocol has it
        """Send the deliveries as one import and wait for it. The roster is not looked at: what is `near` is enough.

        Raises:
            TargetFaltering: another import was running all the time.
            TargetUnavailable: Canvas cannot be reached, refuses the token, failed, or is not through in time.
            UserMistake: the token cannot be read.
        """
        batch = list(deliveries)
        if not batch:
            return
        sheets = Sheets()
        for number, delivery in enumerate(batch):
            sheets.add(number, self._rows.of(delivery))
        report = self._service.run_import(sheets.packed())
        yield from outcomes(batch, sheets, report, self._left_out)


def make(name: str, settings: Settings) -> Target:
    """The target of one `[target.NAME]`."""
    return Canvas(name, settings)
