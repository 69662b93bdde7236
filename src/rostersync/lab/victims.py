"""Whom the quirks that change the account befall: the same people and groups in the export and in the account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rostersync.lab.groups import extra_group
from rostersync.lab.people import Person, version
from rostersync.lab.pupils import HERE, Pupil, Seat
from rostersync.lab.schoolyear import school_year
from rostersync.lab.staff import ASSISTANTS, Employee
from rostersync.lab.world import Group, School, World

REVEALING = "Særskilt norsk"
NO_SCHOOL = "99999"
"""The id of a school that no export describes."""


def extra_groups(world: World, school: School, on: date) -> list[Group]:
    """The groups that a school has only because of a quirk."""
    year, found = school_year(on), []
    if world.has("revealing-group-name", on):
        found.append(_revealing(school, year))
    if world.has("empty-groups", on):
        found.append(extra_group(school, year, "Valgfag ingen valgte", "Valgfag som ingen valgte"))
    if world.has("group-without-school", on) and school.place == 0:
        found.append(_without_school(school, year))
    return found


def extra_groups_of(world: World, pupil: Pupil, at: Seat, on: date) -> list[Group]:
    """Those of them that a pupil is in."""
    year, found = school_year(on), []
    if world.has("revealing-group-name", on) and at.grade == at.school.lowest and pupil.slot % 6 == 0:
        found.append(_revealing(at.school, year))
    if world.has("group-without-school", on) and at.school.place == 0 and pupil.slot % 23 == 2:
        found.append(_without_school(at.school, year))
    return found


def nameless(world: World, pupils: Sequence[Pupil], employees: Sequence[Employee]) -> frozenset[str]:
    """Source ids of those whose record lacks its name today: some pupils with guardians and some assistants."""
    if not world.has("person-without-name", world.today):
        return frozenset()
    children: list[Pupil | Employee] = [
        p for p in pupils if p.slot == 21 and p.grade(world.today) in (4, 5) and _known(world, p)
    ]
    adults: list[Pupil | Employee] = [e for e in employees if e.post == ASSISTANTS[2] and _known(world, e)]
    return frozenset(one.person.id for one in (*children, *adults))


def conflicting(world: World, employees: Sequence[Employee]) -> frozenset[str]:
    """Source ids of those whom today's export describes twice, under two names.

    An assistant of whom nothing has changed since the last sync, so that one of the two is what was known before.
    """
    if not world.has("conflicting-person", world.today):
        return frozenset()
    known = world.previous or world.today
    unchanged = [
        e
        for e in employees
        if e.post in ASSISTANTS[3:-1]
        and _known(world, e)
        and version(world, e.person, known) == version(world, e.person, world.today)
    ]
    return frozenset(e.person.id for e in unchanged[:1])


def renumbered(world: World, employees: Sequence[Employee]) -> dict[str, str]:
    """Old source id -> new one, for the assistants whose change of id today's export announces."""
    if not world.has("old-and-new-ids", world.today):
        return {}
    return {e.person.id: f"NY{e.person.code}" for e in employees if e.post in ASSISTANTS[:2] and _known(world, e)}


def misprints(world: World, person: Person, on: date) -> bool:
    """Whether the export of a date has a pupil's national number with a wrong check digit (her source id is right)."""
    return world.has("bad-check-digits", on) and person.code[0] == "1" and person.luck[2] % 20 == 0


def _known(world: World, one: Pupil | Employee) -> bool:
    """Whether she is at school as usual, and was when last synced."""
    stays = one.stay(world.today), one.stay(world.previous or world.today)
    return all(stay is not None and stay.how == HERE for stay in stays)


def _revealing(school: School, year: int) -> Group:
    return extra_group(school, year, f"{REVEALING} {school.lowest}. trinn", f"{REVEALING}, {school.name}")


def _without_school(school: School, year: int) -> Group:
    group = extra_group(school, year, f"Gruppe i {NO_SCHOOL}", "Gruppe ved en skole som er nedlagt")
    return Group(group.id, "basisgruppe", group.short, group.long, None, group.begin, group.end, year, parent=NO_SCHOOL)
