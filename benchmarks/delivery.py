"""How much faster an LMS is told over several connections: a first load into the lab's itslearning, over one and over eight.

    python -m benchmarks.delivery --size M

Each call takes 20 ms there and 10 objects. The double is a process of its own, so that what it costs is not counted as ours.
Each figure is a process of its own too, from the same state, into which the sources were read before; it is measured from
the full outbox until everything is known. An object is what counts in a request: a school, a group, a user, a membership, a
link. The times that the processor was busy with others are seen in the load of the machine, which is printed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from benchmarks.exports import ON, Exports
from benchmarks.measure import measured, python
from rostersync import run as runs
from rostersync.assembly import assemble
from rostersync.config import load
from rostersync.lab.doubles.itslearning import ItslearningDouble, Site
from rostersync.lab.doubles.server import Server
from rostersync.store import open_store

LANES = (1, 8)
_OF_NO_USE = "of no use"
_TARGET = """[target.lms]
type = "itslearning"
url = "{url}"
user = "rostersync"
password = {{ file = "ims" }}
root = "root"
connections = {lanes}
batch = 10
deliver = true
"""
_PLANNED = 2  # the exit code of a plan with changes


class Figure(msgspec.Struct, frozen=True):
    """One first load: deliveries and the objects in them, seconds from the full outbox to the last outcome, our CPU in it."""

    deliveries: int
    objects: int
    seconds: float
    cpu: float


class Told(msgspec.Struct, frozen=True):
    """What the double says when it ends: calls, and its own CPU."""

    calls: int
    cpu: float


# -- the LMS ----------------------------------------------------------------------------------------------------------


def serve(delay: float) -> None:
    """A double on loopback until our end of its input is closed. Each call takes `delay` seconds."""
    double = ItslearningDouble(Site("root"))
    double.delay = delay
    with Server(double) as server:
        print(server.url, flush=True)
        sys.stdin.read()
        print(msgspec.json.encode(Told(len(server.asked), time.process_time())).decode())


@contextmanager
def _served(delay: int) -> Iterator[tuple[str, list[Told]]]:
    """The address of a double, and what it says once the block has ended."""
    told: list[Told] = []
    command = python("benchmarks.delivery", "--serve", "--delay", delay)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as double:
        assert double.stdout is not None
        try:
            yield double.stdout.readline().strip(), told
        finally:
            ended, _ = double.communicate("")
        told.append(msgspec.json.decode(ended, type=Told))


# -- a first load -----------------------------------------------------------------------------------------------------


class _Watch:
    """A run's progress, with a look at the clocks at the first and the last step of delivering."""

    def __init__(self) -> None:
        self.marks: list[tuple[int, float, float]] = []

    def __call__(self, step: str, done: int) -> None:
        if step.startswith("delivering"):
            self.marks[1:] = [(done, time.perf_counter(), time.process_time())]


def carried(home: Path) -> Figure:
    """The first load, in this process."""
    watch, settings = _Watch(), load(home / "rostersync.toml")
    day = date.fromisoformat(ON)
    now = datetime(day.year, day.month, day.day, 4, 30, tzinfo=UTC)
    with ExitStack() as stack:
        parts = assemble(settings, "oslo")
        stack.callback(parts.target("lms").target.close)
        secret = settings.state.secret.read()
        store = stack.enter_context(open_store(settings.state.url, secret, base=home))
        report = runs.start(store, parts, runs.Order("sync"), now, watch)
    assert not report.failed, "something was not delivered"
    (_, began, cpu), (deliveries, ended, used) = watch.marks
    objects = sum(count for actions in report.delivered.values() for count in actions.values())
    return Figure(deliveries, objects, ended - began, used - cpu)


def prepared(folder: Path, size: str) -> Path:
    """A home whose sources have been read; nothing is delivered yet."""
    home = folder / "planned"
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run(python("rostersync", "--quiet", "init", home), check=True)
    config = home / "rostersync.toml"
    text = config.read_text(encoding="utf-8").replace("max_age", "# max_age")
    config.write_text(text.replace("[state]", "[state]\nrehearsal = true"), encoding="utf-8")
    Exports(folder, size).place("day1", home / "in" / "export.xml")
    measured(python("rostersync", "--config", config, "--json", "plan", "oslo", "--as-of", ON), (_PLANNED,))
    return home


def first_load(planned: Path, lanes: int, delay: int) -> tuple[Figure, Told]:
    """One first load over so many connections, from what was prepared."""
    home = planned.with_name(f"over-{lanes}")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(planned, home)
    (home / "ims").write_text(_OF_NO_USE)
    (home / "ims").chmod(0o600)
    with _served(delay) as (url, told):
        config = home / "rostersync.toml"
        before, rest = config.read_text(encoding="utf-8").split("[target.lms]")
        block = _TARGET.format(url=url, lanes=lanes)
        config.write_text(before + block + rest[rest.index("[sync.") :], encoding="utf-8")
        printed = measured(python("benchmarks.delivery", "--into", home)).printed
    return msgspec.json.decode(printed.splitlines()[-1], type=Figure), told[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, or be one of the processes that are measured."""
    asked = _parser().parse_args(arguments)
    if asked.serve:
        serve(asked.delay / 1000)
    elif asked.into:
        print(msgspec.json.encode(carried(asked.into)).decode())
    else:
        with tempfile.TemporaryDirectory() as folder:
            _compare(asked.keep or Path(folder), asked.size, asked.delay)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("S", "M", "L"), default="S", help="2, 19 or 190 schools")
    parser.add_argument("--delay", type=int, default=20, help="milliseconds that the LMS takes for a call")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the exports for another time")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    return parser


def _compare(folder: Path, size: str, delay: int) -> None:
    planned = prepared(folder, size)
    taken: list[float] = []
    for lanes in LANES:
        figure, told = first_load(planned, lanes, delay)
        taken.append(figure.seconds)
        print(
            f"{lanes} at most: {figure.deliveries:,} deliveries, {figure.objects:,} objects, {told.calls:,} calls in "
            f"{figure.seconds:.1f} s; ours {1000 * figure.cpu / figure.objects:.3f} ms an object, "
            f"{1000 * figure.cpu / figure.deliveries:.2f} ms a delivery; the LMS's own CPU {told.cpu:.0f} s; "
            f"load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    print(f"{LANES[-1]} connections deliver {taken[0] / taken[1]:.1f} times as fast as one")


if __name__ == "__main__":
    main()
