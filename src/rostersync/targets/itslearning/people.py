"""What the LMS is told of one user: her values, and where she is a member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from msgspec.structs import replace

from rostersync.model import Group, Placed, User
from rostersync.targets.itslearning.bodies import NAME_LIMIT, PersonValues, membership
from rostersync.targets.itslearning.jobs import is_root, place_key
from rostersync.targets.itslearning.roles import Roles
from rostersync.targets.itslearning.settings import Settings
from rostersync.targets.leftout import LeftOut

CUT: Final = f"a name of more than {NAME_LIMIT} characters, which the LMS cuts"
NO_GUARDIANS: Final = "a guardian's membership (role_guardian is empty; the link to the pupil stands for it)"


class Tie(NamedTuple):
    """One membership as the LMS has it. `home` is None where it is no school."""

    group: str
    role: str
    home: bool | None


class People:
    """Turns users into what one site takes. `number_field` is the one for national numbers, empty for none."""

    def __init__(self, settings: Settings, roles: Roles, left_out: LeftOut) -> None:
        self._root = settings.root
        self.number_field = "" if settings.national_number == "none" else settings.national_number
        self._roles = roles
        self._left_out = left_out

    def values(self, user: User, key: str, before: User | None = None) -> PersonValues:
        """A user's values. What she had `before` and has no more is blanked; her login becomes her key, which is nobody's."""
        fields, had = dict(user.fields), dict(before.fields) if before else {}
        number = fields.get("national_number", "") if self.number_field else ""
        return PersonValues(
            first=user.given_name,
            last=user.family_name,
            profile=self._roles.profile(user.role),
            email=fields.get("email", "" if had.get("email") else None),
            login=_login(fields) or (key if _login(had) else None),
            fields=((self.number_field, number),) if number else (),
        )

    def count(self, user: User) -> None:
        """Count what does not go as it was wanted."""
        if max(len(user.given_name), len(user.family_name)) > NAME_LIMIT:
            self._left_out.add(CUT)
        if sentence := self._roles.lowered(user.role):
            self._left_out.add(sentence)
        if user.role == "guardian" and user.memberships and not self._roles.within("guardian", ""):
            self._left_out.add(NO_GUARDIANS)

    def ties(self, user: User | None, key: str, near: dict[str, Placed]) -> dict[str, Tie]:
        """A user's memberships by their own ids; none of somebody who is not active."""
        if user is None or not user.enabled:
            return {}
        found = [tie for tie in (*self._schools(user, near), *self._groups(user, near)) if tie.role]
        return {membership_id(key, tie.group): tie for tie in found}

    def _schools(self, user: User, near: dict[str, Placed]) -> Iterator[Tie]:
        for number, at in enumerate(user.schools):
            root = at.school in near and is_root(near[at.school].value)
            yield Tie(place_key(at.school, near, self._root), self._roles.at(at.role, root=root), number == 0)

    def _groups(self, user: User, near: dict[str, Placed]) -> Iterator[Tie]:
        for one in user.memberships:
            placed = near.get(one.group)
            kind = placed.value.kind if placed and isinstance(placed.value, Group) else ""
            yield Tie(place_key(one.group, near, self._root), self._roles.within(one.role, kind), None)


def tie_body(key: str, tie: Tie) -> str:
    """The content of a membership."""
    return membership(tie.group, key, tie.role, home=tie.home)


def membership_id(key: str, group: str) -> str:
    """The id of a membership: the same for ever for a user and a group, 32 hexadecimal digits."""
    return blake2b(f"{key}/{group}".encode(), digest_size=16).hexdigest()


def loses_values(before: User, after: User) -> bool:
    """Whether something goes from a user's own values, which only a replace takes away."""
    return not {name for name, _ in before.fields} <= {name for name, _ in after.fields}


def core_of(user: User) -> User:
    """A user without what other requests tell of: her memberships, schools and guardians."""
    return replace(user, memberships=(), guardians=(), schools=())


def _login(fields: Mapping[str, str]) -> str:
    return fields.get("login") or fields.get("feide_id", "")
