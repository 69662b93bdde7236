"""How long work and lists look on a terminal: a progress bar, and tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from rostersync.cli.shell import Shell

Advance = Callable[[int, int], None]
"""Called with how many are done, and of how many (0 = nobody knows)."""

WIDTH = 140
"""Columns of a table that goes into a file or a pipe."""


def _watched(shell: Shell) -> bool:
    return not (shell.quiet or shell.json) and sys.stderr.isatty()


@contextmanager
def progress(shell: Shell, label: str) -> Iterator[Advance]:
    """A progress bar on stderr when a person is watching; nothing otherwise."""
    if not _watched(shell):
        yield lambda _done, _of: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of or None)


@contextmanager
def steps(shell: Shell) -> Iterator[Callable[[str, int], None]]:
    """One counter line for each step of a run, on stderr when a person is watching; nothing otherwise."""
    if not _watched(shell):
        yield lambda _step, _done: None
        return
    columns = (TextColumn("{task.description:<24}"), TextColumn("{task.completed:>10,}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def advance(step: str, done: int) -> None:
            name = step.partition(",")[0]  # what is left of it changes all the time
            if name not in tasks:
                tasks[name] = bar.add_task(step, total=None)
            bar.update(tasks[name], completed=done, description=step)

        yield advance


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print rows under headings (`>` before one puts its column to the right); or the sentence `empty` without rows."""
    # what people write as a reason is shown as they wrote it, brackets and colons included
    console = Console(width=None if sys.stdout.isatty() else WIDTH, markup=False, emoji=False, highlight=False)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        shown.add_column(heading.lstrip(">"), justify="right" if heading.startswith(">") else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(str(cell) for cell in row))
    console.print(shown if shown.row_count else empty, soft_wrap=not shown.row_count)
