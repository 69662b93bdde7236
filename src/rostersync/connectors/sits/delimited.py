"""Reads rows out of a delimited file with a header line, as a SITS standard letter of type Text File writes it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rostersync.connectors.sits.layout import Layout, Table
from rostersync.connectors.sits.rows import Row, row_of, tidied
from rostersync.errors import SnapshotRefused

NEWLINE: Final = "newline"
"""The `end` of a layout whose sender writes no last line of its own."""

_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LARGEST: Final = 256 << 20


def delimited_rows(path: Path, label: str, table: Table, layout: Layout) -> Iterator[Row]:
    """Every row of a file. Ends normally only when the file ends as the layout says that a whole one does.

    Raises:
        OSError: the file cannot be read.
        SnapshotRefused: cut off, another encoding, a header without the layout's columns, a line with too many or too
            few cells.
    """
    lines = _lines(_text(path, label, layout.encoding), label, layout.end)
    reader = csv.reader(lines, delimiter=layout.separator, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        places = _places(header, table, label)
        for cells in reader:
            if len(cells) != len(header) and cells:
                raise _refused(
                    f"{label}:{reader.line_num}", f"it has {len(cells)} cells, and the header {len(header)}; {_CHECK}"
                )
            found = {name: texts for name, at in places.items() if cells and (texts := tidied(iter((cells[at],))))}
            if found:
                yield row_of(table, reader.line_num, found)
    except csv.Error:
        raise _refused(f"{label}:{reader.line_num}", f"its quotes do not match; {_CHECK}") from None


_CHECK: Final = "have the sender check its export"


def _text(path: Path, label: str, encoding: str) -> str:
    if path.stat().st_size > _LARGEST:
        raise _refused(label, f"it has more than {_LARGEST >> 20} MB, which no roster of SITS has")
    content = path.read_bytes()
    encoding = next((name for bom, name in _BOMS if content.startswith(bom)), encoding)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    # raised out here: the error that was caught holds the whole file
    raise _refused(f"{label}:{line}", f"its bytes are not {encoding}; set `encoding` in the layout to what is written")


def _lines(text: str, label: str, end: str) -> list[str]:
    """The lines of a whole file, without its last one where that only says that it is the last."""
    if not text.strip():
        raise _refused(label, "it is empty; fetch or export it again")
    lines = text.splitlines(keepends=True)
    if end == NEWLINE:
        whole = text.endswith("\n")
    else:
        whole = lines[-1].lstrip('"').startswith(end)
        lines = lines[:-1]
    if not whole:
        wanted = "the end of a line" if end == NEWLINE else f'a last line that begins with "{end}"'
        raise _refused(label, f"it does not end with {wanted}: it was cut off; fetch or export it again")
    return lines


def _places(header: list[str], table: Table, label: str) -> dict[str, int]:
    if missing := [column for column in table.columns if column not in header]:
        raise _refused(
            f"{label}:1", f"the header lacks {', '.join(missing)}, which the layout names for table {table.name}"
        )
    if twice := sorted({column for column in table.columns if header.count(column) > 1}):
        raise _refused(f"{label}:1", f"the header has {', '.join(twice)} twice")
    return {column: header.index(column) for column in table.columns}


def _refused(where: str, reason: str) -> SnapshotRefused:
    return SnapshotRefused("no proof", f"{where}: {reason}")
