"""Joining, parting and splitting persons: keys and seals move along, and undoing finds everything where it was."""

from __future__ import annotations

import os
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostersync.errors import UserMistake
from rostersync.model import PersonClaim
from rostersync.store import Store
from tests.states import STATES
from tests.store.snapshots import (
    IST,
    KARI_NUMBER,
    NOW,
    OLA_NUMBER,
    all_cards,
    card_of,
    id_of,
    names,
    opened,
    person,
    take_in,
)

VIS, SITS = "vis", "sits"
EVERY = (IST, VIS, SITS)
WHO = "tester"


def join(store: Store, one: str, other: str) -> tuple[str, str]:
    return store.joining.join(id_of(store, one), id_of(store, other), WHO, NOW)


def test_everything_of_both_is_on_one_card_and_opens_under_one_key(store: Store) -> None:
    first = [person("p1", "Kari", guardians=["m"]), person("m", "Anne")]
    take_in(store, first)
    take_in(store, [*first, person("p2", "Karianne")], run="run-2")
    kept, gone = join(store, "p2", "p1")
    assert (kept, gone) == (store.ids.person(IST, "sas/p1"), store.ids.person(IST, "sas/p2"))
    assert names(card_of(store, "p2")) == ["Kari", "Karianne"]
    left = store.cards.card(gone, [IST])
    assert left is not None
    assert (left.claims, left.local.same_as) == ((), kept)


def test_a_record_that_changes_later_stays_where_people_put_it(store: Store) -> None:
    take_in(store, [person("p1", "Kari"), person("p2", "Karianne", number=KARI_NUMBER)])
    join(store, "p1", "p2")
    take_in(store, [person("p1", "Kari"), person("p2", "Kari Anne", number=OLA_NUMBER)], run="run-2")
    assert names(card_of(store, "p1")) == ["Kari", "Kari Anne"]


def test_a_chain_of_joins_is_undone_in_any_order(store: Store) -> None:
    everybody = [person("a", "Kari"), person("b", "Ola"), person("c", "Per")]
    for night in (1, 2, 3):
        take_in(store, everybody[:night], run=f"run-{night}")
    ids = {key: id_of(store, key) for key in "abc"}
    store.joining.join(ids["b"], ids["c"], WHO, NOW)
    store.joining.join(ids["a"], ids["b"], WHO, NOW)
    assert id_of(store, "c") == ids["a"]
    assert store.joining.part(ids["a"], ids["b"], WHO, NOW)
    assert (id_of(store, "a"), id_of(store, "b"), id_of(store, "c")) == (ids["a"], ids["b"], ids["b"])
    assert store.joining.part(ids["c"], ids["b"], WHO, NOW)
    assert {key: id_of(store, key) for key in "abc"} == ids


def test_somebody_who_was_joined_is_named_by_the_survivor_from_then_on(store: Store) -> None:
    take_in(store, [person("a", "Kari"), person("b", "Ola"), person("c", "Per")])
    _, gone = join(store, "a", "b")
    with pytest.raises(UserMistake, match="was joined with another person"):
        store.joining.join(gone, id_of(store, "c"), WHO, NOW)


def test_a_split_gives_the_new_person_her_own_key_and_members_by_number_follow(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER)])
    take_in(store, [person("77", "Nora", number=KARI_NUMBER)], source=VIS)
    both = id_of(store, "p1")
    (record,) = (one.name for one in store.joining.records(both) if one.source == VIS)
    new = store.splitting.split(both, [record], "rest", WHO, NOW)
    assert (id_of(store, "p1"), id_of(store, "77")) == (both, new)
    assert new == store.ids.person(VIS, "sas/77"), "as if her own record had founded her"
    assert names(card_of(store, "77", EVERY)) == ["Nora"]
    assert store.cards.find(f"sas/{KARI_NUMBER}") == sorted([both, new])


def test_a_split_that_takes_the_founder_out_gives_an_id_that_is_free(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER)])
    take_in(store, [person("77", "Nora", number=KARI_NUMBER)], source=VIS)
    both = id_of(store, "p1")
    (record,) = (one.name for one in store.joining.records(both) if one.source == IST)
    new = store.splitting.split(both, [record], "rest", WHO, NOW)
    assert (id_of(store, "77"), id_of(store, "p1")) == (both, new)


