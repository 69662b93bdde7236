"""Does one errand, in the worker thread of its sync: waits for the state, runs, remembers, and tells what came of it.

Syncs of one state never run at once: threads of this process take turns by a lock, processes by the lease.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime

import structlog

from rostersync import run as runs
from rostersync.assembly import Parts, with_lists
from rostersync.daemon.checkup import Checked
from rostersync.daemon.dues import served
from rostersync.daemon.errands import Errand, Outcome, Part
from rostersync.daemon.protocol import Said
from rostersync.daemon.state import held
from rostersync.errors import RostersyncError, StateBusy, Stopping, TryLater, Usage, UserMistake
from rostersync.report import FAILED, MISTAKE, USAGE, to_json, to_text
from rostersync.resyncing import resync, scope_of
from rostersync.state_settings import StateSettings
from rostersync.store import Store
from rostersync.whom import person_of

TURN = 0.5
"""Seconds between two looks at whether the state is free, or whether we are to end."""
PROGRESS = 0.5
"""Seconds between two reports of progress."""

log = structlog.get_logger()


class Runner:
    """Does errands. `stopping` ends whatever runs, between two batches; `note` is told each step for STATUS."""

    def __init__(
        self, clock: Callable[[], datetime], stopping: threading.Event, note: Callable[[str, str], None]
    ) -> None:
        self._clock = clock
        self._stopping = stopping
        self._note = note
        self._turn = threading.Lock()
        self._lists: dict[str, Parts] = {}

    def do(self, errand: Errand, checked: Checked) -> Outcome:
        """Do one errand. What goes wrong and can be explained is an outcome; what cannot is raised."""
        began = time.monotonic()
        try:
            with self._alone(errand, checked.settings.state) as store:
                return self._done(errand, checked, store, began)
        except Stopping as error:
            return Outcome(errand, FAILED, problem=str(error), later=True, stopped=True)
        except TryLater as error:
            return Outcome(errand, FAILED, problem=str(error), later=True)
        except OSError as error:  # a full disk, a folder closed to us
            return Outcome(errand, FAILED, problem=f"the machine would not: {error.strerror}", later=True)
        except RostersyncError as error:
            return Outcome(errand, _code(error), problem=str(error))

    def _done(self, errand: Errand, checked: Checked, store: Store, began: float) -> Outcome:
        if errand.part is None and not errand.run:
            _remember(store, errand.marks)
            return Outcome(errand, 0)
        if errand.run and not errand.why - {"schedule", "full"} and _all_served(store, errand.marks):
            log.info("schedule.served_already", sync=errand.sync)
            return Outcome(replace(errand, run=False), 0)
        errand.tell(Said("started"))
        try:
            parts = self._parts(checked.parts[errand.sync])
            code, text, document = (
                self._run(errand, parts, store) if errand.part is None else self._send_again(errand, parts, store)
            )
        except (Stopping, TryLater, OSError):
            raise
        except RostersyncError:
            # it takes a person: the run is over, and not to be repeated before it is due again
            _remember(store, errand.marks)
            raise
        known = {part.settings.name: store.known.count(part.settings.name) for part in parts.targets}
        took = time.monotonic() - began
        return Outcome(errand, code, text, document, took=took, known=known)

    def _run(self, errand: Errand, parts: Parts, store: Store) -> tuple[int, str, dict[str, object]]:
        now = self._clock()
        if errand.by:
            store.journal.write(now, errand.by, "trigger sync", errand.sync, "asked for over the trigger socket")
        order = runs.Order("sync", full=errand.full)
        report = runs.start(store, parts, order, now, self._progress(errand), remember=errand.marks)
        return report.code, to_text(report), to_json(report)

    def _send_again(self, errand: Errand, parts: Parts, store: Store) -> tuple[int, str, dict[str, object]]:
        part = errand.part or Part("all")
        scope = scope_of(
            store,
            parts,
            person=person_of(store, part.key, number=part.number) if part.kind == "person" else "",
            group=part.key if part.kind == "group" else "",
            school=part.key if part.kind == "school" else "",
        )
        about = scope.id or errand.sync
        store.journal.write(self._clock(), errand.by, f"resync {scope.kind}", about, f"sync {errand.sync}, triggered")
        sent = resync(store, parts, scope, self._progress(errand))
        return sent.code, sent.to_text(), sent.to_json(errand.sync, scope)

    def _parts(self, parts: Parts) -> Parts:
        """The parts with today's local lists; a list that cannot be used leaves those of the last run."""
        name = parts.settings.name
        try:
            self._lists[name] = with_lists(parts)
        except UserMistake as mistake:
            log.error("lists.refused", sync=name, problems=[str(problem) for problem in mistake.problems])
            kept = self._lists.get(name, parts)
            return kept if kept.rules is parts.rules else parts
        return self._lists[name]

    def _progress(self, errand: Errand) -> Callable[[str, int], None]:
        """Called between batches: here is where a run ends that is to end."""
        told = 0.0

        def progress(step: str, count: int) -> None:
            nonlocal told
            self._end_if_asked()
            if time.monotonic() - told >= PROGRESS:
                told = time.monotonic()
                self._note(errand.sync, f"{step} {count:,}")
                errand.tell(Said("progress", step=step, count=count))

        return progress

    # -- the state, held alone --------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self, errand: Errand, state: StateSettings) -> Iterator[Store]:
        with ExitStack() as until_done:
            self._take_turn(errand)
            until_done.callback(self._turn.release)
            yield self._lease(errand, state, until_done)

    def _take_turn(self, errand: Errand) -> None:
        if self._turn.acquire(blocking=False):
            return
        self._wait(errand, "another sync is running on the same state")
        while not self._turn.acquire(timeout=TURN):
            self._end_if_asked()

    def _lease(self, errand: Errand, state: StateSettings, until_done: ExitStack) -> Store:
        """Wait for the state for as long as it takes: whoever has it is at work, or gone with his process."""
        who = f"the daemon, running {errand.sync}; to queue behind it: rostersync trigger {errand.sync}"
        waited = False
        while True:
            self._end_if_asked()
            try:
                return until_done.enter_context(held(state, TURN, who, self._clock))
            except StateBusy as busy:
                if not waited:
                    self._wait(errand, str(busy))
                waited = True

    def _wait(self, errand: Errand, why: str) -> None:
        self._note(errand.sync, "waits for the state")
        errand.tell(Said("waiting", text=why))
        log.info("errand.waits", sync=errand.sync, reason=why)

    def _end_if_asked(self) -> None:
        if self._stopping.is_set():
            raise Stopping(
                "the daemon was asked to end; its next start finishes what this one had begun to deliver, and makes the runs "
                "that are due by schedule; for any other, ask again"
            )


def _all_served(store: Store, marks: Mapping[str, str]) -> bool:
    """Whether another daemon on the same state has made these runs, while we waited for it."""
    return all(served(store.recall(name), mark) for name, mark in marks.items())


def _remember(store: Store, marks: Mapping[str, str]) -> None:
    with store.begin():
        for name, text in marks.items():
            store.remember(name, text)


def _code(error: RostersyncError) -> int:
    return USAGE if isinstance(error, Usage) else MISTAKE if isinstance(error, UserMistake) else FAILED
