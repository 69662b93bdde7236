"""Carries what one target is to be told: hands loads to the lanes, settles what comes back, hands over again what failed.

Everything here runs in the thread of the sync. One object is never under way twice at a time, because it is once in each
phase, and a phase begins when the one before has come back whole.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from rostersync.carrying.lanes import Arrival, Lanes
from rostersync.carrying.loads import Load, waves
from rostersync.carrying.pace import Manners, Pace
from rostersync.carrying.remaining import remaining
from rostersync.carrying.steering import Steering
from rostersync.carrying.stock import Stock, Told
from rostersync.carrying.turns import Turns
from rostersync.errors import TargetFaltering, TargetUnavailable
from rostersync.model import Delivery, Outcome
from rostersync.store.engine import batches
from rostersync.targets import Target

_TOGETHER: Final = 500
"""Outcomes that become known in one transaction,"""
_AT_LATEST: Final = 0.5
"""or all there are after so many seconds."""
_IN_FRONT: Final = 6
"""Loads that wait before each lane, so that none stands idle while outcomes are settled or more is read. As many are noted
as sent in one transaction, before any of them is handed over: of what a kill leaves behind of these, nobody knows."""
_UNTOLD: Final = "the target did not tell what became of it"


@dataclass(frozen=True, slots=True)
class Charge:
    """What one target is to be told: `per_minute` deliveries at most, 0 for no limit. `bell` wakes the sync's thread."""

    name: str
    target: Target
    per_minute: int
    manners: Manners
    bell: Callable[[], None]
    progress: Callable[[str, int], None]


