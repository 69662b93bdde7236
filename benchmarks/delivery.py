"""How much faster an LMS is told over several connections: a first load, over one and over eight.

    python -m benchmarks.delivery --persons 5000

The LMS takes 20 ms for each call and 10 deliveries in a call. Each figure is a process of its own, with a state of its
own: from a full outbox until everything is known. `ours` is our own CPU for each delivery, that of the LMS in memory with it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace
from tests.store.ledger import CLASS_1A, LMS, NORTH, NOW, add_persons, delivery, followed_by, group, named, school, user

from rostersync.carrying.carrier import Carrier, Charge
from rostersync.carrying.pace import Manners
from rostersync.carrying.turns import together
from rostersync.model import Delivery
from rostersync.plan import GUARDIANSHIP
from rostersync.store import Store, open_store
from rostersync.store.keyring import Keyring
from rostersync.store.sqlite import open_sqlite
from rostersync.targets.memory import MemoryTarget, Settings

SECRET = "a secret of the benchmark, long enough to be one"  # noqa: S105 - it seals nobody
LANES = (1, 8)


class Figure(NamedTuple):
    """One first load: seconds from the full outbox to the last outcome, and our CPU in it."""

    deliveries: int
    seconds: float
    cpu: float


def first_load(persons: Sequence[str]) -> list[Delivery]:
    """A school, a class, every person as a pupil, and a guardian for every other one."""
    pupils = [user(one) for one in persons]
    linked = [followed_by(one, two) for one, two in zip(pupils[::2], pupils[1::2], strict=True)]
    links = [replace(delivery(one, pupil), phase=GUARDIANSHIP) for one, pupil in zip(linked, pupils[::2], strict=True)]
    return [delivery(school()), delivery(group(CLASS_1A, NORTH)), *map(delivery, pupils), *links]


def carried(folder: Path, persons: int, lanes: int, delay: int) -> Figure:
    """One first load, in this process."""
    ids = [named(f"person {number}") for number in range(persons)]
    with open_store(f"sqlite:///{folder}/state.db", SECRET, base=folder) as store:
        store.runs.start("run-1", "oslo", "sync", NOW)
    database = open_sqlite(folder / "state.db", Keyring(SECRET), create=False)
    add_persons(database, ids)
    database.close()
    deliveries = first_load(ids)
    with open_store(f"sqlite:///{folder}/state.db", SECRET, base=folder) as store:
        store.outbox.put(LMS, "run-1", deliveries)
        target = MemoryTarget(LMS, Settings(connections=lanes, at_once=10, delay=delay))
        return _timed(store, target, len(deliveries))


def _timed(store: Store, target: MemoryTarget, deliveries: int) -> Figure:
    bell = threading.Event()
    charge = Charge(LMS, target, 0, Manners(), bell.set, lambda _step, _done: None)
    began, cpu = time.perf_counter(), time.process_time()
    together([Carrier(store, charge, lambda _told: None).carry()], bell)
    figure = Figure(deliveries, time.perf_counter() - began, time.process_time() - cpu)
    assert len(target.snapshot()) == store.known.count(LMS)
    return figure


def measured(persons: int, lanes: int, delay: int) -> Figure:
    """One first load, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.delivery", "--into", folder]
        command += ["--persons", str(persons), "--lanes", str(lanes), "--delay", str(delay)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Figure(int(told[0]), float(told[1]), float(told[2]))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, or (with --into) be one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=5_000)
    parser.add_argument("--delay", type=int, default=20, help="milliseconds that the LMS takes for a call")
    parser.add_argument("--lanes", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.into:
        print(*carried(asked.into, asked.persons, asked.lanes, asked.delay))
        return
    figures = {lanes: measured(asked.persons, lanes, asked.delay) for lanes in LANES}
    for lanes, (deliveries, seconds, cpu) in figures.items():
        each = 1000 * cpu / deliveries
        print(
            f"{lanes} at most: {deliveries:,} in {seconds:.2f} s, {deliveries / seconds:,.0f} a second; ours {each:.2f} ms"
        )
    one, many = (figures[lanes].seconds for lanes in LANES)
    print(f"{LANES[-1]} connections deliver {one / many:.1f} times as fast as one")


if __name__ == "__main__":
    main()
