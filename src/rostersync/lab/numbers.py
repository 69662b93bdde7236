"""Numbers of the synthetic population: national, local and organisation numbers that belong to nobody.

National numbers have 80 added to the month, which the population register never issues to a real person, and both
check digits valid. Each (birth date, sex, rank) is another number, so whoever hands out ranks once hands out numbers
once.
"""

from __future__ import annotations

from datetime import date
from functools import cache

FEMALE, MALE = 1, 2
"""As IMS Enterprise writes them."""

RESERVED = 48
"""The last ranks of each day, kept for those who count from the end (negative ranks)."""

_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_ORGANISATION = (3, 2, 7, 6, 5, 4, 3, 2)


def national_number(birth: date, sex: int, rank: int, *, d_number: bool = False) -> str:
    """The `rank`-th number of a birth date and sex, or empty text when that day has no more to give.

    Ranks from 0 count upwards, ranks from -1 downwards; they never meet. A D-number has 40 added to the day.
    """
    head = f"{birth.day + 40 * d_number:02d}{birth.month + 80:02d}{birth.year % 100:02d}"
    first, second = _sum(head, _FIRST) % 11, _sum(head, _SECOND) % 11
    serials = _serials(first, second, birth.year >= 2000, sex)
    if not -RESERVED <= rank < len(serials) - RESERVED:
        return ""
    return head + serials[rank]


def organisation_number(serial: int) -> str:
    """The `serial`-th (up to 99,999) number of the series beginning with 31, in which no real organisation is."""
    for eighth in "01":  # a check digit of 10 is never issued; the next number up has another
        head = f"{3_100_000 + serial}{eighth}"
        check = -_sum(head, _ORGANISATION) % 11
        if check < 10:
            break
    return f"{head}{check}"


def valid(number: str) -> bool:
    """Whether both check digits of an eleven-digit number are right."""
    return len(number) == 11 and number == number[:9] + _check_digits(number[:9])


def misprinted(number: str) -> str:
    """The same number with its last digit wrong."""
    return f"{number[:10]}{(int(number[10]) + 1) % 10}"


def _sum(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _check_digits(nine: str) -> str:
    first = -_sum(nine, _FIRST) % 11
    second = -_sum(f"{nine}{first}", _SECOND) % 11
    return f"{first}{second}" if first < 10 and second < 10 else ""


@cache
def _serials(first: int, second: int, this_century: bool, sex: int) -> tuple[str, ...]:
    """Individual numbers with their check digits, for dates whose weighted sums leave these remainders.

    Check digits depend on the date only through the two remainders, so a few hundred short lists serve every date.
    """
    series = range(500, 1000) if this_century else (*range(500), *range(900, 1000))
    found = []
    for number in series:
        if number % 2 != sex - 1:  # an even third digit for women, an odd one for men
            continue
        x, y, z = number // 100, number // 10 % 10, number % 10
        k1 = -(first + 4 * x + 5 * y + 2 * z) % 11
        k2 = -(second + 5 * x + 4 * y + 3 * z + 2 * k1) % 11
        if k1 < 10 and k2 < 10:
            found.append(f"{number:03d}{k1}{k2}")
    return tuple(found)
