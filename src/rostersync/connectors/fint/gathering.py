"""Reads resources whole into the files, and only believes that one is whole when the counts prove it.

Pages are counted by offset while entries may be added, removed and moved to the end, so a page may skip an entry or repeat
one. A resource counts as whole when it holds as many different entries as `cache/size` tells, and `last-updated` is the
same before and after. What moves meanwhile is read again; the last time in one answer, which is consistent in itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from rostersync.connectors.fint.asking import Fint
from rostersync.connectors.fint.filing import Filing
from rostersync.connectors.fint.resources import Resource
from rostersync.connectors.fint.sorting import Sorter

_TRIES: Final = 3


class Evidence(Struct, frozen=True):
    """What a resource was when it was read. `stamp` is that before reading, so that nothing after it is missed."""

    stamp: str
    size: int
    digest: str


class Gathering:
    """One pass over FINT. `evidence` tells of each resource read; `withheld` are optional ones that we may not see."""

    def __init__(self, fint: Fint, filing: Filing, page_size: int, *, families: bool) -> None:
        self._fint = fint
        self._filing = filing
        self._page_size = page_size
        self._sorter = Sorter(filing, families=families)
        self.evidence: dict[str, Evidence] = {}
        self.withheld: list[str] = []

    def gather(self, resources: Iterable[Resource]) -> None:
        """Read resources and file their entries.

        Raises:
            SourceUnavailable: FINT does not answer, or a resource is not whole after three tries.
        """
        for resource in resources:
            if self._fint.size(resource) is None:
                self.withheld.append(resource.name)
            else:
                self.evidence[resource.name] = self._whole(resource)
        self._filing.close()

    def _whole(self, resource: Resource) -> Evidence:
        size = different = 0
        for page_size in (*([self._page_size] * (_TRIES - 1)), 0):
            stamp = self._fint.stamp(resource)
            size = self._pages(resource, page_size)
            digest, different = self._filing.digest(resource.name)
            at_rest = not page_size or self._fint.stamp(resource) == stamp
            if different == size and at_rest:
                return Evidence(stamp, size, digest)
        raise self._fint.trouble(
            resource,
            f"it cannot be read whole: it tells of {size:,} entries and gave {different:,} different ones, after {_TRIES} "
            "tries; run again when it is at rest, or ask FINT's support why the cache does not hold what it tells",
        )

    def _pages(self, resource: Resource, page_size: int) -> int:
        """Read every page, and tell how many entries there should be. A short page in the middle is not the end."""
        self._sorter.forget(resource.name)
        offset, size = 0, self._fint.size(resource) or 0
        while True:
            page = self._fint.page(resource, offset, page_size)
            self._sorter.file(resource.name, page)
            offset += page_size
            if not page_size:
                return page.total if page.total >= 0 else size
            if len(page.entries) < page_size and offset >= size:
                return self._fint.size(resource) or 0
