"""Names of the municipality: Norwegian, Sami, and those that came with people from elsewhere."""

from __future__ import annotations

from collections import Counter
from unicodedata import is_normalized

import pytest

from rostersync.lab.chance import draws
from rostersync.lab.names import culture, family_name, given_name, plain, school_name
from rostersync.lab.numbers import FEMALE, MALE
from tests.lab.conftest import Day

CULTURES = ("norwegian", "sami", "elsewhere")
LETTERS = {"norwegian": set("æøå"), "sami": set("áčđŋšŧž"), "elsewhere": set("ı'śšöüż")}
"""Letters that at least some names of an origin have."""

MANY = range(3_000)


def given(origin: str, sex: int) -> set[str]:
    return {given_name(origin, sex, draws("given", number)[0]) for number in MANY}


def families(origin: str) -> set[str]:
    return {family_name(origin, draws("family", number)[0]) for number in MANY}


# -- the lists --------------------------------------------------------------------------------------------------------


def test_most_people_have_norwegian_names_some_sami_ones_and_many_others_from_elsewhere() -> None:
    shares = Counter(culture(draws("culture", number)[0]) for number in range(10_000))
    assert set(shares) == set(CULTURES)
    assert 0.03 < shares["sami"] / 10_000 < 0.07
    assert 0.14 < shares["elsewhere"] / 10_000 < 0.20


@pytest.mark.parametrize("origin", CULTURES)
def test_women_and_men_have_names_of_their_own(origin: str) -> None:
    women, men = given(origin, FEMALE), given(origin, MALE)
    assert len(women) >= 10
    assert len(men) >= 10
    assert {name for name in women & men if len(name) > 1} == set(), "Å alone is anybody's"


@pytest.mark.parametrize("origin", CULTURES)
def test_the_letters_of_each_language_are_there(origin: str) -> None:
    letters = set("".join(given(origin, FEMALE) | given(origin, MALE) | families(origin)).lower())
    assert letters >= LETTERS[origin]


def test_only_norwegians_have_double_given_names_and_not_all_of_them() -> None:
    doubled = {origin: [name for name in given(origin, FEMALE) if " " in name] for origin in CULTURES}
    assert doubled["norwegian"]
    assert not doubled["sami"]
    assert not doubled["elsewhere"]
    assert any(" " not in name for name in given("norwegian", FEMALE))
    assert not [name for name in doubled["norwegian"] if name.split()[0] == name.split()[1]]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Åse", "ase"),
        ("Bjørn-Åge", "bjornage"),
        ("Sæther", "saether"),
        ("Čáhppe", "cahppe"),
        ("Đávvet", "davvet"),
        ("Ŧhun", "thun"),
        ("Ŋállá", "nalla"),
        ("Yılmaz", "yilmaz"),
        ("Wiśniewska", "wisniewska"),
        ("d'Angelo", "dangelo"),
        ("Å", "a"),
        ("'", "x"),
    ],
)
def test_a_name_is_written_with_plain_letters_in_addresses(name: str, written: str) -> None:
    assert plain(name) == written


@pytest.mark.parametrize("index", [0, 1, 41, 1_899])
def test_a_school_is_called_one(index: int) -> None:
    assert school_name(index).endswith(" skole")
    assert school_name(index)[0].isupper()


# -- in the municipality ----------------------------------------------------------------------------------------------


def test_people_of_every_origin_are_pupils_guardians_and_employees(first: Day) -> None:
    known = {origin: families(origin) for origin in CULTURES}
    for role in ("pupil", "staff", "guardian"):
        names = {user.family for user in first.account.users.values() if user.role == role}
        assert all(names & known[origin] for origin in CULTURES), role


def test_a_child_has_a_family_name_of_a_parents_or_of_both(first: Day) -> None:
    related = 0
    children = [user for user in first.account.users.values() if user.role == "pupil" and user.guardians]
    for child in children:
        parents = {first.account.users[key, "guardian"].family for key in child.guardians}
        related += any(name in child.family or child.family in name for name in parents)
    assert related > 0.9 * len(children)


def test_every_name_is_in_composed_letters_without_blanks_around_it(first: Day) -> None:
    for someone in first.read.persons.values():
        for name in (someone.given, someone.family):
            assert is_normalized("NFC", name)
            assert name == " ".join(name.split()) != ""
