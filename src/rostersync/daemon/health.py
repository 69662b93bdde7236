"""Whether the daemon is fit for work, with every reason why not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from rostersync.daemon.attending import View
from rostersync.daemon.state import looking
from rostersync.errors import RostersyncError
from rostersync.state_settings import StateSettings

STATE_LOOKED_AT: Final = 10.0
"""Seconds for which one look at the state will do, however often somebody asks."""
LOOP_STALLED: Final = timedelta(seconds=60)
"""A loop that has not gone round for so long is stuck."""


class StateLook:
    """Opens the state now and then, to see that it can be opened."""

    def __init__(self, state: StateSettings) -> None:
        self._state = state
        self._looked = float("-inf")
        self._found = ""

    def __call__(self) -> str:
        """Why the state cannot be opened; empty when it can."""
        if time.monotonic() - self._looked >= STATE_LOOKED_AT:
            self._looked = time.monotonic()
            try:
                with looking(self._state):
                    self._found = ""
            except RostersyncError as error:
                self._found = str(error)
        return self._found


@dataclass(frozen=True, slots=True)
class Health:
    """What is looked at: the loop's view, the state, and why the last reload was refused (empty when it was not)."""

    view: Callable[[], View]
    state: Callable[[], str]
    refused: Callable[[], str]
    late_after: timedelta
    clock: Callable[[], datetime]

    def alive(self) -> bool:
        """Whether the loop goes round."""
        return abs(self.clock() - self.view().at) < LOOP_STALLED

    def report(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether it is ready, and the document that says why not and what is next."""
        view = self.view()
        reasons = list(self._reasons(view))
        syncs = {
            name: {
                "running": one.running,
                "waiting": one.waiting,
                "next": one.next.isoformat(timespec="seconds") if one.next else None,
            }
            for name, one in view.syncs.items()
        }
        return not reasons, {"ready": not reasons, "reasons": reasons, "syncs": syncs}

    def _reasons(self, view: View) -> Iterator[str]:
        if not self.alive():
            yield "the scheduler stands still"
        if trouble := self.state():
            yield f"state: {trouble}"
        if refused := self.refused():
            yield f"the config on the disk was refused, the old one goes on: {refused}"
        for name, sync in view.syncs.items():
            if sync.late and self.clock() - sync.late > self.late_after:
                yield f"{name}: the run due at {sync.late.isoformat(timespec='seconds')} has not ended well yet"
            if sync.trouble:
                yield f"{name}: {sync.trouble}"
