"""The second pass of one target: settle each draft against the verdict, deliver what is cleared, and let known follow.

Known moves with its outcome in one transaction, so a kill at any moment leaves a state from which the next run goes on.
A person stays dirty until everything of hers has arrived: what is held, fails or is cut off comes back in the next plan.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from types import MappingProxyType

import structlog

from rostersync.booking import Booking, Delivered, Filled, settled_by
from rostersync.carrying.pace import Manners
from rostersync.carrying.turns import Turns, together
from rostersync.errors import TargetUnavailable
from rostersync.model import Change
from rostersync.planning import TargetPlan, loaded
from rostersync.posting import Posting
from rostersync.settling import Holding
from rostersync.store import Store
from rostersync.store.scratch import Scratch

log = structlog.get_logger()

_kind_and_action = attrgetter("kind", "action")


class _Approved:
    """The verdict on a removal plan that a person approved: nothing is held."""

    def holds(self, _change: Change) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Delivering:
    """Delivers the cleared part of plans in one run. `full`: what a target refused again and again is tried once more."""

    booking: Booking
    progress: Callable[[str, int], None]
    full: bool = False
    manners: Manners = field(default_factory=Manners)
    bell: threading.Event = field(default_factory=threading.Event)

    @property
    def store(self) -> Store:
        """The state."""
        return self.booking.store

    def list_only(self, planned: TargetPlan) -> None:
        """Write down what a plan would do, so that its counts open into lists; deliver nothing."""
        assert planned.verdict is not None  # noqa: S101 - run.py judges every plan
        with self.store.begin():
            for settled in settled_by(planned.scratch, planned.verdict):
                self.booking.list(planned, settled)

    def deliver(
        self, plans: Sequence[TargetPlan], closed: Mapping[str, TargetUnavailable] = MappingProxyType({})
    ) -> list[Delivered]:
        """Deliver to every target that may be delivered to, side by side: none waits for a slower one.

        Those that were found `closed`, by name, are not asked again, and everything of theirs is left for the next run.
        """
        all_delivered = [Delivered(one.part.settings.name, one.part.settings.deliver) for one in plans]
        going = [(plan, one) for plan, one in zip(plans, all_delivered, strict=True) if one.delivering]
        for plan, one in going:
            if one.target in closed:
                self._leave(plan, one, closed[one.target])
        going = [(plan, one) for plan, one in going if one.target not in closed]
        # A set is written in one turn, so it comes first.
        going.sort(key=lambda pair: not pair[0].part.target.whole)
        together([self._deliver(plan, one) for plan, one in going], self.bell)
        return all_delivered

    def _deliver(self, planned: TargetPlan, delivered: Delivered) -> Turns:
        """Deliver what the verdict cleared; then, when all of it arrived, the approved permanent removals."""
        assert planned.verdict is not None  # noqa: S101 - run.py judges every plan before it delivers any
        name = delivered.target
        try:
            planned.part.target.sweep()
        except TargetUnavailable as error:
            self._leave(planned, delivered, error)
            return
        yield from self._hand_over(planned, planned.scratch, planned.verdict, delivered)
        if not delivered.failed and not planned.verdict.held:
            self.store.remember(loaded(name), self.booking.run)
        if planned.removals_due and planned.removal_approved and not delivered.failed:
            yield from self._hand_over(planned, planned.removal_scratch, _Approved(), delivered)
        log.info("plan.delivered", target=name, changes=delivered.counts.total(), failed=delivered.failed)

    def _hand_over(self, planned: TargetPlan, scratch: Scratch, verdict: Holding, delivered: Delivered) -> Turns:
        if planned.part.target.whole:
            self._as_a_set(planned, scratch, verdict, delivered)
        else:
            posting = Posting(self.booking, self.full, self.manners, self.bell, self.progress)
            yield from posting.post(planned, scratch, verdict, delivered)

    def _leave(self, planned: TargetPlan, delivered: Delivered, error: TargetUnavailable) -> None:
        """Nothing can be delivered; what was to happen can still be looked up."""
        assert planned.verdict is not None  # noqa: S101 - run.py judges every plan
        self._note_left(planned, planned.scratch, planned.verdict, delivered, error)

    def _note_left(
        self, planned: TargetPlan, scratch: Scratch, verdict: Holding, delivered: Delivered, error: TargetUnavailable
    ) -> None:
        left = set[str]()
        with self.store.begin():
            for settled in settled_by(scratch, verdict):
                self.booking.list(planned, settled)
                left.update(draft.id for _, draft in settled)
        delivered.stuck |= left
        delivered.failures[str(error)] += len(left)
        log.warning("target.unavailable", target=delivered.target, left=len(left))

    # -- a target that is written as a whole ------------------------------------------------------------------------

    def _as_a_set(self, planned: TargetPlan, scratch: Scratch, verdict: Holding, delivered: Delivered) -> None:
        """A complete set is written anew, once, and only when something changed.

        Known moves, the set is written from it and takes its place, and only then known counts: a kill before that
        leaves known as it was, and a note that the set may be ahead of it.
        """
        name = delivered.target
        if not scratch.empty:
            self.store.known.being_written(name)
        try:
            with self.store.begin():
                counts = self._written(planned, scratch, verdict)
                self.store.known.written(name)
        except TargetUnavailable as error:
            # The old set still stands, and so does known.
            with self.store.begin():
                self.store.known.written(name)
                self._note_left(planned, scratch, verdict, delivered, error)
        else:
            delivered.counts.update(counts)

    def _written(self, planned: TargetPlan, scratch: Scratch, verdict: Holding) -> Counter[tuple[str, str]]:
        """Move known batch by batch, and write the set if anything moved. Gives what was delivered.

        Raises:
            TargetUnavailable: the set could not be written; the old one still stands.
        """
        name, target = planned.part.settings.name, planned.part.target
        counts: Counter[tuple[str, str]] = Counter()
        tallied: Counter[tuple[str, str, str]] = Counter()
        done, last = 0, None
        for settled in settled_by(scratch, verdict):
            filled = Filled(tallied=tallied)
            self.booking.take_down(planned, settled, filled)
            deliveries = [delivery for settlement, _ in settled for delivery in settlement.deliveries]
            self.store.known.settle_many(name, deliveries, self.store.value_digest)
            counts.update(map(_kind_and_action, chain.from_iterable(one.changes for one in deliveries)))
            # All of a person's users are in one batch.
            self.store.cards.clean(name, set(filled.finished.values()) - filled.held - planned.kept_back)
            last = deliveries[-1] if deliveries else last
            self.progress(f"delivering to {name}", done := done + len(deliveries))
        self.booking.count(name, tallied)
        for outcome in target.deliver([last], lambda: self.store.outbox.roster(name)) if last else ():
            if not outcome.delivered:
                raise TargetUnavailable(outcome.reason)
        return counts
