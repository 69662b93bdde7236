"""The closed list of transforms that a mapping may name under `as:`.

A transform takes a cleaned, non-empty text and gives a text; an empty result means "no value". It raises ValueError,
with a reason that does not repeat the text, when the text is unreadable. What the verbs of a mapping cannot say becomes
one more function here, with its own tests, and never an expression in a mapping.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from rostersync import normalize

Transform = Callable[[str], str]

_SHORTEST_PHONE = 5
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_NUMBER = re.compile(r"[0-9][0-9 .-]*")
_SCHOOL_CODE = re.compile(r"[A-ZÆØÅ0-9]{2,8}:\s*(?=\S)")
_SCHOOL_YEAR = re.compile(r"(20[0-9]{2})(?: ?[/-] ?([0-9]{1,2}|[0-9]{4}))?")
_NAME_PART = re.compile(r"[^\W\d_]+")


def lower(text: str) -> str:
    """All small letters."""
    return text.lower()


def upper(text: str) -> str:
    """All capital letters."""
    return text.upper()


def date(text: str) -> str:
    """A date as YYYY-MM-DD; a zone suffix is dropped."""
    normalize.iso_date(text)
    return text[:10]


def national_number(text: str) -> str:
    """A national number without the signs between its digits. Check digits are not judged; words stay as they are."""
    return normalize.digits(text) if _NUMBER.fullmatch(text) else text


def organisation_number(text: str) -> str:
    """Nine digits, without `NO` and spaces; nothing when it is something else."""
    return normalize.organisation_number(text)


def email(text: str) -> str:
    """An e-mail address in small letters, without `mailto:`."""
    address = text.lower().removeprefix("mailto:")
    if not _EMAIL.fullmatch(address):
        raise ValueError("not an e-mail address")
    return address


def phone(text: str) -> str:
    """A telephone number as digits, with a leading `+` where one was written (or as `00`)."""
    number, plus = normalize.digits(text), text.lstrip("( ").startswith("+")
    if not plus and number.startswith("00"):
        number, plus = number[2:], True
    if len(number) < _SHORTEST_PHONE:
        raise ValueError("not a telephone number")
    return f"+{number}" if plus else number


def given_of_full(text: str) -> str:
    """The given names in a full name: all words but the last, or what follows the comma in `Family, Given`."""
    family, comma, given = text.partition(",")
    return given.strip() if comma else " ".join(family.split()[:-1])


def family_of_full(text: str) -> str:
    """The family name in a full name: the last word, or what precedes the comma in `Family, Given`."""
    family, comma, _ = text.partition(",")
    return family.strip() if comma else family.split()[-1]


def name_case(text: str) -> str:
    """A name written all in capitals with one capital for each part; any other name stays as it is."""
    return _NAME_PART.sub(lambda part: part[0].capitalize(), text) if text.isupper() else text


def without_school_code(text: str) -> str:
    """A group's name without the school's code and colon that some exports put before it (`ABC:8A` -> `8A`)."""
    code = _SCHOOL_CODE.match(text)
    return text[code.end() :] if code else text


def school_year_begin(text: str) -> str:
    """The first day, 1 August, of a school year written as `2026`, `2026/27`, `2026-2027` or `2026/7`."""
    return f"{_first_year(text)}-08-01"


def school_year_end(text: str) -> str:
    """The last day, 31 July, of a school year written as `2026`, `2026/27`, `2026-2027` or `2026/7`."""
    return f"{_first_year(text) + 1}-07-31"


def _first_year(text: str) -> int:
    found = _SCHOOL_YEAR.fullmatch(text)
    if not found or (found[2] and not str(int(found[1]) + 1).endswith(found[2])):
        raise ValueError("not a school year such as 2026/27")
    return int(found[1])


TRANSFORMS: Mapping[str, Transform] = MappingProxyType(
    {
        "trim": normalize.clean,
        "digits": normalize.digits,
        **{
            transform.__name__: transform
            for transform in (
                lower,
                upper,
                date,
                national_number,
                organisation_number,
                email,
                phone,
                given_of_full,
                family_of_full,
                name_case,
                without_school_code,
                school_year_begin,
                school_year_end,
            )
        },
    }
)
"""Name -> transform. Every text is trimmed before the first one; `trim` only says so aloud."""
