"""Intake as stories: what a source says tonight, and what the state then holds."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostersync.errors import StateBroken
from rostersync.model import Claim, ClaimKind, Rejected
from rostersync.store import Store
from tests.states import STATES, written
from tests.store.snapshots import (
    IST,
    KARI_NUMBER,
    LMS,
    NOW,
    OLA_NUMBER,
    Broken,
    Part,
    Spelt,
    all_cards,
    broken_person,
    bytes_of,
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
    present,
    school,
    sql,
    take_in,
    tie,
    without,
)

SCHOOL: tuple[Part, ...] = (school(), klass("8a"), klass("8b", name="8B"))
KARI, OLA = person("p1", "Kari"), person("p2", "Ola")


# -- one night like the other ---------------------------------------------------------------------------------------


def test_the_first_snapshot_is_counted_and_taken_in_whole(store: Store) -> None:
    census = take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1", "p2")])
    assert (census.persons_before, census.groups_before, census.ties_before) == (0, 0, 0)
    assert (census.persons_now, census.groups_now, census.ties_now) == (2, 3, 2)
    assert (census.records, census.rejected) == (6, 0)
    assert groups_of(card_of(store, "p1")) == {("8A", "learner")}


def test_the_same_snapshot_again_changes_nothing_and_concerns_nobody(store: Store, state_file: Path) -> None:
    snapshot = [*SCHOOL, KARI, members("8a", "p1")]
    take_in(store, snapshot)
    before = present(state_file)
    clean(store)
    census = take_in(store, snapshot, run="run-2")
    assert present(state_file) == before
    assert dirty(store) == set()
    assert (census.persons_before, census.persons_now, census.records) == (1, 1, 5)


def test_whom_a_partial_snapshot_does_not_mention_stays_as_she_is(store: Store, state_file: Path) -> None:
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1", "p2")])
    before = present(state_file)
    clean(store)
    census = take_in(store, [person("p1", "Kari Anne")], run="run-2", partial=True)
    assert dirty(store) == {id_of(store, "p1")}
    assert names(card_of(store, "p1")) == ["Kari Anne"]
    assert len(card_of(store, "p1").claims) == 1
    assert groups_of(card_of(store, "p2")) == {("8A", "learner")}
    assert len(present(state_file)) == len(before)
    assert (census.persons_before, census.persons_now, census.ties_now) == (2, 2, 2)


def test_a_group_that_a_partial_snapshot_mentions_is_given_whole(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1", "p2"), members("8b", "p2")])
    take_in(store, [members("8a", "p1")], run="run-2", partial=True)
    assert groups_of(card_of(store, "p1")) == {("8A", "learner")}
    assert groups_of(card_of(store, "p2")) == {("8B", "learner")}


def test_whom_a_whole_snapshot_lacks_is_absent_though_a_partial_one_came_between(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, OLA])
    take_in(store, [person("p1", "Kari Anne")], run="run-2", partial=True)
    take_in(store, [*SCHOOL, person("p1", "Kari Anne")], run="run-3")
    assert [claim.present for claim in card_of(store, "p2").claims] == [False]


def test_known_fragments_are_recognised_and_new_ones_are_not(store: Store) -> None:
    take_in(store, [KARI])
    keyed = store.keyed
    with store.intake(IST, "run-2", NOW) as intake:
        assert not intake.knows(keyed(b"never seen"))


def test_reading_everything_again_keeps_every_claim_as_it_was(store: Store, state_file: Path) -> None:
    snapshot = [*SCHOOL, KARI, members("8a", "p1")]
    take_in(store, snapshot)
    before = present(state_file)
    clean(store)
    take_in(store, snapshot, run="run-2", full=True)
    assert present(state_file) == before
    assert dirty(store) == set()
    assert [claim.run for claim in card_of(store, "p1").claims] == ["run-1"]


def test_other_bytes_that_say_the_same_are_no_change_and_are_known_the_next_night(store: Store) -> None:
    take_in(store, [KARI, members("8a", "p1")])
    clean(store)
    respelt = [Spelt(KARI, "attributes in another order"), Spelt(members("8a", "p1"), "the same")]
    take_in(store, respelt, run="run-2")
    assert dirty(store) == set()
    assert len(card_of(store, "p1").claims) == 1
    keyed = store.keyed
    with store.intake(IST, "run-3", NOW) as intake:
        assert all(intake.knows(keyed(bytes_of(part))) for part in respelt)


def test_members_in_another_order_are_no_change(store: Store, state_file: Path) -> None:
    everyone = [f"p{number}" for number in range(1, 60)]
    take_in(store, [KARI, OLA, members("8a", *everyone)])
    before = sql(state_file, "SELECT content FROM claim WHERE kind = 'membership'")
    clean(store)
    take_in(store, [KARI, OLA, members("8a", *reversed(everyone))], run="run-2")
    assert dirty(store) == set()
    assert sql(state_file, "SELECT content FROM claim WHERE kind = 'membership'") == before


# -- persons come, change and go ------------------------------------------------------------------------------------


def test_a_changed_person_has_her_new_values_only(store: Store) -> None:
    take_in(store, [KARI])
    take_in(store, [person("p1", "Kari Anne")], run="run-2")
    (claim,) = card_of(store, "p1").claims
    assert dict(claim.values)["given_name"] == "Kari Anne"
    assert (claim.present, claim.run) == (True, "run-2")


def test_a_person_who_vanishes_is_absent_with_her_last_good_values(store: Store) -> None:
    take_in(store, [KARI, OLA])
    clean(store)
    census = take_in(store, [OLA], run="run-2")
    (claim,) = card_of(store, "p1").claims
    assert not claim.present
    assert dict(claim.values)["given_name"] == "Kari"
    assert (census.persons_before, census.persons_now) == (2, 1)
    assert dirty(store) == {id_of(store, "p1")}


def test_a_person_who_returns_with_the_same_words_is_the_same_claim_again(store: Store) -> None:
    take_in(store, [KARI, OLA])
    take_in(store, [OLA], run="run-2")
    clean(store)
    take_in(store, [KARI, OLA], run="run-3")
    (claim,) = card_of(store, "p1").claims
    assert (claim.present, claim.run) == (True, "run-1")
    assert dirty(store) == {id_of(store, "p1")}


def test_a_person_who_returns_changed_leaves_no_absent_claim_behind(store: Store) -> None:
    take_in(store, [KARI, OLA])
    before = id_of(store, "p1")
    take_in(store, [OLA], run="run-2")
    take_in(store, [person("p1", "Kari Anne"), OLA], run="run-3")
    assert id_of(store, "p1") == before
    assert [claim.present for claim in card_of(store, "p1").claims] == [True]
    assert names(card_of(store, "p1")) == ["Kari Anne"]


def test_a_person_who_is_listed_as_left_is_present_with_the_reason(store: Store) -> None:
    take_in(store, [person("p1", left="inactive in the SIS")])
    (claim,) = card_of(store, "p1").claims
    assert (claim.present, claim.left) == (True, "inactive in the SIS")


# -- one key, several fragments -------------------------------------------------------------------------------------


def test_two_fragments_of_one_key_are_two_claims_of_one_person(store: Store) -> None:
    census = take_in(store, [person("p1", email="a@skole.example"), person("p1", email="b@skole.example")])
    (card,) = all_cards(store)
    assert len(card.claims) == 2
    assert census.persons_now == 1
    assert len({claim.key for claim in card.claims}) == 1


def test_two_fragments_that_say_the_same_are_one_claim(store: Store) -> None:
    census = take_in(store, [Spelt(KARI, "one"), Spelt(KARI, "two")])
    assert len(card_of(store, "p1").claims) == 1
    assert census.persons_now == 1
    keyed = store.keyed
    for night in ("run-2", "run-3"):
        assert take_in(store, [Spelt(KARI, "two"), Spelt(KARI, "one")], run=night).persons_now == 1
        with store.intake(IST, "looking", NOW) as intake:
            known = [intake.knows(keyed(bytes_of(Spelt(KARI, spelling)))) for spelling in ("one", "two")]
        assert known == [True, False]


def test_when_one_of_two_fragments_vanishes_the_person_stays_with_the_other(store: Store) -> None:
    first, second = person("p1", email="a@skole.example"), person("p1", email="b@skole.example")
    take_in(store, [first, second])
    clean(store)
    take_in(store, [second], run="run-2")
    (claim,) = card_of(store, "p1").claims
    assert claim.present
    assert dict(claim.values)["email"] == "b@skole.example"
    assert dirty(store) == {id_of(store, "p1")}


def test_a_new_fragment_replaces_the_one_that_vanished_and_not_the_one_that_stayed(store: Store) -> None:
    stays, goes = person("p1", email="a@skole.example"), person("p1", email="b@skole.example")
    take_in(store, [stays, goes])
    take_in(store, [stays, person("p1", email="c@skole.example")], run="run-2")
    emails = [(dict(claim.values)["email"], claim.run) for claim in card_of(store, "p1").claims]
    assert emails == [("a@skole.example", "run-1"), ("c@skole.example", "run-2")]


def test_of_two_records_that_contradict_each_other_the_older_stands_first(store: Store) -> None:
    take_in(store, [KARI])
    take_in(store, [person("p1", "Karin", "Hansen"), KARI], run="run-2")
    claims = card_of(store, "p1").claims
    assert [claim.run for claim in claims] == ["run-1", "run-2"]
    assert claims[0].first < claims[1].first


def test_two_records_that_contradict_each_other_from_the_first_day_are_equally_old(store: Store) -> None:
    take_in(store, [person("p1", "Karin", "Hansen"), KARI])
    claims = card_of(store, "p1").claims
    assert len({(claim.first, claim.run) for claim in claims}) == 1


# -- groups and their members ---------------------------------------------------------------------------------------


def test_a_pupil_who_moves_concerns_herself_and_not_her_classmates(store: Store) -> None:
    pupils = [person(f"p{number}", f"Elev {number}") for number in range(1, 7)]
    everyone = [f"p{number}" for number in range(1, 7)]
    take_in(store, [*SCHOOL, *pupils, members("8a", *everyone), members("8b", "p6")])
    clean(store)
    take_in(store, [*SCHOOL, *pupils, members("8a", *everyone[1:]), members("8b", "p6", "p1")], run="run-2")
    assert dirty(store) == {id_of(store, "p1")}
    assert groups_of(card_of(store, "p1")) == {("8B", "learner")}
    assert groups_of(card_of(store, "p6")) == {("8A", "learner"), ("8B", "learner")}


def test_a_role_or_a_date_that_changes_concerns_the_member(store: Store) -> None:
    everyone, soon = [*SCHOOL, KARI, OLA], tie("p2", end=date(2026, 12, 1))
    take_in(store, [*everyone, members("8a", "p1", tie("p2", end=date(2027, 6, 20)))])
    clean(store)
    take_in(store, [*everyone, members("8a", "p1", soon)], run="run-2")
    assert dirty(store) == {id_of(store, "p2")}
    clean(store)
    take_in(store, [*everyone, members("8a", tie("p1", "teacher"), soon)], run="run-3")
    assert dirty(store) == {id_of(store, "p1")}
    assert groups_of(card_of(store, "p1")) == {("8A", "teacher")}


def test_a_class_that_is_exchanged_whole_keeps_nothing_of_the_old_one(store: Store, state_file: Path) -> None:
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1")])
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p2")], run="run-2")
    assert groups_of(card_of(store, "p1")) == set()
    assert groups_of(card_of(store, "p2")) == {("8A", "learner")}
    assert sql(state_file, "SELECT count(*) FROM tie") == [(1,)]


def test_members_in_two_elements_of_one_group_are_all_members(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1"), members("8a", tie("p2", "teacher"))])
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1"), members("8a", tie("p2", "assistant"))], run="run-2")
    assert groups_of(card_of(store, "p1")) == {("8A", "learner")}
    assert groups_of(card_of(store, "p2")) == {("8A", "assistant")}


def test_a_membership_element_that_vanishes_ends_its_ties_and_only_the_history_tells(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, members("8a", "p1")])
    clean(store)
    take_in(store, [*SCHOOL, KARI], run="run-2")
    assert dirty(store) == {id_of(store, "p1")}
    assert [card.ties for card in all_cards(store)] == [()]
    (told,) = card_of(store, "p1").ties
    assert told.left == "its source no longer lists it"


def test_a_membership_element_that_comes_back_stands_again(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, members("8a", "p1")])
    take_in(store, [*SCHOOL, KARI], run="run-2")
    clean(store)
    census = take_in(store, [*SCHOOL, KARI, members("8a", "p1")], run="run-3")
    assert groups_of(card_of(store, "p1")) == {("8A", "learner")}
    assert dirty(store) == {id_of(store, "p1")}
    assert census.ties_now == 1


def test_the_same_bytes_of_an_element_whose_claim_a_newer_one_took_over_are_taken_again(store: Store) -> None:
    """Both come in one file: the changed element first, then the old one as it always was."""
    pupils = [person(f"p{number}", f"Elev {number}") for number in range(1, 4)]
    old, new = members("8a", "p1", "p2"), members("8a", "p1", "p2", "p3")
    take_in(store, [*SCHOOL, *pupils, old])
    census = take_in(store, [*SCHOOL, *pupils, new, old], run="run-2")
    assert census.ties_now == 5
    assert take_in(store, [*SCHOOL, *pupils, old], run="run-3").ties_now == 2


def test_a_mentor_whom_the_group_names_is_tied_to_it_as_contact_teacher(store: Store) -> None:
    take_in(store, [school(), klass("k8", kind="mentor_group", name="K8", mentor="t1"), person("t1", "Anne")])
    assert groups_of(card_of(store, "t1")) == {("K8", "contact_teacher")}
    take_in(store, [school(), klass("k8", kind="mentor_group", name="K8"), person("t1", "Anne")], run="run-2")
    assert groups_of(card_of(store, "t1")) == set()


def test_a_group_whose_kind_changes_concerns_its_members_and_a_new_name_concerns_nobody(store: Store) -> None:
    take_in(store, [school(), klass("8a"), KARI, OLA, members("8a", "p1")])
    clean(store)
    take_in(store, [school(), klass("8a", name="8 A"), KARI, OLA, members("8a", "p1")], run="run-2")
    assert dirty(store) == set()
    assert groups_of(card_of(store, "p1")) == {("8 A", "learner")}
    take_in(store, [school(), klass("8a", kind="grade"), KARI, OLA, members("8a", "p1")], run="run-3")
    assert dirty(store) == {id_of(store, "p1")}


def test_a_school_that_changes_reaches_everyone_in_the_groups_below_it(store: Store) -> None:
    below = [klass("trinn", kind="grade"), klass("8a", at="trinn"), KARI, OLA, members("8a", "p1")]
    take_in(store, [school(), *below])
    clean(store)
    take_in(store, [school(number="974589231"), *below], run="run-2")
    assert dirty(store) == {id_of(store, "p1")}


def test_a_group_that_vanishes_stands_no_longer_and_concerns_its_members(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, members("8a", "p1")])
    clean(store)
    take_in(store, [school(), klass("8b"), KARI, members("8a", "p1")], run="run-2")
    (one,) = card_of(store, "p1").ties
    assert one.group is not None
    assert (one.group.name, one.group.standing) == ("8A", False)
    assert dirty(store) == {id_of(store, "p1")}


def test_a_group_that_is_described_only_later_concerns_those_who_were_tied_to_it_before(store: Store) -> None:
    census = take_in(store, [school(), KARI, members("8a", "p1")])
    assert census.dangling_groups == 1
    assert card_of(store, "p1").ties[0].group is None
    clean(store)
    census = take_in(store, [*SCHOOL, KARI, members("8a", "p1")], run="run-2")
    assert census.dangling_groups == 0
    assert dirty(store) == {id_of(store, "p1")}
    assert groups_of(card_of(store, "p1")) == {("8A", "learner")}


# -- guardians ------------------------------------------------------------------------------------------------------


FAMILY = (person("p1", "Kari", guardians=["a1"]), person("a1", "Anne"), person("a2", "Arne"))


def test_a_new_guardian_concerns_pupil_and_both_adults(store: Store) -> None:
    take_in(store, FAMILY)
    clean(store)
    take_in(store, [person("p1", "Kari", guardians=["a2"]), *FAMILY[1:]], run="run-2")
    assert dirty(store) == {id_of(store, key) for key in ("p1", "a1", "a2")}


def test_a_pupil_who_changes_class_concerns_her_guardian_too(store: Store) -> None:
    take_in(store, [*SCHOOL, *FAMILY, members("8a", "p1")])
    clean(store)
    take_in(store, [*SCHOOL, *FAMILY, members("8b", "p1")], run="run-2")
    assert dirty(store) == {id_of(store, "p1"), id_of(store, "a1")}


def test_a_guardian_who_vanishes_concerns_her_pupil_and_a_pupil_who_vanishes_her_guardian(store: Store) -> None:
    take_in(store, FAMILY)
    clean(store)
    take_in(store, [FAMILY[0], FAMILY[2]], run="run-2")
    assert dirty(store) == {id_of(store, "p1"), id_of(store, "a1")}
    clean(store)
    take_in(store, [FAMILY[2]], run="run-3")
    assert dirty(store) == {id_of(store, "p1"), id_of(store, "a1")}


def test_a_group_that_changes_concerns_the_guardians_of_its_pupils(store: Store) -> None:
    take_in(store, [*SCHOOL, *FAMILY, members("8a", "p1")])
    clean(store)
    changed = klass("8a", end=date(2027, 1, 1))
    take_in(store, [school(), changed, SCHOOL[2], *FAMILY, members("8a", "p1")], run="run-2")
    assert dirty(store) == {id_of(store, "p1"), id_of(store, "a1")}


def test_every_target_of_the_sync_gets_its_own_marks(store: Store) -> None:
    take_in(store, FAMILY, targets=("lms", "moodle"))
    assert len(dirty(store, "lms")) == len(dirty(store, "moodle")) == 3
    assert dirty(store, "another") == set()


# -- what cannot be used --------------------------------------------------------------------------------------------


def test_a_rejected_record_keeps_the_last_good_one_marked_and_is_counted_every_night(store: Store) -> None:
    take_in(store, [KARI, OLA])
    clean(store)
    for night in ("run-2", "run-3"):
        census = take_in(store, [broken_person("p1"), OLA], run=night)
        assert (census.rejected, census.persons_now) == (1, 2)
        (claim,) = card_of(store, "p1").claims
        assert (claim.present, claim.rejected, names(card_of(store, "p1"))) == (True, True, ["Kari"])
        assert dirty(store) == ({id_of(store, "p1")} if night == "run-2" else set())
        clean(store)


@pytest.mark.parametrize("part", [KARI, members("8a", "p1")], ids=["a person", "a membership"])
def test_bytes_that_another_mapping_could_use_are_rejected_on_the_next_night_too(store: Store, part: Claim) -> None:
    everything: list[Part] = [school(), klass("8a"), KARI, members("8a", "p1")]
    take_in(store, everything)
    before = all_cards(store)
    digest = store.keyed(bytes_of(part))
    kind: ClaimKind = "person" if part is KARI else "membership"
    for night in ("run-2", "run-3"):
        with store.intake(IST, night, NOW) as intake:
            for one in everything:
                if one != part:
                    assert intake.knows(store.keyed(bytes_of(one)))
            assert night == "run-2" or not intake.knows(digest)
            intake.reject(digest, (Rejected(kind, "no value that this mapping takes", part.key),))
            assert intake.close().rejected == 1
            intake.accept(f"{night:0>64}", night, NOW, "root closed", (LMS,))
        (card,) = all_cards(store)
        assert card.ties == before[0].ties
        assert [claim.rejected for claim in card.claims] == [part is KARI]
    take_in(store, everything, run="run-4")
    assert all_cards(store) == before


def test_a_record_that_is_well_again_loses_its_mark(store: Store) -> None:
    take_in(store, [KARI])
    take_in(store, [broken_person("p1")], run="run-2")
    clean(store)
    take_in(store, [KARI], run="run-3")
    (claim,) = card_of(store, "p1").claims
    assert not claim.rejected
    assert dirty(store) == {id_of(store, "p1")}


def test_a_rejected_record_of_somebody_unknown_founds_nobody(store: Store) -> None:
    census = take_in(store, [broken_person("p9"), OLA])
    assert (census.rejected, census.persons_now) == (1, 1)
    assert store.cards.find("sas/p9") == []


def test_a_rejected_record_then_none_at_all_is_an_absence(store: Store) -> None:
    take_in(store, [KARI, OLA])
    take_in(store, [broken_person("p1"), OLA], run="run-2")
    take_in(store, [OLA], run="run-3")
    (claim,) = card_of(store, "p1").claims
    assert (claim.present, claim.rejected) == (False, False)


def test_a_good_record_beside_a_rejected_one_is_not_marked(store: Store) -> None:
    take_in(store, [KARI])
    take_in(store, [person("p1", "Kari Anne"), broken_person("p1")], run="run-2")
    said = [(dict(claim.values)["given_name"], claim.rejected) for claim in card_of(store, "p1").claims]
    assert said == [("Kari", True), ("Kari Anne", False)]


def test_a_person_whose_key_cannot_be_read_stops_every_absence_of_persons_and_no_other(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1")])
    census = take_in(store, [school(), klass("8b"), OLA, broken_person("")], run="run-2")
    assert census.unkeyed == ("person",)
    assert names(card_of(store, "p1")) == ["Kari"]
    assert not card_of(store, "p1").claims[0].rejected
    assert groups_of(card_of(store, "p1")) == set()
    take_in(store, [school(), klass("8b"), OLA], run="run-3")
    assert not card_of(store, "p1").claims[0].present


def test_even_where_no_absence_counts_a_changed_record_replaces_the_old_one(store: Store) -> None:
    take_in(store, [KARI])
    take_in(store, [person("p1", "Kari Anne"), broken_person("")], run="run-2")
    assert names(card_of(store, "p1")) == ["Kari Anne"]


def test_a_rejected_member_keeps_her_last_good_tie_and_the_others_change(store: Store) -> None:
    everyone = [KARI, OLA, person("p3", "Per")]
    take_in(store, [*SCHOOL, *everyone, members("8a", "p1", "p2")])
    clean(store)
    census = take_in(store, [*SCHOOL, *everyone, without(members("8a", "p3"), "p1")], run="run-2")
    assert census.rejected == 1
    assert [groups_of(card_of(store, key)) for key in ("p1", "p2", "p3")] == [
        {("8A", "learner")},
        set(),
        {("8A", "learner")},
    ]
    assert dirty(store) == {id_of(store, "p2"), id_of(store, "p3")}


def test_a_membership_rejected_in_part_is_counted_every_night_and_concerns_nobody_anew(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1", "p2")])
    for night in ("run-2", "run-3"):
        clean(store)
        census = take_in(store, [*SCHOOL, KARI, OLA, without(members("8a", "p2"), "p1")], run=night)
        assert (census.rejected, census.ties_now, dirty(store)) == (1, 2, set())


def test_who_is_unread_keeps_her_last_good_tie_and_is_not_counted_again(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1", "p2")])
    told = Broken((), members("8a", "p2"), text="8a without p1", unread=("sas/p1", "sas/p7"))
    for night in ("run-2", "run-3"):
        census = take_in(store, [*SCHOOL, KARI, OLA, told], run=night)
        assert (census.rejected, census.ties_now) == (0, 2)
        assert groups_of(card_of(store, "p1")) == {("8A", "learner")}
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p2")], run="run-4")
    assert groups_of(card_of(store, "p1")) == set()


def test_a_rejected_member_who_could_not_even_be_told_keeps_every_tie_of_the_group(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1", "p2")])
    take_in(store, [*SCHOOL, KARI, OLA, without(members("8a", "p2"), "")], run="run-2")
    assert groups_of(card_of(store, "p1")) == {("8A", "learner")}
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p2")], run="run-3")
    assert groups_of(card_of(store, "p1")) == set()


def test_a_membership_rejected_whole_keeps_its_ties(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, members("8a", "p1")])
    broken = Broken((Rejected("membership", "no group", "sas/8a"),))
    take_in(store, [*SCHOOL, KARI, broken], run="run-2")
    assert groups_of(card_of(store, "p1")) == {("8A", "learner")}


def test_an_exchanged_element_takes_nothing_from_others_of_a_group_one_of_which_was_rejected(store: Store) -> None:
    everyone = [KARI, OLA, person("t1", "Tone")]
    take_in(store, [*SCHOOL, *everyone, members("8a", "p1"), members("8a", tie("t1", "teacher"))])
    broken = Broken((Rejected("membership", "no role", "sas/8a"),))
    take_in(store, [*SCHOOL, *everyone, members("8a", "p2"), broken], run="run-2")
    assert all(groups_of(card_of(store, key)) for key in ("p1", "p2", "t1"))


def test_a_rejected_group_stands_as_it_was(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, members("8a", "p1")])
    broken = Broken((Rejected("group", "no kind", "sas/8a"),))
    take_in(store, [school(), klass("8b"), broken, KARI, members("8a", "p1")], run="run-2")
    (one,) = card_of(store, "p1").ties
    assert one.group is not None
    assert one.group.standing


# -- gate 1 ---------------------------------------------------------------------------------------------------------


def test_a_snapshot_that_is_not_accepted_leaves_no_trace(store: Store, state_file: Path) -> None:
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1")])
    clean(store)
    before, state = present(state_file), store.sources.state(IST)
    census = take_in(store, [person("p3", "Per")], run="run-2", accept=False)
    assert (census.persons_now, census.ties_now) == (1, 0)
    assert present(state_file) == before
    assert store.sources.state(IST) == state
    assert dirty(store) == set()
    assert store.cards.find("sas/p3") == []


def test_a_reader_that_fails_half_way_leaves_no_trace(store: Store, state_file: Path) -> None:
    take_in(store, [KARI])
    before = present(state_file)
    with suppress(ZeroDivisionError), store.intake(IST, "run-2", NOW) as intake:
        intake.take(b"x" * 16, OLA)
        _ = 1 / 0
    assert present(state_file) == before
    take_in(store, [KARI, OLA], run="run-3")
    assert len(all_cards(store)) == 2


def test_what_is_accepted_is_durable_at_once_and_not_at_the_end_of_the_block(store: Store, state_file: Path) -> None:
    with store.intake(IST, "run-1", NOW) as intake:
        intake.take(b"x" * 16, KARI)
        intake.close()
        intake.accept("d" * 64, "1", NOW, "root closed", [LMS])
        assert sql(state_file, "SELECT count(*) FROM claim") == [(1,)]


def test_an_intake_inside_another_transaction_is_refused(store: Store) -> None:
    with store.begin(), pytest.raises(RuntimeError, match="transaction of its own"), store.intake(IST, "run-1", NOW):
        pass


def test_the_source_remembers_its_last_accepted_snapshot(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, members("8a", "p1", "p7")])
    state = store.sources.state(IST)
    assert (state.run, state.versions, state.proof, state.taken_at, state.accepted_at) == (
        "run-1", "1", "root closed", NOW, NOW
    )  # fmt: skip
    assert (state.counts.persons, state.counts.groups, state.counts.ties) == (1, 3, 2)


def test_dangling_references_are_counted_once_each(store: Store) -> None:
    snapshot = [
        school(),
        klass("8a"),
        klass("8b"),
        person("p1", guardians=["nobody"]),
        members("8a", "p1", "p7"),
        members("8b", "p7"),
        members("9z", "p1"),
    ]
    census = take_in(store, snapshot)
    assert (census.dangling_persons, census.dangling_groups) == (2, 1)
    again = take_in(store, snapshot, run="run-2")
    assert (again.dangling_persons, again.dangling_groups) == (2, 1)


def test_a_member_who_is_not_described_any_more_dangles(store: Store) -> None:
    take_in(store, [*SCHOOL, KARI, OLA, members("8a", "p1", "p2")])
    assert take_in(store, [*SCHOOL, OLA, members("8a", "p1", "p2")], run="run-2").dangling_persons == 1


# -- kills, collisions, secrecy -------------------------------------------------------------------------------------


KILLED = """
import sys, os, signal
from pathlib import Path
from tests.store.snapshots import IST, NOW, SECRET, members, opened, person
with opened(Path(sys.argv[1])) as store, store.intake(IST, "run-2", NOW) as intake:
    for number in range(7_000):
        intake.take(number.to_bytes(16, "big"), person(f"n{number}", "Ny"))
    if sys.argv[2] == "closed":
        intake.close()
    print("half way", flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("when", ["reading", "closed"])
def test_a_kill_in_the_middle_of_an_intake_leaves_the_state_before_it(state_file: Path, when: str) -> None:
    with opened(state_file) as store:
        take_in(store, [KARI, OLA])
    before = present(state_file)
    root = Path(__file__).parents[2]
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(state_file), when],
        stdout=subprocess.PIPE,
        cwd=root,
        env=STATES.environment(state_file),
    )
    assert run.stdout is not None
    assert run.stdout.readline() == b"half way\n"
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    with opened(state_file) as store:
        assert present(state_file) == before
        assert take_in(store, [KARI, OLA, person("n1", "Ny")], run="run-3").persons_now == 3


