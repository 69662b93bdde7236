"""The second pass of one target: settle each draft against the verdict, fill the outbox, deliver, and let known follow.

Known moves with its outcome in one transaction, so a kill at any moment leaves a state from which the next run goes on.
A person stays dirty until everything of hers has arrived: what is held, fails or is cut off comes back in the next plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

import structlog

from rostersync.errors import TargetUnavailable
from rostersync.model import Change, Delivery, Draft, Outcome, User
from rostersync.planning import TargetPlan, loaded
from rostersync.settling import Holding, Settlement, settle
from rostersync.store import Store
from rostersync.store.engine import batches
from rostersync.store.runs import Line
from rostersync.store.scratch import Scratch
from rostersync.targets import Target

BATCH = 500
"""Deliveries handed to a target between two commits."""

log = structlog.get_logger()


@dataclass(slots=True)
class Delivered:
    """What became of one target's plan. `counts` are changes by (kind, action), `failures` objects by reason.

    `stuck` are the ids of objects that did not arrive.
    """

    target: str
    delivering: bool = True
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    stuck: set[str] = field(default_factory=set)

    @property
    def failed(self) -> int:
        """How many objects did not arrive."""
        return len(self.stuck)


class _Approved:
    """The verdict on a removal plan that a person approved: nothing is held."""

    def holds(self, _change: Change) -> bool:
        return False


@dataclass(slots=True)
class _Filled:
    """What was settled: whose drafts are settled whole, whose are held in part, and what the guard counts."""

    finished: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    tallied: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Delivering:
    """Delivers the cleared part of plans in one run."""

    store: Store
    run: str
    on: date
    progress: Callable[[str, int], None]

    def list_only(self, planned: TargetPlan) -> None:
        """Write down what a plan would do, so that its counts open into lists; deliver nothing."""
        assert planned.verdict is not None  # noqa: S101 - run.py judges every plan
        with self.store.begin():
            for settled in _settled(planned.scratch, planned.verdict):
                self._list(planned, settled)

    def _list(self, planned: TargetPlan, settled: Sequence[tuple[Settlement, Draft]]) -> None:
        self.store.runs.record(self.run, [line for one, draft in settled for line in _lines(planned, draft, one)])

    def deliver(self, planned: TargetPlan) -> Delivered:
        """Deliver what the verdict cleared; then, when all of it arrived, the approved permanent removals."""
        assert planned.verdict is not None  # noqa: S101 - run.py judges every plan before it delivers any
        name = planned.part.settings.name
        delivered = Delivered(name)
        planned.part.target.sweep()
        hand_over = self._as_a_set if planned.part.target.whole else self._through_the_outbox
        hand_over(planned, planned.scratch, planned.verdict, delivered)
        if not delivered.failed and not planned.verdict.held:
            self.store.remember(loaded(name), self.run)
        if planned.removals_due and planned.removal_approved and not delivered.failed:
            hand_over(planned, planned.removal_scratch, _Approved(), delivered)
        log.info("plan.delivered", target=name, changes=delivered.counts.total(), failed=delivered.failed)
        return delivered

    def _take_down(self, planned: TargetPlan, settled: Sequence[tuple[Settlement, Draft]], filled: _Filled) -> None:
        """What is written of a batch whatever becomes of it: its lines, lives that move by themselves, and counts."""
        target = planned.part.settings.name
        self._list(planned, settled)
        for settlement, draft in settled:
            if settlement.life is not None:
                self.store.known.set_life(target, draft.id, settlement.life)
            value = draft.wanted or (draft.before.value if draft.before else None)
            if isinstance(value, User):
                filled.finished[draft.id] = value.person
                if settlement.held:
                    filled.held.add(value.person)
            filled.tallied.update(planned.verdict.tallied(settlement.cleared) if planned.verdict else {})

    def _count(self, target: str, tallied: Counter[tuple[str, str, str]]) -> None:
        """The end of the transaction in which drafts were settled: what flowed counts in the days to come."""
        self.store.approvals.tally_add(target, self.on, tallied)
        self.store.generation.bump()

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
            # The old set still stands, and so does known; what was to happen can still be looked up.
            with self.store.begin():
                self.store.known.written(name)
                for settled in _settled(scratch, verdict):
                    self._list(planned, settled)
                    delivered.stuck.update(draft.id for _, draft in settled)
            delivered.failures[str(error)] += len(delivered.stuck)
            log.warning("target.unavailable", target=name, left=len(delivered.stuck))
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
        for settled in _settled(scratch, verdict):
            filled = _Filled(tallied=tallied)
            self._take_down(planned, settled, filled)
            deliveries = [delivery for settlement, _ in settled for delivery in settlement.deliveries]
            self.store.known.settle_many(name, deliveries, self.store.value_digest)
            counts.update((change.kind, change.action) for one in deliveries for change in one.changes)
            # All of a person's users are in one batch.
            self.store.cards.clean(name, set(filled.finished.values()) - filled.held - planned.kept_back)
            last = deliveries[-1] if deliveries else last
            self.progress(f"delivering to {name}", done := done + len(deliveries))
        self._count(name, tallied)
        for outcome in target.deliver([last], lambda: self.store.outbox.roster(name)) if last else ():
            if not outcome.delivered:
                raise TargetUnavailable(outcome.reason)
        return counts

    # -- a target that takes one object after the other -------------------------------------------------------------

    def _through_the_outbox(
        self, planned: TargetPlan, scratch: Scratch, verdict: Holding, delivered: Delivered
    ) -> None:
        """Everything cleared goes into the outbox in one transaction, before anything is delivered."""
        name = delivered.target
        filled = _Filled()
        with self.store.begin():
            for settled in _settled(scratch, verdict):
                self.store.outbox.put(
                    name, self.run, [one for settlement, _ in settled for one in settlement.deliveries]
                )
                self._take_down(planned, settled, filled)
            self._count(name, filled.tallied)
        try:
            self._one_by_one(planned.part.target, delivered)
        except TargetUnavailable as error:
            left = {one.id for one in self.store.outbox.pending(name)}
            delivered.stuck |= left
            delivered.failures[str(error)] += len(left)
            log.warning("target.unavailable", target=name, left=len(left))
        clean = {person for object_id, person in filled.finished.items() if object_id not in delivered.stuck}
        stuck = {filled.finished[object_id] for object_id in delivered.stuck if object_id in filled.finished}
        self.store.cards.clean(name, clean - filled.held - planned.kept_back - stuck)

    def _one_by_one(self, target: Target, delivered: Delivered) -> None:
        name = delivered.target
        done = 0
        # A later phase is only begun when the outcomes of the one before are known: it may build on them.
        for _, phase in groupby(self.store.outbox.pending(name), key=lambda delivery: delivery.phase):
            for batch in batches(phase, BATCH):
                self._hand_over(target, batch, delivered)
                done += len(batch)
                self.progress(f"delivering to {name}", done)
        self._settle(delivered, {}, self.store.outbox.waiting(name))

    def _hand_over(self, target: Target, batch: Sequence[Delivery], delivered: Delivered) -> None:
        name = delivered.target
        self.store.outbox.mark_sent(name, [(one.phase, one.id) for one in batch])
        outcomes: list[Outcome] = []
        try:
            outcomes.extend(target.deliver(batch, lambda: self.store.outbox.roster(name)))
        finally:
            # What was told stands, whatever ended the call; the rest stays in the outbox, marked as sent.
            self._settle(delivered, {(one.phase, one.id): one for one in batch}, outcomes)

    def _settle(
        self, delivered: Delivered, batch: dict[tuple[int, str], Delivery], outcomes: Iterable[Outcome]
    ) -> None:
        told = list(outcomes)
        self.store.outbox.done(delivered.target, told, self.store.value_digest)
        for outcome in told:
            if outcome.delivered:
                delivery = batch[outcome.phase, outcome.id]
                delivered.counts.update((change.kind, change.action) for change in delivery.changes)
            else:
                delivered.stuck.add(outcome.id)
                delivered.failures[outcome.reason] += 1


def _settled(scratch: Scratch, verdict: Holding) -> Iterator[list[tuple[Settlement, Draft]]]:
    for drafts in scratch.batches():
        yield [(settle(draft, verdict), draft) for draft in drafts]


def _lines(planned: TargetPlan, draft: Draft, settlement: Settlement) -> Iterator[Line]:
    """One line for each kind of step of an object; what a new user brings along goes without saying."""
    target = planned.part.settings.name
    for result, changes in (("cleared", settlement.cleared), ("held", settlement.held)):
        steps = {(change.kind, change.action): change.reason for change in reversed(changes)}
        if ("person", "create") in steps:
            steps = {("person", "create"): steps["person", "create"]}
        for (kind, action), reason in steps.items():
            yield Line(target, draft.id, kind, action, result, reason)
