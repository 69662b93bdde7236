"""One resource as a FINT consumer caches it: entries in the order of when they last changed, deletions without a trace.

As read in the code of FINTLabs/fint-core-consumer: `next` carries offset and size only, `total_items` is the whole cache's
size whatever was asked for, an entry that changes moves to the end, and `sinceTimeStamp` is inclusive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

Json = dict[str, Any]


class Cache:
    """The entries of one path. Moments are milliseconds since 1970."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._entries: dict[str, tuple[int, bytes]] = {}
        self._order: list[str] | None = []
        self.changed_at = 0

    def __len__(self) -> int:
        return len(self._entries)

    def full_sync(self, entries: Iterable[Json], at: int) -> None:
        """Take over what an adapter sends whole: new and changed entries get the moment, missing ones are gone."""
        there = {entry["_links"]["self"][0]["href"]: msgspec.json.encode(entry) for entry in entries}
        for key in self._entries.keys() - there.keys():
            del self._entries[key]
        for key, content in there.items():
            if key not in self._entries or self._entries[key][1] != content:
                self._entries[key] = at, content
                self.changed_at = max(self.changed_at, at)
        self._order = None

    def half(self) -> Cache:
        """The same cache without every other entry."""
        found = Cache(self.path)
        found.changed_at = self.changed_at
        found._entries = {key: self._entries[key] for key in self._sorted()[::2]}
        found._order = None
        return found

    def page(self, offset: int, size: int, since: int = 0, *, link: str, disorder: Sequence[str] = ()) -> bytes:
        """The answer for some entries; all when `size` is 0. `link` is this path's own address.

        `disorder` are the data faults that are on: "reordered", "duplicated" (in place of another),
        "repeated" (besides), "lost" (a page of nothing).
        """
        chosen = [self._entries[key] for key in self._sorted()]
        total = len(chosen)
        if "reordered" in disorder and offset:
            chosen.reverse()
        found = [content for at, content in chosen if at >= since]
        found = found[offset : offset + size] if size else found[offset:]
        if "duplicated" in disorder and found:
            found[-1] = found[0]
        if "repeated" in disorder and found:
            found.append(found[0])
        if "lost" in disorder and offset:
            found = []
        links: dict[str, list[dict[str, str]]] = {"self": [{"href": f"{link}?offset={offset}&size={size}"}]}
        if size and offset + size < total:
            links["next"] = [{"href": f"{link}?offset={offset + size}&size={size}"}]
        return msgspec.json.encode(
            {
                "_embedded": {"_entries": [msgspec.Raw(one) for one in found]},
                "_links": links,
                "total_items": total,
                "offset": offset,
                "size": size or total,
            }
        )

    def _sorted(self) -> list[str]:
        if self._order is None:
            self._order = sorted(self._entries, key=lambda key: (self._entries[key][0], key))
        return self._order
