"""One district: two neighbouring schools, their people and their groups. The most that is in memory at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from rostersync.lab.families import Adult, Contact, adult_person
from rostersync.lab.groups import Timetable, mentor_group, timetable
from rostersync.lab.people import Person
from rostersync.lab.pupils import HERE, Pupil, Seat, pupils_of, seat
from rostersync.lab.schoolyear import school_year
from rostersync.lab.staff import Employee, staff_of
from rostersync.lab.victims import extra_groups, nameless
from rostersync.lab.world import OWNER, Group, School, Tie, World, schools_of

LMS_KINDS = {
    "basisgruppe": "base_class",
    "undervisningsgruppe": "teaching_group",
    "kontaktlærergruppe": "mentor_group",
}
"""Group types that become LMS groups, and what these are called there."""


class Grown(Struct):
    """An adult with everything that brings her into the export: the pupils who point to her, and her posts."""

    person: Person
    wards: list[tuple[Pupil, Contact]]
    posts: list[Employee]


class District:
    """Everyone and everything of a district, at any date from the start until today."""

    def __init__(self, world: World, index: int) -> None:
        self.world = world
        self.index = index
        self.schools = schools_of(world, index)
        self.pupils = list(pupils_of(world, index))
        self.employees = list(staff_of(world, index))
        self.adults = self._adults()
        self._nameless = nameless(world, self.pupils, self.employees) if index == 0 else frozenset()
        self.ties: dict[tuple[str, date], list[Tie]] = {}
        self._seats: dict[tuple[str, date], Seat] = {}
        self._timetables: dict[tuple[int, int], Timetable] = {}
        self._teachers: dict[tuple[int, int], list[Employee]] = {}
        for employee in self.employees:
            if employee.school:
                self._teachers.setdefault((employee.school.place, employee.post), []).append(employee)
        self.school_groups = tuple(
            Group(s.id, "skole", s.name, f"{s.name}, Lysvik kommune", s, parent=OWNER.id) for s in self.schools
        )

    def timetable(self, school: School, on: date) -> Timetable:
        """The school's groups in the school year of a date."""
        at = (school.place, school_year(on))
        if at not in self._timetables:
            spelled_out = "non-ascii-ids" in self.world.quirks
            self._timetables[at] = timetable(school, len(self.schools), at[1], spelled_out=spelled_out)
        return self._timetables[at]

    def seat(self, pupil: Pupil, on: date) -> Seat:
        """Where a pupil belongs on a date."""
        at = pupil.person.id, on
        if at not in self._seats:
            self._seats[at] = seat(pupil, self.schools, on)
        return self._seats[at]

    def hidden(self, school: School | None, on: date) -> bool:
        """Whether this school system does not have the school, or its export of this date has lost it."""
        if school is None:
            return False
        served = self.world.served is None or school.index in self.world.served
        return not served or (school.index == self.world.schools - 1 and self.world.has("missing-school", on))

    def teacher(self, school: School, post: int, on: date) -> Employee | None:
        """Who fills a teaching post on a date."""
        return next((e for e in self._teachers.get((school.place, post), ()) if e.works(on)), None)

    def mentor_group(self, school: School, name: tuple[int, str], half: int, on: date) -> Group | None:
        """One of a class's two contact teachers' groups on a date.

        The first has the teacher's id in its own, so there is none while her post is vacant. The other stays.
        """
        table = self.timetable(school, on)
        one = table.classes[name]
        if half:
            return mentor_group(table.year, one, half, None)
        teacher = self.teacher(school, one.teachers[half], on)
        return mentor_group(table.year, one, half, teacher.person) if teacher else None

    def nameless(self, on: date) -> frozenset[str]:
        """Source ids of those whose record lacks its name on a date."""
        return self._nameless if on == self.world.today else frozenset()

    def groups(self, on: date) -> Iterator[Group]:
        """Every group of the district on a date, without the schools themselves."""
        for school in self.schools:
            if self.hidden(school, on):
                continue
            table = self.timetable(school, on)
            yield from table.groups()
            for name in table.classes:
                for half in (0, 1):
                    if mentors := self.mentor_group(school, name, half, on):
                        yield mentors
            yield from extra_groups(self.world, school, on)

    def listed_pupil(self, pupil: Pupil, on: date) -> bool:
        """Whether the export of a date has the pupil."""
        return pupil.stay(on) is not None and not self.hidden(self.seat(pupil, on).school, on)

    def listed_employee(self, employee: Employee, on: date) -> bool:
        """Whether the export of a date has the employee for the sake of this post."""
        if employee.stay(on) is None:
            return False
        second = employee.second
        return not self.hidden(employee.school, on) or (second is not None and not self.hidden(second, on))

    def listed_adult(self, grown: Grown, on: date) -> bool:
        """Whether the export of a date has the adult, as guardian, next of kin or employee."""
        return any(self.listed_employee(post, on) for post in grown.posts) or any(
            self.listed_pupil(pupil, on) for pupil, _ in grown.wards
        )

    def fau(self, pupil: Pupil, contact: Contact, on: date) -> bool:
        """Whether the adult speaks for the parents of the pupil's grade."""
        stay = pupil.stay(on)
        return stay is not None and stay.how == HERE and pupil.slot == 1 and contact == pupil.contacts[0]

    def _adults(self) -> dict[str, Grown]:
        """Source id -> every adult whom a pupil's record points to or who has a post."""
        ids: dict[Adult, str] = {}
        grown: dict[str, Grown] = {}
        for pupil in self.pupils:
            for contact in pupil.contacts:
                if contact.adult not in ids:
                    person = adult_person(self.world, self.index, contact.adult)
                    ids[contact.adult] = person.id
                    grown[person.id] = Grown(person, [], [])
                grown[ids[contact.adult]].wards.append((pupil, contact))
        for employee in self.employees:
            grown.setdefault(employee.person.id, Grown(employee.person, [], [])).posts.append(employee)
        self.adult_ids = ids
        return grown
