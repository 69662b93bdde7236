"""Grants and consents: whose they are, and what happens to a line that names nobody, or too many."""

from __future__ import annotations

from datetime import date

import pytest

from rostersync.locallists import LocalLists, resolve
from rostersync.mapping import ConsentEntry, GrantEntry
from rostersync.model import Card, Consent, Grant, Local

LEADER = Grant("school_leader", "974589230", "decided", end=date(2027, 6, 30))
HELPER = Grant("super_user", "970944443", "helps out")
YES = Consent("", "she said yes", date(2027, 6, 30))
PEOPLE = {"eva": ["e"], "kari": ["k"], "per": ["p"], "mor": ["m"], "far": ["f"], "double": ["d1", "d2"]}


def found(key: str) -> list[str]:
    """The person ids that a key can mean."""
    return PEOPLE.get(key, [])


def lists(*entries: GrantEntry | ConsentEntry) -> LocalLists:
    """Both lists, resolved."""
    return resolve(
        [one for one in entries if isinstance(one, GrantEntry)],
        [one for one in entries if isinstance(one, ConsentEntry)],
        found,
    )


def grants(card: Card) -> tuple[Grant, ...]:
    return card.local.grants


def test_a_grant_lies_on_the_card_of_whom_it_names_and_on_no_other() -> None:
    made = lists(GrantEntry("eva", LEADER))
    assert grants(made.on(Card("e"))) == (LEADER,)
    assert grants(made.on(Card("k"))) == ()
    assert made.unknown == 0


def test_several_grants_to_one_person_all_count_in_their_order() -> None:
    made = lists(GrantEntry("eva", LEADER), GrantEntry("eva", HELPER))
    assert grants(made.on(Card("e"))) == (LEADER, HELPER)


def test_two_keys_of_one_person_lead_to_one_card() -> None:
    twice = {**PEOPLE, "feide-eva": ["e"]}
    made = resolve([GrantEntry("eva", LEADER), GrantEntry("feide-eva", HELPER)], [], lambda key: twice[key])
    assert grants(made.on(Card("e"))) == (LEADER, HELPER)


def test_a_consent_names_the_guardian_by_our_id() -> None:
    made = lists(ConsentEntry("kari", "mor", YES))
    (consent,) = made.on(Card("k")).local.consents
    assert (consent.guardian, consent.reason, consent.end) == ("m", YES.reason, YES.end)


def test_a_consent_without_a_guardian_is_for_all_of_them() -> None:
    (consent,) = lists(ConsentEntry("kari", "", YES)).on(Card("k")).local.consents
    assert consent.guardian == ""


@pytest.mark.parametrize(
    "entry",
    [
        GrantEntry("nobody", LEADER),
        GrantEntry("double", LEADER),
        ConsentEntry("nobody", "mor", YES),
        ConsentEntry("double", "mor", YES),
        ConsentEntry("kari", "nobody", YES),
        ConsentEntry("kari", "double", YES),
        ConsentEntry("nobody", "", YES),
    ],
    ids=lambda entry: " ".join(str(getattr(entry, name, "")) for name in ("person", "pupil", "guardian")).strip(),
)
def test_a_line_that_does_not_mean_one_person_gives_nobody_anything_and_is_counted(
    entry: GrantEntry | ConsentEntry,
) -> None:
    made = lists(entry)
    assert made.unknown == 1
    for person in ("e", "k", "m", "d1", "d2"):
        assert made.on(Card(person)) == Card(person)


def test_a_wrong_line_does_not_take_the_right_ones_with_it() -> None:
    made = lists(GrantEntry("nobody", LEADER), GrantEntry("eva", HELPER), ConsentEntry("kari", "nobody", YES))
    assert (made.unknown, grants(made.on(Card("e")))) == (2, (HELPER,))


def test_the_wards_on_a_guardians_card_carry_their_own_consents() -> None:
    made = lists(ConsentEntry("kari", "mor", YES))
    card = made.on(Card("m", wards=(Card("k"), Card("p"))))
    assert [len(ward.local.consents) for ward in card.wards] == [1, 0]
    assert card.local.consents == ()


def test_what_else_was_decided_about_somebody_stays() -> None:
    decided = Local(protected="withhold", pinned_until=date(2026, 12, 1), denied=(("f", None),))
    local = lists(GrantEntry("eva", LEADER)).on(Card("e", local=decided)).local
    assert (local.protected, local.pinned_until, local.denied) == ("withhold", date(2026, 12, 1), (("f", None),))
    assert local.grants == (LEADER,)


def test_without_lists_a_card_is_left_as_it_is() -> None:
    card = Card("k", wards=(Card("p"),), local=Local(grants=(LEADER,)))
    assert lists().on(card) is card
