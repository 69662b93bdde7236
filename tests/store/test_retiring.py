"""Taking a source out for good: what it said is absent from then on, and nothing that others said is touched."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rostersync.store import Store
from tests.store.snapshots import (
    IST,
    KARI_NUMBER,
    LMS,
    NOW,
    OLA_NUMBER,
    Part,
    Spelt,
    all_cards,
    bytes_of,
    card_of,
    clean,
    dirty,
    groups_of,
    id_of,
    klass,
    members,
    person,
    school,
    take_in,
)

VIS = "vis"
BOTH = (IST, VIS)
IST_TOWN: tuple[Part, ...] = (
    school(),
    klass("8a"),
    person("kari", number=KARI_NUMBER, guardians=["anne"]),
    person("anne", "Anne"),
    members("8a", "kari"),
)
VIS_TOWN: tuple[Part, ...] = (
    school("v"),
    klass("v8", "v", "8A i VIS"),
    person("v1", "Karianne", number=KARI_NUMBER),
    person("v2", "Ola", number=OLA_NUMBER),
    members("v8", "v1", "v2"),
)


@pytest.fixture
def two_sources(store: Store) -> Store:
    take_in(store, IST_TOWN)
    take_in(store, VIS_TOWN, source=VIS)
    clean(store)
    return store


def retire(store: Store, source: str = IST, *targets: str) -> int:
    return store.sources.retire(source, NOW, targets or (LMS,))


# -- what it said -----------------------------------------------------------------------------------------------------


def test_who_has_another_source_keeps_what_that_one_says(two_sources: Store) -> None:
    retire(two_sources)
    card = card_of(two_sources, "kari", BOTH)
    assert {(claim.source, claim.present) for claim in card.claims} == {(IST, False), (VIS, True)}
    assert groups_of(card) == {("8A i VIS", "learner")}
    assert {one.source for one in card.ties if not one.left} == {VIS}


def test_who_had_no_other_source_keeps_her_last_words_as_absent(two_sources: Store) -> None:
    retire(two_sources)
    (claim,) = card_of(two_sources, "anne", BOTH).claims
    assert (claim.present, dict(claim.values)["given_name"]) == (False, "Anne")


def test_its_groups_stand_no_more_and_those_of_others_do(two_sources: Store) -> None:
    retire(two_sources)
    standing = {one.name: one.standing for one in two_sources.cards.groups(BOTH)}
    assert standing == {"8A": False, "8A i VIS": True}


def test_its_schools_are_not_forgotten(two_sources: Store) -> None:
    """An organisation is never taken away because a source is."""
    before = two_sources.cards.organisations(BOTH)
    retire(two_sources)
    assert two_sources.cards.organisations(BOTH) == before


def test_a_guardian_whom_only_it_named_is_absent_as_a_contact(two_sources: Store) -> None:
    retire(two_sources)
    contacts = [one for claim in card_of(two_sources, "kari", BOTH).claims for one in claim.contacts]
    assert [(one.source, one.present) for one in contacts] == [(IST, False)]


def test_the_same_persons_keep_their_ids_and_their_keys(two_sources: Store) -> None:
    before = {key: id_of(two_sources, key) for key in ("kari", "anne", "v1", "v2")}
    retire(two_sources)
    assert {key: id_of(two_sources, key) for key in before} == before
    assert two_sources.cards.find_number(KARI_NUMBER) == [before["kari"]]
    assert len(all_cards(two_sources, BOTH)) == 3


# -- who is looked at again -------------------------------------------------------------------------------------------


def test_everyone_it_knew_is_looked_at_again_for_each_target_and_nobody_else(two_sources: Store) -> None:
    two_sources.cards.clean("another", [card.person for card in all_cards(two_sources, BOTH)])
    assert retire(two_sources, IST, LMS, "another") == 2
    hers = {id_of(two_sources, "kari"), id_of(two_sources, "anne")}
    assert dirty(two_sources) == dirty(two_sources, "another") == hers


def test_the_number_told_counts_persons_and_not_their_records(store: Store) -> None:
    same: list[Part] = [
        person("kari", number=KARI_NUMBER),
        Spelt(person("kari", "Karianne", number=KARI_NUMBER), "again"),
    ]
    take_in(store, [*same, person("anne", "Anne", old=["a0", "a1"])])
    assert retire(store) == 2


def test_retiring_twice_changes_nothing_more(two_sources: Store) -> None:
    retire(two_sources)
    cards = all_cards(two_sources, BOTH)
    clean(two_sources)
    two_sources.sources.retire(IST, NOW + timedelta(days=1), [])
    assert all_cards(two_sources, BOTH) == cards
    assert dirty(two_sources) == set()


# -- and afterwards ---------------------------------------------------------------------------------------------------


def test_the_other_source_goes_on_as_if_nothing_had_happened(two_sources: Store) -> None:
    retire(two_sources)
    clean(two_sources)
    before = two_sources.sources.state(VIS)
    census = take_in(two_sources, VIS_TOWN, source=VIS, run="run-9")
    assert (census.persons_now, census.persons_before) == (2, 2)
    assert before.counts == two_sources.sources.state(VIS).counts
    assert dirty(two_sources) == set()


def test_a_retired_source_is_still_among_the_names_with_its_state_told(two_sources: Store) -> None:
    retire(two_sources)
    assert two_sources.sources.names() == [IST, VIS]
    assert [two_sources.sources.state(name).retired for name in BOTH] == [True, False]


def test_when_it_comes_back_every_fragment_is_read_anew(two_sources: Store) -> None:
    """The old bytes are not known any more: a snapshot that repeats them is no unchanged night."""
    keyed = two_sources.keyed
    fragments = [keyed(bytes_of(part)) for part in IST_TOWN]
    for recognised in (True, False):
        with two_sources.intake(IST, "run-2", NOW) as intake:
            assert {intake.knows(one) for one in fragments} == {recognised}
        retire(two_sources)
    take_in(two_sources, IST_TOWN, run="run-3")
    assert {claim.present for claim in card_of(two_sources, "kari", BOTH).claims} == {True}
    assert groups_of(card_of(two_sources, "kari", (IST,))) == {("8A", "learner")}


def test_retiring_is_undone_with_its_transaction(two_sources: Store) -> None:
    cards = all_cards(two_sources, BOTH)
    with two_sources.begin() as transaction:
        retire(two_sources)
        two_sources.journal.write(NOW, "admin", "retire", IST, "moved to VIS")
        transaction.rollback()
    assert all_cards(two_sources, BOTH) == cards
    assert not two_sources.sources.state(IST).retired
    assert two_sources.journal.entries(1) == []
