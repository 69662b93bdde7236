"""Members named by login: whoever has the login today, nobody made of it, and nobody joined by it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from rostersync.model import MembershipClaim, PersonClaim, Tie
from rostersync.store import Store
from tests.store.snapshots import IST, NOW, all_cards, card_of, id_of, klass, person, school, take_in

FEIDE, VIS = "feide", "vis"
BOTH = (IST, FEIDE)


def choir(*logins: str) -> list[object]:
    """A school, a group in it, and those who are in the group."""
    return [school(), klass("choir"), MembershipClaim("sas/choir", tuple(Tie(one, "pupil") for one in logins), True)]


def settle(store: Store) -> list[str]:
    with store.begin():
        return store.holders.settle(store.sources.number(FEIDE))


def feide(store: Store, *logins: str, run: str = "run-1") -> list[str]:
    take_in(store, choir(*logins), source=FEIDE, run=run)  # type: ignore[arg-type]
    return settle(store)


def ist(store: Store, people: Iterable[PersonClaim], run: str = "run-1") -> None:
    take_in(store, people, run=run)


def sings(store: Store, key: str) -> bool:
    return any(tie.group and tie.group.name == "8A" and not tie.left for tie in card_of(store, key, BOTH).ties)


def unmatched(store: Store) -> list[tuple[str, int]]:
    return [(one.login, one.people) for one in store.holders.unmatched(store.sources.number(FEIDE))]


def test_a_login_leads_to_whoever_has_it_and_makes_nobody(store: Store) -> None:
    ist(store, [person("p1", feide="kari@x"), person("p2")])
    assert feide(store, "kari@x", "other@x") == [id_of(store, "p1")]
    assert (sings(store, "p1"), sings(store, "p2")) == (True, False)
    assert len(all_cards(store, BOTH)) == 2
    assert store.questions.open_ones() == []
    assert unmatched(store) == [("other@x", 0)]
    assert store.cards.find("kari@x") == [id_of(store, "p1")]


def test_nothing_new_moves_nobody(store: Store) -> None:
    ist(store, [person("p1", feide="kari@x")])
    feide(store, "kari@x")
    assert settle(store) == []


def test_capitals_and_blanks_are_no_part_of_a_login(store: Store) -> None:
    ist(store, [person("p1", feide="kari@x")])
    feide(store, "Kari@X")
    assert sings(store, "p1")


def test_a_login_that_changes_hands_takes_its_ties_along_and_both_are_told(store: Store) -> None:
    ist(store, [person("p1", feide="kari@x"), person("p2")])
    feide(store, "kari@x")
    ist(store, [person("p1", feide="kari2@x"), person("p2", feide="kari@x")], run="run-2")
    assert settle(store) == sorted([id_of(store, "p1"), id_of(store, "p2")])
    assert (sings(store, "p1"), sings(store, "p2")) == (False, True)


def test_a_login_that_somebody_had_before_leads_nowhere(store: Store) -> None:
    ist(store, [person("p1", feide="kari@x")])
    feide(store, "kari@x")
    ist(store, [person("p1", feide="kari2@x")], run="run-2")
    settle(store)
    assert not sings(store, "p1")
    assert unmatched(store) == [("kari@x", 0)]


def test_a_login_that_two_have_leads_to_neither_until_one_gives_it_up(store: Store) -> None:
    ist(store, [person("p1", feide="kari@x"), person("p2", feide="kari@x")])
    assert feide(store, "kari@x") == []
    assert unmatched(store) == [("kari@x", 2)]
    ist(store, [person("p1"), person("p2", feide="kari@x")], run="run-2")
    settle(store)
    assert sings(store, "p2")


def test_whom_her_source_has_lost_the_login_leads_to_no_more(store: Store) -> None:
    ist(store, [person("p1", feide="kari@x"), person("p2")])
    feide(store, "kari@x")
    ist(store, [person("p2")], run="run-2")
    assert settle(store) == [id_of(store, "p1")]


def test_whom_only_the_directory_has_lost_keeps_her_ties_until_somebody_is_listed_with_the_login(store: Store) -> None:
    number, other = "01911080326", "02821177858"
    here = [person("p1", number=number), person("p2", number=other)]
    ist(store, here)
    take_in(store, [person("v1", feide="kari@x", number=number), person("v2", number=other)], source=VIS)
    assert feide(store, "kari@x") == [id_of(store, "p1")]
    take_in(store, [person("v2", number=other)], source=VIS, run="run-2")
    assert settle(store) == []
    assert sings(store, "p1")
    take_in(store, [person("v2", feide="kari@x", number=other)], source=VIS, run="run-3")
    settle(store)
    assert (sings(store, "p1"), sings(store, "p2")) == (False, True)


def test_one_human_in_two_sources_has_her_login_once(store: Store) -> None:
    number = "01911080326"
    ist(store, [person("p1", feide="kari@x", number=number)])
    take_in(store, [person("v1", feide="kari@x", number=number)], source=VIS)
    assert feide(store, "kari@x") == [id_of(store, "p1")]


def test_of_two_who_are_joined_the_survivor_keeps_the_ties_at_once(store: Store) -> None:
    ist(store, [person("p1"), person("p2", feide="kari@x")])
    feide(store, "kari@x")
    with store.begin():
        store.joining.join(id_of(store, "p1"), id_of(store, "p2"), "tester", NOW)
    assert sings(store, "p1")
    with store.begin():
        store.joining.part(store.ids.person(IST, "sas/p1"), store.ids.person(IST, "sas/p2"), "tester", NOW)
    settle(store)
    assert (sings(store, "p1"), sings(store, "p2")) == (False, True)


def test_logins_count_as_the_persons_of_their_source_and_none_is_dangling(store: Store) -> None:
    ist(store, [person("p1", feide="kari@x")])
    census = take_in(store, choir("kari@x", "other@x"), source=FEIDE)  # type: ignore[arg-type]
    assert (census.persons_now, census.dangling_persons) == (2, 0)
    later = take_in(store, choir("kari@x"), source=FEIDE, run="run-2")  # type: ignore[arg-type]
    assert (later.persons_before, later.persons_now) == (2, 1)


def test_a_source_that_once_made_persons_of_logins_gives_them_up(store: Store) -> None:
    ist(store, [person("p1", feide="kari@x")])
    made = PersonClaim("kari@x", (("feide_id", "kari@x"),))
    plain = MembershipClaim("sas/choir", (Tie("kari@x", "pupil"),))
    take_in(store, [school(), klass("choir"), made, plain], source=FEIDE)
    assert len(all_cards(store, BOTH)) == 2
    census = take_in(store, choir("kari@x"), source=FEIDE, run="run-2", full=True)  # type: ignore[arg-type]
    assert (census.persons_before, census.persons_now) == (1, 1)
    settle(store)
    assert sings(store, "p1")
    assert [len(card.claims) for card in all_cards(store, BOTH) if card.ties] == [1]


def test_a_retired_source_says_nothing_of_anybody(store: Store) -> None:
    ist(store, [person("p1", feide="kari@x")])
    feide(store, "kari@x")
    assert store.sources.retire(FEIDE, NOW + timedelta(days=1), ["lms"]) == 1
    assert not any(tie for tie in card_of(store, "p1", BOTH).ties if not tie.left)
