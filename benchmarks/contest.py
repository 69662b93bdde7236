"""Measures the chosen rows one after another, the yardstick over the same file just before each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from benchmarks.databases import Database, Missing
from benchmarks.exports import Exports
from benchmarks.measure import least, python
from benchmarks.others import Importer
from benchmarks.ours import Deployment, changes
from benchmarks.results import Taken, machine
from benchmarks.rows import BY_NAME, NAIVE, OURS


class Measured(NamedTuple):
    """A row, and either how it went or why it could not be measured."""

    name: str
    taken: Taken | None
    why_not: str = ""


def measure(chosen: Sequence[str], folder: Path, exports: Exports, database: Database) -> Iterator[Measured]:
    """Each chosen row; what it stands on is done first, without being one of them."""
    ours = Deployment(folder / database.name, exports, database)
    others = {who: Importer(folder / f"{database.name}-{who}", exports, database) for who in ("naive", "dlt")}
    for name in _with_first(chosen, ours.is_loaded):
        row = BY_NAME[name]
        runner = ours if row.who == OURS else others["naive" if row.who == NAIVE else "dlt"]
        try:
            runner.prepare(name)
        except Missing as missing:
            yield Measured(name, None, str(missing))
            continue
        taken = _taken(runner, name, changes if row.who == OURS else None)
        if name in chosen:
            yield Measured(name, taken)


def _with_first(chosen: Sequence[str], is_loaded: bool) -> list[str]:
    """The rows in the table's order, and before them the first loads that they stand on."""
    needed = set(chosen)
    for name in chosen:
        if BY_NAME[name].who != OURS:
            needed.add(f"{name.partition('-')[0]}-first")
        elif not is_loaded:
            needed.add("first")
    return [name for name in BY_NAME if name in needed]


def _taken(runner: Deployment | Importer, name: str, count: Callable[[bytes], int] | None) -> Taken:
    yardstick = least(python("benchmarks.yardstick", runner.export))
    ended = runner.run(name)
    planned = count(ended.printed) if count else None
    return Taken(ended.figure, yardstick, date.today(), machine(), planned)  # noqa: DTZ011 - the day of this machine
