"""Writes small PIFU-IMS and IMS Enterprise documents about people who do not exist."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from rostersync.connectors.pifu import Header, PifuConnector, Settings, make
from rostersync.connectors.pifu.header import read_header
from rostersync.model import Record

from .contract import NOW, read_both_ways

V1 = "http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-v1"
V1_1 = "http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-1.1"
V1_2 = "http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas-1.2"
SOURCE = "sas.lunde.example"

_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def national_number(ordinal: int) -> str:
    """The synthetic national number (month + 80, valid check digits) of that ordinal."""
    valid = (number for individual in range(500) if (number := _checked(f"019110{individual:03d}")))
    return next(number for place, number in enumerate(valid) if place == ordinal)


def _checked(nine: str) -> str:
    digits = [int(digit) for digit in nine]
    for weights in (_FIRST, _SECOND):
        digits.append(-sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11)
    return "" if 10 in digits else "".join(map(str, digits))


def sourcedid(key: str, kind: str = "") -> str:
    """A `sourcedid` of our source."""
    attribute = f' sourcedidtype="{kind}"' if kind else ""
    return f"<sourcedid{attribute}><source>{SOURCE}</source><id>{key}</id></sourcedid>"


def person(key: str, inside: str = "", *, given: str = "Kari", family: str = "Skogfjell", extension: str = "") -> str:
    """A person; `inside` stands before the name."""
    tail = f"<extension>{extension}</extension>" if extension else ""
    return (
        f"<person>{sourcedid(key)}{inside}<name><fn>{given} {family}</fn>"
        f"<n><family>{family}</family><given>{given}</given></n></name>{tail}</person>"
    )


def contact(key: str, kind: str = "guardian") -> str:
    """A pointer to an adult, for a pupil's extension."""
    return f'<pifu_hasContactPerson type="{kind}">{sourcedid(key)}</pifu_hasContactPerson>'


def group(key: str, inside: str = "", *, kind: str = "basisgruppe", level: str = "1", parent: str = "skole") -> str:
    """A group below its school; `inside` stands at its end."""
    scheme = "pifu-ims-go-org" if kind.startswith("skole") else "pifu-ims-go-grp"
    return (
        f'<group>{sourcedid(key)}<grouptype><scheme>{scheme}</scheme><typevalue level="{level}">{kind}</typevalue>'
        f"</grouptype><description><short>{key}</short></description>"
        f'<relationship relation="1">{sourcedid(parent)}<label>Lunde skole</label></relationship>{inside}</group>'
    )


def member(key: str, *roles: str) -> str:
    """A member of a group, by default an active pupil."""
    return f"<member>{sourcedid(key)}<idtype>1</idtype>{''.join(roles or (role(),))}</member>"


def role(roletype: str = "01", inside: str = "<status>1</status>") -> str:
    """One role of a member."""
    return f'<role roletype="{roletype}">{inside}</role>'


def membership(key: str, *members: str) -> str:
    """Who belongs to a group."""
    return f"<membership>{sourcedid(key)}{''.join(members)}</membership>"


def properties(kind: str = "full", made: str = "2026-11-21T04:00:00", datasource: str = SOURCE) -> str:
    """The header of a document."""
    return (
        f'<properties lang="no"><datasource>{datasource}</datasource>'
        f"{f'<type>{kind}</type>' if kind else ''}<datetime>{made}</datetime></properties>"
    )


def document(*elements: str, head: str | None = None, namespace: str = V1, encoding: str = "UTF-8") -> bytes:
    """A whole document, one top-level element a line."""
    xmlns = f' xmlns="{namespace}"' if namespace else ""
    lines = (properties() if head is None else head, *elements)
    text = "\n".join((f'<?xml version="1.0" encoding="{encoding}"?>', f"<enterprise{xmlns}>", *lines, "</enterprise>"))
    return f"{text}\n".encode(encoding)


def made(moment: str, *elements: str) -> bytes:
    """A whole document, made at that moment."""
    return document(*(elements or WHOLE), head=properties(made=moment))


def key(number: str) -> tuple[str]:
    """The texts of a field that holds one key of our source."""
    return (f"{SOURCE}/{number}",)


def peek(path: Path) -> Header:
    """The header of a file."""
    with path.open("rb") as stream:
        return read_header(stream, str(path))


PUPIL = person(
    "elev-1",
    f'<userid useridtype="personNIN">{national_number(0)}</userid>',
    given="Åse Hemmelig",
    extension=contact("foresatt-1"),
)
GUARDIAN = person("foresatt-1", given="Bjørn Hemmelig")
TEACHER = person("lærer-1", given="Ellen Hemmelig")
WHOLE = (
    PUPIL,
    GUARDIAN,
    TEACHER,
    group("skole", kind="skole", level="2", parent="skole"),
    group("7A"),
    membership("skole", member("lærer-1", role("02"))),
    membership("7A", member("elev-1"), member("lærer-1", role("02"), role("06"))),
)
SECRETS = ("Hemmelig", "Skogfjell", national_number(0), "elev-1", "foresatt-1", "lærer-1")


class DropFolder:
    """A folder that a school system drops files in, and a connector that reads it."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder / "in"
        self.spool = folder / "spool"
        self.folder.mkdir(exist_ok=True)
        self.spool.mkdir(exist_ok=True)
        values: dict[str, object] = {"files": str(self.folder / "*.xml"), "spool": self.spool, "guardians": True}
        self.connector: PifuConnector = make("everyday", Settings(**{**values, **settings}))  # type: ignore[arg-type]

    def drop(self, content: bytes, name: str = "export.xml", changed: datetime | None = None) -> Path:
        """Put a file there, at rest since an hour unless told otherwise."""
        path = self.folder / name
        path.write_bytes(content)
        moment = changed.timestamp() if changed else NOW.timestamp() - 3600
        os.utime(path, (moment, moment))
        return path

    def records(self, content: bytes | None = None) -> list[Record]:
        """The records of the file that lies there, or of this one."""
        if content is not None:
            self.drop(content)
        snapshot = self.connector.fetch(NOW)
        try:
            return [one.parse() for one in read_both_ways(self.connector, snapshot)]
        finally:
            self.connector.discard(snapshot)

    def record(self, element: str, namespace: str = V1) -> Record:
        """The one record of a document with one element."""
        (record,) = self.records(document(element, namespace=namespace))
        return record
