"""What one call carries, and what is handed over again after it failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from rostersync.model import Delivery, Organisation
from rostersync.store.engine import batches

_WHOLE_TRIES: Final = 2
"""After so many failures a load is parted: if one delivery in it makes every call fail, the others get away from it."""


@dataclass(frozen=True, slots=True)
class Load:
    """The deliveries of one call. `tries` is how often they were handed over before."""

    deliveries: Sequence[Delivery]
    tries: int = 0

    def again(self, left: Sequence[Delivery], *, counts: bool) -> Iterator[Load]:
        """The loads in which what is `left` of this one is handed over again. `counts`: it is one more failure."""
        tries = self.tries + counts
        size = len(left) if tries < _WHOLE_TRIES else max(1, (len(left) + 1) // 2)
        return (Load(part, tries) for part in batches(left, size))


def waves(deliveries: Iterable[Delivery]) -> Iterator[Iterable[Delivery]]:
    """The deliveries of one phase, parted where some must have arrived before the next may be handed over.

    An organisation never overtakes the one that it is part of.
    """
    for kind, alike in groupby(deliveries, key=lambda one: one.object_kind):
        if kind == "organisation":
            yield from _from_the_top(list(alike))
        else:
            yield alike


def _from_the_top(organisations: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
    left = {one.id: one for one in organisations}
    while left:
        now = [one for one in left.values() if _parent(one) not in left or _parent(one) == one.id]
        yield now or list(left.values())  # a circle has no top
        for one in now or list(left.values()):
            del left[one.id]


def _parent(delivery: Delivery) -> str:
    value = delivery.after or delivery.before
    return value.parent if isinstance(value, Organisation) else ""
