"""What a document says of itself is read without reading on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rostersync.connectors.pifu import Header
from rostersync.connectors.pifu.header import moment

from .documents import V1, WHOLE, document, peek, person, properties

OSLO = ZoneInfo("Europe/Oslo")


def test_the_header_is_read_and_nothing_after_it(tmp_path: Path) -> None:
    path = tmp_path / "export.xml"
    path.write_bytes(document(head=properties()) + b"<this is not XML")
    header = peek(path)
    assert (header.datasource, header.type, header.datetime) == ("sas.lunde.example", "full", "2026-11-21T04:00:00")
    assert (header.language, header.namespace, header.encoding) == ("no", V1, "UTF-8")


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ("<?xml version='1.0' encoding='iso-8859-1'?>", "ISO-8859-1"),
        ('<?xml version="1.0" encoding = "windows-1252" standalone="yes"?>', "WINDOWS-1252"),
        ("<?xml version='1.0'?>", "UTF-8"),
        ("\ufeff", "UTF-8"),
        ("", "UTF-8"),
    ],
)
def test_the_encoding_is_the_declared_one(tmp_path: Path, declaration: str, encoding: str) -> None:
    path = tmp_path / "export.xml"
    path.write_text(f"{declaration}<enterprise>{properties()}</enterprise>", encoding="utf-8")
    assert peek(path).encoding == encoding


def test_the_body_begins_where_the_header_ends(tmp_path: Path) -> None:
    path = tmp_path / "export.xml"
    for head in (properties(), f"<!-- </properties> -->{properties()}", properties().replace("s>", "s >")):
        path.write_bytes(document(*WHOLE, head=head))
        assert path.read_bytes()[: peek(path).body].decode().endswith((head, "</properties >"))


@pytest.mark.parametrize("head", ["", person("1") + properties()])
def test_a_header_that_does_not_come_first_is_none(tmp_path: Path, head: str) -> None:
    path = tmp_path / "export.xml"
    path.write_bytes(document(*WHOLE, head=head))
    header = peek(path)
    assert header == Header(namespace=V1, encoding="UTF-8", root=header.root, names=(("", V1),))


def test_an_enterprise_of_nothing_has_an_empty_header(tmp_path: Path) -> None:
    path = tmp_path / "export.xml"
    path.write_bytes(b"<enterprise/>")
    assert peek(path).type == ""


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-21T04:00:00", "2026-11-21T04:00:00+01:00"),
        ("2026-07-21T04:00:00", "2026-07-21T04:00:00+02:00"),
        ("2026-11-21T04:00:00Z", "2026-11-21T04:00:00+00:00"),
        ("2026-11-21T04:00:00.125-05:00", "2026-11-21T04:00:00.125000-05:00"),
        ("2026-11-21", "2026-11-21T00:00:00+01:00"),
        ("2026-11-21Z", "2026-11-21T00:00:00+00:00"),
        ("2026-11-21+02:00", "2026-11-21T00:00:00+02:00"),
        ("28/Oct/2005", "2005-10-28T00:00:00+02:00"),
        ("8/jan/2006", "2006-01-08T00:00:00+01:00"),
    ],
)
def test_a_moment_may_be_written_in_many_ways(text: str, iso: str) -> None:
    assert moment(text, OSLO) == datetime.fromisoformat(iso)


def test_no_text_is_no_moment() -> None:
    assert moment("", OSLO) is None


@pytest.mark.parametrize("text", ["yesterday", "28/Okt/2005", "21.11.2026", "2026-02-30", "31/Feb/2026"])
def test_a_text_that_is_no_moment_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        moment(text, OSLO)
