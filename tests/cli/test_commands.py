"""init, check, plan, sync, approve, apply, runs, status, source, state, mapping and lab, as somebody types them."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rostersync.model import Question
from tests.cli.conftest import Desk
from tests.conftest import ROOT
from tests.scenarios.town import AUTUMN, SECRET, Human, Tied, Town

NEXT = AUTUMN + timedelta(days=1)


def crowd(town: Town, number: int = 30) -> None:
    """Many pupils at the northern school, so that a mass of departures is one."""
    for n in range(number):
        town.world.put(
            Human(f"p{n}", f"Elev{n}", "Berg", date(2014, 1, 1)), Tied("north", f"p{n}"), Tied("7A", f"p{n}")
        )


def held_plan(desk: Desk) -> list[dict[str, Any]]:
    """Half of a school is missing from the export of NEXT: what the plan of that day holds, the school's entry first."""
    crowd(desk.town)
    desk.town.sync(AUTUMN)
    desk.town.world.drop(*(f"p{n}" for n in range(20)))
    desk.town.export(NEXT)
    plan = desk("plan", "oslo", "--as-of", str(NEXT), "--json")
    assert plan.code == 3
    school, owner = sorted(plan.document["held"], key=lambda one: one["school"], reverse=True)
    assert (school["school"], school["kind"], school["count"], owner["school"]) == ("974589230", "person", 20, "*")
    return [school, owner]


# -- init and check -------------------------------------------------------------------------------------------------


def test_init_writes_what_check_and_plan_can_start_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], town: Town
) -> None:
    desk = Desk(town, capsys)
    home = tmp_path / "new"
    made = desk.bare("init", str(home))
    assert made.code == 0
    assert f"rostersync -c {home}/rostersync.toml check" in made.out
    config = home / "rostersync.toml"
    assert (home / "state.secret").stat().st_mode & 0o777 == 0o600
    checked = desk.bare("-c", str(config), "check")
    assert checked.code == 0
    assert "are in order" in checked.out
    empty = desk.bare("-c", str(config), "check", "--online")
    assert empty.code == 1
    assert "source everyday: " in empty.out
    (home / "in" / "export.xml").write_bytes(town.export(AUTUMN).read_bytes())
    os.utime(home / "in" / "export.xml", (1, 1))
    config.write_text(config.read_text().replace('max_age = "26h"', ""))
    planned = desk.bare("-c", str(config), "plan", "oslo")
    assert planned.code == 2
    assert "users" in planned.out


def test_init_never_overwrites(tmp_path: Path, desk: Desk) -> None:
    told = desk.bare("init", str(tmp_path))
    assert told.code == 64
    assert "is not empty; name a new folder" in told.err


def test_check_tells_every_problem_of_every_file_at_once(desk: Desk) -> None:
    roles = desk.town.home / "roles.yaml"
    roles.write_text("version: 2\n")
    grants = desk.town.home / "grants.yaml"
    grants.write_text("grants: 3\n")
    text = desk.town.config.read_text()
    desk.town.config.write_text(text.rsplit("roles =", 1)[0] + 'roles = "roles.yaml"\ngrants = "grants.yaml"\n')
    (desk.town.home / "secret").chmod(0o644)
    told = desk("check")
    assert told.code == 78
    assert {line.split(":")[0] for line in told.err.splitlines()} >= {"roles.yaml", "grants.yaml", "rostersync.toml"}
    assert desk("check", "--json").document["problems"] == told.err.splitlines()


def test_check_says_what_is_released_to_whom_and_why(desk: Desk) -> None:
    document = desk("check", "--released", "--json").document
    emails = [row for row in document["released"] if row["field"] == "email"]
    assert [row["role"] for row in emails] == ["guardian"]
    assert emails[0]["basis"]
    assert "guardian" in desk("check", "--released").out


