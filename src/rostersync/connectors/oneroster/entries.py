"""The one form that a roster's entries take, whether they came as JSON or as rows of CSV, and how they lie in the spool."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

Texts: TypeAlias = dict[str, tuple[str, ...]]
"""Field name -> its texts, tidy and never empty."""


class Place(Struct, frozen=True, array_like=True):
    """How somebody belongs to an organisation or a class. `kind` is 1.2's roleType; dates as written or YYYY-MM-DD.

    `primary` is told of a class's teachers, `home` of organisations where the user has a primary one.
    """

    role: str
    kind: str = ""
    primary: str = ""
    home: str = ""
    begin: str = ""
    end: str = ""


class Post(Struct, frozen=True, array_like=True):
    """A user's place at an organisation."""

    org: str
    place: Place


class Org(Struct, frozen=True, array_like=True, tag="org"):
    """An organisation: the owner, a school, a department."""

    id: str
    fields: Texts
    parent: str = ""


class Session(Struct, frozen=True, array_like=True, tag="session"):
    """A term or a school year. `year` is the calendar year in which the school year ends."""

    id: str
    begin: str
    end: str
    year: str


class Course(Struct, frozen=True, array_like=True, tag="course"):
    """What a class is a class in. `fields` are named as the class's record has them."""

    id: str
    fields: Texts


class Class(Struct, frozen=True, array_like=True, tag="class"):
    """A class or another group. `school`, `course` and `terms` are the ids of others."""

    id: str
    fields: Texts
    school: str
    course: str
    terms: tuple[str, ...]


class User(Struct, frozen=True, array_like=True, tag="user"):
    """One row about a person; some services give one for each of her roles. `agents` are the ids of others."""

    id: str
    fields: Texts
    agents: tuple[str, ...]
    posts: tuple[Post, ...]


class Enrollment(Struct, frozen=True, array_like=True, tag="enrollment"):
    """A user's place in a class."""

    group: str
    user: str
    place: Place


class End(Struct, frozen=True, array_like=True, tag="end"):
    """The last line of a spool: what proved that the roster is whole."""

    proof: str


Entry: TypeAlias = Org | Session | Course | Class | User | Enrollment
Line: TypeAlias = Entry | End

COLLECTIONS: Final = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")
"""The collections that are read, by their name in the standard's addresses and files."""

encode: Final = msgspec.json.Encoder(order="sorted").encode
"""An entry as one line of the spool, without its end: the same bytes for the same entry."""

decode: Final = msgspec.json.Decoder(Line).decode
"""The entry of a line."""
