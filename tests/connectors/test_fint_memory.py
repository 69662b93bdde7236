"""Reading FINT takes memory for one pigeonhole at a time, however large a resource is."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rostersync.connectors.fint.asking import Page
from rostersync.connectors.fint.filing import Filing, opened
from rostersync.connectors.fint.sorting import Sorter

from .fint_county import CLASS, STAY, entry, link

ENTRIES, PADDING = 4_000, "x" * 2_000


def pages(path: str) -> Iterator[Page]:
    """Pages of 100 large entries."""
    for first in range(0, ENTRIES, 100):
        links = {"klasse": link(CLASS, f"{first % 700}"), "elevforhold": link(STAY, "1")}
        some = [msgspec.json.encode(entry(path, str(first + n), {"navn": PADDING}, **links)) for n in range(100)]
        yield Page(some, b"[" + b",".join(some) + b"]", ENTRIES)


def peak_of_reading(folder: Path, name: str, path: str) -> float:
    """Megabytes that reading a shelf of about eight takes at most."""
    with (folder / "filed").open("wb") as stream:
        filing = Filing(stream)
        sorter = Sorter(filing, families=False)
        for page in pages(path):
            sorter.file(name, page)
        filing.close()
    with opened(folder / "filed") as shelves:
        tracemalloc.start()
        try:
            assert sum(1 for _ in shelves.entries(name)) == ENTRIES
            return tracemalloc.get_traced_memory()[1] / 1e6
        finally:
            tracemalloc.stop()


def test_a_resource_that_is_looked_up_is_not_in_memory_at_once(tmp_path: Path) -> None:
    assert peak_of_reading(tmp_path, "elevforhold", STAY) < 2


def test_memberships_are_not_in_memory_at_once(tmp_path: Path) -> None:
    assert peak_of_reading(tmp_path, "klassemedlemskap", f"{CLASS}medlemskap") < 4
