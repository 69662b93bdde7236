"""A plan for a target that takes one object after the other: into the outbox, over the lanes, and what came of it.

What the target refuses is tried again in the next runs. What it has refused as it is in three of them is parked: it is
not handed over again before something else is wanted of it, or a person asks (see `store/refusals.py`).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

import structlog

from rostersync.booking import Booking, Delivered, Filled, settled_by
from rostersync.carrying.carrier import Carrier, Charge
from rostersync.carrying.pace import Manners
from rostersync.carrying.stock import Outgoing, Told
from rostersync.carrying.turns import Turns
from rostersync.errors import TargetUnavailable
from rostersync.guard import Verdict
from rostersync.model import Delivery, Outcome
from rostersync.plan import END, REMOVAL, REVOKE
from rostersync.planning import TargetPlan
from rostersync.settling import Holding
from rostersync.store import Store
from rostersync.store.refusals import Refusal
from rostersync.store.scratch import Scratch

log = structlog.get_logger()

_TAKES_AWAY: Final = (REVOKE, END)
"""Phases in which nothing is ever parked: a target that keeps somebody in is asked every night to let her out."""


@dataclass(frozen=True, slots=True)
class Posting:
    """Posts the plans of one run. `full`: what is parked is tried once more. `bell` wakes the run's thread."""

    booking: Booking
    full: bool
    manners: Manners
    bell: threading.Event
    progress: Callable[[str, int], None]

    @property
    def store(self) -> Store:
        """The state."""
        return self.booking.store

    def post(self, planned: TargetPlan, scratch: Scratch, verdict: Holding, delivered: Delivered) -> Turns:
        """Everything cleared goes into the outbox in one transaction, before anything is delivered."""
        part, name = planned.part, delivered.target
        refusals = _Refusals(self.booking, planned.verdict, delivered, self.store.refusals.of(name))
        with self.store.begin():
            filled = self._filled(planned, scratch, verdict, refusals)
        charge = Charge(name, part.target, part.settings.per_minute, self.manners, self.bell.set, self.progress)
        try:
            yield from Carrier(Outgoing(self.store, name, part.target, refusals.settled), charge).carry()
            refusals.note(everything=True)
        except TargetUnavailable as error:
            left = {one.id for one in self.store.outbox.pending(name)}
            delivered.stuck |= left
            delivered.failures[str(error)] += len(left)
            refusals.note(everything=False)
            log.warning("target.unavailable", target=name, left=len(left))
        clean = {person for object_id, person in filled.finished.items() if object_id not in delivered.stuck}
        stuck = {filled.finished[object_id] for object_id in delivered.stuck if object_id in filled.finished}
        self.store.cards.clean(name, clean - filled.held - planned.kept_back - stuck)

    def _filled(self, planned: TargetPlan, scratch: Scratch, verdict: Holding, refusals: _Refusals) -> Filled:
        filled, name = Filled(), planned.part.settings.name
        met: set[str] = set()
        for settled in settled_by(scratch, verdict):
            met.update(draft.id for _, draft in settled)
            flowing = [one for settlement, _ in settled for one in self._flowing(settlement.deliveries, refusals)]
            self.store.outbox.put(name, self.booking.run, flowing)
            self.booking.take_down(planned, settled, filled, refusals.delivered.parked)
        refusals.forget_all_but(met, removing=scratch is planned.removal_scratch)
        self.booking.count(name, filled.tallied)
        return filled

    def _flowing(self, deliveries: Sequence[Delivery], refusals: _Refusals) -> Iterator[Delivery]:
        """Without what is parked, and what of the same object comes after it."""
        if self.full or not deliveries or deliveries[0].id not in refusals.there:
            return iter(deliveries)
        return takewhile(lambda one: not refusals.park(one), deliveries)


@dataclass(slots=True)
class _Refusals:
    """What becomes of one plan: what arrives, what the target has refused before (`there`), and what it refuses now."""

    booking: Booking
    verdict: Verdict | None
    delivered: Delivered
    there: Mapping[str, Refusal]
    now: dict[str, tuple[Refusal, Outcome]] = field(default_factory=dict)

    def park(self, delivery: Delivery) -> bool:
        """Whether the very same was refused again and again. What takes access away is always tried."""
        before = self.there[delivery.id]
        if delivery.phase in _TAKES_AWAY or not before.parked or before.digest != self._digest(delivery):
            return False
        self.delivered.parked.add(delivery.id)
        return True

    def forget_all_but(self, met: set[str], *, removing: bool) -> None:
        """Nothing is wanted any more of what no plan mentions."""
        gone = [one.id for one in self.there.values() if one.id not in met and (one.phase == REMOVAL) == removing]
        self.booking.store.refusals.drop(self.delivered.target, gone)

    def settled(self, told: Told) -> None:
        """Part what arrived from what did not."""
        tallied: Counter[tuple[str, str, str]] = Counter()
        for delivery, outcome in told:
            if not outcome.delivered:
                self.delivered.stuck.add(outcome.id)
                self.delivered.failures[outcome.reason] += 1
                self._refused(delivery, outcome)
            elif delivery:
                self.delivered.counts.update((change.kind, change.action) for change in delivery.changes)
                tallied.update(self.verdict.tallied(delivery.changes) if self.verdict else ())
                self._arrived(delivery)
        self.booking.arrived(self.delivered.target, tallied)

    def _refused(self, delivery: Delivery | None, outcome: Outcome) -> None:
        if delivery and delivery.phase not in _TAKES_AWAY and outcome.trouble != "passing":
            place = (delivery.id, delivery.phase, delivery.object_kind)
            refusal = Refusal(*place, self._digest(delivery), outcome.reason, self.booking.on)
            self.now[delivery.id] = (refusal, outcome)

    def _arrived(self, delivery: Delivery) -> None:
        """What had been refused has arrived, and what comes after it may have waited for it."""
        before = self.there.get(delivery.id)
        if before and delivery.phase >= before.phase:
            later = [one.id for one in self.there.values() if one.phase > before.phase]
            self.booking.store.refusals.drop(self.delivered.target, [delivery.id, *later])

    def note(self, *, everything: bool) -> None:
        """Write down what was refused; without `everything`, not what went unanswered: the target was down."""
        refused = [one for one, outcome in self.now.values() if everything or outcome.trouble == "refused"]
        self.booking.store.refusals.add(self.delivered.target, refused)

    def _digest(self, delivery: Delivery) -> str:
        return self.booking.store.value_digest(delivery.after) if delivery.after else ""
