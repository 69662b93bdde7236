"""Delimited files, RWS answers and views: what is whole, what is refused, and that nobody is named in a refusal."""

from __future__ import annotations

import ssl
import traceback
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from rostersync.connectors.sits.delimited import delimited_rows
from rostersync.connectors.sits.layout import Layout, Table, read_layout
from rostersync.connectors.sits.rows import Row
from rostersync.connectors.sits.rws import rws_rows
from rostersync.connectors.sits.views import _text, view_rows
from rostersync.errors import RostersyncError, SnapshotRefused, SourceUnavailable, UserMistake
from rostersync.lab.adult_school import GROUP_COLUMNS, STUDENT_COLUMNS
from rostersync.lab.doubles.server import Server
from rostersync.lab.doubles.sits import SERVICES, Sits
from rostersync.lab.sits_writer import delimited

from .contract import NOW
from .sits_exports import LAYOUTS, SECRETS, Export, secret, whole

DELIMITED: Layout = read_layout(LAYOUTS / "sits-delimited.yaml")
RWS: Table = read_layout(LAYOUTS / "sits-rws.yaml").table("students")
STUDENTS = delimited(whole().students, STUDENT_COLUMNS)


def told(error: BaseException) -> str:
    """All that a log or a report could show of an error."""
    return "".join(traceback.format_exception(error))


def names_nobody(error: BaseException) -> bool:
    shown = f"{error} {error.__context__!r} {error.__cause__!r}"
    return not [text for text in SECRETS if text in shown]


# -- delimited files ----------------------------------------------------------------------------------------------


def read(tmp_path: Path, content: bytes, layout: Layout = DELIMITED) -> list[Row]:
    path = tmp_path / "deltakere.csv"
    path.write_bytes(content)
    return list(delimited_rows(path, "deltakere.csv", layout.table("students"), layout))


def test_a_whole_file_gives_its_rows_and_not_its_last_line(tmp_path: Path) -> None:
    found = read(tmp_path, STUDENTS)
    assert [row.one("given") for row in found] == ["Kari", "Ærø"]
    assert [row.line for row in found] == [2, 3]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, STUDENTS.decode().encode(encoding))[1].one("family") == "Åsen"


def test_another_encoding_is_said_in_the_layout(tmp_path: Path) -> None:
    content = STUDENTS.decode().encode("cp1252")
    assert read(tmp_path, content, replace(DELIMITED, encoding="cp1252"))[1].one("family") == "Åsen"
    with pytest.raises(SnapshotRefused, match=r"deltakere.csv:2: its bytes are not utf-8; set `encoding`") as caught:
        read(tmp_path, content)
    assert names_nobody(caught.value)


def test_cells_may_hold_separators_quotes_and_ends_of_lines(tmp_path: Path) -> None:
    school = whole()
    school.students[0]["etternavn"] = 'Berg; "junior"\r\nav Å'
    (kari, _) = read(tmp_path, delimited(school.students, STUDENT_COLUMNS))
    assert kari.one("family") == 'Berg; "junior" av Å'


def test_without_a_last_line_of_its_own_a_file_must_end_with_the_end_of_a_line(tmp_path: Path) -> None:
    plain = replace(DELIMITED, end="newline")
    content = STUDENTS[: STUDENTS.index(b"SLUTT")]
    assert len(read(tmp_path, content, plain)) == 2
    with pytest.raises(SnapshotRefused, match="the end of a line"):
        read(tmp_path, content[:-3], plain)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: b"", "it is empty"),
        (lambda text: text[: len(text) // 2], "it was cut off"),
        (lambda text: text.replace(b"SLUTT", b""), "it was cut off"),
        (lambda text: b"<html>Logg inn</html>\n", "it does not end with"),
        (lambda text: text.replace(b"etternavn", b"navn"), ":1: the header lacks etternavn"),
        (lambda text: text.replace(b"elevkode;", b"elevkode;elevkode;", 1), ":1: the header has elevkode twice"),
        (lambda text: text.replace(b";aktiv;;", b";aktiv;"), ":2: it has 13 cells, and the header 14"),
        (lambda text: text.replace(b"Kari;N", b'"Kari;N'), "its quotes do not match"),
    ],
    ids=["empty", "half", "no last line", "html", "column", "column twice", "cells", "quotes"],
)
def test_a_file_that_is_not_whole_is_refused_and_names_nobody(
    tmp_path: Path, damage: Callable[[bytes], bytes], said: str
) -> None:
    with pytest.raises(SnapshotRefused) as caught:
        read(tmp_path, damage(STUDENTS))
    assert said in str(caught.value)
    assert names_nobody(caught.value)


