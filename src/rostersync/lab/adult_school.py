"""The municipality's school for adults as its SITS has it: parents who learn there, and staff of other schools who teach.

They are the same people, with the same national numbers, as in every other source.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from rostersync.lab.district import District
from rostersync.lab.numbers import organisation_number
from rostersync.lab.people import Person, login, look
from rostersync.lab.schoolyear import school_year
from rostersync.lab.world import OWNER, OWNER_NUMBER, World

Cells = dict[str, str]
"""Column -> text, as a delimited file, an answer or a view has it; empty text for nothing."""

SCHOOL: Final = "Lysvik voksenopplæring"
SCHOOL_NUMBER: Final = organisation_number(80_000)
CODE: Final = "VO/1"
"""The school's code in SITS. Codes have slashes there."""

STUDENT_COLUMNS: Final = (
    "elevkode", "feide", "fnr", "tiltalsnavn", "fornavn", "etternavn", "fodselsdato", "skolekode", "klasse", "skolear",
    "kontaktlarer", "status", "start", "slutt",
)  # fmt: skip
STAFF_COLUMNS: Final = (
    "ansattkode", "feide", "fnr", "fornavn", "etternavn", "fodselsdato", "skolekode", "status",
)  # fmt: skip
GROUP_COLUMNS: Final = (
    "gruppekode", "gruppenavn", "personkode", "fnr", "tilgang", "skolekode", "skolenavn", "skolear",
)  # fmt: skip

_CLASSES: Final = 6
_GONE: Final = 37
"""One participant in so many has stopped, and is still listed."""


class AdultSchool(NamedTuple):
    """The rows of one day's export: participants, staff, and who is in which group."""

    students: list[Cells]
    staff: list[Cells]
    groups: list[Cells]


def adult_school(world: World) -> AdultSchool:
    """The school on the world's day: a fifth of all parents, and for each class a teacher from the municipality's staff."""
    learners: list[Person] = []
    for index in range(world.districts):
        district = District(world, index)
        for grown in district.adults.values():
            if not district.listed_adult(grown, world.today):
                continue
            if not grown.posts and grown.person.luck[3] % 5 == 0:
                learners.append(grown.person)
    teachers = _teachers(world)
    rows = AdultSchool([], [_employee(world, one) for one in teachers], [])
    rows.groups.extend(_taught(world, number, one) for number, one in enumerate(teachers))
    for one in learners:
        number = one.luck[4] % len(teachers)
        rows.students.append(_participant(world, one, number, teachers[number]))
        if not _has_stopped(one):
            access = {"personkode": _code(one), "fnr": one.number, "tilgang": "deltaker"}
            rows.groups.append(_group(world, number) | access)
    return rows


def schools_table() -> str:
    """The table of schools that goes with it."""
    return f"code;number;name;kind\n;{OWNER_NUMBER};{OWNER.short};owner\n{CODE};{SCHOOL_NUMBER};{SCHOOL};school\n"


def _teachers(world: World) -> list[Person]:
    """As many of the first district's employees as there are classes; those who work at two schools already come first."""
    district = District(world, 0)
    posts = [
        grown.posts[0]
        for grown in district.adults.values()
        if grown.posts and district.listed_adult(grown, world.today)
    ]
    here = [post for post in posts if post.works(world.today)]
    return [post.person for post in sorted(here, key=lambda post: post.second is None)[:_CLASSES]]


def _participant(world: World, person: Person, number: int, teacher: Person) -> Cells:
    begin = world.start - timedelta(days=person.luck[5] % 300)  # intake goes on all year
    named = _full_name(world, teacher) if person.luck[6] % 2 else _code(teacher)
    return _somebody(world, person) | {
        "elevkode": _code(person),
        "tiltalsnavn": "",
        "klasse": f"N{number + 1}",
        "skolear": _year(world),
        "kontaktlarer": named,
        "status": "sluttet" if _has_stopped(person) else "aktiv",
        "start": begin.isoformat(),
        "slutt": "",
    }


def _has_stopped(person: Person) -> bool:
    return person.luck[7] % _GONE == 0


def _employee(world: World, person: Person) -> Cells:
    return _somebody(world, person) | {"ansattkode": _code(person), "status": "aktiv"}


def _somebody(world: World, person: Person) -> Cells:
    seen = look(world, person, world.today)
    return {
        "feide": f"{login(person)}@lysvik.example",
        "fnr": person.number,
        "fornavn": seen.given,
        "etternavn": seen.family,
        "fodselsdato": person.birth.isoformat(),
        "skolekode": CODE,
    }


def _group(world: World, number: int) -> Cells:
    return {
        "gruppekode": f"MRC/{school_year(world.today)}/{number + 1}",
        "gruppenavn": f"Norsk og samfunnskunnskap {number + 1}",
        "skolekode": CODE,
        "skolenavn": SCHOOL,
        "skolear": _year(world),
    }


def _taught(world: World, number: int, teacher: Person) -> Cells:
    return _group(world, number) | {"personkode": _code(teacher), "fnr": teacher.number, "tilgang": "lærer"}


def _code(person: Person) -> str:
    """A code of the old kind that many sites have: with a slash."""
    return f"{person.code}/1"


def _full_name(world: World, person: Person) -> str:
    seen = look(world, person, world.today)
    return f"{seen.given} {seen.family}"


def _year(world: World) -> str:
    year = school_year(world.today)
    return f"{year}/{(year + 1) % 100:02d}"
