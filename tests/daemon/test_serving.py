"""The daemon as systemd and an operator know it: it starts, tells how it fares, reloads and ends."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sqlite3
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from rostersync.cli import main
from rostersync.daemon.checkup import checkup
from rostersync.errors import UserMistake
from tests.daemon.conftest import QUIET, Daemon, Ear, crowd, free_port, until
from tests.scenarios.town import AUTUMN, SECRET, Town


def rewrite(town: Town, old: str, new: str) -> None:
    town.config.write_text(town.config.read_text().replace(old, new))


def ask(port: int, page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


# -- starting and ending --------------------------------------------------------------------------------------------


def test_it_tells_systemd_that_it_is_up_what_is_next_that_it_lives_and_that_it_ends(
    town: Town, ear: Ear, daemons
) -> None:
    rewrite(town, QUIET, f'schedule = "30 4 * * *"\n{QUIET}')
    daemon = daemons(town, ear, WATCHDOG_USEC="1000000").ready()
    until(ear.has("WATCHDOG=1"), "WATCHDOG=1")
    assert daemon.end() == 0
    heard = ear.listen()
    assert heard[0] == "READY=1"
    assert heard[1].startswith("STATUS=next oslo 20")
    assert "STOPPING=1" in heard
    assert not (town.home / "rostersync.sock").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_ends_between_two_batches_and_the_next_start_finishes(town: Town, daemons, number: int) -> None:
    crowd(town, 1_500)
    town.export(AUTUMN)
    daemon = daemons(town).ready()
    caller = daemons(town).begin("rostersync", "-c", str(town.config), "trigger", "oslo")
    daemon.wait_for("run.started")
    time.sleep(0.3)
    began = time.monotonic()
    assert daemon.end(number) == 0
    assert time.monotonic() - began < 20
    assert caller.end(0) == 1
    assert daemon.events("run.finished") == []
    assert "asked to end" in caller.log.read_text()
    daemon.ready()
    assert daemon.trigger().code == 0
    assert town.run(AUTUMN, "plan", full=True).changes == {}
    assert [one.name for one in (town.home / "out").iterdir()] == ["oneroster.zip"]


def test_a_second_daemon_on_the_same_state_is_refused(town: Town, tmp_path: Path, daemons) -> None:
    first = daemons(town).ready()
    rewrite(town, QUIET, f'{QUIET}socket = "other.sock"\n')
    second = first.command("serve")
    assert second.returncode == 1
    assert "another daemon (process " in second.stderr
    assert "rostersync trigger" in second.stderr


def test_what_a_killed_daemon_left_behind_is_in_nobodys_way(town: Town, daemons) -> None:
    daemon = daemons(town).ready()
    daemon.end(signal.SIGKILL)
    assert (town.home / "rostersync.sock").exists()
    daemon.ready()
    assert daemon.trigger().code == 0


# -- what is wrong at the start -------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["missing", "readable by everybody", "no systemd"])
def test_a_credential_that_is_missing_or_readable_by_everybody_ends_it_with_78(
    town: Town, daemons, trouble: str
) -> None:
    rewrite(town, '{ file = "secret" }', '{ credential = "state-secret" }')
    folder = town.home / "credentials"
    folder.mkdir()
    if trouble == "readable by everybody":
        (folder / "state-secret").write_text(SECRET)
        (folder / "state-secret").chmod(0o644)
    surroundings = {} if trouble == "no systemd" else {"CREDENTIALS_DIRECTORY": str(folder)}
    refused = daemons(town, **surroundings).command("serve")
    assert refused.returncode == 78
    assert {"missing": "cannot be read", "readable by everybody": "chmod 600", "no systemd": "needs systemd"}[
        trouble
    ] in refused.stderr
    assert SECRET not in refused.stderr


def test_a_credential_of_systemd_is_read(town: Town, daemons) -> None:
    rewrite(town, '{ file = "secret" }', '{ credential = "state-secret" }')
    folder = town.home / "credentials"
    folder.mkdir()
    shutil.copy(town.home / "secret", folder / "state-secret")
    daemon = daemons(town, CREDENTIALS_DIRECTORY=str(folder)).ready()
    assert daemon.trigger().code == 0


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ('schedule = "0 0 31 2 *"', 'rostersync.toml:20: "schedule": "0 0 31 2 *" never comes'),
        ('schedule_full = "0 3 * * 8"', 'rostersync.toml:20: "schedule_full": day of the week: "8" is not 0 to 7'),
        ('catch_up = "soon"', '"catch_up" must be a time span'),
        ('[daemon]\nlisten = "0.0.0.0:9464"', "loopback"),
        ('[daemon]\nlisten = "9464"', '"listen" must be an address and a port'),
        ('[daemon]\ngroup = "no-such-group"', 'there is no group "no-such-group"'),
        ('[daemon]\nsocket = "' + "x" * 120 + '"', "longer than 107 bytes"),
        ('[daemon]\nlate_after = "off"', "cannot be off"),
        ("[daemon]\nsokcet = 1", 'did you mean "socket"?'),
    ],
)
def test_check_and_serve_refuse_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keys: str, sentence: str
) -> None:
    town = Town(tmp_path, extra=keys)
    with pytest.raises(SystemExit) as ended:
        main(["-c", str(town.config), "check"])
    assert (ended.value.code, sentence in capsys.readouterr().err) == (78, True)
    with pytest.raises(UserMistake, match=re.escape(sentence)):
        checkup(town.config)


@pytest.mark.parametrize("schedule", ["", 'schedule = "30 4 * * *"'])
def test_arrivals_alone_do_not_do_where_files_lie_on_a_server(tmp_path: Path, schedule: str) -> None:
    town = Town(tmp_path, extra=f"on_arrival = true\n{schedule}")
    checkup(town.config)
    rewrite(town, 'files = "in/*.xml"', 'files = "https://export.lunde.example/export.xml"')
    if schedule:
        checkup(town.config)
    else:
        with pytest.raises(UserMistake, match="none of its sources reads a folder of this machine; give it a schedule"):
            checkup(town.config)


def test_a_state_that_is_locked_at_the_start_is_waited_for(town: Town, ear: Ear, daemons) -> None:
    town.sync(AUTUMN)
    holder = sqlite3.connect(town.home / "state.db")
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    daemon = daemons(town, ear).begin()
    daemon.wait_for("serve.waits_for_state")
    until(ear.has("EXTEND_TIMEOUT_USEC="), "EXTEND_TIMEOUT_USEC")
    assert ear.has("STATUS=waiting for the state, try 1: ")()
    assert not ear.has("READY=1")()
    holder.rollback()
    holder.close()
    until(ear.has("READY=1"), "READY=1")


def test_an_address_that_is_taken_is_said(town: Town, daemons) -> None:
    port = free_port()
    rewrite(town, 'listen = ""', f'listen = "127.0.0.1:{port}"')
    daemons(town).ready()
    other = Town(town.home / "other", extra=f'[daemon]\nlisten = "127.0.0.1:{port}"\n')
    refused = daemons(other).command("serve")
    assert (refused.returncode, f"127.0.0.1:{port} cannot be listened on" in refused.stderr) == (1, True)


# -- reloading ------------------------------------------------------------------------------------------------------


def test_a_reload_takes_over_what_check_finds_no_fault_in(town: Town, ear: Ear, daemons) -> None:
    daemon = daemons(town, ear).ready()
    rewrite(town, QUIET, f'schedule = "15 5 * * *"\n{QUIET}')
    daemon.send(signal.SIGHUP)
    daemon.wait_for("serve.reloaded")
    until(lambda: any(line.startswith("STATUS=next oslo") and line.endswith("05:15") for line in ear.listen()))
    told = ear.heard
    begun = told.index("RELOADING=1")
    assert told[begun + 1].startswith("MONOTONIC_USEC=")
    assert "READY=1" in told[begun:]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('from = ["everyday"]', 'from = ["everyday"', "not valid TOML"),
        (QUIET, f'schedule = "0 0 31 2 *"\n{QUIET}', "never comes"),
        ('roles = "', 'roles = "/nowhere', "cannot be read"),
        ("state.db", "other.db", "takes a restart"),
    ],
)
def test_a_config_broken_on_reload_leaves_the_old_one_at_work(
    town: Town, ear: Ear, daemons, old: str, new: str, reason: str
) -> None:
    port = free_port()
    rewrite(town, 'listen = ""', f'listen = "127.0.0.1:{port}"')
    old, new = (text.replace('listen = ""', f'listen = "127.0.0.1:{port}"') for text in (old, new))
    daemon = daemons(town, ear).ready()
    right = town.config.read_text()
    rewrite(town, old, new)
    daemon.send(signal.SIGHUP)
    assert reason in str(daemon.wait_for("serve.reload_refused")["problems"])
    until(ear.has("STATUS=config refused"), "STATUS")
    code, page = ask(port, "/readyz")
    assert (code, reason in page) == (503, True)
    assert "rostersync_config_accepted 0" in ask(port, "/metrics")[1]
    town.config.write_text(right)
    assert daemon.trigger().code == 0
    daemon.send(signal.SIGHUP)
    daemon.wait_for("serve.reloaded")
    assert ask(port, "/readyz")[0] == 200


def test_local_lists_are_read_anew_for_every_run_and_a_broken_one_leaves_the_last(town: Town, daemons) -> None:
    lists = town.home / "grants.yaml"
    lists.write_text("version: 1\ngrants: []\n")
    rewrite(town, QUIET, f'grants = "grants.yaml"\n{QUIET}')
    daemon = daemons(town).ready()
    assert daemon.trigger().code == 0
    lists.write_text(
        "version: 1\ngrants:\n"
        '  - {person: lab.example/eva, role: school_leader, school: "974589230", reason: principal, from: 2020-01-01, to: 2099-01-01}\n'
    )
    assert daemon.trigger().document["changes"] != {}
    lists.write_text("version: 1\ngrants: [\n")
    assert daemon.trigger().code == 0
    assert daemon.events("lists.refused") != []


# -- how it fares ---------------------------------------------------------------------------------------------------


@pytest.fixture
def watched(town: Town, daemons) -> tuple[Daemon, int]:
    """A daemon that answers over HTTP, and its port."""
    port = free_port()
    rewrite(town, 'listen = ""', f'listen = "127.0.0.1:{port}"')
    return daemons(town).ready(), port


def test_it_says_that_it_lives_and_is_ready(watched: tuple[Daemon, int]) -> None:
    _, port = watched
    assert ask(port, "/healthz") == (200, '{\n "alive": true\n}\n')
    code, page = ask(port, "/readyz")
    assert (code, json.loads(page)["ready"]) == (200, True)
    assert ask(port, "/else")[0] == 404


def test_a_run_that_failed_makes_it_unready_until_one_succeeds(watched: tuple[Daemon, int]) -> None:
    daemon, port = watched
    export = daemon.town.export_path.read_bytes()
    daemon.town.export_path.unlink()
    assert daemon.trigger().code == 1
    code, page = ask(port, "/readyz")
    assert (code, "every source of the last run was refused" in page) == (503, True)
    daemon.town.export_path.write_bytes(export)
    assert daemon.trigger().code == 0
    assert ask(port, "/readyz")[0] == 200


def test_only_get_and_head_are_answered_and_the_silent_are_hung_up_on(watched: tuple[Daemon, int]) -> None:
    import http.client
    import socket

    _, port = watched
    for method, status in (("HEAD", 200), ("POST", 501), ("DELETE", 501)):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request(method, "/healthz")
        answer = connection.getresponse()
        assert (answer.status, method != "HEAD" or answer.read() == b"") == (status, True)
        connection.close()
    with socket.create_connection(("127.0.0.1", port), timeout=15) as silent:
        assert silent.recv(100) == b""


def test_metrics_count_runs_and_changes_and_name_nobody(watched: tuple[Daemon, int]) -> None:
    daemon, port = watched
    assert daemon.trigger().code == 0
    assert daemon.trigger(full=True).code == 0
    code, page = ask(port, "/metrics")
    assert code == 200
    for line in (
        'rostersync_runs_total{sync="oslo",exit="0"} 2',
        'rostersync_changes_total{sync="oslo",kind="person",action="create"} 7',
        'rostersync_fragments_total{sync="oslo",source="everyday",result="read"} 36',
        'rostersync_known_objects{target="lms"} 21',
        'rostersync_source_accepted{sync="oslo",source="everyday"} 1',
        'rostersync_queue{sync="oslo"} 0',
        "rostersync_config_accepted 1",
    ):
        assert line in page.splitlines()
    for word in ("Kari", "Lund", "Nord skole", "974589230", "lab.example", "7A"):
        assert word not in page
    told = [line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")]
    assert len(told) == len(set(told))
    assert all(line.startswith(("# ", "rostersync_", "process_")) for line in page.splitlines())