def test_files_of_different_nights_are_no_export(tmp_path: Path) -> None:
    export = Export(tmp_path, "delimited")
    export.offer(whole())
    export.drop("grupper.csv", delimited(whole().groups, GROUP_COLUMNS), age=24 * 3600)
    with pytest.raises(
        SourceUnavailable, match=r"grupper.csv was written 24.0 hours before .*/\w+.csv, more than together"
    ):
        export.connector.fetch(NOW)
    assert list(export.spool.iterdir()) == []


def test_a_file_that_is_missing_is_waited_for(tmp_path: Path) -> None:
    export = Export(tmp_path, "delimited")
    export.offer(whole())
    (export.inbox / "ansatte.csv").unlink()
    with pytest.raises(SourceUnavailable, match="ansatte"):
        export.connector.fetch(NOW)
    assert list(export.spool.iterdir()) == []


# -- files of any shape ---------------------------------------------------------------------------------------------


def test_an_export_that_is_too_old_is_refused_until_somebody_releases_it(tmp_path: Path) -> None:
    export = Export(tmp_path, "xet", max_age=timedelta(hours=26))
    export.offer(whole())
    connector = export.connector
    later = NOW + timedelta(days=2)
    with pytest.raises(SnapshotRefused, match="max_age") as caught:
        connector.fetch(later)
    assert caught.value.releasable
    snapshot = connector.fetch(later, [caught.value.digest])
    connector.discard(snapshot)
    assert list(export.spool.iterdir()) == []


def test_a_table_without_any_row_is_refused_until_somebody_releases_it(tmp_path: Path) -> None:
    export = Export(tmp_path, "xet")
    export.offer(whole()._replace(staff=[]))
    connector = export.connector
    assert "there is no row for staff (EXCHANGE/PRS/PRS.SRS)" in connector.check()[0]
    with pytest.raises(SnapshotRefused, match="there is no row for staff") as caught:
        connector.fetch(NOW)
    assert caught.value.releasable
    connector.discard(connector.fetch(NOW, [caught.value.digest]))


def test_an_accepted_file_is_deleted_where_the_config_says_so(tmp_path: Path) -> None:
    export = Export(tmp_path, "delimited", after="delete")
    export.offer(whole())
    connector = export.connector
    connector.accepted(connector.fetch(NOW))
    assert list(export.inbox.iterdir()) == []


def test_another_layout_or_table_of_schools_is_another_snapshot(tmp_path: Path) -> None:
    export = Export(tmp_path, "xet")
    export.offer(whole())
    digests = [export.connector.fetch(NOW).digest]
    export.edit_layout("SCE_CRSC", "SCE_BLOK")
    digests.append(export.connector.fetch(NOW).digest)
    (tmp_path / "schools.csv").write_text((tmp_path / "schools.csv").read_text() + "VO/2;974589230;Sør;school\n")
    digests.append(export.connector.fetch(NOW).digest)
    assert len(set(digests)) == 3


# -- RWS --------------------------------------------------------------------------------------------------------------

HEADER = b'["elevkode","feide","fnr","tiltalsnavn","fornavn","etternavn","fodselsdato","skolekode","klasse","skolear","kontaktlarer","status","start","slutt"]'
KARI = b'["1001/1",null,15889030094,null,"Kari","N\xc3\xa5v\xc3\xa6rende","1990-08-15","VO/1","N1",2026,null,"aktiv",null,null]'


def test_numbers_and_nulls_are_texts_and_nothing() -> None:
    (row,) = rws_rows(b"[" + HEADER + b"," + KARI + b"]", "DELTAKERE", RWS)
    assert (row.one("number"), row.one("year"), row.one("feide")) == ("15889030094", "2026", "")


@pytest.mark.parametrize(
    "body", [HEADER + b"," + KARI, HEADER + b"," + KARI + b",\n", b"[" + HEADER + b"," + KARI + b"]\n"]
)
def test_outer_brackets_may_be_missing(body: bytes) -> None:
    assert len(list(rws_rows(body, "DELTAKERE", RWS))) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the first row lacks"),
        (b"[]", "the first row lacks"),
        (b"{}", "the answer is no list of rows"),
        (b"null", "the answer is no list of rows"),
        (b'{"error": "Kari finnes ikke"}', "the answer is no list of rows"),
        (b"<!doctype html><title>Logg inn</title>", "a login page"),
        (b"[" + HEADER + b"," + KARI[:40], "the answer is no list of rows"),
        (b"[" + HEADER + b"," + KARI, "the answer is no list of rows"),
        (b"[" + HEADER + b',["1001/1","Kari"]]', "row 2 has 2 cells, and the first 14"),
        (b"[" + HEADER + b',[["1001/1"]]]', "the answer is no list of rows"),
        (b"[" + HEADER.replace(b"etternavn", b"navn") + b"]", "the first row lacks etternavn"),
        (b"[" + HEADER + b"," + KARI.replace(b"\xc3\xa5", b"\xe5") + b"]", "the answer is no list of rows"),
    ],
    ids=[
        "nothing",
        "empty",
        "braces",
        "null",
        "error",
        "html",
        "cut",
        "unclosed",
        "short",
        "nested",
        "column",
        "latin-1",
    ],
)
def test_an_answer_that_is_no_list_of_rows_is_refused_and_names_nobody(body: bytes, said: str) -> None:
    with pytest.raises(SnapshotRefused) as caught:
        list(rws_rows(body, "DELTAKERE", RWS))
    assert said in str(caught.value)
    assert names_nobody(caught.value)


