"""Opening the state: what is made, what is refused, and what the refusal tells to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from rostersync.errors import StateBroken, StateBusy, TryLater, UserMistake
from rostersync.store import Store, open_store
from rostersync.store.schema import HEAD
from rostersync.store.tables import meta
from tests.states import database as database_of
from tests.store.snapshots import NOW, SECRET, all_cards, opened, person, sql, take_in

# -- a state that is well -------------------------------------------------------------------------------------------


def test_a_relative_url_lies_beside_the_config(tmp_path: Path) -> None:
    open_store("sqlite:///state.db", SECRET, base=tmp_path).close()
    assert (tmp_path / "state.db").is_file()


def test_an_absolute_url_lies_where_it_says(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/here.db", SECRET, base=Path("/nowhere")).close()
    assert (tmp_path / "here.db").is_file()


def test_a_new_state_can_be_read_by_its_user_only(tmp_path: Path) -> None:
    with opened(tmp_path / "state.db") as store:
        take_in(store, [person("p1")])
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("state.db*")}
    assert modes == {0o600}


def test_what_was_taken_in_is_there_after_opening_again(state_file: Path) -> None:
    with opened(state_file) as store:
        take_in(store, [person("p1")])
        before = all_cards(store)
    with opened(state_file) as store:
        assert all_cards(store) == before != []


def test_the_same_secret_makes_the_same_ids_in_a_state_made_anew(tmp_path: Path) -> None:
    found = []
    for name in ("one.db", "two.db"):
        with opened(tmp_path / name) as store:
            take_in(store, [person("p1"), person("p2")])
            found.append([card.person for card in all_cards(store)])
    assert found[0] == found[1]


def test_a_commit_is_on_the_disk_and_what_is_deleted_is_overwritten(state_file: Path) -> None:
    database = database_of(state_file, create=False)
    said = {name: database.conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}
    database.close()
    assert said == PRAGMAS


PRAGMAS = {"synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "journal_mode": "wal"}


# -- transactions ---------------------------------------------------------------------------------------------------


def test_everything_in_a_transaction_is_undone_together(store: Store) -> None:
    store.remember("kept", "before")
    with suppress(ZeroDivisionError), store.begin():
        store.remember("kept", "after")
        store.cards.mark_dirty("lms", None, NOW)
        _ = 1 / 0
    assert store.recall("kept") == "before"


def test_a_nested_transaction_joins_the_outer_one(store: Store) -> None:
    with suppress(ZeroDivisionError), store.begin():
        with store.begin():
            store.remember("inner", "done")
        assert store.recall("inner") == "done"
        _ = 1 / 0
    assert store.recall("inner") == ""


def test_after_a_rolled_back_transaction_the_next_one_works(store: Store) -> None:
    with store.begin() as transaction:
        store.remember("first", "x")
        transaction.rollback()
    with store.begin():
        store.remember("second", "x")
    assert (store.recall("first"), store.recall("second")) == ("", "x")


def test_an_error_of_the_database_does_not_repeat_the_values(state_file: Path) -> None:
    database = database_of(state_file, create=False)
    with pytest.raises(sa.exc.IntegrityError) as failed:
        database.insert_many(meta, ("name", "value"), [("twice", "Kari Nordmann"), ("twice", "Kari Nordmann")])
    database.close()
    assert "Nordmann" not in str(failed.value)


def test_more_rows_than_one_batch_are_all_written(state_file: Path) -> None:
    database = database_of(state_file, create=False)
    with database.begin():
        database.insert_many(meta, ("name", "value"), ((f"row {no}", "") for no in range(12_345)))
    count = database.conn.execute(sa.select(sa.func.count()).where(meta.c.name.startswith("row "))).scalar()
    database.close()
    assert count == 12_345


# -- what is wrong with the settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://localhost/rostersync", "mysql is not supported"),
        ("state.db", "not a database URL"),
    ],
)
def test_a_url_that_is_no_sqlite_file_is_refused_with_an_example(tmp_path: Path, url: str, told: str) -> None:
    with pytest.raises(UserMistake, match=told) as refused:
        open_store(url, SECRET, base=tmp_path)
    assert "sqlite:///state.db" in str(refused.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"the folder of the state, .*/gone, does not exist"):
        open_store("sqlite:///gone/state.db", SECRET, base=tmp_path)


def test_without_create_a_missing_state_stays_missing(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="there is no state at"):
        open_store("sqlite:///state.db", SECRET, base=tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_short_secret_makes_no_state(tmp_path: Path) -> None:
    with pytest.raises(UserMistake):
        open_store("sqlite:///state.db", "short", base=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_wrong_secret_is_seen_at_once_and_changes_nothing(state_file: Path) -> None:
    before = state_file.read_bytes()
    with pytest.raises(UserMistake, match=r"\[state\] secret: it is not the one that .* was made with; restore"):
        open_store(f"sqlite:///{state_file}", SECRET + "!", base=state_file.parent)
    assert state_file.read_bytes() == before


# -- what is wrong with the file ------------------------------------------------------------------------------------


def test_a_newer_state_names_both_versions_and_what_to_install(state_file: Path) -> None:
    sql(state_file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateBroken, match=rf"has version 9999, .* up to {HEAD}: install the newer rostersync"):
        open_store(f"sqlite:///{state_file}", SECRET, base=state_file.parent)


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    sql(path, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StateBroken, match="no rostersync state: give"):
        open_store(f"sqlite:///{path}", SECRET, base=tmp_path)
    assert sql(path, "SELECT name FROM sqlite_master") == [("recipes",)]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("this is a letter, not a database\n" * 100)
    with pytest.raises(StateBroken, match="damaged or no rostersync state: restore it from a backup"):
        open_store("sqlite:///state.db", SECRET, base=tmp_path)


def test_a_truncated_database_is_refused_wherever_it_ends(tmp_path: Path, state_file: Path) -> None:
    whole = state_file.read_bytes()
    near_the_end = (len(whole) // 2, len(whole) - 4_096, len(whole) - 1)
    for number, keep in enumerate((1, 50, 600, 4_095, 4_096, 10_000, *near_the_end)):
        path = tmp_path / f"cut{number}.db"
        path.write_bytes(whole[:keep])
        with pytest.raises(StateBroken, match="restore it from a backup"):
            open_store(f"sqlite:///{path}", SECRET, base=tmp_path)


def test_a_state_whose_making_was_cut_off_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.touch(mode=0o600)
    with opened(path) as store:
        take_in(store, [person("p1")])
        assert len(all_cards(store)) == 1


def test_a_state_that_another_program_writes_to_is_busy(state_file: Path) -> None:
    database = database_of(state_file, create=False)
    database.conn.exec_driver_sql("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(state_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateBusy, match="another program is writing"), database.begin():
        pass
    other.execute("ROLLBACK")
    with database.begin():
        pass
    other.close()
    database.close()


def test_reading_goes_on_while_another_program_writes(state_file: Path) -> None:
    with opened(state_file) as store:
        take_in(store, [person("p1")])
    other = sqlite3.connect(state_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with opened(state_file) as store:
        assert len(all_cards(store)) == 1
        assert store.cards.find("sas/p1")
    other.execute("ROLLBACK")
    other.close()


# -- a folder that may not be written to ----------------------------------------------------------------------------


@pytest.fixture
def reader_only(state_file: Path) -> Iterator[Path]:
    """A copy of a state in a folder that this process may read and not write; root becomes nobody for a while."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    path = Path(shutil.copy(state_file, folder / "state.db"))
    path.chmod(0o444)
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield path
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_state_that_may_not_be_written_to_tells_who_needs_what(reader_only: Path) -> None:
    with pytest.raises(TryLater, match="this user needs write access to it and to its folder"):
        open_store(f"sqlite:///{reader_only}", SECRET, base=reader_only.parent)


def test_a_new_state_in_a_folder_that_may_not_be_written_to_tells_the_same(reader_only: Path) -> None:
    with pytest.raises(TryLater, match="needs write access"):
        open_store("sqlite:///new.db", SECRET, base=reader_only.parent)
