"""One sync run, top to bottom: take in the sources, plan every target, judge, deliver what is cleared, report."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

import msgspec
import structlog

from rostersync.assembly import Parts, TargetPart
from rostersync.booking import Booking, Delivered
from rostersync.collecting import collecting_seldom
from rostersync.delivering import Delivering
from rostersync.errors import NotOurs, TargetUnavailable
from rostersync.locallists import resolve
from rostersync.planning import Planning, TargetPlan
from rostersync.report import RunReport, SourceReport, to_json
from rostersync.reporting import Findings, combined, report_of
from rostersync.sourcing import Taking
from rostersync.store import Store
from rostersync.store.scratch import Scratch

Progress = Callable[[str, int], None]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of one run.

    `expected` (apply) delivers only a plan with that digest; `new_site` (sync) delivers into a target that holds users
    we did not make.
    """

    command: Literal["plan", "sync", "apply"]
    full: bool = False
    new_site: bool = False
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one sync. `on` is the school date it works for."""

    store: Store
    parts: Parts
    order: Order
    id: str
    now: datetime
    on: date
    progress: Progress

    def go(self) -> RunReport:
        """Do the run and tell what came of it.

        Raises:
            NotOurs: a target is not empty, and nothing in it was created or adopted by us.
            StateBroken: the state cannot be used.
        """
        self.recover()
        sources = self.take_in()
        with ExitStack() as parked:
            plans = [self.plan(part, parked) for part in self.parts.targets]
            self.judge(plans)
            delivered = self.deliver_all(plans)
            for plan in plans:
                plan.rest()
            command = self.order.command
            return report_of(Findings(self.store, self.parts, command, self.id, self.on, sources, plans, delivered))

    def recover(self) -> None:
        """What an earlier run was killed over is written into known as uncertain, so that it is sent again."""
        for part in self.parts.targets:
            name = part.settings.name
            if unsure := self.store.outbox.recover(name) + self.store.known.recover(name):
                log.warning("run.recovered", target=name, uncertain=unsure)
            self._notice_new_rules(name)

    def _notice_new_rules(self, target: str) -> None:
        """A new role model, local list or setting can change anybody: everybody is looked at again."""
        remembered = f"rules.{self.parts.settings.name}.{target}"
        if self.store.recall(remembered) != self.parts.digest:
            with self.store.begin():
                self.store.cards.mark_dirty(target, None, self.now)
                self.store.remember(remembered, self.parts.digest)

    def take_in(self) -> tuple[SourceReport, ...]:
        """Read every source; `apply` delivers what is known already and reads none."""
        if self.order.command == "apply":
            return ()
        taking = Taking(
            self.store,
            self.id,
            self.now,
            self.parts.settings.guard,
            self.parts.fed,
            self.order.full,
            self.progress,
        )
        return taking.take_all(self.parts.sources)

    def plan(self, part: TargetPart, parked: ExitStack) -> TargetPlan:
        """Desired against known at one target: the main plan and the plan of permanent removals."""
        find = self.store.cards.find
        planning = Planning(
            store=self.store,
            parts=self.parts,
            lists=resolve(self.parts.grants, self.parts.consents, find),
            on=self.on,
            now=self.now,
            full=self.order.full,
            restored_backup=self.store.generation.restored(),
            progress=self.progress,
        )
        return planning.plan(part, parked.enter_context(Scratch()), parked.enter_context(Scratch()))

    def judge(self, plans: list[TargetPlan]) -> None:
        """Gate 2 for every target, before anything is delivered to any."""
        approved = set(self.store.approvals.approvals(self.parts.settings.name, self.now))
        for together in _together(plans):
            if together.digest in approved:
                approved |= together.stands_for
        for plan in plans:
            plan.judge(self.store, self.parts.settings.guard, self.on, approved)
        self._remember(plans)

    def _remember(self, plans: list[TargetPlan]) -> None:
        """Every digest that a person may approve or apply is remembered with the sync it belongs to."""
        name = self.parts.settings.name
        with self.store.begin():
            for one in _together(plans):
                self.store.approvals.remember_plan(one.digest, name, one.purpose, self.id, self.now, one.text)
            for plan in plans:
                for purpose, digest, text in plan.approvable():
                    self.store.approvals.remember_plan(digest, name, purpose, self.id, self.now, text)

    def deliver_all(self, plans: list[TargetPlan]) -> list[Delivered]:
        """Deliver the cleared changes to every target; when planning, only write down what they would be."""
        delivering = Delivering(Booking(self.store, self.id, self.on), self.progress, self.order.full)
        if not self._may_deliver(plans):
            for plan in plans:
                delivering.list_only(plan)
            return []
        closed: dict[str, TargetUnavailable] = {}
        for plan in plans:
            try:
                self._refuse_foreign(plan.part)
            except TargetUnavailable as error:  # the others are told all the same
                closed[plan.part.settings.name] = error
        return delivering.deliver(plans, closed)

    def _may_deliver(self, plans: list[TargetPlan]) -> bool:
        """Not when planning; and `apply` delivers only the very plan it was given."""
        there = {digest for plan in plans for digest in plan.digests()} | {one.digest for one in _together(plans)}
        if self.order.expected and self.order.expected not in there:
            log.warning("plan.moved", expected=self.order.expected[:12])
            return False
        return self.order.command != "plan"

    def _refuse_foreign(self, part: TargetPart) -> None:
        name = part.settings.name
        ours = not self.store.known.is_empty(name) or self.store.known.may_be_behind(name)
        if not part.settings.deliver or self.order.new_site or ours:
            return
        if next(part.target.existing(), None) is not None:
            sync = self.parts.settings.name
            raise NotOurs(
                f"target {name} already holds users that rostersync did not create. Take them over: "
                f"rostersync adopt {sync} --keys FILE; or, if they may be replaced: rostersync sync {sync} --new-site"
            )


class _Together(NamedTuple):
    """What a report prints as one digest for several targets, and the digests that it stands for."""

    purpose: str
    digest: str
    text: str
    stands_for: frozenset[str]


def _together(plans: Sequence[TargetPlan]) -> Iterator[_Together]:
    if len(plans) > 1:
        digests = [plan.entries.digest for plan in plans]
        yield _Together("plan", combined(digests), "the whole plan for every target", frozenset(digests))
    due = [plan for plan in plans if plan.removals_due]
    if len(due) > 1:
        digests = [plan.removals.digest for plan in due]
        users = sum(plan.removals_due for plan in due)
        text = f"permanent removal of {users} users at {len(due)} targets"
        yield _Together("removal", combined(digests), text, frozenset(digests))


def start(
    store: Store,
    parts: Parts,
    order: Order,
    now: datetime,
    progress: Progress,
    *,
    remember: Mapping[str, str] = MappingProxyType({}),
) -> RunReport:
    """Record, do and report one run.

    `remember` are texts that the state is to recall once the run has ended, and never if it is cut off.
    """
    local = now.astimezone(parts.settings.zone)
    run = Run(
        store=store,
        parts=parts,
        order=order,
        id=f"{local.isoformat(timespec='seconds')}-{secrets.token_hex(4)}",
        now=now,
        on=local.date(),
        progress=progress,
    )
    store.runs.start(run.id, parts.settings.name, order.command, now)
    log.info("run.started", run=run.id, sync=parts.settings.name, command=order.command)
    with collecting_seldom():
        report = run.go()
    with store.begin():
        store.runs.finish(run.id, report.code, msgspec.json.encode(to_json(report)).decode(), now)
        for name, text in remember.items():
            store.remember(name, text)
    log.info("run.finished", run=run.id, code=report.code, verdict=report.verdict)
    return report
