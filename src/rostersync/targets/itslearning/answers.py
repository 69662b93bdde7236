"""What IMS Enterprise Services answer, read without entities, DTDs or access to anything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree
from msgspec import Struct

from rostersync.targets.itslearning.words import (
    COMMON,
    GROUP_VALUES,
    HEADER,
    MEMBERSHIP_VALUES,
    PERSON,
    PERSON_VALUES,
    SOAP,
)

_ENVELOPE: Final = f"{{{SOAP}}}Envelope"
_FAULT: Final = f"{{{SOAP}}}Body/{{{SOAP}}}Fault"
_RESPONSE_HEADER: Final = f"{{{SOAP}}}Header/{{{HEADER}}}syncResponseHeaderInfo"
_MESSAGE: Final = f"{{{HEADER}}}messageIdentifier"
_STATUS: Final = f"{{{HEADER}}}statusInfo"
_STATUS_SET: Final = f"{{{HEADER}}}statusInfoSet/{{{HEADER}}}statusInfo"
_MAJOR, _SEVERITY, _MINOR, _DESCRIPTION, _WORDS = (
    f"{{{HEADER}}}{name}" for name in ("codeMajor", "severity", "codeMinor", "description", "text")
)
_MINOR_VALUE: Final = f"{{{HEADER}}}codeMinorField/{{{HEADER}}}codeMinorValue"


class NoAnswer(Exception):
    """What came is no answer of this service; the message says what it is instead."""


class Status(Struct, frozen=True):
    """What became of one thing in a request, in the LMS's own words (IMS: codeMajor, severity, codeMinor, description)."""

    major: str
    severity: str = "status"
    minor: str = ""
    text: str = ""

    @property
    def good(self) -> bool:
        """Whether it was done, perhaps with a warning."""
        return self.major.lower() == "success"

    @property
    def warned(self) -> bool:
        """Whether it was done in another way, or in part."""
        return self.good and self.severity.lower() != "status"


class Fault(Struct, frozen=True):
    """The whole request was refused. `code` has no prefix."""

    code: str
    text: str = ""

    @property
    def credentials(self) -> bool:
        """Whether our user name or password is not taken (WS-Security 1.0, section 12)."""
        return any(word in self.code for word in ("FailedAuthentication", "InvalidSecurity", "FailedCheck"))

    @property
    def ours(self) -> bool:
        """Whether the fault is said to be in what was asked, so that asking again changes nothing."""
        return self.code.startswith("Client")


class Answer(Struct, frozen=True):
    """An answer: the name of its request where it is echoed, a status for each thing asked, and the document."""

    name: str
    statuses: tuple[Status, ...]
    document: etree._Element


def read(body: bytes) -> Answer | Fault:
    """Read an envelope.

    Raises:
        NoAnswer: it is none.
    """
    root = _parsed(body)
    if root.tag != _ENVELOPE:
        raise NoAnswer("it is no SOAP 1.1 envelope")
    fault = root.find(_FAULT)
    if fault is not None:
        code = (fault.findtext("faultcode") or "").strip()
        return Fault(code.rpartition(":")[2], (fault.findtext("faultstring") or "").strip())
    header = root.find(_RESPONSE_HEADER)
    if header is None:
        raise NoAnswer("it has no status")
    listed = header.findall(_STATUS_SET) or header.findall(_STATUS)
    return Answer((header.findtext(_MESSAGE) or "").strip(), tuple(map(_status, listed)), root)


