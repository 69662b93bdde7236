"""The card as text: what each line looks like to the person who reads it, from cards that never were."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from rostersync.cli.card import card_text
from rostersync.desire.guardianship import DENIED, GROWN_UP, Standing
from rostersync.model import Card, Consent, Desired, Gone, Grant, Known, Life, Local, Membership, User
from rostersync.whycard import Link, WhyCard
from tests.line.builders import NORTH, SOUTH, TODAY, claim, group, pupil, tie, user

CLASS = group("8a")
LINES = {("everyday", "given_name"): "ist-everyday.yaml:31"}


def text(of: Card | None = None, desired: Desired | None = None, **more: Any) -> str:
    """The text of a card; only what is given stands on it."""
    shown = of or Card("p" * 32)
    plain: dict[str, Any] = {
        "sync": "oslo",
        "on": TODAY,
        "card": shown,
        "desired": desired or Desired(shown.person),
        "links": (),
        "known": (),
        "lines": LINES,
        "schools": {NORTH.id: NORTH.name, SOUTH.id: SOUTH.name},
        "groups": {CLASS.id: CLASS.name},
    }
    return card_text(WhyCard(**(plain | more)))


def section(told: str, heading: str) -> list[str]:
    """The lines under a heading, without their indents."""
    lines = told.splitlines()
    start = lines.index(heading) + 1
    end = next((number for number in range(start, len(lines)) if not lines[number]), len(lines))
    return [line.strip() for line in lines[start:end]]


def test_the_first_line_says_whose_card_it_is_in_which_sync_and_for_which_day() -> None:
    assert text().splitlines()[0] == f"Person {'p' * 32} in sync oslo, on {TODAY}"


def test_of_somebody_unknown_everything_that_is_missing_is_said() -> None:
    told = text()
    assert "No source describes this person." in told
    assert section(told, "What the targets hold") == ["nothing"]
    for heading in ("Decided here", "Groups", "Guardianships"):
        assert heading not in told, "an empty heading says nothing"


# -- claims ---------------------------------------------------------------------------------------------------------


def test_a_value_stands_beside_the_line_of_the_mapping_that_made_it() -> None:
    told = text(pupil())
    assert "everyday, accepted by run r1" in told
    (given,) = (line for line in told.splitlines() if line.startswith("  given_name"))
    assert given.split() == ["given_name", "Kari", "ist-everyday.yaml:31"]
    (family,) = (line for line in told.splitlines() if line.startswith("  family_name"))
    assert family.split() == ["family_name", "Nordmann"], "without a line where no mapping names the field"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"present": False}, "gone from the last accepted snapshot; these are the last good values"),
        ({"rejected": True}, "its newest record was rejected; these are the last good values"),
        ({"left": "moved away"}, "left: moved away"),
    ],
)
def test_what_is_wrong_with_a_claim_is_said_beside_it(state: dict[str, Any], said: str) -> None:
    assert said in text(Card("p", (claim(**state),)))
    assert said not in text(Card("p", (claim(),)))


def test_a_value_that_another_source_overrules_says_so() -> None:
    told = text(Card("p", (claim("visma", given_name="Kari Anne"), claim("everyday", email="k@x.example"))))
    assert [line.split()[0] for line in told.splitlines() if "(another value counts)" in line] == ["given_name"]
    assert told.index("everyday, accepted") < told.index("(another value counts)")


def test_every_source_has_a_paragraph_of_its_own_in_their_order() -> None:
    told = text(Card("p", (claim("visma", given_name="Kari Anne"), claim("everyday"))))
    assert told.index("visma, accepted") < told.index("Kari Anne") < told.index("everyday, accepted")


# -- what was decided here ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("local", "line"),
    [
        (Local(protected="withhold"), "protected: withhold"),
        (Local(pinned_until=date(2026, 12, 1)), "pinned until 2026-12-01"),
        (Local(denied=(("m", None),)), "guardian m denied until further notice"),
        (Local(denied=(("m", date(2026, 12, 1)),)), "guardian m denied until 2026-12-01"),
        (Local(grants=(Grant("school_leader", "974589230", "decided"),)), "school_leader at 974589230: decided"),
        (
            Local(grants=(Grant("super_user", "974589230", "helps", date(2026, 8, 1), date(2027, 6, 30)),)),
            "super_user at 974589230 from 2026-08-01 to 2027-06-30: helps",
        ),
        (
            Local(consents=(Consent("", "she said yes", date(2027, 6, 30)),)),
            "consent for every guardian until 2027-06-30: she said yes",
        ),
        (Local(consents=(Consent("m", "yes"),)), "consent for m until further notice: yes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_decision_is_one_line(local: Local, line: str) -> None:
    assert section(text(Card("p", local=local)), "Decided here") == [line]


# -- groups and guardians -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (tie(CLASS), ["8A", "pupil"]),
        (tie(CLASS, "teacher", date(2026, 8, 1)), ["8A", "teacher", "from", "2026-08-01"]),
        (tie(CLASS, end=date(2027, 6, 18)), ["8A", "pupil", "to", "2027-06-18"]),
        (tie(CLASS, left="switched off"), ["8A", "pupil", "does", "not", "count:", "switched", "off"]),
        (tie(msgspec.structs.replace(CLASS, standing=False)), ["8A", "(gone)", "pupil"]),
        (tie(None), ["(never", "described)", "pupil"]),
        (tie(CLASS, ""), ["8A", "-"]),
    ],
    ids=["plain", "begins", "ends", "does not count", "group gone", "group never described", "no role"],
)
def test_each_tie_is_one_line_with_its_dates_and_why_it_does_not_count(one: Any, words: list[str]) -> None:
    (line,) = section(text(Card("p", ties=(one,))), "Groups")
    assert line.split() == words


def test_groups_stand_in_order_of_their_names() -> None:
    told = section(text(Card("p", ties=(tie(group("9b")), tie(None), tie(group("8a")), tie(group("10c"))))), "Groups")
    assert [line.split()[0] for line in told] == ["(never", "10C", "8A", "9B"]


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Standing(True), "has access"),
        (DENIED, "no access: denied here"),
        (GROWN_UP, "no access: the pupil is 18 and no consent is listed"),
    ],
)
def test_a_link_says_who_the_other_is_and_whether_it_stands(standing: Standing, said: str) -> None:
    her = Card("k")
    assert section(text(her, links=(Link("k", "m", standing),)), "Guardianships") == [f"guardian m  {said}"]
    assert section(text(Card("m"), links=(Link("k", "m", standing),)), "Guardianships") == [f"pupil    k  {said}"]


# -- what follows, and what is there --------------------------------------------------------------------------------


def wanted(*users: User, **more: Any) -> list[str]:
    return section(text(desired=Desired("p" * 32, users, **more)), "What the LMS should hold")


def test_a_user_is_told_with_schools_groups_and_whoever_follows_her() -> None:
    kari = user("u", groups=("8a", "x1", "x2"), guardians=("m1", "m2"))
    assert wanted(kari) == [
        "school user u: pupil; Nordre skole (pupil)",
        "in 8A (pupil) and 2 samlegrupper",
        "followed by m1, m2",
    ]


@pytest.mark.parametrize(
    ("groups", "line"),
    [
        ((), "in no group"),
        (("8a",), "in 8A (pupil)"),
        (("x1",), "in 1 samlegruppe"),
        (("8a", "x1"), "in 8A (pupil) and 1 samlegruppe"),
    ],
)
def test_groups_by_name_and_computed_ones_by_number(groups: tuple[str, ...], line: str) -> None:
    assert wanted(user("u", groups=groups))[1] == line


def test_a_role_in_a_group_is_the_one_held_there() -> None:
    eva = msgspec.structs.replace(user("u", "staff"), memberships=(Membership("8a", "guardian"),))
    assert wanted(eva)[1] == "in 8A (guardian)"


def test_a_user_without_a_school_and_a_school_without_a_name_are_told_as_they_are() -> None:
    assert wanted(user("u", schools=()))[0] == "school user u: pupil; no school"
    assert wanted(user("u", schools=("f" * 32,)))[0] == f"school user u: pupil; {'f' * 32} (pupil)"


def test_why_there_is_no_user_and_what_else_is_to_be_known() -> None:
    told = wanted(
        gone=(Gone("u", "school", "absent"), Gone("g", "guardian", "no active pupil")),
        notes=("a tie has no end",),
        pinned=True,
        next_change_on=date(2026, 12, 24),
    )
    assert told == [
        "pinned: no sync touches this person",
        "no school user: absent",
        "no guardian user: no active pupil",
        "note: a tie has no end",
        "this can change by date on 2026-12-24",
    ]


@pytest.mark.parametrize(
    ("life", "said"),
    [
        (Life(), "active"),
        (Life("departed", "absent", date(2026, 10, 6)), "departed since 2026-10-06: absent"),
        (Life("suspended", "absent", date(2026, 10, 6), date(2026, 11, 5)), "suspended since 2026-11-05: absent"),
        (Life("active", hold="a case is open"), "active (held: a case is open)"),
        (Life("suspended", "protected", None, date(2026, 11, 5)), "suspended since 2026-11-05: protected"),
    ],
)
def test_what_a_target_holds_is_told_with_since_when_and_why(life: Life, said: str) -> None:
    known = Known("user", "u", user("u"), "d", life)
    assert section(text(known=(("lms", known),)), "What the targets hold") == [f"lms: user u, {said}"]
