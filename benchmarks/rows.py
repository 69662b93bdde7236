"""What is measured, and what was asked of it."""

from __future__ import annotations

from typing import NamedTuple


class Ceiling(NamedTuple):
    """What a row may take at most: CPU as a multiple of the yardstick, and MB."""

    ratio: float | None = None
    memory: int | None = None

    def __str__(self) -> str:
        """As a table has it."""
        ratio, memory = f"{self.ratio:g} x" if self.ratio else "", f"{self.memory} MB" if self.memory else ""
        return ", ".join(filter(None, (ratio, memory)))


class Row(NamedTuple):
    """A row of the table.

    `name` chooses it on the command line, `who` runs it, `shown` is what the table calls it. `must` and `goal` are what was
    asked of it, and hoped for, on Oslo's size and SQLite.
    """

    name: str
    who: str
    shown: str
    must: Ceiling = Ceiling()
    goal: Ceiling = Ceiling()


YARDSTICK = Row("yardstick", "lxml", "bare iterparse, the quickest")

OURS, NAIVE, DLT = "rostersync", "naive importer", "dlt"
_UNCHANGED = Ceiling(0.35, 128), Ceiling(0.25, 64)

ROWS = (
    Row("first", OURS, "first load: read, plan, deliver, CSV", Ceiling(5, 256), Ceiling(3.5, 160)),
    Row("again", OURS, "unchanged: the same bytes after a new header", *_UNCHANGED),
    Row("reordered", OURS, "unchanged: the same elements in another order", *_UNCHANGED),
    Row("next-plan", OURS, "the next day, 1 % of persons changed: plan", Ceiling(1.0), Ceiling(0.6)),
    Row("next", OURS, "the next day: plan, deliver, CSV rewritten"),
    Row("scattered", OURS, "1 % scattered, a fourth of groups changed: plan", Ceiling(1.0), Ceiling(0.6)),
    Row("mapping", OURS, "another mapping, everything read again", Ceiling(2.5), Ceiling(1.7)),
    Row("full", OURS, "`--full`: everything read and compared again"),
    Row("naive-first", NAIVE, "naive importer: first load"),
    Row("naive-again", NAIVE, "naive importer: the same file again"),
    Row("dlt-first", DLT, "dlt: first load"),
    Row("dlt-again", DLT, "dlt: the same file again"),
)

BY_NAME = {row.name: row for row in ROWS}

SIZES = ("S", "M", "L", "XL")
ASKED_OF = "L"
"""The size that the figures in `ROWS` were asked of: Oslo's."""


def usual(size: str, state: str) -> tuple[str, ...]:
    """The rows that are measured when none are named.

    The others take too long on L, the naive importer in PostgreSQL as well; and most of ours on XL.
    """
    if size == "XL":
        return ("first", "again", "reordered")
    who = [OURS]
    if size in ("S", "M"):
        who += [DLT, NAIVE] if state == "sqlite" else [DLT]
    return tuple(row.name for row in ROWS if row.who in who)
