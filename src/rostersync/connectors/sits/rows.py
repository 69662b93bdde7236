"""The one form that every shape of export comes down to: flat rows, each of one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from rostersync.connectors.sits.layout import Table
from rostersync.normalize import clean

Cells = Mapping[str, tuple[str, ...]]
"""A site's column -> its texts, none of them empty."""


class Row(Struct, frozen=True, array_like=True, gc=False):
    """One row of a table, under our own words. `line` is where it stands in its source, from 1; 0 where nobody can tell."""

    table: str
    line: int
    fields: Mapping[str, tuple[str, ...]]

    def one(self, field: str) -> str:
        """The first text of a field; empty when there is none."""
        texts = self.fields.get(field)
        return texts[0] if texts else ""


def row_of(table: Table, line: int, cells: Cells) -> Row:
    """A row with the fields that the layout names; all other columns stay behind."""
    fields: dict[str, tuple[str, ...]] = {}
    for field, columns in table.fields.items():
        for column in columns:
            if texts := cells.get(column):
                fields[field] = texts
                break
    return Row(table.name, line, fields)


def tidied(texts: Iterator[str | None]) -> tuple[str, ...]:
    """Texts as a row holds them: in NFC, trimmed, and only those that say something."""
    return tuple(text for one in texts if one and (text := clean(one)))
