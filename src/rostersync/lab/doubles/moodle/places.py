"""Moodle's functions about categories, courses and cohorts, as its course/ and cohort/externallib.php do them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict, replace

from rostersync.lab.doubles.moodle.form import Row, checked, number, rows, text, texts
from rostersync.lab.doubles.moodle.refusal import Refusal
from rostersync.lab.doubles.moodle.site import Site
from rostersync.lab.doubles.moodle.tables import Category, Cohort, Course, Tables

_COURSE = "idnumber visible startdate enddate summary"


def create_categories(site: Site, told: Row) -> Any:
    """`core_course_create_categories`."""
    made = []
    for row in rows(told, "categories"):
        checked(row, "name", "parent idnumber description")
        one = Category(site.tables.number(), text(row, "name"), text(row, "idnumber"), number(row, "parent"))
        _check_category(site.tables, one)
        site.tables.categories[one.id] = one
        made.append({"id": one.id, "name": one.name})
    return made


def update_categories(site: Site, told: Row) -> Any:
    """`core_course_update_categories`."""
    for row in rows(told, "categories"):
        checked(row, "id", "name parent idnumber description")
        there = site.tables.categories.get(number(row, "id"))
        if there is None:
            raise Refusal("unknowncategory")
        parent = number(row, "parent", there.parent)
        one = Category(there.id, text(row, "name", there.name), text(row, "idnumber", there.idnumber), parent)
        _check_category(site.tables, one)
        site.tables.categories[one.id] = one


def _check_category(tables: Tables, one: Category) -> None:
    if not one.name.strip():
        raise Refusal("categorynamerequired")
    if one.parent and one.parent not in tables.categories:
        raise Refusal("unknowcategory")
    others = (other for other in tables.categories.values() if other.id != one.id)
    if one.idnumber and any(other.idnumber == one.idnumber for other in others):
        raise Refusal("categoryidnumbertaken")


def get_categories(site: Site, told: Row) -> Any:  # noqa: ARG001 - asked for all of them
    """`core_course_get_categories`."""
    return [asdict(one) for one in site.tables.categories.values()]


def create_courses(site: Site, told: Row) -> Any:
    """`core_course_create_courses`."""
    made = []
    for row in rows(told, "courses"):
        checked(row, "fullname shortname categoryid", _COURSE)
        empty = Course(site.tables.number(), "", "", "", number(row, "categoryid"))
        one = _with(empty, row)
        _check_course(site.tables, one)
        site.tables.courses[one.id] = one
        made.append({"id": one.id, "shortname": one.shortname})
    return made


def update_courses(site: Site, told: Row) -> Any:
    """`core_course_update_courses`: row by row, with warnings."""
    warnings = []
    for row in rows(told, "courses"):
        checked(row, "id", f"fullname shortname categoryid {_COURSE}")
        there = site.tables.courses.get(number(row, "id"))
        try:
            if there is None:
                raise Refusal("invalidrecord")
            one = _with(there, row)
            _check_course(site.tables, one)
            site.tables.courses[one.id] = one
        except Refusal as refusal:
            warnings.append(
                {"item": "course", "itemid": number(row, "id"), "warningcode": refusal.code, "message": refusal.quoting}
            )
    return {"warnings": warnings}


def _with(course: Course, row: Row) -> Course:
    texts_ = {name: text(row, name) for name in ("fullname", "shortname", "idnumber") if name in row}
    numbers = {name: number(row, name) for name in ("categoryid", "startdate", "enddate") if name in row}
    return replace(course, **texts_, **numbers, visible=bool(number(row, "visible", int(course.visible))))


def _check_course(tables: Tables, one: Course) -> None:
    """In Moodle's order: the short name before the ID number."""
    others = [other for other in tables.courses.values() if other.id != one.id]
    if one.categoryid not in tables.categories:
        raise Refusal("errorcatcontextnotvalid")
    if not one.fullname.strip() or not one.shortname.strip():
        raise Refusal("errorinvalidparam")
    if any(other.shortname == one.shortname for other in others):
        raise Refusal("shortnametaken", f"Short name is already used ({one.shortname})")
    if one.idnumber and any(other.idnumber == one.idnumber for other in others):
        raise Refusal("courseidnumbertaken", f"ID number is already used ({one.idnumber})")
    if one.enddate and one.enddate < one.startdate:
        raise Refusal("enddatebeforestartdate")


def delete_courses(site: Site, told: Row) -> Any:
    """`core_course_delete_courses`: unknown ones are warned of."""
    warnings = []
    for key in map(int, texts(told, "courseids")):
        if site.tables.courses.pop(key, None) is None:
            code = "unknowncourseidnumber"
            warnings.append({"item": "course", "itemid": key, "warningcode": code, "message": ""})
        for course, user in [pair for pair in site.tables.enrolments if pair[0] == key]:
            site.tables.unenrol(course, user)
    return {"warnings": warnings}


def get_courses_by_field(site: Site, told: Row) -> Any:
    """`core_course_get_courses_by_field`, by ID number or number."""
    name, value = text(told, "field"), text(told, "value")
    if name not in ("id", "idnumber", "shortname"):
        raise Refusal("invalidparameter")
    found = [asdict(one) for one in site.tables.courses.values() if str(getattr(one, name)) == value]
    return {"courses": found, "warnings": []}


def create_cohorts(site: Site, told: Row) -> Any:
    """`core_cohort_create_cohorts`."""
    made = []
    for row in rows(told, "cohorts"):
        checked(row, "categorytype name idnumber", "visible description")
        if any(one.idnumber == text(row, "idnumber") for one in site.tables.cohorts.values()):
            raise Refusal("invalidparameter", f"record already exists: idnumber={text(row, 'idnumber')}")
        one = _cohort(site.tables, site.tables.number(), row)
        site.tables.cohorts[one.id] = one
        made.append(_cohort_told(one))
    return made


def update_cohorts(site: Site, told: Row) -> Any:
    """`core_cohort_update_cohorts`."""
    for row in rows(told, "cohorts"):
        checked(row, "id categorytype name idnumber", "visible description")
        if number(row, "id") not in site.tables.cohorts:
            raise Refusal("invalidrecord")
        one = _cohort(site.tables, number(row, "id"), row)
        site.tables.cohorts[one.id] = one


def _cohort(tables: Tables, key: int, row: Row) -> Cohort:
    kind = row["categorytype"]
    if not isinstance(kind, dict) or text(kind, "type") != "id" or number(kind, "value") not in tables.categories:
        raise Refusal("invalidparameter", "category not exists")
    if not text(row, "name").strip():
        raise Refusal("invalidparameter", "Invalid cohort name")
    visible = bool(number(row, "visible", 1))
    return Cohort(key, text(row, "name"), text(row, "idnumber"), number(kind, "value"), visible)


def delete_cohorts(site: Site, told: Row) -> Any:
    """`core_cohort_delete_cohorts`: all or nothing."""
    for key in map(int, texts(told, "cohortids")):
        if site.tables.cohorts.pop(key, None) is None:
            raise Refusal("invalidrecord")
        for pair in [pair for pair in site.tables.members if pair[0] == key]:
            del site.tables.members[pair]


def get_cohorts(site: Site, told: Row) -> Any:  # noqa: ARG001 - asked for all of them
    """`core_cohort_get_cohorts`."""
    return [_cohort_told(one) for one in site.tables.cohorts.values()]


def _cohort_told(one: Cohort) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "idnumber": one.idnumber, "visible": one.visible}
