"""What a site holds, and how it takes what it is told: by position, with fallbacks nobody is told of, and a trash.

A person in the trash keeps her memberships and links there, and has them again when she is restored: nobody outside the
vendor has said otherwise, and it is the worse case.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from rostersync.lab.doubles.faults import Faults

LONGEST_NAME: Final = 64
LARGEST_REQUEST: Final = 50
PROFILES: Final = {
    "Student": "Pupil",
    "Staff": "Staff",
    "Administrator": "Administrator",
    "Guest": "Guest",
    "Carer": "Parent",
}
"""institutionRoleType -> profile, as a new site has it (developer.itslearning.com, How to assign profiles to users)."""


class Reply(NamedTuple):
    """What is answered about one thing."""

    major: str = "success"
    severity: str = "status"
    text: str = ""


DONE: Final = Reply()
INSERTED: Final = Reply(severity="warning", text="The object did not exist and was inserted.")


def refused(text: str) -> Reply:
    """One thing that was not done."""
    return Reply("failure", "error", text)


@dataclass(frozen=True)
class LmsPerson:
    """A user. `profile` is what the site made of the text it was sent."""

    first: str = ""
    last: str = ""
    profile: str = ""
    email: str = ""
    login: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    trashed: bool = False


class LmsGroup(NamedTuple):
    """A hierarchy or course."""

    title: str
    parent: str
    kind: str = "Unspecified"
    trashed: bool = False


class LmsMembership(NamedTuple):
    """A membership. `home` marks the home organisation."""

    group: str
    person: str
    role: str
    home: bool = False


class Site:
    """A site. `parent_portal`, `asks_email` (profiles) and `profiles` are its administrator's settings, `faults` its whims.

    `created` counts how often each key was created while it was not there.
    """

    def __init__(self, root: str = "root") -> None:
        self.lock = threading.RLock()
        self.faults = Faults()
        self.root = root
        self.parent_portal = True
        self.asks_email: frozenset[str] = frozenset()
        self.profiles: dict[str, str] = dict(PROFILES)
        self.default_profile = "Pupil"
        self.persons: dict[str, LmsPerson] = {}
        self.groups: dict[str, LmsGroup] = {root: LmsGroup("Site", "", "Site")}
        self.memberships: dict[str, LmsMembership] = {}
        self.created: dict[str, int] = {}
        self._logins: dict[str, str] = {}
        self._homes: dict[str, str] = {}

    def furnish(
        self,
        persons: Mapping[str, LmsPerson],
        groups: Mapping[str, LmsGroup],
        memberships: Mapping[str, LmsMembership],
    ) -> None:
        """Hold all this, as it did once before."""
        self.persons, self.groups, self.memberships = dict(persons), dict(groups), dict(memberships)
        self._logins = {one.login: key for key, one in persons.items()}
        self._homes = {one.person: id_ for id_, one in memberships.items() if one.home}

    # -- persons --------------------------------------------------------------------------------------------------------

    def put_person(self, key: str, told: LmsPerson, *, replaces: bool) -> Reply:
        """Create, update or restore somebody; `replaces` blanks what is not told, links included."""
        before = self.persons.get(key)
        told = replace(told, profile=self.profiles.get(told.profile, self.default_profile))
        if wrong := self._wrong(key, told):
            return refused(wrong)
        if before is None:
            self.created[key] = self.created.get(key, 0) + 1
        old = before or LmsPerson()
        children = self._linked(told) if replaces else old.children | self._linked(told)
        login = told.login or old.login or f"user{len(self.persons)}"
        self._logins[login] = key
        self.persons[key] = replace(
            told,
            login=login,
            email=told.email or old.email,
            fields=told.fields if replaces else {**old.fields, **told.fields},
            children=children,
        )
        if told.children and not self._has_portal():
            return Reply(severity="warning", text="Parent portal is not enabled.")
        if told.children - children:
            return Reply(severity="warning", text="A related person was skipped.")
        return INSERTED if before is None and replaces else DONE

    def _wrong(self, key: str, told: LmsPerson) -> str:
        if not told.first or not told.last:
            return "First and last name are required."
        if max(len(told.first), len(told.last)) > LONGEST_NAME:
            return "A name is too long."
        if told.profile in self.asks_email and not told.email:
            return "An e-mail address is required for this profile."
        if self._holder(told.login) not in ("", key):
            return f"The user name '{told.login}' is already in use."
        return ""

    def _holder(self, login: str) -> str:
        """Whose a login is; empty for nobody's."""
        holder = self._logins.get(login, "")
        return holder if holder in self.persons and self.persons[holder].login == login else ""

    def _linked(self, told: LmsPerson) -> frozenset[str]:
        there = (child for child in told.children if child in self.persons and not self.persons[child].trashed)
        return frozenset(there) if self._has_portal() else frozenset()

    def _has_portal(self) -> bool:
        return self.parent_portal and not self.faults.has("no_portal")

    def trash_person(self, key: str) -> Reply:
        """Put somebody into the trash."""
        person = self.persons.get(key)
        if person is None:
            return refused("The person does not exist.")
        if person.trashed:
            return refused("The person is already deleted.")
        self.persons[key] = replace(person, trashed=True)
        return DONE

    # -- the hierarchy ----------------------------------------------------------------------------------------------------

    def put_group(self, key: str, told: LmsGroup) -> Reply:
        """Create or update a hierarchy."""
        parent = self.groups.get(told.parent)
        if key == self.root or told.kind == "Site":
            return refused("The site cannot be created or changed.")
        if parent is None or parent.trashed:
            return refused("The parent hierarchy does not exist.")
        if told.kind == "School" and parent.kind == "School":
            return refused("A school cannot have a school as its parent.")
        if not told.title or len(told.title) > LONGEST_NAME:
            return refused("The title is missing or too long.")
        self.groups[key] = told
        return DONE

    def delete_group(self, key: str) -> Reply:
        """Delete a hierarchy with everything below it, and all memberships there."""
        if key == self.root or key not in self.groups or self.groups[key].trashed:
            return refused("The group does not exist.")
        self.groups[key] = self.groups[key]._replace(trashed=True)
        self.memberships = {id_: one for id_, one in self.memberships.items() if one.group != key}
        for below in [id_ for id_, one in self.groups.items() if one.parent == key and not one.trashed]:
            self.delete_group(below)
        return DONE

    def put_membership(self, key: str, told: LmsMembership) -> Reply:
        """Create or update a membership."""
        group, person = self.groups.get(told.group), self.persons.get(told.person)
        if group is None or group.trashed:
            return refused("The group does not exist.")
        if person is None or person.trashed:
            return refused("The member does not exist.")
        home = told.home and group.kind in ("Site", "School")
        self.memberships[key] = told._replace(home=home)
        if home:
            self._move_home(told.person, key)
        return DONE

    def _move_home(self, person: str, membership: str) -> None:
        """One home each: the one before is her home no more."""
        before = self._homes.get(person, "")
        self._homes[person] = membership
        if before != membership and before in self.memberships:
            self.memberships[before] = self.memberships[before]._replace(home=False)

    def delete_membership(self, key: str) -> Reply:
        """End a membership."""
        return DONE if self.memberships.pop(key, None) else refused("The membership does not exist.")

    # -- for looking at -----------------------------------------------------------------------------------------------------

    def active(self) -> dict[str, LmsPerson]:
        """The users who are not in the trash."""
        return {key: one for key, one in self.persons.items() if not one.trashed}

    def groups_of(self, key: str) -> Iterable[LmsMembership]:
        """A user's memberships."""
        return [one for one in self.memberships.values() if one.person == key]
