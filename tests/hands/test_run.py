"""One run from end to end: what comes before what, what a kill leaves, and which order delivers what."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date, datetime

import pytest

from rostersync import logs
from rostersync.errors import NotOurs
from rostersync.model import User
from rostersync.report import to_json
from rostersync.targets import Existing
from tests.hands.stage import CLOSED, DAY, NEXT, Killed, Stage
from tests.scenarios.town import AUTUMN, SOURCE

GRANT = """\
version: 1
grants:
  - {{person: {person}, role: school_leader, school: "974589230", reason: decided, to: 2027-06-30}}
"""


def departures(stage: Stage, on: date = NEXT) -> None:
    """A school year has begun with a crowd; now most of it is missing."""
    stage.crowd()
    stage.sync(AUTUMN)
    stage.world.drop(*(f"7A{n}" for n in range(20)))
    stage.export(on)


# -- which date it is, and what is written down ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "on"),
    [
        (datetime(2026, 10, 4, 21, 59, tzinfo=UTC), "2026-10-04"),
        (datetime(2026, 10, 4, 22, 0, tzinfo=UTC), "2026-10-05"),
        (datetime(2026, 11, 4, 22, 59, tzinfo=UTC), "2026-11-04"),
        (datetime(2026, 11, 4, 23, 0, tzinfo=UTC), "2026-11-05"),
    ],
    ids=["summer time, before", "summer time, midnight", "winter, before", "winter, midnight"],
)
def test_a_run_works_for_the_date_that_the_school_has(stage: Stage, moment: datetime, on: str) -> None:
    stage.export(AUTUMN)
    report = stage.run(moment, "plan")
    assert report.on == on
    assert report.run.startswith(f"{on}T")


def test_every_run_is_written_down_with_its_report_and_its_code(stage: Stage) -> None:
    report = stage.sync(AUTUMN)
    past = stage.state().runs.get(report.run)
    assert past is not None
    assert (past.sync, past.command, past.code) == ("oslo", "sync", 0)
    assert json.loads(past.report) == to_json(report)


def test_a_killed_run_stands_as_one_that_did_not_finish(stage: Stage) -> None:
    stage.lms.kills_at = 3
    with pytest.raises(Killed):
        stage.sync(AUTUMN)
    stage.lms.reset()
    stage.run(AUTUMN)
    first, second = sorted(stage.state().runs.last(9), key=lambda run: run.code is not None)
    assert (first.code, first.finished_at, first.report) == (None, None, "")
    assert second.code == 0


# -- planning is the dry run ----------------------------------------------------------------------------------------


def test_planning_asks_nothing_of_any_lms(two: Stage) -> None:
    report = two.plan(AUTUMN)
    assert report.changes["person"] == {"create": 14}
    assert (report.code, report.delivered) == (2, {})
    assert {step for step in two.diary if step.startswith(("lms ", "archive "))} == set()


def test_a_plan_may_be_looked_at_although_the_lms_holds_users_of_its_own(stage: Stage) -> None:
    stage.lms.inner.seed(Existing("account-1"))
    assert stage.plan(AUTUMN).code == 2


def test_everything_is_decided_before_anything_is_delivered_anywhere(two: Stage) -> None:
    two.sync(AUTUMN)
    assert two.diary.index("planning for archive") < two.diary.index("lms deliver")
    assert two.diary.index("lms deliver") < two.diary.index("archive deliver"), "in the order of the config"


def test_a_stranger_in_one_lms_stops_the_run_before_any_lms_is_touched(two: Stage) -> None:
    two.lmss["archive"].inner.seed(Existing("account-1"))
    with pytest.raises(NotOurs, match=r"target archive already holds users .* rostersync adopt oslo --keys FILE"):
        two.sync(AUTUMN)
    assert (two.lms.handed, two.lmss["archive"].handed) == ([], [])
    assert two.sync(NEXT, new_site=True).code == 0


def test_strangers_in_an_lms_that_is_not_delivered_to_are_nobodys_business(two: Stage) -> None:
    two.configure('path = "out/archive.jsonl"\ndeliver = true', 'path = "out/archive.jsonl"\ndeliver = false')
    two.lmss["archive"].inner.seed(Existing("account-1"))
    report = two.sync(AUTUMN)
    assert report.code == 0
    assert report.delivered["person"] == {"create": 7}, "only what was delivered is counted as such"
    assert two.lmss["archive"].diary == two.diary
    assert two.lmss["archive"].handed == []


# -- what an earlier run left ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("unheard", [False, True], ids=["between two deliveries", "with one that nobody heard of"])
@pytest.mark.parametrize("at", [1, 12])
def test_a_kill_in_the_middle_is_put_right_by_the_next_run(
    stage: Stage, settled: Stage, at: int, unheard: bool
) -> None:
    stage.lms.kills_at, stage.lms.kills_unheard = at, unheard
    with pytest.raises(Killed):
        stage.sync(AUTUMN)
    stage.lms.reset()
    assert stage.run(AUTUMN).code == 0
    assert stage.lms.inner.snapshot() == settled.lms.inner.snapshot()
    assert stage.known() == settled.known()
    assert stage.run(AUTUMN, "plan", full=True).changes == {}


def test_what_was_handed_over_unheard_is_known_as_uncertain_until_it_is_sent_again(settled: Stage) -> None:
    settled.world.change("kari", family="Ås").change("ola", family="Berg")
    settled.lms.reset()
    settled.lms.kills_at, settled.lms.kills_unheard = 1, True
    with pytest.raises(Killed):
        settled.sync(NEXT)
    settled.lms.reset()
    planned = settled.run(NEXT, "plan")
    known = settled.known()
    assert (known["Kari"].digest, known["Ola"].digest) == ("", ""), "both stood in the batch that was under way"
    assert known["Per"].digest != ""
    assert planned.changes["person"] == {"update": 2}
    settled.run(NEXT)
    assert {delivery.id for delivery in settled.lms.handed} == {known["Kari"].id, known["Ola"].id}
    assert settled.known()["Kari"].digest != ""


# -- new rules ------------------------------------------------------------------------------------------------------


def test_a_new_line_in_the_list_of_grants_counts_though_the_export_is_the_same(stage: Stage) -> None:
    stage.write("grants.yaml", "version: 1\ngrants: []\n")
    stage.configure("roles =", 'grants = "grants.yaml"\nroles =')
    stage.sync(AUTUMN)
    assert stage.known()["Eva"].value.role == "staff"  # type: ignore[union-attr]
    stage.write("grants.yaml", GRANT.format(person=f"{SOURCE}/eva"))
    stage.assemble()
    report = stage.run(NEXT)
    assert report.sources[0].repeat
    assert stage.known()["Eva"].value.role == "school_leader"  # type: ignore[union-attr]


def test_without_new_rules_an_unchanged_night_looks_at_nobody(settled: Stage) -> None:
    settled.progress.clear()
    settled.run(AUTUMN)
    assert settled.progress == []
    settled.configure("roles =", 'guardian_user = "same"\nroles =')
    settled.run(AUTUMN)
    assert ("planning for lms", 7) in settled.progress


# -- several targets ------------------------------------------------------------------------------------------------


def test_of_two_lmss_one_may_be_down_and_the_other_gets_everything(two: Stage) -> None:
    two.lms.closes_at = 0
    report = two.sync(AUTUMN)
    assert (report.code, two.lms.handed) == (4, [])
    assert set(two.lmss["archive"].users()) == {"Kari", "Per", "Ola", "Siri", "Eva", "Anne", "Jon"}
    two.lms.reset()
    two.lmss["archive"].reset()
    assert two.run(NEXT).code == 0
    assert two.lms.users() == two.lmss["archive"].users()
    assert two.lmss["archive"].handed == [], "whoever has everything is told nothing again"


def test_an_lms_that_is_away_before_it_was_ever_told_anything_holds_up_no_other(two: Stage) -> None:
    two.lms.away = True
    report = two.sync(AUTUMN)
    assert (report.code, report.failed, two.lms.handed) == (4, 21, [])
    assert set(report.failures) == {CLOSED}
    assert set(two.lmss["archive"].users()) == {"Kari", "Per", "Ola", "Siri", "Eva", "Anne", "Jon"}
    two.lms.reset()
    two.lms.inner.seed(Existing("account-1"))
    with pytest.raises(NotOurs):
        two.run(NEXT)
    assert two.run(NEXT, new_site=True).code == 0
    assert two.lms.users() == two.lmss["archive"].users()


@pytest.mark.parametrize("away", [False, True], ids=["closed", "away"])
def test_an_lms_that_is_down_for_days_gets_what_became_of_them_the_night_it_is_back(two: Stage, away: bool) -> None:
    two.sync(AUTUMN)
    two.lms.reset()
    two.lms.closes_at, two.lms.away = 0, away
    for night, name in enumerate(("Bø", "Lie", "Ås")):
        two.world.change("siri", family=name)
        assert two.sync(NEXT + night * DAY).code == 4
        assert two.lmss["archive"].users()["Siri"].family_name == name
    two.lms.reset()
    assert two.run(NEXT + 3 * DAY).code == 0
    assert [one.after.family_name for one in two.lms.handed if isinstance(one.after, User)] == ["Ås"]
    assert two.lms.users() == two.lmss["archive"].users()
    assert two.run(NEXT + 3 * DAY, "plan", full=True).changes == {}


def test_one_approval_of_the_printed_digest_releases_every_lms(two: Stage) -> None:
    departures(two)
    held = two.run(NEXT)
    assert {(entry.target, entry.kind, entry.action) for entry in held.held} == {
        ("lms", "person", "depart"),
        ("archive", "person", "depart"),
    }
    two.approve(held.digest)
    assert two.run(NEXT).code == 0
    assert {one.life.state for name, one in two.known("archive").items() if name == "7A3"} == {"departed"}


def test_an_approval_for_one_lms_leaves_the_other_waiting(two: Stage) -> None:
    departures(two)
    two.approve(*(entry.digest for entry in two.run(NEXT).held if entry.target == "archive"))
    report = two.run(NEXT)
    assert {entry.target for entry in report.held} == {"lms"}
    assert two.known("archive")["7A3"].life.state == "departed"
    assert two.known("lms")["7A3"].life.state == "active"


def test_an_approval_that_has_run_out_or_of_another_sync_releases_nothing(stage: Stage) -> None:
    departures(stage)
    digests = [entry.digest for entry in stage.run(NEXT).held]
    stage.approve(*digests, on=AUTUMN, days=1)
    assert stage.run(NEXT).code == 3
    stage.approve(*digests, sync="bergen")
    assert stage.run(NEXT).code == 3
    stage.approve(*digests)
    assert stage.run(NEXT).code == 0


# -- apply ----------------------------------------------------------------------------------------------------------


def test_apply_delivers_the_plan_it_names_and_reads_no_source(stage: Stage) -> None:
    planned = stage.plan(AUTUMN)
    stage.source.diary.clear()
    stage.world.change("kari", family="Ås")
    stage.export(NEXT)
    report = stage.run(NEXT, "apply", expected=planned.digest)
    assert (stage.source.diary, report.sources, report.code) == ([], (), 0)
    assert stage.lms.users()["Kari"].family_name == "Lund", "what was planned, not what has come since"


def test_apply_delivers_nothing_when_the_plan_has_moved(settled: Stage) -> None:
    settled.world.change("kari", family="Ås")
    first = settled.plan(NEXT)
    settled.world.change("ola", family="Berg")
    settled.plan(NEXT + DAY)
    settled.lms.reset()
    report = settled.run(NEXT + DAY, "apply", expected=first.digest)
    assert (settled.lms.handed, report.delivered) == ([], {})
    assert {line.result for line in settled.lines(report)} == {"cleared"}, "what it would do can still be looked at"
    assert settled.known()["Kari"].value.family_name == "Lund"  # type: ignore[union-attr]


def test_apply_of_one_entry_delivers_what_is_cleared_with_it(stage: Stage) -> None:
    departures(stage)
    school, owner = sorted(stage.run(NEXT, "plan").held, key=lambda entry: entry.school == "*")
    stage.approve(school.digest, owner.digest)
    report = stage.run(NEXT, "apply", expected=school.digest)
    assert report.code == 0
    assert stage.known()["7A3"].life.state == "departed"


def test_a_digest_of_the_first_lms_applies_to_a_run_for_both(two: Stage) -> None:
    one = two.state().approvals.find_plan(two.plan(AUTUMN).digest)
    assert one.text == "the whole plan for every target"
    assert two.run(AUTUMN, "apply", expected=one.digest).code == 0
    assert two.lms.users().keys() == two.lmss["archive"].users().keys()


# -- the log --------------------------------------------------------------------------------------------------------


def test_a_run_logs_dotted_events_in_the_past_tense_that_name_nobody(settled: Stage) -> None:
    settled.world.change("per", given="", family="").change("ola", family="Ås")
    settled.lms.reset()
    settled.lms.kills_at = 0
    stream = io.StringIO()
    logs.set_up(stream)
    with pytest.raises(Killed):
        settled.sync(NEXT)
    settled.lms.reset()
    settled.lms.closes_at = 0
    settled.run(NEXT)
    settled.export(NEXT, text="<enterprise>")
    settled.run(NEXT)
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    names = [event["event"] for event in events]
    assert {"run.started", "run.recovered", "run.finished", "target.unavailable", "source.snapshot_refused"} <= set(
        names
    )
    assert [name for name in names if not re.fullmatch(r"[a-z]+\.[a-z_]*(ed|able)", name)] == []
    secrets = {"Kari", "Lund", "Ås", "anne@home.example", SOURCE, settled.world.people["kari"].number}
    assert [secret for secret in secrets if secret in stream.getvalue()] == []
