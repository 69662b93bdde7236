"""Streams a snapshot's top-level elements as fragments, and ends normally only if the document proved to be whole."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from rostersync.connectors import Fragment, KeyedDigest, Snapshot, Unsure, Wanted
from rostersync.connectors.pifu.dialects import Dialect, dialect_of
from rostersync.connectors.pifu.header import Header, objection, properties_texts, read_header
from rostersync.connectors.pifu.records import Recorder
from rostersync.connectors.pifu.settings import ReadingSettings
from rostersync.connectors.pifu.single import Single
from rostersync.connectors.pifu.splitter import KINDS, Raw, split
from rostersync.connectors.pifu.steps import local_name
from rostersync.connectors.pifu.volatile import leaving_out
from rostersync.connectors.wellformed import STRICT, Element, ill_formed, line_of, refusal
from rostersync.errors import SourceUnavailable
from rostersync.model import ClaimKind, Record

_TAGS = tuple(f"{{*}}{name}" for name in ("enterprise", "properties", *KINDS))
_PARSER = etree.XMLParser(**STRICT)


def reading_of(settings: ReadingSettings) -> tuple[object, ...]:
    """The settings that decide what a reading of the same bytes gives, and what its digests cover."""
    return settings.dialect, settings.datasource, settings.guardians, settings.volatile


class PifuReading:
    """One pass over a snapshot: quick, by cutting its bytes and parsing what somebody asks for, or careful."""

    def __init__(
        self,
        snapshot: Snapshot,
        keyed: KeyedDigest,
        wanted: Wanted,
        settings: ReadingSettings,
        *,
        careful: bool = False,
    ) -> None:
        self._label = snapshot.label
        self._path = Path(snapshot.path)
        self._keyed = keyed
        self._wanted = wanted if settings.guardians else {**wanted, "contact": frozenset[str]()}
        self._settings = settings
        self._careful = careful
        self._lasting = leaving_out(settings.volatile)
        self._proof = ""

    @property
    def proof(self) -> str:
        """What proved completeness, in words; empty until then."""
        return self._proof

    def __iter__(self) -> Iterator[Fragment]:
        self._proof = ""
        with self._open() as stream:
            header = read_header(stream, self._label)
            dialect = dialect_of(self._settings.dialect, header.namespace)
            recorder = Recorder(self._wanted, dialect)
            way = repr((reading_of(self._settings), header.root, header.encoding)).encode()
            reading = self._carefully if self._careful else self._quickly
            yield from reading(stream, header, recorder, self._keyed(way))

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise SourceUnavailable(
                f"{self._path}: our copy of the file is gone ({error.strerror}); run again"
            ) from None

    # -- quick ----------------------------------------------------------------------------------------------------

    def _quickly(self, stream: BinaryIO, header: Header, recorder: Recorder, way: bytes) -> Iterator[Fragment]:
        """Cut the bytes; an element is only parsed when its digest is new."""
        kind_of_export = self._type(header.type, header.datasource, recorder.dialect, 0)
        keyed, lasting, parsing = self._keyed, self._lasting, Single(recorder, header)
        for kind, content, line in split(stream, header):
            yield Fragment(kind, keyed(way + lasting(content)), line, partial(parsing.record, kind, content, line))
        self._proof = f"root closed, {kind_of_export}"

    # -- careful --------------------------------------------------------------------------------------------------

    def _carefully(self, stream: BinaryIO, header: Header, recorder: Recorder, way: bytes) -> Iterator[Fragment]:
        """Parse the whole document, as the XML standard has it."""
        closed, types = False, set[str]()
        stream.seek(0)
        with self._open() as beside:
            cuts = _Cuts(beside, header)
            for element in self._ends(stream):
                root = element.getparent()
                if root is None:
                    closed = True
                elif root.getparent() is None:
                    name = local_name(element.tag)
                    if name == "properties":
                        texts = properties_texts(element)
                        stated, datasource = texts.get("type", ""), texts.get("datasource", "")
                        types.add(self._type(stated, datasource, recorder.dialect, line_of(element)))
                    elif kind := KINDS.get(name):
                        yield from self._fragment(kind, element, recorder, way, cuts)
                    _forget(element, root)
        if not closed or not types:
            raise refusal(self._label, "it has no properties, so nobody knows what it is an export of")
        self._proof = ", ".join(("root closed", *sorted(types)))

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

    def _fragment(
        self, kind: ClaimKind, element: Element, recorder: Recorder, way: bytes, cuts: _Cuts
    ) -> Iterator[Fragment]:
        raw = cuts.next(kind)
        digest = self._keyed(way + self._lasting(raw or b"parsed " + _bytes_of(element)))
        parse = _Parse(recorder, kind, element)
        yield Fragment(kind, digest, line_of(element), parse)
        parse.set_aside()

    def _type(self, stated: str, datasource: str, dialect: Dialect, line: int) -> str:
        """The type of export, in words; refuses what is not full, and what this source does not stand for."""
        if wrong := objection(stated, datasource, dialect, self._settings.datasource):
            raise refusal(self._label, wrong, line)
        return "type full" if stated else "no type, read as full"


class _Cuts:
    """The raw elements beside the parsed ones, as long as the quick way can tell them.

    A careful reading then leaves digests that the next quick one knows.
    """

    def __init__(self, stream: BinaryIO, header: Header) -> None:
        try:
            self._cuts: Iterator[Raw] = split(stream, header)
        except Unsure:
            self._cuts = iter(())

    def next(self, kind: ClaimKind) -> bytes:
        """The bytes of the next element; empty where they cannot be told."""
        try:
            found, content, _ = next(self._cuts, ("", b"", 0))
        except Unsure:
            found, content = "", b""
        if found != kind:
            self._cuts = iter(())
            return b""
        return content


class _Parse:
    """Gives the record of one parsed element, also when the element is gone from the document."""

    __slots__ = ("_copy", "_element", "_kind", "_line", "_recorder")

    def __init__(self, recorder: Recorder, kind: ClaimKind, element: Element) -> None:
        self._recorder = recorder
        self._kind = kind
        self._element: Element | None = element
        self._line = line_of(element)
        self._copy = b""

    def __call__(self) -> Record:
        if self._element is not None:
            return self._recorder.record(self._kind, self._element)
        return self._recorder.record(self._kind, etree.fromstring(self._copy, _PARSER), above=self._line - 1)

    def set_aside(self) -> None:
        """Let go of the element, which the document is about to drop."""
        if self._element is not None:
            self._copy, self._element = _bytes_of(self._element), None


def _bytes_of(element: Element) -> bytes:
    return etree.tostring(element, encoding="utf-8", with_tail=False)


def _forget(element: Element, root: Element) -> None:
    """Free an element that is done with, and all siblings before it, so that memory stays flat.

    The element itself must stay: the parser still has to hang the white space behind it there.
    """
    element.clear()
    while (done := element.getprevious()) is not None:
        root.remove(done)
