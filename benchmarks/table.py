"""The figures as tables in Markdown, which read well in a terminal too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from benchmarks.exports import Counts
from benchmarks.results import Results, Taken
from benchmarks.rows import ASKED_OF, ROWS, YARDSTICK, Row

NOT_MEASURED = "Not measured yet."

_COLUMNS: dict[str, Callable[[Row, Taken], str]] = {
    "CPU s": lambda _, taken: _seconds(taken.figure.cpu),
    "server's CPU s": lambda _, taken: "" if taken.figure.server is None else _seconds(taken.figure.server),
    "x iterparse": lambda _, taken: ratio(taken.ratio),
    "wall s": lambda _, taken: _seconds(taken.figure.wall),
    "peak MB": lambda _, taken: f"{taken.figure.memory:.0f}",
    "changes": lambda _, taken: "" if taken.changes is None else f"{taken.changes:,}",
}


def of_size(results: Results, state: str) -> str:
    """One size with its state in one database: the rows that were measured, and the columns that say something."""
    measured = results.rows(state)
    if not measured:
        return NOT_MEASURED
    rows = [(YARDSTICK, _yardstick(measured)), *((row, measured[row.name]) for row in ROWS if row.name in measured)]
    columns = {head: cell for head, cell in _COLUMNS.items() if any(cell(*one) for one in rows)}
    if results.size == ASKED_OF:
        columns |= {"asked": lambda row, _: str(row.must), "hoped for": lambda row, _: str(row.goal)}
    head = [f"{results.size}: {described(results.counts)}", *columns]
    return table(head, ([row.shown, *(cell(row, taken) for cell in columns.values())] for row, taken in rows))


def growth(all_results: Mapping[str, Results], state: str = "sqlite") -> str:
    """CPU and memory as the file grows: a column for each size, and how the last step compares with the file's."""
    sizes = [one for one in all_results.values() if one.rows(state)]
    if len(sizes) < 2:
        return NOT_MEASURED
    rows = []
    for row in ROWS:
        taken = [one.rows(state).get(row.name) for one in sizes]
        if len([one for one in taken if one]) > 1:
            rows.append([row.shown, *map(_cell, taken), _growth(*taken[-2:])])
    file = sizes[-1].counts.megabytes / sizes[-2].counts.megabytes
    heads = [f"{one.size}, {_megabytes(one.counts)}" for one in sizes]
    return table(["CPU s · peak MB", *heads, f"{sizes[-2].size} to {sizes[-1].size}, file {file:.1f} x"], rows)


def described(counts: Counts) -> str:
    """What an export holds, in words."""
    named = f"{counts.persons:,} persons, {counts.groups:,} groups, {counts.memberships:,} memberships"
    return f"{named}, {_megabytes(counts)}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown, its columns aligned: words to the left, figures to the right."""
    lines = [head, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    aligned = [rule if line is rule else _aligned(line, widths) for line in (head, rule, *lines[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in aligned)


def ratio(value: float) -> str:
    """A multiple, with the figures that mean something."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    figures = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
    return [line[0].ljust(widths[0]), *figures]


def _yardstick(measured: Mapping[str, Taken]) -> Taken:
    """The quickest of the yardsticks: each row has one of its own, by which its ratio goes."""
    best = min((taken.yardstick for taken in measured.values()), key=lambda figure: figure.cpu)
    return Taken(best, best, date.min, "")


def _cell(taken: Taken | None) -> str:
    return f"{_seconds(taken.figure.all_cpu)} · {taken.figure.memory:.0f}" if taken else ""


def _growth(before: Taken | None, after: Taken | None) -> str:
    if before is None or after is None:
        return ""
    cpu, memory = after.figure.all_cpu / before.figure.all_cpu, after.figure.memory / before.figure.memory
    return f"{cpu:.1f} x · {memory:.1f} x"


def _megabytes(counts: Counts) -> str:
    return f"{counts.megabytes:,.0f} MB"


def _seconds(seconds: float) -> str:
    return f"{seconds:,.0f}" if seconds >= 100 else f"{seconds:.1f}" if seconds >= 1 else f"{seconds:.2f}"
