"""What one sync goes by: its role model, one user or two for a parent who works at school, and its school year."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from msgspec import Struct

from rostersync.desire.ties import TieReader
from rostersync.model import RoleModel
from rostersync.schoolyear import Calendar, Policy


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
