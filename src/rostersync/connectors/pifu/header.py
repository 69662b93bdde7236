"""Reads what a document says of itself before its first person: who made it, when, and whether it is a full export."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import BinaryIO, cast

from lxml import etree

from rostersync.connectors.pifu.dialects import Dialect
from rostersync.connectors.pifu.steps import local_name
from rostersync.connectors.wellformed import DOCTYPE, STRICT, Element, ill_formed, refusal

LONGEST = 1 << 20
"""No header is longer than this (bytes); what goes on longer is something else."""
_BLOCK = 1 << 16
_END_OF_HEADER = re.compile(rb"</(?:[^\s<>/:]+:)?properties\s*>\Z")
_DECLARED = re.compile(rb"""\A[^<]*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_ENGLISH_DAY = re.compile(r"(\d{1,2})/([A-Za-z]{3})/(\d{4})", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class Header:
    """The texts of `properties`, empty where they are missing, with the root's namespace and the document's encoding.

    `root` spells out the root's start tag, `prefix` is that of its name (empty = none), and `names` its namespaces by
    prefix. `body` is the offset (bytes) of the first byte after `properties`; 0 when
    there are no properties at the head, or when the encoding does not let a byte be told from a character.
    """

    datasource: str = ""
    type: str = ""
    datetime: str = ""
    language: str = ""
    namespace: str = ""
    encoding: str = ""
    root: str = ""
    prefix: str = ""
    names: tuple[tuple[str, str], ...] = ()
    body: int = 0


def read_header(stream: BinaryIO, label: str) -> Header:
    """The header of an open document that stands at its first byte. `label` names it in messages.

    Raises:
        SnapshotRefused: not XML, not an `enterprise` document, a DOCTYPE, or cut off within the header.
    """
    head = _Head(label)
    stopped_at: tuple[int, int] | None = None
    try:
        for piece in _pieces(stream):
            head.feed(piece)
            if head.done:
                return head.header()
        head.end()
        if head.done:
            return head.header()
    except etree.XMLSyntaxError as error:
        stopped_at = error.position
    # raised out here, where the parser's own message, which quotes the document, is no longer its context
    raise ill_formed(label, head.log, stopped_at) or refusal(
        label, f"no header in its first {LONGEST >> 10} kB; this is no PIFU or IMS export"
    )


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """The stream cut after every `>`, so that the parser's events tell where in the file a tag ends."""
    taken = 0
    while taken < LONGEST and (block := stream.read(_BLOCK)):
        taken += len(block)
        yield from re.findall(rb"[^>]*>|[^>]+\Z", block)


class _Head:
    """A parser fed until the header is over."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._parser = etree.XMLPullParser(events=("start", "end"), **STRICT)
        self._root: Element | None = None
        self._properties: Element | None = None
        self._fed = 0
        self._first = self._last = b""
        self.done = False

    @property
    def log(self) -> etree._BaseErrorLog:
        """What the parser had to say."""
        return self._parser.feed_error_log

    def feed(self, piece: bytes) -> None:
        """Take in one piece; `done` tells afterwards whether the header is over."""
        self._first = self._first or piece
        self._last = piece
        self._fed += len(piece)
        self._parser.feed(piece)
        self._read_events()

    def end(self) -> None:
        """There is no more, or more than any header has: raises XMLSyntaxError where the document is cut off."""
        if not self._fed:
            raise refusal(self._label, "it is empty (0 bytes); fetch or export it again")
        if self._fed < LONGEST:
            self._parser.close()
            self._read_events()

    def _read_events(self) -> None:
        for event, element in self._parser.read_events():
            self._meet(event, cast("Element", element))  # it was asked for starts and ends only

    def _meet(self, event: str, element: Element) -> None:
        parent = element.getparent()
        if parent is None:
            if event == "start":
                self._begin(element)
            self.done |= event == "end"
        elif parent is self._root and not self.done:
            name = local_name(element.tag)
            if event == "end" and name == "properties":
                self._properties, self.done = element, True
            elif event == "start" and name not in ("properties", "comments"):
                self.done = True  # the sender has no header, or puts it last: the reader will see

    def _begin(self, root: Element) -> None:
        if root.getroottree().docinfo.internalDTD is not None:
            raise refusal(self._label, DOCTYPE)
        if local_name(root.tag) != "enterprise":
            raise refusal(self._label, "its root element is not enterprise; this is no PIFU or IMS export")
        self._root = root

    def header(self) -> Header:
        """What the header said."""
        root, properties = self._root, self._properties
        if root is None:
            return Header()
        known = {} if properties is None else properties_texts(properties)
        body = self._fed if properties is not None and _END_OF_HEADER.search(self._last) else 0
        return Header(
            datasource=known.get("datasource", ""),
            type=known.get("type", ""),
            datetime=known.get("datetime", ""),
            language=known.get("lang", ""),
            namespace=root.nsmap.get(root.prefix) or "",
            encoding=_encoding(self._first),
            prefix=root.prefix or "",
            names=tuple((prefix or "", name) for prefix, name in root.nsmap.items()),
            root=repr((root.tag, sorted(root.attrib.items()), sorted(root.nsmap.items(), key=repr))),
            body=body,
        )


def _encoding(declaration: bytes) -> str:
    if declaration.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    declared = _DECLARED.search(declaration)
    return declared[1].decode("ascii").upper() if declared else "UTF-8"


def properties_texts(properties: Element) -> dict[str, str]:
    """The texts of a `properties` element by local name, the first of each, and its `lang`."""
    texts = {"lang": properties.get("lang", "")}
    for child in properties:
        texts.setdefault(local_name(child.tag), (child.text or "").strip())
    return texts


def objection(stated: str, datasource: str, dialect: Dialect, demanded: str) -> str:
    """Why a document of this type and datasource is not to be read; empty when it is. `demanded`: empty = any."""
    if stated.lower() != "full" and (stated or not dialect.untyped_is_full):
        return (
            f"properties/type is {'not full' if stated else 'missing'}, and in a full export alone does absence mean "
            "anything: have the sender export everything, with type full"
        )
    if demanded and datasource != demanded:
        return (
            f'properties/datasource is not "{demanded}", as the config demands: '
            "the file comes from elsewhere, or the setting datasource is wrong"
        )
    return ""


def moment(text: str, zone: tzinfo) -> datetime | None:
    """When a document says it was made: a dateTime, a date, or `28/Oct/2005`, in `zone` where it names none.

    Returns None for an empty text.

    Raises:
        ValueError: anything else.
    """
    if not text:
        return None
    if day := _DAY.fullmatch(text):
        text = f"{day[1]}T00:00:00{day[2] or ''}"
    elif (english := _ENGLISH_DAY.fullmatch(text)) and english[2].lower() in _MONTHS:
        text = f"{english[3]}-{_MONTHS.index(english[2].lower()) + 1:02d}-{int(english[1]):02d}"
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=zone)
