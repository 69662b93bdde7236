"""Reads resources whole, and only believes that one is whole when the counts prove it.

Pages are counted by offset while entries may be added, removed and moved to the end, so a page may skip an entry or repeat
one. A resource counts as whole when it holds as many different entries as `cache/size` tells, and `last-updated` is the
same before and after. What moves meanwhile is read again; the last time in one answer, which is consistent in itself.

Answers lie on disk as they came until it is known whether they differ from last time: on most nights they do not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from rostersync.connectors.fint.asking import Fint, Page
from rostersync.connectors.fint.filing import Filing
from rostersync.connectors.fint.resources import Resource
from rostersync.connectors.fint.sorting import Sorter


class Evidence(Struct, frozen=True):
    """What a resource was when it was read. `stamp` is that before reading, so that nothing after it is missed."""

    stamp: str
    size: int
    digest: str


class _Answers(Struct, frozen=True):
    """A resource as it came: where its answers lie, and whether it moved while it was read."""

    evidence: Evidence
    places: Sequence[tuple[int, int]]
    at_rest: bool


class Gathering:
    """One pass over FINT. `evidence` tells of each resource read; `withheld` are optional ones that we may not see.

    `stream` writes the file `path`, where answers lie meanwhile.
    """

    def __init__(self, fint: Fint, page_size: int, path: Path, stream: BinaryIO) -> None:
        self._fint = fint
        self._page_size = page_size
        self._path = path
        self._stream = stream
        self._offset = 0
        self._answers: dict[str, _Answers] = {}
        self.withheld: list[str] = []

    @property
    def evidence(self) -> dict[str, Evidence]:
        """Resource -> what it was when it was read."""
        return {name: one.evidence for name, one in self._answers.items()}

    def ask(self, resources: Sequence[Resource]) -> None:
        """Fetch the answers of some resources.

        Raises:
            SourceUnavailable: FINT does not answer.
        """
        for resource in resources:
            size = self._fint.size(resource)
            if size is None:
                self.withheld.append(resource.name)
            else:
                self._answers[resource.name] = self._asked(resource, self._page_size, size)

    def same_as(self, before: Mapping[str, Evidence]) -> bool:
        """Whether every answer is the same, to the byte, as when it was last proved to be whole."""
        return {name: (one.size, one.digest) for name, one in before.items()} == {
            name: (one.size, one.digest) for name, one in self.evidence.items()
        }

    def file(self, resources: Sequence[Resource], filing: Filing, *, families: bool) -> None:
        """File the entries of what was asked for. With `families`, who is whose parent is filed too.

        Raises:
            SourceUnavailable: an answer cannot be read, or a resource is not whole after three tries.
        """
        sorter = Sorter(filing, families=families)
        for resource in resources:
            if resource.name in self._answers:
                self._whole(resource, sorter)
        filing.close()

    def _whole(self, resource: Resource, sorter: Sorter) -> None:
        for next_try in (self._page_size, 0, None):
            answers = self._answers[resource.name]
            sorter.forget(resource.name)
            different, total = set[int](), 0
            for page in self._pages(resource, answers):
                different.update(map(hash, page.entries))
                sorter.file(resource.name, page)
                total = page.total
            size = answers.evidence.size
            if len(different) == size and (answers.at_rest or (len(different) == total and len(answers.places) == 1)):
                return
            if next_try is not None:
                self._answers[resource.name] = self._asked(resource, next_try, self._fint.size(resource) or 0)
        raise self._fint.trouble(
            resource,
            f"it cannot be read whole: it tells of {size:,} entries and gave {len(different):,} different ones, in three "
            f"tries; run again when it is at rest, or ask FINT's support why the cache does not hold what it tells",
        )

    def _asked(self, resource: Resource, page_size: int, size: int) -> _Answers:
        digest = hashlib.sha256()
        places: list[tuple[int, int]] = []
        stamp = self._fint.stamp(resource)
        for offset in range(0, max(size, 1), page_size or max(size, 1)):
            body = self._fint.body(resource, offset, page_size)
            digest.update(body)
            places.append((self._offset, len(body)))
            self._offset += self._stream.write(body)
        self._stream.flush()
        size = self._fint.size(resource) or 0
        at_rest = self._fint.stamp(resource) == stamp
        return _Answers(Evidence(stamp, size, digest.hexdigest()), places, at_rest)

    def _pages(self, resource: Resource, answers: _Answers) -> Iterator[Page]:
        with self._path.open("rb") as stream:
            for offset, length in answers.places:
                stream.seek(offset)
                yield self._fint.page(resource, stream.read(length))
