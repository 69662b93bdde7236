"""Short ways of asking what is wanted of a card."""

from __future__ import annotations

from datetime import date, timedelta

from rostersync.desire import Rules, desire
from rostersync.model import (
    Card,
    Desired,
    Face,
    Gone,
    Grant,
    Local,
    Role,
    School,
    User,
)
from tests.line.builders import (
    IDS,
    NORTH,
    ROLES,
    SOUTH,
    TODAY,
)

RULES = Rules(ROLES)
SAME = Rules(ROLES, guardian_user="same")
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
NUMBER = "01829012355"
"""Synthetic (month + 80)."""
MOTHER, FATHER = IDS.user("mother", "guardian"), IDS.user("father", "guardian")
DENIED = Local(denied=(("mother", None),))
PINNED = Local(pinned_until=TOMORROW)
PROTECTED = Local(protected="withhold")


def wanted(card: Card, on: date = TODAY, rules: Rules = RULES) -> Desired:
    return desire(card, rules, IDS, on)


def school_user(card: Card, on: date = TODAY, rules: Rules = RULES) -> User:
    (user,) = (one for one in wanted(card, on, rules).users if one.face == "school")
    return user


def guardian_user(card: Card, on: date = TODAY) -> User:
    (user,) = (one for one in wanted(card, on).users if one.face == "guardian")
    return user


def gone(card: Card, face: Face = "school", on: date = TODAY, rules: Rules = RULES) -> Gone:
    (one,) = (one for one in wanted(card, on, rules).gone if one.face == face)
    return one


def granted(role: Role = "school_leader", school: School = NORTH, **dates: date) -> Local:
    return Local(grants=(Grant(role, school.number, "decided", **dates),))


def groups_of(user: User) -> set[str]:
    """Her groups, samlegrupper left out."""
    return {one.group for one in user.memberships} - set(samlegrupper_of(user))


def samlegrupper_of(user: User) -> dict[str, tuple[str, str, Role]]:
    """Group id -> (school, kind, role) of the samlegrupper she is in."""
    names = {
        IDS.samlegruppe(school.id, one.kind): (school.id, one.kind)
        for school in (NORTH, SOUTH)
        for one in ROLES.samlegrupper
    }
    return {one.group: (*names[one.group], one.role) for one in user.memberships if one.group in names}


def kinds_of(user: User) -> set[str]:
    return {kind for _, kind, _ in samlegrupper_of(user).values()}
