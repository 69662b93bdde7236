"""Chooses the file to read among those a sender offers: at rest, and the newest by its own date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import zip_longest
from pathlib import PurePath
from typing import BinaryIO, Final

from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.transport.files.places import Offered, Place

HEAD: Final = 1 << 20
"""How much of a file is read for its date (bytes)."""

Dated = Callable[[BinaryIO, str], datetime | None]
"""The date that a file gives itself, by its first megabyte and its label; None without one.

Raises:
    SnapshotRefused, ValueError: it has one that cannot be read.
"""


def at_rest(offered: Sequence[Offered], now: datetime, settle: timedelta, where: str) -> list[Offered]:
    """The files that nobody has changed for `settle`.

    Raises:
        SourceUnavailable: there are none.
    """
    settled = [one for one in offered if one.served or one.changed is None or _rests(one.changed, now, settle)]
    if not settled:
        raise SourceUnavailable(
            f"{where}: what is there ({len(offered)} of them) is still growing or younger than settle "
            f"({settle.total_seconds():g} s); run again in a moment"
        )
    return settled


def newest(place: Place, offered: Sequence[Offered], dated: Dated) -> Offered:
    """The newest of some files (one at least), by the date that each gives itself, else by that of the file.

    Raises:
        SourceUnavailable: a file cannot be read.
        SnapshotRefused: two that differ are equally new.
    """
    if len(offered) == 1:
        return offered[0]
    own = {one.name: _own_date(place, one, dated) for one in offered}
    first = max(offered, key=lambda one: own[one.name] or one.changed or datetime.min.replace(tzinfo=UTC))
    rivals = [one for one in offered if one is not first and own[first.name] and own[one.name] == own[first.name]]
    if not all(_same(place, first, rival) for rival in rivals):
        folder, _, _ = first.label.rpartition("/")
        names = ", ".join(sorted(PurePath(one.name).name for one in (first, *rivals)))
        raise SnapshotRefused(
            "ambiguous",
            f"{folder}: {names} say they were made at the same moment, but differ; "
            "remove what is not meant, and have the sender write one file at a time",
        )
    return first


def _rests(changed: datetime, now: datetime, settle: timedelta) -> bool:
    # before and after: a file server's clock may run ahead of ours, and its files must not wait for ever
    return abs(now - changed) >= settle


def _own_date(place: Place, one: Offered, dated: Dated) -> datetime | None:
    head = b"".join(place.blocks(one, HEAD))
    try:
        return dated(BytesIO(head), one.label)
    except (SnapshotRefused, ValueError):
        # a broken file may be the newest: it must not be passed over for an older one, but be chosen and refused
        return None


def _same(place: Place, one: Offered, other: Offered) -> bool:
    return all(here == there for here, there in zip_longest(place.blocks(one), place.blocks(other)))