def _parsed(body: bytes) -> etree._Element:
    # A parser of its own for each answer: one parser is not for several threads.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        page = b"<html" in body[:1000].lower() or b"<!doctype html" in body[:1000].lower()
        raise NoAnswer("it is a page of HTML" if page else "it is no XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise NoAnswer("it holds a DOCTYPE, which is never read")
    return root


def _status(element: etree._Element) -> Status:
    """One status. A first load reads as many as it has objects, so that the element is gone through once."""
    told = {child.tag: child for child in element}
    minor = told[_MINOR].iterfind(_MINOR_VALUE) if _MINOR in told else ()
    description = told.get(_DESCRIPTION)
    return Status(
        major=_said(told.get(_MAJOR)),
        severity=_said(told.get(_SEVERITY)) or "status",
        minor=" ".join(map(_said, minor)),
        text="" if description is None else _text(description, _WORDS),
    )


def _said(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


class Person(Struct, frozen=True):
    """A person as the LMS tells of her. `key` is empty where nobody gave her one; `children` are keys."""

    key: str
    first: str = ""
    last: str = ""
    email: str = ""
    login: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    children: frozenset[str] = frozenset()


def persons(document: etree._Element) -> Iterator[Person]:
    """The persons in an answer, in its order."""
    for pair in document.iter(f"{{{PERSON}}}personIdPair"):
        extension = pair.find(f"{{{PERSON}}}person/{{{PERSON_VALUES}}}extension")
        names = dict(_names(pair))
        yield Person(
            key=_text(pair, f"{{{PERSON}}}sourcedId/{{{COMMON}}}identifier"),
            first=names.get("first", ""),
            last=names.get("last", ""),
            email=_text(pair, f".//{{{COMMON}}}email"),
            login=_text(pair, f".//{{{PERSON_VALUES}}}userId/{{{COMMON}}}userIdValue"),
            fields=tuple(_fields(extension)) if extension is not None else (),
            children=frozenset(_children(extension)) if extension is not None else frozenset(),
        )


def _names(pair: etree._Element) -> Iterator[tuple[str, str]]:
    """The parts of a name by their kind, which is not always written alike."""
    for part in pair.iter(f"{{{PERSON_VALUES}}}partName"):
        kind = _text(part, f"{{{PERSON_VALUES}}}namePartType").lower()
        yield kind, _text(part, f"{{{PERSON_VALUES}}}namePartValue")


def _fields(extension: etree._Element) -> Iterator[tuple[str, str]]:
    for one in extension.iterfind(f"{{{COMMON}}}extensionField"):
        yield _text(one, f"{{{COMMON}}}fieldName"), _text(one, f"{{{COMMON}}}fieldValue")


def _children(extension: etree._Element) -> Iterator[str]:
    for one in extension.iterfind(f"{{{COMMON}}}relationship"):
        if _text(one, f"{{{COMMON}}}relation") == "Child":
            yield _text(one, f"{{{COMMON}}}sourceId/{{{COMMON}}}identifier")


class Hierarchy(Struct, frozen=True):
    """A group as the LMS tells of it: its title, and the key of what it stands below."""

    key: str
    title: str
    parent: str


def hierarchies(document: etree._Element) -> Iterator[Hierarchy]:
    """The groups in an answer, in its order."""
    for pair in document.iter("{*}groupIdPair"):
        yield Hierarchy(
            key=_text(pair, f"{{*}}sourcedId/{{{COMMON}}}identifier"),
            title=_text(pair, f"{{*}}group/{{{GROUP_VALUES}}}description/{{{GROUP_VALUES}}}descShort"),
            parent=_text(
                pair, f"{{*}}group/{{{GROUP_VALUES}}}relationship/{{{GROUP_VALUES}}}sourceId/{{{COMMON}}}identifier"
            ),
        )


def total(document: etree._Element) -> int | None:
    """How many persons there are on all pages, where the answer says so."""
    for one in document.iter("{*}virtualCount"):
        text = (one.text or "").strip()
        return int(text) if text.isdecimal() else None
    return None


def memberships(document: etree._Element) -> Iterator[tuple[str, str]]:
    """The memberships in an answer: their own ids, and their groups."""
    for pair in document.iter("{*}membershipIdPair"):
        own = _text(pair, f"{{*}}sourcedId/{{{COMMON}}}identifier")
        yield own, _text(pair, f"{{*}}membership/{{{MEMBERSHIP_VALUES}}}groupSourcedId/{{{COMMON}}}identifier")


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