def test_two_keys_with_one_surrogate_are_an_error_and_never_one_person(store: Store, state_file: Path) -> None:
    take_in(store, [KARI])
    sql(state_file, 'UPDATE link SET "check" = ?', bytes(16))
    before = present(state_file)
    with pytest.raises(StateBroken, match="same surrogate, so its snapshot was not taken in"):
        take_in(store, [KARI, OLA, members("8a", "p1")], run="run-2")
    assert present(state_file) == before


def test_a_person_who_says_something_new_is_held_to_the_key_that_her_surrogate_stands_for(
    store: Store, state_file: Path
) -> None:
    take_in(store, [KARI])
    sql(state_file, 'UPDATE link SET "check" = ?', bytes(16))
    with pytest.raises(StateBroken, match="same surrogate"):
        take_in(store, [person("p1", "Karianne")], run="run-2")


def test_a_collision_with_a_key_that_only_members_speak_of_is_an_error_too(store: Store, state_file: Path) -> None:
    take_in(store, [*SCHOOL])
    sql(state_file, 'UPDATE "group" SET "check" = ?', bytes(16))
    with pytest.raises(StateBroken, match="same surrogate"):
        take_in(store, [*SCHOOL, KARI, members("8a", "p1")], run="run-2")


def test_nothing_that_could_name_a_human_stands_in_clear_in_the_database_or_its_log(state_file: Path) -> None:
    planted = {
        "given name": "Kari Solveig",
        "family name": "Bjørnstad",
        "number": KARI_NUMBER,
        "another number": OLA_NUMBER,
        "e-mail": "kari.solveig@skole.example",
        "feide id": "karsol01@skole.example",
        "birth date": "2010-11-01",
        "key space": "sas/",
        "group name": "Særskilt norsk 8A",
        "source key of a person": "hemmelig-elev",
        "source key of a group": "hemmelig-gruppe",
        "source key of a mentor": "hemmelig-mentor",
        "source key of a guardian": "hemmelig-mor",
        "organisation number": "974589230",
        "school name": "Nordskogen",
    }
    first = [
        school(),
        klass("hemmelig-gruppe", name=planted["group name"], mentor="hemmelig-mentor"),
        person(
            "hemmelig-elev", planted["given name"], planted["family name"], number=KARI_NUMBER, born="2010-11-01",
            email=planted["e-mail"], feide=planted["feide id"], guardians=["hemmelig-mor"], old=["hemmelig-elev-0"],
        ),
        person("hemmelig-mor", "Solveig", number=OLA_NUMBER),
        members("hemmelig-gruppe", "hemmelig-elev"),
    ]  # fmt: skip
    with opened(state_file) as store:
        take_in(store, first)
        take_in(store, [*first[:3], broken_person("hemmelig-mor"), members("hemmelig-gruppe")], run="run-2")
        assert all_cards(store)
        content = written(state_file)
    assert len(content) > 1_000
    for what, text in planted.items():
        assert text.encode() not in content, f"{what} stands in the state"
        assert text.encode("utf-16-le") not in content, f"{what} stands in the state"


