"""Persons who differ in nothing but their texts are understood once, and say what they would say parsed one by one."""

from __future__ import annotations

import pytest
from lxml import etree

from rostersync.connectors import Unsure
from rostersync.connectors.pifu import dialects
from rostersync.connectors.pifu.persons import Persons
from rostersync.connectors.pifu.records import Recorder, every_field
from rostersync.model import Record

from .documents import contact, person


class Parser:
    """Parses one person, and counts how often."""

    def __init__(self) -> None:
        self.times = 0
        self._recorder = Recorder(every_field(), dialects.PIFU)

    def __call__(self, raw: bytes, line: int) -> Record:
        self.times += 1
        try:
            return self._recorder.record("person", etree.fromstring(raw), above=line - 1)
        except etree.XMLSyntaxError:
            raise Unsure("ill-formed") from None


def read(*texts: str, encoding: str = "utf-8") -> tuple[list[Record], int]:
    """The records of these persons, which must be what the parser says of each, and how often it was asked."""
    parser = Parser()
    persons = Persons(encoding, parser)
    raw = [text.encode(encoding) for text in texts]
    records = [persons.record(one, 7 * place) for place, one in enumerate(raw, 1)]
    asked, parser.times = parser.times, 0
    assert records == [parser(one, 7 * place) for place, one in enumerate(raw, 1)]
    return records, asked


def test_a_class_is_parsed_once() -> None:
    records, asked = read(*(person(f"elev-{number}", given=f"Kari {number}") for number in range(30)))
    assert asked == 1
    assert records[3].fields["sourcedid"] == ("sas.lunde.example/elev-3",)


def test_contacts_keep_their_lines_and_their_kinds() -> None:
    persons = (
        person(str(number), extension=f"\n{contact(f'mor {number}')}\n\n{contact('far', 'nextOfKin')}\n")
        for number in range(3)
    )
    records, asked = read(*persons)
    assert asked == 1
    assert [(part.line, part.fields["type"]) for part in records[2].parts] == [
        (22, ("guardian",)),
        (24, ("nextOfKin",)),
    ]


@pytest.mark.parametrize(
    "family",
    [
        "Å\u030angström",
        "A\u030angström",
        "  Skog ",
        "Skog\n fjell",
        "\u00a0",
        "Skog\u00a0",
        "{0}",
        "%s",
        "\\1",
        "0",
        "Skog>fjell",
    ],
)
def test_whatever_a_text_is_it_is_read_as_if_parsed(family: str) -> None:
    read(person("1", family="Berg"), person("2", family=family), person("3", family=family))


@pytest.mark.parametrize("family", ["Skog &amp; fjell", "Skog&#10;fjell", "&lt;b>"])
def test_references_are_left_to_the_parser(family: str) -> None:
    _, asked = read(person("1"), person("2", family=family), person("3", family=family))
    assert asked == 3


@pytest.mark.parametrize("family", ["<![CDATA[Skog]]>", "<b/>Skog", "Skog<b>fjell</b>", "<!-- ] -->Skog"])
def test_markup_belongs_to_the_outline(family: str) -> None:
    read(person("1"), person("2", family=family), person("3", family=family))


@pytest.mark.parametrize("family", ["Skog]]>", "&x;", "Skog\x08", "Skog\ufffe", "<b>Skog"])
def test_what_is_ill_formed_is_still_refused(family: str) -> None:
    persons = Persons("utf-8", Parser())
    persons.record(person("1").encode(), 1)
    with pytest.raises(Unsure):
        persons.record(person("2", family=family).encode(), 1)


def test_bytes_that_are_no_characters_are_still_refused() -> None:
    persons = Persons("utf-8", Parser())
    persons.record(person("1").encode(), 1)
    with pytest.raises(Unsure):
        persons.record(person("2", family="#").encode().replace(b"#", b"\xe5"), 1)


def test_what_looks_like_a_text_inside_a_tag_is_none() -> None:
    persons = [person(str(number), inside=f'<email note="1>2{number}">e@lunde.example</email>') for number in range(3)]
    read(*persons)


def test_attributes_are_no_texts() -> None:
    kinds = [person("1", inside=f'<tel teltype="{number}">12345678</tel>') for number in (1, 2, 3, 1)]
    records, asked = read(*kinds)
    assert asked == 3
    assert records[0].fields == records[3].fields != records[1].fields


def test_a_sender_whose_tags_are_all_different_is_parsed() -> None:
    records, _ = read(*(person("1", inside=f'<tel note="{number}">1</tel>') for number in range(1_100)))
    assert len(records) == 1_100


def test_other_encodings_are_parsed() -> None:
    header = '<?xml version="1.0" encoding="windows-1252"?>'
    _, asked = read(*(header + person(str(number), given="Bjørg") for number in range(3)), encoding="windows-1252")
    assert asked == 3
