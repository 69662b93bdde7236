"""An LMS for the tests of carrying: it notes who is under way with whom, and does with each call what a test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rostersync.carrying.carrier import Carrier, Charge
from rostersync.carrying.pace import Manners
from rostersync.carrying.stock import Outgoing
from rostersync.carrying.turns import together
from rostersync.model import Delivery, Kind, Outcome
from rostersync.store import Store
from rostersync.targets import Existing, Placed
from tests.store.ledger import LMS

QUICK = Manners(first_pause=0.001, longest_pause=0.01, patience=5, tries=30, grace=5)

Act = Callable[[list[Delivery]], Iterator[Outcome]]


def takes_all(deliveries: Iterable[Delivery]) -> Iterator[Outcome]:
    """What an LMS does that is content."""
    for one in deliveries:
        yield Outcome(one.id, one.phase, delivered=True)


@dataclass
class Lms:
    """`act` does with the deliveries of one call. `calls` is what it was asked, `troubles` what should not be."""

    connections: int = 1
    at_once: int = 5
    act: Act = takes_all
    supports: frozenset[Kind] = frozenset()
    whole: bool = False
    deletes: bool = True
    looks_around: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)
    calls: list[list[Delivery]] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    _under_way: list[Delivery] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, deliveries: Iterable[Delivery], roster: Callable[[], Iterator[Placed]]) -> Iterator[Outcome]:
        asked = list(deliveries)
        self._begin(asked)
        try:
            yield from self.act(asked)
        finally:
            with self._turn:
                for one in asked:
                    self._under_way.remove(one)

    def _begin(self, asked: list[Delivery]) -> None:
        with self._turn:
            there = {one.id for one in self._under_way}
            if there & {one.id for one in asked}:
                self.troubles.append("one object in two calls at once")
            if {one.phase for one in (*asked, *self._under_way)} != {asked[0].phase}:
                self.troubles.append("two phases at once")
            if len(asked) > self.at_once:
                self.troubles.append("too much at once")
            self._under_way += asked
            self.calls.append(asked)
            self.begun.append(time.monotonic())

    def check(self) -> list[str]:
        return []

    def sweep(self) -> None:
        """Nothing is left behind."""

    def existing(self) -> Iterator[Existing]:
        return iter(())

    def close(self) -> None:
        """Nothing is held open."""


@dataclass
class Errand:
    """One carrying of what lies in the outbox. `told` is every outcome in the order in which it became known."""

    store: Store
    target: Lms
    name: str = LMS
    manners: Manners = QUICK
    per_minute: int = 0
    progress: Callable[[str, int], None] = lambda _step, _done: None
    told: list[tuple[Delivery | None, Outcome]] = field(default_factory=list)
    bell: threading.Event = field(default_factory=threading.Event)

    def carrier(self) -> Carrier:
        charge = Charge(self.name, self.target, self.per_minute, self.manners, self.bell.set, self.progress)
        return Carrier(Outgoing(self.store, self.name, self.target, self.told.extend), charge)

    def go(self) -> None:
        together([self.carrier().carry()], self.bell)

    @property
    def failures(self) -> dict[str, str]:
        """Object id -> why it failed."""
        return {one.id: one.reason for _, one in self.told if not one.delivered}