def test_what_feide_gives_only_to_recognise_somebody_is_not_released(desk: Desk) -> None:
    config = desk.town.config
    mapping = ROOT / "mappings" / "feide.yaml"
    feide = f'type = "feide"\nmapping = "{mapping}"\nurl = "ldaps://ldap.example.no"\nbind_dn = "cn=x"\n'
    text = config.read_text().replace('from = ["everyday"]', 'from = ["everyday", "feide"]')
    config.write_text(f'{text}[source.feide]\n{feide}password = {{ env = "FEIDE" }}\n')
    rows = desk("check", "--released", "--json").document["released"]
    assert {row["field"] for row in rows if row["source"] == "feide"} == {"feide_id"}
    assert {row["role"] for row in rows if row["source"] == "feide"} >= {"pupil", "staff"}


def test_check_sees_a_wrong_secret(desk: Desk) -> None:
    (desk.town.home / "secret").write_text(SECRET[::-1])
    told = desk("check")
    assert told.code == 78
    assert "secret" in told.err


# -- plan and sync --------------------------------------------------------------------------------------------------


def test_plan_finds_changes_and_sync_leaves_nothing_to_do(fresh: Desk) -> None:
    fresh.town.export(AUTUMN)
    plan = fresh("plan", "oslo", "--as-of", str(AUTUMN))
    assert plan.code == 2
    assert "Nothing was written to any LMS. To deliver what is cleared: rostersync sync oslo" in plan.out
    assert not (fresh.town.home / "out" / "oneroster.zip").exists()
    sync = fresh("sync", "oslo", "--as-of", str(AUTUMN))
    assert (sync.code, "0 objects failed" in sync.out) == (0, True)
    assert fresh("plan", "oslo", "--as-of", str(AUTUMN), "--full").code == 0
    assert len(fresh.town.set().users) == 7


