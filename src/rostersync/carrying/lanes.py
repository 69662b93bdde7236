"""The threads that call one target. They know neither state nor plan: deliveries go in, and what became of them comes out."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rostersync.carrying.loads import Load
from rostersync.model import Outcome, Placed
from rostersync.targets import Target


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came back of one call: the outcomes it told, what ended it if not its own end, and how many seconds it took."""

    load: Load
    outcomes: Sequence[Outcome]
    error: BaseException | None
    seconds: float


class Lanes:
    """The lanes of one target. `bell` is rung whenever something came back.

    `limit` lanes call at the same time; with 0, what was handed in waits.
    """

    def __init__(self, target: Target, bell: Callable[[], None]) -> None:
        self._target = target
        self._bell = bell
        lock = threading.Lock()
        self._turn = threading.Condition(lock)
        self._idle = threading.Condition(lock)
        self._handed: deque[Load] = deque()
        self._back: deque[Arrival] = deque()
        self._threads: list[threading.Thread] = []
        self._limit = 0
        self._calling = 0
        self._closed = False

    @property
    def limit(self) -> int:
        """How many may call at the same time."""
        return self._limit

    @limit.setter
    def limit(self, lanes: int) -> None:
        if lanes == self._limit:
            return
        with self._turn:
            self._limit = lanes
            self._turn.notify_all()
        for _ in range(lanes - len(self._threads)):
            # A call that hangs must not keep the process from ending: the next run sends again what it carried.
            self._threads.append(threading.Thread(target=self._work, name="lane", daemon=True))
            self._threads[-1].start()

    @property
    def waiting(self) -> int:
        """How many loads were handed in and are not begun."""
        return len(self._handed)

    @property
    def calling(self) -> bool:
        """Whether a call is under way."""
        return self._calling > 0

    @property
    def busy(self) -> bool:
        """Whether anything is still to come back."""
        with self._turn:
            return bool(self._handed or self._calling or self._back)

    def hand_in(self, load: Load) -> None:
        """Have a load carried as soon as a lane is free."""
        with self._turn:
            self._handed.append(load)
            self._turn.notify()

    def taken(self) -> Iterator[Arrival]:
        """What has come back, without waiting for more."""
        while self._back:
            yield self._back.popleft()

    def recall(self) -> list[Load]:
        """Take back what was handed in and is not begun."""
        with self._turn:
            loads = list(self._handed)
            self._handed.clear()
            return loads

    def wait(self, seconds: float) -> None:
        """Wait until no call is under way, but not longer."""
        with self._idle:
            self._idle.wait_for(lambda: not self._calling, timeout=seconds)

    def close(self) -> None:
        """Let the threads go. Whoever is in a call goes when it ends."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()

    # -- in the threads -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (load := self._next()) is not None:
            arrival = self._carried(load)
            with self._turn:
                self._back.append(arrival)
                self._calling -= 1
                # No lane is woken: what is handed in next is begun by this one, or by whom `hand_in` wakes.
                self._idle.notify_all()
            self._bell()

    def _next(self) -> Load | None:
        with self._turn:
            self._turn.wait_for(lambda: self._closed or (self._handed and self._calling < self._limit))
            if self._closed:
                return None
            self._calling += 1
            return self._handed.popleft()

    def _carried(self, load: Load) -> Arrival:
        began = time.monotonic()
        outcomes: list[Outcome] = []
        error: BaseException | None = None
        try:
            # What was told before an error stands, so it is taken one by one.
            for one in self._target.deliver(load.deliveries, _unreadable):
                outcomes.append(one)  # noqa: PERF402 - what came before a failure is kept
        except BaseException as caught:  # raised again, in the thread of the sync, by whoever takes it back
            error = caught
        return Arrival(load, outcomes, error, time.monotonic() - began)


def _unreadable() -> Iterator[Placed]:
    """The state is not read by the threads; see `Target.deliver`."""
    return iter(())
