"""Small builders of cards, claims, ties, groups and known users: a test names only what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from rostersync.ids import Ids
from rostersync.model import (
    Card,
    ContactFact,
    Face,
    GroupFact,
    Known,
    Life,
    Local,
    Membership,
    OwnClaim,
    Role,
    RoleModel,
    Samlegruppe,
    School,
    SchoolRole,
    TieFact,
    User,
)

TODAY = date(2026, 11, 23)
"""A Monday in mid-year: no grace, no lead and no add-only window is near."""

IDS = Ids(b"k" * 32)

NORTH = School(id="north", name="Nordre skole", number="974589230", key="everyday/north")
SOUTH = School(id="south", name="Søndre skole", number="974589249", key="everyday/south")

ROLES = RoleModel(
    name="test",
    ties={
        "pupil": "pupil",
        "teacher": "staff",
        "contact_teacher": "staff",
        "employee": "staff",
        "leader": "staff",
        "guardian": "guardian",
    },
    suggests={"leader": "school_leader"},
    release={
        "super_user": ("national_number", "login", "given_name", "family_name"),
        "school_leader": ("national_number", "login", "given_name", "family_name"),
        "staff": ("national_number", "login", "given_name", "family_name"),
        "pupil": ("national_number", "login", "given_name", "family_name"),
        "guardian": ("national_number", "email", "given_name", "family_name"),
    },
    groups={
        "class": frozenset(("pupil", "staff", "guardian")),
        "teaching_group": frozenset(("pupil", "staff")),
        "mentor_group": frozenset(("pupil", "staff")),
    },
    samlegrupper=(
        Samlegruppe("all_pupils", "Alle elever", frozenset(("pupil",)), "pupil"),
        Samlegruppe("all_teachers", "Alle lærere", frozenset(("teacher", "contact_teacher")), "staff"),
        Samlegruppe(
            "all_employees", "Alle ansatte", frozenset(("teacher", "contact_teacher", "employee", "leader")), "staff"
        ),
        Samlegruppe("all_guardians", "Alle foresatte", frozenset(), "guardian", guardians=True),
    ),
    revealing=("særskilt", "forsterket", "fritak", "bup"),
    neutral_title="Gruppe",
)


def values(**given: str) -> tuple[tuple[str, str], ...]:
    """A claim's values: a given and a family name, and whatever is given beside or instead of them."""
    merged = {"given_name": "Kari", "family_name": "Nordmann"} | given
    return tuple((field, text) for field, text in merged.items() if text)


def claim(source: str = "everyday", *contacts: ContactFact, **changes: Any) -> OwnClaim:
    """A present claim. Field names of `OwnClaim` change it; any other name is one of its values."""
    own = {name: changes.pop(name) for name in OwnClaim.__struct_fields__ if name in changes}
    return OwnClaim(**{"source": source, "values": values(**changes), "contacts": contacts, "run": "r1", **own})


def school_fact(school: School = NORTH, **changes: Any) -> GroupFact:
    """The school itself, as a tie leads to it."""
    return msgspec.structs.replace(
        GroupFact(id=school.id, kind="school", name=school.name, title="", school=school), **changes
    )


def owner_fact() -> GroupFact:
    """The school owner, as a tie leads to it."""
    return GroupFact(id="owner", kind="owner", name="Eksempel kommune", title="", school=None)


def group(id: str = "8a", school: School | None = NORTH, kind: str = "class", **changes: Any) -> GroupFact:  # noqa: A002 - as the value's own field is named
    """A group at a school."""
    return msgspec.structs.replace(GroupFact(id=id, kind=kind, name=id.upper(), title="", school=school), **changes)


def tie(
    to: GroupFact | None, role: str = "pupil", begin: date | None = None, end: date | None = None, **changes: Any
) -> TieFact:
    """A tie in the source `everyday`."""
    return msgspec.structs.replace(TieFact(to, role, "everyday", begin, end), **changes)


def contact(person: str = "mother", **changes: Any) -> ContactFact:
    """A contact of type guardian, present and not protected."""
    return msgspec.structs.replace(ContactFact(person, "guardian", "everyday"), **changes)


def pupil(
    person: str = "pupil",
    *contacts: ContactFact,
    ties: Sequence[TieFact] | None = None,
    local: Local = Local(),  # noqa: B008 - it is frozen
    **changes: Any,
) -> Card:
    """A pupil of twelve in class 8a at the northern school."""
    own = claim("everyday", *contacts, **{"birth_date": "2014-05-06", **changes})
    return Card(person, (own,), tuple(ties) if ties is not None else (tie(group()),), (), local)


def teacher(person: str = "teacher", *ties: TieFact, local: Local = Local(), **changes: Any) -> Card:  # noqa: B008 - it is frozen
    """A teacher at the northern school, with class 8a unless other ties are given."""
    return Card(person, (claim(**changes),), ties or (tie(group(), "teacher"),), (), local)


def guardian(person: str = "mother", *wards: Card, local: Local = Local(), **changes: Any) -> Card:  # noqa: B008 - it is frozen
    """A parent who is nothing else, and the cards of the pupils who name her."""
    return Card(person, (claim(**{"email": "mother@home.example", **changes}),), (), wards, local)


def user(
    id: str = "user",  # noqa: A002 - as the value's own field is named
    role: Role = "pupil",
    *,
    groups: Sequence[str] = (),
    schools: Sequence[str] = ("north",),
    face: Face = "school",
    **changes: Any,
) -> User:
    """An LMS user with one role in every school and group named."""
    plain = User(
        id=id,
        person=f"person-of-{id}",
        face=face,
        role=role,
        given_name="Kari",
        family_name="Nordmann",
        schools=tuple(SchoolRole(school, role) for school in schools),
        memberships=tuple(Membership(one, role) for one in sorted(groups)),
    )
    return msgspec.structs.replace(plain, **changes)


def known(value: User, life: Life = Life(), digest: str = "as-delivered") -> Known:  # noqa: B008 - it is frozen
    """What a target holds of a user."""
    return Known("user", value.id, value, digest, life)
