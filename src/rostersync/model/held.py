"""What an LMS holds, or should hold: organisations, groups and users."""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct

from rostersync.model.vocabulary import Face, Role


class Organisation(Struct, frozen=True, tag="organisation", gc=False):
    """A school or the school owner, as an LMS holds it."""

    id: str
    kind: Literal["owner", "school"]
    name: str
    number: str = ""
    parent: str = ""


class Group(Struct, frozen=True, tag="group", gc=False):
    """A class, teaching group, mentor group or samlegruppe, as an LMS holds it. `school` is an organisation id."""

    id: str
    kind: str
    name: str
    title: str
    school: str
    begin: date | None = None
    end: date | None = None


class Membership(Struct, frozen=True, order=True, gc=False):
    """A user's role in a group. Compared inside her own row, so it has no id of its own."""

    group: str
    role: Role


class SchoolRole(Struct, frozen=True, order=True, gc=False):
    """The highest role a user holds at one school (an organisation id)."""

    school: str
    role: Role


class User(Struct, frozen=True, tag="user", gc=False):
    """One LMS user: a person's `school` or `guardian` face, with the values released to it and nothing else.

    `fields` are (field, text) in field order. `schools` has the home school first. `memberships` are sorted.
    `guardians` are the user ids of those who may follow this pupil, sorted; they stand on the ward's row only.
    """

    id: str
    person: str
    face: Face
    role: Role
    given_name: str
    family_name: str
    fields: tuple[tuple[str, str], ...] = ()
    schools: tuple[SchoolRole, ...] = ()
    enabled: bool = True
    memberships: tuple[Membership, ...] = ()
    guardians: tuple[str, ...] = ()


Held = Organisation | Group | User
"""Anything an LMS holds."""
