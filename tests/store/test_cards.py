"""Cards: what stands on them, who gets one, and at what price."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from rostersync.model import Card, ContactFact, Local, MembershipClaim, Organisation, OwnClaim, School, Tie
from rostersync.store import Store
from rostersync.store.cards import Cards
from tests.states import database as database_of
from tests.store.snapshots import (
    IST,
    KARI_NUMBER,
    LMS,
    NOW,
    TODAY,
    Part,
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
    sql,
    take_in,
    tie,
)

VIS = "vis"
YEAR = (date(2026, 8, 17), date(2027, 6, 18))

TOWN: tuple[Part, ...] = (
    school(parent="owner"),
    klass("owner", kind="owner", name="Kommunen", at=""),
    klass("8a"),
    person("p1", "Kari", guardians=["a1", "a2"]),
    person("p2", "Ola", guardians=["a1"]),
    person("a1", "Anne"),
    person("a2", "Arne"),
    person("t1", "Tone"),
    members("8a", tie("p1", begin=YEAR[0], end=YEAR[1]), "p2", tie("t1", "teacher")),
    members("s1", tie("t1", "employee")),
)


@pytest.fixture
def town(store: Store) -> Store:
    take_in(store, TOWN)
    return store


# -- one card -------------------------------------------------------------------------------------------------------


def test_a_card_holds_what_the_source_said_in_its_words(store: Store) -> None:
    kari = person("p1", "Kari", number=KARI_NUMBER, born="2010-11-01", email="kari@skole.example")
    take_in(store, [kari])
    (card,) = all_cards(store)
    assert card == Card(
        person=store.ids.person(IST, "sas/p1"),
        claims=(
            OwnClaim(source=IST, values=kari.values, run="run-1", first=1, key=card.claims[0].key),
        ),
        local=Local(),
    )  # fmt: skip


def test_a_tie_tells_role_dates_source_and_the_group_with_its_school(town: Store) -> None:
    (one,) = card_of(town, "p1").ties
    assert (one.role, one.begin, one.end, one.source, one.left) == ("learner", *YEAR, IST, "")
    assert one.group is not None
    assert (one.group.kind, one.group.name, one.group.standing) == ("base_class", "8A", True)
    number = "974589230"
    organisation = town.ids.organisation(number, IST, "sas/s1")
    assert one.group.school == School(organisation, "Nordskogen skole", number, "sas/s1")


def test_a_tie_to_the_school_itself_has_the_school_as_group_and_as_school(town: Store) -> None:
    ties = {one.group.kind: one.group for one in card_of(town, "t1").ties if one.group}
    assert ties["school"].school is not None
    assert ties["school"].id == ties["school"].school.id == ties["base_class"].school.id  # type: ignore[union-attr]


def test_the_school_of_a_group_is_the_nearest_one_above_it(store: Store) -> None:
    take_in(store, [school(), klass("grade", kind="grade"), klass("8a", at="grade"), person("p1"), members("8a", "p1")])
    (one,) = card_of(store, "p1").ties
    assert one.group is not None
    assert one.group.school is not None
    assert one.group.school.key == "sas/s1"


def test_groups_whose_parents_go_in_a_circle_or_nowhere_have_no_school(store: Store) -> None:
    circle = [klass("a", at="b"), klass("b", at="a"), klass("c", at="nowhere")]
    take_in(store, [*circle, person("p1"), members("a", "p1"), members("c", "p1")])
    assert [one.group.school for one in card_of(store, "p1").ties if one.group] == [None, None]


def test_a_tie_says_why_it_does_not_count(store: Store) -> None:
    skipped = klass("fau", name="FAU", skipped="the parents' council is no LMS group")
    ties = [members("8a", tie("p1", left="switched off")), members("fau", "p1")]
    take_in(store, [school(), klass("8a"), skipped, person("p1"), *ties])
    assert {one.left for one in card_of(store, "p1").ties} == {"switched off", "the parents' council is no LMS group"}


def test_contacts_tell_who_is_there_and_who_is_protected(town: Store) -> None:
    take_in(town, [part for part in TOWN if part != person("a2", "Arne")], run="run-2")
    town.decisions.protect(id_of(town, "a1"), "withhold", "a reason", "tester", NOW)
    contacts = card_of(town, "p1").claims[0].contacts
    assert set(contacts) == {
        ContactFact(id_of(town, "a1"), "guardian", IST, present=True, protected=True),
        ContactFact(id_of(town, "a2"), "guardian", IST, present=False, protected=False),
    }


def test_a_contact_whom_nobody_describes_is_on_no_card(store: Store) -> None:
    take_in(store, [person("p1", guardians=["nobody"])])
    assert card_of(store, "p1").claims[0].contacts == ()


def test_a_guardians_card_holds_her_wards_with_their_ties_and_no_wards_of_their_own(town: Store) -> None:
    wards = card_of(town, "a1").wards
    assert [ward.person for ward in wards] == sorted([id_of(town, "p1"), id_of(town, "p2")])
    assert all(groups_of(ward) == {("8A", "learner")} for ward in wards)
    assert all(ward.wards == () for ward in wards)
    assert {contact.person for contact in wards[0].claims[0].contacts} >= {id_of(town, "a1")}


def test_an_adult_named_by_key_and_by_number_is_one_contact(store: Store) -> None:
    take_in(store, [person("p1", guardians=["a1", KARI_NUMBER]), person("a1", "Anne", number=KARI_NUMBER)])
    assert len(card_of(store, "p1").claims[0].contacts) == 1
    assert len(card_of(store, "a1").wards) == 1


def test_nobody_is_her_own_ward(store: Store) -> None:
    take_in(store, [person("p1", guardians=["p1"])])
    assert card_of(store, "p1").wards == ()


def test_what_people_here_decided_stands_on_the_card_and_on_the_ward_of_the_guardian(town: Store) -> None:
    kari, anne = id_of(town, "p1"), id_of(town, "a1")
    until = date(2026, 12, 24)
    town.decisions.pin(kari, until, "a reason", "tester", NOW)
    town.decisions.protect(kari, "withhold", "a reason", "tester", NOW)
    town.decisions.deny(kari, anne, "a reason", None, "tester", NOW)
    expected = Local(protected="withhold", pinned_until=until, denied=((anne, None),))
    assert card_of(town, "p1").local == expected
    assert [ward.local for ward in card_of(town, "a1").wards if ward.person == kari] == [expected]


def test_claims_come_in_the_syncs_order_of_sources_then_by_age(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER)])
    take_in(store, [person("v1", "Kari V", number=KARI_NUMBER)], source=VIS)
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER), person("p1", "Karin", number=KARI_NUMBER)], run="run-2")
    assert names(card_of(store, "p1", (VIS, IST))) == ["Kari V", "Kari", "Karin"]
    assert names(card_of(store, "p1", (IST, VIS))) == ["Kari", "Karin", "Kari V"]


def test_an_id_that_nobody_has_gives_no_card(store: Store) -> None:
    assert store.cards.card("0" * 32, [IST]) is None


def test_a_source_that_was_never_read_changes_nothing(town: Store) -> None:
    assert card_of(town, "p1", ("never", IST)) == card_of(town, "p1")


# -- many cards -----------------------------------------------------------------------------------------------------


def test_cards_come_in_id_order_and_the_size_of_the_batches_makes_no_difference(town: Store) -> None:
    whole = all_cards(town)
    assert [card.person for card in whole] == sorted(card.person for card in whole)
    assert len(whole) == 5
    for size in (1, 2, 3):
        assert all_cards(town, size=size) == whole


def test_a_card_alone_is_the_card_in_a_batch(town: Store) -> None:
    for card in all_cards(town):
        assert town.cards.card(card.person, [IST]) == card


def test_only_the_dirty_and_the_due_are_touched(town: Store) -> None:
    clean(town)
    kari, ola, anne = (id_of(town, key) for key in ("p1", "p2", "a1"))
    town.cards.mark_dirty(LMS, [kari], NOW)
    town.cards.set_due(LMS, {ola: TODAY, anne: TODAY + timedelta(days=1)})
    assert dirty(town) == {kari, ola}
    assert dirty(town, "another") == set()
    town.cards.set_due(LMS, {ola: None, anne: TODAY - timedelta(days=1)})
    town.cards.clean(LMS, [kari])
    assert dirty(town) == {anne}


def test_a_due_date_is_replaced_by_the_next_one(town: Store) -> None:
    clean(town)
    kari = id_of(town, "p1")
    town.cards.set_due(LMS, {kari: TODAY})
    town.cards.set_due(LMS, {kari: TODAY + timedelta(days=30)})
    assert dirty(town) == set()


def test_marking_twice_is_marking_once_and_marking_everybody_is_possible(town: Store) -> None:
    clean(town)
    town.cards.mark_dirty(LMS, None, NOW)
    town.cards.mark_dirty(LMS, [id_of(town, "p1")], NOW)
    assert len(dirty(town)) == 5


def test_cards_asked_for_by_id_come_whether_dirty_or_not(town: Store) -> None:
    clean(town)
    wanted = [id_of(town, "p2"), id_of(town, "p1"), "0" * 32]
    (batch,) = town.cards.touched(LMS, TODAY, [IST], only=wanted)
    assert [card.person for card in batch] == sorted(wanted[:2])
    assert list(town.cards.touched(LMS, TODAY, [IST], only=[])) == []


def test_marking_and_cleaning_between_the_batches_changes_nothing(town: Store) -> None:
    seen: list[str] = []
    with town.begin():
        for batch in town.cards.touched(LMS, TODAY, [IST], size=2):
            seen += [card.person for card in batch]
            town.cards.clean(LMS, [card.person for card in batch])
            town.cards.set_due(LMS, {card.person: TODAY for card in batch})
            assert town.cards.card(seen[0], [IST]) is not None
    assert len(seen) == len(set(seen)) == 5


def test_many_come_class_by_class_and_parents_beside_their_children(town: Store) -> None:
    take_in(town, [*TOWN, klass("9b"), person("p3", "Ida", guardians=["a3"]), person("a3", "Ada"), members("9b", "p3")])
    order = town.cards.seated(town.cards.whom(LMS, TODAY, full=True))
    seats = {
        key: order.index(*town.cards.whom(LMS, TODAY, only=[id_of(town, key)]))
        for key in ("p1", "p2", "p3", "a1", "a2", "a3")
    }
    assert abs(seats["p3"] - seats["a3"]) == 1
    eighth = sorted(seats[key] for key in ("p1", "p2", "a1", "a2"))
    assert not any(eighth[0] < seats[key] < eighth[-1] for key in ("p3", "a3"))
    assert sorted(order) == sorted(town.cards.whom(LMS, TODAY, full=True))
    assert town.cards.seated(order[:2]) == order[:2]


def test_a_whole_town_costs_a_few_queries_per_batch_however_many_persons(state_file: Path) -> None:
    pupils = [person(f"p{number}", f"Elev {number}", guardians=[f"a{number % 50}"]) for number in range(300)]
    adults = [person(f"a{number}", "Anne") for number in range(50)]
    with opened(state_file) as store:
        take_in(store, [*TOWN[:3], *pupils, *adults, members("8a", *(f"p{number}" for number in range(300)))])
    database = database_of(state_file, create=False)
    asked: list[str] = []
    sa.event.listen(database.conn.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    counts = []
    for wanted in (10, 350):
        only = [id_ for (id_,) in sql(state_file, "SELECT id FROM person ORDER BY id LIMIT ?", wanted)]
        asked.clear()
        (batch,) = Cards(database).touched(LMS, TODAY, [IST], only=only)
        assert len(batch) == wanted
        counts.append(len(asked))
    database.close()
    assert counts[1] <= counts[0] + 2
    assert counts[1] < 30


# -- groups and schools ---------------------------------------------------------------------------------------------


def test_groups_are_those_in_use_standing_or_not_and_schools_are_none(town: Store) -> None:
    assert [(one.name, one.standing) for one in town.cards.groups([IST])] == [("8A", True)]
    changed = [part for part in TOWN if part != klass("8a")]
    take_in(town, [*changed, klass("8b", name="8B"), klass("fau", skipped="no LMS group")], run="run-2")
    assert {(one.name, one.standing) for one in town.cards.groups([IST])} == {("8A", False), ("8B", True)}
    assert town.cards.groups([VIS]) == []


def test_organisations_know_their_owner(town: Store) -> None:
    owner, one_school = sorted(town.cards.organisations([IST]), key=lambda one: one.kind)
    assert owner == Organisation(town.ids.organisation("", IST, "sas/owner"), "owner", "Kommunen")
    expected = town.ids.organisation("974589230", IST, "sas/s1")
    assert one_school == Organisation(expected, "school", "Nordskogen skole", "974589230", owner.id)


def test_a_school_that_two_sources_describe_is_one_and_the_first_sources_words_count(store: Store) -> None:
    take_in(store, [school(name="Nordskogen skole")])
    take_in(store, [school("77", "NORDSKOGEN SKOLE", "NO 974 589 230")], source=VIS)
    assert [one.name for one in store.cards.organisations([IST, VIS])] == ["Nordskogen skole"]
    assert [one.name for one in store.cards.organisations([VIS, IST])] == ["NORDSKOGEN SKOLE"]
    assert [one.name for one in store.cards.schools()] == ["Nordskogen skole"]


def test_a_school_is_not_forgotten_because_it_is_missing(town: Store) -> None:
    take_in(town, [part for part in TOWN if part != TOWN[0]], run="run-2")
    assert "Nordskogen skole" in [one.name for one in town.cards.organisations([IST])]


def test_of_two_descriptions_of_one_group_the_older_counts(store: Store) -> None:
    take_in(store, [school(), klass("8a", name="8A")])
    take_in(store, [school(), klass("8a", name="8X"), klass("8a", name="8A")], run="run-2")
    assert [one.name for one in store.cards.groups([IST])] == ["8A"]


# -- finding --------------------------------------------------------------------------------------------------------


def test_a_person_is_found_by_every_key_she_has(store: Store) -> None:
    take_in(store, [person("p1", "Kari", number=KARI_NUMBER, feide="kari@skole.example", old=["p0"]), person("p2")])
    kari = store.ids.person(IST, "sas/p1")
    for key in (kari, "sas/p1", "p1", " sas/p1 ", "sas/p0", "p0", "kari@skole.example", "Kari@Skole.example"):
        assert store.cards.find(key) == [kari], key
    assert store.cards.find_number(KARI_NUMBER) == [kari]
    assert store.cards.find_number(f"{KARI_NUMBER[:6]} {KARI_NUMBER[6:]}") == [kari]


def test_what_means_nobody_finds_nobody(store: Store) -> None:
    take_in(store, [person("p1", "Kari")])
    for key in ("", "p9", "sas/p9", "Kari", "0" * 32, "%"):
        assert store.cards.find(key) == [], key
    assert store.cards.find_number(KARI_NUMBER) == store.cards.find_number("") == []


def test_a_number_that_is_not_genuine_is_found_where_a_source_uses_it_as_its_key(store: Store) -> None:
    take_in(store, [person("200601023456", "Kari")])
    assert store.cards.find_number("200601 023456") == [id_of(store, "200601023456")]


def test_a_bare_key_that_two_sources_use_finds_both(store: Store) -> None:
    take_in(store, [person("p1", "Kari")])
    take_in(store, [person("p1", "Ola")], source=VIS)
    assert len(store.cards.find("p1")) == 2


def test_a_group_is_found_by_our_id_and_by_its_source_key(town: Store) -> None:
    group = town.ids.group(IST, "sas/8a")
    assert town.cards.find_group(group) == town.cards.find_group("sas/8a") == town.cards.find_group("8a") == [group]
    assert town.cards.find_group("9z") == []


def test_members_of_a_group_and_of_a_school_are_found(town: Store) -> None:
    pupils = {id_of(town, key) for key in ("p1", "p2")}
    teacher = id_of(town, "t1")
    assert set(town.cards.members(town.ids.group(IST, "sas/8a"))) == {*pupils, teacher}
    organisation = town.ids.organisation("974589230", IST, "sas/s1")
    assert town.cards.members(organisation) == [teacher]
    assert set(town.cards.of_school(organisation)) == {*pupils, teacher}
    take_in(town, [part for part in TOWN if part != TOWN[8]], run="run-2")
    assert town.cards.of_school(organisation) == [teacher]


def test_the_neighbourhood_reaches_over_guardianships_both_ways_and_no_further(town: Store) -> None:
    everyone = {key: id_of(town, key) for key in ("p1", "p2", "a1", "a2", "t1")}
    assert set(town.cards.neighbourhood([everyone["p1"]])) == {everyone[key] for key in ("p1", "a1", "a2")}
    assert set(town.cards.neighbourhood([everyone["a1"]])) == {everyone[key] for key in ("a1", "p1", "p2")}
    assert town.cards.neighbourhood([everyone["t1"]]) == [everyone["t1"]]


# -- size -----------------------------------------------------------------------------------------------------------


def large_town(persons: int, classes: int) -> Iterator[Part]:
    """A town of more than one batch, made one claim at a time."""
    yield school()
    for number in range(persons):
        guardians = [f"p{number - persons // 2}"] if number > persons // 2 else []
        yield person(f"p{number}", f"Elev {number}", guardians=guardians)
    for one in range(classes):
        yield klass(f"k{one}", name=f"{one}")
        ties = tuple(Tie(f"sas/p{number}", "learner") for number in range(one, persons, classes))
        yield MembershipClaim(f"sas/k{one}", ties)


@pytest.mark.proof
def test_a_town_of_several_batches_is_taken_in_and_read_whole(state_file: Path) -> None:
    size = 60_000 if os.environ.get("ROSTERSYNC_PROOF") == "full" else 6_000
    with opened(state_file) as store:
        census = take_in(store, large_town(size, 40))
        assert (census.persons_now, census.ties_now, census.dangling_persons) == (size, size, 0)
        cards = all_cards(store)
        assert len({card.person for card in cards}) == size
        assert sum(len(card.ties) for card in cards) == size
        assert sum(len(card.wards) for card in cards) == size - size // 2 - 1
        clean(store)
        take_in(store, large_town(size, 40), run="run-2")
        assert dirty(store) == set()


@pytest.mark.parametrize("full", [True, False])
def test_whoever_has_or_had_a_login_of_somebody_else_is_found_from_either_side(store: Store, full: bool) -> None:
    born = {"born": "2010-11-01"}
    take_in(store, [person("p1", feide="x@skole.example", **born), person("p2", "Ola"), person("p3", "Per")])
    take_in(
        store, [person("p1", feide="y@skole.example", **born), person("p2", "Ola"), person("p3", "Per")], run="run-2"
    )
    clean(store)
    assert store.cards.rivals(LMS, TODAY, full=full) == []
    now = [
        person("p1", feide="y@skole.example", **born),
        person("p2", "Ola", feide="X@skole.example"),
        person("p3", "Per"),
    ]
    take_in(store, now, run="run-3")
    both = sorted([id_of(store, "p1"), id_of(store, "p2")])
    assert store.cards.rivals(LMS, TODAY, full=full) == both
    clean(store)
    store.cards.mark_dirty(LMS, [id_of(store, "p1")], NOW)
    assert store.cards.rivals(LMS, TODAY, full=full) == both