def test_what_was_joined_is_unlinked_and_not_split(store: Store) -> None:
    take_in(store, [person("p1", "Kari"), person("p2", "Ola")])
    kept, _ = join(store, "p1", "p2")
    (record,) = (one.name for one in store.joining.records(kept) if one.joined)
    with pytest.raises(UserMistake, match="rostersync person unlink"):
        store.splitting.split(kept, [record], "rest", WHO, NOW)


# -- always ---------------------------------------------------------------------------------------------------------

SIZE = 300 if os.environ.get("ROSTERSYNC_PROOF") == "full" else 4
always = settings(
    max_examples=SIZE, deadline=timedelta(seconds=20), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
KEYS = ("a", "b", "c", "d", "e")


@pytest.mark.proof
@pytest.mark.slice
@always
@given(
    joins=st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)), max_size=4),
    order=st.randoms(use_true_random=False),
)
def test_joining_and_parting_again_in_any_order_changes_nothing(
    tmp_path: Path, joins: list[tuple[str, str]], order: object
) -> None:
    path = tmp_path / "one.db"
    STATES.anew(path)
    with opened(path) as store:
        take_in(store, [person(key, f"Elev {key}", guardians=["e"] if key == "a" else ()) for key in KEYS])
        before = all_cards(store)
        made = []
        for one, other in joins:
            if id_of(store, one) != id_of(store, other):
                made.append(join(store, one, other))
        order.shuffle(made)  # type: ignore[attr-defined]
        for pair in made:
            assert store.joining.part(*pair, WHO, NOW)
        assert all_cards(store) == before


def records_of(humans: list[tuple[int, ...]]) -> dict[str, list[PersonClaim]]:
    """Source -> what it says. A human has in each source a number, a login with birth date, both, or is not there."""
    said: dict[str, list[PersonClaim]] = {name: [person(f"{name}-x", "Beside")] for name in EVERY}
    numbers = ("01911080326", "02821177858", "03857056662")
    for human, kinds in enumerate(humans):
        for name, kind in zip(EVERY, kinds, strict=True):
            if kind:
                said[name].append(
                    person(
                        f"{name}-{human}",
                        number=numbers[human] if kind & 1 else "",
                        feide=f"elev{human}@skole.example" if kind & 2 else "",
                        born="2010-11-01" if kind & 2 else "",
                    )
                )
    return said


@pytest.mark.proof
@pytest.mark.slice
@always
@given(
    humans=st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=3),
    order=st.permutations(EVERY),
    mixed=st.randoms(use_true_random=False),
)
def test_in_whatever_order_sources_and_records_come_nobody_is_taken_for_another_and_doubt_is_asked(
    tmp_path: Path, humans: list[tuple[int, ...]], order: list[str], mixed: object
) -> None:
    said = records_of(humans)
    path = tmp_path / "one.db"
    STATES.anew(path)
    with opened(path) as store:
        for turn, name in enumerate(order):
            mixed.shuffle(said[name])  # type: ignore[attr-defined]
            take_in(store, said[name], source=name, run=f"run-{turn}")
        who = {claim.key: id_of(store, claim.key.removeprefix("sas/")) for some in said.values() for claim in some}
        asked = [set(one.about) for one in store.questions.open_ones()]
    for one, other in combinations(sorted(who), 2):
        same_human = one.rpartition("-")[2] == other.rpartition("-")[2] and not one.endswith("x")
        if who[one] == who[other]:
            assert same_human
        elif same_human and _share(said, one, other):
            assert {who[one], who[other]} in asked, "what shares a number or a proven login is one, or is asked about"


def _share(said: dict[str, list[PersonClaim]], one: str, other: str) -> bool:
    values = {claim.key: dict(claim.values) for some in said.values() for claim in some}
    number = values[one].get("national_number")
    login = values[one].get("feide_id")
    return bool(
        (number and number == values[other].get("national_number"))
        or (login and login == values[other].get("feide_id"))
    )
