"""Text hygiene: what a source wrote -> the same thing in one spelling, and what kind of national number it is.

Nothing here judges a person. A number that fails its check digits is classified, never thrown away: the official PIFU
samples are full of such numbers, and a reader that dropped them would empty the file.
"""

from __future__ import annotations

import re
from datetime import date
from operator import mul
from typing import Literal
from unicodedata import category, normalize

from msgspec import Struct

NumberKind = Literal["fnr", "dnr", "hnr", "duf", "local", "unknown"]

_HIDDEN = frozenset(("Cc", "Cf", "Cs"))
_ZONE = re.compile(r"(?<=-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})\Z")


def clean(text: str) -> str:
    """The text in NFC, trimmed, inner white space collapsed to one space, control and zero-width characters dropped."""
    if text.isalnum() and text.isascii():  # most texts are one plain word
        return text
    if not text.isprintable():
        text = "".join(sign for sign in text if sign.isspace() or category(sign) not in _HIDDEN)
    if not text.isascii():
        text = normalize("NFC", text)
    return " ".join(text.split())


def digits(text: str) -> str:
    """Only the digits 0-9 of a text."""
    if text.isascii() and text.isdigit():
        return text
    return "".join(sign for sign in text if "0" <= sign <= "9")


def iso_date(text: str) -> date | None:
    """The date in `YYYY-MM-DD`, with or without a zone suffix (which is dropped); None for an empty text.

    Raises:
        ValueError: anything else. The message does not repeat the text.
    """
    if not text:
        return None
    day = text if len(text) == 10 else _ZONE.sub("", text)
    try:
        if day[4] == "-" == day[7]:  # the standard library also reads weeks, and dates without hyphens
            return date.fromisoformat(day)
    except (ValueError, IndexError):
        pass
    raise ValueError("not a date in the form YYYY-MM-DD")


def organisation_number(text: str) -> str:
    """The nine digits of an organisation number written with or without `NO` and spaces; empty for anything else.

    Check digits are not judged: the official samples use numbers that fail them.
    """
    bare = "".join(text.split()).upper().removeprefix("NO")
    return bare if len(bare) == 9 and bare.isascii() and bare.isdigit() else ""


# -- national numbers -----------------------------------------------------------------------------------------------

_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_LAST_REMAINDER_FROM_2032 = 3
_NEW_RULE = date(2032, 1, 1)
_OLDEST = 110
"""Nobody older than this is looked for when the century of a number has to be worked out."""
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SEPARATED = re.compile(r"[0-9][0-9 .\-\u00a0]*")
_DUF_YEARS = ("19", "20")


class NationalNumber(Struct, frozen=True, gc=False):
    """What stands in a national number field.

    `kind` is `fnr` (fødselsnummer), `dnr` (D-number), `hnr` (help number, or a test number of the same shape), `duf`
    (12 digits given to refugees), `local` (12 or more digits made up from a birth date) or `unknown`. `synthetic` marks
    test numbers (month + 80 or + 65). `valid`: both check digits are right, by today's rule or by that of 2032.
    """

    digits: str
    kind: NumberKind
    synthetic: bool = False
    valid: bool = False

    @property
    def genuine(self) -> bool:
        """Whether it may travel as a national number: no help, DUF or local number may, nor what fails its checks."""
        return self.valid and self.kind in ("fnr", "dnr")


def national_number(text: str) -> NationalNumber:
    """Classify the text of a national number field; spaces, dots and hyphens between the digits do not matter."""
    number = digits(text)
    if number != text and not _SEPARATED.fullmatch(text.strip()):
        return NationalNumber(number, "unknown")
    if len(number) == 11:
        return _eleven(number)
    if len(number) == 12 and number.startswith(_DUF_YEARS):
        return NationalNumber(number, "duf")
    day_and_month = len(number) >= 12 and _possible(int(number[:2]), int(number[2:4]))
    return NationalNumber(number, "local" if day_and_month else "unknown")


def birth_date(number: str, on: date) -> date | None:
    """The birth date inside a valid number, as seen on the date `on`; None when unsure.

    Only for the 18th-birthday rule, and only where the source gives no birth date. A number that fails its checks tells
    nothing. The rule of 2032 tells no century: a date counts then if it is the only one that makes a living person.
    """
    known = national_number(number)
    if not known.valid or known.kind not in ("fnr", "dnr", "hnr"):
        return None
    day, month, year = (int(known.digits[at : at + 2]) for at in (0, 2, 4))
    series = int(known.digits[6:9])
    day, month = _bare_day(day), _bare_month(month)
    if on < _NEW_RULE and _remainder(known.digits, _FIRST) == 0:
        century = _dnr_century(year, series) if known.kind == "dnr" else _fnr_century(year, series)
        centuries: tuple[int, ...] = (century,) if century else ()
    else:
        centuries = (1900, 2000)
    possible = [born for century in centuries if (born := _date(century + year, month, day)) and _alive(born, on)]
    return possible[0] if len(possible) == 1 else None


def _eleven(number: str) -> NationalNumber:
    day, month = int(number[:2]), int(number[2:4])
    valid = _remainder(number, _FIRST) <= _LAST_REMAINDER_FROM_2032 and _remainder(number, _SECOND) == 0
    if day >= 80:  # a common help number carries no date at all
        return NationalNumber(number, "hnr", valid=valid)
    if not _possible(_bare_day(day), _bare_month(month)):
        return NationalNumber(number, "unknown")
    kind: NumberKind = "dnr" if day > 40 else "fnr"
    if 40 < month <= 52:  # health help numbers; some test numbers have the same shape and cannot be told apart
        kind = "hnr"
    return NationalNumber(number, kind, synthetic=month > 65, valid=valid)


def _remainder(number: str, weights: tuple[int, ...]) -> int:
    """The weighted sum of the first digits, modulo 11. Runs once for every person, hence without a loop."""
    total: int = sum(map(mul, weights, number.encode())) - ord("0") * sum(weights)
    return total % 11


def _bare_day(day: int) -> int:
    return day - 40 if day > 40 else day


def _bare_month(month: int) -> int:
    for shift in (80, 65, 40):
        if month > shift:
            return month - shift
    return month


def _possible(day: int, month: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= _LONGEST_MONTH[month - 1]


def _fnr_century(year: int, series: int) -> int | None:
    if series < 500:
        return 1900
    if year < 40:
        return 2000
    return 1900 if series >= 900 else None  # the rest were born before 1900


def _dnr_century(year: int, series: int) -> int | None:
    """D-number series were cut anew in November 2021."""
    if year < 40:
        return 1900 if series < 200 else 2000
    return None if 500 <= series < 600 else 1900  # those were born before 1900


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # 29 February of a year that has none
        return None


def _alive(born: date, on: date) -> bool:
    return born <= on and on.year - born.year <= _OLDEST
