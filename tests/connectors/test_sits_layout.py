"""The two files that a site writes: its layout and its table of schools. Every mistake is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.connectors.sits.layout import SHAPES, parse_layout, read_layout
from rostersync.connectors.sits.schools import School, read_schools
from rostersync.errors import UserMistake

from .sits_exports import LAYOUTS, SCHOOLS, Export

XET = (LAYOUTS / "sits-xet.yaml").read_text(encoding="utf-8")
DELIMITED = (LAYOUTS / "sits-delimited.yaml").read_text(encoding="utf-8")


def problems(old: str, new: str, text: str = XET) -> list[str]:
    assert old in text
    with pytest.raises(UserMistake) as caught:
        parse_layout(text.replace(old, new, 1), "ours.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_layout_that_comes_along_offers_the_same_words(shape: str) -> None:
    layout = read_layout(LAYOUTS / f"sits-{shape}.yaml")
    assert layout.shape == shape
    words = {table.name: set(table.fields) for table in layout.tables}
    assert words == {table.name: set(table.fields) for table in parse_layout(XET, "sits-xet.yaml").tables}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("shape: xet", "shape: xml", 'unknown shape "xml"'),
        ("shape: xet\n", "", "the layout needs `shape`: xet, delimited, rws, views"),
        ("is: person", "is: pupil", 'unknown is "pupil"'),
        ("    is: membership\n", "", "groups needs `is: person` or `is: membership`"),
        ("EXCHANGE/STU/STU.SRS/SCE/SCE.SRS", "EXCHANGE", "students: from must be a path from the root"),
        ("      group: MST_CODE.MST.SRS\n", "", "groups needs `group`"),
        ("      family: STU_SURN", "      found: STU_SURN", 'students: "found" is the connector\'s own word'),
        ("      family: STU_SURN.STU.SRS", "      family: []", "students: family names no column"),
        ("space: PRS\n", "space: [PRS, STU]\n", "staff: a person's code is from one space"),
        ("    staff: yes", "    staff: ja", "staff must be yes or no"),
        ("    space: [STU, PRS]", "    staff: yes", "groups: `staff` belongs to a table of persons"),
        ("tables:\n", "end: SLUTT\ntables:\n", "`end` belongs to delimited files only"),
        ("    staff: yes", "    stuff: yes", 'unknown key "stuff" (did you mean "staff"?)'),
        ("version: 1", "version: 2", 'version "2" is not known'),
        ("\ntables:", "\ttables:", "a tab; YAML wants spaces"),
    ],
)
def test_a_mistake_in_a_layout_is_told_with_its_line(old: str, new: str, said: str) -> None:
    told = problems(old, new)
    assert any(said in one and one.startswith("ours.yaml:") for one in told), told


def test_a_row_must_tell_who_it_is_about() -> None:
    begin, end = XET.index("      code: MEM_PERS"), XET.index("      access: MEM_ACCS")
    told = problems(XET[begin:end], "")
    assert any("groups needs one of code, feide, number" in one for one in told)


def test_without_persons_there_would_be_nobody() -> None:
    told = problems(XET[XET.index("  students:") : XET.index("  groups:")], "")
    assert any("no table has `is: person`" in one for one in told)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('separator: ";"', 'separator: ";;"', "separator must be one character"),
        ("encoding: utf-8", "encoding: utf-9", 'nobody knows the encoding "utf-9"'),
        ("end: SLUTT\n", "", "a layout of delimited files needs `end`"),
    ],
)
def test_a_mistake_about_delimited_files_is_told_too(old: str, new: str, said: str) -> None:
    assert any(said in one for one in problems(old, new, DELIMITED))


def test_a_tab_may_be_written_as_a_word() -> None:
    layout = parse_layout(DELIMITED.replace('separator: ";"', "separator: tab"), "ours.yaml")
    assert layout.separator == "\t"


# -- the table of schools ---------------------------------------------------------------------------------------------


def table(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "schools.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_code_is_a_school_however_the_table_is_written(tmp_path: Path, separator: str, mark: str) -> None:
    schools = read_schools(table(tmp_path, mark + SCHOOLS.replace(";", separator)))
    assert schools.find("vo/1") == School("970944443", "Lysvik voksenopplæring")
    assert schools.owner == School("974589230", "Lysvik kommune", "owner")
    assert schools.find("VO/2") is None


def test_several_codes_may_mean_one_school_and_nobody_need_own_it(tmp_path: Path) -> None:
    schools = read_schools(table(tmp_path, "code;number;name\nA;970944443;Sør\nB;NO 970 944 443;Sør\n"))
    assert schools.find("A") == schools.find("b")
    assert schools.owner is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "schools.csv:1: the table of schools lacks the column code, number, name"),
        ("code;name\nA;Sør\n", "schools.csv:1: the table of schools lacks the column number"),
        ("code;number;name\n", "schools.csv: the table of schools has no line"),
        ("code;number;name\nA;97094444;Sør\n", "schools.csv:2: the number is no organisation number"),
        ("code;number;name\nA;970944443;\n", "schools.csv:2: the name is empty"),
        ("code;number;name\n;970944443;Sør\n", "schools.csv:2: the code is empty"),
        ("code;number;name\nA;970944443;Sør\na;974589230;Nord\n", "schools.csv:3: this code stands twice"),
        (SCHOOLS + ";970944443;Oslo;owner\n", "schools.csv:4: a second owner"),
        ("code;number;name;kind\nA;970944443;Sør;skole\n", "schools.csv:2: kind is one of school, owner"),
    ],
)
def test_a_mistake_in_the_table_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserMistake) as caught:
        read_schools(table(tmp_path, text))
    assert any(said in str(problem) for problem in caught.value.problems), caught.value


def test_what_is_wrong_with_both_files_is_told_at_once(tmp_path: Path) -> None:
    export = Export(tmp_path, "xet")
    export.edit_layout("shape: xet", "shape: xml")
    (tmp_path / "schools.csv").write_bytes("code;number;name\nA;970944443;Sør\n".encode("latin-1"))
    with pytest.raises(UserMistake) as caught:
        export.connector  # noqa: B018 - made anew
    told = str(caught.value)
    assert 'unknown shape "xml"' in told
    assert "the table of schools cannot be read: it is not UTF-8 text" in told


def test_files_that_are_not_there_are_told_by_their_paths(tmp_path: Path) -> None:
    for read, path in ((read_layout, tmp_path / "layout.yaml"), (read_schools, tmp_path / "schools.csv")):
        with pytest.raises(UserMistake, match="No such file"):
            read(path)
