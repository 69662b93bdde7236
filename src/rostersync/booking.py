"""What is written down of a plan while its drafts are settled: lists, lives that move by themselves, and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from rostersync.model import Draft, User
from rostersync.planning import TargetPlan
from rostersync.settling import Holding, Settlement, settle
from rostersync.store import Store
from rostersync.store.runs import Line
from rostersync.store.scratch import Scratch

Settled = Sequence[tuple[Settlement, Draft]]


@dataclass(slots=True)
class Delivered:
    """What became of one target's plan. `counts` are changes by (kind, action), `failures` objects by reason.

    `stuck` are the ids of objects that did not arrive; `parked` those that were not even tried, because the target has
    refused them as they are again and again.
    """

    target: str
    delivering: bool = True
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    stuck: set[str] = field(default_factory=set)
    parked: set[str] = field(default_factory=set)

    @property
    def failed(self) -> int:
        """How many objects did not arrive."""
        return len(self.stuck)


@dataclass(slots=True)
class Filled:
    """What was settled: whose drafts are settled whole, whose are held in part, and what the guard counts already."""

    finished: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    tallied: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Booking:
    """The books of one run, on one date."""

    store: Store
    run: str
    on: date

    def list(self, planned: TargetPlan, settled: Settled) -> None:
        """Write down what happens to each object, or would, so that counts open into lists."""
        self.store.runs.record(self.run, [line for one, draft in settled for line in _lines(planned, draft, one)])

    def take_down(
        self, planned: TargetPlan, settled: Settled, filled: Filled, parked: Collection[str] = frozenset()
    ) -> None:
        """What is written of a batch whatever becomes of it. What is `parked` counts as held.

        The guard counts a change once, when it has arrived: a set arrives in this very transaction, of what is delivered by
        and by only what nothing has to be delivered for.
        """
        target, whole = planned.part.settings.name, planned.part.target.whole
        self.list(planned, settled)
        for settlement, draft in settled:
            if settlement.life is not None:
                self.store.known.set_life(target, draft.id, settlement.life)
            value = draft.wanted or (draft.before.value if draft.before else None)
            if isinstance(value, User):
                filled.finished[draft.id] = value.person
                if settlement.held or draft.id in parked:
                    filled.held.add(value.person)
            if planned.verdict and draft.id not in parked:
                arrived = settlement.cleared if whole else settlement.undelivered
                filled.tallied.update(planned.verdict.tallied(arrived))

    def count(self, target: str, tallied: Counter[tuple[str, str, str]]) -> None:
        """The end of the transaction in which drafts were settled: what arrived counts in the days to come."""
        self.arrived(target, tallied)
        self.store.generation.bump()

    def arrived(self, target: str, tallied: Counter[tuple[str, str, str]]) -> None:
        """The guard counts this from now on, in the caller's transaction."""
        if tallied:
            self.store.approvals.tally_add(target, self.on, tallied)


def settled_by(scratch: Scratch, verdict: Holding) -> Iterator[list[tuple[Settlement, Draft]]]:
    """The drafts of a plan, settled against a verdict, batch by batch."""
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
