"""Desired against known at one LMS: what comes up, what comes back, and what is a plan of its own."""

from __future__ import annotations

from datetime import date

import pytest

from rostersync.errors import Usage
from rostersync.model import Life, User
from rostersync.report import RunReport
from tests.hands.stage import DAY, NEXT, Stage
from tests.scenarios.test_guardians import decide
from tests.scenarios.town import AUTUMN, SOURCE, Human, Place, Tied

REMOVED = '[sync.oslo.departed.pupil]\nsuspend_after = "0d"\nremove_after = "1d"\n'
BIRTHDAY = date(2026, 11, 3)


def counts(report: RunReport) -> dict[str, int]:
    """`kind.action` -> how many."""
    return {f"{kind}.{action}": count for kind, actions in report.changes.items() for action, count in actions.items()}


def add(stage: Stage, text: str) -> None:
    """More at the end of the config."""
    stage.town.config.write_text(stage.town.config.read_text() + text)
    stage.assemble()


# -- what comes up by itself ----------------------------------------------------------------------------------------


def test_a_birthday_that_was_only_planned_is_not_forgotten(stage: Stage) -> None:
    stage.world.change("ola", born=date(2008, 11, 3), number="")
    stage.sync(BIRTHDAY - DAY)
    assert counts(stage.run(BIRTHDAY - DAY, "plan")) == {}
    planned = counts(stage.run(BIRTHDAY, "plan"))
    assert planned["guardianship.end"] == 1
    assert counts(stage.run(BIRTHDAY + DAY)) == planned
    assert stage.lms.users()["Ola"].guardians == ()


def test_a_birthday_is_noticed_though_no_run_took_place_on_it(stage: Stage) -> None:
    stage.world.change("ola", born=date(2008, 11, 3), number="")
    stage.sync(BIRTHDAY - DAY)
    assert counts(stage.run(BIRTHDAY + 9 * DAY))["guardianship.end"] == 1
    assert stage.lms.users()["Ola"].guardians == ()


def test_a_clock_that_runs_out_suspends_without_any_new_export(settled: Stage) -> None:
    settled.world.drop("siri")
    settled.sync(NEXT)
    assert counts(settled.run(NEXT + 29 * DAY)) == {}
    assert counts(settled.run(NEXT + 30 * DAY)) == {"person.suspend": 1}
    assert not settled.lms.users()["Siri"].enabled


def test_who_is_looked_at_is_counted_for_whoever_watches(settled: Stage) -> None:
    settled.progress.clear()
    settled.run(NEXT, "plan", full=True)
    assert [step for step in settled.progress if step[0] == "planning for lms"] == [("planning for lms", 7)]


def test_planning_only_whom_something_happened_to_finds_what_planning_everybody_finds(settled: Stage) -> None:
    settled.world.change("kari", family="Ås").drop("siri").put(Tied("7A", "ola"))
    quick = settled.plan(NEXT)
    full = settled.run(NEXT, "plan", full=True)
    assert (quick.changes, quick.digest) == (full.changes, full.digest)
    assert quick.changes != {}


# -- what is held comes back ----------------------------------------------------------------------------------------


def leaving(stage: Stage) -> None:
    """Half of a school is missing from the export of NEXT."""
    stage.crowd(60)
    stage.sync(AUTUMN)
    stage.world.drop(*(f"7A{number}" for number in range(30)))
    stage.export(NEXT)


def test_what_is_held_comes_back_every_night_under_the_same_digest(stage: Stage) -> None:
    leaving(stage)
    nights = [stage.run(NEXT + night * DAY) for night in (0, 1, 5)]
    assert all(night.held for night in nights)
    assert len({night.held for night in nights}) == 1
    assert len({night.digest for night in nights}) == 1


def test_what_is_held_is_gone_when_the_export_is_whole_again(stage: Stage) -> None:
    leaving(stage)
    assert stage.run(NEXT).held
    stage.crowd(60)
    report = stage.sync(NEXT + DAY)
    assert (report.held, report.changes, report.code) == ((), {}, 0)


