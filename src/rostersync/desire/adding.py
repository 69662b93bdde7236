"""What sources that only add, such as a directory of logins, can do to a card: give values, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec.structs import replace

from rostersync.model import Card, OwnClaim


class Hearing(Protocol):
    """How a sync hears its sources; see `rules.Rules`."""

    @property
    def adding(self) -> frozenset[str]:
        """The sources that only add."""
        ...

    @property
    def matching(self) -> Mapping[str, frozenset[str]]:
        """Source -> the fields that only tell who somebody is."""
        ...


def heard(card: Card, rules: Hearing) -> Card:
    """The card as the sync's rules hear it.

    A source that only adds has nobody whom the others do not have, and says nothing of who has left. What a source gives
    only to recognise somebody is left out.
    """
    if not (rules.adding or rules.matching):
        return card
    claims = _following([_released(one, rules.matching) for one in card.claims], rules.adding)
    return replace(card, claims=tuple(claims), wards=tuple(heard(one, rules) for one in card.wards))


def _released(claim: OwnClaim, matching: Mapping[str, frozenset[str]]) -> OwnClaim:
    kept_back = matching.get(claim.source)
    if not kept_back:
        return claim
    return replace(claim, values=tuple(pair for pair in claim.values if pair[0] not in kept_back))


def _following(claims: list[OwnClaim], adding: frozenset[str]) -> list[OwnClaim]:
    """Claims that add are present, and left, as the others are.

    What a source that has lost her said last counts on, after everything that others say: a directory that misses somebody
    for a night must not lock her out.
    """
    present = [one for one in claims if one.source not in adding and one.present]
    left = present[0].left if present and all(one.left for one in present) else ""
    listing = {one.source for one in claims if one.present}
    found: list[OwnClaim] = []
    lost: list[OwnClaim] = []
    for one in claims:
        if one.source not in adding:
            found.append(one)
        elif present and one.source not in listing:
            lost.append(replace(one, present=True, left=left, lost=True))
        else:
            found.append(replace(one, present=one.present and bool(present), left=left))
    return [*found, *lost]