# -- always -----------------------------------------------------------------------------------------------------------

KEYS = ("p1", "p2", "p3")

parts = st.one_of(
    st.builds(
        lambda key, given, guardians: person(key, given, guardians=guardians),
        st.sampled_from(KEYS),
        st.sampled_from(["Kari", "Ola"]),
        st.sampled_from([(), ("p3",)]),
    ),
    st.builds(
        lambda key, name, mentor: klass(key, name=name, mentor=mentor),
        st.sampled_from(["8a", "8b"]),
        st.sampled_from(["8A", "8B"]),
        st.sampled_from(["", "p1"]),
    ),
    st.builds(
        lambda key, ties: members(key, *ties),
        st.sampled_from(["8a", "8b"]),
        st.lists(
            st.builds(tie, st.sampled_from(KEYS), st.sampled_from(["learner", "teacher"])), max_size=4, unique=True
        ),
    ),
)
snapshots = st.lists(parts, max_size=8)
RUNS = 1_000 if os.environ.get("ROSTERSYNC_PROOF") == "full" else 25
some = settings(
    max_examples=RUNS, deadline=timedelta(seconds=20), suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def state_after(folder: Path, nights: list[list[Part]]) -> set[tuple[object, ...]]:
    """What is present after these nights, in a state of its own."""
    path = folder / "one.db"
    STATES.anew(path)
    with opened(path) as store:
        for number, night in enumerate(nights):
            take_in(store, night, run=f"run-{number}")
        assert_counts_are_right(store, path)
        return present(path)


def assert_counts_are_right(store: Store, path: Path) -> None:
    """Counts are only counted again when something changed: they must be those of a fresh count all the same."""
    counts = store.sources.state(IST).counts
    counted = [
        sql(path, f"SELECT count(DISTINCT key) FROM claim WHERE kind = '{kind}' AND present")[0][0]  # noqa: S608 - the names are our tables' own
        for kind in ("person", "group")
    ]
    ties = sql(path, "SELECT count(*) FROM tie WHERE standing")[0][0]
    assert [counts.persons, counts.groups, counts.ties] == [*counted, ties]


@pytest.mark.proof
@some
@given(nights=st.lists(snapshots, min_size=1, max_size=4))
def test_any_sequence_of_snapshots_comes_to_what_the_last_one_alone_says(
    tmp_path: Path, nights: list[list[Part]]
) -> None:
    assert state_after(tmp_path, nights) == state_after(tmp_path, nights[-1:])


@pytest.mark.proof
@some
@given(night=snapshots, mixed=st.randoms(use_true_random=False))
def test_the_order_of_the_fragments_does_not_matter(tmp_path: Path, night: list[Part], mixed: Random) -> None:
    shuffled = list(night)
    mixed.shuffle(shuffled)
    cards = []
    for parts_of_night in (night, shuffled):
        path = tmp_path / "one.db"
        STATES.anew(path)
        with opened(path) as store:
            take_in(store, parts_of_night)
            cards.append((all_cards(store), store.cards.groups([IST]), present(path)))
    assert cards[0] == cards[1]


@pytest.mark.proof
@some
@given(first=snapshots, second=snapshots)
def test_whoever_is_not_marked_has_the_same_card_as_before(
    tmp_path: Path, first: list[Part], second: list[Part]
) -> None:
    """The oracle of marking: all cards before and after, compared without their groups' names."""
    path = tmp_path / "one.db"
    STATES.anew(path)
    with opened(path) as store:
        take_in(store, first)
        before = {card.person: without_names(card) for card in all_cards(store)}
        clean(store)
        take_in(store, second, run="run-2")
        after = {card.person: without_names(card) for card in all_cards(store)}
        marked = dirty(store)
    changed = {one for one in before.keys() | after.keys() if before.get(one) != after.get(one)}
    assert changed <= marked


def without_names(card: object) -> str:
    """A card as text, blind to what changes the group alone."""
    return re.sub(r"(name|title)='8[AB]'", "", repr(card))