def test_a_plan_can_be_written_as_a_page(desk: Desk, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"
    told = desk("plan", "oslo", "--html", str(page), "--json")
    assert told.document["sync"] == "oslo"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_refused_source_is_code_1_with_the_command_that_releases_it(desk: Desk) -> None:
    desk.town.world.change("kari", family="Ny")
    desk.town.export(AUTUMN - timedelta(days=3))
    told = desk("sync", "oslo", "--as-of", str(NEXT))
    assert told.code == 1
    assert "everyday: REFUSED - the file was made" in told.out
    (release,) = (line.split("release: ")[1] for line in told.out.splitlines() if "release: " in line)
    words = release.replace("...", "it is right").split(maxsplit=6)[1:]
    accepted = desk(*words[:-1], "the export was made anew")
    assert accepted.code == 0
    assert desk("sync", "oslo", "--as-of", str(NEXT)).code == 0
    assert [what for what, _, why in desk.journal() if why == "the export was made anew"] == ["source accept everyday"]


def test_without_a_config_that_may_rehearse_no_other_date_is_possible(desk: Desk) -> None:
    desk.town.config.write_text(desk.town.config.read_text().replace("rehearsal = true", "rehearsal = false"))
    told = desk("sync", "oslo", "--as-of", "2026-10-06")
    assert told.code == 64
    assert "--as-of is for rehearsals" in told.err


# -- approve and apply ----------------------------------------------------------------------------------------------


def test_what_is_held_flows_after_an_approval_and_the_journal_says_who_and_why(fresh: Desk) -> None:
    held = held_plan(fresh)
    for entry in held:
        told = fresh("approve", entry["digest"][:8], "--reason", "the class moved to Bergen", "--as-of", str(NEXT))
        assert told.code == 0
        assert "Approved for 7 days: 20 x person depart" in told.out
    assert fresh("trash", "list", "--json").document == [], "an approval delivers nothing by itself"
    applied = fresh("apply", held[0]["digest"], "--as-of", str(NEXT), "--json")
    assert (applied.code, applied.document["moved"], applied.document["held"]) == (0, False, [])
    assert len(fresh("trash", "list", "--json").document) == 20
    assert fresh.journal() == [
        *(("approve entry", one["digest"], "the class moved to Bergen") for one in held),
        ("apply entry", held[0]["digest"], "asked for at the command line"),
    ]


def test_an_approval_of_a_plan_that_has_moved_delivers_nothing(fresh: Desk) -> None:
    entry, _ = held_plan(fresh)
    on = NEXT + timedelta(days=1)
    assert fresh("approve", entry["digest"], "--reason", "right", "--as-of", str(on)).code == 0
    fresh.town.world.drop("p25")
    fresh.town.export(on)
    assert fresh("plan", "oslo", "--as-of", str(on)).code == 3
    told = fresh("apply", entry["digest"], "--as-of", str(on))
    assert told.code == 3
    assert told.out == "Nothing was delivered: this is no longer the plan. Look again: rostersync plan oslo\n"
    assert fresh("apply", entry["digest"], "--as-of", str(on), "--json").document["moved"] is True
    assert fresh("trash", "list", "--json").document == []


def test_applying_what_nobody_approved_holds_it_still(fresh: Desk) -> None:
    entry, _ = held_plan(fresh)
    told = fresh("apply", entry["digest"], "--as-of", str(NEXT))
    assert told.code == 3
    assert "HELD  20 x person depart at Nord skole" in told.out


@pytest.mark.parametrize("command", ["approve", "apply"])
@pytest.mark.parametrize(
    ("digest", "sentence"),
    [("4f1c9a", "give at least 8 digits of the digest"), ("4f1c9a4f1c9a", "no plan and no held entry has that digest")],
)
def test_a_digest_that_means_nothing_is_answered_with_where_to_find_one(
    desk: Desk, command: str, digest: str, sentence: str
) -> None:
    told = desk(command, digest, *(["--reason", "r"] if command == "approve" else []))
    assert told.code == 64
    assert sentence in told.err
    assert "rostersync plan SYNC" in told.err


# -- runs and status ------------------------------------------------------------------------------------------------


def test_runs_lists_and_opens_a_run_into_its_changes(desk: Desk) -> None:
    (run,) = desk("runs", "--json").document
    assert (run["sync"], run["command"], run["code"]) == ("oslo", "sync", 0)
    assert run["id"] in desk("runs").out
    opened = desk("runs", "--run", run["id"], "--only", "person.create", "--json").document
    assert opened["report"]["changes"]["person"] == {"create": 7}
    assert {(line["kind"], line["action"], line["result"]) for line in opened["changes"]} == {
        ("person", "create", "cleared")
    }
    assert len(opened["changes"]) == 7
    assert desk("runs", "--run", run["id"], "--only", "person").out.count(" new in the sources") == 7
    assert "changed nothing of the kind" in desk("runs", "--run", run["id"], "--only", "person.remove").out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--run", "yesterday"), "no run has that id: rostersync runs lists them"),
        (("--only", "person.depart"), "--only goes with --run RUN"),
        (("--run", "x", "--only", "persons.depart"), "the kinds are organisation, group, person"),
    ],
)
def test_a_run_or_step_that_does_not_exist_is_answered_with_those_that_do(
    desk: Desk, arguments: tuple[str, ...], sentence: str
) -> None:
    told = desk("runs", *arguments)
    assert told.code == 64
    assert sentence in told.err


def test_status_shows_what_is_there_what_waits_and_what_comes(fresh: Desk) -> None:
    held, _ = held_plan(fresh)
    text = fresh("status").out
    assert "root closed, type full" in text
    assert f"20 x person depart of {held['of']}: rostersync approve {held['digest'][:12]} --reason ..." in text
    document = fresh("status", "--json").document
    assert document["sources"]["everyday"]["proof"] == "root closed, type full"
    assert {one["digest"] for one in document["last"]["oslo"]["held"]} >= {held["digest"]}
    assert document["targets"]["lms"]["departed"] == 0


