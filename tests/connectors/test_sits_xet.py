"""XML of exchange templates: where a row's columns stand, and documents that are not what they should be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rostersync.connectors.sits.layout import Table
from rostersync.connectors.sits.rows import Row
from rostersync.connectors.sits.xet import xet_rows
from rostersync.errors import SnapshotRefused
from rostersync.lab.sits_writer import xet

from .sits_exports import SECRETS, Export, whole

STUDENTS = Table("students", "person", "EXCHANGE/STU/STU.SRS", {"code": ("STU_CODE.STU.SRS",), "name": ("STU_SURN",)})
ENROLMENTS = Table(
    "students", "person", "EXCHANGE/STU/STU.SRS/SCE/SCE.SRS", {"code": ("STU_CODE.STU.SRS",), "year": ("SCE_AYRC",)}
)


def rows(tmp_path: Path, content: str | bytes, *tables: Table) -> list[Row]:
    path = tmp_path / "export.xml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(xet_rows(path, "export.xml", tables))


def refusal(tmp_path: Path, content: str | bytes) -> str:
    with pytest.raises(SnapshotRefused) as caught:
        rows(tmp_path, content, STUDENTS)
    assert not caught.value.releasable
    told = f"{caught.value} {caught.value.__context__!r} {caught.value.__cause__!r}"
    assert not [secret for secret in SECRETS if secret in told]
    return str(caught.value)


def student(inside: str) -> str:
    return f"<EXCHANGE><STU><STU.SRS>{inside}</STU.SRS></STU></EXCHANGE>"


def test_a_row_has_the_texts_of_its_leaves_however_deep(tmp_path: Path) -> None:
    text = student("<STU_CODE.STU.SRS> 1 </STU_CODE.STU.SRS><NAT><NAT.SRS><STU_SURN>Ås  en</STU_SURN></NAT.SRS></NAT>")
    (row,) = rows(tmp_path, text, STUDENTS)
    assert row.fields == {"code": ("1",), "name": ("Ås en",)}


def test_several_wrappers_and_several_rows_in_one_are_all_read(tmp_path: Path) -> None:
    one = "<STU.SRS><STU_CODE.STU.SRS>1</STU_CODE.STU.SRS></STU.SRS>"
    text = f"<EXCHANGE>\n<STU>{one}{one}</STU>\n<STU>{one}</STU><CRS><CRS.SRS/></CRS></EXCHANGE>"
    assert [row.line for row in rows(tmp_path, text, STUDENTS)] == [2, 2, 3]


def test_an_enrolment_has_its_students_columns_too_whichever_comes_first(tmp_path: Path) -> None:
    years = "".join(f"<SCE><SCE.SRS><SCE_AYRC>{year}</SCE_AYRC></SCE.SRS></SCE>" for year in (2025, 2026))
    code = "<STU_CODE.STU.SRS>1</STU_CODE.STU.SRS>"
    for inside in (years + code, code + years):
        found = rows(tmp_path, student(inside), ENROLMENTS)
        assert [row.fields for row in found] == [
            {"code": ("1",), "year": ("2025",)},
            {"code": ("1",), "year": ("2026",)},
        ]


def test_a_path_of_two_steps_needs_no_wrapper(tmp_path: Path) -> None:
    table = Table("flat", "person", "ROWS/ROW", {"code": ("CODE",)})
    text = "<ROWS><ROW><CODE>1</CODE></ROW><ROW><CODE>2</CODE></ROW></ROWS>"
    assert [row.one("code") for row in rows(tmp_path, text, table)] == ["1", "2"]


def test_columns_that_no_layout_names_stay_behind(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, student("<STU_CODE.STU.SRS>1</STU_CODE.STU.SRS><STU_ADDR>Storgata 1</STU_ADDR>"), STUDENTS)
    assert row.fields == {"code": ("1",)}


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "windows-1252"])
def test_every_encoding_that_is_declared_is_read(tmp_path: Path, encoding: str) -> None:
    export = Export(tmp_path, "xet")
    export.drop("export.xml", xet(whole(), encoding))
    connector = export.connector
    assert connector.check() == []
    names = {row.one("given") for row in rows(tmp_path, xet(whole(), encoding), connector._layout.table("students"))}
    assert names == {"Kari", "Ærø"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"<!doctype html><title>Logg inn</title>", "not well-formed XML"),
        (b"<html><title>Logg inn</title></html>", "its root element is not EXCHANGE"),
        (b"Serveren er nede", "it is not XML"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><EXCHANGE>&a;</EXCHANGE>', "DOCTYPE"),
        (xet(whole())[:-30], "ends too early"),
        (xet(whole()) + b"<EXCHANGE/>", "follows the end"),
        (xet(whole()).replace("Nåværende".encode(), "Nåværende".encode("latin-1")), "do not fit its encoding"),
        (b"<EXCHANGE>" + b"<A>" * 300 + b"</A>" * 300 + b"</EXCHANGE>", "nests deeper"),
        (b"<EXCHANGE>\x01</EXCHANGE>", "a character that XML forbids"),
        (b"<EXCHANGE><SCE.SRS><A>&nbsp;</A></SCE.SRS></EXCHANGE>", "entity"),
    ],
    ids=["empty", "html5", "html", "text", "entity", "cut", "twice", "latin-1", "deep", "control", "nbsp"],
)
def test_what_is_no_whole_export_is_refused_and_told_why(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(tmp_path, content)


def test_wherever_an_export_is_cut_it_is_refused(tmp_path: Path) -> None:
    content = xet(whole())
    for length in range(0, len(content) - len("</EXCHANGE>\n"), 97):
        refusal(tmp_path, content[:length])


_PROGRAM = """
import sys
from pathlib import Path
from rostersync.connectors.sits.layout import Table
from rostersync.connectors.sits.xet import xet_rows
from tests.memory import peak_kilobytes
table = Table("students", "person", "EXCHANGE/STU/STU.SRS", {"code": ("STU_CODE.STU.SRS",)})
print(sum(1 for _ in xet_rows(Path(sys.argv[1]), "export.xml", [table])), peak_kilobytes() // 1024)
"""


def megabytes(path: Path, students: int) -> int:
    """The peak memory of reading an export of so many students, of whom each has 30 kB that nobody asks for."""
    one = f"<STU><STU.SRS><STU_CODE.STU.SRS>1</STU_CODE.STU.SRS><STU_NOTE>{'x' * 30_000}</STU_NOTE></STU.SRS></STU>\n"
    path.write_text(f"<EXCHANGE>{one * students}</EXCHANGE>")
    told = subprocess.run([sys.executable, "-c", _PROGRAM, str(path)], capture_output=True, check=True, text=True)
    read, peak = map(int, told.stdout.split())
    assert read == students
    return peak


def test_ten_times_the_export_takes_no_more_memory(tmp_path: Path) -> None:
    assert megabytes(tmp_path / "large.xml", 700) - megabytes(tmp_path / "small.xml", 70) < 4
