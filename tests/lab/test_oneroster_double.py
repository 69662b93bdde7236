"""The municipality over OneRoster is the one that its PIFU export shows: the same people, with the same numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from rostersync.lab import START, generate
from rostersync.lab.doubles.oneroster.rows import Collections, as_1_2, collections
from rostersync.lab.world import EVENTS, World
from tests.lab.reading import Reading, read


@pytest.fixture(scope="module")
def roster() -> Collections:
    """The municipality as a 1.1 service tells it."""
    return collections(World(42, 2, START, START, 0.01, EVENTS["S"], EVENTS["S"]), START)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    """The same municipality as IST exports it."""
    return read(generate(tmp_path_factory.mktemp("lab")).export)


def test_the_same_people_are_in_both(roster: Collections, export: Reading) -> None:
    ours = {(one["givenName"], one["familyName"], one["identifier"]) for one in roster["users"]}
    theirs = {(one.given, one.family, one.number) for one in export.persons.values()}
    assert ours < theirs, "cleaners, nurses and other staff without a user are in IST's export only"
    assert len(ours) > 0.98 * len(theirs)


def test_the_same_pupils_are_in_the_same_classes(roster: Collections, export: Reading) -> None:
    kinds = {"basisgruppe", "undervisningsgruppe", "kontaktlærergruppe"}
    theirs = Counter(
        tie.group.partition("/")[2]
        for tie in export.ties
        if tie.role == "01" and tie.standing and tie.subrole != "S" and export.groups[tie.group].type in kinds
    )
    ours = Counter(one["class"]["sourcedId"] for one in roster["enrollments"] if one["role"] == "student")
    assert ours == theirs


def test_every_reference_leads_to_an_entry(roster: Collections) -> None:
    ids = {one["sourcedId"] for several in roster.values() for one in several}
    assert {number for several in roster.values() for one in several for number in _references(one)} <= ids


def test_a_teacher_with_a_child_at_school_is_two_rows_of_one_id(roster: Collections) -> None:
    rows = Counter(one["sourcedId"] for one in roster["users"])
    twice = [one for one in roster["users"] if rows[one["sourcedId"]] > 1]
    assert twice
    assert "parent" in {one["role"] for one in twice}


def test_1_2_says_the_same_in_its_own_words(roster: Collections) -> None:
    newer = as_1_2(roster)
    for old, new in zip(roster["users"], newer["users"], strict=True):
        assert [role["org"] for role in new["roles"]] == old["orgs"]
        assert new["enabledUser"] in ("true", "false")
        assert "role" not in new


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"sourcedId", "type", "href"}:
            yield value["sourcedId"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
