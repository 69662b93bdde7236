"""A card as it stands on one date: what is believed, which ties are open, which guardianships stand, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from rostersync.desire.adding import heard
from rostersync.desire.claims import Belief
from rostersync.desire.faces import grant_changes_after, raised_roles
from rostersync.desire.guardianship import Standing, Ward, adults, decide, followed
from rostersync.desire.rules import Rules
from rostersync.desire.ties import Affiliation, Reading
from rostersync.model import Card, Role


class Seen(Struct, frozen=True, gc=False):
    """One card on one date.

    `own` are her affiliations that are open today, `closed` those over or yet to come, `through_wards` what she follows
    as a guardian. Who is absent, or contradicted, has nothing open. `granted` gives school id -> role.
    `guardians` are the adults whom a source names for her (person id, standing), `wards` the pupils who name her.
    `next_change_on` is the first later date on which any of this can differ, `date.max` for never.
    """

    card: Card
    on: date
    belief: Belief
    reading: Reading
    own: tuple[Affiliation, ...]
    closed: tuple[Affiliation, ...]
    through_wards: tuple[Affiliation, ...]
    granted: Mapping[str, Role]
    ward: Ward
    guardians: tuple[tuple[str, Standing], ...]
    wards: tuple[tuple[Ward, Standing], ...]
    next_change_on: date


def see(card: Card, rules: Rules, on: date) -> Seen:
    """Look at a card on a date."""
    ward = rules.ward((card,), on)
    wards = tuple([_as_her_ward(other, card.person, rules, on) for other in card.wards])
    card = heard(card, rules)
    belief = ward.belief
    reading = rules.reader.read(card.ties, belief.silent)
    today = rules.reader.on_day((reading,), on)
    here = not belief.absent and not belief.contradicted
    own, closed = (today.open, today.closed) if here else ((), reading.affiliations)
    if all(one.source in rules.adding for one in own):
        # Feide keeps accounts of people who have left: a class there is one more, and never the only one.
        own, closed = (), reading.affiliations
    guardians = tuple([(adult, decide(ward, adult, on)) for adult in adults(ward)])
    opened = [one for other, standing in wards for one in followed(other, standing, on)] if here else []
    return Seen(
        card=card,
        on=on,
        belief=belief,
        reading=reading,
        own=own,
        closed=closed,
        through_wards=rules.reader.as_guardian(opened),
        granted=raised_roles(own, card.local.grants, on) if card.local.grants else {},
        ward=ward,
        guardians=guardians,
        wards=wards,
        next_change_on=min(
            today.next_change_on,
            grant_changes_after(card.local.grants, on) if card.local.grants else date.max,
            ward.next_change_on if guardians else date.max,
            *[other.next_change_on for other, _ in wards],
        ),
    )


def _as_her_ward(card: Card, guardian: str, rules: Rules, on: date) -> tuple[Ward, Standing]:
    ward = rules.ward((card,), on)
    return ward, decide(ward, guardian, on)
