"""Which claims are believed, and what they give."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.desire.claims import CONTRADICTION, believe, born, released
from rostersync.model import OwnClaim
from tests.line.builders import TODAY, claim

GENUINE = "01829012355"
"""A synthetic fødselsnummer (month + 80) of somebody born on 1 February 1990."""
OTHER_GENUINE = "02829012394"


def test_the_synthetic_numbers_of_these_tests_are_genuine() -> None:
    from rostersync.normalize import national_number

    assert all(national_number(one).genuine and national_number(one).synthetic for one in (GENUINE, OTHER_GENUINE))


# -- presence -------------------------------------------------------------------------------------------------------


def test_who_has_one_present_claim_is_not_absent() -> None:
    belief = believe((claim("everyday", present=False), claim("sits")))
    assert not belief.absent
    assert [one.source for one in belief.believed] == ["sits"]


def test_who_has_no_present_claim_is_absent_and_keeps_her_last_good_values() -> None:
    belief = believe((claim(given_name="Kari", present=False),))
    assert belief.absent
    assert belief.values["given_name"] == "Kari"


def test_who_has_no_claim_at_all_is_absent() -> None:
    nobody = believe(())
    assert (nobody.absent, nobody.contradicted, nobody.left) == (True, False, "")


def test_a_value_comes_from_the_first_source_that_has_one() -> None:
    belief = believe((claim("everyday", login="kari"), claim("sits", login="kari1", email="k@home.example")))
    assert (belief.values["login"], belief.values["email"]) == ("kari", "k@home.example")


def test_an_absent_source_gives_no_value() -> None:
    belief = believe((claim("everyday", login="old@x.example", present=False), claim("sits", login="k@x.example")))
    assert belief.values["login"] == "k@x.example"


# -- leaving --------------------------------------------------------------------------------------------------------


def test_who_is_left_in_every_source_has_left_and_no_tie_speaks_for_her() -> None:
    belief = believe((claim("everyday", left="inactive"), claim("sits", left="stopped")))
    assert belief.left == "inactive"
    assert set(belief.silent) == {"everyday", "sits"}


def test_who_is_left_in_one_source_only_has_not_left() -> None:
    belief = believe((claim("everyday", left="inactive"), claim("sits")))
    assert belief.left == ""
    assert belief.silent == {"everyday": "the source lists her as left: inactive"}


def test_a_second_active_record_of_the_same_source_speaks_for_her() -> None:
    assert believe((claim(left="inactive", key=1), claim(key=2, first=1))).silent == {}


# -- contradictions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["given_name", "family_name", "birth_date", "national_number"])
def test_two_live_records_under_one_key_that_differ_are_disputed_and_the_older_counts(field: str) -> None:
    older, newer = claim(first=1, run="r1", **{field: "one"}), claim(first=2, run="r2", **{field: "two"})
    belief = believe((newer, older))
    assert belief.disputed == {"everyday"}
    assert belief.believed == (older,)
    assert not belief.contradicted


def test_two_records_that_contradict_each_other_in_one_run_are_believed_neither() -> None:
    belief = believe((claim(first=1, given_name="Kari"), claim(first=2, given_name="Ola")))
    assert belief.contradicted
    assert belief.silent == {"everyday": CONTRADICTION}


def test_a_third_record_from_a_later_run_does_not_settle_what_two_began() -> None:
    begun = [claim(first=1, given_name="Kari"), claim(first=2, given_name="Ola")]
    assert believe([*begun, claim(first=3, run="r2", given_name="Kari")]).contradicted


def test_a_contradiction_in_one_source_leaves_the_other_sources_standing() -> None:
    belief = believe((claim(given_name="Kari"), claim(first=1, given_name="Ola"), claim("sits", given_name="Kari")))
    assert [one.source for one in belief.believed] == ["sits"]
    assert not belief.contradicted
    assert belief.silent == {"everyday": CONTRADICTION}


@pytest.mark.parametrize("field", ["email", "mobile", "login", "employee_id"])
def test_records_that_differ_in_anything_else_do_not_contradict_each_other(field: str) -> None:
    belief = believe((claim(first=1, **{field: "one"}), claim(first=2, **{field: "two"})))
    assert not belief.disputed
    assert belief.values[field] == "one"


def test_a_record_that_merely_says_less_contradicts_nothing() -> None:
    belief = believe((claim(first=1), claim(first=2, birth_date="2014-05-06")))
    assert not belief.disputed
    assert belief.values["birth_date"] == "2014-05-06"


def test_two_keys_of_one_human_may_differ() -> None:
    """Identity found them to be one, by number and birth date; she may be spelt in two ways."""
    belief = believe((claim(key=1, given_name="Anne"), claim(key=2, first=1, given_name="Anne Marie")))
    assert not belief.disputed
    assert belief.values["given_name"] == "Anne"


def test_a_record_that_vanished_contradicts_nobody() -> None:
    assert not believe((claim(given_name="Kari"), claim(given_name="Ola", present=False))).disputed


CLAIMS = st.lists(
    st.builds(
        lambda first, run, key, name, left, present: claim(
            first=first, run=run, key=key, given_name=name, left=left, present=present
        ),
        st.integers(0, 2),
        st.sampled_from(["r1", "r2"]),
        st.integers(0, 1),
        st.sampled_from(["Kari", "Ola"]),
        st.sampled_from(["", "inactive"]),
        st.booleans(),
    ),
    max_size=3,
)


@given(CLAIMS)
def test_the_order_of_one_sources_claims_never_matters(claims: list[OwnClaim]) -> None:
    beliefs = [believe(order) for order in permutations(claims)]
    assert all(belief == beliefs[0] for belief in beliefs)


# -- what is released -----------------------------------------------------------------------------------------------


def test_only_the_fields_asked_for_are_released_in_field_order() -> None:
    belief = believe((claim(login="k@x.example", email="k@y.example", mobile="99", employee_id="7"),))
    assert released(belief, ("login", "employee_id")) == (("employee_id", "7"), ("login", "k@x.example"))


def test_names_are_not_released_a_second_time_among_the_fields() -> None:
    assert released(believe((claim(),)), ("given_name", "family_name", "birth_date")) == ()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (GENUINE, True),
        ("41829012349", True),  # D-number
        ("01829012356", False),  # wrong check digit
        ("200012345678", False),  # DUF
        ("010190123456", False),  # made up by the school system
        ("", False),
    ],
)
def test_a_national_number_is_released_only_when_it_is_genuine(text: str, kept: bool) -> None:
    belief = believe((claim(national_number=text),))
    assert released(belief, ("national_number",)) == ((("national_number", text),) if kept else ())


def test_the_first_genuine_number_is_released_in_digits() -> None:
    belief = believe((claim("everyday", national_number="200012345678"), claim("sits", national_number="018290 12355")))
    assert released(belief, ("national_number",)) == (("national_number", GENUINE),)


# -- birth dates ----------------------------------------------------------------------------------------------------


def test_a_source_s_birth_date_counts_before_a_number() -> None:
    belief = believe((claim("everyday", national_number=GENUINE), claim("sits", birth_date="2009-02-01")))
    assert born(belief, (), TODAY) == (date(2009, 2, 1), None)


def test_a_genuine_number_tells_the_birth_date_until_new_year() -> None:
    belief = believe((claim(national_number=GENUINE),))
    assert born(belief, (), TODAY) == (date(1990, 2, 1), date(2027, 1, 1))


@pytest.mark.parametrize("values", [{}, {"birth_date": "06.05.2014"}, {"national_number": "01829012356"}])
def test_a_birth_date_that_cannot_be_read_is_unknown(values: dict[str, str]) -> None:
    assert born(believe((claim(**values),)), (), TODAY) == (None, None)


def test_of_several_remembered_birth_dates_the_oldest_counts() -> None:
    gone = [claim("sits", birth_date=day, present=False) for day in ("2014-05-06", "2009-02-01")]
    assert born(believe((claim("everyday"), *gone)), gone, TODAY) == (date(2009, 2, 1), None)


def test_a_birth_date_is_remembered_from_a_source_that_has_her_no_more() -> None:
    gone = claim("sits", birth_date="2009-02-01", present=False)
    assert born(believe((claim("everyday"), gone)), (gone,), TODAY) == (date(2009, 2, 1), None)