class Carrier:
    """Carries one target's stock."""

    def __init__(self, stock: Stock, charge: Charge) -> None:
        self._stock = stock
        self._charge = charge
        self._lanes = Lanes(charge.target, charge.bell)
        self._steering = Steering(charge.target.connections)
        self._pace = Pace(charge.per_minute, charge.manners)
        self._ahead: Iterator[Delivery] = iter(())
        self._is_last = True
        self._ready: deque[Load] = deque()
        self._again: list[tuple[float, Load]] = []
        self._outcomes: list[tuple[Delivery, Outcome]] = []
        self._began = self._settled_at = time.monotonic()
        self._done = 0
        self._total = 0

    def carry(self) -> Turns:
        """Carry all of it, in turns.

        Raises:
            TargetUnavailable: the target is down, or says so; what came back before is settled, the rest stays where it is.
        """
        self._total = self._stock.count()
        try:
            # A later phase is only begun when the outcomes of the one before are known: it may build on them.
            for phase in self._stock.phases():
                for wave in waves(self._stock.pending(phase)):
                    yield from self._wave(wave)
            self._tell_of([(None, one) for one in self._stock.waiting()])
        finally:
            self._wind_up()

    def _wave(self, deliveries: Iterable[Delivery]) -> Turns:
        self._ahead, self._is_last = iter(deliveries), False
        try:
            self._hand_in()
            while not self._is_over():
                yield self._patience()
                self._take_back()
                self._tell()
                self._hand_in()
        except TargetUnavailable:
            # Whoever else is under way comes back first: a call that outlives its run could overtake a later one.
            self._call_back()
            while self._lanes.calling:
                yield _AT_LATEST
                self._tell()
            raise
        self._settle()
        self._tell()

    def _is_over(self) -> bool:
        return self._is_last and not (self._ready or self._again or self._lanes.busy)

    # -- handing in ---------------------------------------------------------------------------------------------------

    def _hand_in(self) -> None:
        """Hand in what may go now: so much that no lane waits for us while we settle."""
        now = time.monotonic()
        self._lanes.limit = self._pace.lanes(self._steering.lanes, now)
        # What is told at a set pace does not pile up before the lanes: it would all be told at once later.
        in_front = min(self._lanes.limit, 1) if self._charge.per_minute else _IN_FRONT * self._lanes.limit
        while self._lanes.waiting < in_front and now >= self._pace.next_at:
            load = self._due(now) or self._fresh()
            if load is None:
                return
            self._lanes.hand_in(load)
            self._pace.handed(len(load.deliveries), now)

    def _due(self, now: float) -> Load | None:
        """What failed before, and may be handed over again."""
        for place, (due, load) in enumerate(self._again):
            if due <= now:
                del self._again[place]
                return load
        return None

    def _fresh(self) -> Load | None:
        """What was not handed over before. Some are noted as sent before the first of them is."""
        if not self._ready and not self._is_last:
            at_once = self._charge.target.at_once
            some = list(islice(self._ahead, at_once * _IN_FRONT * self._steering.lanes))
            self._is_last = not some
            if some:
                self._ready += map(Load, batches(self._stock.hand_over(some), at_once))
        return self._ready.popleft() if self._ready else None

    def _patience(self) -> float:
        """How long to wait for the bell."""
        now = time.monotonic()
        moments = [*(due for due, _ in self._again), self._pace.next_at, self._pace.quiet_until]
        return min([moment - now for moment in moments if moment > now] + [_AT_LATEST])

    # -- taking back --------------------------------------------------------------------------------------------------

    def _take_back(self) -> None:
        for arrival in self._lanes.taken():
            self._sort(arrival)
        if len(self._outcomes) >= _TOGETHER or time.monotonic() - self._settled_at >= _AT_LATEST:
            self._settle()

    def _sort(self, arrival: Arrival) -> None:
        """Part what is over from what is handed over again."""
        over, left = _parted(arrival)
        self._outcomes += over
        if arrival.error and not isinstance(arrival.error, TargetFaltering):
            raise arrival.error
        if over:
            self._pace.came_through()
        if left:
            self._failed(arrival, left)
        else:
            self._steering.answered(sum(len(one.changes) or 1 for one, _ in over), arrival.seconds)

    def _failed(self, arrival: Arrival, left: Sequence[tuple[Delivery, Outcome]]) -> None:
        error, now, load = arrival.error, time.monotonic(), arrival.load
        overloaded = isinstance(error, TargetFaltering) and error.overloaded
        asked = error.pause if isinstance(error, TargetFaltering) else 0.0
        (self._steering.overloaded if overloaded else self._steering.faltered)()
        again_at = self._pace.failed(now, lanes=self._steering.lanes, overloaded=overloaded, asked=asked)
        # Several are never given up together: parted, those that do arrive get away from the one that never does.
        if not overloaded and len(left) == 1 and load.tries + 1 >= self._charge.manners.tries:
            self._outcomes += left
        else:
            loads = load.again([delivery for delivery, _ in left], counts=not overloaded)
            self._again += [(again_at, one) for one in loads]
        if self._pace.is_down(now):
            raise TargetUnavailable(left[0][1].reason)

    # -- settling -----------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        outcomes: list[tuple[Delivery | None, Outcome]] = [*self._outcomes]
        self._outcomes = []
        self._settled_at = time.monotonic()
        self._tell_of(outcomes)

    def _tell_of(self, told: Told) -> None:
        if told:
            self._stock.settle(told)
            self._done += len(told)

    def _tell(self) -> None:
        left = remaining(self._done, self._total, time.monotonic() - self._began)
        self._charge.progress(f"delivering to {self._charge.name}" + (f", {left}" if left else ""), self._done)

    # -- the end ------------------------------------------------------------------------------------------------------

    def _call_back(self) -> None:
        """No call is begun any more, and what was only meant for one is not in doubt."""
        self._lanes.limit = 0
        never = [load for load in (*self._lanes.recall(), *self._ready) if not load.tries]
        self._ready.clear()
        if never:
            self._stock.take_back([one for load in never for one in load.deliveries])

    def _wind_up(self) -> None:
        """However it ended: what came back is settled. Whoever is to end in a hurry does not wait for long."""
        try:
            self._call_back()
            self._lanes.wait(self._charge.manners.grace)
            for arrival in self._lanes.taken():
                self._outcomes += _parted(arrival)[0]
            self._settle()
        finally:
            self._lanes.close()


def _parted(arrival: Arrival) -> tuple[list[tuple[Delivery, Outcome]], list[tuple[Delivery, Outcome]]]:
    """What is over, and what is handed over again."""
    told = {(one.phase, one.id): one for one in arrival.outcomes}
    over: list[tuple[Delivery, Outcome]] = []
    left: list[tuple[Delivery, Outcome]] = []
    for delivery in arrival.load.deliveries:
        outcome = told.get((delivery.phase, delivery.id)) or _untold(delivery, arrival.error)
        final = outcome.delivered or outcome.trouble == "refused"
        (over if final else left).append((delivery, outcome))
    return over, left


def _untold(delivery: Delivery, error: BaseException | None) -> Outcome:
    return Outcome(delivery.id, delivery.phase, delivered=False, reason=str(error or _UNTOLD), trouble="unknown")
