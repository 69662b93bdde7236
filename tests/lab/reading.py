"""The plainest possible reading of an export: nothing is shared with the generator or with the project."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from lxml import etree

Element = etree._Element


@dataclass
class Someone:
    key: str
    given: str
    family: str
    number: str
    mail: str
    birth: date
    inactive: bool
    contacts: list[tuple[str, str]]


@dataclass
class SomeGroup:
    key: str
    type: str
    name: str
    parent: str
    begin: date | None
    end: date | None
    number: str


@dataclass
class SomeTie:
    group: str
    person: str
    role: str
    subrole: str
    standing: bool
    begin: date | None
    end: date | None
    primary: bool


@dataclass
class Reading:
    on: date
    persons: dict[str, Someone] = field(default_factory=dict)
    groups: dict[str, SomeGroup] = field(default_factory=dict)
    ties: list[SomeTie] = field(default_factory=list)


def read(path: Path) -> Reading:
    root = etree.fromstring(re.sub(rb'(?<=<enterprise) xmlns="[^"]*"', b"", path.read_bytes(), count=1))
    found = Reading(date.fromisoformat(_text(root, "properties/datetime")[:10]))
    for element in root.iterfind("person"):
        someone = _someone(element)
        found.persons[someone.key] = someone
    for described in map(_group, root.iterfind("group")):
        found.groups[described.key] = described
        if match := re.match(r".*/3_(\d{11})_", described.key):
            mentor = described.key.split("/")[0] + "/" + match[1]
            found.ties.append(SomeTie(described.key, mentor, "06", "", True, None, None, False))
    for element in root.iterfind("membership"):
        group = _key(element)
        for member in element.iterfind("member"):
            person = _key(member)
            found.ties += [_tie(group, person, role) for role in member.iterfind("role")]
    return found


def _someone(element: Element) -> Someone:
    return Someone(
        _key(element),
        _text(element, "name/n/given"),
        _text(element, "name/n/family"),
        _text(element, "userid[@useridtype='personNIN']"),
        _text(element, "extension/pifu_email[@type='personEmailPrivate']"),
        date.fromisoformat(_text(element, "demographics/bday")),
        _text(element, "extension/pifu_status") == "inaktiv",
        [(_key(c), c.get("type", "")) for c in element.iterfind("extension/pifu_hasContactPerson")],
    )


def _group(element: Element) -> SomeGroup:
    return SomeGroup(
        _key(element),
        _text(element, "grouptype/typevalue"),
        _text(element, "description/short"),
        _key(element.find("relationship")),
        _date(element, "timeframe/begin"),
        _date(element, "timeframe/end"),
        _text(element, "extension/pifu_id[@type='organizationNumber']/pifu_value"),
    )


def _tie(group: str, person: str, role: Element) -> SomeTie:
    parts = {child.tag: child for child in role}
    subrole, timeframe, extension = (parts.get(name) for name in ("subrole", "timeframe", "extension"))
    return SomeTie(
        group,
        person,
        role.get("roletype", ""),
        "" if subrole is None else subrole.text or "",
        parts["status"].text == "1",
        None if timeframe is None else _date(timeframe, "begin"),
        None if timeframe is None else _date(timeframe, "end"),
        extension is not None and _text(extension, "pifu_primaryRelation") == "1",
    )


def _key(element: Element | None) -> str:
    assert element is not None
    current = [s for s in element.iterfind("sourcedid") if s.get("sourcedidtype") != "Old"]
    return f"{_text(current[0], 'source')}/{_text(current[0], 'id')}"


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _date(element: Element, path: str) -> date | None:
    text = _text(element, path)
    return date.fromisoformat(text) if text else None
