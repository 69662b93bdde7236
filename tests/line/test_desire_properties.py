"""What must hold of every card on every date."""

from __future__ import annotations

import os
import random
from datetime import date, timedelta
from typing import TypeVar

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.desire import Rules, desire, desire_group, samlegrupper
from rostersync.desire.claims import believe
from rostersync.model import Card, Consent, ContactFact, Desired, Grant, GroupFact, Local, OwnClaim, TieFact
from tests.line.builders import IDS, NORTH, ROLES, SOUTH, claim, contact, group, owner_fact, school_fact, tie, values

T = TypeVar("T")

EXAMPLES = int(os.environ.get("ROSTERSYNC_PROOF", "60"))

BOTH_RULES = (Rules(ROLES), Rules(ROLES, guardian_user="same"))
RULES = st.sampled_from(BOTH_RULES)

DAYS = st.dates(date(2026, 5, 20), date(2027, 8, 10))
EDGES = st.sampled_from([True, True, False]).flatmap(
    lambda none: st.none() if none else st.one_of(DAYS, st.sampled_from([date.min, date.max]))
)
SOURCES = st.sampled_from(["everyday", "everyday", "visma"])
ADULTS = st.sampled_from(["mother", "mother", "father", "teacher"])
BIRTHDAYS = st.one_of(
    st.sampled_from(["", "2014-05-06", "2014-05-06", "2008-02-29", "1990-01-01"]),
    st.dates(date(2008, 6, 1), date(2009, 8, 1)).map(str),
)

GROUPS: st.SearchStrategy[GroupFact | None] = st.one_of(
    st.sampled_from(
        [group("8a"), group("8a"), group("8b", SOUTH), school_fact(), school_fact(SOUTH), owner_fact(), None]
    ),
    st.builds(
        lambda name, school, kind, begin, end, standing: group(
            f"{name} {kind} {school.id if school else ''}", school, kind, begin=begin, end=end, standing=standing
        ),
        st.sampled_from(["8a", "8b", "9c"]),
        st.sampled_from([NORTH, NORTH, SOUTH, None]),
        st.sampled_from(["class", "class", "teaching_group", "grade"]),
        EDGES,
        EDGES,
        st.sampled_from([True, True, True, False]),
    ),
)
TIES = st.builds(
    TieFact,
    GROUPS,
    st.sampled_from(["pupil", "pupil", "pupil", "teacher", "leader", "guardian", "janitor"]),
    SOURCES,
    EDGES,
    EDGES,
    st.booleans(),
    st.sampled_from(["", "", "", "switched off"]),
)
CONTACTS = st.builds(
    ContactFact,
    ADULTS,
    st.sampled_from(["guardian", "guardian", "question"]),
    SOURCES,
    st.sampled_from([True, True, False]),
)
CLAIMS = st.builds(
    OwnClaim,
    SOURCES,
    st.builds(
        lambda name, birthday, number: values(given_name=name, birth_date=birthday, national_number=number),
        st.sampled_from(["Kari", "Kari", "Kari", "Kari", "Ola"]),
        BIRTHDAYS,
        st.sampled_from(["", "01829012355"]),
    ),
    st.lists(CONTACTS, min_size=1, max_size=3).map(tuple),
    st.sampled_from(["", "", "", "inactive"]),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from(["r1", "r2"]),
    st.integers(0, 3),
    st.integers(0, 3),
)
LOCALS = st.builds(
    Local,
    st.sampled_from(["", "", "", "", "withhold"]),
    st.one_of(st.none(), st.none(), st.none(), DAYS),
    st.lists(st.tuples(ADULTS, st.one_of(st.none(), DAYS)), max_size=1).map(tuple),
    st.lists(
        st.builds(
            Grant,
            st.sampled_from(["school_leader", "super_user", "system_administrator"]),
            st.sampled_from([NORTH.number, SOUTH.number]),
            st.just("decided"),
            EDGES,
            EDGES,
        ),
        max_size=2,
    ).map(tuple),
    st.lists(
        st.builds(Consent, st.sampled_from(["", "mother"]), st.just("signed"), st.one_of(st.none(), DAYS)), max_size=1
    ).map(tuple),
)


def in_source_order(claims: list[OwnClaim]) -> tuple[OwnClaim, ...]:
    return tuple(sorted(claims, key=lambda one: one.source))


USUAL = claim("everyday", contact("mother"), contact("father"), birth_date="2008-11-23")
"""Half of all cards are those of an ordinary pupil in most respects, so that links stand often enough to be tried."""


def cards(person: str, wards: st.SearchStrategy[tuple[Card, ...]]) -> st.SearchStrategy[Card]:
    return st.builds(
        Card,
        st.just(person),
        st.one_of(st.just((USUAL,)), st.lists(CLAIMS, max_size=3).map(in_source_order)),
        st.one_of(st.just((tie(group()),)), st.lists(TIES, max_size=4).map(tuple)),
        wards,
        st.one_of(st.just(Local()), LOCALS),
    )


