"""The open state as a whole: one transaction over all its books, what is remembered, and a backup that was put back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from rostersync.model import Question
from rostersync.store import Store
from rostersync.store.runs import Line
from tests.states import back_up, put_back
from tests.store.ledger import delivery, group
from tests.store.snapshots import KARI_NUMBER, LMS, NOW, TODAY, id_of, klass, opened, person, school, take_in

ASKED = Question("two-names", ("a" * 32,), "one person is described under two names")


# -- remembering ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "2026-11-22", "æøå «Čáhppe» \N{SNOWMAN}", "x" * 20_000])
def test_a_text_is_remembered_as_it_is(state_file: Path, text: str) -> None:
    with opened(state_file) as store:
        store.remember("roles of lms", "before")
        store.remember("roles of lms", text)
    with opened(state_file) as store:
        assert store.recall("roles of lms") == text


def test_names_are_remembered_apart(store: Store) -> None:
    store.remember("roles of lms", "one")
    store.remember("roles of another", "two")
    assert (store.recall("roles of lms"), store.recall("roles of another")) == ("one", "two")
    assert store.recall("roles of") == ""


# -- digests ----------------------------------------------------------------------------------------------------------


def test_fragments_have_another_digest_with_another_byte_and_under_another_secret(tmp_path: Path, store: Store) -> None:
    raw = b"<person/>"
    assert store.keyed(raw) == store.keyed(raw)
    assert len(store.keyed(raw)) == 16
    with opened(tmp_path / "other.db", "another secret of the tests, long enough") as other:
        assert len({store.keyed(raw), store.keyed(b"<person />"), other.keyed(raw)}) == 3


def test_ids_are_the_same_in_every_state_with_one_secret_and_in_no_other(tmp_path: Path, store: Store) -> None:
    kari = store.ids.person("ist", "sas/kari")
    with opened(tmp_path / "again.db") as again, opened(tmp_path / "other.db", "x" * 40) as other:
        assert again.ids.person("ist", "sas/kari") == kari
        assert other.ids.person("ist", "sas/kari") != kari
    assert len(kari) == 32
    assert int(kari, 16)


# -- one transaction --------------------------------------------------------------------------------------------------


def write_in_every_book(store: Store) -> None:
    kari = id_of(store, "kari")
    store.runs.start("run-2", "oslo", "sync", NOW)
    store.runs.record("run-2", [Line(LMS, kari, "person", "create", "cleared", "new")])
    store.known.settle(LMS, delivery(group()), "")
    store.outbox.put(LMS, "run-2", [delivery(group())])
    store.approvals.remember_plan("d" * 64, "oslo", "main", "run-2", NOW, "")
    store.approvals.tally_add(LMS, TODAY, {("person", "depart", ""): 1})
    store.decisions.pin(kari, TODAY, "merged", "admin", NOW)
    store.questions.open(ASKED, NOW)
    store.journal.write(NOW, "admin", "pin", kari, "merged")
    store.cards.set_due(LMS, {kari: TODAY})
    store.sources.refused("ist", "e" * 64, "stale", "too old", releasable=True, at=NOW)
    store.remember("roles of lms", "abc")


def written(store: Store) -> list[bool]:
    """For each book, whether anything stands in it."""
    kari = id_of(store, "kari")
    due = [card for batch in store.cards.touched(LMS, TODAY, ["ist"]) for card in batch]
    return [
        store.runs.get("run-2") is not None,
        store.runs.get("run-2") is not None and bool(store.runs.outcomes("run-2")),
        not store.known.is_empty(LMS),
        bool(list(store.outbox.pending(LMS))),
        bool(store.approvals.tally(LMS, TODAY)),
        bool(store.decisions.pins()),
        bool(store.questions.open_ones()),
        bool(store.journal.entries(1, kari)),
        bool(due),
        bool(store.sources.refusals("ist")),
        bool(store.recall("roles of lms")),
    ]


@pytest.fixture
def town(store: Store) -> Store:
    take_in(store, [school(), klass("8a"), person("kari", number=KARI_NUMBER)])
    store.cards.clean(LMS, [id_of(store, "kari")])
    return store


def test_what_is_written_in_one_transaction_stands_in_every_book(town: Store) -> None:
    with town.begin():
        write_in_every_book(town)
    assert all(written(town))


def fail_after_writing(store: Store, *, committed: bool = False) -> None:
    with store.begin() as transaction:
        write_in_every_book(store)
        if committed:
            transaction.commit()
        raise ZeroDivisionError


def test_a_failure_leaves_every_book_as_it_was(town: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after_writing(town)
    assert not any(written(town))
    with town.begin():  # and the state goes on working
        write_in_every_book(town)
    assert all(written(town))


def test_what_was_committed_before_a_failure_stays(town: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after_writing(town, committed=True)
    assert all(written(town))


def test_what_is_to_happen_after_the_commit_happens_then_or_never(store: Store) -> None:
    happened: list[str] = []
    with store.begin() as transaction:
        transaction.after_commit(lambda: happened.append(store.recall("step")))
        store.remember("step", "done")
        assert happened == []
    assert happened == ["done"]
    with store.begin() as transaction:
        transaction.after_commit(lambda: happened.append("never"))
        transaction.rollback()
    assert happened == ["done"]


# -- the journal ------------------------------------------------------------------------------------------------------


def test_the_journal_tells_every_moment_in_one_zone(store: Store) -> None:
    winter = timezone(timedelta(hours=1))
    store.journal.write(datetime(2026, 11, 22, 5, 30, tzinfo=winter), "admin", "pin", "a" * 32, "reason")
    (entry,) = store.journal.entries(5)
    assert datetime.fromisoformat(entry.at) == datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
    assert entry.at.endswith("+00:00")


def test_the_journal_goes_on_where_it_stopped_and_stays_whole(state_file: Path) -> None:
    for number in (1, 2, 3):
        with opened(state_file) as store:
            store.journal.write(NOW, "ops", "sync", f"run-{number}", f"Åsens «grunn» {number}")
    with opened(state_file) as store:
        assert [(one.no, one.why) for one in store.journal.entries(2)] == [
            (3, "Åsens «grunn» 3"),
            (2, "Åsens «grunn» 2"),
        ]
        assert store.journal.verify() == []


def test_an_entry_that_was_rolled_back_leaves_no_gap(store: Store) -> None:
    store.journal.write(NOW, "ops", "sync", "run-1", "")
    with store.begin() as transaction:
        store.journal.write(NOW, "ops", "sync", "run-2", "")
        transaction.rollback()
    store.journal.write(NOW, "ops", "sync", "run-3", "")
    assert [(one.no, one.about) for one in store.journal.entries(9)] == [(2, "run-3"), (1, "run-1")]
    assert store.journal.verify() == []


# -- a backup that was put back ---------------------------------------------------------------------------------------


def test_a_backup_that_was_put_back_says_so_until_somebody_has_looked(state_file: Path, tmp_path: Path) -> None:
    with opened(state_file) as store:
        store.generation.bump()
    backup = back_up(state_file)
    with opened(state_file) as store:
        take_in(store, [person("kari")])
        store.generation.bump()
        assert not store.generation.restored()
    put_back(state_file, backup)
    with opened(state_file) as store:
        assert store.generation.restored()
        assert store.cards.find("kari") == []
        store.generation.recover()
        take_in(store, [person("kari")])
    with opened(state_file) as store:
        assert not store.generation.restored()
        assert len(store.cards.find("kari")) == 1


def test_what_is_founded_again_after_a_backup_has_the_id_it_had(state_file: Path, tmp_path: Path) -> None:
    """So the LMS, which has the user already, gets an update and never a second user."""
    backup = back_up(state_file)
    with opened(state_file) as store:
        take_in(store, [person("kari", number=KARI_NUMBER)])
        before = id_of(store, "kari")
    put_back(state_file, backup)
    with opened(state_file) as store:
        take_in(store, [person("kari", number=KARI_NUMBER)])
        assert id_of(store, "kari") == before
