"""The lease: one run at a time, whatever becomes of the others."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rostersync.errors import StateBusy, TryLater, UserMistake
from rostersync.store.lease import lease

URL = "sqlite:///state.db"
CHILD = """
import sys, time
from pathlib import Path
from rostersync.store.lease import lease

with lease("sqlite:///state.db", Path(sys.argv[1]), 0, "rostersync sync"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def another_process(base: Path, seconds: float = 60) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lease, and keeps it for some seconds or until it is killed."""
    command = [sys.executable, "-c", CHILD, str(base), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        try:
            yield child
        finally:
            child.kill()


def test_a_second_run_is_told_who_holds_the_state_and_what_to_do(tmp_path: Path) -> None:
    with (
        another_process(tmp_path) as child,
        pytest.raises(StateBusy, match=rf"in use by process {child.pid} \(rostersync sync\) since 20\d\d-.*--wait"),
        lease(URL, tmp_path, 0, "rostersync plan"),
    ):
        pytest.fail("two processes hold the state")


def test_two_leases_in_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    with (
        lease(URL, tmp_path, 0, "rostersync sync"),
        pytest.raises(StateBusy),
        lease(URL, tmp_path, 0, "rostersync sync"),
    ):
        pytest.fail("held twice")


def test_a_waiting_run_goes_on_when_the_holder_ends(tmp_path: Path) -> None:
    with another_process(tmp_path, seconds=0.5), lease(URL, tmp_path, 30, "rostersync plan"):
        assert "rostersync plan" in (tmp_path / "state.db.lock").read_text()


def test_a_waiting_run_gives_up_when_its_time_is_over(tmp_path: Path) -> None:
    with another_process(tmp_path):
        begun = time.monotonic()
        with pytest.raises(StateBusy), lease(URL, tmp_path, 0.5, "rostersync plan"):
            pytest.fail("two processes hold the state")
        assert time.monotonic() - begun >= 0.5


def test_a_killed_process_leaves_the_state_free(tmp_path: Path) -> None:
    with another_process(tmp_path) as child:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        with lease(URL, tmp_path, 0, "rostersync sync"):
            assert f"process {os.getpid()} " in (tmp_path / "state.db.lock").read_text()


def test_the_file_says_who_and_since_when_and_nothing_after_the_end(tmp_path: Path) -> None:
    at = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
    with lease(URL, tmp_path, 0, "rostersync sync", clock=lambda: at):
        said = (tmp_path / "state.db.lock").read_text()
    assert said == f"process {os.getpid()} (rostersync sync) since 2026-11-22T04:30:00+00:00"
    assert (tmp_path / "state.db.lock").read_text() == ""


def test_an_error_inside_the_block_frees_the_state(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lease(URL, tmp_path, 0, "rostersync sync"):
        raise ZeroDivisionError
    with lease(URL, tmp_path, 0, "rostersync sync"):
        pass


def test_the_file_is_for_nobody_elses_eyes(tmp_path: Path) -> None:
    with lease(URL, tmp_path, 0, "rostersync sync"):
        assert stat.S_IMODE((tmp_path / "state.db.lock").stat().st_mode) == 0o600


def test_states_in_different_files_are_free_of_each_other(tmp_path: Path) -> None:
    with lease(URL, tmp_path, 0, "rostersync sync"), lease("sqlite:///other.db", tmp_path, 0, "rostersync sync"):
        assert (tmp_path / "other.db.lock").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(TryLater, match=r"nowhere/state\.db\.lock .*make its folder"),
        lease(URL, tmp_path / "nowhere", 0, "rostersync sync"),
    ):
        pytest.fail("there is nothing to hold")


def test_a_url_that_names_no_file_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserMistake), lease("sqlite://", tmp_path, 0, "rostersync sync"):
        pytest.fail("there is nothing to hold")