PUPILS = cards("pupil", st.just(()))
SIBLINGS = cards("sibling", st.just(()))
CARDS = st.one_of(PUPILS, cards("mother", st.tuples(PUPILS) | st.tuples(PUPILS, SIBLINGS)))


@st.composite
def families(draw: st.DrawFn) -> tuple[Card, Card]:
    """A pupil and her mother, whose presence and protection the pupil's contacts tell as they are."""
    ward = draw(PUPILS)
    mother = draw(cards("mother", st.just(())))
    mother = replace(mother, local=replace(mother.local, pinned_until=None))
    claims = tuple(
        replace(
            claim,
            contacts=tuple(
                replace(
                    one,
                    present=any(own.present for own in mother.claims),
                    protected=bool(mother.local.protected),
                )
                if one.person == "mother"
                else one
                for one in claim.contacts
            ),
        )
        for claim in ward.claims
    )
    ward = replace(ward, claims=claims, local=replace(ward.local, pinned_until=None))
    return ward, replace(mother, wards=(ward,))


SAMLEGRUPPER = {one.id for school in (NORTH, SOUTH) for one in samlegrupper(school, BOTH_RULES[0], IDS)}


def held(desired: Desired) -> tuple[object, object]:
    return desired.users, desired.gone


@settings(max_examples=EXAMPLES, deadline=None)
@given(CARDS, DAYS, RULES)
def test_the_answer_holds_until_the_next_change(card: Card, on: date, rules: Rules) -> None:
    desired = desire(card, rules, IDS, on)
    end = desired.next_change_on or date.max
    assert end > on
    for days in (1, 2, 7, 14, 30, 60, 120, 400, 9000):
        day = on + timedelta(days=days)
        if day < end:
            assert held(desire(card, rules, IDS, day)) == held(desired)
    last = end - timedelta(days=1)
    assert held(desire(card, rules, IDS, last)) == held(desired)


