"""How many changes of which kind may flow unseen: the limits of both gates, and their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor as rounded_down
from typing import Final

from msgspec import Struct


class Limit(Struct, frozen=True):
    """How many changes of one kind and action may flow: `count` at most, and `share` (0 to 1) of what a school holds.

    None = no such limit. `owner` is the limit of the whole owner; without it only schools are limited.
    """

    count: int | None = None
    share: float | None = None
    owner: Limit | None = None


FLOOR: Final = 5
"""So many changes may always flow as far as a share is concerned: small schools change too."""

_DEPARTURES = Limit(count=100, share=0.05, owner=Limit(count=500, share=0.02))

DEFAULT_LIMITS: Mapping[str, Limit] = {
    "organisation.create": Limit(),
    "organisation.update": Limit(share=0.50, owner=Limit(share=0.50)),
    "group.create": Limit(),
    "group.update": Limit(share=0.50),
    "group.end": Limit(count=50, share=0.05),
    "person.create": Limit(count=5000, share=0.50),
    "person.update": Limit(count=5000, share=0.50),
    "person.depart": _DEPARTURES,
    "person.suspend": _DEPARTURES,
    "person.release": Limit(),
    "person.merge": Limit(count=0),
    "person.restore": Limit(),
    "person.remove": Limit(count=20, share=0.01),
    "membership.create": Limit(),
    "membership.update": Limit(count=20_000, share=0.50),
    "membership.end": Limit(count=5000, share=0.20, owner=Limit(count=20_000, share=0.15)),
    "guardianship.create": Limit(count=5000, share=0.50),
    "guardianship.end": Limit(count=100, share=0.05),
    "rejected": Limit(count=50, share=0.01),
    "dangling": Limit(count=500, share=0.05),
}
"""Every limit there is. That of `guardianship.end` only alarms; `rejected` and `dangling` belong to gate 1.

A merge takes a user away because people said that two are one: whoever approves it is the second to look."""


def allowed(limit: Limit, size: int, floor: int) -> int | None:
    """How many changes may flow among `size`: the lower of the count and the share, the share never below `floor`."""
    by_share = None if limit.share is None else max(floor, rounded_down(limit.share * size + 1e-9))
    return min((bound for bound in (limit.count, by_share) if bound is not None), default=None)
