"""The order in which an LMS is told of things, and what an entry of a plan says to whoever approves it."""

from __future__ import annotations

import pytest

from rostersync.model import Action, Change, Draft, Kind, Life
from rostersync.plan import Entries, phase_of

Step = tuple[Kind, Action]

BEFORE: list[tuple[Step, Step]] = [
    (("guardianship", "end"), ("organisation", "create")),
    (("guardianship", "end"), ("person", "create")),
    (("organisation", "create"), ("group", "create")),
    (("group", "create"), ("membership", "create")),
    (("group", "update"), ("person", "create")),
    (("person", "create"), ("guardianship", "create")),
    (("person", "restore"), ("guardianship", "create")),
    (("guardianship", "create"), ("membership", "end")),
    (("membership", "create"), ("membership", "end")),
    (("person", "restore"), ("person", "suspend")),
    (("membership", "end"), ("group", "end")),
    (("person", "suspend"), ("group", "end")),
    (("group", "end"), ("person", "remove")),
]


def change(step: Step, *, part: str = "", scopes: tuple[str, ...] = ("north",), revocation: bool = False) -> Change:
    """One change of an object."""
    return Change(*step, "object", "for the test", part, scopes, revocation=revocation, new="ab" * 16)


def drafted(object_id: str, *changes: Change) -> Draft:
    """All changes of one object."""
    return Draft("user", object_id, None, None, Life(), changes)


@pytest.mark.parametrize(("first", "then"), BEFORE, ids=[f"{'.'.join(a)} then {'.'.join(b)}" for a, b in BEFORE])
def test_one_thing_goes_before_another(first: Step, then: Step) -> None:
    assert phase_of(change(first)) < phase_of(change(then))


@pytest.mark.parametrize("step", [("person", "suspend"), ("membership", "end"), ("person", "update")])
def test_what_protects_somebody_goes_before_everything_that_does_not(step: Step) -> None:
    others = {phase_of(change(one)) for pair in BEFORE for one in pair if one != ("guardianship", "end")}
    assert phase_of(change(step, revocation=True)) < min(others)


def test_a_persons_ties_come_with_her_so_that_she_is_told_of_once() -> None:
    together: list[Step] = [
        ("person", "create"),
        ("person", "update"),
        ("membership", "create"),
        ("membership", "update"),
    ]
    assert len({phase_of(change(step)) for step in together}) == 1


def test_entries_come_by_kind_action_and_school_whatever_the_order_of_the_people() -> None:
    people = [
        drafted("a", change(("person", "depart"), scopes=("south",)), change(("membership", "end"), part="8a pupil")),
        drafted("b", change(("person", "create"), scopes=("north", "south"))),
    ]
    told = []
    for order in (people, people[::-1]):
        entries = Entries()
        for one in order:
            entries.add("lms", one)
        told.append(entries.of("lms"))
    assert told[0] == told[1]
    names = [(one.kind, one.action, one.scope) for one in told[0]]
    assert names == sorted(names)
    assert ("person", "create", "*") in names


def test_a_digest_is_one_that_people_can_type_the_beginning_of() -> None:
    entries = Entries()
    entries.add("lms", drafted("a", change(("person", "create"))))
    for digest in (entries.digest, *(one.digest for one in entries.of("lms"))):
        assert len(digest) == 32
        assert set(digest) <= set("0123456789abcdef")


def test_what_depends_on_nothing_that_changed_keeps_its_digest() -> None:
    first, second = Entries(), Entries()
    for entries in (first, second):
        entries.add("lms", drafted("a", change(("person", "depart"))))
    second.add("lms", drafted("b", change(("person", "update"))))
    departing = [next(one for one in entries.of("lms") if one.action == "depart") for entries in (first, second)]
    assert departing[0] == departing[1]
    assert first.digest != second.digest, "while the plan as a whole is another"
