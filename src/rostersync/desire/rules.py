"""What one sync goes by: its role model, one user or two for a parent who works at school, and its school year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Final, Literal

from msgspec import Struct

from rostersync.desire.adding import heard
from rostersync.desire.faces import Position, position
from rostersync.desire.guardianship import Ward, ward_of
from rostersync.desire.sharing import Shared
from rostersync.desire.ties import Affiliation, TieReader
from rostersync.ids import Ids
from rostersync.model import Card, RoleModel
from rostersync.schoolyear import Calendar, Policy

_CARDS: Final = 3_000
"""Pupils' cards remembered at most: parents are looked at beside their children."""

_POSITIONS: Final = 5_000
"""Positions remembered at most."""


class Rules(Struct, frozen=True, dict=True):
    """Everything that `desire` goes by, beside the card and the date.

    `guardian_user` is "separate" for two users with two logins, "same" for one user that carries both. `adding` are the
    sources that only add to what others say: nobody is here, or has left, on their word. `matching` are, by source, the
    fields that only tell who somebody is; that source gives them to nobody. `login_wait` is how many days a new
    user waits for a login, where her role carries one.
    """

    roles: RoleModel
    guardian_user: Literal["separate", "same"] = "separate"
    calendar: Calendar = Calendar()
    policy: Policy = Policy()
    adding: frozenset[str] = frozenset()
    matching: Mapping[str, frozenset[str]] = {}
    login_wait: int = 0

    @cached_property
    def reader(self) -> TieReader:
        """The reader of ties under these rules."""
        return TieReader(self.roles, self.policy)

    @cached_property
    def ward(self) -> Shared[Card, Ward]:
        """What must be known of a pupil to decide on her guardianships: `((card,), date)`."""

        def read(cards: tuple[Card], on: date) -> Ward:
            return ward_of(heard(cards[0], self), self.reader, on)

        return Shared(read, _CARDS)

    @cached_property
    def position(self) -> Shared[Affiliation, Position]:
        """Where a user with those affiliations stands, nothing being granted to her: `(affiliations, ids)`."""

        def work_out(affiliations: tuple[Affiliation, ...], ids: Ids) -> Position:
            return position(affiliations, self.roles, ids)

        return Shared(work_out, _POSITIONS)
