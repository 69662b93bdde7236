"""A user's memberships and guardianships: the changes from one value of her to another.

Memberships are compared by group: a user has one role in a group, the highest. Guardianships stand on the ward.
"""

from __future__ import annotations

from collections.abc import Container

from rostersync.drafting.context import Context, Needs, group_scopes, user_scopes
from rostersync.model import Change, Membership, Role, User
from rostersync.plan import ANYWHERE, NO_SCHOOL


def revocations(before: User, after: User, lapsed: Container[str]) -> list[Change]:
    """The links that end, whatever the reason: none of them may wait."""
    staying, scopes = set(after.guardians), user_scopes(before)
    return [
        Change(
            "guardianship",
            "end",
            before.id,
            "ended on a date known beforehand" if guardian in lapsed else "no longer a guardian with access",
            guardian,
            scopes,
            counted=guardian not in lapsed,
            revocation=True,
        )
        for guardian in before.guardians
        if guardian not in staying
    ]


def gained_memberships(before: User | None, after: User, context: Context) -> list[Change]:
    """Memberships that are new, or whose role is another (`old` is then the role before)."""
    roles: dict[str, Role] = {tie.group: tie.role for tie in before.memberships} if before else {}
    return [
        _joined(after.id, tie, context) if had is None else _another_role(after.id, tie, had, context)
        for tie in after.memberships
        if (had := roles.get(tie.group)) != tie.role
    ]


def _joined(user: str, tie: Membership, context: Context) -> Change:
    group = tie.group
    school = context.group_school.get(group, NO_SCHOOL)
    needs: Needs = (("group", "create", school),) if group in context.new_groups else ()
    scopes = (school,) if school else ()
    return Change("membership", "create", user, "now a member", f"{group} {tie.role}", scopes, True, False, needs)


def _another_role(user: str, tie: Membership, had: Role, context: Context) -> Change:
    reason = f"now {tie.role} there, was {had}"
    scopes = group_scopes(tie.group, context)
    return Change("membership", "update", user, reason, f"{tie.group} {tie.role}", scopes, old=had)


def lost_memberships(before: User, after: User, context: Context, lapsed: Container[str]) -> list[Change]:
    """Memberships that end."""
    staying = {tie.group for tie in after.memberships}
    return [
        Change(
            "membership",
            "end",
            before.id,
            _why_lost(tie.group, context, lapsed),
            f"{tie.group} {tie.role}",
            group_scopes(tie.group, context),
            counted=tie.group not in lapsed,
        )
        for tie in before.memberships
        if tie.group not in staying
    ]


def _why_lost(group: str, context: Context, lapsed: Container[str]) -> str:
    if group in lapsed:
        return "ended on a date known beforehand"
    return "no longer a member" if group in context.standing_groups else "the group is gone"


def gained_guardians(before: User | None, after: User, context: Context) -> list[Change]:
    """Links that are new. A link to a guardian whom the target does not hold yet needs her to be created first."""
    had = before.guardians if before else ()
    return [_linked(after, guardian, context) for guardian in after.guardians if guardian not in had]


def _linked(ward: User, guardian: str, context: Context) -> Change:
    # a new guardian counts at all her wards' schools, and being held at any of them holds her
    needs: Needs = () if guardian in context.known_users else (("person", "create", ANYWHERE),)
    scopes = user_scopes(ward)
    return Change("guardianship", "create", ward.id, "now a guardian", guardian, scopes, True, False, needs)
