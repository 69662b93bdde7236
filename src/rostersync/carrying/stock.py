"""What a carrier carries: where it reads the deliveries, and who is told what became of them. Only the sync's thread asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from rostersync.model import Delivery, Outcome
from rostersync.store import Store
from rostersync.targets import Target

Told = Sequence[tuple[Delivery | None, Outcome]]
"""What became of some deliveries. What was never handed over, because it waited for something that failed, has an outcome
only."""
Settled = Callable[[Told], None]


class Stock(Protocol):
    """The deliveries for one target."""

    def count(self) -> int:
        """How many there are."""
        ...

    def phases(self) -> Iterable[int]:
        """Their phases, in order."""
        ...

    def pending(self, phase: int) -> Iterable[Delivery]:
        """Those of a phase. Asked when all before it have come back, whose outcomes they may build on."""
        ...

    def hand_over(self, some: Sequence[Delivery]) -> Sequence[Delivery]:
        """These are handed over next: note it durably where that matters, and give them as the target needs them."""
        ...

    def take_back(self, some: Sequence[Delivery]) -> None:
        """These were not handed over, after all."""
        ...

    def settle(self, told: Told) -> None:
        """This is what became of some."""
        ...

    def waiting(self) -> Sequence[Outcome]:
        """The outcomes of those that were held back, because something before them failed."""
        ...


class Outgoing:
    """What lies in the outbox for one target. `settled` is told in the transaction in which known moves."""

    def __init__(self, store: Store, name: str, target: Target, settled: Settled) -> None:
        self._store = store
        self._name = name
        self._looks_around = target.looks_around
        self._settled = settled

    def count(self) -> int:
        """See `Stock`."""
        return self._store.outbox.count(self._name)

    def phases(self) -> Iterable[int]:
        """See `Stock`."""
        return self._store.outbox.phases(self._name)

    def pending(self, phase: int) -> Iterable[Delivery]:
        """See `Stock`."""
        return self._store.outbox.pending(self._name, phase)

    def hand_over(self, some: Sequence[Delivery]) -> Sequence[Delivery]:
        """See `Stock`. A kill leaves in doubt what was noted."""
        self._store.outbox.mark_sent(self._name, some)
        return self._store.near.around(self._name, some) if self._looks_around else some

    def take_back(self, some: Sequence[Delivery]) -> None:
        """See `Stock`."""
        self._store.outbox.mark_sent(self._name, some, sent=False)

    def settle(self, told: Told) -> None:
        """See `Stock`."""
        with self._store.begin():
            handed = [delivery for delivery, _ in told if delivery]
            outcomes = [outcome for _, outcome in told]
            self._store.outbox.done(self._name, outcomes, self._store.value_digest, handed)
            self._settled(told)

    def waiting(self) -> Sequence[Outcome]:
        """See `Stock`."""
        return self._store.outbox.waiting(self._name)
