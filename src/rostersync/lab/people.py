"""One synthetic human: founded once from chance, and how she looks on a date after the changes of name and address."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from rostersync.lab.chance import Draws, draws
from rostersync.lab.names import family_name, plain
from rostersync.lab.numbers import national_number
from rostersync.lab.world import World


class Person(Struct, frozen=True):
    """A human as founded. `id` is her source id: the national number, as IST does it, or a local number without one.

    `code` is all digits and unlike any other's; `number` is empty for those without a national number.
    """

    code: str
    id: str
    number: str
    given: str
    family: str
    sex: int
    birth: date
    luck: Draws


class Look(Struct, frozen=True):
    """What of a person may change from one day to the next. `mail` and `phone` count the changes behind them."""

    given: str
    family: str
    mail: int
    phone: int


class Birth(Struct, frozen=True):
    """When and as what a person was born, with the rank among those born the same day that makes her number hers."""

    date: date
    sex: int
    rank: int


def found(code: str, birth: Birth, name: tuple[str, str], luck: Draws) -> Person:
    """A new human. Three in a hundred have no national number, two have a D-number."""
    share = luck[7] % 100
    number = "" if share < 3 else national_number(birth.date, birth.sex, birth.rank, d_number=share < 5)
    given, family = name
    source_id = number or f"{birth.date:%d%m%y}{code}"
    return Person(code, source_id, number, given, family, birth.sex, birth.date, luck)


def version(world: World, person: Person, on: date) -> int:
    """How often her values have changed since the start: each day the share `churn` of all people has its turn."""
    if world.churn <= 0:
        return 0
    period = max(1, round(1 / world.churn))
    phase = person.luck[6] % period
    return (on.toordinal() + phase) // period - (world.start.toordinal() + phase) // period


def look(world: World, person: Person, on: date) -> Look:
    """How she looks on a date."""
    turns = version(world, person, on)
    if not turns:
        return Look(person.given, person.family, 0, 0)
    renamed = mail = phone = 0
    for turn in range(1, turns + 1):
        kind = draws(world.seed, "change", person.code, turn)[0] % 10
        if kind < 2:
            renamed = turn
        elif kind < 6:
            mail = turn
        else:
            phone = turn
    family = _new_family_name(world, person, renamed) if renamed else person.family
    return Look(person.given, family, mail, phone)


def login(person: Person) -> str:
    """The school account's name: it stays when the name changes, and no two are alike."""
    return f"{plain(person.given)[:2]}{plain(person.family)[:2]}{person.code}"


def private_mail(person: Person, look: Look) -> str:
    """The private e-mail address; another one after each change."""
    name = f"{plain(person.given)}.{plain(person.family)}.{person.code}"
    return f"{name}-{look.mail}@epost.example" if look.mail else f"{name}@epost.example"


def phone(person: Person, look: Look) -> str:
    """A telephone number in a series that no operator hands out."""
    return f"+470{(person.luck[5] + look.phone) % 10_000_000:07d}"


def _new_family_name(world: World, person: Person, turn: int) -> str:
    """She has married, or taken back the name she was born with."""
    other = family_name("norwegian", draws(world.seed, "change", person.code, turn)[1])
    return f"{person.family}-{other}" if other not in person.family else f"{other} {person.family}"
