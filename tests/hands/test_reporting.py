"""What a run found out, as its report tells it: schools by name, several LMSs added up, and nobody named."""

from __future__ import annotations

import json
from datetime import date

import pytest

from rostersync.report import RunReport, to_json, to_text
from rostersync.reporting import added, combined, nested
from tests.hands.stage import DAY, EVERYTHING, NEXT, Stage
from tests.scenarios.test_guardians import decide
from tests.scenarios.town import AUTUMN, NORTH, SOURCE, Tied

PUPILS_GO = '[sync.oslo.departed.pupil]\nsuspend_after = "0d"\nremove_after = "1d"\n'


# -- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "total"),
    [
        ([], {}),
        ([{}, {}], {}),
        ([{"person": {"create": 2}}, {}], {"person": {"create": 2}}),
        (
            [{"person": {"create": 2, "depart": 1}}, {"person": {"create": 3}, "group": {"end": 1}}],
            {"group": {"end": 1}, "person": {"create": 5, "depart": 1}},
        ),
    ],
    ids=["no LMS", "nothing to do", "one of two", "both"],
)
def test_counts_of_several_lmss_are_added_up(
    counts: list[dict[str, dict[str, int]]], total: dict[str, dict[str, int]]
) -> None:
    assert added(counts) == total


def test_counts_stand_in_one_order_whatever_was_delivered_first() -> None:
    first = nested({("person", "depart"): 1, ("group", "end"): 2, ("person", "create"): 3})
    second = nested({("person", "create"): 3, ("person", "depart"): 1, ("group", "end"): 2})
    assert json.dumps(first) == json.dumps(second) == '{"group": {"end": 2}, "person": {"create": 3, "depart": 1}}'


def test_one_plan_is_named_by_its_own_digest_and_several_by_another() -> None:
    assert combined(["ab" * 16]) == "ab" * 16
    both = combined(["ab" * 16, "cd" * 16])
    assert both == combined(["cd" * 16, "ab" * 16])
    assert len(both) == 32
    assert both not in {"ab" * 16, "cd" * 16, combined(["ab" * 16, "cd" * 15 + "ce"])}


def test_two_lmss_are_counted_together_and_held_apart(two: Stage) -> None:
    two.crowd(60)
    report = two.sync(AUTUMN)
    assert report.changes["person"] == report.delivered["person"] == {"create": 2 * 67}
    two.world.drop(*(f"7A{number}" for number in range(30)))
    held = two.sync(NEXT).held
    assert sorted({(entry.target, entry.count) for entry in held}) == [("archive", 30), ("lms", 30)]
    assert len({entry.digest for entry in held}) == len(held)


# -- where ----------------------------------------------------------------------------------------------------------


def entries(report: RunReport, kind: str, action: str) -> dict[str, str]:
    """School number -> school name of the entries of a kind and action."""
    return {one.school: one.school_name for one in report.entries if (one.kind, one.action) == (kind, action)}


def test_an_entry_names_its_school_and_the_whole_owner_has_no_name(stage: Stage) -> None:
    assert entries(stage.plan(AUTUMN), "person", "create") == {
        "974589230": "Nord skole",
        "970944443": "Sør skole",
        "*": "",
    }


def test_a_school_without_a_number_is_told_by_our_id(stage: Stage) -> None:
    from dataclasses import replace

    stage.world.put(replace(NORTH, number=""))
    found = entries(stage.plan(AUTUMN), "person", "create")
    (unnumbered,) = (school for school, name in found.items() if name == "Nord skole")
    assert len(unnumbered) == 32


def test_a_school_that_no_source_has_any_more_is_still_told_by_its_name(settled: Stage) -> None:
    settled.world.drop("south", "1S", "siri")
    found = entries(settled.plan(NEXT), "person", "depart")
    assert "*" in found
    assert {name for school, name in found.items() if school != "*"} == {"Sør skole"}


# -- what else there is to know -------------------------------------------------------------------------------------


