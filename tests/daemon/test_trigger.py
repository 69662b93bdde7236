"""Asking the running daemon: who may, what she is told, and what a bad caller gets."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from datetime import date

import pytest

from rostersync.store.lease import lease
from tests.daemon.conftest import QUIET, Daemon, crowd, until
from tests.scenarios.town import AUTUMN, Town, national_number


@pytest.fixture
def daemon(town: Town, daemons) -> Daemon:
    """A daemon that has run once."""
    daemon = daemons(town).ready()
    assert daemon.trigger().code == 0
    return daemon


def say(daemon: Daemon, text: bytes) -> list[dict[str, object]]:
    """Send bytes to the trigger socket and give what comes back."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(str(daemon.town.home / "rostersync.sock"))
        line.sendall(text)
        received = b""
        while some := line.recv(65_536):
            received += some
    return [json.loads(one) for one in received.splitlines()]


def journal(town: Town) -> list[tuple[str, str]]:
    store = town.store()
    try:
        return [(one.what, one.who) for one in reversed(store.journal.entries(100))]
    finally:
        store.close()


def test_a_run_is_asked_for_and_its_report_comes_back(daemon: Daemon) -> None:
    daemon.town.world.drop("ola")
    daemon.town.export(AUTUMN.replace(day=6))
    told = daemon.command("trigger", "oslo", "--json")
    assert json.loads(told.stdout)["changes"] == {"person": {"depart": 1}} or told.returncode in (0, 3)
    assert journal(daemon.town)[-1][0] == "trigger sync"


@pytest.mark.parametrize(
    ("part", "sent", "what"),
    [
        (["--all"], 21, "resync all"),
        (["--school", "974589230"], 13, "resync school"),
        (["--group", "lab.example/7A"], 5, "resync group"),
        (["--person", "lab.example/kari"], 1, "resync person"),
    ],
)
def test_a_part_is_sent_again(daemon: Daemon, part: list[str], sent: int, what: str) -> None:
    told = daemon.command("trigger", "oslo", *part, "--json")
    assert (told.returncode, json.loads(told.stdout)["sent"]) == (0, sent)
    assert journal(daemon.town)[-1][0] == what


def test_a_national_number_is_typed_and_never_an_argument(daemon: Daemon) -> None:
    number = national_number(date(2014, 2, 3), 500)
    refused = daemon.command("trigger", "oslo", "--person", number)
    assert (refused.returncode, "may not be an argument" in refused.stderr) == (64, True)
    told = daemon.command("trigger", "oslo", "--person", "-", stdin=f"{number}\n")
    assert (told.returncode, told.stdout) == (0, "Sent again: 1 objects; 0 failed.\n")
    assert number not in daemon.log.read_text() + refused.stderr + told.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["bergen"], 64, "the daemon has no [sync.bergen]; its syncs are: oslo"),
        (["oslo", "--person", "nobody"], 64, "that key means nobody here"),
        (["oslo", "--school", "1"], 64, "no school has the number 1"),
        (["oslo", "--all", "--full"], 64, "ask for one thing"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_code_of_the_command(
    daemon: Daemon, arguments: list[str], code: int, sentence: str
) -> None:
    told = daemon.command("trigger", *arguments)
    assert (told.returncode, sentence in told.stderr) == (code, True), told.stderr
    document = daemon.command("trigger", *arguments, "--json").stdout
    assert json.loads(document)["code"] == code


def test_without_a_daemon_it_says_what_to_do(town: Town) -> None:
    told = Daemon(town).command("trigger", "oslo")
    assert (told.returncode, "no daemon answers at" in told.stderr, "rostersync sync oslo" in told.stderr) == (
        1,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (b"GET / HTTP/1.1\n", "no question of this protocol"),
        (b'{"sync": "oslo", "version": 2, "new": true}\n', "speaks version 1, and the caller 2"),
        (b'{"sync": "oslo", "version": 1, "surprise": true}\n', "no question of this protocol"),
        (b'{"sync": "oslo", "version": 1, "ask": "resync", "part": "person"}\n', "takes a key"),
        (b'{"sync": "oslo", "key": "' + b"x" * 5_000 + b'"}\n', "at most 4,096 bytes"),
        (b"[" * 4_000 + b"\n", "no question of this protocol"),
    ],
)
def test_a_caller_that_makes_no_sense_is_told_so_in_a_bounded_way(daemon: Daemon, sent: bytes, sentence: str) -> None:
    (said,) = say(daemon, sent)
    assert (said["said"], said["code"]) == ("refused", 64)
    assert sentence in said["problems"][0]
    assert b"xxx" not in json.dumps(said).encode()


