"""dlt (https://dlthub.com) merging the same rows by their keys, as its documentation shows it.

    python -m benchmarks.with_dlt EXPORT FOLDER [postgresql://...]

Without a URL it merges into DuckDB by way of Parquet, the quickest that it has without a server: on SQLite its merge looks
every row up without an index, so a second load grows with the square. Like the naive importer it fills three tables,
computes no plan, delivers nothing, and does not notice who has left.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.records import TABLES, Fields, Table, records, walker

INSTALL = "dlt is not installed: pip install '.[bench]'"
_PAGE = 5000


def installed() -> bool:
    """Whether it is; nothing else here needs it."""
    return find_spec("dlt") is not None


def main(export: str, folder: str, url: str = "") -> None:
    """Read the export into the database."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    dlt: Any = import_module("dlt")
    # It insists on a host and a password in front; libpq takes the socket that the URL ends with.
    with_host = url.replace("@/", ":none@localhost/")
    target = dlt.destinations.postgres(with_host) if url else dlt.destinations.duckdb(f"{folder}/dlt.duckdb")
    pipeline = dlt.pipeline("roster", folder, destination=target, dataset_name="roster")
    roster = dlt.resource(marked(Path(export), dlt.mark), name="export")
    pipeline.run(roster, loader_file_format=None if url else "parquet")


def marked(export: Path, mark: Any) -> Iterator[Any]:
    """The rows in lists, each with its table, its key and what is to be done with it."""
    hints = {
        table: mark.make_hints(
            table.name,
            columns={column: {"data_type": "text"} for column in (*table.key, *table.paths)},
            primary_key=table.key,
            write_disposition="merge",
        )
        for table in TABLES
    }
    for table, page in pages(export):
        yield mark.with_hints(page, hints[table], create_table_variant=True)


def pages(export: Path) -> Iterator[tuple[Table, list[Fields]]]:
    """The rows in lists, each of one table."""
    waiting: dict[Table, list[Fields]] = defaultdict(list)
    for table, row in records(export, walker()):
        waiting[table].append(row)
        if len(waiting[table]) == _PAGE:
            yield table, waiting.pop(table)
    yield from waiting.items()


if __name__ == "__main__":
    main(*sys.argv[1:])
