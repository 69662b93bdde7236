"""Elements of a request that fits the schema -> what the site is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.lab.doubles.itslearning.shapes import COMMON
from rostersync.lab.doubles.itslearning.site import LmsGroup, LmsMembership, LmsPerson

if TYPE_CHECKING:
    from lxml import etree

_IDENTIFIER = f"{{{COMMON}}}identifier"


def text_of(element: etree._Element) -> str:
    """All text in an element."""
    if not len(element):
        return (element.text or "").strip()
    return "".join(str(text) for text in element.itertext()).strip()


def keys_of(request: etree._Element) -> list[str]:
    """The keys that a request names."""
    return [text_of(one) for one in request.iter(_IDENTIFIER)]


def pairs_of(request: etree._Element) -> list[tuple[str, etree._Element]]:
    """The things that a request tells, each with its key."""
    return [(text_of(pair[0]), pair[1]) for pair in request[0]]


def person_of(element: etree._Element) -> LmsPerson:
    """A person as she is told."""
    names = {_one(part, "namePartType"): _one(part, "namePartValue") for part in element.iterfind(".//{*}partName")}
    return LmsPerson(
        first=names.get("First", ""),
        last=names.get("Last", ""),
        profile=_one(element, "institutionRole/{*}institutionRoleType"),
        email=_one(element, "email"),
        login=_one(element, "userId/{*}userIdValue"),
        fields=_fields(element),
        children=frozenset(
            _one(link, "sourceId/{*}identifier")
            for link in element.iterfind("{*}extension/{*}relationship")
            if _one(link, "relation") == "Child"
        ),
    )


def group_of(element: etree._Element) -> LmsGroup:
    """A hierarchy as it is told. With the fields of a course and no type it becomes one."""
    kind = _one(element, "groupType/{*}typeValue/{*}type")
    fallback = "Course" if "course" in _fields(element) else "Unspecified"
    return LmsGroup(
        _one(element, "description/{*}descShort"),
        _one(element, "relationship/{*}sourceId/{*}identifier"),
        kind or fallback,
    )


def membership_of(element: etree._Element) -> LmsMembership:
    """A membership as it is told."""
    return LmsMembership(
        _one(element, "groupSourcedId/{*}identifier"),
        _one(element, "member/{*}memberSourcedId/{*}identifier"),
        _one(element, "member/{*}role/{*}roleType"),
        _fields(element).get("HomeOrganisation") == "1",
    )


def _fields(element: etree._Element) -> dict[str, str]:
    return {_one(one, "fieldName"): _one(one, "fieldValue") for one in element.iterfind(".//{*}extensionField")}


def _one(element: etree._Element, path: str) -> str:
    found = element.find(f"{{*}}{path}")
    return "" if found is None else text_of(found)
