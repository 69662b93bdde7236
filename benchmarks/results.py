"""What was measured, as JSON: one file for each size, a row of it replaced whenever that row is measured again."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import date
from pathlib import Path

import msgspec
from lxml import etree

from benchmarks.exports import Counts
from benchmarks.measure import Figure
from benchmarks.rows import SIZES

FOLDER = Path(__file__).parent / "results"


class Taken(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row as it was measured: its own figure, the yardstick's over the same file just before it, the day, the machine.

    `changes` is how many changes the run planned; None for the importers beside us, which plan nothing.
    """

    figure: Figure
    yardstick: Figure
    on: date
    machine: str
    changes: int | None = None

    @property
    def ratio(self) -> float:
        """CPU, the database server's included, as a multiple of the yardstick."""
        return self.figure.all_cpu / self.yardstick.cpu


class Results(msgspec.Struct, frozen=True):
    """All rows of one size: state (`sqlite`, `postgresql`) -> row -> as it was measured."""

    size: str
    counts: Counts
    states: dict[str, dict[str, Taken]]

    def rows(self, state: str) -> dict[str, Taken]:
        """The rows with the state in one database; empty when nothing was measured."""
        return self.states.get(state, {})

    def having(self, state: str, name: str, taken: Taken) -> Results:
        """With one row measured anew."""
        rows = self.rows(state) | {name: taken}
        return msgspec.structs.replace(self, states=self.states | {state: rows})


def load(size: str, counts: Counts, folder: Path = FOLDER) -> Results:
    """What there is of a size so far; nothing when the export has become another one."""
    path = folder / f"{size}.json"
    if path.exists() and (results := _read(path)).counts == counts:
        return results
    return Results(size, counts, {})


def save(results: Results, folder: Path = FOLDER) -> None:
    """Write it, in an order and a form that a diff is readable in."""
    folder.mkdir(parents=True, exist_ok=True)
    written = msgspec.json.format(msgspec.json.encode(results, order="sorted"), indent=1)
    (folder / f"{results.size}.json").write_bytes(written + b"\n")


def everything(folder: Path = FOLDER) -> dict[str, Results]:
    """Size -> its results, small ones first."""
    return {size: _read(folder / f"{size}.json") for size in SIZES if (folder / f"{size}.json").exists()}


def machine() -> str:
    """The machine and the programs that decide speed, in one line."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    versions = {"lxml": ".".join(map(str, etree.LXML_VERSION[:3])), "SQLite": sqlite3.sqlite_version}
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{os.cpu_count()} cores of {_processor()}, {memory:.0f} GiB, Python {platform.python_version()}, {named}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _read(path: Path) -> Results:
    return msgspec.json.decode(path.read_bytes(), type=Results)