def rws(tmp_path: Path, server: Server, **more: object) -> Export:
    files = f"{server.url}{SERVICES}".replace("://", "://rostersync@")
    more = {"patience": timedelta(0)} | more
    more["password"] = secret(tmp_path, str(more.get("password", "of no use elsewhere")))
    return Export(tmp_path, "rws", files=files, **more)


def test_a_wrong_password_is_tried_once(tmp_path: Path) -> None:
    with Server(Sits(whole())) as server:
        export = rws(tmp_path, server, password="wrong", patience=timedelta(minutes=5))
        with pytest.raises(SourceUnavailable, match="401"):
            export.connector.fetch(NOW)
        assert len(server.asked) == 1


def test_a_certificate_that_has_expired_ends_it(tmp_path: Path) -> None:
    with Server(Sits(whole()), tls=expired(tmp_path)) as server:
        export = rws(tmp_path, server, ca=tmp_path / "certificate.pem")
        with pytest.raises(SourceUnavailable, match=r"certificate does not hold .*expired"):
            export.connector.fetch(NOW)
        assert server.asked == []


def expired(folder: Path) -> ssl.SSLContext:
    """The context of a server whose certificate was good until yesterday."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now - timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    own = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(own)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


# -- views ------------------------------------------------------------------------------------------------------------


def test_dates_of_a_database_are_dates() -> None:
    assert _text(datetime(1990, 8, 15)) == "1990-08-15"  # noqa: DTZ001 - as drivers give them
    assert _text(date(1990, 8, 15)) == "1990-08-15"
    assert (_text(None), _text(7)) == (None, "7")


def test_only_the_layouts_columns_are_asked_for_and_nothing_is_written(tmp_path: Path) -> None:
    export = Export(tmp_path, "views")
    export.offer(whole())
    before = export.database.read_bytes()
    tables = read_layout(LAYOUTS / "sits-views.yaml").tables
    rows = list(view_rows(f"sqlite:///{export.database}", "", "", tables, "source sits"))
    assert not [row for row in rows if "Storgata 1" in str(row)]
    assert len(rows) == 5
    assert export.database.read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("v_deltakere", "v_elever", "the database shows no view v_elever"),
        ("etternavn", "slektsnavn", "the view v_deltakere lacks slektsnavn"),
        ("v_grupper", "sits.v_grupper", "source sits: the database"),
    ],
)
def test_a_view_that_is_not_as_the_layout_says_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    export = Export(tmp_path, "views")
    export.offer(whole())
    export.edit_layout(old, new)
    with pytest.raises((SnapshotRefused, SourceUnavailable)) as caught:
        export.connector.fetch(NOW)
    assert said in str(caught.value)
    assert caught.value.__context__ is None or names_nobody(caught.value)


def test_a_database_that_is_away_is_a_matter_of_waiting(tmp_path: Path) -> None:
    export = Export(tmp_path, "views", database=f"sqlite:///{tmp_path}/nowhere/sits.db")
    with pytest.raises(SourceUnavailable, match="the database refused, or went away"):
        export.connector.fetch(NOW)


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("nonsense", "this is no database address"),
        ("orakel://host/sits", "SQLAlchemy does not know this kind of database"),
        ("postgresql://sits:hemmelig@host/sits", "holds no password"),
    ],
)
def test_an_address_that_will_not_do_is_told_at_the_start(tmp_path: Path, database: str, said: str) -> None:
    with pytest.raises(UserMistake, match=said) as caught:
        Export(tmp_path, "views", database=database).connector  # noqa: B018 - made anew
    assert "hemmelig" not in told(caught.value)


@pytest.mark.parametrize(
    ("shape", "settings", "said"),
    [
        ("views", {"database": ""}, "database is missing: the layout sits-views is of shape views"),
        ("xet", {"files": ""}, "files is missing: the layout sits-xet is of shape xet"),
        ("xet", {"database": "sqlite:///x"}, "database does not go with the layout sits-xet"),
        ("rws", {"files": "http://sits.example/x"}, "is not encrypted"),
    ],
)
def test_settings_that_do_not_fit_the_layout_are_told(
    tmp_path: Path, shape: str, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(RostersyncError, match=said):
        Export(tmp_path, shape, **settings).connector  # noqa: B018 - made anew
