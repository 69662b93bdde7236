"""The pupils of a district: who they are, when they are listed, when they leave and return, and where they move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct

from rostersync.lab.chance import NEVER, Draws, draws, pick, waiting
from rostersync.lab.families import TWINS, Contact, Home, contacts, home
from rostersync.lab.names import given_name
from rostersync.lab.numbers import FEMALE, MALE
from rostersync.lab.people import Birth, Person, found
from rostersync.lab.schoolyear import first_day, last_day, school_year, term_days_later, turnover
from rostersync.lab.world import School, World, class_sizes, classes_in

HERE, INACTIVE, OFF, STOPPED = "here", "inactive", "off", "stopped"
"""How a listed person stands: as usual; `pifu_status` inaktiv; all roles with status 0; all roles with subrole S."""

NAMESAKES = {25: 13}
"""Whose whole name is also another's, in the same class."""

LATE_LEARNER = 41
"""The slot of the one in each of the first cohorts who came to school late, and turns 18 during tenth grade."""

_LINGER = 20
_PER_SEX = 48
"""More than there are pupils of one sex in a cohort of a district."""


class Stay(Struct, frozen=True):
    """The dates on which a person is listed, from `first` up to, not including, `until`."""

    first: date
    until: date
    how: str = HERE


class Move(Struct, frozen=True):
    """A change of `kind` class, school or subject that holds from a date."""

    on: date
    kind: str


class Pupil(Struct, frozen=True):
    """A pupil: the `generation`-th to fill a slot of a cohort (her birth year, but for late learners).

    `begins` is the first school day written on her ties, None where the export leaves it out; `finishes` is the last
    day of tenth grade.
    """

    person: Person
    cohort: int
    slot: int
    generation: int
    home: Home
    contacts: tuple[Contact, ...]
    stays: tuple[Stay, ...]
    moves: tuple[Move, ...]
    begins: date | None
    finishes: date

    def stay(self, on: date) -> Stay | None:
        """How she is listed on a date; None when she is not."""
        return next((stay for stay in self.stays if stay.first <= on < stay.until), None)

    def grade(self, on: date) -> int:
        """Her grade on a date."""
        return school_year(on) - self.cohort - 5

    def moved(self, kind: str, on: date) -> int:
        """How many moves of a kind lie behind her on a date."""
        return sum(move.kind == kind and move.on <= on for move in self.moves)


class Seat(Struct, frozen=True):
    """Where a pupil belongs on a date."""

    school: School
    grade: int
    letter: str


def seat(pupil: Pupil, schools: tuple[School, ...], on: date) -> Seat:
    """Where a pupil belongs on a date. From eighth grade on that is the combined school, whatever came before."""
    grade = pupil.grade(on)
    place = len(schools) - 1
    if grade <= 7:
        place = (int(pupil.slot >= class_sizes(len(schools))[0]) + pupil.moved("school", on)) % len(schools)
    parallel = classes_in(len(schools), place, grade)
    return Seat(schools[place], grade, "ABCD"[(pupil.slot + pupil.moved("class", on)) % parallel])


def pupils_of(world: World, district: int) -> Iterator[Pupil]:
    """Everyone who has been a pupil in a district from the start until today."""
    size = sum(class_sizes(min(2, world.schools - 2 * district)))
    for cohort in world.cohorts:
        for slot in range(size):
            yield from _occupants(world, district, cohort, slot)


def _occupants(world: World, district: int, cohort: int, slot: int) -> Iterator[Pupil]:
    """Those who fill one slot one after the other: when a pupil leaves for good, someone new moves to town."""
    entered = turnover(cohort + 6)
    begin, end = max(world.start, entered), turnover(cohort + 16)
    generation = 0
    while begin < end and begin <= world.today:
        luck = draws(world.seed, "pupil", district, cohort, slot, generation)
        stays, vacant = _stays(world, luck, begin, end)
        yield Pupil(
            person=_person(world, district, cohort, slot, generation, luck),
            cohort=cohort,
            slot=slot,
            generation=generation,
            home=home(world, cohort, slot, generation),
            contacts=contacts(world, cohort, slot, generation, luck),
            stays=stays,
            moves=_moves(world, (district, cohort, slot, generation), begin),
            begins=_begins(begin, entered, generation, luck),
            finishes=last_day(cohort + 15),
        )
        begin = term_days_later(vacant, 1 + luck[2] % 10)
        generation += 1


