"""Reads IMS Enterprise files as an importer would: a full one anew, deltas one after the other in the order of their names.

Shares no code with the target.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

CHILDREN = {
    "enterprise": "properties person group membership",
    "properties": "datasource type datetime",
    "sourcedid": "source id",
    "person": "sourcedid userid name demographics email tel institutionrole extension",
    "name": "fn n",
    "n": "family given",
    "group": "sourcedid grouptype description org timeframe relationship",
    "grouptype": "scheme typevalue",
    "description": "short long",
    "org": "orgname id",
    "timeframe": "begin end",
    "membership": "sourcedid member",
    "member": "sourcedid idtype role",
    "role": "status",
}
"""Element -> its children, in the order of the binding; `relationship` differs between groups and extensions."""


@dataclass
class Person:
    """What an importer holds of a person."""

    enabled: bool
    given: str
    userids: dict[str, str]
    guardians: frozenset[str]
    profile: str


@dataclass
class Site:
    """What an importer has after all files. `groups` is id -> (scheme, type, parent); `members` group -> key -> roletype."""

    groups: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    members: dict[str, dict[str, str]] = field(default_factory=dict)

    def groups_of(self, key: str) -> dict[str, str]:
        """Group -> roletype."""
        return {group: roles[key] for group, roles in self.members.items() if key in roles}


def imported(paths: Iterable[Path]) -> Site:
    """A site after importing these files."""
    site = Site()
    for path in paths:
        _import(site, etree.parse(path).getroot())
    return site


def problems(root: etree._Element) -> list[str]:
    """Where elements stand in another order than the binding has it."""
    found = []
    for element in root.iter():
        allowed = CHILDREN.get(str(element.tag), "").split()
        places = [allowed.index(child.tag) if child.tag in allowed else -1 for child in element]
        if allowed and (-1 in places or places != sorted(places)):
            found.append(f"{element.tag}: {[child.tag for child in element]}")
    return found


def _import(site: Site, root: etree._Element) -> None:
    assert not problems(root)
    for person in root.iter("person"):
        _take_person(site, person)
    for group in root.iter("group"):
        key = _key(group)
        if group.get("recstatus") == "3":
            site.groups.pop(key, None)
            site.members.pop(key, None)
            continue
        relationship = group.find("relationship")
        assert relationship is not None
        type_ = group.findtext("grouptype/scheme", ""), group.findtext("grouptype/typevalue", "")
        site.groups[key] = (*type_, _key(relationship))
    for member in root.iter("member"):
        parent = member.getparent()
        assert parent is not None
        roles = site.members.setdefault(_key(parent), {})
        role = member.find("role")
        assert role is not None
        if role.get("recstatus") == "3" or role.findtext("status") == "0":
            roles.pop(_key(member), None)
        else:
            roles[_key(member)] = role.get("roletype", "")


def _take_person(site: Site, person: etree._Element) -> None:
    key = _key(person)
    given = person.findtext("name/n/given", "")
    enabled = person.get("recstatus") != "3"
    if not enabled and not given:
        site.persons.pop(key, None)
    else:
        links = (*person.findall("extension/relationship"), *person.findall("extension/pifu_hasContactPerson"))
        userids = {one.get("useridtype", ""): one.text or "" for one in person.findall("userid")}
        role = person.find("institutionrole")
        profile = "" if role is None else role.get("institutionroletype", "")
        site.persons[key] = Person(enabled, given, userids, frozenset(map(_key, links)), profile)
    if not enabled:
        for roles in site.members.values():
            roles.pop(key, None)


def _key(element: etree._Element) -> str:
    return element.findtext("sourcedid/id", "")
