"""What a person at a terminal reads when something is in the way: full disks, closed folders, Ctrl-C, a wrong secret."""

from __future__ import annotations

import contextlib
import errno
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rostersync.cli import failing
from rostersync.cli.shell import Shell
from rostersync.errors import NotOurs, Problem, SnapshotRefused, StateBroken, TargetUnavailable, Usage, UserMistake
from tests.cli.conftest import Desk
from tests.scenarios.town import AUTUMN, SECRET, SOURCE, Town

ON = ("--as-of", str(AUTUMN))
CLOSED = Path("/sys")
"""A folder in which not even root may make a file."""


def process(town: Town, *arguments: str, **options: object) -> subprocess.Popen[str]:
    """The same command as a process of its own."""
    command = [sys.executable, "-m", "rostersync", "-c", str(town.config), *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, text=True, **(pipes | options))  # type: ignore[call-overload,no-any-return]


def said(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if not line.startswith('{"')]


# -- the sentence and the code --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserMistake([Problem("a.toml:3", "wrong"), "also wrong"]), 78),
        (Usage(["not like this"]), 64),
        (StateBroken("damaged"), 1),
        (NotOurs("not empty"), 1),
        (TargetUnavailable("down"), 1),
        (SnapshotRefused("zero", "nobody in it"), 1),
    ],
)
def test_each_kind_of_error_has_its_code_and_all_its_sentences(
    error: UserMistake, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing.explain(error, Shell()) == code
    assert capsys.readouterr().err == f"{error}\n"


def test_with_json_the_error_is_one_document_too(desk: Desk) -> None:
    for arguments, code in (
        (("sync", "bergen"), 64),
        (("pin", "add"), 64),
        (("frobnicate",), 64),
        (("plan", "oslo", "--wait", "soon"), 64),
    ):
        told = desk(*arguments, "--json")
        assert (told.code, told.document["code"]) == (code, code)
        assert told.document["problems"] == told.err.splitlines()


def test_a_mistyped_command_is_answered_with_how_it_is_typed(desk: Desk) -> None:
    for arguments, sentence in (
        (("syn", "oslo"), "No such command 'syn'"),
        (("sync",), "Missing argument 'SYNC'"),
        (("sync", "oslo", "--ful"), "No such option"),
        (("sync", "oslo", "--wait", "soon"), '"soon" is no time; write it as 60s or 5m'),
        (("sync", "oslo", "--as-of", "6.10.2026"), '"6.10.2026" is no date; write it as YYYY-MM-DD'),
        (("runs", "0"), "0 is not in the range"),
    ):
        told = desk(*arguments)
        assert told.code == 64
        assert sentence in told.err


# -- secret and config ----------------------------------------------------------------------------------------------


def test_a_wrong_secret_is_seen_before_anything_is_done(desk: Desk) -> None:
    (desk.town.home / "secret").write_text(SECRET[::-1])
    for command in (["status"], ["sync", "oslo"], ["person", f"{SOURCE}/kari"]):
        told = desk(*command)
        assert told.code == 78
        assert "secret" in told.err
        assert SECRET[::-1] not in told.err


def test_a_short_secret_says_how_to_make_one(desk: Desk) -> None:
    (desk.town.home / "secret").write_text("short")
    told = desk("status")
    assert (told.code, told.err) == (
        78,
        "[state] secret: it has 5 bytes and needs at least 32; make one with `openssl rand -base64 48`\n",
    )


def test_a_missing_config_secret_or_mapping_is_named_with_its_line(desk: Desk) -> None:
    gone = desk.bare("-c", "/nowhere/r.toml", "status")
    assert (gone.code, gone.err) == (78, "/nowhere/r.toml: there is no such config; make one: rostersync init DIR\n")
    (desk.town.home / "secret").unlink()
    assert desk("status").err.startswith("rostersync.toml:4: the secret in ")
    desk.town.config.write_text(desk.town.config.read_text().replace("ist-everyday.yaml", "ist.yaml"))
    told = desk("plan", "oslo")
    assert (told.code, "ist.yaml: cannot be read: No such file or directory" in told.err) == (78, True)


# -- the machine ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "advice"), [(errno.ENOSPC, "make room on that disk"), (errno.EACCES, "the right to it")]
)
def test_a_full_disk_and_a_closed_folder_get_advice(
    number: int, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing.obstructed(OSError(number, os.strerror(number), "/srv/x"), Shell()) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"/srv/x: {os.strerror(number)}; ")
    assert advice in told
    failing.obstructed(OSError(number, os.strerror(number)), Shell())
    assert capsys.readouterr().err.startswith("a file could not be written: ")


