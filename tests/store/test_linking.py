"""Who is who: keys that come, change and lead to the same human, and what a human has to decide."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostersync.model import PersonClaim
from rostersync.store import Store
from tests.states import STATES
from tests.store.snapshots import (
    ANNE_NUMBER,
    IST,
    KARI_NUMBER,
    NOW,
    OLA_NUMBER,
    all_cards,
    card_of,
    clean,
    dirty,
    groups_of,
    id_of,
    klass,
    members,
    names,
    opened,
    person,
    school,
    take_in,
)

VIS = "vis"
BOTH = (IST, VIS)


def questions(store: Store) -> list[tuple[str, set[str]]]:
    return [(one.code, set(one.about)) for one in store.questions.open_ones()]


def persons(store: Store) -> int:
    return len(all_cards(store, BOTH))


# -- within one source ----------------------------------------------------------------------------------------------


def test_everybody_on_the_first_day_is_a_new_person_with_an_id_of_her_own(store: Store) -> None:
    take_in(store, [person("p1"), person("p2"), person("p3", number=KARI_NUMBER)])
    assert persons(store) == 3
    assert id_of(store, "p1") == store.ids.person(IST, "sas/p1")
    assert questions(store) == []


def test_a_person_keeps_her_id_whatever_changes_but_her_key(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER)])
    before = id_of(store, "p1")
    take_in(store, [person("p1", "Ola", "Hansen", number=OLA_NUMBER)], run="run-2")
    assert id_of(store, "p1") == before
    assert persons(store) == 1


def test_a_new_key_that_states_the_old_one_is_the_same_person(store: Store) -> None:
    take_in(store, [person("p1", "Kari")])
    before = id_of(store, "p1")
    take_in(store, [person("n1", "Kari", old=["p1"])], run="run-2")
    assert id_of(store, "n1") == id_of(store, "p1") == before
    assert [claim.present for claim in card_of(store, "n1").claims] == [False, True]
    assert questions(store) == []


def test_members_and_contacts_by_the_old_key_still_lead_to_the_person(store: Store) -> None:
    take_in(
        store,
        [school(), klass("8a"), person("n1", "Kari", old=["p1"]), members("8a", "p1"), person("b1", guardians=["p1"])],
    )
    assert groups_of(card_of(store, "n1")) == {("8A", "learner")}
    assert [ward.person for ward in card_of(store, "n1").wards] == [id_of(store, "b1")]


def test_an_old_key_that_is_stated_later_links_too(store: Store) -> None:
    take_in(store, [school(), klass("8a"), person("n1", "Kari"), members("8a", "p1")])
    assert groups_of(card_of(store, "n1")) == set()
    clean(store)
    take_in(store, [school(), klass("8a"), person("n1", "Kari", old=["p1"]), members("8a", "p1")], run="run-2")
    assert groups_of(card_of(store, "n1")) == {("8A", "learner")}
    assert dirty(store) == {id_of(store, "n1")}


def test_two_known_persons_whom_the_source_calls_one_stay_two_and_a_human_is_asked(store: Store) -> None:
    take_in(store, [person("p1", "Kari"), person("p2", "Kari")])
    take_in(store, [person("p2", "Kari", old=["p1"])], run="run-2")
    assert id_of(store, "p1") != id_of(store, "p2")
    assert questions(store) == [("both_known", {id_of(store, "p1"), id_of(store, "p2")})]


def test_old_keys_of_two_persons_make_a_third_and_a_question(store: Store) -> None:
    take_in(store, [person("p1", "Kari"), person("p2", "Kari")])
    take_in(store, [person("n1", "Kari", old=["p1", "p2"])], run="run-2")
    assert persons(store) == 3
    assert questions(store) == [("old_keys_disagree", {id_of(store, key) for key in ("p1", "p2", "n1")})]


def test_a_key_that_was_only_an_old_one_becomes_a_key_of_its_own(store: Store) -> None:
    take_in(store, [person("n1", "Kari", old=["p1"])])
    take_in(store, [person("n1", "Kari", old=["p1"]), person("p1", "Kari")], run="run-2")
    assert id_of(store, "p1") == id_of(store, "n1")
    assert names(card_of(store, "n1")) == ["Kari", "Kari"]


# -- by number ------------------------------------------------------------------------------------------------------


def test_a_new_key_with_the_number_of_somebody_who_left_is_the_same_person(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER)])
    before = id_of(store, "p1")
    take_in(store, [person("n1", "Kari", number=KARI_NUMBER)], run="run-2")
    assert id_of(store, "n1") == before
    assert questions(store) == []


def test_her_values_open_under_the_key_of_the_person_she_turned_out_to_be(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER)])
    take_in(store, [person("n1", "Kari Anne", number=KARI_NUMBER)], run="run-2")
    take_in(store, [person("n1", "Kari Anna", number=KARI_NUMBER)], run="run-3")
    assert names(card_of(store, "n1")) == ["Kari Anna"]


def test_one_number_under_two_keys_today_is_one_person_only_if_the_birth_date_agrees(store: Store) -> None:
    take_in(store, [person("p1", number=KARI_NUMBER, born="2010-11-01"), person("p2", number=OLA_NUMBER)])
    take_in(
        store,
        [
            person("p1", number=KARI_NUMBER, born="2010-11-01"),
            person("n1", number=KARI_NUMBER, born="2010-11-01"),
            person("p2", number=OLA_NUMBER),
            person("n2", number=OLA_NUMBER),
        ],
        run="run-2",
    )
    assert id_of(store, "n1") == id_of(store, "p1")
    assert id_of(store, "n2") != id_of(store, "p2")
    assert questions(store) == [("recorded_twice", {id_of(store, "p2"), id_of(store, "n2")})]


def test_one_number_and_two_birth_dates_are_two_persons_and_a_question(store: Store) -> None:
    take_in(store, [person("p1", number=KARI_NUMBER, born="2010-11-01")])
    take_in(store, [person("n1", number=KARI_NUMBER, born="2011-11-01")], run="run-2")
    assert id_of(store, "n1") != id_of(store, "p1")
    assert questions(store) == [("birth_dates_differ", {id_of(store, "p1"), id_of(store, "n1")})]


def test_a_human_listed_twice_on_the_first_day_is_treated_like_one_listed_twice_later(store: Store) -> None:
    twice = [person(key, number=KARI_NUMBER, born="2010-11-01") for key in ("p1", "p2")]
    take_in(store, [*twice, person("q1", number=OLA_NUMBER), person("q2", number=OLA_NUMBER)])
    assert id_of(store, "p1") == id_of(store, "p2")
    assert id_of(store, "q1") != id_of(store, "q2")
    assert [code for code, _ in questions(store)] == ["recorded_twice"]


def test_a_number_that_many_share_makes_nobody_one_person_and_is_asked_about(store: Store) -> None:
    take_in(store, [person(f"p{number}", f"Elev {number}", number=KARI_NUMBER) for number in range(30)])
    assert persons(store) == 30
    assert {code for code, _ in questions(store)} == {"recorded_twice", "two_candidates"}


def test_a_number_that_is_not_genuine_proves_nothing(store: Store) -> None:
    wrong = KARI_NUMBER[:-1] + "5"
    take_in(store, [person("p1", number=wrong, born="2010-11-01")])
    take_in(store, [person("n1", number=wrong, born="2010-11-01")], run="run-2")
    assert id_of(store, "n1") != id_of(store, "p1")


def test_a_wrong_number_that_was_corrected_no_longer_catches_its_real_owner(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=OLA_NUMBER)])
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER)], run="run-2")
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER), person("p2", "Ola", number=OLA_NUMBER)], run="run-3")
    assert id_of(store, "p2") != id_of(store, "p1")
    assert questions(store) == []


def test_members_and_mentors_who_are_referred_to_by_number_are_found(store: Store) -> None:
    take_in(
        store,
        [
            school(),
            klass("8a", mentor=ANNE_NUMBER),
            person("p1", "Kari", number=KARI_NUMBER),
            person("t1", "Anne", number=ANNE_NUMBER),
            members("8a", KARI_NUMBER),
        ],
    )
    assert groups_of(card_of(store, "p1")) == {("8A", "learner")}
    assert groups_of(card_of(store, "t1")) == {("8A", "contact_teacher")}


def test_members_by_number_follow_the_number_when_it_changes(store: Store) -> None:
    structure = [school(), klass("8a"), members("8a", KARI_NUMBER)]
    take_in(store, [*structure, person("p1", "Kari", number=KARI_NUMBER), person("p2", "Ola")])
    clean(store)
    take_in(store, [*structure, person("p1", "Kari"), person("p2", "Ola", number=KARI_NUMBER)], run="run-2")
    assert groups_of(card_of(store, "p1")) == set()
    assert groups_of(card_of(store, "p2")) == {("8A", "learner")}
    assert dirty(store) == {id_of(store, "p1"), id_of(store, "p2")}


def test_a_guardian_referred_to_by_number_loses_and_gets_her_pupil_with_it(store: Store) -> None:
    pupil = person("p1", "Kari", guardians=[ANNE_NUMBER])
    take_in(store, [pupil, person("a1", "Anne", number=ANNE_NUMBER)])
    assert [ward.person for ward in card_of(store, "a1").wards] == [id_of(store, "p1")]
    clean(store)
    take_in(store, [pupil, person("a1", "Anne", number=OLA_NUMBER)], run="run-2")
    assert card_of(store, "a1").wards == ()
    assert dirty(store) == {id_of(store, "p1"), id_of(store, "a1")}


def test_a_number_that_becomes_the_key_itself_stays_hers_when_the_number_field_changes(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER)])
    before = id_of(store, "p1")
    take_in(store, [person(KARI_NUMBER, "Kari", number=KARI_NUMBER)], run="run-2")
    take_in(store, [person(KARI_NUMBER, "Kari", number=OLA_NUMBER)], run="run-3")
    assert id_of(store, KARI_NUMBER) == before
    assert persons(store) == 1


def test_a_number_that_became_a_key_of_its_own_stays_hers_when_the_record_that_stated_it_changes(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER)])
    before = id_of(store, "p1")
    own = person(KARI_NUMBER, "Kari")
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER), own], run="run-2")
    take_in(store, [person("p1", "Kari", number=OLA_NUMBER), own], run="run-3")
    assert id_of(store, KARI_NUMBER) == id_of(store, "p1") == before


def test_a_wrong_number_is_corrected_on_the_day_its_real_owner_comes_with_it_as_her_key(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=OLA_NUMBER)])
    take_in(
        store, [person("p1", "Kari", number=KARI_NUMBER), person(OLA_NUMBER, "Ola", number=OLA_NUMBER)], run="run-2"
    )
    assert id_of(store, OLA_NUMBER) != id_of(store, "p1")
    assert names(card_of(store, OLA_NUMBER)) == ["Ola"]


# -- across sources -------------------------------------------------------------------------------------------------


def test_two_sources_that_give_one_number_mean_one_person(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER), person("p2", "Ola")])
    take_in(store, [person("77", "Kari N", number=KARI_NUMBER), person("78", "Ola")], source=VIS)
    assert persons(store) == 3
    card = card_of(store, "p1", BOTH)
    assert [claim.source for claim in card.claims] == [IST, VIS]
    assert names(card) == ["Kari", "Kari N"]
    assert [claim.source for claim in card_of(store, "p1", (VIS, IST)).claims] == [VIS, IST]


def test_one_feide_id_and_one_birth_date_in_two_sources_mean_one_person_whatever_its_case(store: Store) -> None:
    take_in(store, [person("p1", "Kari", feide="kari@skole.example", born="2010-11-01")])
    take_in(store, [person("77", "Kari", feide="Kari@Skole.example", born="2010-11-01")], source=VIS)
    assert persons(store) == 1


def test_a_feide_id_alone_never_means_one_person(store: Store) -> None:
    take_in(store, [person("p1", "Kari", feide="kari@skole.example")])
    take_in(store, [person("77", "Kari", feide="kari@skole.example", born="2010-11-01")], source=VIS)
    assert persons(store) == 2
    assert [code for code, _ in questions(store)] == ["feide_id_only"]


def test_a_feide_id_that_a_new_pupil_got_is_nothing_to_ask(store: Store) -> None:
    take_in(store, [person("p1", "Kari", feide="kari@skole.example", born="2001-05-06"), person("p2", "Ola")])
    take_in(store, [person("p2", "Ola")], run="run-2")
    take_in(store, [person("77", "Kari", feide="kari@skole.example", born="2010-11-01")], source=VIS)
    assert persons(store) == 3
    assert questions(store) == []


def test_two_who_are_there_with_one_feide_id_are_two_and_somebody_has_to_know(store: Store) -> None:
    take_in(store, [person("p1", "Kari", feide="kari@skole.example", number=KARI_NUMBER)])
    take_in(store, [person("77", "Ola", feide="kari@skole.example", number=OLA_NUMBER)], source=VIS)
    assert persons(store) == 2
    assert [code for code, _ in questions(store)] == ["feide_id_shared"]


def test_a_local_number_means_somebody_in_its_own_source_only(store: Store) -> None:
    take_in(store, [numbered("p1", "260001"), person("p2", "Ola")])
    take_in(store, [numbered("77", "260001")], source=VIS)
    assert persons(store) == 3
    take_in(store, [numbered("n1", "260001"), person("p2", "Ola")], run="run-2")
    assert id_of(store, "n1") == id_of(store, "p1"), "a new key in the system that gave the number"
    assert questions(store) == []


def test_a_local_number_with_its_space_means_one_person_everywhere(store: Store) -> None:
    take_in(store, [numbered("p1", "oslo.example:fin:260001")])
    take_in(store, [numbered("77", "oslo.example:fin:260001"), numbered("78", "oslo.example:lin:260001")], source=VIS)
    assert persons(store) == 2


def test_a_local_number_does_not_outweigh_two_national_numbers_that_differ(store: Store) -> None:
    take_in(store, [numbered("p1", "x:1", national=KARI_NUMBER)])
    take_in(store, [numbered("77", "x:1", national=OLA_NUMBER)], source=VIS)
    assert persons(store) == 2
    assert [code for code, _ in questions(store)] == ["numbers_differ"]


def numbered(key: str, local: str, *, national: str = "") -> PersonClaim:
    """Somebody with a local number."""
    plain = person(key, "Kari", number=national)
    return msgspec.structs.replace(plain, values=(("local_number", local), *plain.values))


# -- a national number changes --------------------------------------------------------------------------------------

KARI_D_NUMBER, OTHER_D_NUMBER = "41911080581", "52821160014"
"""Synthetic too: the day is 40 too high."""


def test_a_number_that_was_changed_to_one_that_nobody_has_is_a_change(store: Store) -> None:
    take_in(store, [person("p1", number=KARI_D_NUMBER)])
    before = id_of(store, "p1")
    take_in(store, [person("p1", number=KARI_NUMBER)], run="run-2")
    assert (id_of(store, "p1"), persons(store), questions(store)) == (before, 1, [])


def test_a_number_that_was_changed_to_another_persons_is_asked_and_never_joins_them(store: Store) -> None:
    take_in(store, [person("p1", number=KARI_D_NUMBER)])
    take_in(store, [person("77", number=KARI_NUMBER)], source=VIS)
    take_in(store, [person("p1", number=KARI_NUMBER)], run="run-2")
    assert persons(store) == 2
    assert questions(store) == [("number_of_another", {id_of(store, "p1"), id_of(store, "77")})]
    take_in(store, [person("p1", "Kari Anne", number=KARI_NUMBER)], run="run-3")
    assert len(questions(store)) == 1, "asked once, however often the record changes"


def test_a_question_that_facts_have_answered_is_closed(store: Store) -> None:
    take_in(store, [person("p1", number=OLA_NUMBER), person("p2", "Ola", number=OLA_NUMBER)])
    assert [code for code, _ in questions(store)] == ["recorded_twice"]
    take_in(store, [person("p1", number=KARI_NUMBER), person("p2", "Ola", number=OLA_NUMBER)], run="run-2")
    assert questions(store) == []


def test_the_source_that_still_has_the_d_number_means_her_who_had_it(store: Store) -> None:
    take_in(store, [person("p1", number=KARI_D_NUMBER)])
    take_in(store, [person("p1", number=KARI_NUMBER)], run="run-2")
    take_in(store, [person("p1", "Kari Anne", number=KARI_NUMBER)], run="run-3")
    take_in(store, [person("77", number=KARI_D_NUMBER)], source=VIS)
    assert id_of(store, "77") == id_of(store, "p1")
    assert store.cards.find_number(KARI_D_NUMBER) == [id_of(store, "p1")]


def test_a_d_number_that_was_corrected_to_another_leads_to_nobody(store: Store) -> None:
    take_in(store, [person("p1", number=KARI_D_NUMBER)])
    take_in(store, [person("p1", number=OTHER_D_NUMBER)], run="run-2")
    take_in(store, [person("77", number=KARI_D_NUMBER)], source=VIS)
    assert id_of(store, "77") != id_of(store, "p1")


def test_a_d_number_and_the_number_that_came_after_it_are_one_person_when_the_login_and_birth_date_agree(
    store: Store,
) -> None:
    take_in(store, [person("p1", number=KARI_D_NUMBER, feide="kari@skole.example", born="2010-11-01")])
    take_in(store, [person("77", number=KARI_NUMBER, feide="kari@skole.example", born="2010-11-01")], source=VIS)
    assert persons(store) == 1


def test_the_number_counts_before_the_feide_id_and_the_other_person_is_asked_about(store: Store) -> None:
    take_in(store, [person("p1", number=KARI_NUMBER), person("p2", feide="kari@skole.example")])
    take_in(store, [person("77", number=KARI_NUMBER, feide="kari@skole.example")], source=VIS)
    assert len(card_of(store, "p1", BOTH).claims) == 2
    assert [code for code, _ in questions(store)] == ["identifiers_disagree"]


def test_the_same_source_key_in_two_sources_is_two_persons(store: Store) -> None:
    take_in(store, [person("p1", "Kari")])
    take_in(store, [person("p1", "Ola")], source=VIS)
    assert persons(store) == 2


def test_what_one_source_says_is_not_on_a_card_made_without_it(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER)])
    take_in(store, [person("77", "Kari N", number=KARI_NUMBER)], source=VIS)
    assert names(card_of(store, "p1", (IST,))) == ["Kari"]
    assert card_of(store, "p1", ()).claims == ()


def test_a_person_whom_the_second_source_joins_is_looked_at_again_with_her_neighbours(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER, guardians=["a1"]), person("a1", "Anne"), person("x")])
    clean(store)
    take_in(store, [person("77", "Kari", number=KARI_NUMBER)], source=VIS)
    assert dirty(store) == {id_of(store, "p1"), id_of(store, "a1")}


# -- protected persons ----------------------------------------------------------------------------------------------


def test_a_protected_person_is_nobodys_candidate_and_in_no_question(store: Store) -> None:
    take_in(store, [person("p1", number=KARI_NUMBER, born="2010-11-01"), person("p2", "Ola")])
    hidden = id_of(store, "p1")
    store.decisions.protect(hidden, "withhold", "a reason", "tester", NOW)
    newcomers = [person("n1", number=KARI_NUMBER, born="2011-11-01"), person("p2", "Ola", old=["p1"])]
    take_in(store, [person("p1", number=KARI_NUMBER, born="2010-11-01"), *newcomers], run="run-2")
    assert id_of(store, "n1") != hidden
    assert questions(store) == []


def test_a_newcomer_with_the_number_of_a_protected_person_who_left_is_somebody_new(store: Store) -> None:
    take_in(store, [person("p1", number=KARI_NUMBER)])
    hidden = id_of(store, "p1")
    store.decisions.protect(hidden, "withhold", "a reason", "tester", NOW)
    take_in(store, [person("n1", number=KARI_NUMBER)], run="run-2")
    assert id_of(store, "n1") != hidden


# -- always ---------------------------------------------------------------------------------------------------------

SIZE = 500 if os.environ.get("ROSTERSYNC_PROOF") == "full" else 15

people = st.lists(
    st.builds(
        lambda key, number, born, old: person(key, number=number, born=born, old=old),
        st.sampled_from(["a", "b", "c", KARI_NUMBER, OLA_NUMBER]),
        st.sampled_from(["", KARI_NUMBER, OLA_NUMBER]),
        st.sampled_from(["", "2010-11-01", "2011-11-01"]),
        st.sampled_from([(), ("a",), ("e",)]),
    ),
    max_size=6,
    unique_by=lambda claim: claim.key,
)


@pytest.mark.proof
@settings(
    max_examples=SIZE, deadline=timedelta(seconds=20), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(nights=st.lists(people, min_size=1, max_size=3), mixed=st.randoms(use_true_random=False))
def test_who_is_who_does_not_depend_on_the_order_in_the_file(
    tmp_path: Path, nights: list[list[PersonClaim]], mixed: Random
) -> None:
    answers = []
    for shuffle in (False, True):
        path = tmp_path / "one.db"
        STATES.anew(path)
        with opened(path) as store:
            for number, night in enumerate(nights):
                shuffled = list(night)
                if shuffle:
                    mixed.shuffle(shuffled)
                take_in(store, shuffled, run=f"run-{number}")
            who = {key: store.cards.find(f"sas/{key}") for key in ("a", "b", "c", "e", KARI_NUMBER, OLA_NUMBER)}
            answers.append((who, questions(store), names_by_person(store)))
    assert answers[0] == answers[1]


def names_by_person(store: Store) -> dict[str, list[tuple[tuple[str, str], ...]]]:
    """Opening every claim proves that each is sealed under the key of the person it was linked to."""
    return {card.person: [claim.values for claim in card.claims] for card in all_cards(store)}
