"""How many lanes are open: one more as long as that brings more through, half of them when the target says stop."""

from __future__ import annotations

from typing import Final

_WINDOW: Final = 2
"""Calls for each open lane, before it is looked at whether the last lane that was opened brought anything."""
_GROWTH: Final = 1.03
"""A lane must bring this much more through: the eighth brings 1.14 where there is room for it."""
_DOUBT: Final = 5
"""Windows without another try after a lane brought nothing: it may have been the chance of what was in its calls."""
_REST: Final = 20
"""Windows without another try after the target said stop."""


class Steering:
    """Additive increase, multiplicative decrease, as in RFC 5681. `most` is what the target states; it begins with one."""

    def __init__(self, most: int) -> None:
        self.lanes = 1
        self._most = most
        self._before = 0.0
        self._added = False
        self._rest = 0
        self._begin()

    def _begin(self) -> None:
        self._calls, self._changes, self._seconds, self._quiet = 0, 0, 0.0, True

    def answered(self, changes: int, seconds: float) -> None:
        """A call took so many seconds, and made so many changes: a pupil with a dozen groups takes longer than a guardian."""
        self._calls += 1
        self._changes += changes
        self._seconds += seconds
        if self._calls >= _WINDOW * self.lanes:
            self._judge(self.lanes * self._changes / max(self._seconds, 1e-9))
            self._begin()

    def faltered(self) -> None:
        """A call failed in passing: no lane is opened before a window without such."""
        self._quiet = False

    def overloaded(self) -> None:
        """The target asks for fewer calls."""
        self.lanes = max(1, self.lanes // 2)
        self._added, self._rest = False, _REST
        self._begin()

    def _judge(self, flow: float) -> None:
        """`flow` is how many changes come through in a second, as far as the target decides that."""
        if self._added and flow < self._before * _GROWTH:
            self.lanes -= 1
            self._added, self._rest = False, _DOUBT
        elif self._rest:
            self._added, self._rest = False, self._rest - 1
        else:
            self._added = self._quiet and self.lanes < self._most
            self._before = flow
            self.lanes += self._added
