"""When the next call may be made: not faster than a target is to be told, and not while it wants to be left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Manners:
    """How a target that fails is treated; times in seconds.

    `first_pause` doubles with every failure in a row up to `longest_pause`. After `patience` without anything coming
    through, the target counts as down. `tries` is how often a delivery is handed over. At the end of a run that is cut
    off, calls under way are waited for during `grace`.
    """

    first_pause: float = 0.25
    longest_pause: float = 60.0
    patience: float = 300.0
    tries: int = 5
    grace: float = 5.0


class Pace:
    """The pace of one target: `per_minute` deliveries at most, 0 for no limit."""

    def __init__(self, per_minute: int, manners: Manners) -> None:
        self._each = _MINUTE / per_minute if per_minute else 0.0
        self._manners = manners
        self._row = 0
        self._failing_since = 0.0
        self.next_at = 0.0
        """Nothing more is handed over before this moment,"""
        self.quiet_until = 0.0
        """and no call is begun before this one."""

    def handed(self, deliveries: int, now: float) -> None:
        """So many were handed over."""
        if self._each:
            self.next_at = max(self.next_at, now) + deliveries * self._each

    def came_through(self) -> None:
        """The target did something."""
        self._row = 0

    def failed(self, now: float, *, lanes: int, overloaded: bool = False, asked: float = 0.0) -> float:
        """A call failed in passing: when its deliveries may be handed over again.

        No call at all is begun before then, when the target is overloaded or not one lane gets through.
        """
        if not self._row:
            self._failing_since = now
        self._row += 1
        pause = min(self._manners.first_pause * 2.0 ** min(self._row - 1, 20), self._manners.longest_pause)
        again_at = now + max(pause, asked)
        if overloaded or self._row > lanes:
            self.quiet_until = max(self.quiet_until, again_at)
        return again_at

    def lanes(self, wanted: int, now: float) -> int:
        """How many lanes may call now: none while all is quiet, and one while nothing gets through."""
        if now < self.quiet_until:
            return 0
        return 1 if self._row > wanted else wanted

    def is_down(self, now: float) -> bool:
        """Whether this run gives the target up: it has done nothing for too long, or asks to be left alone for longer."""
        if self.quiet_until - now > self._manners.patience:
            return True
        return self._row > 1 and now - self._failing_since > self._manners.patience
