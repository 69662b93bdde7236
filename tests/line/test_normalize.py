"""Text hygiene and national numbers. Every number here is synthetic, or a published test vector."""

from __future__ import annotations

from datetime import date, timedelta
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.normalize import birth_date, clean, digits, iso_date, national_number, organisation_number

PATIENT = settings(deadline=None)
ON = date(2026, 11, 22)
PUPIL = "15881250036"  # month + 80, born 15 August 2012


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Kari", "Kari"),
        ("  Kari   Anne ", "Kari Anne"),
        ("Kari\tAnne\nEksempel", "Kari Anne Eksempel"),
        ("Kari\u00a0Anne", "Kari Anne"),
        ("Bjørn\u200b\u200dstad", "Bjørnstad"),
        ("\ufeffKari", "Kari"),
        ("Ka\x00ri\x07", "Kari"),
        ("A\u030ase", "Åse"),
        ("A\u200b\u030ase", "Åse"),
        ("\u212bse", "Åse"),
        ("", ""),
        (" \u2003\u3000 ", ""),
        ("\ud800Kari", "Kari"),
    ],
)
def test_a_text_is_cleaned(text: str, wanted: str) -> None:
    assert clean(text) == wanted


@PATIENT
@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@PATIENT
@given(st.text())
def test_a_clean_text_is_nfc_with_single_spaces_between_words(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == normalize("NFC", cleaned)
    assert cleaned == " ".join(cleaned.split())


@PATIENT
@given(st.text())
def test_composed_and_decomposed_letters_become_the_same(text: str) -> None:
    assert clean(normalize("NFD", text)) == clean(normalize("NFC", text))


@PATIENT
@given(st.text())
def test_digits_keeps_nothing_but_ascii_digits_in_their_order(text: str) -> None:
    assert digits(text) == "".join(sign for sign in text if sign in "0123456789")


@pytest.mark.parametrize("text", ["2026-08-15", "2026-08-15Z", "2026-08-15+02:00", "2026-08-15-01:00"])
def test_a_date_may_have_a_zone(text: str) -> None:
    assert iso_date(text) == date(2026, 8, 15)


def test_an_empty_text_is_no_date() -> None:
    assert iso_date("") is None


@pytest.mark.parametrize(
    "text",
    [
        *("15.08.2026", "20260815", "2026-W33-6", "2026-8-15", "2026-13-01", "2026-02-30", "28/Oct/2005", "snart"),
        *(
            "2026-08-15T00:00:00",
            "2026-08-15 +02:00",
            "2026-08-15+0200",
            "２０２６-08-15",
            "0000-01-01",
            "-08-15Z",
            "2026",
        ),
    ],
)
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a date in the form YYYY-MM-DD$"):
        iso_date(text)


@PATIENT
@given(st.dates())
def test_every_written_date_is_read_back(day: date) -> None:
    assert iso_date(day.isoformat()) == day
    assert iso_date(f"{day.isoformat()}+01:00") == day


@pytest.mark.parametrize("text", ["974589230", "NO974589230", "no 974 589 230", " 974 589 230 ", "NO\u00a0974589230"])
def test_an_organisation_number_may_have_a_prefix_and_spaces(text: str) -> None:
    assert organisation_number(text) == "974589230"


@pytest.mark.parametrize("text", ["", "NO", "97458923", "9745892301", "SE974589230", "97458923A", "٩٧٤٥٨٩٢٣٠"])
def test_anything_else_is_no_organisation_number(text: str) -> None:
    assert organisation_number(text) == ""


def test_an_organisation_number_with_a_wrong_check_digit_is_kept() -> None:
    assert organisation_number("NO999000999") == "999000999"


# -- national numbers -----------------------------------------------------------------------------------------------


def checked(nine: str, remainder: int = 0) -> str | None:
    """Nine digits with the two check digits that belong to them, or None when there are none."""
    first = (remainder - sum(w * int(d) for w, d in zip((3, 7, 6, 1, 8, 9, 4, 5, 2), nine, strict=True))) % 11
    ten = f"{nine}{first}"
    second = (
        -sum(w * int(d) for w, d in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), ten, strict=True)) % 11 if first < 10 else 10
    )
    return f"{ten}{second}" if second < 10 else None


