"""What holds for every command: one JSON document that names nobody, global options anywhere, quiet, help."""

from __future__ import annotations

import runpy

import pytest

from tests.cli.conftest import Desk

PERSONAL = ("Kari", "Lund", "Anne", "anne@home.example", "lab.example", "2014-02-03", "Dahl")
"""Some of what must never come out of a command in JSON."""

DECIDED = ["--reason", "a case is open"]
EVERY = [
    ["check", "--online", "--released"],
    ["plan", "oslo", "--full"],
    ["sync", "oslo", "--full"],
    ["resync", "oslo", "--all"],
    ["adopt", "oslo"],
    ["drift", "oslo", "--list"],
    ["drift", "oslo", "repair", *DECIDED],
    ["runs"],
    ["status"],
    ["person", "lab.example/kari"],
    ["person", "link", "lab.example/kari", "lab.example/per", *DECIDED],
    ["person", "unlink", "lab.example/kari", "lab.example/per", *DECIDED],
    ["questions"],
    ["group", "lab.example/7A"],
    ["guardian", "deny", "lab.example/kari", "lab.example/mor", *DECIDED],
    ["protect", "lab.example/kari", *DECIDED],
    ["pin", "add", "lab.example/kari", "--until", "2999-01-01", *DECIDED],
    ["pin", "list"],
    ["trash", "list"],
    ["journal", "list"],
    ["mapping", "test"],
    ["source", "retire", "everyday", *DECIDED],
    ["state", "recover", *DECIDED],
]


@pytest.mark.parametrize("command", EVERY, ids=lambda command: " ".join(command[:2]))
def test_every_command_prints_one_json_document_that_names_nobody(desk: Desk, command: list[str]) -> None:
    told = desk(*command, "--json")
    assert told.code in (0, 2)
    assert isinstance(told.document, (dict, list))
    assert [one for one in PERSONAL if one in told.out] == []
    assert told.err == ""


@pytest.mark.parametrize("command", [["status"], ["trash", "list"], ["pin", "list"], ["journal", "list"]])
def test_the_global_options_work_before_and_after_the_command(desk: Desk, command: list[str]) -> None:
    config = ["-c", str(desk.town.config)]
    expected = desk.bare(*config, "--json", *command)
    assert expected.code == 0
    assert desk.bare("--json", *command, *config).out == expected.out
    assert desk.bare(command[0], *config, *command[1:], "--json").out == expected.out


def test_quiet_says_only_what_is_wrong(desk: Desk) -> None:
    assert desk("--quiet", "sync", "oslo").out == ""
    assert desk("mapping", "test", "--quiet").out == ""
    assert "has no [sync.bergen]" in desk("sync", "bergen", "--quiet").err


def test_help_lists_what_is_there_and_nothing_else(desk: Desk) -> None:
    told = desk.bare("--help")
    assert told.code == 0
    for word in ("plan", "sync", "approve", "trash", "guardian", "--config", "--json", "--quiet", "--version"):
        assert word in told.out
    assert "serve" in told.out
    assert "trigger" in told.out
    assert "gdpr" not in told.out
    assert desk.bare("trash", "--help").code == 0
    assert desk.bare("--version").out.startswith("rostersync, version ")


def test_the_environment_names_the_config(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTERSYNC_CONFIG", str(desk.town.config))
    assert desk.bare("status").code == 0


def test_python_dash_m_is_the_same_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["rostersync", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("rostersync", run_name="__main__")
    assert ended.value.code == 0
