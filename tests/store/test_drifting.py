"""What differed at the targets is remembered with its date, what people let be with its end, and walks with their place."""

from __future__ import annotations

from datetime import date, timedelta

from rostersync.store import Store
from rostersync.store.drifting import Drifted, Place
from tests.store.snapshots import NOW

KARI = Drifted("lms", "user", "k" * 32, "changed", "email, memberships lost")
OLA = Drifted("lms", "user", "o" * 32, "lost")
CLASS = Drifted("lms", "group", "g" * 32, "lost")
STRANGER = Drifted("lms", "user", "s" * 32, "foreign")
ELSEWHERE = Drifted("moodle", "user", "k" * 32, "lost")
LATER = NOW + timedelta(days=1)


def rows(store: Store, *targets: str) -> list[tuple[str, ...]]:
    return [one.row for one in store.drift.found(*(targets or ("lms",)))]


def test_a_list_replaces_what_it_can_tell_of_and_nothing_else(store: Store) -> None:
    store.drift.listed("lms", ("foreign", "lost", "changed"), [KARI, OLA, STRANGER], NOW)
    store.drift.listed("moodle", ("lost",), [ELSEWHERE], NOW)
    store.drift.listed("lms", ("foreign", "lost"), [OLA], LATER)
    assert rows(store) == [KARI.row, OLA.row]
    assert rows(store, "lms", "moodle") == [KARI.row, OLA.row, ELSEWHERE.row]


def test_what_still_differs_keeps_the_date_on_which_it_was_first_seen(store: Store) -> None:
    store.drift.listed("lms", ("lost", "changed"), [KARI, OLA], NOW)
    other = Drifted("lms", "user", KARI.id, "changed", "email")
    store.drift.listed("lms", ("lost", "changed"), [other, OLA], LATER)
    assert [(one.aspects, one.since) for one in store.drift.found("lms")] == [
        ("email", LATER.isoformat()),
        ("", NOW.isoformat()),
    ]


def test_a_walk_replaces_what_it_looked_at(store: Store) -> None:
    store.drift.walked("lms", "user", [KARI.id, OLA.id], [KARI, OLA], NOW)
    store.drift.walked("lms", "group", [CLASS.id, KARI.id], [CLASS], NOW)
    store.drift.walked("lms", "user", [KARI.id], [], LATER)
    assert rows(store) == [CLASS.row, OLA.row]


def test_what_is_on_its_way_again_is_forgotten(store: Store) -> None:
    store.drift.listed("lms", ("lost", "changed"), [KARI, OLA], NOW)
    store.drift.clear([OLA])
    assert rows(store) == [KARI.row]


def test_what_people_let_be_stands_with_its_reason_and_a_later_decision_replaces_it(store: Store) -> None:
    store.drift.ignore(KARI, date(2026, 12, 1), "she asked", "admin", NOW)
    store.drift.ignore(KARI, date(2026, 12, 24), "she asked again", "admin", LATER)
    (one,) = store.drift.ignored()
    assert (one.row, one.until, one.reason, one.who) == (KARI.row, date(2026, 12, 24), "she asked again", "admin")


def test_a_walk_remembers_its_place(store: Store) -> None:
    assert store.drift.place("lms") == Place()
    for place in (Place("group", "g" * 32, NOW.isoformat()), Place(ended_at=LATER.isoformat())):
        store.drift.move_on("lms", place)
        assert store.drift.place("lms") == place
    assert store.drift.place("moodle") == Place()


def test_a_foreign_key_has_a_name_that_tells_nothing_about_it(store: Store) -> None:
    name = store.drift.name_of("05810890051")
    assert (len(name), "0581" in name) == (32, False)
    assert name == store.drift.name_of("05810890051") != store.drift.name_of("05810890052")
