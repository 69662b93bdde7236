"""Grants and consents from the config's local lists, laid onto the cards of the persons they name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from rostersync.mapping import ConsentEntry, GrantEntry
from rostersync.model import Card, Consent, Grant


@dataclass(frozen=True, slots=True)
class LocalLists:
    """Grants and consents by person id. `unknown` counts entries whose person no source has described yet."""

    grants: Mapping[str, tuple[Grant, ...]]
    consents: Mapping[str, tuple[Consent, ...]]
    unknown: int = 0

    def on(self, card: Card) -> Card:
        """The card with what the lists say of its person and of her wards."""
        if not any(one.person in self.grants or one.person in self.consents for one in (card, *card.wards)):
            return card
        wards = tuple(self.on(ward) for ward in card.wards)
        grants, consents = self.grants.get(card.person, ()), self.consents.get(card.person, ())
        local = msgspec.structs.replace(card.local, grants=grants, consents=consents)
        return msgspec.structs.replace(card, wards=wards, local=local)


def resolve(
    grants: Iterable[GrantEntry], consents: Iterable[ConsentEntry], find: Callable[[str], list[str]]
) -> LocalLists:
    """Look up the persons that the lists name. `find` gives the person ids that a key can mean."""
    by_grant: defaultdict[str, tuple[Grant, ...]] = defaultdict(tuple)
    by_consent: defaultdict[str, tuple[Consent, ...]] = defaultdict(tuple)
    unknown = 0
    for grant in grants:
        found = find(grant.person)
        unknown += len(found) != 1
        if len(found) == 1:
            by_grant[found[0]] += (grant.grant,)
    for consent in consents:
        pupils, guardians = find(consent.pupil), find(consent.guardian) if consent.guardian else [""]
        unknown += len(pupils) != 1 or len(guardians) != 1
        if len(pupils) == len(guardians) == 1:
            by_consent[pupils[0]] += (msgspec.structs.replace(consent.consent, guardian=guardians[0]),)
    return LocalLists(dict(by_grant), dict(by_consent), unknown)
