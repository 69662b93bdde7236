"""Persons, groups and memberships as IMS Enterprise Services hold them, in the order that its schema asks for.

What is in which namespace: v are the fields themselves, c what persons, groups and memberships share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from rostersync.targets.itslearning.envelope import escaped

NAME_LIMIT: Final = 64
"""Characters of a first name, a last name, or the title of a group (developer.itslearning.com, Users and Hierarchies)."""

DESCRIPTION_LIMIT: Final = 256

Fields = Sequence[tuple[str, str]]
"""Extension fields: name, value."""


class PersonValues(Struct, frozen=True):
    """What is said of one person. `login` and `email` are left out of the message when None, and blanked when empty."""

    first: str
    last: str
    profile: str
    email: str | None = None
    login: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    children: tuple[str, ...] = ()


def person(values: PersonValues) -> str:
    """The content of a person: nothing is ever left empty that the LMS would fill by itself."""
    email = "" if values.email is None else f"<c:email>{escaped(values.email)}</c:email>"
    login = (
        "" if values.login is None else f"<v:userId><c:userIdValue>{escaped(values.login)}</c:userIdValue></v:userId>"
    )
    return (
        '<v:formatName i:nil="true"/><v:name>'
        f"{_part('First', values.first)}{_part('Last', values.last)}</v:name>{email}{login}"
        f"<v:institutionRole><v:institutionRoleType>{escaped(values.profile)}</v:institutionRoleType>"
        f"<v:primaryRoleType>true</v:primaryRoleType></v:institutionRole>{_person_extension(values)}"
    )


def _part(kind: str, text: str) -> str:
    return (
        f"<v:partName><v:namePartType>{kind}</v:namePartType>"
        f"<v:namePartValue>{escaped(text[:NAME_LIMIT])}</v:namePartValue></v:partName>"
    )


def _person_extension(values: PersonValues) -> str:
    if not values.fields and not values.children:
        return ""
    links = "".join([_child(child) for child in values.children])
    return f"<v:extension>{_fields(values.fields)}{links}</v:extension>"


def _child(key: str) -> str:
    # IMS writes sourceId here, and sourcedId everywhere else.
    return (
        "<c:relationship><c:relation>Child</c:relation>"
        f"<c:sourceId><c:identifier>{escaped(key)}</c:identifier></c:sourceId></c:relationship>"
    )


def _parent(key: str) -> str:
    return (
        "<v:relationship><v:relation>Parent</v:relation>"
        f"<v:sourceId><c:identifier>{escaped(key)}</c:identifier></v:sourceId><v:label>Parent</v:label></v:relationship>"
    )


def _fields(fields: Iterable[tuple[str, str]], kind: str = "string") -> str:
    return "".join(
        [
            f"<c:extensionField><c:fieldName>{name}</c:fieldName><c:fieldType>{kind}</c:fieldType>"
            f"<c:fieldValue>{escaped(text)}</c:fieldValue></c:extensionField>"
            for name, text in fields
        ]
    )


class GroupValues(Struct, frozen=True):
    """What is said of one hierarchy or course. `kind` and `level` are a type of itslearning's own, such as School, 1.

    Without a kind it is what its fields make of it.
    """

    title: str
    parent: str
    kind: str
    level: int
    fields: tuple[tuple[str, str], ...] = ()


def group(values: GroupValues) -> str:
    """The content of a group. A title that is too long is told whole in the long description."""
    cut = values.title[:NAME_LIMIT]
    rest = "" if cut == values.title else f"<v:descLong>{escaped(values.title[:DESCRIPTION_LIMIT])}</v:descLong>"
    extension = f"<v:extension>{_fields(values.fields)}</v:extension>" if values.fields else ""
    kind = (
        "<v:groupType><v:scheme>ItslearningOrganisationTypes</v:scheme><v:typeValue>"
        f"<v:type>{values.kind}</v:type><v:level>{values.level}</v:level></v:typeValue></v:groupType>"
        if values.kind
        else ""
    )
    return (
        f"{kind}{_parent(values.parent)}"
        f"<v:description><v:descShort>{escaped(cut)}</v:descShort>{rest}</v:description>{extension}"
    )


def membership(group_key: str, person_key: str, role: str, *, home: bool | None = None) -> str:
    """The content of a membership. `home` says whether the group, a school, is her home organisation."""
    flag = (
        "" if home is None else f"<v:extension>{_fields([('HomeOrganisation', str(int(home)))], 'bool')}</v:extension>"
    )
    return (
        f"<v:groupSourcedId><c:identifier>{escaped(group_key)}</c:identifier></v:groupSourcedId>"
        f"<v:member><v:memberSourcedId><c:identifier>{escaped(person_key)}</c:identifier></v:memberSourcedId>"
        f"<v:idType>Person</v:idType><v:role><v:roleType>{escaped(role)}</v:roleType><v:status>true</v:status>{flag}</v:role>"
        "</v:member>"
    )
