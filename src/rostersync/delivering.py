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
    """What went into the outbox: whose drafts are settled whole, whose are held in part, and what the guard counts."""

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
                lines = [line for one, draft in settled for line in _lines(planned, draft, one)]
                self.store.runs.record(self.run, lines)

    def deliver(self, planned: TargetPlan) -> Delivered:
        """Deliver what the verdict cleared; then, when all of it arrived, the approved permanent removals."""
        assert planned.verdict is not None  # noqa: S101 - run.py judges every plan before it delivers any
        name = planned.part.settings.name
        delivered = Delivered(name)
        planned.part.target.sweep()
        filled = self._fill(planned, planned.scratch, planned.verdict)
        self._drain(planned.part.target, delivered)
        if not delivered.failed and not planned.verdict.held:
            self.store.remember(loaded(name), self.run)
        clean = {person for object_id, person in filled.finished.items() if object_id not in delivered.stuck}
        self.store.cards.clean(name, clean - filled.held - planned.kept_back - self._stuck_persons(filled, delivered))
        if planned.removals_due and planned.removal_approved and not delivered.failed:
            self._fill(planned, planned.removal_scratch, _Approved())
            self._drain(planned.part.target, delivered)
        log.info("plan.delivered", target=name, changes=delivered.counts.total(), failed=delivered.failed)
        return delivered

    @staticmethod
    def _stuck_persons(filled: _Filled, delivered: Delivered) -> set[str]:
        return {filled.finished[object_id] for object_id in delivered.stuck if object_id in filled.finished}

    # -- first the outbox -------------------------------------------------------------------------------------------

    def _fill(self, planned: TargetPlan, scratch: Scratch, verdict: Holding) -> _Filled:
        """Everything cleared goes into the outbox in one transaction, before anything is delivered."""
        name = planned.part.settings.name
        filled = _Filled()
        with self.store.begin():
            for settled in _settled(scratch, verdict):
                self.store.outbox.put(
                    name, self.run, [one for settlement, _ in settled for one in settlement.deliveries]
                )
                self.store.runs.record(
                    self.run, [line for one, draft in settled for line in _lines(planned, draft, one)]
                )
                for settlement, draft in settled:
                    self._note(name, settlement, draft, filled)
                    filled.tallied.update(planned.verdict.tallied(settlement.cleared) if planned.verdict else {})
            self.store.approvals.tally_add(name, self.on, filled.tallied)
            self.store.generation.bump()
        return filled

    def _note(self, target: str, settlement: Settlement, draft: Draft, filled: _Filled) -> None:
        if settlement.life is not None:
            self.store.known.set_life(target, draft.id, settlement.life)
        value = draft.wanted or (draft.before.value if draft.before else None)
        if isinstance(value, User):
            filled.finished[draft.id] = value.person
            if settlement.held:
                filled.held.add(value.person)

    # -- then the target --------------------------------------------------------------------------------------------

    def _drain(self, target: Target, delivered: Delivered) -> None:
        """Hand over everything in the outbox. What a target cannot take now stays stuck; nothing is lost by it."""
        try:
            if target.whole:
                self._whole(target, delivered)
            else:
                self._one_by_one(target, delivered)
        except TargetUnavailable as error:
            left = {one.id for one in self.store.outbox.pending(delivered.target)}
            delivered.stuck |= left
            delivered.failures[str(error)] += len(left)
            log.warning("target.unavailable", target=delivered.target, left=len(left))

    def _whole(self, target: Target, delivered: Delivered) -> None:
        """A complete set is written anew, once, and only when something changed; known moves after the rename."""
        name = delivered.target
        if next(self.store.outbox.pending(name), None) is None:
            return
        # A kill between the rename and the commit after it leaves a set that known does not know of.
        self.store.outbox.mark_sent(name, None)
        counts: Counter[tuple[str, str]] = Counter()

        def counted() -> Iterator[Delivery]:
            for delivery in self.store.outbox.pending(name):
                counts.update((change.kind, change.action) for change in delivery.changes)
                yield delivery

        for done, outcome in enumerate(target.deliver(counted(), lambda: self.store.outbox.roster(name)), 1):
            if not outcome.delivered:
                raise TargetUnavailable(outcome.reason)
            if done % BATCH == 0:
                self.progress(f"delivering to {name}", done)
        self.store.outbox.settle_all(name, self.store.value_digest)
        delivered.counts.update(counts)

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
