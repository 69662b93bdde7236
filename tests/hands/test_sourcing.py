"""The sources of a run: what is taken in, what is refused with which words, and what a failure leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rostersync.connectors import Snapshot, Unsure
from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.sourcing import refuse_older
from rostersync.store.sources import SourceState
from tests.hands.stage import DAY, NEXT, Killed, Stage
from tests.scenarios.town import AUTUMN, Human, Tied

MORNING = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)


def releases(stage: Stage, source: str = "everyday") -> list[tuple[str, bool]]:
    """Code and releasability of every refusal that a person can see."""
    return [(one.code, one.releasable) for one in stage.state().sources.refusals(source)]


# -- what is taken in -----------------------------------------------------------------------------------------------


def test_an_accepted_export_is_counted_with_its_proof_and_its_reasons(stage: Stage) -> None:
    stage.world.put(Human("new", "", ""), Tied("7A", "nobody"), Tied("nowhere", "kari"), Tied("7B", "kari", status="0"))
    (told,) = stage.sync(AUTUMN).sources
    assert (told.name, told.accepted, told.proof) == ("everyday", True, "root closed, type full")
    assert (told.read, told.skipped, told.rejected) == (20, 0, 1)
    assert told.reasons["person named by a member or contact but not described"] == 1
    assert told.reasons["group with members but not described"] == 1
    assert [count for reason, count in told.reasons.items() if reason.startswith("rejected person: ")] == [1]


def test_only_what_has_changed_is_read_again(settled: Stage) -> None:
    settled.world.change("kari", family="Ås")
    (told,) = settled.sync(NEXT).sources
    assert told.read - told.skipped == 1
    assert settled.lms.users()["Kari"].family_name == "Ås"


def test_when_everything_is_to_be_read_nothing_is_skipped(settled: Stage) -> None:
    settled.export(NEXT)
    (told,) = settled.run(NEXT, full=True).sources
    assert (told.repeat, told.skipped) == (False, 0)
    assert told.read == 18
    assert settled.source.diary == ["fetch", "read carefully", "accepted"], "and no short cut is taken"


def test_what_the_quick_way_cannot_vouch_for_is_read_carefully_and_counted_once(stage: Stage, settled: Stage) -> None:
    stage.source.reading = (12, Unsure("an entity in the text"))
    (told,) = stage.sync(AUTUMN).sources
    assert stage.source.diary == ["fetch", "read", "read carefully", "accepted"]
    assert (told.accepted, told.read) == (True, 18)
    assert stage.lms.inner.snapshot() == settled.lms.inner.snapshot()


def test_a_source_goes_on_from_where_its_last_accepted_snapshot_left_it(stage: Stage) -> None:
    stage.source.note = "first"
    stage.sync(AUTUMN)
    stage.world.change("kari", family="Ås")
    stage.source.note = "refused"
    stage.source.reading = (3, SnapshotRefused("no proof", "it was cut off"))
    stage.sync(NEXT)
    stage.source.reading = None
    stage.source.note = "second"
    stage.run(NEXT)
    stage.run(NEXT)
    assert stage.source.cursors == ["", "first", "first", "second"]


def test_a_snapshot_that_says_nothing_new_moves_its_source_on(stage: Stage) -> None:
    stage.source.note = "first"
    stage.sync(AUTUMN)
    stage.source.note = "second"
    (told,) = stage.run(AUTUMN).sources
    assert told.repeat
    stage.run(AUTUMN)
    assert stage.source.cursors[-1] == "second"


def test_a_source_begins_anew_when_everything_is_to_be_read(stage: Stage) -> None:
    stage.source.note = "first"
    stage.sync(AUTUMN)
    stage.run(NEXT, full=True)
    assert stage.source.cursors == ["", ""]


def test_the_same_file_is_fetched_and_not_read(settled: Stage) -> None:
    settled.export(NEXT)
    (told,) = settled.run(NEXT).sources
    assert (told.accepted, told.repeat, told.proof) == (True, True, "root closed, type full")
    assert settled.source.diary == ["fetch", "accepted"]


def test_a_setting_that_changes_what_is_read_reads_the_same_file_again(settled: Stage) -> None:
    settled.configure("guardians = true", "guardians = false")
    (told,) = settled.run(NEXT).sources
    assert (told.repeat, told.skipped) == (False, 0)
    assert settled.known()["Kari"].value.guardians == ()  # type: ignore[union-attr]


def test_planning_takes_in_too_so_the_sync_after_it_reads_nothing(stage: Stage) -> None:
    stage.plan(AUTUMN)
    report = stage.run(AUTUMN)
    assert report.sources[0].repeat
    assert report.delivered["person"] == {"create": 7}


def test_a_long_reading_tells_how_far_it_is(stage: Stage) -> None:
    for number in range(1_990):
        stage.world.put(Human(f"x{number}", "Ukjent", "Person"))
    stage.plan(AUTUMN)
    assert [step for step in stage.progress if step[0] == "everyday"] == [("everyday", 1000), ("everyday", 2000)]


# -- one of two sources is in trouble -------------------------------------------------------------------------------


def two_schools(county: Stage) -> None:
    """The second source describes one pupil whom the first has never heard of."""
    everybody = dict(county.world.people), list(county.world.ties)
    county.export(AUTUMN)
    county.world.people = {"nils": Human("nils", "Nils", "Vik")}
    county.world.ties = [Tied("south", "nils"), Tied("1S", "nils")]
    county.export(AUTUMN, "second")
    county.world.people, county.world.ties = everybody
    county.run(AUTUMN)
    assert {"Kari", "Nils"} <= county.lms.users().keys()


def test_a_refused_source_keeps_its_last_claims_and_the_others_go_on(county: Stage) -> None:
    two_schools(county)
    county.export(NEXT, "second", text="<enterprise>")
    county.world.change("kari", family="Ås")
    report = county.sync(NEXT)
    assert {one.name: one.accepted for one in report.sources} == {"everyday": True, "second": False}
    assert (report.code, report.verdict) == (4, "cleared")
    assert report.changes["person"] == {"update": 1}
    assert county.lms.users()["Kari"].family_name == "Ås"
    assert county.known()["Nils"].life.state == "active"


def test_a_source_that_is_not_there_is_unavailable_and_not_refused(county: Stage) -> None:
    two_schools(county)
    county.sources["second"].fetching = SourceUnavailable("the folder is empty; check the export")
    report = county.run(NEXT)
    told = report.sources[1]
    assert (told.accepted, told.unavailable, told.refused) == (False, True, "the folder is empty; check the export")
    assert (told.release, releases(county, "second"), report.code) == ("", [], 4)
    assert county.known()["Nils"].life.state == "active"


def test_a_source_that_is_lost_in_the_middle_of_reading_does_not_stop_the_others(county: Stage) -> None:
    two_schools(county)
    county.export(NEXT, "second")
    county.world.change("kari", family="Ås")
    county.sources["second"].reading = (1, SourceUnavailable("the connection was lost; run again"))
    report = county.sync(NEXT)
    told = report.sources[1]
    assert (told.unavailable, told.refused, report.code) == (True, "the connection was lost; run again", 4)
    assert county.sources["second"].diary[-2:] == ["read", "discard"]
    assert county.lms.users()["Kari"].family_name == "Ås"
    assert county.known()["Nils"].life.state == "active"


def test_when_no_source_can_be_read_the_run_has_failed_and_nothing_is_lost(county: Stage) -> None:
    two_schools(county)
    before = county.lms.inner.snapshot()
    for source in county.sources.values():
        source.fetching = SourceUnavailable("gone")
    report = county.run(NEXT + 40 * DAY)
    assert (report.code, report.verdict, report.changes) == (1, "refused", {})
    assert county.lms.inner.snapshot() == before


def test_somebody_departs_only_when_the_last_source_that_had_her_is_read_without_her(county: Stage) -> None:
    kari = county.world.people["kari"]
    county.export(AUTUMN, "second")
    county.sync(AUTUMN)
    county.world.drop("kari")
    assert county.sync(NEXT).changes.get("person", {}) == {}
    county.sources["second"].fetching = SourceUnavailable("gone")
    assert county.run(NEXT).changes.get("person", {}) == {}
    county.sources["second"].fetching = None
    county.export(NEXT, "second")
    assert county.run(NEXT).changes["person"] == {"depart": 1}
    assert kari.given in county.lms.users(), "departed is not suspended"


# -- what is refused ------------------------------------------------------------------------------------------------


def test_a_refusal_that_a_person_may_release_is_told_with_the_command(settled: Stage) -> None:
    settled.world.ties.clear()
    (told,) = settled.sync(NEXT).sources
    assert told.refused == "the snapshot holds no memberships, and the one before held 11"
    assert told.release == f"rostersync source accept everyday {told.digest[:12]} --reason ..."
    assert releases(settled) == [("zero", True)]


def test_a_refusal_for_want_of_proof_can_be_released_by_nobody(settled: Stage) -> None:
    whole = settled.world.xml(MORNING + DAY)
    settled.export(NEXT, text=whole[: len(whole) // 2])
    (told,) = settled.run(NEXT).sources
    assert (told.accepted, told.release) == (False, "")
    assert releases(settled) == [("no proof", False)]


def test_the_same_refusal_night_after_night_is_one_thing_to_look_at(settled: Stage) -> None:
    settled.world.ties.clear()
    settled.export(NEXT)
    for night in range(3):
        settled.run(NEXT + night * DAY)
    assert releases(settled) == [("zero", True)]


def test_a_release_lets_that_very_file_through_and_no_other(settled: Stage) -> None:
    settled.world.ties.clear()
    refused = settled.sync(NEXT).sources[0]
    settled.state().sources.release("everyday", refused.digest, "the school closed", "tester", MORNING)
    settled.world.change("kari", family="Ås")
    assert not settled.sync(NEXT + DAY).sources[0].accepted
    settled.world.change("kari", family="Lund")
    assert settled.sync(NEXT + DAY).sources[0].accepted


def test_of_a_refused_export_nothing_is_kept(stage: Stage) -> None:
    stage.crowd(60)
    stage.sync(NEXT)
    for number in range(20):
        stage.world.change(f"7A{number}", given="", family="")
    stage.world.change("kari", family="Ås").change("ola", guardians=())
    report = stage.sync(NEXT + DAY)
    (told,) = report.sources
    assert "20 of 78 records were rejected; the limit is" in told.refused
    assert report.changes == {}, "not even what could be read counts"
    for number in range(20):
        stage.world.change(f"7A{number}", given="Ny", family="Elev")
    stage.sync(NEXT + 2 * DAY)
    assert stage.lms.users()["Kari"].family_name == "Ås"
    assert stage.lms.users()["Ola"].guardians == ()


def test_an_accepted_copy_and_a_refused_one_are_both_given_back(settled: Stage) -> None:
    settled.world.change("kari", family="Ås")
    settled.sync(NEXT)
    assert settled.source.diary == ["fetch", "read", "accepted"]
    settled.world.ties.clear()
    settled.sync(NEXT + DAY)
    assert settled.source.diary[3:] == ["fetch", "read", "discard"]


@pytest.mark.parametrize("error", [Killed(), OSError(28, "No space left on device")], ids=["killed", "disk full"])
def test_a_reading_that_breaks_off_leaves_the_state_as_it_was(settled: Stage, error: BaseException) -> None:
    settled.world.change("kari", family="Ås").change("per", guardians=())
    settled.source.reading = (9, error)
    with pytest.raises(type(error)):
        settled.sync(NEXT)
    assert settled.source.diary == ["fetch", "read", "discard"]
    settled.source.reading = None
    settled.source.fetching = SourceUnavailable("gone")
    assert settled.run(NEXT, "plan", full=True).changes == {}, "nothing of it was taken in"
    settled.source.fetching = None
    report = settled.run(NEXT)
    assert (report.changes["person"], report.changes["guardianship"]) == ({"update": 1}, {"end": 1})


# -- which export is older ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "last"),
    [(MORNING, None), (None, MORNING), (MORNING, MORNING), (MORNING + DAY, MORNING)],
    ids=["the first", "without a date", "of the same moment", "newer"],
)
def test_an_export_that_is_not_older_than_the_last_is_let_in(made: datetime | None, last: datetime | None) -> None:
    refuse_older(Snapshot("", "ab", made, ""), SourceState("everyday", taken_at=last))


def test_an_older_export_is_refused_with_both_dates() -> None:
    with pytest.raises(SnapshotRefused) as refused:
        refuse_older(Snapshot("", "ab", MORNING, ""), SourceState("everyday", taken_at=MORNING + DAY))
    assert (refused.value.reason, refused.value.releasable) == ("stale", True)
    assert "2026-10-05 02:00" in str(refused.value)
    assert "2026-10-06 02:00" in str(refused.value)
    assert "check that the export still runs" in str(refused.value)
