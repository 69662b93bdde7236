"""Parses a document's elements one by one, as they stand in it: under its root's namespaces, in its encoding."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from lxml import etree

from rostersync.connectors import Unsure
from rostersync.connectors.pifu.header import Header
from rostersync.connectors.pifu.members import Members
from rostersync.connectors.pifu.persons import Persons
from rostersync.connectors.pifu.records import Recorder
from rostersync.connectors.wellformed import STRICT, Element
from rostersync.model import ClaimKind, Record


class Single:
    """The parser of one reading."""

    def __init__(self, recorder: Recorder, header: Header) -> None:
        self._recorder = recorder
        self._parser = etree.XMLParser(encoding=header.encoding, **STRICT)
        names = "".join(f" xmlns{prefix and ':'}{prefix}={quoteattr(name)}" for prefix, name in header.names)
        prefix = header.prefix and f"{header.prefix}:"
        self._before = f"<{prefix}enterprise{names}>".encode(header.encoding)
        self._behind = f"</{prefix}enterprise>".encode(header.encoding)
        self._around = (f"<{prefix}membership>".encode(), f"</{prefix}membership>".encode())
        self._members = Members(prefix, self._member)
        self._persons = Persons(header.encoding, self._person)

    def record(self, kind: ClaimKind, raw: bytes, line: int) -> Record:
        """The record of one element that begins on that line.

        Raises:
            ValueError: as for `Recorder.record`.
            Unsure: it is not well-formed by itself.
        """
        if kind == "person":
            return self._persons.record(raw, line)
        if kind == "group":
            return self._recorder.record(kind, self._element(raw), above=line - 1)
        rest, members = self._members.cut_out(raw, line)
        record = self._recorder.record(kind, self._element(rest), above=line - 1)
        return Record(kind, record.fields, record.line, (*members, *record.parts)) if members else record

    def _person(self, raw: bytes, line: int) -> Record:
        return self._recorder.record("person", self._element(raw), above=line - 1)

    def _member(self, raw: bytes) -> tuple[Record, ...]:
        begin, end = self._around
        return self._recorder.members(self._element(begin + raw + end))

    def _element(self, raw: bytes) -> Element:
        well_formed = True
        try:
            root = etree.fromstring(self._before + raw + self._behind, self._parser)
        except etree.XMLSyntaxError:
            well_formed = False  # the parser's message quotes the document: it must not become our context
        if not well_formed or len(root) != 1:
            raise Unsure("an element in it cannot be read by itself")
        return root[0]
