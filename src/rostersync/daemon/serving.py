"""`rostersync serve`: from the config to a running service and back to silence.

Start: check, lock, listen, open the state (waiting for it as long as it takes), tell systemd. Then one loop, once a second
or when the bell rings. End: within 20 seconds, between two batches.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

import structlog

from rostersync import logs
from rostersync.config import Settings
from rostersync.daemon import listening, metrics
from rostersync.daemon.arrivals import folders
from rostersync.daemon.attending import Attendant, View
from rostersync.daemon.bell import RELOAD, STOP, Bell
from rostersync.daemon.calling import socket_path
from rostersync.daemon.checkup import Checked, checkup
from rostersync.daemon.errands import Errand, Outcome
from rostersync.daemon.health import Health, StateLook
from rostersync.daemon.locking import alone
from rostersync.daemon.notify import Notifier
from rostersync.daemon.running import Runner
from rostersync.daemon.state import looking
from rostersync.daemon.trigger import Door
from rostersync.errors import TryLater, UserMistake
from rostersync.report import DONE
from rostersync.store import Store

BEAT: Final = 1.0
"""Seconds between two rounds, when nothing rings."""
ENDS_WITHIN: Final = 18.0
"""Seconds that a run is given to come between two batches; what is not there by then is cut off, as by a kill."""

log = structlog.get_logger()


def serve(path: Path, clock: Callable[[], datetime], bell: Bell, environment: Mapping[str, str] = os.environ) -> int:
    """Serve until told to end. Gives the exit code.

    Raises:
        UserMistake: the config is wrong.
        TryLater: the socket or the address is taken, or another daemon serves this state.
        StateBroken: the state cannot be used as it is.
    """
    with bell.listening():
        checked = checkup(path)
        logs.set_up(also=checked.settings.daemon.redact)
        _tell_faults_barely()
        notifier = Notifier(environment)
        service = Service(path, checked, clock, bell, notifier, environment)
        with service.open() as opened:
            if opened:
                service.go()
                service.leave()
    return DONE


class Service:
    """One daemon at work."""

    def __init__(
        self,
        path: Path,
        checked: Checked,
        clock: Callable[[], datetime],
        bell: Bell,
        notifier: Notifier,
        environment: Mapping[str, str],
    ) -> None:
        self._path, self._checked, self._clock, self._bell = path, checked, clock, bell
        self._notifier, self._environment = notifier, environment
        self._stopping = threading.Event()
        self._ledger = metrics.Ledger()
        self._steps: dict[str, str] = {}
        self._refused = ""
        self._worked = False
        self.attendant: Attendant | None = None

    # -- beginning --------------------------------------------------------------------------------------------------

    @contextmanager
    def open(self) -> Iterator[bool]:
        """Take what only one daemon may have, and open the state. False when told to end before it could be opened."""
        settings = self._checked.settings
        path = socket_path(settings, self._environment)
        with ExitStack() as held:
            held.enter_context(alone(settings.state, path))
            door = Door(path, settings.daemon.group, self._ask)
            held.callback(door.end)
            pages = listening.Pages(settings.daemon.listen, self._pages(settings)) if settings.daemon.listen else None
            if pages:
                pages.begin()
                held.callback(pages.end)
            recalled = self._state_opened()
            if recalled is not None:
                self._begin(recalled)
                door.begin()
            yield recalled is not None

    def _begin(self, recalled: Mapping[str, str]) -> None:
        runner = Runner(self._clock, self._stopping, self._note)
        now = self._clock()
        self.attendant = Attendant(self._checked, recalled, runner.do, self._heard, self._bell.ring, now)
        self._notifier.ready(self._status())
        log.info(
            "serve.ready",
            syncs=list(self._checked.parts),
            socket=str(socket_path(self._checked.settings, self._environment)),
        )

    def _state_opened(self) -> Mapping[str, str] | None:
        """What the state remembers; waits for a state that cannot be used yet."""
        tries = 0
        while True:
            try:
                return self._recalled()
            except TryLater as error:
                delay = min(2**tries, 60)
                tries += 1
                log.warning("serve.waits_for_state", reason=str(error), again_in=delay)
                self._notifier.starting(f"waiting for the state, try {tries}: {error}", delay + 30)
                if self._bell.wait(delay) & STOP:
                    return None

    def _recalled(self) -> Mapping[str, str]:
        with looking(self._checked.settings.state, create=True) as store:
            for sync in self._checked.parts:
                self._recall_success(store, sync)
            names = [*self._checked.schedules, *(folder.name for folder in folders(self._checked.settings))]
            return {name: store.recall(name) for name in names}

    def _recall_success(self, store: Store, sync: str) -> None:
        ended = [
            run for run in store.runs.last(10, sync) if run.command == "sync" and run.finished_at and run.code != 1
        ]
        if ended and ended[0].finished_at:
            self._ledger.recall(sync, datetime.fromisoformat(ended[0].finished_at).timestamp())

    # -- the loop ---------------------------------------------------------------------------------------------------

    def go(self) -> None:
        """Go round until told to end."""
        assert self.attendant is not None  # noqa: S101 - `open` made it
        while True:
            self.attendant.beat(self._clock())
            self._notifier.status(self._status())
            self._notifier.alive()
            self._tidy()
            signals = self._bell.wait(BEAT)
            if signals & STOP:
                return
            if signals & RELOAD:
                self._reload()

    def _reload(self) -> None:
        """Take over the config on the disk if `check` would find no fault in it; keep the old one otherwise."""
        assert self.attendant is not None  # noqa: S101 - only called from the loop
        self._notifier.reloading()
        try:
            checked = checkup(self._path)
            _refuse_moved(self._checked.settings, checked.settings)
        except UserMistake as mistake:
            self._refused = "; ".join(str(problem) for problem in mistake.problems)
            log.error("serve.reload_refused", problems=[str(problem) for problem in mistake.problems])
        else:
            self._refused = ""
            self._checked = checked
            self.attendant.take_over(checked, self._clock())
            log.info("serve.reloaded", syncs=list(checked.parts))
        self._notifier.ready(self._status())

    def _heard(self, outcome: Outcome, now: datetime) -> None:
        self._ledger.add(outcome, now.timestamp())
        self._steps.pop(outcome.errand.sync, None)
        self._worked = True
        told = log.warning if outcome.problem else log.info
        told(
            "errand.ended",
            sync=outcome.errand.sync,
            why=sorted(outcome.errand.why),
            code=outcome.code,
            seconds=round(outcome.took, 1),
            problem=outcome.problem,
        )

    def _tidy(self) -> None:
        """Give back what a run took, so that an idle daemon is small."""
        if self._worked and self.attendant and not self.attendant.busy:
            self._worked = False
            gc.collect()
            trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
            if trim:
                trim(0)

    # -- ending -----------------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """End what runs between two batches. What does not get there in time is cut off: the next start goes on."""
        self._stopping.set()
        self._notifier.stopping("ending; a run ends between two batches")
        until = time.monotonic() + ENDS_WITHIN
        while self.attendant and self.attendant.busy and time.monotonic() < until:
            self._bell.wait(0.2)
            self.attendant.collect(self._clock())
            self._notifier.alive()
        if self.attendant:
            self.attendant.stop()
        log.info("serve.ended")
        if self.attendant and self.attendant.busy:
            log.warning("serve.run_cut_off")
            sys.stderr.flush()
            os._exit(DONE)  # a thread that cannot be ended would hold us; a kill is what the state is made to bear

    # -- what others see --------------------------------------------------------------------------------------------

    def _pages(self, settings: Settings) -> dict[str, listening.Page]:
        health = Health(
            lambda: self.attendant.view if self.attendant else View(self._clock()),
            StateLook(settings.state),
            lambda: self._refused,
            settings.daemon.late_after,
            self._clock,
        )

        def alive() -> tuple[HTTPStatus, str, str]:
            return listening.as_json(ok=health.alive(), document={"alive": health.alive()})

        def ready() -> tuple[HTTPStatus, str, str]:
            ok, document = health.report()
            return listening.as_json(ok=ok, document=document)

        def counted() -> tuple[HTTPStatus, str, str]:
            return HTTPStatus.OK, metrics.CONTENT_TYPE, self._ledger.text(health.view(), accepted=not self._refused)

        return {"/healthz": alive, "/readyz": ready, "/metrics": counted}

    def _status(self) -> str:
        """One sentence for `systemctl status`."""
        assert self.attendant is not None  # noqa: S101 - nothing is told before it is there
        view = self.attendant.view
        running = [f"{sync}: {self._steps.get(sync, 'begins')}" for sync, one in view.syncs.items() if one.running]
        coming = [f"{sync} {_local(one.next, self._checked, sync)}" for sync, one in view.syncs.items() if one.next]
        trouble = [f"{sync}: {one.trouble}" for sync, one in view.syncs.items() if one.trouble]
        refused = [f"config refused, the old one goes on: {self._refused}"] if self._refused else []
        idle = [f"next {', '.join(coming)}" if coming else "waiting to be asked"] if not running else []
        return "; ".join([*refused, *running, *idle, *trouble])[:400]

    def _ask(self, errand: Errand) -> None:
        if self.attendant:
            self.attendant.ask(errand)

    def _note(self, sync: str, step: str) -> None:
        self._steps[sync] = step
        self._bell.ring()


def _tell_faults_barely() -> None:
    """A fault of ours, in whatever thread, is logged by kind and place: its words could name somebody."""
    sys.excepthook = lambda _kind, error, _trace: log.critical("serve.crashed", crash=logs.bare(error))
    threading.excepthook = lambda told: (
        log.critical("serve.thread_crashed", crash=logs.bare(told.exc_value)) if told.exc_value else None
    )


def _local(moment: datetime, checked: Checked, sync: str) -> str:
    return f"{moment.astimezone(checked.settings.syncs[sync].zone):%Y-%m-%d %H:%M}"


def _refuse_moved(old: Settings, new: Settings) -> None:
    """What is opened once, at the start, cannot be changed while it is open.

    Raises:
        UserMistake: the state, the socket, its group or the address were changed.
    """
    if old.state != new.state:
        raise UserMistake(["[state] was changed; that takes a restart, not a reload"])
    if old.daemon != new.daemon:
        raise UserMistake(["[daemon] was changed; that takes a restart, not a reload"])
