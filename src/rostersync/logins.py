"""Before persons are planned: the few who have to do with one login are looked at together.

Everything else about a person follows from her own card. That two persons may not have one login does not, so whoever
shares one with somebody to be looked at is found first, and planned in the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from rostersync.desire import Rules
from rostersync.desire.logins import LOGIN_FIELDS
from rostersync.drafting import Logins, settle_logins
from rostersync.model import Card, Desired, Known, User
from rostersync.store import Store

AT_ONCE = 1_000
"""Persons whose cards are in memory at one time."""

Looks = Callable[[Card], Desired]


@dataclass(frozen=True, slots=True)
class Sharing:
    """Finds out about the logins of one plan. `looks` gives what a card wants of the LMS."""

    store: Store
    target: str
    sources: Sequence[str]
    on: date
    full: bool

    def settle(self, rules: Rules, looks: Looks) -> tuple[Logins, set[str]]:
        """Who gives a login up and who goes without, and the persons whom that concerns."""
        if set(LOGIN_FIELDS).isdisjoint(field for fields in rules.roles.release.values() for field in fields):
            return Logins(), set()
        everybody = self.full or self.store.known.is_empty(self.target)
        persons = self.store.cards.rivals(self.target, self.on, full=everybody)
        people = [(wanted, self._known(wanted.person)) for wanted in self._wanted(persons, looks)]
        logins = settle_logins(people)
        concerned = {*logins.released, *logins.withheld, *logins.needs}
        return logins, {wanted.person for wanted, known in people if not concerned.isdisjoint(_users(wanted, known))}

    def _wanted(self, persons: Sequence[str], looks: Looks) -> list[Desired]:
        if not persons:
            return []
        batches = self.store.cards.touched(self.target, self.on, self.sources, only=persons, size=AT_ONCE)
        return [looks(card) for cards in batches for card in cards]

    def _known(self, person: str) -> dict[str, Known]:
        known = self.store.known.for_persons(self.target, [person])
        return {user: one for user, one in known.items() if isinstance(one.value, User)}


def _users(wanted: Desired, known: dict[str, Known]) -> set[str]:
    return {*known, *(user.id for user in wanted.users)}
