"""Affiliations -> where an LMS user stands: her role at each school, and her memberships.

A guardian's affiliations are her wards' own, held as a guardian, so one set of rules serves both faces, and a user who
is both is simply all of them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from rostersync.desire.ties import AS_GUARDIAN, ORGANISATIONS, RANK, Affiliation, highest
from rostersync.ids import Ids
from rostersync.model import Grant, Membership, Role, RoleModel, SchoolRole
from rostersync.schoolyear import day_after

GRANTED: frozenset[Role] = frozenset(("super_user", "school_leader"))
"""The roles that a grant may give. Nothing gives a system administrator."""


class Position(Struct, frozen=True, gc=False):
    """Where a user stands. `role` is the highest that she holds, `fields` are those that it releases."""

    schools: tuple[SchoolRole, ...]
    role: Role
    memberships: tuple[Membership, ...]
    fields: frozenset[str]


def position(
    affiliations: Sequence[Affiliation], roles: RoleModel, ids: Ids, raised: Mapping[str, Role] | None = None
) -> Position:
    """Where a user with these affiliations stands. `raised` gives school id -> the role granted there."""
    schools = school_roles(affiliations, raised or {})
    role = highest([place.role for place in schools] or [one.role for one in affiliations])
    # one user for both faces carries what either justifies; with two users, no face has affiliations of the other
    releasing: set[Role] = {role, "guardian"} if any(one.role == "guardian" for one in affiliations) else {role}
    fields = frozenset(field for one in releasing for field in roles.release.get(one, ()))
    return Position(schools, role, memberships(affiliations, roles, ids), fields)


def school_roles(affiliations: Iterable[Affiliation], raised: Mapping[str, Role]) -> tuple[SchoolRole, ...]:
    """The highest role at each school, the home school first: the primary one, else the newest, else by id."""
    at: dict[str, list[Affiliation]] = {}
    for one in affiliations:
        if one.school:
            at.setdefault(one.school, []).append(one)
    nearest_first = sorted(at, key=lambda school: _nearness(school, at[school]))
    return tuple(
        SchoolRole(school, raised.get(school) or highest(one.role for one in at[school])) for school in nearest_first
    )


def memberships(affiliations: Sequence[Affiliation], roles: RoleModel, ids: Ids) -> tuple[Membership, ...]:
    """Her role in each group that admits it (the highest she holds in that very group), and in samlegrupper; sorted."""
    held: dict[str, Affiliation] = {}
    for one in affiliations:
        other = held.get(one.group.id)
        if one.group.kind not in ORGANISATIONS and (other is None or RANK[one.role] < RANK[other.role]):
            held[one.group.id] = one
    found = [Membership(group, one.role) for group, one in held.items() if one.role in roles.groups[one.group.kind]]
    found += _in_samlegrupper(affiliations, roles, ids)
    return tuple(sorted(found, key=lambda one: (one.group, one.role)))


def raised_roles(affiliations: Iterable[Affiliation], grants: Iterable[Grant], on: date) -> dict[str, Role]:
    """School id -> the role granted there, as long as she works there. Grants elsewhere have lapsed."""
    works_at: dict[str, str] = {}
    for one in affiliations:
        if one.role == "staff" and one.group.school and one.group.school.number:
            works_at[one.group.school.number] = one.school
    raised: dict[str, Role] = {}
    for grant in grants:
        school = works_at.get(grant.school)
        if school and grant.role in GRANTED and _in_force(grant, on):
            raised[school] = highest((grant.role, raised.get(school, grant.role)))
    return raised


def grant_changes_after(grants: Iterable[Grant], on: date) -> date:
    """The first date after `on` on which a grant begins or has ended; `date.max` for never."""
    begins = [grant.begin for grant in grants if grant.begin]
    ends = [day_after(grant.end) for grant in grants if grant.end]
    return min((day for day in (*begins, *ends) if day > on), default=date.max)


def _in_force(grant: Grant, on: date) -> bool:
    return (grant.begin is None or grant.begin <= on) and (grant.end is None or grant.end >= on)


def _nearness(school: str, there: Iterable[Affiliation]) -> tuple[bool, int, str]:
    primary = any(one.primary for one in there)
    newest = max(one.window.begins for one in there)
    return not primary, -newest.toordinal(), school


def _in_samlegrupper(affiliations: Iterable[Affiliation], roles: RoleModel, ids: Ids) -> Iterator[Membership]:
    words: dict[str, set[str]] = {}
    for one in affiliations:
        if one.school:
            words.setdefault(one.school, set()).add(one.word)
    for school, said in words.items():
        for samlegruppe in roles.samlegrupper:
            if not samlegruppe.ties.isdisjoint(said) or (samlegruppe.guardians and AS_GUARDIAN in said):
                yield Membership(ids.samlegruppe(school, samlegruppe.kind), samlegruppe.role)
