"""A strict LMS in memory: what it holds, what it refuses, and who asked it for what, so that a test can look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rostersync.model import Group, Held, Organisation, User
from rostersync.targets import Existing, Placed

Asked = Literal["create", "update", "remove", "seed"]


class Request(Struct, frozen=True, omit_defaults=True):
    """One thing asked of the LMS: make it so, remove it (`value` is None), or seed a user whom it has from elsewhere.

    `key` is the LMS's own key: the id, except where a user was adopted.
    """

    asked: Asked
    id: str
    key: str
    value: Held | None = None
    seed: Existing | None = None


class Lms:
    """Holds what was asked of it, in that order. Asking twice is harmless, and is counted.

    `calls` counts requests by (id, what was asked); `double_creates` are the ids that somebody asked to create although
    they were there; `strangers` are the users nobody delivered, by their key.
    """

    def __init__(self) -> None:
        self.organisations: dict[str, Organisation] = {}
        self.groups: dict[str, Group] = {}
        self.users: dict[str, User] = {}
        self.strangers: dict[str, Existing] = {}
        self.calls: Counter[tuple[str, Asked]] = Counter()
        self.double_creates: list[str] = []
        self._keys: dict[str, str] = {}

    def refusal(self, request: Request) -> str:
        """Why a real LMS would refuse the request, and what to do; empty when it would not."""
        value = request.value
        if isinstance(value, Group) and value.school not in self.organisations:
            return "the LMS does not hold the group's school; deliver the school first"
        if not isinstance(value, User):
            return ""
        if request.key not in self.strangers and request.key not in (value.id, self._keys.get(value.id)):
            return "the LMS has no user with the key of the one that was adopted; run adopt again"
        if any(membership.group not in self.groups for membership in value.memberships):
            return "the LMS does not hold a group that the user is a member of; deliver the group first"
        if any(guardian not in self.users for guardian in value.guardians):
            return "the LMS does not hold a guardian of the user; deliver the guardian first"
        return ""

    def take(self, request: Request) -> None:
        """Do what is asked, whether or not it was done before."""
        self.calls[request.id, request.asked] += 1
        if request.asked == "create" and self._holds(request.id):
            self.double_creates.append(request.id)
        match request.value:
            case Organisation() as organisation:
                self.organisations[request.id] = organisation
            case Group() as group:
                self.groups[request.id] = group
            case User() as user:
                self.users[request.id] = user
                self._keys[request.id] = request.key
                self.strangers.pop(request.key, None)
            case None if request.seed is not None:
                self.strangers.pop(request.id, None)  # the key she had, when she gets another one
                self.strangers[request.key] = request.seed
            case None:
                self._remove(request.id)

    def _holds(self, id_: str) -> bool:
        return id_ in self.organisations or id_ in self.groups or id_ in self.users

    def _remove(self, id_: str) -> None:
        self.organisations.pop(id_, None)
        if self.groups.pop(id_, None):
            # With a group go its memberships, as in any LMS.
            for user in [one for one in self.users.values() if any(tie.group == id_ for tie in one.memberships)]:
                left = tuple(tie for tie in user.memberships if tie.group != id_)
                self.users[user.id] = replace(user, memberships=left)
        if self.users.pop(id_, None):
            del self._keys[id_]
            for ward in [one for one in self.users.values() if id_ in one.guardians]:
                self.users[ward.id] = replace(ward, guardians=tuple(one for one in ward.guardians if one != id_))

    def placed(self) -> tuple[Placed, ...]:
        """Everything that was delivered, in the order of a roster, to compare with what was wanted."""
        groups = [Placed(held[id_]) for held in (self.organisations, self.groups) for id_ in sorted(held)]
        users = [Placed(self.users[id_], "" if key == id_ else key) for id_, key in sorted(self._keys.items())]
        return (*groups, *users)

    def existing(self) -> Iterator[Existing]:
        """Every user as the LMS itself lists them, strangers first."""
        yield from self.strangers.values()
        for user in self.users.values():
            fields = dict(user.fields)
            number, login = fields.get("national_number", ""), fields.get("login", "")
            yield Existing(self._keys[user.id], number, login, user.enabled)
