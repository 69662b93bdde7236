"""How the memory target shows what it holds when it is read back: every value, as it was delivered."""

from __future__ import annotations

from collections.abc import Iterator

from rostersync.model import Aspect, Group, Observed, Organisation, Placed, User


def shown(placed: Placed) -> Observed:
    """One delivered thing."""
    match placed.value:
        case Organisation() as organisation:
            aspects = {"name": organisation.name, "number": organisation.number, "parent": organisation.parent}
            return Observed("organisation", organisation.id, tuple(sorted(aspects.items())))
        case Group() as group:
            texts = {"name": group.name, "title": group.title, "school": group.school}
            dates = {"begin": str(group.begin or ""), "end": str(group.end or "")}
            return Observed("group", group.id, tuple(sorted((texts | dates).items())))
        case User() as user:
            return Observed("user", placed.target_key or user.id, tuple(sorted(_aspects(user))))


def _aspects(user: User) -> Iterator[Aspect]:
    yield from user.fields
    yield "given_name", user.given_name
    yield "family_name", user.family_name
    yield "role", user.role
    yield "enabled", "true" if user.enabled else "false"
    yield "schools", tuple(sorted(f"{one.school} {one.role}" for one in user.schools))
    yield "memberships", tuple(sorted(f"{one.group} {one.role}" for one in user.memberships))
    yield "guardians", tuple(sorted(user.guardians))
