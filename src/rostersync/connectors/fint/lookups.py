"""Small resources by their links: an entry is found by every self link it has."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from rostersync.connectors.fint.entries import Entry, entry_of
from rostersync.connectors.fint.filing import Shelves
from rostersync.connectors.fint.links import own, targets

T = TypeVar("T")


def by_link(shelves: Shelves, shelf: str, read: Callable[[Entry], T]) -> dict[str, T]:
    """Self link -> what `read` makes of the entry. Of two entries with one link the first by their text counts."""
    found: dict[str, T] = {}
    for raw in shelves.entries(shelf):
        entry = entry_of(raw)
        made = read(entry)
        for link in targets(entry.links.self_):
            found.setdefault(link, made)
    return found


def raw_by_link(shelves: Shelves, shelf: str) -> dict[str, bytes]:
    """Self link -> the entry as it was written."""
    found: dict[str, bytes] = {}
    for raw in shelves.entries(shelf):
        for link in targets(entry_of(raw).links.self_):
            found.setdefault(link, raw)
    return found


def own_links(shelves: Shelves, shelf: str, wanted: Collection[str] | None = None) -> dict[str, str]:
    """Self link -> the one by which we know the entry; of all links, or only the wanted ones."""
    found: dict[str, str] = {}
    for raw in shelves.entries(shelf):
        links = list(targets(entry_of(raw).links.self_))
        for link in links:
            if wanted is None or link in wanted:
                found.setdefault(link, own(links))
    return found
