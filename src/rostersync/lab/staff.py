"""The employees of a district: posts and who fills them, substitutes with contracts, and the owner's own office."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct

from rostersync.lab.chance import NEVER, Draws, draws, waiting
from rostersync.lab.families import MOTHER, Adult, Home, adult_person
from rostersync.lab.names import culture, family_name, given_name
from rostersync.lab.numbers import FEMALE, MALE
from rostersync.lab.people import Birth, Person, found
from rostersync.lab.pupils import HERE, INACTIVE, OFF, Stay
from rostersync.lab.schoolyear import term_days_later
from rostersync.lab.world import School, World, schools_of

NO_USERS = frozenset(
    {"skolehelsetjeneste", "vaktmester", "renholdsarbeider", "pptansatt", "sensor", "foresattrepresentant"}
)
"""Subroles of roletype 04 that become no LMS users."""

POSTS: tuple[tuple[str, str], ...] = (
    ("05", "rektor"),
    ("05", "inspektør"),
    ("05", "inspektør"),
    ("07", "iktansvarlig"),
    *[("04", "kontormedarbeider")] * 3,
    ("04", "skolebibliotekar"),
    ("04", "rådgiver"),
    ("04", "sosiallærer"),
    ("04", "skolehelsetjeneste"),
    ("04", "vaktmester"),
    *[("04", "renholdsarbeider")] * 2,
    ("04", "pptansatt"),
    ("04", "sensor"),
    *[("04", "")] * 4,
    *[("08", "")] * 13,
    *[("02", "vikar")] * 3,
    *[("02", "faglærer")] * 50,
    *[("02", "")] * 20,
)
"""Roletype and subrole of the 105 posts of a school."""

TEACHERS = tuple(index for index, (role, sub) in enumerate(POSTS) if role == "02" and sub != "vikar")
SUBSTITUTES = tuple(index for index, post in enumerate(POSTS) if post == ("02", "vikar"))
ASSISTANTS = tuple(index for index, (role, _) in enumerate(POSTS) if role == "08")
OFFICE = (("07", "iktansvarlig"), ("04", ""), ("04", ""), ("02", ""), ("04", "rådgiver"), ("05", ""))
"""Posts in the owner's own office, at no school."""

_PARENTS = {
    (0, TEACHERS[20]): (5, 3),
    (0, ASSISTANTS[-1]): (6, 15),
    (1, TEACHERS[20]): (5, 71),
    (1, ASSISTANTS[-1]): (6, 75),
}
"""Posts, by place of the school in its district, filled by the mother of a pupil there: his cohort, counted from the
first, and slot."""

_DAYS = 40 * 365
_CYCLE = 75


class Employee(Struct, frozen=True):
    """Someone who fills a post. `school` is None for the owner's office; `second` is another school she also works at.

    `contract` bounds a substitute's ties; `parent` tells that she is also the mother of a pupil there.
    """

    person: Person
    school: School | None
    post: int
    role: str
    subrole: str
    stays: tuple[Stay, ...]
    second: School | None = None
    contract: tuple[date, date] | None = None
    parent: Adult | None = None

    def stay(self, on: date) -> Stay | None:
        """How she is listed on a date; None when she is not."""
        return next((stay for stay in self.stays if stay.first <= on < stay.until), None)

    def works(self, on: date) -> bool:
        """Whether she is at work as usual on a date."""
        stay = self.stay(on)
        return stay is not None and stay.how == HERE


def staff_of(world: World, district: int) -> Iterator[Employee]:
    """Everyone employed in a district from the start until today; the first district has the owner's office too."""
    schools = schools_of(world, district)
    for school in schools:
        for post in range(len(POSTS)):
            if post in SUBSTITUTES:
                yield from _substitutes(world, school, post)
            else:
                yield from _holders(world, district, schools, school.place, post)
    if district == 0:
        for post in range(len(OFFICE)):
            yield _office_worker(world, post)


def _holders(world: World, district: int, schools: tuple[School, ...], place: int, post: int) -> Iterator[Employee]:
    """Those who fill a permanent post one after the other."""
    school = schools[place]
    begin, generation = world.start, 0
    while begin <= world.today:
        luck = draws(world.seed, "staff", school.index, post, generation)
        parent = _parent(world, place, post) if generation == 0 else None
        stays, vacant = _stays(world, luck, begin, OFF if parent else INACTIVE)
        own = adult_person(world, district, parent) if parent else None
        person = own or _person(world, school.index, post, generation, luck)
        elsewhere = schools[1 - place] if len(schools) == 2 and post in TEACHERS and luck[3] % 25 == 0 else None
        yield Employee(person, school, post, *POSTS[post], stays, second=elsewhere, parent=parent)
        if vacant is None:
            return
        begin = term_days_later(vacant, 1 + luck[2] % 10)
        generation += 1


def _stays(world: World, luck: Draws, begin: date, shelved: str) -> tuple[tuple[Stay, ...], date | None]:
    """When an employee is listed, and when her post is vacant again (None: not yet).

    `shelved` is one of the two ways in which the school may keep the file of someone who has left.
    """
    wait = waiting(luck[0], world.leavers)
    if wait == NEVER or (leave := term_days_later(begin, wait)) > world.today:
        return (Stay(begin, date.max),), None
    stayed, share = Stay(begin, leave), luck[1] % 100
    if share < 30:
        gone = term_days_later(leave, 20)
        return (stayed, Stay(leave, gone, shelved if share < 15 else OFF)), gone
    return (stayed,), leave


def _substitutes(world: World, school: School, post: int) -> Iterator[Employee]:
    """A substitute every seventy-five days, listed before her contract and a week after it; none in summer."""
    for generation in range((world.today - world.start).days // _CYCLE + 2):
        luck = draws(world.seed, "substitute", school.index, post, generation)
        begin = world.start + timedelta(days=_CYCLE * generation - 10 + luck[0] % 10)
        end = begin + timedelta(days=35 + luck[1] % 15)
        listed = Stay(begin - timedelta(days=3 + luck[2] % 38), end + timedelta(days=8))
        wholly_in_term = term_days_later(listed.first, (listed.until - listed.first).days) == listed.until
        if wholly_in_term and listed.first <= world.today:
            person = _person(world, school.index, post, generation, luck)
            yield Employee(person, school, post, *POSTS[post], (listed,), contract=(begin, end))


def _office_worker(world: World, post: int) -> Employee:
    luck = draws(world.seed, "office", post)
    person = _person(world, world.schools, post, 0, luck)
    return Employee(person, None, post, *OFFICE[post], (Stay(world.start, date.max),))


def _parent(world: World, place: int, post: int) -> Adult | None:
    if (place, post) not in _PARENTS:
        return None
    cohort, slot = _PARENTS[place, post]
    return Adult(Home(world.first_cohort + cohort, slot, 0), MOTHER)


def _person(world: World, school: int, post: int, generation: int, luck: Draws) -> Person:
    """Ranks count from the end of each day's numbers, because parents count from their beginning."""
    sex = MALE if luck[4] % 100 < 28 else FEMALE
    origin = culture(luck[5])
    serial = school * len(POSTS) + post
    born = date(1958, 1, 1) + timedelta(days=(serial * 7919 + world.seed) % _DAYS)
    per_lane = 1 + (world.schools + 1) * len(POSTS) // _DAYS
    rank = -1 - (generation * per_lane + serial // _DAYS)
    name = given_name(origin, sex, luck[6]), family_name(origin, luck[0] >> 8)
    return found(f"5{school:04d}{post:03d}{generation:02d}", Birth(born, sex, rank), name, luck)
