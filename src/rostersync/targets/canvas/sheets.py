"""Collects the rows of many deliveries into the files of one import, and knows whose row stands in which line."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

from rostersync.targets.canvas.rows import COLUMNS, Row

_FIRST: Final = 2
"""The line of the first row: Canvas counts from 1, and the header is a line too."""


class Sheets:
    """The files of one import. Two rows about the same thing become one, the later: Canvas takes rows in any order."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[str, ...], Row]] = {name: {} for name in COLUMNS}
        self._whose: defaultdict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
        self._lines: dict[str, list[Row]] = {}

    def add(self, number: int, rows: Iterable[Row]) -> None:
        """Add the rows of delivery `number` of the batch."""
        for row in rows:
            self._rows[row.file][row.key] = row
            self._whose[row.file, row.key].append(number)

    def packed(self) -> bytes:
        """The files that have rows, as a zip."""
        self._lines = {name: sorted(rows.values(), key=_after_parents) for name, rows in self._rows.items() if rows}
        packed = io.BytesIO()
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            for name, rows in self._lines.items():
                text = io.StringIO(newline="")
                table = csv.writer(text)
                table.writerow(COLUMNS[name])
                table.writerows(row.cells for row in rows)
                archive.writestr(f"{name}.csv", text.getvalue().encode())
        return packed.getvalue()

    def at(self, file: str, line: int) -> tuple[Row, list[int]] | None:
        """The row in a line of a packed file, and the numbers of its deliveries; None when there is no such line."""
        rows = self._lines.get(file.removesuffix(".csv"), [])
        if not _FIRST <= line < _FIRST + len(rows):
            return None
        row = rows[line - _FIRST]
        return row, self._whose[row.file, row.key]


def _after_parents(row: Row) -> bool:
    """Canvas wants a parent account before what hangs below it; all else stays in the order in which it came."""
    return row.file == "accounts" and bool(row.cells[COLUMNS["accounts"].index("parent_account_id")])
