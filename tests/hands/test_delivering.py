"""From the outbox to an LMS: in which order, what waits, and what stands after a failure in the middle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from rostersync.model import Delivery, User
from rostersync.plan import END, GROUP, GUARDIANSHIP, ORGANISATION, PERSON, REVOKE
from tests.hands.stage import CLOSED, DAY, NEXT, Killed, Stage
from tests.scenarios.test_guardians import decide
from tests.scenarios.town import AUTUMN, Human, Place, Tied

REMOVE_SOON = '[sync.oslo.departed.pupil]\nsuspend_after = "0d"\nremove_after = "1d"\n'


def steps(stage: Stage) -> list[str]:
    """What the LMS was asked, in order, as `kind.action`."""
    return [f"{change.kind}.{change.action}" for delivery in stage.lms.handed for change in delivery.changes]


def refusing(name: str) -> Callable[[Delivery], str]:
    """Makes an LMS refuse one user."""
    return lambda delivery: (
        "the address is taken; change it in the school system"
        if isinstance(delivery.after, User) and delivery.after.given_name == name
        else ""
    )


# -- the order ------------------------------------------------------------------------------------------------------


def test_a_first_load_brings_schools_then_groups_then_users_then_links(stage: Stage) -> None:
    stage.sync(AUTUMN)
    phases = [delivery.phase for delivery in stage.lms.handed]
    assert phases == sorted(phases)
    assert list(dict.fromkeys(phases)) == [ORGANISATION, GROUP, PERSON, GUARDIANSHIP]
    assert stage.lms.inner.double_creates == ()


def test_what_takes_access_away_goes_first_and_what_only_ends_goes_last(settled: Stage) -> None:
    settled.world.put(Place("7C", "7C", parent="north"), Human("nils", "Nils", "Vik", guardians=("mor",)))
    settled.world.put(Tied("north", "nils"), Tied("7C", "nils"), Tied("7C", "per")).untie("per", "7A")
    settled.export(NEXT)
    decide(settled.town, "deny", "ola", "far")
    settled.run(NEXT)
    phases = [delivery.phase for delivery in settled.lms.handed]
    assert phases == sorted(phases)
    assert set(phases) == {REVOKE, GROUP, PERSON, GUARDIANSHIP, END}
    told = steps(settled)
    assert told[0] == "guardianship.end"
    assert told.index("group.create") < told.index("person.create") < told.index("guardianship.create")
    assert told[-1] == "membership.end"


def test_a_protected_person_is_out_before_anything_else_is_done(settled: Stage) -> None:
    settled.crowd(10)
    settled.export(NEXT)
    decide(settled.town, "protect", "kari")
    settled.run(NEXT)
    assert steps(settled)[0] == "person.suspend"
    assert settled.known()["Kari"].id in {delivery.id for delivery in settled.lms.handed[:2]}


def test_an_lms_is_swept_once_before_it_is_told_anything(two: Stage) -> None:
    two.sync(AUTUMN)
    for name in ("lms", "archive"):
        asked = [step for step in two.diary if step.startswith(f"{name} ")]
        assert asked[:2] == [f"{name} existing", f"{name} sweep"]
        assert asked.count(f"{name} sweep") == 1


def test_a_delivery_tells_how_far_it_is(stage: Stage) -> None:
    stage.sync(AUTUMN)
    told = [done for step, done in stage.progress if step.startswith("delivering to lms")]
    assert told == sorted(told)
    assert told[-1] == len(stage.lms.handed)


# -- what is held ---------------------------------------------------------------------------------------------------


def test_of_a_newcomer_who_is_held_nothing_reaches_the_lms_and_her_links_wait_with_her(settled: Stage) -> None:
    settled.configure("roles =", "guard = { person.create = { count = 0 } }\nroles =")
    settled.world.put(Human("nils", "Nils", "Vik", guardians=("mor",)), Tied("north", "nils"), Tied("7A", "nils"))
    settled.world.change("kari", family="Ås")
    report = settled.sync(NEXT)
    assert {(entry.kind, entry.action) for entry in report.held} == {("person", "create")}
    assert steps(settled) == ["person.update"]
    settled.approve(*(entry.digest for entry in report.held))
    settled.run(NEXT)
    nils, anne = settled.lms.users()["Nils"], settled.known()["Anne"].id
    assert (len(nils.memberships), nils.guardians) == (2, (anne,))


def counted(stage: Stage) -> dict[tuple[str, str, str], int]:
    """What the guard counts of these days, for the whole owner."""
    tally = stage.state().approvals.tally("lms", AUTUMN)
    return {entry: count for entry, count in tally.items() if entry[2] == "*"}


def leaving(stage: Stage) -> None:
    """Thirty pupils are in a class with others; then four leave it, and one leaves altogether."""
    stage.crowd(30)
    stage.sync(AUTUMN)
    stage.lms.reset()
    for number in range(4):
        stage.world.untie(f"7A{number}", "7A")
    stage.world.drop("7A9")


LEFT = {("membership", "end", "*"): 4, ("person", "depart", "*"): 1}


def test_what_arrives_counts_in_the_days_to_come(stage: Stage) -> None:
    leaving(stage)
    assert stage.sync(NEXT).code == 0
    assert counted(stage) == LEFT


def test_what_an_lms_that_is_down_for_days_did_not_take_counts_once_it_has(stage: Stage) -> None:
    leaving(stage)
    stage.lms.closes_at = 0
    for night in range(4):
        assert stage.sync(NEXT + night * DAY).code == 4
    assert counted(stage) == {("person", "depart", "*"): 1}, "that needs nothing of the LMS"
    stage.lms.reset()
    assert stage.sync(NEXT + 4 * DAY).code == 0
    assert counted(stage) == LEFT


def test_what_kills_cut_off_is_not_counted_again_with_each_of_them(stage: Stage) -> None:
    leaving(stage)
    stage.export(NEXT)
    stage.lms.kills_at = 0
    for _ in range(5):
        with pytest.raises(Killed):
            stage.run(NEXT)
    stage.lms.reset()
    assert stage.run(NEXT).code == 0
    assert counted(stage).get(("membership", "end", "*"), 0) in (3, 4), "of one delivery nobody knows"


# -- failures -------------------------------------------------------------------------------------------------------


def test_what_one_object_fails_at_the_others_do_not_wait_for(stage: Stage) -> None:
    stage.lms.refuses = refusing("Siri")
    report = stage.sync(AUTUMN)
    assert (report.code, report.failed) == (4, 1)
    assert report.delivered["person"] == {"create": 6}
    assert report.failures["the address is taken; change it in the school system"] == 1
    assert "Siri" not in stage.known()
    assert stage.known()["Kari"].value.guardians != ()  # type: ignore[union-attr]


def test_what_builds_on_a_failed_step_is_not_tried(stage: Stage) -> None:
    stage.lms.refuses = refusing("Kari")
    stage.sync(AUTUMN)
    handed = [one for one in stage.lms.handed if isinstance(one.after, User) and one.after.given_name == "Kari"]
    assert [delivery.phase for delivery in handed] == [PERSON], "without a user there is nobody to link"


def test_a_failure_comes_back_every_night_until_it_is_mended(stage: Stage) -> None:
    stage.lms.refuses = refusing("Siri")
    stage.sync(AUTUMN)
    assert stage.run(NEXT).code == 4
    stage.lms.reset()
    report = stage.run(NEXT + DAY)
    assert (report.code, report.delivered["person"]) == (0, {"create": 1})
    assert {one.after.given_name for one in stage.lms.handed if isinstance(one.after, User)} == {"Siri"}


def test_who_has_two_users_is_looked_at_again_when_one_of_them_failed(settled: Stage) -> None:
    settled.world.change("siri", guardians=("eva",)).change("eva", family="Ås")
    settled.lms.refuses = lambda delivery: (
        "no room" if isinstance(delivery.after, User) and delivery.after.face == "guardian" else ""
    )
    assert settled.sync(NEXT).code == 4
    settled.lms.reset()
    again = settled.run(NEXT)
    assert (again.code, again.delivered["person"]["create"]) == (0, 1)
    assert len(settled.lms.users()["Siri"].guardians) == 1


def test_why_something_failed_stays_with_the_run(stage: Stage) -> None:
    stage.lms.refuses = refusing("Siri")
    failed = [line for line in stage.lines(stage.sync(AUTUMN)) if line.result == "failed"]
    assert {(line.kind, line.action) for line in failed} >= {("person", "create")}
    assert "the address is taken; change it in the school system" in {line.reason for line in failed}


def test_when_the_lms_closes_in_the_middle_what_was_told_stands_and_the_rest_follows(stage: Stage) -> None:
    stage.lms.closes_at = 10
    report = stage.sync(AUTUMN)
    first = [(delivery.phase, delivery.id) for delivery in stage.lms.handed]
    assert (report.code, len(first)) == (4, 10)
    assert set(report.failures) == {CLOSED}
    assert report.failed == sum(report.failures.values()) > 0
    stage.lms.reset()
    again = stage.run(NEXT)
    assert (again.code, again.failed) == (0, 0)
    second = [(delivery.phase, delivery.id) for delivery in stage.lms.handed]
    assert not set(first) & set(second), "nothing that had arrived is sent again"
    assert stage.run(NEXT, "plan", full=True).changes == {}


def test_a_first_load_that_went_wrong_goes_on_without_limits(stage: Stage) -> None:
    stage.crowd(60)
    stage.lms.refuses = lambda delivery: (
        "no room" if isinstance(delivery.after, User) and delivery.after.given_name.startswith("7A") else ""
    )
    assert stage.sync(AUTUMN).failed == 60
    stage.lms.reset()
    report = stage.run(NEXT)
    assert (report.held, report.delivered["person"]) == ((), {"create": 60})


def test_a_first_load_that_was_cut_off_goes_on_where_it_was(stage: Stage) -> None:
    stage.crowd(60)
    stage.lms.closes_at = 25
    stage.sync(AUTUMN)
    stage.lms.reset()
    assert stage.run(NEXT).held == ()
    assert len(stage.lms.users()) == 67


def test_once_an_lms_was_filled_its_limits_count(settled: Stage) -> None:
    settled.crowd(60)
    assert ("person", "create") in {(entry.kind, entry.action) for entry in settled.sync(NEXT).held}


def test_what_flows_counts_in_the_week_to_come_unless_somebody_approved_it(stage: Stage) -> None:
    stage.crowd(60)
    stage.sync(AUTUMN)
    stage.world.drop("7A0", "7A1")
    stage.sync(NEXT)
    stage.world.drop("7A2")
    (judged,) = (entry for entry in stage.plan(NEXT + DAY).entries if (entry.kind, entry.school) == ("person", "*"))
    assert (judged.action, judged.count, judged.recent) == ("depart", 3, 2)
    stage.world.drop(*(f"7A{number}" for number in range(3, 30)))
    held = stage.sync(NEXT + DAY).held
    stage.approve(*(entry.digest for entry in held), on=NEXT + DAY)
    assert stage.run(NEXT + DAY).code == 0
    stage.world.drop("7A40")
    later = [entry for entry in stage.plan(NEXT + 2 * DAY).entries if (entry.kind, entry.school) == ("person", "*")]
    assert [(entry.action, entry.count, entry.recent) for entry in later] == [("depart", 3, 2)]


# -- permanent removal ----------------------------------------------------------------------------------------------


def due(stage: Stage) -> date:
    """Kari and Siri have left, were suspended, and are due for removal on the day returned."""
    stage.town.config.write_text(stage.town.config.read_text() + REMOVE_SOON)
    stage.assemble()
    stage.sync(AUTUMN)
    stage.world.drop("kari", "siri")
    stage.sync(NEXT)
    assert not stage.lms.users()["Kari"].enabled
    stage.lms.reset()
    return NEXT + 2 * DAY


def test_nobody_is_removed_before_somebody_approved_it(stage: Stage) -> None:
    on = due(stage)
    report = stage.run(on)
    assert (report.removal.count, report.removal.approved, report.code) == (2, False, 3)
    assert "person.remove" not in steps(stage)
    assert report.changes == {}, "removals are a plan of their own"
    stage.approve(report.removal.digest, on=on)
    assert stage.run(on).code == 0
    assert steps(stage) == ["person.remove"] * 2
    assert not {"Kari", "Siri"} & (stage.known().keys() | stage.lms.users().keys())


def test_an_approved_removal_waits_until_everything_else_has_arrived(stage: Stage) -> None:
    on = due(stage)
    stage.approve(stage.run(on, "plan").removal.digest, on=on)
    stage.world.change("ola", family="Berg").change("eva", family="Ås")
    stage.lms.refuses = refusing("Ola")
    assert stage.sync(on).code == 4
    assert "person.remove" not in steps(stage)
    assert {"Kari", "Siri"} <= stage.known().keys()
    stage.lms.reset()
    assert stage.run(on).code == 0
    told = steps(stage)
    assert told == ["person.update", "person.remove", "person.remove"]


def test_what_the_guard_holds_does_not_stop_an_approved_removal(stage: Stage) -> None:
    stage.crowd(60)
    on = due(stage)
    stage.world.drop(*(f"7A{number}" for number in range(30)))
    report = stage.sync(on)
    assert report.held
    stage.approve(report.removal.digest, on=on)
    assert stage.run(on).held
    assert steps(stage).count("person.remove") == 2


def test_after_a_kill_in_a_removal_nobody_knows_and_it_is_done_again(stage: Stage) -> None:
    on = due(stage)
    stage.approve(stage.run(on, "plan").removal.digest, on=on)
    stage.lms.kills_at, stage.lms.kills_unheard = 1, True
    with pytest.raises(Killed):
        stage.run(on)
    assert {"Kari", "Siri"} <= stage.known().keys()
    stage.lms.reset()
    assert stage.run(on).code == 0
    assert steps(stage) == ["person.remove"] * 2
    assert not {"Kari", "Siri"} & (stage.known().keys() | stage.lms.users().keys())


# -- an LMS that reads a whole set ----------------------------------------------------------------------------------


def test_a_whole_set_is_written_once_and_holds_everybody(whole: Stage) -> None:
    whole.sync(AUTUMN)
    (written,) = whole.lms.sets
    names = {one.value.given_name for one in written if isinstance(one.value, User)}
    assert names == {"Kari", "Per", "Ola", "Siri", "Eva", "Anne", "Jon"}


def test_a_night_without_changes_writes_no_set(whole: Stage) -> None:
    whole.sync(AUTUMN)
    whole.lms.reset()
    whole.sync(NEXT)
    assert (whole.lms.sets, [step for step in whole.diary if "deliver" in step]) == ([], [])


def test_what_is_held_stands_in_the_set_as_it_was_before(whole: Stage) -> None:
    whole.crowd(60)
    whole.sync(AUTUMN)
    whole.world.drop(*(f"7A{number}" for number in range(30))).change("kari", family="Ås")
    assert whole.sync(NEXT).held
    users = {one.value.given_name: one.value for one in whole.lms.sets[-1] if isinstance(one.value, User)}
    assert users["Kari"].family_name == "Ås"
    assert users["7A3"].enabled
    assert users["7A3"].memberships != ()


def test_of_a_set_that_could_not_be_written_nothing_is_known(whole: Stage) -> None:
    whole.lms.closes_at = 0
    report = whole.sync(AUTUMN)
    assert (report.code, report.delivered, whole.known()) == (4, {}, {})
    whole.lms.reset()
    assert whole.run(AUTUMN).code == 0
    assert len(whole.lms.sets) == 1


def test_a_set_that_was_renamed_before_a_kill_is_written_again(whole: Stage) -> None:
    whole.sync(AUTUMN)
    whole.world.change("kari", family="Ås")
    whole.lms.kills_unheard = True
    with pytest.raises(Killed):
        whole.sync(NEXT)
    whole.lms.reset()
    whole.run(NEXT)
    (written,) = whole.lms.sets
    assert "Ås" in {one.value.family_name for one in written if isinstance(one.value, User)}
    assert whole.run(NEXT, "plan", full=True).changes == {}


def test_the_very_first_set_is_known_for_ours_though_a_kill_came_before_anything_was_known(whole: Stage) -> None:
    whole.lms.kills_unheard = True
    with pytest.raises(Killed):
        whole.sync(AUTUMN)
    assert whole.known() == {}
    whole.lms.kills_unheard = False
    whole.run(AUTUMN, "plan")
    assert whole.run(AUTUMN).code == 0
    assert len(whole.lms.sets) == 2
    assert whole.run(NEXT, "plan", full=True).changes == {}


def test_a_set_that_is_ahead_of_known_is_written_back_though_nothing_is_to_be_changed(whole: Stage) -> None:
    whole.sync(AUTUMN)
    whole.world.change("kari", family="Ås")
    whole.lms.kills_unheard = True
    with pytest.raises(Killed):
        whole.sync(NEXT)
    whole.lms.reset()
    whole.world.change("kari", family="Lund")
    whole.sync(NEXT)
    (written,) = whole.lms.sets
    assert "Ås" not in {one.value.family_name for one in written if isinstance(one.value, User)}
    whole.lms.reset()
    whole.sync(NEXT + DAY)
    assert whole.lms.sets == []


def test_a_set_that_could_not_be_written_leaves_its_list_and_no_doubt(whole: Stage) -> None:
    whole.sync(AUTUMN)
    whole.world.change("kari", family="Ås")
    whole.lms.closes_at = 0
    report = whole.sync(NEXT)
    assert [(line.kind, line.action) for line in whole.lines(report)] == [("person", "update")]
    assert all(one.digest for one in whole.known().values())
    whole.lms.reset()
    assert whole.run(NEXT).changes == report.changes


# -- keys and lists -------------------------------------------------------------------------------------------------


def test_a_key_that_the_lms_gives_a_user_is_used_from_then_on(stage: Stage) -> None:
    stage.lms.own_key = lambda delivery: f"account-{delivery.after.given_name}" if isinstance(delivery.after, User) else ""  # fmt: skip
    stage.sync(AUTUMN)
    assert stage.known()["Ola"].target_key == "account-Ola"
    linked = [one.target_key for one in stage.lms.handed if one.phase == GUARDIANSHIP]
    assert "account-Kari" in linked, "the key told in one phase is known in the next of the same run"
    stage.world.change("ola", family="Berg")
    stage.lms.refuses = lambda _delivery: "no"
    stage.lms.handed.clear()
    stage.sync(NEXT)
    assert [delivery.target_key for delivery in stage.lms.handed] == ["account-Ola"]


def test_a_plan_lists_what_it_would_do_and_what_it_would_hold(stage: Stage) -> None:
    stage.crowd(60)
    stage.sync(AUTUMN)
    stage.world.drop(*(f"7A{number}" for number in range(30))).change("kari", family="Ås")
    lines = stage.lines(stage.plan(NEXT))
    assert {(line.kind, line.action, line.result) for line in lines} == {
        ("person", "depart", "held"),
        ("person", "update", "cleared"),
    }
    assert sum(line.result == "held" for line in lines) == 30
    assert all(line.reason for line in lines)


def test_of_a_newcomer_one_line_is_written_though_she_brings_much_along(stage: Stage) -> None:
    report = stage.sync(AUTUMN)
    kari = stage.known()["Kari"].id
    assert [(line.kind, line.action) for line in stage.lines(report) if line.id == kari] == [("person", "create")]
