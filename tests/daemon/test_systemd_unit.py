"""The unit and its snippets are what systemd accepts, and as closed as they claim."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "systemd"
UNIT = FOLDER / "rostersync.service"
KEYS = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#"))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not on this machine: apt-get install systemd")
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    there = tmp_path / UNIT.name
    there.write_text(UNIT.read_text().replace("/opt/rostersync/bin/rostersync", sys.executable))
    told = run("systemd-analyze", "verify", "--man=no", str(there))
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_its_exposure_is_at_most_1_5() -> None:
    told = run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", str(UNIT))
    assert told.returncode == 0, told.stdout[-300:]


def test_the_snippets_are_understood(tmp_path: Path) -> None:
    users = run("systemd-sysusers", "--dry-run", str(FOLDER / "rostersync.sysusers.conf"))
    assert (users.returncode, "rostersync-operators" in users.stdout + users.stderr) == (0, True), users.stderr
    folders = run("systemd-tmpfiles", "--create", f"--root={tmp_path}", str(FOLDER / "rostersync.tmpfiles.conf"))
    assert "Failed to parse" not in folders.stderr
    assert "Unknown modifier" not in folders.stderr


def test_the_unit_keeps_what_the_daemon_promises() -> None:
    assert KEYS["Type"] == "notify"
    assert KEYS["ExecReload"] == "/bin/sh -c 'kill -HUP $MAINPID'"
    assert KEYS["RestartPreventExitStatus"] == "78"
    assert KEYS["Restart"] == "on-failure"
    assert KEYS["LoadCredential"].startswith("state-secret:")
    assert int(KEYS["TimeoutStopSec"].removesuffix("s")) > 20
    assert {"StateDirectory", "RuntimeDirectory", "WatchdogSec"} <= KEYS.keys()


def test_the_how_to_names_every_file_of_the_unit() -> None:
    text = (ROOT / "docs" / "how-to" / "service.md").read_text()
    for path in FOLDER.iterdir():
        assert path.name in text
