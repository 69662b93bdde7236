"""Sources: what was accepted last, what was refused, and who let it through."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.errors import UserMistake
from rostersync.store import Store
from rostersync.store.sources import SourceState
from tests.store.snapshots import (
    IST,
    LMS,
    NOW,
    Spelt,
    card_of,
    clean,
    dirty,
    groups_of,
    id_of,
    klass,
    members,
    opened,
    person,
    school,
    take_in,
)

ONE, TWO, THREE = "a1b2c3d4" + "0" * 56, "a1b2c3d4" + "1" * 56, "ffffffff" + "2" * 56


def refuse(store: Store, digest: str, *, releasable: bool = True, minutes: int = 0) -> None:
    at = NOW + timedelta(minutes=minutes)
    store.sources.refused(IST, digest, "zero", "the snapshot holds no persons", releasable, at)


def test_a_source_that_was_never_read_has_an_empty_state(store: Store) -> None:
    assert store.sources.state(IST) == SourceState(IST)
    assert store.sources.names() == []


def test_asking_about_a_source_does_not_make_it(store: Store) -> None:
    assert store.sources.refusals(IST) == []
    assert store.sources.releases(IST) == frozenset()
    assert store.sources.key_spaces(IST) == set()
    assert store.sources.names() == []


def test_refusals_are_listed_newest_first_and_one_refused_again_counts_once(store: Store) -> None:
    refuse(store, ONE)
    refuse(store, TWO, minutes=1)
    refuse(store, ONE, minutes=2)
    assert [(one.digest, one.at) for one in store.sources.refusals(IST)] == [
        (ONE, NOW + timedelta(minutes=2)),
        (TWO, NOW + timedelta(minutes=1)),
    ]
    assert (store.sources.refusals(IST)[0].source, store.sources.refusals(IST)[0].code) == (IST, "zero")


def test_a_refused_snapshot_is_released_by_a_prefix_of_its_digest(store: Store) -> None:
    refuse(store, THREE)
    assert store.sources.release(IST, "ffffffff", "seen to", "tester", NOW) == THREE
    assert store.sources.release(IST, "ffffffff", "seen to again", "tester", NOW) == THREE
    assert store.sources.releases(IST) == {THREE}


def test_a_prefix_that_is_short_unknown_or_not_the_only_one_is_refused_with_advice(store: Store) -> None:
    refuse(store, ONE)
    refuse(store, TWO)
    for digest, told in (
        ("a1b2c3d", "at least 8 digits"),
        ("a1b2c3d4", "2 refused snapshots of ist begin with a1b2c3d4: give more digits"),
        ("00000000", "refused are: a1b2c3d4"),
    ):
        with pytest.raises(UserMistake, match=told):
            store.sources.release(IST, digest, "seen to", "tester", NOW)
    assert store.sources.releases(IST) == frozenset()


def test_a_snapshot_without_proof_can_never_be_released(store: Store) -> None:
    refuse(store, THREE, releasable=False)
    with pytest.raises(UserMistake, match=r"can never be released \(zero: the snapshot holds no persons\)"):
        store.sources.release(IST, THREE, "please", "tester", NOW)


def test_an_accepted_snapshot_makes_refusals_and_releases_before_it_moot(store: Store) -> None:
    refuse(store, THREE)
    store.sources.release(IST, THREE, "seen to", "tester", NOW)
    take_in(store, [person("p1")])
    assert store.sources.refusals(IST) == []
    assert store.sources.releases(IST) == frozenset()


def test_what_is_refused_at_one_source_says_nothing_of_another(store: Store) -> None:
    refuse(store, THREE)
    assert store.sources.refusals("vis") == []
    take_in(store, [person("p1")], source="vis")
    assert len(store.sources.refusals(IST)) == 1


# -- taking a source out --------------------------------------------------------------------------------------------


def test_a_retired_source_has_nobody_any_more_and_everyone_it_knew_is_looked_at_again(store: Store) -> None:
    snapshot = [school(), klass("8a"), person("p1", guardians=["a1"]), person("a1"), members("8a", "p1")]
    take_in(store, snapshot)
    take_in(store, [person("v1")], source="vis")
    clean(store)
    assert store.sources.retire(IST, NOW, [LMS]) == 2
    assert dirty(store) == {id_of(store, "p1"), id_of(store, "a1")}
    assert [claim.present for claim in card_of(store, "p1").claims] == [False]
    assert groups_of(card_of(store, "p1")) == set()
    state = store.sources.state(IST)
    assert (state.retired, state.accepted_digest, state.counts.persons) == (True, "", 0)
    assert not store.sources.state("vis").retired


def test_a_retired_source_that_is_read_again_is_back_with_everyone(store: Store) -> None:
    snapshot = [school(), klass("8a"), person("p1"), members("8a", "p1")]
    take_in(store, snapshot)
    before = card_of(store, "p1")
    store.sources.retire(IST, NOW, [LMS])
    clean(store)
    census = take_in(store, snapshot, run="run-2")
    assert (census.persons_now, census.ties_now) == (1, 1)
    assert card_of(store, "p1") == before
    assert dirty(store) == {id_of(store, "p1")}
    assert not store.sources.state(IST).retired


# -- key spaces -----------------------------------------------------------------------------------------------------


def test_key_spaces_are_remembered_over_the_nights(state_file: Path) -> None:
    with opened(state_file) as store:
        take_in(store, [person("p1")])
        take_in(store, [Spelt(person("p1"), "again")], run="run-2")
    with opened(state_file) as store:
        assert store.sources.key_spaces(IST) == {"sas"}


def test_a_source_whose_keys_hold_a_person_before_the_slash_does_not_fill_the_state_with_them(store: Store) -> None:
    store.sources.remember_key_spaces(IST, [f"person-{number}" for number in range(500)])
    assert len(store.sources.key_spaces(IST)) == 50
