"""Streams a snapshot's top-level elements as fragments, and ends normally only if the document proved to be whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from rostersync.connectors import Fragment, KeyedDigest, Snapshot, Wanted
from rostersync.connectors.pifu.dialects import Dialect, dialect_of
from rostersync.connectors.pifu.header import objection, properties_texts, read_header
from rostersync.connectors.pifu.records import Recorder
from rostersync.connectors.pifu.settings import Settings
from rostersync.connectors.pifu.steps import local_name
from rostersync.connectors.pifu.wellformed import STRICT, Element, ill_formed, line_of, refusal
from rostersync.errors import SourceUnavailable
from rostersync.model import ClaimKind, Record

_KINDS: dict[str, ClaimKind] = {"person": "person", "group": "group", "membership": "membership"}
_TAGS = tuple(f"{{*}}{name}" for name in ("enterprise", "properties", *_KINDS))


def reading_of(settings: Settings) -> tuple[str, str, bool]:
    """The settings that decide what a reading of the same bytes gives."""
    return settings.dialect, settings.datasource, settings.guardians


class PifuReading:
    """One pass over a snapshot."""

    def __init__(self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, settings: Settings) -> None:
        self._label = snapshot.label
        self._path = Path(snapshot.path)
        self._keyed = keyed
        self._wanted = wanted if settings.guardians else {**wanted, "contact": frozenset[str]()}
        self._settings = settings
        self._way = repr(reading_of(settings)).encode()
        self._proof = ""

    @property
    def proof(self) -> str:
        """What proved completeness, in words; empty until then."""
        return self._proof

    def __iter__(self) -> Iterator[Fragment]:
        self._proof = ""
        closed, types = False, set[str]()
        with self._open() as stream:
            dialect = dialect_of(self._settings.dialect, read_header(stream, self._label).namespace)
            recorder = Recorder(self._wanted, dialect)
            stream.seek(0)
            for element in self._ends(stream):
                root = element.getparent()
                if root is None:
                    closed = True
                elif root.getparent() is None:
                    name = local_name(element.tag)
                    if name == "properties":
                        types.add(self._type(element, dialect))
                    elif kind := _KINDS.get(name):
                        yield from self._fragment(kind, element, recorder)
                    _forget(element, root)
        if not closed or not types:
            raise refusal(self._label, "it has no properties, so nobody knows what it is an export of")
        self._proof = ", ".join(("root closed", *sorted(types)))

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise SourceUnavailable(
                f"{self._path}: our copy of the file is gone ({error.strerror}); run again"
            ) from None

    def _ends(self, stream: BinaryIO) -> Iterator[Element]:
        """The end of every element that matters, up to the last byte of a well-formed document."""
        stopped_at: tuple[int, int] | None = None
        document = etree.iterparse(stream, events=("end",), tag=_TAGS, **STRICT)
        try:
            for _, element in document:
                yield element
        except etree.XMLSyntaxError as error:
            stopped_at = error.position
        # raised out here, where the parser's own message, which quotes the document, is no longer its context
        if refused := ill_formed(self._label, document.error_log, stopped_at):
            raise refused

    def _fragment(self, kind: ClaimKind, element: Element, recorder: Recorder) -> Iterator[Fragment]:
        raw = etree.tostring(element, encoding="utf-8", with_tail=False)
        parse = _Parse(recorder, kind, element, raw)
        yield Fragment(kind, self._keyed(self._way + raw), parse.line, parse)
        parse.element = None

    def _type(self, properties: Element, dialect: Dialect) -> str:
        """The type of export, in words; refuses what is not full, and what this source does not stand for."""
        texts = properties_texts(properties)
        stated = texts.get("type", "")
        if wrong := objection(stated, texts.get("datasource", ""), dialect, self._settings.datasource):
            raise refusal(self._label, wrong, line_of(properties))
        return "type full" if stated else "no type, read as full"


class _Parse:
    """Gives the record of one fragment: from the element while it stands, afterwards from its bytes."""

    __slots__ = ("_kind", "_raw", "_recorder", "element", "line")

    def __init__(self, recorder: Recorder, kind: ClaimKind, element: Element, raw: bytes) -> None:
        self._recorder = recorder
        self._kind = kind
        self._raw = raw
        self.element: Element | None = element
        self.line = line_of(element)

    def __call__(self) -> Record:
        if self.element is not None:
            return self._recorder.record(self._kind, self.element)
        return self._recorder.record_of_bytes(self._kind, self._raw, self.line)


def _forget(element: Element, root: Element) -> None:
    """Free an element that is done with, and all siblings before it, so that memory stays flat.

    The element itself must stay: the parser still has to hang the white space behind it there.
    """
    element.clear()
    while (done := element.getprevious()) is not None:
        root.remove(done)
