"""One process: what it used of the processor, how long it took, and the most memory it held.

CPU is what the kernel counted, user and system, with the children that it waited for. Memory is VmHWM, the high-water mark
that begins with the program itself; ru_maxrss would begin with whatever its parent held. Where a program has children the
marks of those alive at one moment are added, so pages that they share count twice. The mark is read every 10 ms, after the
first seconds every 50.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

ROOT = Path(__file__).resolve().parents[1]
_PAUSE, _LONGER_PAUSE, _LONG = 0.01, 0.05, 5.0
_REPEATS, _ENOUGH = 3, 3.0


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one process took: seconds, and MB (10^6 bytes) at its peak. `server` is the database server's CPU beside it."""

    cpu: float
    wall: float
    memory: float
    server: float | None = None

    @property
    def all_cpu(self) -> float:
        """Seconds of CPU with the server's."""
        return self.cpu + (self.server or 0)


class Ended(NamedTuple):
    """A process that ended well, and what it printed."""

    figure: Figure
    printed: bytes


class Failed(Exception):
    """A measured program ended badly; the message is the end of what it said."""


def python(module: str, *arguments: object) -> list[str]:
    """The command that runs a module of ours with this Python."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def measured(command: Sequence[str], good: Sequence[int] = (0,), server: Callable[[], float] | None = None) -> Ended:
    """Run a program to its end. `server` tells the CPU seconds that a database server has used so far.

    Raises:
        Failed: its exit code is not a good one.
    """
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
        before = server() if server else 0.0
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=printed, stderr=said)
        cpu, memory = _watched(process)
        wall = time.perf_counter() - began
        if process.returncode not in good:
            raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n{_text(said)[-2000:].decode()}")
        served = round(server() - before, 3) if server else None
        figure = Figure(round(cpu, 3), round(wall, 3), round(memory / 1e6, 1), served)
        return Ended(figure, _text(printed))


def least(command: Sequence[str]) -> Figure:
    """The best of three runs, or of as many as fit into a few seconds: others on the machine only ever add."""
    figures: list[Figure] = []
    while len(figures) < _REPEATS and sum(one.wall for one in figures) < _ENOUGH:
        figures.append(measured(command).figure)
    return min(figures, key=lambda figure: figure.cpu)


def _watched(process: subprocess.Popen[bytes]) -> tuple[float, int]:
    """CPU seconds and peak bytes; wait4 instead of Popen.wait, for it brings the kernel's count along."""
    peak, began = 0, time.monotonic()
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime, peak
        peak = max(peak, sum(map(_high_water, tree(process.pid))))
        time.sleep(_PAUSE if time.monotonic() - began < _LONG else _LONGER_PAUSE)


def tree(pid: int) -> Iterator[int]:
    """A process and all that descends from it, as far as it is still there."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:  # the thread has ended meanwhile
            continue
        for child in found:
            yield from tree(int(child))


def _high_water(pid: int) -> int:
    """VmHWM in bytes; 0 for a process that is ending."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def _text(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()
