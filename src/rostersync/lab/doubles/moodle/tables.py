"""What the double of a Moodle site holds: frozen rows in dictionaries, so that a refused call is easily undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from msgspec import Struct

Level = Literal["system", "coursecat", "course", "user"]

GUEST = 1
SERVICE = 2
"""The account that the token belongs to."""

SITE = 1
"""The course that everybody is in."""


class Account(Struct, frozen=True):
    """One account. A deleted one stays as a row that nothing finds."""

    id: int
    username: str
    email: str
    firstname: str = ""
    lastname: str = ""
    idnumber: str = ""
    auth: str = "manual"
    suspended: bool = False
    deleted: bool = False
    fields: tuple[tuple[str, str], ...] = ()


class Category(Struct, frozen=True):
    """One course category."""

    id: int
    name: str
    idnumber: str
    parent: int


class Course(Struct, frozen=True):
    """One course. Moments are seconds since 1970."""

    id: int
    fullname: str
    shortname: str
    idnumber: str
    categoryid: int
    visible: bool = True
    startdate: int = 0
    enddate: int = 0


class Cohort(Struct, frozen=True):
    """One cohort of a category."""

    id: int
    name: str
    idnumber: str
    category: int
    visible: bool = True


class Assigned(Struct, frozen=True):
    """One role of an account in a context."""

    role: int
    user: int
    level: Level
    instance: int


@dataclass(slots=True)
class Tables:
    """Everything a site holds. Rows are replaced, never changed."""

    accounts: dict[int, Account] = field(default_factory=dict)
    categories: dict[int, Category] = field(default_factory=dict)
    courses: dict[int, Course] = field(default_factory=dict)
    cohorts: dict[int, Cohort] = field(default_factory=dict)
    enrolments: dict[tuple[int, int], None] = field(default_factory=dict)
    members: dict[tuple[int, int], None] = field(default_factory=dict)
    assigned: dict[Assigned, None] = field(default_factory=dict)
    last: int = 100

    def copy(self) -> Tables:
        """The same rows in dictionaries of their own."""
        return replace(
            self,
            accounts=dict(self.accounts),
            categories=dict(self.categories),
            courses=dict(self.courses),
            cohorts=dict(self.cohorts),
            enrolments=dict(self.enrolments),
            members=dict(self.members),
            assigned=dict(self.assigned),
        )

    def number(self) -> int:
        """The next free number."""
        self.last += 1
        return self.last

    def living(self) -> Iterator[Account]:
        """The accounts that were not deleted."""
        return (one for one in self.accounts.values() if not one.deleted)

    def account(self, key: int) -> Account | None:
        """An account that was not deleted."""
        found = self.accounts.get(key)
        return None if found is None or found.deleted else found

    def drop_roles(self, user: int, level: Level, instance: int) -> None:
        """Take every role of an account in a context away."""
        for one in [one for one in self.assigned if (one.user, one.level, one.instance) == (user, level, instance)]:
            del self.assigned[one]

    def unenrol(self, course: int, user: int) -> None:
        """End an enrolment with the roles that came with it; without one, nothing."""
        if (course, user) in self.enrolments:
            del self.enrolments[course, user]
            self.drop_roles(user, "course", course)