def test_a_caller_that_says_nothing_is_hung_up_on(daemon: Daemon) -> None:
    began = time.monotonic()
    assert say(daemon, b"") == []
    assert time.monotonic() - began < 10
    assert daemon.trigger().code == 0


def test_a_caller_that_hangs_up_changes_nothing(daemon: Daemon) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(daemon.town.home / "rostersync.sock"))
        line.sendall(b'{"sync": "oslo", "version": 1}\n')
    until(lambda: len(daemon.events("run.finished")) == 2)


def test_progress_comes_while_it_runs(town: Town, daemons) -> None:
    crowd(town, 1_500)
    town.export(AUTUMN)
    said = [str(one["said"]) for one in say(daemons(town).ready(), b'{"sync": "oslo", "version": 1}\n')]
    assert said[:2] == ["queued", "started"]
    assert "progress" in said
    assert said[-1] == "done"


def as_user(user: int, group: int, daemon: Daemon, *groups: int) -> subprocess.CompletedProcess[str]:
    """`trigger`, asked by another user of the machine."""
    code = (
        "import socket, sys\nline = socket.socket(socket.AF_UNIX)\nline.connect(sys.argv[1])\n"
        'line.sendall(b\'{"sync": "oslo", "version": 1}\\n\')\nprint(line.makefile().read())'
    )
    path = str(daemon.town.home / "rostersync.sock")
    for folder in [daemon.town.home, *daemon.town.home.parents][:-2]:
        folder.chmod(0o755)
    return subprocess.run(
        ["/usr/bin/env", "python3", "-c", code, path],
        user=user,
        group=group,
        extra_groups=groups,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@as_root
def test_another_user_may_not_ask(daemon: Daemon) -> None:
    told = as_user(65_534, 65_534, daemon)
    assert "PermissionError" in told.stderr
    (daemon.town.home / "rostersync.sock").chmod(0o666)
    told = as_user(65_534, 65_534, daemon)
    assert "user 65534 may not" in told.stdout
    assert daemon.events("trigger.refused", uid=65_534) != []


@as_root
def test_a_member_of_the_group_may_ask(town: Town, daemons) -> None:
    town.config.write_text(town.config.read_text().replace(QUIET, f'{QUIET}group = "games"\n'))
    daemon = daemons(town).ready()
    import grp

    told = as_user(65_534, grp.getgrnam("games").gr_gid, daemon)
    assert '"said":"done"' in told.stdout
    assert (town.home / "rostersync.sock").stat().st_mode & 0o777 == 0o660


def test_a_command_that_finds_the_daemon_at_work_is_told_of_trigger(town: Town, daemons) -> None:
    crowd(town, 1_500)
    town.export(AUTUMN)
    daemon = daemons(town).ready()
    caller = daemons(town).begin("rostersync", "-c", str(town.config), "trigger", "oslo")
    daemon.wait_for("run.started")
    told = daemon.command("sync", "oslo")
    assert told.returncode == 1
    assert "the daemon, running oslo" in told.stderr
    assert "rostersync trigger oslo" in told.stderr
    assert "--wait" in told.stderr
    assert daemon.command("sync", "oslo", "--wait", "30s").returncode == 0
    assert caller.end(0) == 0


def test_a_run_waits_for_a_command_that_holds_the_state(town: Town, daemons) -> None:
    daemon = daemons(town).ready()
    with lease("sqlite:///state.db", town.home, 10, "a test"):
        caller = daemons(town).begin("rostersync", "-c", str(town.config), "trigger", "oslo")
        daemon.wait_for("errand.waits")
        until(lambda: "waiting: the state is in use" in caller.log.read_text())
        assert daemon.events("run.started") == []
    assert caller.end(0) == 0
    assert len(daemon.events("run.finished")) == 1
