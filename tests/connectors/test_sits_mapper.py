"""Rows -> records: keys, who is meant, which groups there are, and that the order of rows makes no difference."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rostersync.connectors.sits.layout import Layout, read_layout
from rostersync.connectors.sits.mapper import every_field, records
from rostersync.connectors.sits.rows import Row, row_of
from rostersync.connectors.sits.schools import Schools, read_schools
from rostersync.lab.adult_school import AdultSchool
from rostersync.model import Record

from .sits_exports import KARI_NUMBER, LAYOUTS, SCHOOLS, employee, member, student, whole

LAYOUT: Layout = read_layout(LAYOUTS / "sits-views.yaml")
DAHL = employee("7/1", feide="eva@lysvik.example", fnr="02817900010")


@pytest.fixture
def schools(tmp_path: Path) -> Schools:
    (tmp_path / "schools.csv").write_text(SCHOOLS + "VO/2;971526920;Sør;school\n")
    return read_schools(tmp_path / "schools.csv")


def rows(school: AdultSchool) -> list[Row]:
    tables = zip(("students", "staff", "groups"), school, strict=True)
    return [
        row_of(LAYOUT.table(name), number, {column: (text,) for column, text in cells.items() if text})
        for name, listed in tables
        for number, cells in enumerate(listed, 1)
    ]


def read(schools: Schools, *students: dict[str, str], **more: list[dict[str, str]]) -> dict[str, Record]:
    """Key -> record; memberships as `in KEY`."""
    school = AdultSchool(list(students), more.get("staff", []), more.get("groups", []))
    found = list(records(rows(school), LAYOUT, schools, every_field(LAYOUT)))
    return {f"{'in ' if one.kind == 'membership' else ''}{(one.fields.get('key') or ('',))[0]}": one for one in found}


def members(found: dict[str, Record], key: str) -> list[tuple[str, str]]:
    return [(part.whose, part.fields["found"][0]) for part in found[f"in {key}"].parts]


# -- keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"elevkode": "10/Ø", "feide": "kari@x.example", "fnr": KARI_NUMBER}, "STU/10/Ø"),
        ({"feide": "Kari@X.example", "fnr": KARI_NUMBER}, "feide/kari@x.example/1990-08-15"),
        ({"feide": "kari@x.example", "fodselsdato": ""}, "feide/kari@x.example"),
        ({"fnr": "158890 30094"}, "number/15889030094"),
        ({}, ""),
    ],
)
def test_the_key_is_the_first_of_code_feide_ident_and_number(schools: Schools, more: dict[str, str], key: str) -> None:
    assert key in read(schools, student("", **more))


def test_a_student_and_an_employee_of_one_code_are_two(schools: Schools) -> None:
    found = read(schools, student("7/1"), staff=[DAHL], groups=[member("7/1")])
    assert {"STU/7/1", "PRS/7/1"} <= found.keys()
    assert members(found, "group/77/B")[0][1] == "ambiguous"


# -- members ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"personkode": "1001/1"}, ("STU/1001/1", "yes")),
        ({"personkode": "", "fnr": f" {KARI_NUMBER[:6]} {KARI_NUMBER[6:]}"}, ("STU/1001/1", "yes")),
        ({"personkode": "9999/9", "fnr": KARI_NUMBER}, ("STU/1001/1", "yes")),
        ({"personkode": "1001/1", "fnr": "02817900010"}, ("STU/1001/1", "ambiguous")),
        ({"personkode": "9999/9"}, ("STU/9999/9", "unknown")),
        ({"personkode": "", "fnr": "01818000000"}, ("number/01818000000", "unknown")),
        ({"personkode": ""}, ("", "unknown")),
    ],
)
def test_who_is_named_in_a_group_is_found_or_not(
    schools: Schools, named: dict[str, str], expected: tuple[str, str]
) -> None:
    kari = student("1001/1", fnr=KARI_NUMBER)
    found = read(schools, kari, staff=[DAHL], groups=[member("") | named])
    assert members(found, "group/77/B") == [expected]
    assert len([one for one in found.values() if one.kind == "person"]) == 2, "a membership makes nobody"


def test_one_national_number_in_two_peoples_rows_is_nobody_in_particular(schools: Schools) -> None:
    found = read(
        schools, student("1/1", fnr=KARI_NUMBER), student("2/1", fnr=KARI_NUMBER), groups=[member("", fnr=KARI_NUMBER)]
    )
    assert members(found, "group/77/B")[0][1] == "ambiguous"


# -- groups -----------------------------------------------------------------------------------------------------------


def test_a_person_row_makes_school_class_and_owner(schools: Schools) -> None:
    found = read(schools, student("1001/1"))
    assert found["owner/974589230"].fields["type"] == ("owner",)
    assert found["school/970944443"].fields["parent"] == ("owner/974589230",)
    assert found["class/970944443/2026/27/N1"].fields["parent"] == ("school/970944443",)
    assert members(found, "school/970944443") == members(found, "class/970944443/2026/27/N1") == [("STU/1001/1", "yes")]


def test_a_class_of_the_same_name_elsewhere_or_in_another_year_is_another(schools: Schools) -> None:
    found = read(schools, student("1"), student("2", skolekode="VO/2"), student("3", skolear="2025/26"))
    assert len([key for key in found if key.startswith("class/")]) == 3


def test_an_enrolment_at_each_of_two_schools_is_one_person_at_both(schools: Schools) -> None:
    found = read(schools, student("1"), student("1", skolekode="VO/2", klasse="S1"))
    assert members(found, "school/970944443") == members(found, "school/971526920") == [("STU/1", "yes")]


def test_an_unknown_school_is_told_on_the_record_and_her_last_ties_are_left_alone(schools: Schools) -> None:
    found = read(schools, student("1", skolekode="VO/9"), student("2"), groups=[member("1"), member("2")])
    assert found["STU/1"].fields["found"] == ("unknown",)
    assert found["in school/970944443"].unread == ("STU/1",)
    assert found["in group/77/B"].unread == (), "a membership row says who is in its group"


def test_rows_that_put_a_group_at_two_schools_contradict_each_other(schools: Schools) -> None:
    found = read(schools, student("1"), groups=[member("1"), member("1", skolekode="VO/2")])
    assert found["group/77/B"].fields["found"] == ("ambiguous",)


def test_a_membership_without_a_group_is_none(schools: Schools) -> None:
    found = read(schools, student("1"), groups=[member("1", gruppekode="")])
    assert not [key for key in found if key.startswith("in group")]


# -- contact teachers ---------------------------------------------------------------------------------------------------

MENTORS = "mentor/970944443/PRS/7/1"


@pytest.mark.parametrize(
    "named",
    ["7/1", "Eva@Lysvik.example", "028179 00010", "Eva Dahl", "eva  dahl", "Dahl, Eva", "Dahl,Eva", "Dahl Eva"],
)
def test_a_contact_teacher_is_found_by_whatever_names_her(schools: Schools, named: str) -> None:
    found = read(schools, student("1", kontaktlarer=named), staff=[DAHL])
    assert found[MENTORS].fields["mentor"] == ("PRS/7/1",)
    assert found[MENTORS].fields["name"] == ("Eva Dahl",)
    assert members(found, MENTORS) == [("STU/1", "yes")]


@pytest.mark.parametrize(
    ("staff", "expected"),
    [
        ([], "unknown"),
        ([DAHL | {"skolekode": "VO/2"}], "unknown"),
        ([DAHL, DAHL | {"ansattkode": "8/1", "feide": "", "fnr": ""}], "ambiguous"),
    ],
    ids=["nobody", "elsewhere", "two"],
)
def test_a_name_that_fits_nobody_or_several_is_told_without_the_name(
    schools: Schools, staff: list[dict[str, str]], expected: str
) -> None:
    found = read(schools, student("1", kontaktlarer="Eva Dahl"), staff=staff)
    (key,) = [one for one in found if one.startswith("mentor/")]
    assert found[key].fields["found"] == (expected,)
    assert "mentor" not in found[key].fields
    assert "Dahl" not in f"{key} {found[key]} {found[f'in {key}']}".replace("'teacher': ('Eva Dahl',)", "")


def test_a_participant_of_that_name_is_nobodys_contact_teacher(schools: Schools) -> None:
    found = read(schools, student("1", kontaktlarer="Per Dahl"), student("2", fornavn="Per", etternavn="Dahl"))
    assert not [key for key in found if key.startswith("mentor/") and "?" not in key]


# -- order ------------------------------------------------------------------------------------------------------------


def test_neither_order_nor_repetition_of_rows_makes_a_difference(schools: Schools) -> None:
    def told(some: list[Row]) -> set[str]:
        return {
            repr((one.kind, sorted(one.fields.items()), [(part.whose, part.fields) for part in one.parts]))
            for one in records(some, LAYOUT, schools, every_field(LAYOUT))
        }

    listed = rows(whole())
    expected = told(listed)
    for seed in range(20):
        some = [*listed, *listed[: seed % 3]]
        random.Random(seed).shuffle(some)
        assert told(some) == expected