def test_a_held_departure_starts_no_clock(stage: Stage) -> None:
    leaving(stage)
    stage.run(NEXT)
    later = stage.run(NEXT + 60 * DAY)
    assert "person.suspend" not in counts(later)
    stage.approve(*(entry.digest for entry in later.held), on=NEXT + 60 * DAY)
    stage.run(NEXT + 60 * DAY)
    assert stage.known()["7A3"].life == Life("departed", "absent", NEXT + 60 * DAY)


def test_only_what_waits_or_was_released_can_be_named_to_approve(stage: Stage) -> None:
    leaving(stage)
    stage.world.change("kari", family="Ås")
    report = stage.sync(NEXT)
    find = stage.state().approvals.find_plan
    held = report.held[0]
    assert (find(held.digest[:8]).purpose, find(held.digest).text) == ("entry", "30 x person depart")
    assert (find(report.digest[:12]).purpose, find(report.digest).text) == ("plan", "the whole plan for lms")
    flowed = next(entry for entry in report.entries if entry.action == "update")
    with pytest.raises(Usage, match="no plan and no held entry has that digest"):
        find(flowed.digest)


def test_an_empty_plan_is_nothing_to_approve(settled: Stage) -> None:
    report = settled.run(NEXT, "plan")
    with pytest.raises(Usage, match="no plan and no held entry"):
        settled.state().approvals.find_plan(report.digest)


# -- groups ---------------------------------------------------------------------------------------------------------


def clubs(stage: Stage, number: int = 30, **changes: str) -> None:
    """Many classes at the northern school."""
    for one in range(number):
        stage.world.put(Place(f"g{one}", f"Gruppe {one}", parent="north", **changes))


def test_groups_that_vanish_in_a_mass_are_held_until_somebody_approves(stage: Stage) -> None:
    clubs(stage)
    stage.sync(AUTUMN)
    stage.world.drop(*(f"g{number}" for number in range(30)))
    held = stage.sync(NEXT).held
    assert {(entry.kind, entry.action, entry.school) for entry in held} == {("group", "end", "974589230")}
    assert "Gruppe 3" in stage.known()
    stage.approve(*(entry.digest for entry in held))
    stage.run(NEXT)
    assert "Gruppe 3" not in stage.known()


def test_groups_whose_last_day_was_known_end_in_any_number(stage: Stage) -> None:
    clubs(stage, end="2026-10-05")
    stage.sync(AUTUMN)
    assert "Gruppe 3" in stage.known()
    grace = 60 * DAY  # what pupils and teachers made in a group does not go with its last day
    assert counts(stage.run(AUTUMN + grace)) == {}
    report = stage.run(AUTUMN + grace + DAY)
    assert (report.held, counts(report)) == ((), {"group.end": 30})
    assert "Gruppe 3" not in stage.known()


def test_a_school_that_is_missing_is_left_as_it_is(settled: Stage) -> None:
    settled.world.drop("south", "1S", "siri")
    report = settled.sync(NEXT)
    assert "organisation" not in report.changes
    assert "Sør skole" in settled.known()


def test_a_school_brings_its_computed_groups_along(stage: Stage) -> None:
    stage.sync(AUTUMN)
    kinds = sorted(getattr(one.value, "kind", "") for name, one in stage.known().items() if name.startswith("Alle"))
    assert kinds == sorted({"all_employees", "all_guardians", "all_pupils", "all_teachers"})


# -- what only waits ------------------------------------------------------------------------------------------------


def test_in_summer_what_would_end_is_counted_as_waiting_and_ends_in_autumn(settled: Stage) -> None:
    summer = date(2027, 7, 1)
    settled.world.drop("per")
    report = settled.sync(summer)
    assert (counts(report), list(report.waiting.values())) == ({}, [1])
    assert settled.run(date(2027, 8, 31)).changes == {}
    assert counts(settled.run(date(2027, 9, 1))) == {"person.depart": 1}


def test_a_pinned_person_is_counted_every_night_and_not_planned(settled: Stage) -> None:
    decide(settled.town, "pin", "kari", until=NEXT + DAY)
    settled.world.change("kari", family="Ås")
    settled.export(NEXT)
    nights = [settled.run(NEXT + night * DAY, "plan", full=True) for night in range(3)]
    assert [night.pinned for night in nights] == [1, 1, 0]
    assert [counts(night) for night in nights] == [{}, {}, {"person.update": 1}]


