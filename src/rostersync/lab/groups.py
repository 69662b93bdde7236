"""The groups of a school in one school year: grades, classes, teaching groups and what else a school has."""

from __future__ import annotations

from typing import NamedTuple

from rostersync.lab.people import Person
from rostersync.lab.schoolyear import first_day, last_day, turnover
from rostersync.lab.staff import TEACHERS
from rostersync.lab.world import Group, School, classes_in

_LOWER = (
    ("NOR0214", "Norsk"),
    ("MAT0014", "Matematikk"),
    ("ENG0024", "Engelsk"),
    ("NAT0009", "Naturfag"),
    ("SAF0011", "Samfunnsfag"),
    ("RLE0030", "KRLE"),
    ("KRO0017", "Kroppsøving"),
    ("MUS0006", "Musikk"),
    ("MHE0011", "Mat og helse"),
    ("KHV0010", "Kunst og håndverk"),
    ("", "Svømming"),
    ("", "Leseverksted"),
    ("", "Leksehjelp"),
)
_UPPER = (
    ("NOR0215", "Norsk"),
    ("MAT0015", "Matematikk"),
    ("ENG0025", "Engelsk"),
    ("NAT0010", "Naturfag"),
    ("SAF0012", "Samfunnsfag"),
    ("RLE0031", "KRLE"),
    ("KRO0018", "Kroppsøving"),
    ("MUS0007", "Musikk"),
    ("MHE0012", "Mat og helse"),
    ("KHV0011", "Kunst og håndverk"),
    ("UTV0010", "Utdanningsvalg"),
    ("", "Leksehjelp"),
)
_LANGUAGES = (("FSP6222", "Spansk"), ("FSP6219", "Tysk"), ("FSP6225", "Fransk"))
_ELECTIVES = ("Programmering", "Friluftsliv", "Sal og scene", "Design og redesign", "Trafikk")


class Class(NamedTuple):
    """A class with the groups that all its pupils share. `teachers` are the posts of its two contact teachers."""

    base: Group
    subjects: tuple[Group, ...]
    guardians: Group
    teachers: tuple[int, int]


class Timetable(NamedTuple):
    """A school's groups in one school year, and which posts teach them."""

    school: School
    year: int
    classes: dict[tuple[int, str], Class]
    grades: dict[int, Group]
    languages: dict[int, tuple[Group, ...]]
    electives: dict[int, tuple[Group, ...]]
    after_school: Group
    parents_council: Group
    teaching: dict[int, list[Group]]

    def groups(self) -> list[Group]:
        """Every group but the mentor groups, whose ids depend on who fills a post."""
        found = [*self.grades.values(), self.after_school, self.parents_council]
        for one in self.classes.values():
            found += [one.base, *one.subjects, one.guardians]
        for several in (*self.languages.values(), *self.electives.values()):
            found += several
        return found


class _Maker(NamedTuple):
    """Makes the groups of one school and year."""

    school: School
    year: int
    spelled_out: bool

    def group(self, kind: int, type_: str, short: str, long: str, *, code: str = "") -> Group:
        """One group; its id tells kind, school, year and name, as IST's ids do."""
        plain_id = f"{kind}_{self.school.id}_{self.year}_{short.replace(' ', '')}"
        return Group(
            id=f"{type_} på {self.school.name} {self.year}: {short}" if self.spelled_out else plain_id,
            type=type_,
            short=short,
            long=long,
            school=self.school,
            begin=first_day(self.year),
            end=last_day(self.year),
            year=self.year,
            code=code,
            parent=self.school.id,
        )

    def klass(self, grade: int, letter: str, teachers: tuple[int, int]) -> Class:
        """A class and its subjects."""
        name = f"{grade}{letter}"
        subjects = tuple(
            self.group(2, "undervisningsgruppe", f"{code or subject}-{name}", f"{subject} {name}", code=code)
            for code, subject in (_LOWER if grade <= 7 else _UPPER)
        )
        guardians = self.group(8, "foresattegruppe", f"Foresatte {name}", f"Foresatte til elevene i {name}")
        return Class(self.group(1, "basisgruppe", name, f"Basisgruppe {name}"), subjects, guardians, teachers)

    def choices(self, grade: int, subjects: tuple[tuple[str, str], ...]) -> tuple[Group, ...]:
        """Teaching groups across the classes of a grade, of which each pupil has one."""
        return tuple(
            self.group(2, "undervisningsgruppe", f"{subject} {grade}", f"{subject} {grade}. trinn", code=code)
            for code, subject in subjects
        )


def timetable(school: School, schools: int, year: int, *, spelled_out: bool = False) -> Timetable:
    """The groups of a school in one year. `schools` is how many its district has.

    Ids are codes, or words with spaces and Norwegian letters where `spelled_out`.
    """
    maker = _Maker(school, year, spelled_out)
    grades = range(school.lowest, school.highest + 1)
    names = [(grade, "ABCD"[n]) for grade in grades for n in range(classes_in(schools, school.place, grade))]
    classes = {
        name: maker.klass(*name, (TEACHERS[2 * number], TEACHERS[2 * number + 1])) for number, name in enumerate(names)
    }
    upper = [grade for grade in grades if grade > 7]
    languages = {grade: maker.choices(grade, _LANGUAGES) for grade in upper}
    electives = {grade: maker.choices(grade, tuple(("", name) for name in _ELECTIVES)) for grade in upper}
    return Timetable(
        school,
        year,
        classes,
        {grade: maker.group(4, "trinn", f"{grade}. trinn", f"{grade}. årstrinn") for grade in grades},
        languages,
        electives,
        maker.group(15, "sfo", "SFO", "Skolefritidsordningen"),
        maker.group(12, "fau", "FAU", "Foreldrerådets arbeidsutvalg"),
        _teaching(classes, languages, electives),
    )


def mentor_group(year: int, one: Class, half: int, teacher: Person | None) -> Group:
    """The group of those whom one contact teacher follows: half a class.

    With a `teacher`, her source id is in the group's, as IST does it; and when that is a national number, she is in
    the id only, and not among the members.
    """
    base = one.base
    named = teacher.id if teacher else base.parent
    return Group(
        id=f"3_{named}_{year}_{base.short}-{half + 1}",
        type="kontaktlærergruppe",
        short=f"{base.short} kontakt {half + 1}",
        long=f"Kontaktlærergruppe {half + 1} i {base.short}",
        school=base.school,
        begin=turnover(year),
        end=base.end,
        year=year,
        mentor=teacher.number if teacher else "",
        parent=base.parent,
    )


def extra_group(school: School, year: int, short: str, long: str) -> Group:
    """A teaching group outside the timetable."""
    return _Maker(school, year, spelled_out=False).group(2, "undervisningsgruppe", short, long)


def _teaching(classes: dict[tuple[int, str], Class], *across: dict[int, tuple[Group, ...]]) -> dict[int, list[Group]]:
    """Post -> the groups it teaches: contact teachers their class, every teacher some subjects."""
    teaching: dict[int, list[Group]] = {post: [] for post in TEACHERS}
    for number, one in enumerate(classes.values()):
        for post in one.teachers:
            teaching[post].append(one.base)
        for at, subject in enumerate(one.subjects):
            teaching[TEACHERS[(number * 5 + at * 7) % len(TEACHERS)]].append(subject)
    chosen = [group for several in across for groups in several.values() for group in groups]
    for at, group in enumerate(chosen):
        teaching[TEACHERS[(at * 3 + 1) % len(TEACHERS)]].append(group)
    return teaching
