"""One person's card for a person to read: every value with its source and mapping line, what follows, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from rostersync.assembly import Parts
from rostersync.desire import desire
from rostersync.desire.adding import heard
from rostersync.desire.claims import believe
from rostersync.desire.guardianship import Standing, adults, decide, ward_of
from rostersync.desire.rules import Rules
from rostersync.locallists import resolve
from rostersync.model import PERSON_FIELDS, Card, Desired, Known, OwnClaim, User
from rostersync.store import Store
from rostersync.store.leading import record_name


@dataclass(frozen=True, slots=True)
class Link:
    """One pointer from a pupil to an adult (person ids), and whether a guardianship stands on it."""

    pupil: str
    adult: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class WhyCard:
    """A card with what was desired of it on a date, and what each target holds. Personal: for the asker's eyes only.

    `lines` gives the mapping line (`FILE:LINE`) of each (source, field).
    """

    sync: str
    on: date
    card: Card
    desired: Desired
    links: tuple[Link, ...]
    known: tuple[tuple[str, Known], ...]
    lines: dict[tuple[str, str], str]
    schools: dict[str, str]
    groups: dict[str, str]

    def lost(self, claim: OwnClaim) -> set[str]:
        """The fields of a claim whose values do not count: a source that comes first, or a better record, says another."""
        used = believe(self.card.claims).values
        return {name for name, value in claim.values if used.get(name) != value}

    def to_json(self) -> dict[str, Any]:
        """The card without a single personal value: which fields there are, where they come from, and what follows."""
        return {
            "sync": self.sync,
            "person": self.card.person,
            "date": self.on.isoformat(),
            "claims": [
                {
                    "source": claim.source,
                    "present": claim.present,
                    "rejected": claim.rejected,
                    "left": claim.left,
                    "run": claim.run,
                    "record": record_name(claim.key),
                    "not_used": sorted(self.lost(claim)),
                    "fields": {name: self.lines.get((claim.source, name), "") for name, _ in claim.values},
                }
                for claim in self.card.claims
            ],
            "guardianships": [
                {"pupil": one.pupil, "adult": one.adult, "stands": one.standing.stands, "reason": one.standing.reason}
                for one in self.links
            ],
            "users": [
                {"user": user.id, "face": user.face, "role": user.role, "memberships": len(user.memberships)}
                for user in self.desired.users
            ],
            "gone": [{"user": gone.id, "face": gone.face, "reason": gone.reason} for gone in self.desired.gone],
            "notes": list(self.desired.notes),
            "next_change_on": self.desired.next_change_on and self.desired.next_change_on.isoformat(),
            "targets": [
                {"target": target, "user": known.id, "state": known.life.state, "reason": known.life.reason}
                for target, known in self.known
            ],
        }


def why_card(store: Store, parts: Parts, person: str, on: date) -> WhyCard:
    """Gather the card of one person, and work out what follows from it on a date."""
    find = store.cards.find
    card = store.cards.card(person, parts.source_names) or Card(person)
    card = resolve(parts.grants, parts.consents, find).on(card)
    known = tuple(
        (part.settings.name, one)
        for part in parts.targets
        for one in store.known.for_persons(part.settings.name, [person]).values()
        if isinstance(one.value, User)
    )
    return WhyCard(
        sync=parts.settings.name,
        on=on,
        card=card,
        desired=desire(card, parts.rules, store.ids, on),
        links=tuple(_links(card, parts.rules, on)),
        known=known,
        lines=_lines(parts),
        schools={one.id: one.name for one in store.cards.organisations(parts.source_names)},
        groups={one.id: one.name for one in store.cards.groups(parts.source_names)},
    )


def _links(card: Card, rules: Rules, on: date) -> Iterator[Link]:
    """Her guardians, and those whom she may be a guardian of. What protection withholds is not even named."""
    for pupil in (card, *card.wards):
        ward = ward_of(heard(pupil, rules), rules.reader, on)
        for adult in adults(ward) if pupil is card else [card.person]:
            standing = decide(ward, adult, on)
            if not standing.silent:
                yield Link(pupil.person, adult, standing)


def _lines(parts: Parts) -> dict[tuple[str, str], str]:
    return {
        (part.settings.name, name): f"{part.settings.mapping.name}:{line}"
        for part in parts.sources
        for name in PERSON_FIELDS
        if (line := part.mapping.line_of("person", name))
    }
