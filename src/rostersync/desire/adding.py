"""What sources that only add, such as a directory of logins, can do to a card: give values, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from rostersync.desire.rules import Rules
from rostersync.model import Card, OwnClaim


def heard(card: Card, rules: Rules) -> Card:
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
    """Claims that add are present, and left, as the others are."""
    owning = [one for one in claims if one.source not in adding]
    present = [one for one in owning if one.present]
    left = present[0].left if present and all(one.left for one in present) else ""
    return [
        one if one.source not in adding else replace(one, present=one.present and bool(present), left=left)
        for one in claims
    ]
