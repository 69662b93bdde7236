"""Decides what is run, and when: looks at the schedules, the folders and what was asked, and hands errands to workers.

Everything here happens in the daemon's one loop; other threads only put something into the tray, or read the view.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from rostersync.daemon.arrivals import Arrivals, folders
from rostersync.daemon.checkup import Checked
from rostersync.daemon.dues import Dues
from rostersync.daemon.errands import Backlog, Errand, Outcome
from rostersync.daemon.protocol import Said, refused
from rostersync.logs import bare
from rostersync.report import FAILED, USAGE

log = structlog.get_logger()
Do = Callable[[Errand, Checked], Outcome]


@dataclass(frozen=True, slots=True)
class SyncView:
    """How one sync fares. `late` is since when it should have run well; `trouble` why its last errand ended badly."""

    next: datetime | None = None
    running: bool = False
    waiting: int = 0
    late: datetime | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """How everything fares, as of one beat of the loop."""

    at: datetime
    syncs: Mapping[str, SyncView] = field(default_factory=dict)


class Attendant:
    """Attends to every sync of a checked config. `do` does an errand in a worker; `heard` is told every outcome.

    `recalled` is what the state remembers: until when each schedule is served, and what arrived last.
    """

    def __init__(
        self,
        checked: Checked,
        recalled: Mapping[str, str],
        do: Do,
        heard: Callable[[Outcome, datetime], None],
        ring: Callable[[], None],
        now: datetime,
    ) -> None:
        self._do, self._heard, self._ring = do, heard, ring
        self._tray: queue.SimpleQueue[Errand] = queue.SimpleQueue()
        self._backlog = Backlog()
        self._workers: dict[str, ThreadPoolExecutor] = {}
        self._running: dict[str, tuple[Errand, Future[Outcome]]] = {}
        self._late: dict[str, datetime] = {}
        self._trouble: dict[str, str] = {}
        self._take_over(checked, recalled, now)

    # -- from other threads -----------------------------------------------------------------------------------------

    def ask(self, errand: Errand) -> None:
        """Put something on the list, from any thread."""
        self._tray.put(errand)
        self._ring()

    # -- the loop ---------------------------------------------------------------------------------------------------

    def take_over(self, checked: Checked, now: datetime) -> None:
        """Go on by another config. What runs ends by the old one; what waits for a sync that is gone is dropped."""
        self._take_over(checked, {**self._dues.marks(), **self._arrivals.seen()}, now)

    def _take_over(self, checked: Checked, recalled: Mapping[str, str], now: datetime) -> None:
        self._checked = checked
        self._dues = Dues(checked.schedules, recalled, now)
        self._arrivals = Arrivals(folders(checked.settings), recalled)
        fresh: dict[str, dict[str, str]] = {}
        for name, mark in self._dues.fresh.items():
            fresh.setdefault(checked.schedules[name].sync, {})[name] = mark
        for sync, marks in fresh.items():
            self._backlog.add(Errand(sync, run=False, marks=marks))
        for sync in self._backlog.syncs():
            if sync not in checked.parts:
                for errand in self._backlog.drop(sync):
                    errand.tell(refused(USAGE, f"the config has no [sync.{sync}] any more"))
        self.view = self._seen(now)

    def beat(self, now: datetime) -> None:
        """One round: hear what has ended, see what is to be done, and begin what can begin."""
        self.collect(now)
        for due in self._dues.owed(now):
            log.info("schedule.due", sync=due.timed.sync, schedule=due.timed.kind, due=due.at.isoformat())
            self._late.setdefault(due.timed.sync, due.at)
            full = due.timed.kind == "full"
            marks = {due.timed.name: due.mark}
            self._backlog.add(Errand(due.timed.sync, full=full, why=frozenset({due.timed.kind}), marks=marks))
        for folder, seen in self._arrivals.new(now):
            log.info("source.arrived", sync=folder.sync, source=folder.source)
            self._backlog.add(Errand(folder.sync, why=frozenset({"arrival"}), marks={folder.name: seen}))
        while not self._tray.empty():
            self._accept(self._tray.get())
        self._begin(now)
        self.view = self._seen(now)

    @property
    def busy(self) -> bool:
        """Whether anything is running now."""
        return bool(self._running)

    def stop(self) -> None:
        """Begin nothing more, and say so to whoever waits."""
        while not self._tray.empty():
            self._backlog.add(self._tray.get())
        for sync in self._backlog.syncs():
            for errand in self._backlog.drop(sync):
                errand.tell(refused(FAILED, "the daemon is ending; ask again when it is back"))
        for worker in self._workers.values():
            worker.shutdown(wait=False)

    # -- what it does ----------------------------------------------------------------------------------------------

    def _accept(self, errand: Errand) -> None:
        if errand.sync not in self._checked.parts:
            there = ", ".join(self._checked.parts)
            errand.tell(refused(USAGE, f"the daemon has no [sync.{errand.sync}]; its syncs are: {there}"))
            return
        behind = len([one for one in self._backlog.syncs() if one == errand.sync]) + (errand.sync in self._running)
        errand.tell(Said("queued", count=behind))
        self._backlog.add(errand)

    def _begin(self, now: datetime) -> None:
        for sync in self._backlog.syncs():
            if sync not in self._running and (errand := self._backlog.take(sync, now)):
                worker = self._workers.setdefault(sync, ThreadPoolExecutor(1, thread_name_prefix=f"sync-{sync}"))
                future = worker.submit(self._do, errand, self._checked)
                self._running[sync] = errand, future
                future.add_done_callback(lambda _: self._ring())

    def collect(self, now: datetime) -> None:
        """Hear what has ended."""
        for sync, (errand, future) in list(self._running.items()):
            if future.done():
                del self._running[sync]
                crash = future.exception()
                self._hear(future.result() if crash is None else _crashed(errand, crash), now)

    def _hear(self, outcome: Outcome, now: datetime) -> None:
        errand = outcome.errand
        if outcome.later and not outcome.stopped and (errand.marks or errand.why - {"trigger"}):
            again = replace(errand.again(now), listeners=(), why=errand.why - {"trigger"}, by="")
            self._backlog.add(again)
            log.warning("errand.postponed", sync=errand.sync, tries=again.tries, reason=outcome.problem)
        self._heard(outcome, now)
        if outcome.problem:
            self._trouble[errand.sync] = outcome.problem
            errand.tell(refused(outcome.code, outcome.problem))
            return
        errand.tell(Said("done", code=outcome.code, text=outcome.text, document=_plain(outcome)))
        if errand.run and outcome.code == FAILED:
            self._trouble[errand.sync] = "every source of the last run was refused or missing: rostersync status"
        elif errand.part is None:
            self._trouble.pop(errand.sync, None)
            if errand.run:
                self._late.pop(errand.sync, None)

    def _seen(self, now: datetime) -> View:
        waiting = self._backlog.sizes()
        syncs = {
            sync: SyncView(
                self._dues.next(sync),
                sync in self._running,
                waiting.get(sync, 0),
                self._late.get(sync),
                self._trouble.get(sync, ""),
            )
            for sync in self._checked.parts
        }
        return View(now, syncs)


def _crashed(errand: Errand, crash: BaseException) -> Outcome:
    """A fault of ours. Its words may hold anything, so only its kind and its place are told."""
    log.error("errand.crashed", sync=errand.sync, crash=bare(crash))
    problem = f"a fault in rostersync itself ended the run ({type(crash).__name__}); the log says where"
    return Outcome(errand, FAILED, problem=problem)


def _plain(outcome: Outcome) -> dict[str, object] | None:
    return dict(outcome.document) if outcome.document is not None else None
