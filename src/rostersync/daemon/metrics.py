"""What the daemon counts, in the Prometheus text format 0.0.4. Labels are names from the config; no school, no person."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rostersync import __version__
from rostersync.daemon.attending import View
from rostersync.daemon.errands import Outcome
from rostersync.report import FAILED

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]
_HELP: Final = {
    "runs_total": ("counter", "Runs that ended, by exit code."),
    "run_seconds_total": ("counter", "Seconds that runs took."),
    "run_seconds": ("gauge", "Seconds that the last run took."),
    "last_run_timestamp_seconds": ("gauge", "When the last run ended."),
    "last_success_timestamp_seconds": ("gauge", "When the last run ended that did not fail."),
    "resyncs_total": ("counter", "Parts sent again, by exit code."),
    "postponed_total": ("counter", "Errands put off because something was unavailable."),
    "changes_total": ("counter", "Changes delivered."),
    "undelivered_total": ("counter", "Objects that could not be delivered."),
    "held_changes": ("gauge", "Changes that waited for a person after the last run."),
    "fragments_total": ("counter", "Elements of exports: skipped as unchanged, or read."),
    "rejected_records": ("gauge", "Records rejected in the last reading."),
    "source_accepted": ("gauge", "Whether the last run accepted the source: 1 or 0."),
    "known_objects": ("gauge", "Objects that a target holds."),
    "queue": ("gauge", "Errands that wait."),
    "running": ("gauge", "Whether the sync is running: 1 or 0."),
    "next_due_timestamp_seconds": ("gauge", "When the sync is due next."),
    "config_accepted": ("gauge", "Whether the config on the disk is the one in use: 1 or 0."),
    "build_info": ("gauge", "The version."),
}


class Ledger:
    """Counts what comes of errands. Written by the loop, read by whoever asks over HTTP."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[tuple[str, Labels]] = Counter()
        self._stood: dict[tuple[str, Labels], float] = {}
        self._set("build_info", 1, version=__version__)

    def add(self, outcome: Outcome, at: float) -> None:
        """Count one outcome, that ended at this moment (seconds since 1970)."""
        sync = outcome.errand.sync
        with self._lock:
            if outcome.later:
                self._count("postponed_total", 1, sync=sync)
            elif outcome.errand.part:
                self._count("resyncs_total", 1, sync=sync, exit=str(outcome.code))
            elif outcome.errand.run:
                self._run(sync, outcome, at)

    def recall(self, sync: str, at: float) -> None:
        """When a sync last ended well, as the state knows it from before this process."""
        with self._lock:
            self._set("last_success_timestamp_seconds", at, sync=sync)

    def text(self, view: View, *, accepted: bool) -> str:
        """Everything, one metric after the other."""
        with self._lock:
            rows = {**self._counted, **self._stood}
        rows["config_accepted", ()] = float(accepted)
        for sync, one in view.syncs.items():
            labels = (("sync", sync),)
            rows["queue", labels] = one.waiting
            rows["running", labels] = float(one.running)
            if one.next:
                rows["next_due_timestamp_seconds", labels] = one.next.timestamp()
        return "\n".join(_lines(rows)) + "\n"

    # -- one run ----------------------------------------------------------------------------------------------------

    def _run(self, sync: str, outcome: Outcome, at: float) -> None:
        self._count("runs_total", 1, sync=sync, exit=str(outcome.code))
        self._count("run_seconds_total", outcome.took, sync=sync)
        self._set("run_seconds", outcome.took, sync=sync)
        self._set("last_run_timestamp_seconds", at, sync=sync)
        if outcome.code != FAILED and not outcome.problem:
            self._set("last_success_timestamp_seconds", at, sync=sync)
        for target, number in outcome.known.items():
            self._set("known_objects", number, target=target)
        if outcome.document is not None:
            self._report(sync, outcome.document)

    def _report(self, sync: str, report: Mapping[str, Any]) -> None:
        for kind, actions in report.get("delivered", {}).items():
            for action, number in actions.items():
                self._count("changes_total", number, sync=sync, kind=kind, action=action)
        self._count("undelivered_total", report.get("failed", 0), sync=sync)
        held: Counter[tuple[str, str, str]] = Counter()
        for one in report.get("held", ()):
            held[one["target"], one["kind"], one["action"]] += one["count"]
        self._forget("held_changes", sync)
        for (target, kind, action), number in held.items():
            self._set("held_changes", number, sync=sync, target=target, kind=kind, action=action)
        for source, one in report.get("sources", {}).items():
            self._set("source_accepted", float(one["accepted"]), sync=sync, source=source)
            skipped = one.get("skipped", 0)
            self._count("fragments_total", skipped, sync=sync, source=source, result="skipped")
            self._count("fragments_total", one.get("read", 0) - skipped, sync=sync, source=source, result="read")
            if one["accepted"] and not one.get("repeat"):
                self._set("rejected_records", one["rejected"], sync=sync, source=source)

    def _count(self, name: str, number: float, **labels: str) -> None:
        self._counted[name, tuple(labels.items())] += number  # type: ignore[assignment]  # seconds are counted too

    def _set(self, name: str, number: float, **labels: str) -> None:
        self._stood[name, tuple(labels.items())] = number

    def _forget(self, name: str, sync: str) -> None:
        for key in [key for key in self._stood if key[0] == name and ("sync", sync) in key[1]]:
            del self._stood[key]


def _lines(rows: Mapping[tuple[str, Labels], float]) -> Iterator[str]:
    for name, (kind, told) in _HELP.items():
        mine = sorted((labels, number) for (row, labels), number in rows.items() if row == name)
        if mine:
            yield f"# HELP rostersync_{name} {told}"
            yield f"# TYPE rostersync_{name} {kind}"
        for labels, number in mine:
            yield f"rostersync_{name}{_written(labels)} {number:.15g}"
    yield "# HELP process_resident_memory_bytes Memory in use."
    yield "# TYPE process_resident_memory_bytes gauge"
    yield f"process_resident_memory_bytes {resident()}"
    yield "# HELP process_cpu_seconds_total CPU time used."
    yield "# TYPE process_cpu_seconds_total counter"
    yield f"process_cpu_seconds_total {time.process_time():.3f}"


def _written(labels: Labels) -> str:
    told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{told}}}" if told else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def resident() -> int:
    """Bytes of memory that this process has in use."""
    from resource import getpagesize

    with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123 - a file of the kernel
        return int(pages.read().split()[1]) * getpagesize()