def _begins(begin: date, entered: date, generation: int, luck: Draws) -> date | None:
    if begin == entered:  # a first grader, listed all August before school starts
        return first_day(entered.year)
    if generation and luck[3] % 3 == 0:  # the family has announced itself before moving to town
        return begin + timedelta(days=5)
    return None


def _stays(world: World, luck: Draws, begin: date, end: date) -> tuple[tuple[Stay, ...], date]:
    """When a pupil is listed, and from when her slot is free for the next one."""
    wait = waiting(luck[0], world.leavers)
    leave = end if wait == NEVER else term_days_later(begin, wait)
    if leave >= end:
        return (Stay(begin, end),), end
    stayed, share = Stay(begin, leave), luck[1] % 100
    if share < 16:  # abroad with the family for some weeks, or missing from the export by mistake
        back = term_days_later(leave, 12 if share < 10 else 45)
        return ((stayed, Stay(back, end)) if back < end else (stayed,)), end
    if share < 40:  # gone, but the school has not closed her file
        gone = min(term_days_later(leave, _LINGER), end)
        return (stayed, Stay(leave, gone, pick((INACTIVE, OFF, STOPPED), share))), gone
    return (stayed,), leave


def _moves(world: World, about: tuple[int, ...], begin: date) -> tuple[Move, ...]:
    moves: list[Move] = []
    on = begin
    while True:
        chance = draws(world.seed, "move", *about, len(moves))
        wait = waiting(chance[0], world.movers)
        if wait == NEVER or (on := term_days_later(on, wait)) > world.today:
            return tuple(moves)
        moves.append(Move(on, pick(("class", "school", "school", "subject"), chance[1])))


def _person(world: World, district: int, cohort: int, slot: int, generation: int, luck: Draws) -> Person:
    of_home = home(world, cohort, slot, generation).family(world, district)
    namesake = NAMESAKES.get(slot) if generation == 0 else None
    family, given_draw, culture = of_home.child, luck[4], of_home.culture
    if namesake is not None:
        culture = home(world, cohort, namesake, 0).family(world, district).culture
        family = home(world, cohort, namesake, 0).family(world, district).child
        given_draw = draws(world.seed, "pupil", district, cohort, namesake, 0)[4]
    birth = _birth(world, district, cohort, slot, generation)
    code = f"1{district:03d}{cohort % 100:02d}{slot:02d}{generation:02d}"
    return found(code, birth, (given_name(culture, birth.sex, given_draw), family), luck)


def _birth(world: World, district: int, cohort: int, slot: int, generation: int) -> Birth:
    """A birth date in the cohort's year, and a rank that no other pupil of the same sex has on that date.

    Lanes keep generations and twins apart: a twin takes the date and rank of the other in a lane of its own.
    """
    sex = MALE if slot % 2 else FEMALE
    if slot == LATE_LEARNER and generation == 0 and cohort < world.first_cohort + 3:
        born = date(cohort - 3, 10, 10) + timedelta(days=district * 37 % 141)  # October to February, no 29th
        return Birth(born, sex, -1 - district // 141)
    twin = generation == 0 and slot in TWINS
    serial = district * _PER_SEX + (TWINS[slot] if twin else slot) // 2
    sex_of_date = FEMALE if twin else sex
    in_year = (serial * (31 if sex_of_date == FEMALE else 113) + world.seed) % 365
    lane = 2 * generation + twin
    per_lane = -(-(world.districts * _PER_SEX) // 365)
    return Birth(date(cohort, 1, 1) + timedelta(days=in_year), sex, lane * per_lane + serial // 365)