def test_what_an_lms_cannot_hold_is_said_once_for_that_lms(two: Stage) -> None:
    two.lmss["archive"].supports = EVERYTHING - {"guardianship", "membership"}
    two.lmss["archive"].left_out = {"users without a school were left out": 1_204}
    report = two.sync(AUTUMN)
    assert report.notes == (
        "target archive cannot hold guardianship, memberships; they are left out there",
        "target archive: 1,204 x users without a school were left out",
    )


def test_pinned_people_are_counted_once_though_two_lmss_hold_them(two: Stage) -> None:
    two.sync(AUTUMN)
    decide(two.town, "pin", "kari", until=NEXT)
    assert two.run(NEXT, "plan", full=True).pinned == 1


def test_what_waits_says_whether_for_summer_or_for_a_backup(settled: Stage) -> None:
    settled.world.drop("per")
    assert list(settled.plan(date(2027, 7, 1)).waiting) == [
        "nothing is taken away before the summer is over (calendar.add_only)"
    ]
    settled.write("state.db.generation", "99\n")
    report = settled.run(date(2027, 10, 1), "plan")
    assert list(report.waiting) == ["the state came from a backup, so nothing is taken away until it is recovered"]
    assert report.restored_backup
    assert "rostersync state recover --reason ..." in to_text(report)


def test_a_removal_at_two_lmss_is_printed_as_one_digest_that_can_be_approved(two: Stage) -> None:
    two.town.config.write_text(two.town.config.read_text() + PUPILS_GO)
    two.assemble()
    two.sync(AUTUMN)
    two.world.drop("siri")
    two.sync(NEXT)
    on = NEXT + 2 * DAY
    removal = two.run(on, "plan").removal
    assert (removal.count, removal.approved) == (2, False)
    found = two.state().approvals.find_plan(removal.digest)
    assert (found.purpose, found.text) == ("removal", "permanent removal of 2 users at 2 targets")
    two.approve(removal.digest, on=on)
    report = two.run(on, "apply", expected=removal.digest)
    assert (report.code, report.removal.approved) == (0, True)
    assert not any("Siri" in lms.users() for lms in two.lmss.values())


def test_whether_anything_is_delivered_at_all_is_told(two: Stage) -> None:
    two.configure("deliver = true", "deliver = false")
    report = two.sync(AUTUMN)
    assert (report.deliver, report.code, report.delivered) == (False, 2, {})
    assert "`deliver` is not true under [target]" in to_text(report)


# -- nobody is named ------------------------------------------------------------------------------------------------


def personal(stage: Stage) -> set[str]:
    """Whatever a report must never hold."""
    people = stage.world.people.values()
    words = {word for one in people for word in (one.given, one.family, one.number, one.email) if word}
    return words | {SOURCE, str(stage.world.people["kari"].born)}


def test_no_report_names_anybody_whatever_happened(stage: Stage) -> None:
    secrets = personal(stage)
    stage.crowd(60)
    stage.world.put(Tied("7A", "nobody"))
    reports = [stage.plan(AUTUMN), stage.run(AUTUMN)]
    decide(stage.town, "protect", "kari")
    decide(stage.town, "deny", "ola", "far")
    decide(stage.town, "pin", "eva", until=NEXT)
    stage.world.drop(*(f"7A{number}" for number in range(30)), "siri").change("per", given="", family="")
    stage.lms.refuses = lambda _delivery: "the LMS is full"
    reports += [stage.sync(NEXT)]
    stage.export(NEXT, text="<enterprise>")
    reports += [stage.run(NEXT)]
    for report in reports:
        told = json.dumps(to_json(report), ensure_ascii=False) + to_text(report)
        assert [word for word in secrets if word in told] == []


def test_the_lines_of_a_run_hold_ids_and_sentences_only(stage: Stage) -> None:
    lines = stage.lines(stage.sync(AUTUMN))
    secrets = personal(stage)
    assert lines
    assert [word for word in secrets if word in repr(lines)] == []
    assert all(len(line.id) == 32 for line in lines)
