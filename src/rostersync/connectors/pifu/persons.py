"""Reads persons from their characters: those who differ in nothing but their texts are understood once.

A municipality's export describes all its pupils with the same tags. What stands around the texts is the person's
*outline*. The first person of an outline is parsed with a stand-in for each text, which shows where each text goes; for
the rest the texts are put in the stand-ins' places. That is sound because no rule of the recorder asks what a person's
texts say, and because only a text that cannot change how the rest is read is taken so: printable, without markup and
references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final
from unicodedata import is_normalized

from msgspec import Struct

from rostersync.connectors import Unsure
from rostersync.connectors.pifu.steps import tidy
from rostersync.model import Record, RecordKind

_REMEMBERED: Final = 1_024
"""Outlines learnt at most. A sender who has more writes something of each person's own into the tags."""

_UNDERSTOOD: Final = frozenset({"utf-8", "us-ascii", "iso-8859-1"})
"""Encodings that Python and the parser decode alike, to the last byte."""

_TEXT: Final = re.compile(r">([^<\x00-\x20][^<]*)")
_MARK: Final = "\x7f"
_IN_THE_WAY: Final = (_MARK, "<!", "<?")
"""What would be taken for a stand-in, or can part one text in two."""

_STAND_IN: Final = re.compile(f"{_MARK}([0-9]+){_MARK}")

ParsePerson = Callable[[bytes, int], Record]
"""Gives the record of one person from her bytes and the line she begins on."""

Fill = Callable[[Sequence[str]], str]
"""Gives a field's text from the texts of a person."""


class _Shape(Struct, frozen=True, gc=False):
    """What all records of an outline say. `above` are the line breaks before it.

    Nearly every field is one of a person's texts and nothing else: those are `plain`, and `chosen` gives their texts.
    """

    kind: RecordKind
    plain: tuple[str, ...]
    chosen: Callable[[Sequence[str]], tuple[str, ...]]
    others: tuple[tuple[str, tuple[Fill, ...]], ...]
    above: int
    parts: tuple[_Shape, ...] = ()

    def record(self, texts: Sequence[str], line: int) -> Record:
        """The record with these texts, of an element whose outline begins on that line."""
        fields: dict[str, tuple[str, ...]] = dict(zip(self.plain, zip(self.chosen(texts)), strict=True))
        for name, fills in self.others:
            fields[name] = tuple([fill(texts) for fill in fills])
        parts = tuple([part.record(texts, line) for part in self.parts]) if self.parts else ()
        return Record(self.kind, fields, line + self.above, parts)


class Persons:
    """The persons of one reading. `parse` reads what is new."""

    def __init__(self, encoding: str, parse: ParsePerson) -> None:
        self._encoding = encoding.lower()
        self._parse = parse
        self._shapes: dict[str, _Shape | None] = {}

    def record(self, raw: bytes, line: int) -> Record:
        """The record of a person whose element begins on that line.

        Raises:
            Unsure: as `parse`.
        """
        return self._alike(raw, line) or self._parse(raw, line)

    def _alike(self, raw: bytes, line: int) -> Record | None:
        """The record by its outline; None where only parsing can tell."""
        if self._encoding not in _UNDERSTOOD:
            return None
        try:
            text = raw.decode(self._encoding)
        except UnicodeDecodeError:
            return None
        cut = _TEXT.split(text)
        texts = cut[1::2]
        said = "".join(texts)
        if not said.isprintable() or "&" in said or ">" in said:
            return None
        shape = self._shape(cut[::2])
        if shape is None:
            return None
        # what is in NFC as a whole is so in each part
        return shape.record(list(map(str.strip if is_normalized("NFC", said) else tidy, texts)), line)

    def _shape(self, around: list[str]) -> _Shape | None:
        outline = _MARK.join(around)
        if outline not in self._shapes:
            if len(self._shapes) >= _REMEMBERED:
                return None
            self._shapes[outline] = self._understand(around)
        return self._shapes[outline]

    def _understand(self, around: list[str]) -> _Shape | None:
        """What persons of this outline say; None when only parsing each of them can tell."""
        if any(sign in one for one in around for sign in _IN_THE_WAY):
            return None
        marked = "".join(f"{one}>{_MARK}{place}{_MARK}" for place, one in enumerate(around[:-1])) + around[-1]
        try:
            return _shape_of(self._parse(marked.encode(self._encoding), 1))
        except Unsure:  # what looked like a text stands inside a tag
            return None


def _shape_of(record: Record) -> _Shape:
    places = {name: _place(texts) for name, texts in record.fields.items()}
    plain = {name: place for name, place in places.items() if place is not None}
    others = tuple((name, tuple(map(_filling, texts))) for name, texts in record.fields.items() if name not in plain)
    chosen = _choosing(tuple(plain.values()))
    return _Shape(record.kind, tuple(plain), chosen, others, record.line - 1, tuple(map(_shape_of, record.parts)))


def _place(texts: Sequence[str]) -> int | None:
    """Which of a person's texts a field is; None where it is more than one, or not that text alone."""
    found = _STAND_IN.fullmatch(texts[0]) if len(texts) == 1 else None
    return int(found[1]) if found else None


def _choosing(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """What takes the texts in these places, in one step where there are several."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda texts: tuple([texts[place] for place in places])


def _filling(text: str) -> Fill:
    """How a field's text comes from a person's texts, as its stand-ins tell."""
    places = tuple(int(place) for place in _STAND_IN.findall(text))
    chosen, template = _choosing(places), _STAND_IN.sub("%s", text.replace("%", "%%"))
    return lambda texts: template % chosen(texts)
