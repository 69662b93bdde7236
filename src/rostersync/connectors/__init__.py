"""The connector protocol: how a source's snapshot becomes fragments, and how a connector is found by its type.

A connector reads; it decides nothing. Whether a snapshot is accepted is gate 1's business (run.py, guard.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from rostersync.model import ClaimKind, Record, Wanted

KeyedDigest = Callable[[bytes], bytes]
"""A keyed digest of 16 bytes; the key is the caller's."""


class Unsure(Exception):
    """The quick way of reading cannot vouch for this snapshot; it must be read again, carefully. The reason names nobody."""


class Fragment(Struct, frozen=True, gc=False):
    """One top-level element of a snapshot. `parse` gives its record; a ValueError from it names nobody.

    `digest` covers its bytes and every setting that decides how they are read; who does not know it must call `parse`.
    """

    kind: ClaimKind
    digest: bytes
    line: int
    parse: Callable[[], Record]


class Snapshot(Struct, frozen=True):
    """What `fetch` found: a stable local copy, its digest, and its own date.

    The digest covers the bytes after the header, and what decides how they are read. A `partial` one tells only what has
    changed: whom it does not mention stays as she is, and what it mentions it gives whole. `cursor` is the connector's own
    note of where to go on from once this one is accepted; it names nobody.
    """

    path: str
    digest: str
    taken_at: datetime | None
    label: str
    partial: bool = False
    cursor: str = ""


class Reading(Protocol):
    """One pass over a snapshot. Iterating ends normally only when the snapshot proved that it is whole.

    Raises:
        SnapshotRefused: ill-formed anywhere, a DOCTYPE or entity, cut off, not a full export.
        Unsure: only when not read carefully, from iterating or from a fragment's `parse`. Nothing read counts then.
    """

    def __iter__(self) -> Iterator[Fragment]: ...

    @property
    def proof(self) -> str:
        """After the last fragment: what proved completeness, in words."""
        ...


class Connector(Protocol):
    """One configured source."""

    @property
    def fields(self) -> Wanted:
        """Every field name this source can deliver, by record kind; a name ending in `*` stands for a family."""
        ...

    def check(self) -> list[str]:
        """Sentences about what is wrong with the settings or the source as it stands; empty when all is well."""
        ...

    def fetch(
        self, now: datetime, released: Collection[str] = (), cursor: str = "", wanted: Wanted | None = None
    ) -> Snapshot:
        """Choose and copy the newest snapshot. `released` are digests that a human let through though stale.

        `cursor` is that of the last accepted snapshot. It is empty when everything has to be read anew: before the first
        one, after the mapping has changed, on `--full`. Nothing partial may be given then. `wanted` is what will be read
        of it (None = everything): a source that can be asked for less is asked for no more.

        Raises:
            SourceUnavailable: nothing there, or still growing.
            SnapshotRefused: what is there is stale or unreadable.
        """
        ...

    def read(self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, *, careful: bool = False) -> Reading:
        """Read a fetched snapshot. `careful` forgoes every short cut: it is slower, and what the quick way is held to."""
        ...

    def accepted(self, snapshot: Snapshot) -> None:
        """Called once the snapshot's claims are safely stored: drop the spool; honour `after = "delete"`."""
        ...

    def discard(self, snapshot: Snapshot) -> None:
        """Drop the spool of a snapshot that was not accepted. The source's own file stays."""
        ...


__all__ = [
    "Connector",
    "Fragment",
    "KeyedDigest",
    "Reading",
    "Snapshot",
    "Unsure",
    "Wanted",
    "all_year",
    "departs",
    "make",
    "settings_type",
    "types",
]


def settings_type(kind: str) -> type[Any] | None:
    """The settings dataclass of a source type, or None when no such type exists."""
    module = _module(kind)
    return None if module is None else module.Settings


def all_year(kind: str) -> bool:
    """Whether a source of this type takes people in, and sees them off, all the year round, as schools for adults do."""
    return bool(getattr(_module(kind), "ALL_YEAR", False))


def make(kind: str, name: str, settings: Any) -> Connector:
    """Build the connector of a source. `settings` is an instance of its settings dataclass."""
    module = _module(kind)
    if module is None:  # config.py has refused unknown types already
        raise LookupError(kind)
    connector: Connector = module.make(name, settings)
    return connector


def departs(kind: str) -> bool:
    """Whether a person whom no source of this type lists has gone; False where a source only adds to what others say."""
    return bool(getattr(_module(kind), "DEPARTS", True))


def types() -> tuple[str, ...]:
    """The source types that exist: the sub-packages of this one."""
    import pkgutil

    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg))


def _module(kind: str) -> Any:
    from importlib import import_module

    return import_module(f"{__name__}.{kind}") if kind in types() else None
