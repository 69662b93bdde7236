"""The generation: a restored backup is noticed, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.errors import StateBroken
from rostersync.store.engine import Database
from rostersync.store.generation import Generation
from rostersync.store.schema import recall, remember
from tests.store.ledger import open_database


@pytest.fixture
def generation(ledger: Database, tmp_path: Path) -> Generation:
    return Generation(ledger, tmp_path / "state.db")


def on_file(folder: Path) -> str:
    return (folder / "state.db.generation").read_text()


def counted(path: Path) -> str:
    """What the state has counted."""
    database = open_database(path)
    try:
        return recall(database, "generation")
    finally:
        database.close()


def restored_from_backup(folder: Path, runs_before: int, runs_after: int) -> Generation:
    """The state after a backup of `runs_before` runs was put back, when `runs_after` more had been delivered."""
    path = folder / "restored" / "state.db"
    path.parent.mkdir()
    database = open_database(path)
    generation = Generation(database, path)
    for _ in range(runs_before):
        generation.bump()
    database.close()
    backup = counted(path)
    database = open_database(path)
    for _ in range(runs_after):
        Generation(database, path).bump()
    with database.begin():
        remember(database, "generation", backup)  # all that a restored backup is, as far as the two counters go
    return Generation(database, path)


def test_a_new_state_is_no_restored_one(generation: Generation) -> None:
    assert not generation.restored()


def test_run_after_run_is_counted_in_the_state_and_in_the_file(generation: Generation, tmp_path: Path) -> None:
    for expected in ("1\n", "2\n", "3\n"):
        generation.bump()
        assert on_file(tmp_path) == expected
        assert not generation.restored()


@pytest.mark.parametrize(("before", "after"), [(0, 1), (3, 1), (3, 5)])
def test_a_restored_backup_is_noticed(tmp_path: Path, before: int, after: int) -> None:
    assert restored_from_backup(tmp_path, before, after).restored()


def test_a_backup_of_the_last_run_misses_nothing_and_is_no_older_copy(tmp_path: Path) -> None:
    assert not restored_from_backup(tmp_path, 3, 0).restored()


def test_delivering_to_a_restored_state_does_not_make_it_whole(tmp_path: Path) -> None:
    """Creates and updates flow meanwhile; their runs must not catch up with the file and so hide what is missing."""
    generation = restored_from_backup(tmp_path, 3, 2)
    for _ in range(5):
        generation.bump()
        assert generation.restored()


def test_recovering_ends_it_for_good(tmp_path: Path) -> None:
    generation = restored_from_backup(tmp_path, 3, 2)
    generation.recover()
    assert not generation.restored()
    generation.bump()
    assert not generation.restored()


def test_recovering_a_state_that_is_not_behind_changes_nothing(generation: Generation, tmp_path: Path) -> None:
    generation.bump()
    generation.recover()
    generation.bump()
    assert on_file(tmp_path) == "2\n"


def test_the_file_waits_for_the_commit(generation: Generation, ledger: Database, tmp_path: Path) -> None:
    generation.bump()
    with ledger.begin():
        generation.bump()
        assert on_file(tmp_path) == "1\n"
    assert on_file(tmp_path) == "2\n"


def test_a_run_that_was_rolled_back_does_not_look_like_a_lost_one(
    generation: Generation, ledger: Database, tmp_path: Path
) -> None:
    generation.bump()
    with ledger.begin() as transaction:
        generation.bump()
        transaction.rollback()
    assert on_file(tmp_path) == "1\n"
    assert not generation.restored()


def test_a_kill_between_the_commit_and_the_file_does_no_harm(generation: Generation, tmp_path: Path) -> None:
    generation.bump()
    generation.bump()
    (tmp_path / "state.db.generation").write_text("1\n")  # the file of the run before, as the kill left it
    assert not generation.restored()
    generation.recover()  # somebody thought otherwise; it changes nothing
    generation.bump()
    assert on_file(tmp_path) == "3\n"


def test_a_file_without_a_number_is_explained_and_not_guessed_at(generation: Generation, tmp_path: Path) -> None:
    generation.bump()
    (tmp_path / "state.db.generation").write_text("")
    with pytest.raises(StateBroken, match=r"state\.db\.generation should hold one number.*write 1 .*write 2"):
        generation.restored()
