"""Turns entries into records, with the fields that are wanted and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from rostersync.connectors import Wanted
from rostersync.connectors.oneroster.entries import Class, Course, Org, Place, Texts, User
from rostersync.connectors.oneroster.shaping import CLASS_FIELDS, CLASS_LISTS, COURSE_FIELDS, ORG_FIELDS, USER_FIELDS
from rostersync.mapping.rules import is_offered
from rostersync.model import Record, RecordKind

ORG: Final = "org/"
CLASS: Final = "class/"
"""Before an id in the key of a group: an organisation and a class may have the same id."""

_PLACE_FIELDS: Final[Mapping[str, Callable[[Place], str]]] = {
    "role": lambda place: place.role,
    "roleType": lambda place: place.kind,
    "primary": lambda place: place.primary,
    "home": lambda place: place.home,
    "beginDate": lambda place: place.begin,
    "endDate": lambda place: place.end,
}
_OWN_GROUP_FIELDS: Final = ("key", "parent", "begin", "end", "schoolYear")
"""What we work out for a group: its key among all groups, the key above it, and its period."""

_OF_THE_CLASS: Final = ("classType", "metadata.")
"""What of a class stands on its membership too, so that a mapping can tell a teacher of it from a contact teacher."""


def every_field() -> Wanted:
    """Every field name that a roster can deliver, by record kind."""
    return {
        "person": frozenset((*USER_FIELDS, "role", "grades", "email.guardian", "userIds.*", "metadata.*")),
        "contact": frozenset(("contact", "type")),
        "group": frozenset(
            (*ORG_FIELDS, *CLASS_FIELDS, *CLASS_LISTS, *COURSE_FIELDS.values(), *_OWN_GROUP_FIELDS, "metadata.*")
        ),
        "membership": frozenset(("group", "classType", "metadata.*")),
        "member": frozenset(("user", *_PLACE_FIELDS)),
    }


class Recorder:
    """Makes records for one reading."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._known: dict[tuple[RecordKind, str], bool] = {}
        self._places: dict[Place, Texts] = {}

    def wants(self, kind: RecordKind, name: str) -> bool:
        """Whether anybody asked for a field."""
        known = self._known.get((kind, name))
        if known is None:
            known = self._known[kind, name] = is_offered(name, self._wanted.get(kind, ()))
        return known

    def person(self, user: User, contacts: Iterable[tuple[str, str]]) -> Record:
        """A person. `contacts` are the ids of the adults with their role, empty where nobody says it."""
        parts = tuple(self._contact(adult, role) for adult, role in contacts)
        return Record("person", self._chosen("person", user.fields), parts=parts)

    def org(self, org: Org) -> Record:
        """An organisation."""
        more = {"key": ORG + org.id if org.id else "", "parent": ORG + org.parent if org.parent else ""}
        return self._group(org.fields, more)

    def group(self, one: Class, course: Course | None, begin: str, end: str, year: str) -> Record:
        """A class, with the period of its terms and the name of its course."""
        more = {
            "key": CLASS + one.id if one.id else "",
            "parent": ORG + one.school if one.school else "",
            "begin": begin,
            "end": end,
            "schoolYear": year,
        }
        return self._group(one.fields | (course.fields if course else {}), more)

    def membership(self, key: str, about: Texts, members: Iterable[tuple[str, Place]]) -> Record:
        """Everyone at an organisation or in a class; `about` are the class's own fields."""
        parts = tuple(self._member(user, place) for user, place in members)
        own = {name: found for name, found in about.items() if name.startswith(_OF_THE_CLASS)}
        if key:
            own["group"] = (key,)
        return Record("membership", self._chosen("membership", own), parts=parts)

    def _group(self, fields: Texts, more: Mapping[str, str]) -> Record:
        every = fields | {name: (found,) for name, found in more.items() if found}
        return Record("group", self._chosen("group", every))

    def _contact(self, adult: str, role: str) -> Record:
        fields = {name: (found,) for name, found in (("contact", adult), ("type", role)) if found}
        return Record("contact", self._chosen("contact", fields))

    def _member(self, user: str, place: Place) -> Record:
        """One member; those who differ in nothing else share their fields."""
        fields = self._places.get(place)
        if fields is None:
            told = {name: (found,) for name, read in _PLACE_FIELDS.items() if (found := read(place))}
            fields = self._places[place] = self._chosen("member", told)
        return Record("member", fields, whose=user if self.wants("member", "user") else "")

    def _chosen(self, kind: RecordKind, fields: Mapping[str, tuple[str, ...]]) -> Texts:
        return {name: found for name, found in fields.items() if self.wants(kind, name)}
