"""Who is to have a login, who has none, and how long a new user waits for one.

A user's logins are the values by which an LMS lets her in. Which roles carry one is said by the role model's `release`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec.structs import replace

from rostersync.desire.rules import Rules
from rostersync.model import OwnClaim, User

LOGIN_FIELDS: Final = ("feide_id", "login")
"""The fields that let a user in. No two users of an LMS may have the same."""


def logins_of(user: User) -> tuple[tuple[str, str], ...]:
    """(field, login without regard to capitals) of a user."""
    return tuple((field, text.casefold()) for field, text in user.fields if field in LOGIN_FIELDS)


def fading(believed: Sequence[OwnClaim], users: Iterable[User]) -> tuple[tuple[str, str], ...]:
    """The users' logins that only a source tells of which has lost her."""
    if not any(one.lost for one in believed):
        return ()
    told = {(field, text.casefold()) for one in believed if not one.lost for field, text in one.values}
    return tuple(sorted({login for user in users for login in logins_of(user)} - told))


def without(user: User, fields: Container[str]) -> User:
    """The user without those fields."""
    return replace(user, fields=tuple(pair for pair in user.fields if pair[0] not in fields))


def login_due(user: User, since: date | None, rules: Rules) -> date | None:
    """The day on which a new user is created even without a login; None where nobody waits for one.

    `since` is the day on which the sources first told of her; None when nobody knows it.
    """
    expected = not set(LOGIN_FIELDS).isdisjoint(rules.roles.release.get(user.role, ()))
    if not rules.login_wait or since is None or not expected or logins_of(user):
        return None
    return since + timedelta(days=rules.login_wait)
