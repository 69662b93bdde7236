"""What one sync goes by: its role model, one user or two for a parent who works at school, and its school year."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from msgspec import Struct

from rostersync.desire.ties import TieReader
from rostersync.model import RoleModel
from rostersync.schoolyear import Calendar, Policy


class Rules(Struct, frozen=True, dict=True):
    """Everything that `desire` goes by, beside the card and the date.

    `guardian_user` is "separate" for two users with two logins, "same" for one user that carries both.
    """

    roles: RoleModel
    guardian_user: Literal["separate", "same"] = "separate"
    calendar: Calendar = Calendar()
    policy: Policy = Policy()

    @cached_property
    def reader(self) -> TieReader:
        """The reader of ties under these rules."""
        return TieReader(self.roles, self.policy)
