"""The closed list of transforms, each with its own examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.mapping.transforms import TRANSFORMS
from rostersync.normalize import clean
from tests.line.mapping_texts import PATIENT

EXAMPLES = {
    "school_year_begin": [("2026/27", "2026-08-01"), ("2026", "2026-08-01"), ("2026-2027", "2026-08-01")],
    "school_year_end": [("2026/27", "2027-07-31"), ("2026 / 2027", "2027-07-31"), ("2099/0", "2100-07-31")],
    "trim": [(" Kari  Anne ", "Kari Anne")],
    "lower": [("Kari@X.Example", "kari@x.example"), ("ÅSE", "åse")],
    "upper": [("8a", "8A"), ("åse", "ÅSE")],
    "digits": [("+47 22 33-44", "47223344"), ("ingen", "")],
    "date": [("2012-08-15", "2012-08-15"), ("2012-08-15Z", "2012-08-15"), ("2012-08-15+02:00", "2012-08-15")],
    "national_number": [
        ("158812 50036", "15881250036"),
        ("158812-50036", "15881250036"),
        ("15.88.12 50036", "15881250036"),
        ("17097055655", "17097055655"),
        ("201512345678", "201512345678"),
        ("K-1234", "K-1234"),
        ("fnr 15881250036", "fnr 15881250036"),
        ("-1", "-1"),
    ],
    "organisation_number": [("NO 974 589 230", "974589230"), ("38026", "")],
    "email": [
        ("Kari@X.Example", "kari@x.example"),
        ("mailto:a@b.example", "a@b.example"),
        ("å@måne.example", "å@måne.example"),
    ],
    "phone": [
        ("+47-99900099", "+4799900099"),
        ("0047 99 90 00 99", "+4799900099"),
        ("(+47) 99900099", "+4799900099"),
        ("99 90 00 99", "99900099"),
        ("+0047 999 000", "+0047999000"),
    ],
    "given_of_full": [
        ("Kari Anne Eksempel", "Kari Anne"),
        ("Eksempel, Kari Anne", "Kari Anne"),
        ("Kari", ""),
        ("Eksempel,", ""),
    ],
    "family_of_full": [
        ("Kari Anne Eksempel", "Eksempel"),
        ("Eksempel Hansen, Kari", "Eksempel Hansen"),
        ("Kari", "Kari"),
        (",", ""),
    ],
    "name_case": [
        ("KARI-ANNE", "Kari-Anne"),
        ("ØDEGÅRD VAN DYK", "Ødegård Van Dyk"),
        ("O'BRIEN", "O'Brien"),
        ("McDonald", "McDonald"),
        ("de Vries", "de Vries"),
    ],
    "without_school_code": [
        ("SMI:1STA", "1STA"),
        ("ABC: 8A", "8A"),
        ("ØST1:8A", "8A"),
        ("Norsk: fordypning", "Norsk: fordypning"),
        ("SMI:", "SMI:"),
        ("8A", "8A"),
    ],
}

UNREADABLE = [
    ("date", "15.08.2012"),
    ("date", "2012-02-30"),
    ("email", "ring heller"),
    ("email", "a@b"),
    ("email", "a b@x.example"),
    ("email", "@x.example"),
    ("phone", "1881"),
    ("phone", "ingen"),
]


def test_every_transform_has_examples() -> None:
    assert EXAMPLES.keys() == TRANSFORMS.keys()


@pytest.mark.parametrize(
    ("name", "text", "wanted"), [(name, *example) for name, examples in EXAMPLES.items() for example in examples]
)
def test_a_transform_gives(name: str, text: str, wanted: str) -> None:
    assert TRANSFORMS[name](text) == wanted


@pytest.mark.parametrize(("name", "text"), UNREADABLE)
def test_an_unreadable_text_is_refused_without_being_repeated(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"^not an? [a-z- ]+") as raised:
        TRANSFORMS[name](text)
    assert text not in str(raised.value)


REASONS = {
    "",
    "not a date in the form YYYY-MM-DD",
    "not an e-mail address",
    "not a telephone number",
    "not a school year such as 2026/27",
}


def attempt(name: str, text: str) -> tuple[str, str]:
    """What a transform gives, and the reason it gives instead."""
    try:
        return TRANSFORMS[name](text), ""
    except ValueError as reason:
        return "", str(reason)


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
@PATIENT
@given(text=st.text(min_size=1).map(clean).filter(bool))
def test_any_clean_text_gives_a_text_or_one_of_a_few_fixed_reasons(name: str, text: str) -> None:
    made, reason = attempt(name, text)
    assert isinstance(made, str)
    assert reason in REASONS


@pytest.mark.parametrize("name", sorted(set(TRANSFORMS) - {"given_of_full", "family_of_full", "without_school_code"}))
@PATIENT
@given(text=st.from_regex(r"[A-Za-zÆØÅæøå0-9@.:+ -]{1,30}", fullmatch=True))
def test_a_tidying_transform_twice_is_the_same_as_once(name: str, text: str) -> None:
    once, _ = attempt(name, clean(text))
    assert not once or attempt(name, once) == (once, "")


def test_no_transform_can_be_added_at_run_time() -> None:
    with pytest.raises(TypeError):
        TRANSFORMS["eval"] = str.lower  # type: ignore[index]