def test_who_is_only_suggested_as_a_leader_is_a_question_and_stays_staff(stage: Stage) -> None:
    stage.world.put(Human("liv", "Liv", "Holm", date(1970, 2, 3)), Tied("north", "liv", "05", subrole="rektor"))
    report = stage.sync(AUTUMN)
    (asked,) = stage.state().questions.open_ones()
    assert (report.questions, report.code) == (1, 0)
    assert (asked.code, asked.about) == ("suggested_role", (stage.town.person("liv"),))
    assert asked.text.endswith("if she should be school_leader there, add a grant.")
    assert stage.lms.users()["Liv"].role == "staff"


def test_a_list_that_names_nobody_is_told_with_the_command_that_shows_people(stage: Stage) -> None:
    grants = f'version: 1\ngrants:\n  - {{person: {SOURCE}/nobody, role: super_user, school: "974589230", reason: r, to: 2027-06-30}}\n'
    stage.write("grants.yaml", grants)
    stage.configure("roles =", 'grants = "grants.yaml"\nroles =')
    report = stage.sync(AUTUMN)
    assert [note for note in report.notes if note.startswith("1 entries of the local lists name nobody")] != []
    assert "rostersync person KEY" in report.notes[0]
    assert f"{SOURCE}/nobody" not in "".join(report.notes)


# -- permanent removal ----------------------------------------------------------------------------------------------


def out(stage: Stage) -> date:
    """Kari and Siri are suspended; their removal is due on the day returned."""
    add(stage, REMOVED)
    stage.sync(AUTUMN)
    stage.world.drop("kari", "siri")
    stage.sync(NEXT)
    return NEXT + 2 * DAY


def test_removals_that_are_due_are_counted_apart_from_the_plan(stage: Stage) -> None:
    on = out(stage)
    assert stage.run(on - DAY, "plan").removal.count == 2
    report = stage.run(on, "plan")
    assert (report.changes, report.removal.count) == ({}, 2)
    assert stage.state().approvals.find_plan(report.removal.digest).text == "permanent removal of 2 users"


def test_an_approved_removal_is_void_when_it_would_be_other_people(stage: Stage) -> None:
    on = out(stage)
    approved = stage.run(on, "plan").removal.digest
    stage.world.drop("per")
    stage.sync(on)
    stage.approve(approved, on=on)
    report = stage.run(on + 2 * DAY)
    assert (report.removal.count, report.removal.approved) == (3, False)
    assert {"Kari", "Siri", "Per"} <= stage.known().keys()


def test_who_comes_back_is_restored_and_not_removed(stage: Stage) -> None:
    on = out(stage)
    stage.world.put(Human("siri", "Siri", "Aas", date(2020, 1, 5)), Tied("south", "siri"), Tied("1S", "siri"))
    report = stage.plan(on)
    assert (counts(report).get("person.restore"), report.removal.count) == (1, 1)


def test_who_is_pinned_is_not_removed_until_the_pin_has_run_out(stage: Stage) -> None:
    on = out(stage)
    decide(stage.town, "pin", "kari", until=on)
    assert stage.run(on, "plan").removal.count == 1
    assert stage.run(on + DAY, "plan").removal.count == 2


def test_after_a_restored_backup_nobody_is_due_for_removal(stage: Stage) -> None:
    on = out(stage)
    stage.write("state.db.generation", "99\n")
    assert (stage.run(on, "plan").removal.count, stage.run(on, "plan").restored_backup) == (0, True)
    stage.state().generation.recover()
    assert stage.run(on, "plan").removal.count == 2


def test_a_user_is_planned_with_the_values_of_today_and_no_others(settled: Stage) -> None:
    settled.world.change("kari", family="Ås")
    settled.plan(NEXT)
    settled.world.change("kari", family="Berg")
    settled.sync(NEXT + DAY)
    kari = settled.known()["Kari"].value
    assert isinstance(kari, User)
    assert kari.family_name == "Berg"
