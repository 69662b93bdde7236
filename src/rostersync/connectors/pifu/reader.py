"""Streams a snapshot's top-level elements as fragments, and ends normally only if the document proved that it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from rostersync.connectors import Fragment, KeyedDigest, Snapshot, Wanted
from rostersync.connectors.pifu.dialects import Dialect, DialectName, dialect_of
from rostersync.connectors.pifu.header import properties_texts, read_header
from rostersync.connectors.pifu.records import Recorder
from rostersync.connectors.pifu.steps import local_name
from rostersync.connectors.pifu.wellformed import STRICT, Element, ill_formed, line_of, refusal
from rostersync.errors import SnapshotRefused
from rostersync.model import ClaimKind, Record

_KINDS: dict[str, ClaimKind] = {"person": "person", "group": "group", "membership": "membership"}
_TAGS = tuple(f"{{*}}{name}" for name in ("enterprise", "properties", *_KINDS))


class PifuReading:
    """One pass over a snapshot. `datasource`, when not empty, is the only one whose documents are read."""

    def __init__(
        self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, dialect: DialectName, datasource: str
    ) -> None:
        self._label = snapshot.label
        self._path = Path(snapshot.path)
        self._keyed = keyed
        self._wanted = wanted
        self._dialect_name = dialect
        self._datasource = datasource
        self._proof = ""

    @property
    def proof(self) -> str:
        """What proved completeness, in words; empty until then."""
        return self._proof

    def __iter__(self) -> Iterator[Fragment]:
        self._proof = ""
        proofs: list[str] = []
        with self._path.open("rb") as stream:
            dialect = dialect_of(self._dialect_name, read_header(stream, self._label).namespace)
            recorder = Recorder(self._wanted, dialect)
            stream.seek(0)
            for element in self._ends(stream):
                root = element.getparent()
                if root is None:
                    proofs.insert(0, "root closed")
                elif root.getparent() is None:
                    name = local_name(element.tag)
                    if name == "properties":
                        proofs.append(self._judge(element, dialect))
                    elif kind := _KINDS.get(name):
                        yield from self._fragment(kind, element, recorder)
                    _forget(element, root)
        if len(proofs) < 2:
            raise refusal(self._label, "it has no properties, so nobody knows what it is an export of")
        self._proof = ", ".join(dict.fromkeys(proofs))

    def _ends(self, stream: BinaryIO) -> Iterator[Element]:
        """The end of every element that is met, up to the last byte of a well-formed document."""
        refused: SnapshotRefused | None = None
        document = etree.iterparse(stream, events=("end",), tag=_TAGS, **STRICT)
        try:
            for _, element in document:
                yield element
        except etree.XMLSyntaxError as error:
            refused = ill_formed(self._label, error, document.error_log)
        # raised out here, where the parser's own message, which quotes the document, is no longer its context
        if refused:
            raise refused

    def _fragment(self, kind: ClaimKind, element: Element, recorder: Recorder) -> Iterator[Fragment]:
        raw = etree.tostring(element, encoding="utf-8", with_tail=False)
        parse = _Parse(recorder, kind, element, raw)
        yield Fragment(kind, self._keyed(raw), parse.line, parse)
        parse.element = None

    def _judge(self, properties: Element, dialect: Dialect) -> str:
        """The proof that this is a full export; refuses any other, and one that this source does not stand for."""
        texts = properties_texts(properties)
        stated = texts.get("type", "").lower()
        line = line_of(properties)
        if stated != "full" and (stated or not dialect.untyped_is_full):
            raise refusal(
                self._label,
                f"properties/type is {'not full' if stated else 'missing'}, and only in a full export does absence mean "
                "anything: have the sender export everything, with type full",
                line,
            )
        if self._datasource and texts.get("datasource", "") != self._datasource:
            raise refusal(
                self._label,
                f'properties/datasource is not "{self._datasource}", as the config demands: '
                "the file comes from elsewhere, or the setting datasource is wrong",
                line,
            )
        return f"type {stated}" if stated else "no type, so full"


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
        element = etree.fromstring(self._raw, etree.XMLParser(**STRICT))
        return self._recorder.record(self._kind, element, above=self.line - 1)


def _forget(element: Element, root: Element) -> None:
    """Free an element that is done with, and all siblings before it, so that memory stays flat.

    The element itself must stay: the parser still has to hang the white space behind it there.
    """
    element.clear()
    while (done := element.getprevious()) is not None:
        root.remove(done)
