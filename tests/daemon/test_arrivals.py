"""A new export starts a run once it is at rest; the same one never again."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rostersync.daemon.arrivals import POLL, Arrivals, Folder

NOON = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)


def drop(path: Path, made: datetime, text: str = "x") -> None:
    path.write_text(text)
    os.utime(path, (made.timestamp(), made.timestamp()))


def watched(folder: Path, source: str = "everyday") -> Folder:
    return Folder("oslo", source, str(folder / "*.xml"), timedelta(seconds=10))


def looks(arrivals: Arrivals, since: datetime, number: int) -> list[int]:
    """At which of so many looks, a poll apart, something new was there."""
    return [look for look in range(number) if arrivals.new(since + look * POLL)]


def test_a_file_counts_when_it_is_at_rest_and_only_once(tmp_path: Path) -> None:
    arrivals = Arrivals([watched(tmp_path)], {})
    assert looks(arrivals, NOON, 3) == []
    drop(tmp_path / "a.xml", NOON + timedelta(minutes=1))
    assert looks(arrivals, NOON + timedelta(minutes=1), 10) == [3]


def test_a_file_that_still_grows_is_waited_for(tmp_path: Path) -> None:
    arrivals = Arrivals([watched(tmp_path)], {})
    for step in range(5):
        now = NOON + step * POLL
        drop(tmp_path / "a.xml", now - timedelta(seconds=30), "x" * (step + 1))
        assert arrivals.new(now) == []
    assert arrivals.new(NOON + 5 * POLL) != []


def test_what_was_seen_before_a_restart_is_not_new(tmp_path: Path) -> None:
    drop(tmp_path / "a.xml", NOON - timedelta(hours=1))
    before = Arrivals([watched(tmp_path)], {})
    assert looks(before, NOON, 3) == [1]
    assert looks(Arrivals([watched(tmp_path)], before.seen()), NOON, 5) == []
    drop(tmp_path / "b.xml", NOON)
    assert looks(Arrivals([watched(tmp_path)], before.seen()), NOON + timedelta(minutes=1), 5) == [1]


def test_hidden_files_missing_folders_and_files_taken_away_start_nothing(tmp_path: Path) -> None:
    drop(tmp_path / ".a.xml", NOON - timedelta(hours=1))
    arrivals = Arrivals([watched(tmp_path), watched(tmp_path / "missing", "other")], {})
    assert looks(arrivals, NOON, 5) == []
    drop(tmp_path / "b.xml", NOON - timedelta(hours=1))
    assert looks(arrivals, NOON + timedelta(minutes=1), 3) == [1]
    (tmp_path / "b.xml").unlink()
    assert looks(arrivals, NOON + timedelta(minutes=2), 3) == []


def test_a_clock_set_back_does_not_stop_the_looking(tmp_path: Path) -> None:
    arrivals = Arrivals([watched(tmp_path)], {})
    arrivals.new(NOON)
    drop(tmp_path / "a.xml", NOON - timedelta(days=1))
    assert looks(arrivals, NOON - timedelta(hours=3), 5) == [1]