def number(born: date, series: int, *, day: int = 0, month: int = 80, remainder: int = 0) -> str | None:
    """A number for a birth date and a series; synthetic (month + 80) unless told otherwise."""
    return checked(f"{born.day + day:02d}{born.month + month:02d}{born.year % 100:02d}{series:03d}", remainder)


def a_number(born: date, series: int, *, day: int = 0, month: int = 80) -> str:
    """The first number at or below a series that has check digits."""
    return next(made for one in range(series, -1, -1) if (made := number(born, one, day=day, month=month)))


HELP = next(made for start in range(812345678, 812345699) if (made := checked(str(start))))


@pytest.mark.parametrize(
    "vector",  # remainders 0, 1, 2 and 3 of the first check digit; synthetic, worked out by hand
    ["02813299952", "02813299960", "02813299979", "02813299987", "30908299996", "30908299813"],
)
def test_every_remainder_of_the_rule_of_2032_is_valid(vector: str) -> None:
    found = national_number(vector)
    assert (found.kind, found.valid, found.genuine, found.synthetic) == ("fnr", True, True, True)


@pytest.mark.parametrize("vector", ["41814061033", "41810021827"])
def test_the_published_synthetic_d_numbers_are_valid(vector: str) -> None:
    found = national_number(vector)
    assert (found.kind, found.valid, found.genuine, found.synthetic) == ("dnr", True, True, True)


@pytest.mark.parametrize("vector", ["17097055655", "09119311111"])
def test_the_numbers_of_the_official_sample_are_kept_and_are_not_genuine(vector: str) -> None:
    found = national_number(vector)
    assert (found.digits, found.kind, found.valid, found.genuine) == (vector, "fnr", False, False)


@pytest.mark.parametrize(
    ("text", "kind", "synthetic"),
    [
        (PUPIL, "fnr", True),
        ("158812 50036", "fnr", True),
        ("158812-50036", "fnr", True),
        ("15.88.12.50036", "fnr", True),
        (" 158812\u00a050036 ", "fnr", True),
        (a_number(date(2012, 8, 15), 502, month=65), "fnr", True),
        (a_number(date(1990, 8, 15), 104, day=40), "dnr", True),
        (a_number(date(1990, 8, 15), 106, day=40, month=65), "dnr", True),
        (a_number(date(1990, 8, 15), 102, month=40), "hnr", False),
        (a_number(date(1990, 8, 15), 105, day=40, month=40), "hnr", False),
        (HELP, "hnr", False),
        ("201512345678", "duf", False),
        ("1508121234567", "local", False),
        ("150812123456", "local", False),
        ("991312123456", "unknown", False),
        ("1234", "unknown", False),
        ("1588125003", "unknown", False),
        ("158812A50036", "unknown", False),
        ("fnr 15881250036", "unknown", False),
        ("", "unknown", False),
        ("15131250036", "unknown", False),
        ("32881250036", "unknown", False),
        ("00881250036", "unknown", False),
        ("31821250036", "unknown", False),
        ("15531250036", "unknown", False),
    ],
)
def test_a_number_field_is_classified(text: str, kind: str, synthetic: bool) -> None:
    found = national_number(text)
    assert (found.kind, found.synthetic) == (kind, synthetic)


@pytest.mark.parametrize("text", [HELP, a_number(date(1990, 8, 15), 102, month=40)])
def test_a_help_number_is_valid_and_never_genuine(text: str) -> None:
    assert national_number(text).valid
    assert not national_number(text).genuine


@pytest.mark.parametrize("text", ["201512345678", "1508121234567", "158812A50036", "1234", ""])
def test_what_is_no_national_number_is_never_genuine(text: str) -> None:
    assert not national_number(text).genuine


births = st.dates(date(1940, 1, 1), date(2026, 11, 22))
series_numbers = st.integers(0, 999)


@PATIENT
@given(births, series_numbers, st.sampled_from((0, 1, 2, 3)), st.sampled_from((0, 40)), st.sampled_from((65, 80)))
def test_check_digits_made_by_either_rule_are_accepted(
    born: date, series: int, rest: int, day: int, month: int
) -> None:
    made = number(born, series, day=day, month=month, remainder=rest)
    assert made is None or national_number(made).genuine


