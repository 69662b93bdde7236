"""Which claims are the same human."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.identity import IDENTIFIERS, QUESTIONS, Decision, Match, Newcomer, decide, numbers_agree, question


def number(person: str, *, present: bool = False, agrees: bool | None = None) -> Match:
    return Match(person, "national_number", present, agrees)


def feide(
    person: str, *, twice: bool = False, born: bool | None = None, number: bool | None = None, gone: bool = False
) -> Match:
    return Match(person, "feide_id", twice, born, number, present=not gone)


def local(person: str, *, number: bool | None = None) -> Match:
    return Match(person, "local_number", False, None, number)


def test_a_known_key_is_the_person_it_always_was() -> None:
    assert decide(Newcomer(known_as="kari")) == Decision("kari")


def test_a_known_key_outweighs_every_identifier() -> None:
    """A corrected national number must not turn one pupil into another."""
    assert decide(Newcomer(known_as="kari", matches=(number("ola"),))) == Decision("kari")


def test_an_old_key_known_as_the_same_person_is_nothing_to_ask() -> None:
    assert decide(Newcomer(known_as="kari", old_known_as=("kari",))) == Decision("kari")


def test_a_known_key_and_an_old_key_of_another_person_are_asked_and_never_merged() -> None:
    asked = decide(Newcomer(known_as="kari", old_known_as=("ola", "kari")))
    assert asked == Decision("kari", "both_known", ("ola",))


def test_a_changed_key_stays_the_person_whom_the_old_key_names() -> None:
    assert decide(Newcomer(old_known_as=("kari", "kari"))) == Decision("kari")


def test_a_stated_old_key_outweighs_identifiers() -> None:
    assert decide(Newcomer(old_known_as=("kari",), matches=(number("ola"),))) == Decision("kari")


def test_old_keys_of_two_persons_give_a_new_person_and_a_question() -> None:
    asked = decide(Newcomer(old_known_as=("ola", "kari"), matches=(number("ola"),)))
    assert asked == Decision("", "old_keys_disagree", ("kari", "ola"))


def test_nobody_known_is_a_new_person() -> None:
    assert decide(Newcomer()) == Decision("")


@pytest.mark.parametrize("agrees", [True, None])
def test_a_national_number_known_from_another_source_is_that_person(agrees: bool | None) -> None:
    assert decide(Newcomer(matches=(number("kari", agrees=agrees),))) == Decision("kari")


def test_one_human_recorded_twice_by_one_source_is_one_person_when_the_birth_dates_agree() -> None:
    assert decide(Newcomer(matches=(number("kari", present=True, agrees=True),))) == Decision("kari")


def test_one_number_under_two_keys_of_one_source_is_asked_when_no_birth_date_proves_it() -> None:
    asked = decide(Newcomer(matches=(number("kari", present=True),)))
    assert asked == Decision("", "recorded_twice", ("kari",))


@pytest.mark.parametrize("present", [True, False])
def test_a_birth_date_that_differs_gives_a_new_person_and_a_question(present: bool) -> None:
    asked = decide(Newcomer(matches=(number("kari", present=present, agrees=False),)))
    assert asked == Decision("", "birth_dates_differ", ("kari",))


def test_two_candidates_give_a_new_person_and_a_question() -> None:
    asked = decide(Newcomer(matches=(number("ola"), number("kari"))))
    assert asked == Decision("", "two_candidates", ("kari", "ola"))


def test_one_doubt_among_several_matches_of_one_person_is_enough() -> None:
    """Her number is known from two claims; the birth date of one of them differs."""
    asked = decide(Newcomer(matches=(number("kari", agrees=True), number("kari", agrees=False))))
    assert asked.question == "birth_dates_differ"


def test_the_strongest_identifier_decides_and_a_weaker_one_that_differs_is_asked() -> None:
    asked = decide(Newcomer(matches=(feide("ola"), number("kari"))))
    assert asked == Decision("kari", "identifiers_disagree", ("ola",))


def test_a_weaker_identifier_decides_where_there_is_no_stronger() -> None:
    assert decide(Newcomer(matches=(local("kari"),))) == Decision("kari")


def test_a_local_number_against_two_national_numbers_is_asked() -> None:
    assert decide(Newcomer(matches=(local("kari", number=False),))) == Decision("", "numbers_differ", ("kari",))


def test_a_feide_id_alone_links_nobody_and_is_asked() -> None:
    for match in (feide("kari"), feide("kari", gone=True), feide("kari", number=True)):
        assert decide(Newcomer(matches=(match,))) == Decision("", "feide_id_only", ("kari",))


@pytest.mark.parametrize("gone", [True, False])
def test_a_feide_id_with_a_birth_date_that_agrees_is_that_person(gone: bool) -> None:
    assert decide(Newcomer(matches=(feide("kari", born=True, gone=gone),))) == Decision("kari")


@pytest.mark.parametrize("other", [{"born": False}, {"born": True, "number": False}])
def test_a_feide_id_of_somebody_else_who_has_left_was_given_away(other: dict[str, bool]) -> None:
    assert decide(Newcomer(matches=(feide("kari", gone=True, **other),))) == Decision("")


def test_a_feide_id_of_somebody_else_who_is_there_is_asked() -> None:
    assert decide(Newcomer(matches=(feide("kari", born=False),))) == Decision("", "feide_id_shared", ("kari",))


def test_one_of_two_with_the_login_is_the_newcomer_when_only_her_birth_date_agrees() -> None:
    assert decide(Newcomer(matches=(feide("kari", born=True), feide("ola", gone=True)))) == Decision("kari")
    asked = decide(Newcomer(matches=(feide("kari", born=True), feide("ola", born=True))))
    assert asked == Decision("", "two_candidates", ("kari", "ola"))


def test_a_login_breaks_a_tie_between_two_with_one_number_and_the_other_is_asked_about() -> None:
    asked = decide(Newcomer(matches=(number("kari"), number("ola"), feide("kari"))))
    assert asked == Decision("kari", "two_candidates", ("ola",))


def test_a_login_confirms_that_one_human_was_recorded_twice() -> None:
    assert decide(Newcomer(matches=(number("kari", present=True), feide("kari")))) == Decision("kari")


def test_a_login_that_was_given_away_does_not_disagree_with_the_number() -> None:
    assert decide(Newcomer(matches=(number("kari"), feide("ola", born=False, gone=True)))) == Decision("kari")


FNR, OTHER_FNR, D_NUMBER = "01911080326", "02821177858", "41911080581"


@pytest.mark.parametrize(
    ("own", "other", "agree"),
    [
        ([FNR], [FNR], True),
        ([FNR], [OTHER_FNR], False),
        ([FNR], [D_NUMBER], None),
        ([FNR], [], None),
        ([FNR, D_NUMBER], [D_NUMBER], True),
    ],
)
def test_a_d_number_does_not_disagree_with_a_number_that_came_after_it(
    own: list[str], other: list[str], agree: bool | None
) -> None:
    assert numbers_agree(frozenset(own), frozenset(other)) is agree


def test_two_identifiers_of_one_person_are_nothing_to_ask() -> None:
    assert decide(Newcomer(matches=(feide("kari"), number("kari")))) == Decision("kari")


@pytest.mark.parametrize("kind", ["given_name", "name", "email", "mobile", "birth_date"])
def test_a_name_or_an_address_is_never_a_key(kind: str) -> None:
    assert decide(Newcomer(matches=(Match("kari", kind, False, True),))) == Decision("")


def test_a_question_names_the_found_person_and_everyone_she_could_have_been() -> None:
    asked = question(decide(Newcomer(matches=(number("ola"), number("kari")))), "new")
    assert asked is not None
    assert asked.code == "two_candidates"
    assert asked.about == ("kari", "new", "ola")
    assert asked.text == QUESTIONS["two_candidates"]


def test_a_clear_decision_asks_nothing() -> None:
    assert question(Decision("kari"), "kari") is None


PERSONS = st.sampled_from(["kari", "ola", "per"])
MATCHES = st.builds(
    Match,
    PERSONS,
    st.sampled_from([*IDENTIFIERS, "name"]),
    st.booleans(),
    st.sampled_from([True, False, None]),
    st.sampled_from([True, False, None]),
    st.booleans(),
)
NEWCOMERS = st.builds(
    Newcomer,
    st.sampled_from(["", "kari", "ola"]),
    st.lists(PERSONS, max_size=3).map(tuple),
    st.lists(MATCHES, max_size=4).map(tuple),
)


@given(NEWCOMERS)
def test_the_order_of_keys_and_matches_never_matters(newcomer: Newcomer) -> None:
    answers = {
        decide(Newcomer(newcomer.known_as, old, matches))
        for old in permutations(newcomer.old_known_as)
        for matches in permutations(newcomer.matches)
    }
    assert len(answers) == 1


@given(NEWCOMERS)
def test_every_doubt_is_a_question_that_exists_and_nobody_is_invented(newcomer: Newcomer) -> None:
    decided = decide(newcomer)
    everybody = {newcomer.known_as, *newcomer.old_known_as, *(match.person for match in newcomer.matches), ""}
    assert decided.person in everybody
    assert set(decided.about) <= everybody
    assert bool(decided.question) == bool(decided.about)
    assert decided.question in {"", *QUESTIONS}
    assert decided.person not in decided.about


@given(NEWCOMERS)
def test_nobody_is_linked_by_a_login_alone(newcomer: Newcomer) -> None:
    logins = tuple(match for match in newcomer.matches if match.kind == "feide_id" and match.birth_date_agrees is None)
    assert decide(Newcomer(matches=logins)).person == ""