def test_a_place_that_is_closed_to_this_user_is_named(desk: Desk) -> None:
    if not CLOSED.is_dir():
        pytest.skip("this machine has no /sys")
    for arguments in (("plan", "oslo", "--html", f"{CLOSED}/plan.html"), ("init", f"{CLOSED}/new")):
        told = desk(*arguments)
        assert told.code == 1
        assert told.err.startswith(str(CLOSED))
        assert "Traceback" not in told.err


def test_a_page_that_cannot_be_written_still_gives_one_json_document(desk: Desk, tmp_path: Path) -> None:
    told = desk("plan", "oslo", "--html", str(tmp_path / "no" / "plan.html"), "--json")
    assert (told.code, told.document["problems"]) == (1, told.err.splitlines())
    assert "No such file or directory" in told.err


@pytest.mark.parametrize("full", ["before the source is copied", "while the state is written"])
def test_on_a_full_disk_the_run_stops_with_a_sentence_and_a_whole_set_stands(desk: Desk, full: str) -> None:
    desk.town.world.change("kari", given="Karianne" * 40_000)
    desk.town.export(AUTUMN)

    state = (desk.town.home / "state.db").stat().st_size
    room = desk.town.export_path.stat().st_size // 2 if full.startswith("before") else state + 4096

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    run = process(desk.town, "sync", "oslo", *ON, preexec_fn=little_room)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "Traceback" not in err
    assert "disk" in out + "".join(said(err))
    assert len(desk.town.set().users) == 7
    assert desk("sync", "oslo", *ON).code == 0, "with room on the disk the next run goes on"
    assert ("Karianne" * 40_000, "school") in desk.town.known()


def open_files(pid: int) -> list[str]:
    """What a process has open; a file it closes while we look is none of them."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(str(link.readlink()))
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def at_the_keyboard() -> None:
    """In the new process: Ctrl-C means what it means at a terminal, also where the tests run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_says_that_nothing_is_lost(desk: Desk) -> None:
    from rostersync.store.lease import lease

    settings = desk.town.settings().state
    with lease(settings.url, settings.base, 0, "rostersync sync"):
        run = process(desk.town, "sync", "oslo", "--wait", "60s", preexec_fn=at_the_keyboard)
        wait_for(lambda: any(path.endswith("state.db.lock") for path in open_files(run.pid)))
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=30)
    assert run.returncode == 1
    assert said(err)[-1] == "Stopped. What was delivered is recorded; give the same command again to go on."


def test_a_reader_who_has_seen_enough_is_no_error(desk: Desk) -> None:
    run = process(desk.town, "person", f"{SOURCE}/kari")
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.close()
    err = run.stderr.read()
    run.stderr.close()
    run.wait(timeout=60)
    assert said(err) == []


# -- at a terminal --------------------------------------------------------------------------------------------------


def at_terminal(town: Town, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Run a command whose stdin, stdout and stderr are a terminal; gives its code and all that stood on the screen."""
    ours, theirs = pty.openpty()
    run = process(
        town,
        *arguments,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"COLUMNS": "120", "TERM": "xterm"},
    )
    os.close(theirs)
    screen = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        try:
            part = os.read(ours, 4096) if ready else b""
        except OSError:  # the terminal is gone with its last user
            part = b""
        if not part:
            break
        screen += part
        if typed and b"national number" in screen:
            os.write(ours, f"{typed}\n".encode())
            typed = ""
    os.close(ours)
    return run.wait(timeout=60), screen.decode()


def test_at_a_terminal_a_person_reads_the_report_and_no_log_lines(desk: Desk) -> None:
    desk.town.world.drop("siri")
    desk.town.export(AUTUMN)
    code, screen = at_terminal(desk.town, "sync", "oslo", *ON)
    assert code == 0
    assert "oslo: sync for 2026-10-05" in screen
    assert "run.started" not in screen
    assert "snapshot_accepted" not in screen
    assert "timestamp" not in screen


def test_in_service_the_log_goes_to_stderr_as_json_lines_and_the_report_to_stdout(desk: Desk) -> None:
    run = process(desk.town, "sync", "oslo", *ON)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, said(err)) == (0, [])
    assert '"event": "run.finished"' in err
    assert "run.finished" not in out
    assert "oslo: sync for" in out


def test_a_national_number_typed_at_the_prompt_is_not_shown(desk: Desk) -> None:
    number = desk.town.world.people["kari"].number
    code, screen = at_terminal(desk.town, "person", "-", "--json", typed=number)
    assert code == 0
    assert "Key or national number: " in screen
    assert number not in screen
    assert desk.town.person("kari") in screen