@PATIENT
@given(births, series_numbers, st.integers(4, 10))
def test_no_other_remainder_is_accepted(born: date, series: int, rest: int) -> None:
    made = number(born, series, remainder=rest)
    assert made is None or not national_number(made).valid


@PATIENT
@given(births, series_numbers, st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_is_never_taken_for_the_same_number(born: date, series: int, at: int, by: int) -> None:
    made = number(born, series)
    if made is None:
        return
    wrong = f"{made[:at]}{(int(made[at]) + by) % 10}{made[at + 1 :]}"
    # the second check digit weighs every digit, so it never forgives a single one
    assert not national_number(wrong).valid


@PATIENT
@given(st.text())
def test_any_text_can_be_classified(text: str) -> None:
    found = national_number(text)
    assert found.digits == digits(text)
    assert not found.genuine or (found.valid and len(found.digits) == 11)
    birth_date(text, ON)


# -- birth dates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born", "series", "day"),
    [
        (date(1939, 12, 31), 499, 0),
        (date(1940, 1, 1), 9, 0),
        (date(1999, 12, 31), 497, 0),
        (date(1954, 6, 1), 901, 0),
        (date(1999, 6, 1), 999, 0),
        (date(2000, 1, 1), 504, 0),
        (date(2012, 8, 15), 751, 0),
        (date(2012, 8, 15), 950, 0),
        (date(2012, 2, 29), 502, 0),
        (date(1938, 6, 1), 150, 40),
        (date(1945, 6, 1), 499, 40),
        (date(1975, 6, 1), 620, 40),
        (date(1999, 6, 1), 903, 40),
        (date(2015, 6, 1), 209, 40),
        (date(2015, 6, 1), 560, 40),
    ],
)
@pytest.mark.parametrize("month", [0, 65, 80])
def test_the_century_follows_from_the_series(born: date, series: int, day: int, month: int) -> None:
    assert birth_date(a_number(born, series, day=day, month=month), ON) == born


@pytest.mark.parametrize(
    ("born", "series", "day", "why"),
    [
        (date(1960, 6, 1), 600, 0, "born before 1900"),
        (date(1945, 6, 1), 760, 0, "no such series"),
        (date(1975, 6, 1), 560, 40, "born before 1900"),
        (date(2001, 2, 28), 100, 0, "125 years old"),
        (date(2035, 6, 1), 600, 0, "not born yet"),
    ],
)
def test_an_impossible_century_is_none(born: date, series: int, day: int, why: str) -> None:
    assert birth_date(a_number(born, series, day=day), ON) is None, why


def test_a_leap_day_of_a_year_without_one_is_none() -> None:
    made = next(found for series in range(100, 120) if (found := checked(f"298200{series}")))
    assert national_number(made).kind == "fnr"
    assert birth_date(made, ON) is None


@pytest.mark.parametrize("text", ["17097055655", "201512345678", "1508121234567", "", "Kari", "81234567890"])
def test_what_is_not_valid_has_no_birth_date(text: str) -> None:
    assert birth_date(text, ON) is None


def test_a_help_number_tells_the_birth_date_like_any_other() -> None:
    assert birth_date(a_number(date(2012, 8, 15), 560, month=40), ON) == date(2012, 8, 15)


def test_after_2032_only_the_one_possible_century_counts() -> None:
    late = date(2033, 1, 1)
    assert birth_date("30908299813", late) == date(1982, 10, 30)
    assert birth_date("02813299979", late) is None, "1932 or 2032"


def test_an_old_number_after_2032_is_as_unsure_as_a_new_one() -> None:
    made = a_number(date(2030, 6, 1), 520)
    assert birth_date(made, date(2031, 1, 1)) == date(2030, 6, 1)
    assert birth_date(made, date(2033, 1, 1)) is None, "1930 or 2030"


@PATIENT
@given(st.dates(date(2000, 1, 1), date(2026, 11, 22)), st.integers(500, 999))
def test_every_pupil_of_today_has_the_birth_date_of_her_number(born: date, series: int) -> None:
    made = number(born, series)
    assert made is None or birth_date(made, ON) == born
    assert made is None or birth_date(made, born) == born
    assert made is None or birth_date(made, born - timedelta(days=1)) is None
