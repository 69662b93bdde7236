"""The oracle: every group and user that the LMS should hold of one district, after the given days were synced.

It walks each person through her own schedule; the project's own line has no part in it, so that tests may compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple

from rostersync.lab.account import AccountGroup, AccountSchool, AccountUser
from rostersync.lab.course import Course, Status, follow, stretches
from rostersync.lab.district import LMS_KINDS, District, Grown
from rostersync.lab.families import Contact
from rostersync.lab.people import Person, look, private_mail
from rostersync.lab.pupils import Pupil
from rostersync.lab.schoolyear import add_only, first_day, last_day, turnover
from rostersync.lab.victims import REVEALING, conflicting, misprints, renumbered
from rostersync.lab.wishes import (
    PUPIL_GRACE,
    PUPIL_LEAD,
    STAFF_LEAD,
    Wish,
    eighteenth_birthday,
    guardian_wish,
    key,
    pupil_status,
    pupil_wish,
    staff_wish,
    stands,
)
from rostersync.lab.world import Group

PATIENCE: dict[str, int] = {"pupil": 30, "staff": 60, "guardian": 30}
"""Days from departure to suspension."""

Role = Literal["pupil", "staff", "guardian"]
Wishing = Callable[[date], Wish | None]


class Face(NamedTuple):
    """One of a person's LMS users: how she stands and what she should have on a date, and what became of her.

    `edges` are the dates on which `status` can change; `days` are the synced days that count for her.
    """

    role: Role
    edges: list[date]
    status: Callable[[date], Status]
    wish: Wishing
    days: Sequence[date]
    course: Course | None


class Expected:
    """What the LMS should hold of a district. `days` are the synced dates, ascending; the last is the account's."""

    def __init__(self, district: District, days: Sequence[date]) -> None:
        self.district = district
        self.days = days
        self.today = days[-1]
        self._new_ids = renumbered(district.world, district.employees) if district.index == 0 else {}
        twice = conflicting(district.world, district.employees) if district.index == 0 else frozenset()
        self._unusable = twice | district.nameless(self.today)
        self._hidden = next((s.number for s in district.schools if district.hidden(s, self.today)), "")
        self._groups = self._held_groups()
        self._links: dict[tuple[str, str], bool] = {}

    def schools(self) -> list[AccountSchool]:
        """The schools, which stay even when an export has lost them."""
        known = self.days if len(self.days) > 1 else ()
        return [
            AccountSchool(school.number, school.name, key(school.id))
            for school in self.district.schools
            if known or school.number != self._hidden
        ]

    def groups(self) -> list[AccountGroup]:
        """The LMS groups."""
        return [
            AccountGroup(
                group_key,
                LMS_KINDS[group.type],
                group.short,
                group.long,
                group.school.number,
                REVEALING in group.short,
            )
            for group_key, group in sorted(self._groups.items())
            if group.school
        ]

    def users(self) -> Iterator[AccountUser]:
        """Every LMS user, departed and suspended ones too."""
        faces = {pupil.person.id: self._pupil_face(pupil) for pupil in self.district.pupils}
        for pupil in self.district.pupils:
            for contact in pupil.contacts:
                adult = self.district.adult_ids[contact.adult]
                self._links[pupil.person.id, adult] = self._linked(pupil, contact, faces[pupil.person.id])
        for pupil in self.district.pupils:
            if faces[pupil.person.id].course:
                yield self._pupil(pupil, faces[pupil.person.id])
        for grown in self.district.adults.values():
            yield from self._grown(grown)

    # -- pupils ------------------------------------------------------------------------------------------------------

    def _pupil_face(self, pupil: Pupil) -> Face:
        def status(on: date) -> Status:
            return self._usable(pupil.person, on, pupil_status(self.district, pupil, on))

        def wish(on: date) -> Wish | None:
            return pupil_wish(self.district, pupil, on)

        return self._face("pupil", self._pupil_edges(pupil), status, wish)

    def _pupil(self, pupil: Pupil, face: Face) -> AccountUser:
        adults = {self.district.adult_ids[contact.adult] for contact in pupil.contacts}
        linked = tuple(sorted(key(adult) for adult in adults if self._links[pupil.person.id, adult]))
        return self._user(pupil.person, face, guardians=linked)

    def _pupil_edges(self, pupil: Pupil) -> list[date]:
        """The dates on which a pupil's standing can change."""
        edges = [edge for stay in pupil.stays for edge in (stay.first, stay.until)]
        edges.append(pupil.finishes + timedelta(days=PUPIL_GRACE + 1))
        if pupil.begins:
            edges += [pupil.begins - timedelta(days=PUPIL_LEAD), pupil.begins]
        if self.district.world.quirks:  # an odd export makes today a day of its own
            edges.append(self.today)
        return edges

    def _linked(self, pupil: Pupil, contact: Contact, face: Face) -> bool:
        """Whether the pupil's LMS user points to the adult's. A link survives its pupil's absence, and nothing else."""
        if contact.kin or face.course is None or face.course.state == "suspended":
            return False
        grown_up = eighteenth_birthday(pupil)
        edges = [*face.edges, grown_up, *([contact.until] if contact.until else [])]
        linked = False
        for run in stretches(edges, self.days):
            if stands(self.district, pupil, contact, run[0]):
                linked = True
            elif run[0] >= grown_up or pupil_status(self.district, pupil, run[0]) is not Status.ABSENT:
                linked = False
        return linked

    # -- adults ------------------------------------------------------------------------------------------------------

    def _grown(self, grown: Grown) -> Iterator[AccountUser]:
        if grown.posts and (staff := self._staff_face(grown)).course:
            yield self._user(grown.person, staff)
        if grown.wards and (guardian := self._guardian_face(grown)).course:
            adult = grown.person.id
            children = {pupil.person.id for pupil, _ in grown.wards if self._links[pupil.person.id, adult]}
            yield self._user(grown.person, guardian, children=tuple(sorted(map(key, children))))

    def _staff_face(self, grown: Grown) -> Face:
        def status(on: date) -> Status:
            if not self.district.listed_adult(grown, on):
                return Status.ABSENT
            return self._usable(grown.person, on, Status.ACTIVE if wish(on) else Status.LEFT)

        def wish(on: date) -> Wish | None:
            return staff_wish(self.district, grown, on)

        edges = self._adult_edges(grown)
        for begin, end in (post.contract for post in grown.posts if post.contract):
            edges += [begin - timedelta(days=STAFF_LEAD), end + timedelta(days=1)]
        return self._face("staff", edges, status, wish)

    def _guardian_face(self, grown: Grown) -> Face:
        def status(on: date) -> Status:
            if any(stands(self.district, pupil, contact, on) for pupil, contact in grown.wards):
                return Status.ACTIVE
            return Status.LEFT if self.district.listed_adult(grown, on) else Status.ABSENT

        def wish(on: date) -> Wish | None:
            return guardian_wish(self.district, grown, on)

        edges = self._adult_edges(grown)
        for pupil, contact in grown.wards:
            edges += [eighteenth_birthday(pupil), *([contact.until] if contact.until else [])]
        return self._face("guardian", edges, status, wish)

    def _adult_edges(self, grown: Grown) -> list[date]:
        """The dates on which an adult may come into the export or leave it, or her wards' standing can change."""
        edges = [edge for post in grown.posts for stay in post.stays for edge in (stay.first, stay.until)]
        edges += [edge for pupil, _ in grown.wards for edge in self._pupil_edges(pupil)]
        if self.district.world.quirks:
            edges.append(self.today)
        return edges

    # -- what holds for all ------------------------------------------------------------------------------------------

    def _face(self, role: Role, edges: list[date], status: Callable[[date], Status], wish: Wishing) -> Face:
        days = self.days
        if self._hidden and len(days) > 1 and status(self.today) is Status.ABSENT:
            before = wish(days[-2])
            if before and self._hidden in before.schools:  # her whole school is missing: its departures are held
                days = days[:-1]
        return Face(role, edges, status, wish, days, follow(edges, status, days, PATIENCE[role]))

    def _user(
        self, person: Person, face: Face, *, children: tuple[str, ...] = (), guardians: tuple[str, ...] = ()
    ) -> AccountUser:
        course = face.course
        if course is None:
            raise ValueError("who never was a user has no line")
        held, as_of, world = self._holds(face, course), course.last, self.district.world
        if person.id in self._unusable and as_of == self.today:
            as_of = self.days[-2]  # the last good record stays
        looks = look(world, person, as_of)
        new_id = self._new_ids.get(person.id, "")
        return AccountUser(
            key=key(new_id or person.id),
            face="guardian" if face.role == "guardian" else "school",
            role=face.role,
            given=looks.given,
            family=looks.family,
            email=private_mail(person, looks) if face.role == "guardian" else "",
            national_number="" if misprints(world, person, as_of) else person.number,
            schools=tuple(sorted(held.schools)) if face.role == "guardian" else held.schools,
            groups=tuple(sorted(group for group in held.groups if group[0] in self._groups)),
            samlegrupper=tuple(sorted(held.gatherings)),
            children=children,
            guardians=guardians,
            enabled=course.state != "suspended",
            state=course.state,
            old_keys=(key(person.id),) if new_id else (),
        )

    def _holds(self, face: Face, course: Course) -> Wish:
        """What a user holds after a course: what was hers when last active, and in summer what she held before."""
        wished = face.wish(course.last)
        if wished is None:
            raise ValueError("an active user has a wish")
        if course.state == "suspended" or not course.keeps_ties:
            return Wish(wished.schools, frozenset(), frozenset())
        schools = dict.fromkeys(wished.schools)
        groups, gatherings = set(wished.groups), set(wished.gatherings)
        for day in _summer_days(course.last, face.days):
            days = [synced for synced in face.days if synced <= day]
            if earlier := follow(face.edges, face.status, days, PATIENCE[face.role]):
                held = self._holds(face, earlier)
                schools |= dict.fromkeys(held.schools)
                groups |= held.groups
                gatherings |= held.gatherings
        return Wish(tuple(schools), frozenset(groups), frozenset(gatherings))

    def _held_groups(self) -> dict[str, Group]:
        """Key -> group: today's, in summer those that wait for its end, and those of a school the export has lost."""
        held: dict[str, Group] = {}
        for day in (*_summer_days(self.today, self.days), self.today):
            held |= {key(group.id): group for group in self.district.groups(day) if group.type in LMS_KINDS}
        if self._hidden:
            for group in (group for day in self.days[-2:-1] for group in self.district.groups(day)):
                if group.type in LMS_KINDS and group.school and group.school.number == self._hidden:
                    held[key(group.id)] = group
        return held

    def _usable(self, person: Person, on: date, status: Status) -> Status:
        """A record that cannot be used makes no user; who is known already stays as she is."""
        if on != self.today or person.id not in self._unusable or len(self.days) > 1:
            return status
        return Status.LEFT


def _summer_days(on: date, days: Sequence[date]) -> list[date]:
    """In summer, the earlier synced days that show all a user has had since just before it; else none."""
    if not add_only(on):
        return []
    changes = (
        date(on.year, 6, 15),
        last_day(on.year - 1) + timedelta(days=PUPIL_GRACE + 1),
        turnover(on.year),
        first_day(on.year) - timedelta(days=PUPIL_LEAD),
        first_day(on.year),
    )
    befores = {max((day for day in days if day < change), default=None) for change in changes if change <= on}
    return sorted(day for day in befores if day is not None)
