"""runs and journal: what ran, what it did, and who decided what, newest first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.cli.conftest import Desk
from tests.scenarios.town import AUTUMN, SOURCE, Town

NEXT = AUTUMN + timedelta(days=1)


def killed(town: Town, run: str = "killed-run") -> None:
    """A run that began and never ended."""
    store = town.store()
    store.runs.start(run, "oslo", "sync", datetime(2026, 10, 8, 4, 30, tzinfo=UTC))
    store.close()


def noted(town: Town, *entries: tuple[str, str, str]) -> None:
    """Journal entries: what, about, why; a minute apart."""
    store = town.store()
    for minute, (what, about, why) in enumerate(entries):
        store.journal.write(datetime(2026, 10, 6, 7, minute, tzinfo=UTC), "kristin", what, about, why)
    store.close()


# -- runs -----------------------------------------------------------------------------------------------------------


def test_the_newest_run_stands_first_and_only_so_many_are_shown(desk: Desk) -> None:
    for days, command in ((1, "plan"), (2, "sync"), (3, "plan")):
        desk.town.run(AUTUMN + timedelta(days=days), command)
    everything = desk("runs", "--json").document
    assert [one["command"] for one in everything] == ["plan", "sync", "plan", "sync"]
    assert [one["started_at"] for one in everything] == sorted((one["started_at"] for one in everything), reverse=True)
    assert desk("runs", "2", "--json").document == everything[:2]
    assert desk("runs", "2").out.count("oslo") == 2


def test_a_run_is_listed_without_its_whole_report(desk: Desk) -> None:
    (run,) = desk("runs", "--json").document
    assert set(run) == {"id", "sync", "command", "started_at", "finished_at", "code"}


def test_times_are_shown_as_the_schools_clock_showed_them(desk: Desk) -> None:
    assert "2026-10-05 06:30" in desk("runs").out


def test_a_killed_run_is_said_not_to_have_finished(desk: Desk) -> None:
    killed(desk.town)
    text = desk("runs").out
    (line,) = (line for line in text.splitlines() if line.startswith("killed-run"))
    assert line.rstrip().endswith("did not finish")
    newest = desk("runs", "1", "--json").document[0]
    assert (newest["id"], newest["code"], newest["finished_at"]) == ("killed-run", None, None)


def test_a_killed_run_can_be_opened_too(desk: Desk) -> None:
    killed(desk.town)
    opened = desk("runs", "--run", "killed-run", "--json").document
    assert (opened["report"], opened["changes"]) == (None, [])
    assert desk("runs", "--run", "killed-run").out == "That run changed nothing of the kind.\n"


@pytest.mark.parametrize(
    ("only", "kinds"),
    [
        ("", {("person", "update"), ("person", "depart"), ("guardianship", "end"), ("membership", "end")}),
        ("person", {("person", "update"), ("person", "depart")}),
        ("person.depart", {("person", "depart")}),
        (".end", {("guardianship", "end"), ("membership", "end")}),
        ("group", set()),
    ],
)
def test_a_runs_changes_are_narrowed_by_kind_and_action(desk: Desk, only: str, kinds: set[tuple[str, str]]) -> None:
    desk.town.world.drop("siri").change("kari", family="Ås").change("per", guardians=())
    report = desk.town.sync(NEXT)
    option = ("--only", only) if only else ()
    opened = desk("runs", "--run", report.run, *option, "--json").document
    assert {(one["kind"], one["action"]) for one in opened["changes"]} == kinds
    assert all(set(one) == {"target", "id", "kind", "action", "result", "reason"} for one in opened["changes"])


def test_an_opened_run_tells_each_change_with_its_reason_by_our_ids(desk: Desk) -> None:
    siri = desk.town.known()["Siri", "school"].id
    desk.town.world.drop("siri")
    report = desk.town.sync(NEXT)
    (line,) = (line for line in desk("runs", "--run", report.run).out.splitlines() if "depart" in line)
    assert line.split() == ["lms", "person", "depart", siri, "cleared", "absent"]
    assert "Siri" not in desk("runs", "--run", report.run).out


@pytest.mark.parametrize("only", ["person.leave", "people", "person.create.now"])
def test_a_step_that_there_is_not_is_answered_with_all_there_are(desk: Desk, only: str) -> None:
    told = desk("runs", "--run", "x", "--only", only)
    assert told.code == 64
    assert "the kinds are organisation, group, person, membership, guardianship; the actions are create, " in told.err


# -- journal --------------------------------------------------------------------------------------------------------


def test_the_journal_shows_who_did_what_when_and_why_the_newest_first(desk: Desk) -> None:
    noted(
        desk.town, ("pin add", "a" * 32, "a case"), ("protect", "b" * 32, "an address"), ("state recover", "", "fire")
    )
    lines = desk("journal", "list").out.splitlines()
    assert lines[0].split() == ["When", "Who", "What", "About", "Why"]
    assert [line[:16] for line in lines[1:]] == ["2026-10-06 09:02", "2026-10-06 09:01", "2026-10-06 09:00"]
    assert lines[2].split()[2:] == ["kristin", "protect", "b" * 32, "an", "address"]


def test_only_so_many_entries_or_those_about_one_thing_are_shown(desk: Desk) -> None:
    noted(desk.town, *((f"step {number}", "ab"[number % 2] * 32, "r") for number in range(6)))
    assert [one["what"] for one in desk("journal", "list", "2", "--json").document] == ["step 5", "step 4"]
    about = desk("journal", "list", "--about", "a" * 32, "--json").document
    assert [one["what"] for one in about] == ["step 4", "step 2", "step 0"]
    assert [one["what"] for one in desk("journal", "list", "1", "--about", "a" * 32, "--json").document] == ["step 4"]
    assert desk("journal", "list", "--about", "c" * 32, "--json").document == []


def test_an_entry_as_json_has_its_number_and_all_its_parts(desk: Desk) -> None:
    noted(desk.town, ("protect", "b" * 32, "asked for by kari@home.example"))
    (entry,) = desk("journal", "list", "--json").document
    assert (entry["no"], entry["who"], entry["what"], entry["about"]) == (1, "kristin", "protect", "b" * 32)
    assert datetime.fromisoformat(entry["at"]) == datetime(2026, 10, 6, 7, 0, tzinfo=UTC)
    assert entry["why"] == "asked for by [redacted]"


def test_reading_the_journal_writes_nothing_into_it(desk: Desk) -> None:
    desk("journal", "list")
    desk("runs")
    desk("status")
    assert desk.journal() == []


@pytest.mark.parametrize("arguments", [("runs", "0"), ("runs", "-1"), ("journal", "list", "0"), ("runs", "many")])
def test_how_many_is_a_number_of_one_or_more(desk: Desk, arguments: tuple[str, ...]) -> None:
    assert desk(*arguments).code == 64


def test_what_somebody_was_looked_up_for_is_in_the_journal_of_her(desk: Desk) -> None:
    desk("person", f"{SOURCE}/kari", "--as-of", str(date(2026, 10, 6)))
    (entry,) = desk("journal", "list", "--about", desk.town.person("kari"), "--json").document
    assert entry["what"] == "person shown"
