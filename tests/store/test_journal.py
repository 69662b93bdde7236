"""The journal: written once, and a later change shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from rostersync.errors import StateBroken
from rostersync.store import journal as module
from rostersync.store.engine import Database
from rostersync.store.journal import Entry, Journal
from rostersync.store.keyring import Keyring
from rostersync.store.tables import journal as table
from tests.states import written
from tests.store.ledger import KARI, NOW, OLA


@pytest.fixture
def journal(ledger: Database) -> Journal:
    return Journal(ledger)


def write(journal: Journal, number: int, about: str = KARI) -> None:
    journal.write(NOW + timedelta(minutes=number), "admin", "protect", about, f"reason {number}")


def test_the_newest_entry_comes_first(journal: Journal) -> None:
    for number in (1, 2, 3):
        write(journal, number)
    assert journal.entries(2) == [
        Entry(3, "2026-11-22T04:33:00+00:00", "admin", "protect", KARI, "reason 3"),
        Entry(2, "2026-11-22T04:32:00+00:00", "admin", "protect", KARI, "reason 2"),
    ]


def test_entries_about_one_id_are_found_among_others(journal: Journal) -> None:
    for number, about in enumerate([KARI, OLA, KARI, "", "everyday"], 1):
        write(journal, number, about)
    assert [one.no for one in journal.entries(10, KARI)] == [3, 1]
    assert [one.no for one in journal.entries(10, "everyday")] == [5]
    assert [one.no for one in journal.entries(10)] == [5, 4, 3, 2, 1]


def test_an_untouched_journal_verifies_over_many_pages(journal: Journal, ledger: Database) -> None:
    assert journal.verify() == []
    with ledger.begin():
        for number in range(1, 1_003):
            write(journal, number)
    assert journal.verify() == []
    with ledger.begin():
        ledger.conn.execute(sa.update(table).where(table.c.no.in_([1_000, 1_001])).values(who="somebody else"))
    assert journal.verify() == [1_000, 1_001]


CHANGES = {
    "who": sa.update(table).where(table.c.no == 3).values(who="somebody else"),
    "when": sa.update(table).where(table.c.no == 3).values(at="2020-01-01T00:00:00+00:00"),
    "what": sa.update(table).where(table.c.no == 3).values(what="unprotect"),
    "about whom": sa.update(table).where(table.c.no == 3).values(about=OLA),
    "why": sa.update(table).where(table.c.no == 3).values(why=b"\x01" * 40),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_changed_entry_is_named(journal: Journal, ledger: Database, change: sa.Update) -> None:
    for number in range(1, 6):
        write(journal, number)
    with ledger.begin():
        ledger.conn.execute(change)
    assert journal.verify() == [3]


def test_the_entry_after_a_removed_one_is_named(journal: Journal, ledger: Database) -> None:
    for number in range(1, 6):
        write(journal, number)
    with ledger.begin():
        ledger.conn.execute(sa.delete(table).where(table.c.no == 3))
    assert journal.verify() == [4]
    with ledger.begin():
        ledger.conn.execute(sa.delete(table).where(table.c.no == 1))
    assert journal.verify() == [2, 4]


def test_an_entry_written_over_with_a_chain_of_another_secret_is_named(journal: Journal, ledger: Database) -> None:
    for number in (1, 2):
        write(journal, number)
    ours, ledger.keyring = ledger.keyring, Keyring("another secret, just as long as ours")
    forger = Journal(ledger)
    ledger.keyring = ours
    write(forger, 3)
    write(journal, 4)
    assert journal.verify() == [3]


def test_a_reason_cannot_be_read_on_the_disk_or_moved_to_another_entry(
    journal: Journal, ledger: Database, tmp_path: Path
) -> None:
    for number in (1, 2):
        write(journal, number)
    content = written(tmp_path / "state.db")
    assert KARI.encode() in content
    assert b"reason 1" not in content
    first = sa.select(table.c.why).where(table.c.no == 1).scalar_subquery()
    with ledger.begin():
        ledger.conn.execute(sa.update(table).where(table.c.no == 2).values(why=first))
    with pytest.raises(StateBroken):
        journal.entries(1)


def test_an_entry_goes_with_what_it_tells_about(journal: Journal, ledger: Database) -> None:
    write(journal, 1)
    with ledger.begin() as transaction:
        write(journal, 2)
        transaction.rollback()
    write(journal, 3)
    assert [one.why for one in journal.entries(10)] == ["reason 3", "reason 1"]
    assert journal.verify() == []


@pytest.mark.parametrize("forbidden", [sa.update, sa.delete], ids=["update", "delete"])
def test_the_module_has_no_statement_that_changes_an_entry(forbidden: Callable[..., object]) -> None:
    assert f"sa.{forbidden.__name__}" not in Path(module.__file__).read_text()
