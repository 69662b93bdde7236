"""What a request may look like: which elements, in which namespace, in which order. Anything else is refused.

The schema's own files are not public; the order is the one that its vendor's pages and published clients agree on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from lxml import etree

_IMS: Final = "http://www.imsglobal.org/services/"
COMMON: Final = f"{_IMS}common/imsCommonSchema_v1p0"
HEADER: Final = f"{_IMS}common/imsMessBindSchema_v1p0"
MESSAGES: Final = {
    "pms": f"{_IMS}pms/xsd/imsPersonManMessSchema_v1p0",
    "gms": f"{_IMS}gms/xsd/imsGroupManMessSchema_v1p0",
    "mms": f"{_IMS}mms/xsd/imsMemberManMessSchema_v1p0",
}
VALUES: Final = {system: name.replace("ManMess", "ManData") for system, name in MESSAGES.items()}


@dataclass(frozen=True, eq=False)
class Shape:
    """An element: its name, what it holds, in order, and how often it may and must stand there."""

    name: str
    children: tuple[Shape, ...] = ()
    required: bool = False
    many: bool = False

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each child stands, by its name."""
        return {child.name: number for number, child in enumerate(self.children)}


def misfit(element: etree._Element, shape: Shape) -> str:
    """What is wrong with an element, as a sentence; empty when it fits."""
    place, there = 0, set()
    for child in element.iterchildren(tag=etree.Element):
        number = shape.places.get(child.tag)
        if number is None:
            return f"unexpected element {child.tag}"
        if number < place:
            return f"element {child.tag} stands too late"
        inner = shape.children[number]
        place = number if inner.many else number + 1
        there.add(number)
        if wrong := misfit(child, inner):
            return wrong
    missing = [child.name for number, child in enumerate(shape.children) if child.required and number not in there]
    return f"element {missing[0]} is missing" if missing else ""


def _named(namespace: str, *names: str) -> tuple[Shape, ...]:
    return tuple(Shape(f"{{{namespace}}}{name}") for name in names)


def _shape(namespace: str, name: str, *children: Shape, required: bool = False, many: bool = False) -> Shape:
    return Shape(f"{{{namespace}}}{name}", children, required, many)


_IDENTIFIER: Final = _shape(COMMON, "identifier", required=True)
_FIELD: Final = _shape(COMMON, "extensionField", *_named(COMMON, "fieldName", "fieldType", "fieldValue"), many=True)
_CHILD: Final = _shape(
    COMMON,
    "relationship",
    _shape(COMMON, "relation", required=True),
    _shape(COMMON, "sourceId", _IDENTIFIER, required=True),
    many=True,
)


def _person(v: str) -> tuple[Shape, ...]:
    part = _shape(v, "partName", *_named(v, "namePartType", "namePartValue"), many=True)
    account = (*_named(COMMON, "userIdValue"), *_named(v, "userIdType"), *_named(COMMON, "passWord"))
    types = (_shape(v, "institutionRoleType", required=True), _shape(v, "primaryRoleType", required=True))
    return (
        _shape(v, "formatName", required=True),
        _shape(v, "name", *_named(v, "nameType"), part),
        *_named(v, "recordInfo"),
        *_named(COMMON, "email", "URL"),
        *_named(v, "systemRole"),
        _shape(v, "userId", *account),
        _shape(v, "address", *_named(v, "extadd", "locality", "postcode", "street")),
        _shape(v, "demographics", *_named(v, "gender", "bday")),
        _shape(v, "institutionRole", *types, many=True),
        _shape(v, "tel", *_named(v, "telType", "telValue"), many=True),
        *_named(v, "photo"),
        *_named(COMMON, "dataSource"),
        _shape(v, "extension", _FIELD, _CHILD),
    )


def _group(v: str) -> tuple[Shape, ...]:
    kind = _shape(v, "typeValue", *_named(v, "type", "level"))
    parent = (*_named(v, "relation"), _shape(v, "sourceId", _IDENTIFIER, required=True), *_named(v, "label"))
    return (
        _shape(v, "groupType", *_named(v, "scheme"), kind),
        _shape(v, "relationship", *parent, required=True),
        _shape(
            v, "description", _shape(v, "descShort", required=True), *_named(v, "descLong", "descFull"), required=True
        ),
        _shape(v, "extension", _FIELD),
    )


def _membership(v: str) -> tuple[Shape, ...]:
    role = (
        _shape(v, "roleType", required=True),
        *_named(v, "subRole", "recordInfo", "userId", "timeFrame", "status", "dateTime"),
        *_named(COMMON, "email", "dataSource"),
        _shape(v, "extension", _FIELD),
    )
    member = (_shape(v, "memberSourcedId", _IDENTIFIER), *_named(v, "idType"), _shape(v, "role", *role, many=True))
    return _shape(v, "groupSourcedId", _IDENTIFIER, required=True), _shape(v, "member", *member, required=True)


_THINGS: Final = {"pms": ("person", _person), "gms": ("group", _group), "mms": ("membership", _membership)}


def _pairs(system: str) -> tuple[Shape, ...]:
    kind, inside = _THINGS[system]
    m = MESSAGES[system]
    pair = _shape(
        m,
        f"{kind}IdPair",
        _shape(m, "sourcedId", _IDENTIFIER, required=True),
        _shape(m, kind, *inside(VALUES[system]), required=True),
        many=True,
    )
    return (_shape(m, f"{kind}IdPairSet", pair, required=True),)


def _keys(system: str) -> tuple[Shape, ...]:
    return (_shape(MESSAGES[system], "sourcedIdSet", _shape(COMMON, "identifier", many=True), required=True),)


def _of(system: str, name: str) -> tuple[Shape, ...]:
    return (_shape(MESSAGES[system], name, _IDENTIFIER, required=True),)


_PAGE: Final = ("PageIndex", "PageSize", "CreatedFrom", "OnlyManuallyCreatedUsers", "ConvertFromManual")

REQUESTS: Final = {
    **{("pms", f"{verb}Persons"): _pairs("pms") for verb in ("create", "update", "replace")},
    **{("gms", f"{verb}Groups"): _pairs("gms") for verb in ("create", "update", "replace")},
    **{("mms", f"{verb}Memberships"): _pairs("mms") for verb in ("create", "update", "replace")},
    **{("pms", name): _keys("pms") for name in ("deletePersons", "readPersons")},
    **{("gms", name): _keys("gms") for name in ("deleteGroups", "readGroups")},
    ("mms", "deleteMemberships"): _keys("mms"),
    ("mms", "readMembershipsForPerson"): _of("mms", "personSourcedId"),
    ("mms", "readMembershipsForGroup"): _of("mms", "groupSourcedId"),
    ("pms", "readAllPersons"): _named(MESSAGES["pms"], *_PAGE),
}
"""(system, operation) -> what stands below the request element."""
