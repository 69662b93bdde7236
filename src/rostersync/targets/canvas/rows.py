"""Says what a delivery is in rows of Canvas's SIS import: every row with its status, nothing left to be guessed.

The columns and their words are those of Canvas's "SIS Import Format". Dates are left out: a course that has one is closed
to its pupils before and after, and who is in it when is what enrolments tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from rostersync.model import Delivery, Group, Held, Organisation, Placed, User
from rostersync.targets.canvas.settings import Settings
from rostersync.targets.leftout import LeftOut

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "accounts": ("account_id", "parent_account_id", "name", "status"),
    "courses": ("course_id", "short_name", "long_name", "account_id", "status"),
    "sections": ("section_id", "course_id", "name", "status"),
    "users": ("user_id", "login_id", "authentication_provider_id", "first_name", "last_name", "email", "status"),
    "enrollments": ("section_id", "user_id", "role", "status"),
    "user_observers": ("observer_id", "student_id", "status"),
}
"""File -> its columns; the last is the status. The files stand in the order in which Canvas takes them."""

ACTIVE: Final = "active"
DELETED: Final = "deleted"
SUSPENDED: Final = "suspended"

GUARDIAN_MEMBERSHIP: Final = "a guardian's class membership (in Canvas the link to the pupil carries it)"
NO_GUARDIAN: Final = "a guardianship with a user whom the LMS should not hold"

_PLAIN: Final = dict.fromkeys((*range(0x20), 0x7F), " ")
"""A line end inside a cell would shift the row numbers that Canvas reports."""


class Row(Struct, frozen=True):
    """One row of a file. `key` are the columns that say what it is about."""

    file: str
    key: tuple[str, ...]
    cells: tuple[str, ...]

    @property
    def status(self) -> str:
        """What it makes of it."""
        return self.cells[-1]


class Rows:
    """Makes the rows of one target. What has no place is counted in `left_out`."""

    def __init__(self, settings: Settings, left_out: LeftOut) -> None:
        self._settings = settings
        self._roles = settings.roles()
        self._left_out = left_out

    def of(self, delivery: Delivery) -> Iterator[Row]:
        """The rows of one delivery."""
        value, status = delivery.after or delivery.before, ACTIVE if delivery.after else DELETED
        match value:
            case Organisation():
                cells = (value.id, value.parent, value.name, status)
                yield _row("accounts", 1, cells)
            case Group():
                yield from self._group(value, status)
            case User():
                key = delivery.target_key or delivery.id
                yield self._user(value, key, status)
                yield from self._enrolments(delivery, key)
                yield from self._observers(delivery, key)

    def _group(self, group: Group, status: str) -> Iterator[Row]:
        """A course with one section, both under the group's id."""
        ended = self._settings.ended_groups if status == DELETED else status
        short, long = group.name or group.title, group.title or group.name
        yield _row("courses", 1, (group.id, short, long, group.school, ended))
        yield _row("sections", 1, (group.id, group.id, short, DELETED if ended == DELETED else ACTIVE))

    def _user(self, user: User, key: str, status: str) -> Row:
        """Canvas blanks a name that is not sent, and asks for a login: where none may be released, the key stands in."""
        fields = dict(user.fields)
        login = fields.get("login") or fields.get("feide_id") or key
        names = user.given_name, user.family_name, fields.get("email", "")
        standing = SUSPENDED if status == ACTIVE and not user.enabled else status
        return _row("users", 1, (key, login, self._settings.login_provider, *names, standing))

    def _enrolments(self, delivery: Delivery, key: str) -> Iterator[Row]:
        before, after = self._courses(delivery.before), self._courses(delivery.after)
        if isinstance(delivery.after, User):
            self._left_out.add(GUARDIAN_MEMBERSHIP, sum(one.role == "guardian" for one in delivery.after.memberships))
        for course, role in sorted(before - after):
            yield _row("enrollments", 3, (course, key, role, DELETED))
        for course, role in sorted(after):
            yield _row("enrollments", 3, (course, key, role, ACTIVE))

    def _courses(self, value: Held | None) -> set[tuple[str, str]]:
        if not isinstance(value, User) or not value.enabled:
            return set()
        return {(one.group, self._roles[one.role]) for one in value.memberships if one.role in self._roles}

    def _observers(self, delivery: Delivery, key: str) -> Iterator[Row]:
        """Links that ended, and those that should be. Who is suspended keeps hers: nobody would send them on her return."""
        near = {one.value.id: one for one in delivery.near if isinstance(one.value, User)}
        before, after = _guardians(delivery.before), _guardians(delivery.after)
        self._left_out.add(NO_GUARDIAN, len(after - near.keys()))
        for guardian in sorted(before - after):
            yield _row("user_observers", 2, (_key_of(guardian, near), key, DELETED))
        for guardian in sorted(after & near.keys()):
            yield _row("user_observers", 2, (_key_of(guardian, near), key, ACTIVE))


def _guardians(value: Held | None) -> set[str]:
    return {*value.guardians} if isinstance(value, User) and value.enabled else set()


def _key_of(user: str, near: Mapping[str, Placed]) -> str:
    return (near[user].target_key if user in near else "") or user


def _row(file: str, keys: int, cells: tuple[str, ...]) -> Row:
    if not "".join(cells).isprintable():
        cells = tuple(cell.translate(_PLAIN) for cell in cells)
    return Row(file, cells[:keys], cells)
