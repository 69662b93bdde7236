"""Tables and progress on a terminal, in a pipe and for a program."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

from rostersync.cli.shell import Shell
from rostersync.cli.show import WIDTH, progress, steps, table

HEADINGS = ["Our id", ">Count", "Reason"]


class Terminal(io.StringIO):
    """A stderr at which somebody sits."""

    def isatty(self) -> bool:
        return True


def shell(**options: bool) -> Shell:
    """The global options of a command."""
    made = Shell()
    for name, value in options.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a table looks like in a pipe."""

    def show(*rows: tuple[object, ...]) -> str:
        table(HEADINGS, rows, empty="Nobody is there.")
        return capsys.readouterr().out

    return show


# -- tables ---------------------------------------------------------------------------------------------------------


def test_headings_stand_over_their_columns_and_numbers_to_the_right(shown: Callable[..., str]) -> None:
    head, first, second = shown(("a" * 32, 7, "absent"), ("b" * 32, 1200, "left")).splitlines()
    assert head.split() == ["Our", "id", "Count", "Reason"]
    assert ">" not in head
    assert first.index("7") == second.index("1200") + 3
    assert first.index("absent") == second.index("left") == head.index("Reason")


def test_without_rows_there_is_a_sentence_and_no_headings(shown: Callable[..., str]) -> None:
    assert shown() == "Nobody is there.\n"


@pytest.mark.parametrize(
    "reason", ["[bold]case 26/1234[/bold]", ":smile: at 10:00", "[/] is closed", "https://skole.example/a[1]", "\\[x]"]
)
def test_what_people_write_is_shown_as_they_wrote_it(shown: Callable[..., str], reason: str) -> None:
    assert reason in shown(("x", 1, reason))


def test_in_a_pipe_no_value_is_cut_off_however_long(shown: Callable[..., str]) -> None:
    reason = "because " * 60
    told = shown(("a" * 32, 1, reason.strip()))
    assert "…" not in told
    assert told.count("because") == 60
    assert max(map(len, told.splitlines())) <= WIDTH


def test_none_and_numbers_are_cells_too(shown: Callable[..., str]) -> None:
    assert shown(("x", 0, None)).splitlines()[1].split() == ["x", "0", "None"]


def test_a_pipe_gets_no_colours(shown: Callable[..., str]) -> None:
    assert "\x1b" not in shown(("x", 1, "reason"))


# -- progress -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "options"),
    [(io.StringIO(), {}), (Terminal(), {"json": True}), (Terminal(), {"quiet": True})],
    ids=["nobody watches", "for a program", "quiet"],
)
def test_progress_is_silent_where_nobody_watches(
    stream: io.StringIO, options: dict[str, bool], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with progress(shell(**options), "Reading") as advance:
        advance(3, 10)
    with steps(shell(**options)) as step:
        step("planning for lms", 3)
    assert (stream.getvalue(), capsys.readouterr().out) == ("", "")


def test_somebody_at_a_terminal_sees_each_step_and_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    with steps(shell()) as step:
        step("everyday", 1000)
        step("planning for lms", 3)
        step("everyday", 12_000)
    for word in ("everyday", "12,000", "planning for lms"):
        assert word in screen.getvalue()
    assert capsys.readouterr().out == "", "stdout belongs to the report"


@pytest.mark.parametrize("of", [0, 40], ids=["nobody knows of how many", "of forty"])
def test_a_bar_can_be_shown_with_and_without_an_end(monkeypatch: pytest.MonkeyPatch, of: int) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    with progress(shell(), "Making pupils") as advance:
        advance(7, of)
    assert "Making pupils" in screen.getvalue()
    assert ("7/40" if of else "7/?") in screen.getvalue()
