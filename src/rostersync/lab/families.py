"""Families: who is whose guardian, with siblings, twins, parents apart, grandmothers and changes of custody."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec import Struct

from rostersync.lab.chance import Draws, draws
from rostersync.lab.names import culture, family_name, given_name
from rostersync.lab.numbers import FEMALE, MALE
from rostersync.lab.people import Birth, Person, found
from rostersync.lab.schoolyear import term_days_later, turnover
from rostersync.lab.world import World

MOTHER, FATHER, GRANDMOTHER = 0, 1, 2

TWINS = {23: 22, 59: 58}
"""The slot of the second of each pair of twins, and of the first."""

_PARENT_DAYS = 26 * 365
_GRANDMOTHER_DAYS = 6_500
_COHORTS = 16


class Family(Struct, frozen=True):
    """Names a family goes by: where they come from, the mother's, the father's, the children's."""

    culture: str
    mother: str
    father: str
    child: str


class Home(Struct, frozen=True):
    """A family, named after its eldest pupil's slot."""

    cohort: int
    slot: int
    generation: int

    def family(self, world: World, district: int) -> Family:
        """The family's names. One child in four bears both parents' names."""
        luck = draws(world.seed, "family", district, self.cohort, self.slot, self.generation)
        origin = culture(luck[0])
        mother, father = family_name(origin, luck[1]), family_name(origin, luck[2])
        both = f"{mother} {father}" if luck[3] % 8 else f"{mother}-{father}"
        child = both if luck[4] % 4 == 0 and mother != father else (mother, father)[luck[3] % 2]
        return Family(origin, mother, father, child)


class Adult(Struct, frozen=True):
    """Which adult: a part in a family."""

    home: Home
    part: int


class Contact(Struct, frozen=True):
    """A pupil's pointer to an adult. `until` is the date from which she is only next of kin, no longer guardian."""

    adult: Adult
    kin: bool = False
    until: date | None = None

    def guards(self, on: date) -> bool:
        """Whether the export calls the adult a guardian on a date."""
        return not self.kin and (self.until is None or on < self.until)


def home(world: World, cohort: int, slot: int, generation: int) -> Home:
    """The family of a pupil. One in eight of some cohorts has an elder sibling three years above."""
    if generation == 0 and slot in TWINS:
        return Home(cohort, TWINS[slot], 0)
    if generation == 0 and slot % 8 == 0 and _follows(world, cohort):
        return Home(cohort - 3, slot, 0)
    return Home(cohort, slot, generation)


def contacts(world: World, cohort: int, slot: int, generation: int, luck: Draws) -> tuple[Contact, ...]:
    """The adults that a pupil's record points to."""
    if slot % 47 == 30:  # nobody is registered as guardian
        return ()
    own = home(world, cohort, slot, generation)
    found = [Contact(Adult(own, MOTHER))]
    if slot % 30 != 2:
        found.append(_father(world, cohort, slot, generation, luck))
    if generation == 0 and slot % 25 == 8:
        found.append(Contact(Adult(own, GRANDMOTHER), kin=True))
    return tuple(found)


def adult_person(world: World, district: int, adult: Adult) -> Person:
    """The adult as a human."""
    own, part = adult.home, adult.part
    luck = draws(world.seed, "adult", district, own.cohort, own.slot, own.generation, part)
    family = own.family(world, district)
    sex = MALE if part == FATHER and luck[3] % 40 else FEMALE  # some children have two mothers
    name = given_name(family.culture, sex, luck[0]), family.father if part == FATHER else family.mother
    code = f"{2 + part}{district:03d}{own.cohort % 100:02d}{own.slot:02d}{own.generation:02d}"
    return found(code, _birth(world, district, adult, sex), name, luck)


def _follows(world: World, cohort: int) -> bool:
    """Whether a cohort has younger siblings of the one three years above, which then has none of its own above it."""
    return (cohort - world.first_cohort) % 6 >= 3


def _father(world: World, cohort: int, slot: int, generation: int, luck: Draws) -> Contact:
    own = home(world, cohort, slot, generation)
    if generation == 0 and slot % 12 == 7 and _follows(world, cohort):
        own = Home(cohort - 3, slot, 0)  # he has a child from before, who lives with her mother
    if generation == 0 and slot % 38 == 5:  # a court will decide that the mother has custody alone
        known = max(world.start, turnover(cohort + 6))
        return Contact(Adult(own, FATHER), until=term_days_later(known, 1 + luck[5] % 200))
    return Contact(Adult(own, FATHER))


def _birth(world: World, district: int, adult: Adult, sex: int) -> Birth:
    """A birth date 21 to 46 years before the eldest child's, and a rank that no other adult has on it."""
    own = adult.home
    cohort = own.cohort - world.first_cohort
    if adult.part == GRANDMOTHER:
        serial = (district * _COHORTS + cohort) * 4 + own.slot // 25
        born = date(1940, 1, 1) + timedelta(days=(serial * 7919 + world.seed) % _GRANDMOTHER_DAYS)
        return Birth(born, sex, serial // _GRANDMOTHER_DAYS)
    serial = (district * 95 + own.slot) * 2 + adult.part
    per_lane = -(-(world.districts * 190) // _PARENT_DAYS)
    lane = own.generation * _COHORTS + cohort
    born = date(own.cohort - 46, 1, 1) + timedelta(days=(serial * 7919 + world.seed) % _PARENT_DAYS)
    return Birth(born, sex, lane * per_lane + serial // _PARENT_DAYS)
