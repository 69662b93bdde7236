"""What every draft of a plan may look at besides the object itself, and where its changes count."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import date

from msgspec import Struct

from rostersync.model import Held, Question, User
from rostersync.schoolyear import Calendar, DepartedPolicy

Needs = tuple[tuple[str, str, str], ...]
"""Entries of the guard: (kind, action, scope)."""


class Logins(Struct, frozen=True):
    """Who gives logins up and who goes without, by user id -> field names.

    `needs` are the guard's entries (kind, action, scope) which, when held, hold what a user gives up or takes.
    """

    released: Mapping[str, frozenset[str]] = {}
    withheld: Mapping[str, frozenset[str]] = {}
    needs: Mapping[str, Needs] = {}
    questions: tuple[Question, ...] = ()


class Context(Struct, frozen=True):
    """The surroundings of one plan for one target.

    `group_school` gives the organisation id of every known or desired group, `standing_groups` the groups that stand
    after this plan, `new_groups` those that the target does not hold yet. `known_users` are the user ids it holds: at
    least every guardian of the persons drafted. `logins` tells who gives one up. `digest` digests a value.
    After a restored backup only creates, updates and revocations flow.
    """

    on: date
    calendar: Calendar
    policies: Mapping[str, DepartedPolicy]
    digest: Callable[[Held], str]
    group_school: Mapping[str, str]
    standing_groups: Container[str]
    new_groups: Container[str]
    known_users: Container[str]
    logins: Logins = Logins()
    restored_backup: bool = False

    @property
    def add_only(self) -> bool:
        """Whether nothing may be taken away today but by revocation."""
        return self.restored_backup or self.calendar.contains(self.on)


def group_scopes(group: str, context: Context) -> tuple[str, ...]:
    """Where a membership of that group counts: at the group's school."""
    school = context.group_school.get(group)
    return (school,) if school else ()


def user_scopes(*users: User) -> tuple[str, ...]:
    """Where a user counts: at each of her schools. Guardians have their wards' schools."""
    return tuple(sorted({place.school for user in users for place in user.schools}))
