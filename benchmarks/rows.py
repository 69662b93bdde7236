"""What is measured, and what was asked of it."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A row of the table.

    `name` chooses it on the command line, `who` runs it, `shown` is what the table calls it. `ratio` and `memory` (MB) are
    what was asked of Oslo's size on SQLite, `goal` what was hoped for; None where nothing was.
    """

    name: str
    who: str
    shown: str
    ratio: float | None = None
    goal: float | None = None
    memory: int | None = None


YARDSTICK = Row("yardstick", "lxml", "bare iterparse, the quickest")

OURS, NAIVE, DLT = "rostersync", "naive importer", "dlt"

ROWS = (
    Row("first", OURS, "first load: read, plan, deliver, CSV", 5.0, 3.5, 256),
    Row("again", OURS, "unchanged: the same bytes after a new header", 0.35, 0.25, 128),
    Row("reordered", OURS, "unchanged: the same elements in another order", 0.35, 0.25, 128),
    Row("next-plan", OURS, "the next day, 1 % changed: plan", 1.0, 0.6),
    Row("next", OURS, "the next day: plan, deliver, CSV rewritten"),
    Row("mapping", OURS, "another mapping, everything read again", 2.5, 1.7),
    Row("full", OURS, "`--full`: everything read and compared again"),
    Row("naive-first", NAIVE, "naive importer: first load"),
    Row("naive-again", NAIVE, "naive importer: the same file again"),
    Row("dlt-first", DLT, "dlt: first load"),
    Row("dlt-again", DLT, "dlt: the same file again"),
)

BY_NAME = {row.name: row for row in ROWS}

SIZES = ("S", "M", "L", "XL")


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