def test_status_tells_the_next_suspension(desk: Desk) -> None:
    desk.town.world.drop("siri")
    desk.town.sync(NEXT)
    assert desk("status", "--json").document["targets"]["lms"] | {"objects": 0} == {
        "objects": 0,
        "departed": 1,
        "suspended": 0,
        "next": str(NEXT + timedelta(days=30)),
        "refused": [],
    }


def test_a_question_asked_about_many_is_read_once(desk: Desk) -> None:
    store = desk.town.store()
    for person in ("a" * 32, "b" * 32):
        store.questions.open(Question("suggested_role", (person,), "Somebody is a leader."), datetime.now(UTC))
    store.close()
    lines = desk("status").out.splitlines()
    place = lines.index("  2 x suggested_role: Somebody is a leader.")
    assert {line.split()[-1] for line in lines[place + 1 : place + 3]} == {"a" * 32, "b" * 32}
    assert len(desk("status", "--json").document["questions"]) == 2


def test_before_the_first_run_there_is_nothing_to_look_at(fresh: Desk) -> None:
    for command in (["status"], ["runs"], ["trash", "list"], ["journal", "list"], ["person", "x"]):
        told = fresh(*command)
        assert told.code == 78
        assert "there is no state at" in told.err
        assert "the first `rostersync sync` or `plan` makes it" in told.err
    assert not (fresh.town.home / "state.db").exists()


# -- sources, state, mappings, lab ----------------------------------------------------------------------------------


def test_a_retired_source_has_nobody_any_more(desk: Desk) -> None:
    told = desk("source", "retire", "everyday", "--reason", "the contract has ended", "--json")
    assert (told.code, told.document["retired"]) == (0, True)
    assert told.document["persons"] >= 7
    assert ("source retire", "everyday", "the contract has ended") in desk.journal()
    unknown = desk("source", "retire", "evryday", "--reason", "r")
    assert (unknown.code, unknown.err) == (64, "rostersync.toml has no [source.evryday]; its sources are: everyday\n")


def test_only_a_snapshot_that_was_refused_can_be_accepted(desk: Desk) -> None:
    for digest in ("abc", "abababababab"):
        told = desk("source", "accept", "everyday", digest, "--reason", "r")
        assert told.code == 64
        assert "digest" in told.err or "no refused snapshot" in told.err


def test_recovering_a_state_that_is_the_newest_changes_nothing(desk: Desk) -> None:
    assert desk("state", "recover", "--reason", "r", "--json").document == {"recovered": False}
    assert desk.journal() == []
    (desk.town.home / "state.db.generation").write_text("99\n")
    assert "nothing ends until `rostersync state recover" in desk("status").out
    assert desk("state", "recover", "--reason", "restored on Monday", "--json").document == {"recovered": True}
    assert desk("status", "--json").document["restored_backup"] is False
    assert desk.journal() == [("state recover", "", "restored on Monday")]


def test_mapping_test_runs_the_tests_of_the_config_and_refuses_strangers(desk: Desk, tmp_path: Path) -> None:
    (row,) = desk("mapping", "test", "--json").document
    assert (row["mapping"], row["tests"] > 10) == ("ist-everyday.yaml", True)
    mapping = desk.town.settings().sources["everyday"].mapping
    assert desk("mapping", "test", str(mapping)).out == f"ist-everyday.yaml: {row['tests']} tests passed\n"
    told = desk("mapping", "test", str(tmp_path / "other.yaml"))
    assert told.code == 64
    assert "its mappings are: ist-everyday.yaml" in told.err


def test_lab_generate_writes_an_export_and_an_account(desk: Desk, tmp_path: Path) -> None:
    made = desk.bare("lab", "generate", str(tmp_path / "lab"), "--json").document
    assert Path(made["export"]).is_file()
    assert Path(made["account"]).is_file()
    assert made["persons"] > 1000
    assert "truncated" in desk.bare("lab", "generate", "--quirks", "--json").document
    assert desk.bare("lab", "generate").code == 64
