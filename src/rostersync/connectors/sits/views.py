"""Reads rows out of the read-only views that a SITS database offers, through SQLAlchemy. Nothing is ever written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError

from rostersync.connectors.sits.layout import Table
from rostersync.connectors.sits.rows import Row, row_of, tidied
from rostersync.errors import SnapshotRefused, SourceUnavailable

_AT_ONCE: Final = 1_000


def view_trouble(address: str) -> str:
    """What is wrong with a database's address, as a sentence; empty when it will do."""
    try:
        url = sa.make_url(address)
        url.get_dialect()
    except NoSuchModuleError:
        return "SQLAlchemy does not know this kind of database; write DIALECT+DRIVER://HOST/..., and install its driver"
    except (ArgumentError, ValueError):
        return "this is no database address; write DIALECT+DRIVER://HOST:PORT/NAME"
    return "a database's address holds no password; it has a setting of its own" if url.password else ""


def view_rows(address: str, user: str, password: str, tables: Sequence[Table], name: str) -> Iterator[Row]:
    """Every row of the tables' views, all seen at one time where the database can do that. `name` is the source's.

    Raises:
        SourceUnavailable: the database cannot be reached, or went away.
        SnapshotRefused: a view or one of its columns is not there.
    """
    url = sa.make_url(address)
    if user:
        url = url.set(username=user, password=password)
    trouble = ""
    try:
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool, hide_parameters=True)
        with engine.connect() as connection:
            for table in tables:
                yield from _rows(connection, table, name)
    except ImportError as error:
        trouble = f"the driver {error.name} is not installed beside rostersync; install it"
    except DBAPIError as error:
        trouble = f"the database refused, or went away ({type(error.orig).__name__}); check address, user and rights"
    except SQLAlchemyError as error:
        trouble = f"the database cannot be read ({type(error).__name__})"
    if trouble:  # raised out here: the error that was caught may quote a row
        raise SourceUnavailable(f"{name}: {trouble}")


def _rows(connection: sa.Connection, table: Table, name: str) -> Iterator[Row]:
    view = _view(connection, table, name)
    query = sa.select(*(view.c[column] for column in table.columns))
    result = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    for number, cells in enumerate(result, 1):
        pairs = zip(table.columns, cells, strict=True)
        yield row_of(
            table, number, {column: texts for column, cell in pairs if (texts := tidied(iter((_text(cell),))))}
        )


def _view(connection: sa.Connection, table: Table, name: str) -> sa.TableClause:
    """The view, with the layout's columns. Which there are is asked first: a refusal should tell which is missing."""
    schema, _, view = table.place.rpartition(".")
    try:
        there = {column["name"] for column in sa.inspect(connection).get_columns(view, schema or None)}
    except NoSuchTableError:
        there = set()
    if not there:
        raise SnapshotRefused(
            "no proof", f"{name}: the database shows no view {table.place}; check its name and rights"
        )
    if missing := [column for column in table.columns if column not in there]:
        raise SnapshotRefused(
            "no proof", f"{name}: the view {table.place} lacks {', '.join(missing)}, which the layout names"
        )
    return sa.table(view, *(sa.column(column) for column in table.columns), schema=schema or None)


def _text(cell: object) -> str | None:
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return None if cell is None else str(cell)
