"""Reads rows out of the JSON that a SITS RWS service answers with: a list of lists, the first of them the column names.

Some services leave the outer brackets out. Shape: the public client of University College London
(https://github.com/ucl-isd/moodle-local_sitsgradepush).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from rostersync.connectors.sits.layout import Table
from rostersync.connectors.sits.rows import Row, row_of, tidied
from rostersync.errors import SnapshotRefused

Cell = str | int | float | bool | None

_decoder: Final = msgspec.json.Decoder(list[list[Cell]], float_hook=str)


def rws_rows(body: bytes, label: str, table: Table) -> Iterator[Row]:
    """Every row of an answer.

    Raises:
        SnapshotRefused: no such JSON, columns missing, a row with too many or too few cells.
    """
    header, *rows = _decoded(body, label) or [[]]
    names = [str(cell or "").strip() for cell in header]
    if missing := [column for column in table.columns if column not in names]:
        raise _refused(
            f"{label}: the first row lacks {', '.join(missing)}, which the layout names for table {table.name}"
        )
    for number, cells in enumerate(rows, 2):
        if len(cells) != len(names):
            raise _refused(f"{label}: row {number} has {len(cells)} cells, and the first {len(names)}")
        pairs = zip(names, cells, strict=True)
        found = {name: texts for name, cell in pairs if (texts := tidied(iter((_text(cell),))))}
        yield row_of(table, number, found)


def _decoded(body: bytes, label: str) -> list[list[Cell]]:
    for text in (body, b"[" + body.strip().rstrip(b",") + b"]"):
        try:
            return _decoder.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # the parser's message may quote what it found
    raise _refused(
        f"{label}: the answer is no list of rows; check the service's name in the layout, and whether a proxy or a "
        "login page answers in its place"
    )


def _text(cell: Cell) -> str | None:
    return cell if cell is None or isinstance(cell, str) else str(cell)


def _refused(text: str) -> SnapshotRefused:
    return SnapshotRefused("no proof", text)