@settings(max_examples=EXAMPLES // 5, deadline=None)
@given(CARDS, RULES)
def test_no_day_of_a_school_year_changes_the_answer_unannounced(card: Card, rules: Rules) -> None:
    before = desire(card, rules, IDS, date(2026, 6, 1))
    for days in range(1, 430):
        on = date(2026, 6, 1) + timedelta(days=days)
        today = desire(card, rules, IDS, on)
        if held(today) != held(before):
            assert before.next_change_on == on
        before = today


@settings(max_examples=EXAMPLES, deadline=None)
@given(CARDS, DAYS, RULES, st.randoms(use_true_random=False))
def test_the_order_of_claims_ties_contacts_and_wards_never_matters(
    card: Card, on: date, rules: Rules, chance: random.Random
) -> None:
    assert desire(_shuffled(card, chance), rules, IDS, on) == desire(card, rules, IDS, on)


def _shuffled(card: Card, chance: random.Random) -> Card:
    claims = [replace(one, contacts=_mixed(one.contacts, chance)) for one in card.claims]
    chance.shuffle(claims)
    return replace(
        card,
        claims=in_source_order(claims),
        ties=_mixed(card.ties, chance),
        wards=_mixed(tuple(_shuffled(ward, chance) for ward in card.wards), chance),
    )


def _mixed(some: tuple[T, ...], chance: random.Random) -> tuple[T, ...]:
    return tuple(chance.sample(some, len(some)))


@settings(max_examples=EXAMPLES * 2, deadline=None)
@given(families(), DAYS)
def test_the_link_is_on_the_ward_s_user_exactly_when_the_guardian_follows_the_ward(
    family: tuple[Card, Card], on: date
) -> None:
    ward, mother = family
    assume(not believe(mother.claims).contradicted)
    separate = BOTH_RULES[0]
    link = IDS.user("mother", "guardian")
    pupils = [one for one in desire(ward, separate, IDS, on).users if link in one.guardians]
    guardians = [one for one in desire(mother, separate, IDS, on).users if one.face == "guardian"]
    assert len(pupils) == len(guardians)
    for pupil_user, guardian_user in zip(pupils, guardians, strict=True):
        assert {one.school for one in guardian_user.schools} <= {one.school for one in pupil_user.schools}
        joined = {one.group for one in guardian_user.memberships} - SAMLEGRUPPER
        assert joined <= {one.group for one in pupil_user.memberships}


def proven(card: Card, adult: str, on: date) -> bool:
    """The rules of a guardianship once more, on the bare card, for one source at a time."""
    return any(
        claim.present
        and not claim.left
        and not claim.rejected
        and any(one.person == adult and one.kind == "guardian" and one.present for one in claim.contacts)
        and any(_active(one, claim.source, on) for one in card.ties)
        for claim in card.claims
    )


def _active(one: TieFact, source: str, on: date) -> bool:
    fact = one.group
    if (
        fact is None
        or not fact.standing
        or fact.school is None
        or one.left
        or one.role != "pupil"
        or one.source != source
    ):
        return False
    begins = max(one.begin or date.min, fact.begin or date.min)
    ends = min(one.end or date.max, fact.end or date.max)
    return begins <= on and (ends == date.max or on <= ends + timedelta(days=14))


@settings(max_examples=EXAMPLES * 2, deadline=None)
@given(PUPILS, DAYS, RULES)
def test_no_guardianship_stands_without_positive_proof(card: Card, on: date, rules: Rules) -> None:
    face = "school" if rules.guardian_user == "same" else "guardian"
    denied = {adult for adult, until in card.local.denied if until is None or until >= on}
    for user in desire(card, rules, IDS, on).users:
        for adult in ("mother", "father", "teacher"):
            if IDS.user(adult, face) in user.guardians:
                assert proven(card, adult, on)
                assert adult not in denied


@settings(max_examples=EXAMPLES, deadline=None)
@given(CARDS, DAYS, RULES)
def test_a_protected_person_is_in_no_user_no_question_and_no_note(card: Card, on: date, rules: Rules) -> None:
    hidden = _with_mother_protected(card)
    desired, without = desire(hidden, rules, IDS, on), desire(_without_mother(card), rules, IDS, on)
    assert (desired.users, desired.questions, desired.notes) == (without.users, without.questions, without.notes)
    protected = desire(replace(card, local=replace(card.local, protected="withhold")), rules, IDS, on)
    assert (protected.users, protected.questions, protected.notes) == ((), (), ())
    assert all(one.at_once for one in protected.gone)


def _with_mother_protected(card: Card) -> Card:
    """The mother as a contact, or each pupil as a ward, is protected."""
    wards = tuple(replace(ward, local=replace(ward.local, protected="withhold")) for ward in card.wards)
    return replace(
        card,
        claims=tuple(
            replace(
                claim,
                contacts=tuple(
                    replace(one, protected=one.person == "mother" or one.protected) for one in claim.contacts
                ),
            )
            for claim in card.claims
        ),
        wards=wards,
    )


def _without_mother(card: Card) -> Card:
    claims = tuple(
        replace(claim, contacts=tuple(one for one in claim.contacts if one.person != "mother")) for claim in card.claims
    )
    return replace(card, claims=claims, wards=())


@settings(max_examples=EXAMPLES, deadline=None)
@given(CARDS, DAYS, RULES)
def test_every_membership_is_in_a_group_that_the_lms_should_hold_that_day(card: Card, on: date, rules: Rules) -> None:
    facts = [one.group for holder in (card, *card.wards) for one in holder.ties if one.group]
    groups = {made.id: made for made, _ in (desire_group(fact, rules, on) for fact in facts) if made}
    groups |= {made.id: made for school in (NORTH, SOUTH) for made in samlegrupper(school, rules, IDS)}
    for user in desire(card, rules, IDS, on).users:
        schools = {one.school for one in user.schools}
        assert all(one.group in groups and groups[one.group].school in schools for one in user.memberships)
        assert len({one.group for one in user.memberships}) == len(user.memberships)


@settings(max_examples=EXAMPLES, deadline=None)
@given(CARDS, DAYS, RULES)
def test_every_answer_is_whole_and_sorted(card: Card, on: date, rules: Rules) -> None:
    desired = desire(card, rules, IDS, on)
    answered = [one.face for one in (*desired.users, *desired.gone)]
    assert sorted(answered) == ["guardian", "school"] or desired.pinned
    assert {one.id for one in (*desired.users, *desired.gone)} <= {
        IDS.user(card.person, "school"),
        IDS.user(card.person, "guardian"),
    }
    joined = {one.group for user in desired.users for one in user.memberships}
    assert not joined & set(desired.lapsed)
    for user in desired.users:
        assert user.enabled
        assert user.memberships == tuple(sorted(user.memberships))
        assert user.guardians == tuple(sorted(set(user.guardians)))
        assert user.role != "system_administrator"


@settings(max_examples=EXAMPLES, deadline=None)
@given(CARDS, DAYS, RULES)
def test_nothing_personal_is_in_a_note_a_question_or_a_reason(card: Card, on: date, rules: Rules) -> None:
    desired = desire(card, rules, IDS, on)
    told = [*desired.notes, *(one.text for one in desired.questions), *(one.reason for one in desired.gone)]
    secrets = {text for holder in (card, *card.wards) for claim in holder.claims for _, text in claim.values}
    assert not any(secret in sentence for sentence in told for secret in secrets)
