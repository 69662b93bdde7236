"""Numbers that look real, are valid, and belong to nobody."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from rostersync.lab.numbers import FEMALE, MALE, misprinted, national_number, organisation_number, valid

birthdays = st.dates(date(1940, 1, 1), date(2035, 12, 31))
sexes = st.sampled_from((FEMALE, MALE))


def weighted(number: str, weights: str) -> int:
    return sum(int(digit) * int(weight) for digit, weight in zip(number, weights, strict=True)) % 11


@given(birthdays, sexes, st.integers(-48, 150), st.booleans())
def test_every_number_has_valid_check_digits_and_eighty_added_to_the_month(
    birth: date, sex: int, rank: int, d_number: bool
) -> None:
    number = national_number(birth, sex, rank, d_number=d_number)
    assert weighted(number[:10], "3761894521") == 0
    assert weighted(number, "54327654321") == 0
    assert int(number[2:4]) == birth.month + 80
    assert int(number[:2]) == birth.day + (40 if d_number else 0)
    assert int(number[4:6]) == birth.year % 100


@given(birthdays, sexes)
def test_all_numbers_of_a_day_differ(birth: date, sex: int) -> None:
    numbers = [national_number(birth, sex, rank) for rank in range(-48, 250)]
    given_out = [number for number in numbers if number]
    assert len(given_out) > 150
    assert len(set(given_out)) == len(given_out)


@given(birthdays, sexes, st.integers(0, 150))
def test_the_century_and_the_sex_can_be_told_from_the_individual_number(birth: date, sex: int, rank: int) -> None:
    individual = int(national_number(birth, sex, rank)[6:9])
    assert individual % 2 == (0 if sex == FEMALE else 1)
    assert individual >= 500 if birth.year >= 2000 else individual < 500 or individual >= 900


def test_a_day_that_has_no_more_numbers_gives_none() -> None:
    assert national_number(date(2015, 3, 1), FEMALE, 400) == ""
    assert national_number(date(2015, 3, 1), FEMALE, -49) == ""


@given(birthdays, sexes, st.integers(0, 100))
def test_a_misprinted_number_is_invalid(birth: date, sex: int, rank: int) -> None:
    number = national_number(birth, sex, rank)
    assert valid(number)
    assert not valid(misprinted(number))


def test_a_number_of_another_length_is_invalid() -> None:
    assert not valid("1588125003")


def test_organisation_numbers_are_valid_unique_and_in_the_synthetic_series() -> None:
    numbers = [organisation_number(serial) for serial in range(2000)]
    assert all(weighted(number, "327654321") == 0 for number in numbers)
    assert all(len(number) == 9 and number.startswith("31") for number in numbers)
    assert len(set(numbers)) == len(numbers)
