"""Moving a state to another database: everything arrives, both ways, or nothing does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync.errors import StateBroken, UserMistake
from rostersync.store import Store, moving
from rostersync.store.address import Access
from rostersync.store.lease import Lease, lease
from rostersync.store.moving import Carried
from tests.postgres import Server
from tests.states import STATES, on_postgres, open_state
from tests.store.snapshots import (
    IST,
    LMS,
    NOW,
    TODAY,
    all_cards,
    id_of,
    klass,
    members,
    person,
    school,
    take_in,
)


@pytest.fixture
def there(tmp_path: Path, postgres: Server) -> Iterator[Lease]:
    """An empty place in the other kind of database."""
    (tmp_path / "there").mkdir()
    url = "sqlite:///there/state.db" if on_postgres() else postgres.url(postgres.blank())
    access = Access("oslo", directory=tmp_path / "there")
    with lease(url, tmp_path, 0, "rostersync state move", access=access) as held:
        yield held


def lived_in(store: Store) -> None:
    """A state in which something of every kind stands."""
    take_in(
        store,
        [school(), klass(mentor="t"), person("p", guardians=["g"], number="01911080326"), person("g"), person("t")],
    )
    take_in(store, [school(), klass(mentor="t"), person("p", "Ny", guardians=["g"]), members("8a", "p")], run="run-2")
    store.runs.start("run-2", "oslo", "sync", NOW)
    store.decisions.protect(id_of(store, "g"), "withhold", "moved to a shelter", "admin", NOW)
    store.journal.write(NOW, "admin", "protect", id_of(store, "g"), "moved to a shelter")
    for _ in range(3):
        store.generation.bump()


def told(store: Store) -> tuple[object, ...]:
    """What a state says to those who ask."""
    names = store.sources.names()
    return (
        all_cards(store),
        store.cards.groups([IST]),
        store.decisions.protections(),
        store.journal.entries(10),
        names,
    )


def test_everything_is_there_and_the_next_snapshot_goes_on_from_it(store: Store, there: Lease, tmp_path: Path) -> None:
    lived_in(store)
    before = told(store)
    carried = store.move_to(there, NOW)
    assert {one.table for one in carried if one.rows} >= {
        "person",
        "claim",
        "tie",
        "link",
        "meta",
        "protection",
        "source",
    }
    with opened(there, tmp_path) as moved:
        assert told(moved) == before
        assert moved.journal.verify() == []
        assert not moved.generation.restored()
        take_in(moved, [school(), klass(mentor="t"), person("p", "Ny", guardians=["g"]), person("n")], run="run-3")
        take_in(moved, [person("x")], source="sats", run="run-4")
        assert len(all_cards(moved, ["ist", "sats"])) == 5


def opened(there: Lease, base: Path) -> Store:
    from rostersync.store import open_store
    from rostersync.store.address import SqliteFile
    from tests.states import SECRET

    place = there.address
    url = f"sqlite:///{place.path}" if isinstance(place, SqliteFile) else place.url
    return open_store(url, SECRET, base=base, access=Access("oslo", directory=base / "there"), lease=there)


def test_a_move_there_and_back_gives_the_very_same_rows(store: Store, there: Lease, tmp_path: Path) -> None:
    lived_in(store)
    out = store.move_to(there, NOW)
    STATES.blank(tmp_path / "home.db")
    with (
        opened(there, tmp_path) as moved,
        lease(STATES.url(tmp_path / "home.db"), tmp_path, 0, "rostersync state move", access=Access()) as home,
    ):
        back = moved.move_to(home, NOW)
    changed = {"meta"}  # the fence was raised in between
    assert [one for one in out if one.table not in changed] == [one for one in back if one.table not in changed]


def test_the_old_state_says_where_the_new_one_is(store: Store, there: Lease) -> None:
    store.move_to(there, NOW)
    assert store.moved_to() == f"{there.address.name} on 2026-11-22"
    store.stay()
    assert store.moved_to() == ""


def test_a_restored_backup_stays_one_when_it_is_moved(store: Store, there: Lease, tmp_path: Path) -> None:
    for _ in range(3):
        store.generation.bump()
    (tmp_path / f"{'rostersync' if on_postgres() else 'state.db'}.generation").write_text("7\n")
    assert store.generation.restored()
    store.move_to(there, NOW)
    with opened(there, tmp_path) as moved:
        assert moved.generation.restored()


def test_a_place_that_is_not_empty_is_refused_and_left_alone(store: Store, there: Lease) -> None:
    lived_in(store)
    store.move_to(there, NOW)
    with pytest.raises(UserMistake, match="is not empty: name an empty schema, or a file that does not exist yet"):
        store.move_to(there, NOW)


def test_what_does_not_arrive_as_it_left_is_not_kept(
    store: Store, there: Lease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived_in(store)
    seen = moving._seen
    monkeypatch.setattr(moving, "_seen", lambda *given: _lessened(seen(*given)))
    with pytest.raises(StateBroken, match=r"is not what left \(claim\), so nothing was kept there"):
        store.move_to(there, NOW)
    assert store.moved_to() == ""
    monkeypatch.undo()
    assert store.move_to(there, NOW)


def _lessened(one: Carried) -> Carried:
    return one._replace(rows=one.rows - 1) if one.table == "claim" else one


def test_the_marks_of_those_who_have_to_be_looked_at_are_carried_too(
    store: Store, there: Lease, tmp_path: Path
) -> None:
    lived_in(store)
    marked = [card.person for batch in store.cards.touched(LMS, TODAY, [IST]) for card in batch]
    store.move_to(there, NOW)
    with opened(there, tmp_path) as moved:
        assert [card.person for batch in moved.cards.touched(LMS, TODAY, [IST]) for card in batch] == marked != []


def test_a_state_can_be_looked_through(state_file: Path) -> None:
    with open_state(state_file) as store:
        lived_in(store)
        assert store.damage() == []
