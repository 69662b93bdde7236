"""What an LMS refuses again and again: it is left alone, shown, and tried once more when there is a reason to."""

from __future__ import annotations

from rostersync.model import Delivery, Group, User
from rostersync.plan import REVOKE
from rostersync.resyncing import Scope, resync
from tests.hands.stage import DAY, NEXT, Stage
from tests.hands.test_delivering import refusing
from tests.scenarios.test_guardians import decide
from tests.scenarios.town import AUTUMN, Human, Tied

TAKEN = "the address is taken; change it in the school system"


def handed(stage: Stage) -> set[str]:
    """The given names of the users who were handed over since the last reset."""
    return {one.after.given_name for one in stage.lms.handed if isinstance(one.after, User)}


def parked(stage: Stage, nights: int = 3) -> Stage:
    """Siri is refused so many nights in a row, from the first on."""
    stage.lms.refuses = refusing("Siri")
    stage.sync(AUTUMN)
    for night in range(1, nights):
        stage.run(AUTUMN + night * DAY)
    stage.lms.handed.clear()
    return stage


def test_it_is_tried_three_times_and_then_no_more(stage: Stage) -> None:
    parked(stage, 2)
    assert stage.run(NEXT + DAY).failed == 1
    stage.lms.handed.clear()
    report = stage.run(NEXT + 2 * DAY)
    assert (handed(stage), report.failed, report.parked, report.code) == (set(), 0, 1, 4)


def test_why_and_since_when_is_remembered(stage: Stage) -> None:
    (one,) = parked(stage).state().refusals.of("lms").values()
    assert (one.kind, one.reason, one.since, one.times, one.parked) == ("user", TAKEN, AUTUMN, 3, True)


def test_it_is_tried_again_when_something_else_is_wanted(stage: Stage) -> None:
    parked(stage).world.change("siri", family="Ås")
    assert stage.sync(NEXT + 3 * DAY).failed == 1
    (one,) = stage.state().refusals.of("lms").values()
    assert (one.times, one.since) == (1, NEXT + 3 * DAY), "it counts anew"


def test_it_is_tried_again_in_a_full_run(stage: Stage) -> None:
    parked(stage).lms.reset()
    report = stage.run(NEXT + 3 * DAY, full=True)
    assert (report.code, handed(stage)) == (0, {"Siri"})
    assert stage.state().refusals.of("lms") == {}


def test_it_is_tried_again_after_a_resync(stage: Stage) -> None:
    parked(stage).lms.reset()
    assert stage.run(NEXT + 3 * DAY).parked == 1
    sent = resync(stage.state(), stage.parts, Scope(), lambda _step, _done: None)
    assert sent.released == 1
    assert "tried again by the next sync: 1" in sent.to_text()
    report = stage.run(NEXT + 4 * DAY)
    assert (report.code, report.parked, report.delivered["person"]) == (0, 0, {"create": 1})


def test_who_has_left_meanwhile_is_refused_no_more(stage: Stage) -> None:
    parked(stage).world.drop("siri")
    report = stage.sync(NEXT + 3 * DAY)
    assert (report.parked, report.failed) == (0, 0)
    assert stage.state().refusals.of("lms") == {}


def test_what_may_have_waited_for_something_is_tried_when_that_arrives(stage: Stage) -> None:
    def without_class(delivery: Delivery) -> str:
        return "no such name" if isinstance(delivery.after, Group) and delivery.after.name == "1S" else ""

    stage.lms.refuses = without_class
    stage.sync(AUTUMN)
    for night in (1, 2):
        stage.run(AUTUMN + night * DAY)
    assert {one.kind for one in stage.state().refusals.of("lms").values()} == {"group", "user"}
    stage.lms.reset()
    stage.world.put(*(one for one in stage.world.places.values() if one.id != "1S"))
    stage.run(NEXT + 3 * DAY, full=True)
    assert stage.run(NEXT + 4 * DAY).code == 0
    assert "Siri" in stage.known()


def test_what_takes_access_away_is_tried_every_night(settled: Stage) -> None:
    decide(settled.town, "deny", "ola", "far")
    settled.lms.refuses = lambda _delivery: "not now"
    for night in range(5):
        settled.lms.handed.clear()
        assert settled.run(NEXT + night * DAY).failed > 0
        assert REVOKE in {delivery.phase for delivery in settled.lms.handed}
    assert REVOKE not in {one.phase for one in settled.state().refusals.of("lms").values()}


def test_a_parked_one_does_not_keep_an_approved_removal_waiting(stage: Stage) -> None:
    stage.town.config.write_text(
        stage.town.config.read_text() + '[sync.oslo.departed.pupil]\nsuspend_after = "0d"\nremove_after = "1d"\n'
    )
    stage.assemble()
    parked(stage).world.drop("kari")
    stage.sync(NEXT + 3 * DAY)
    on = NEXT + 5 * DAY
    stage.approve(stage.run(on, "plan").removal.digest, on=on)
    report = stage.run(on)
    assert (report.delivered["person"]["remove"], report.parked) == (1, 1)


def test_it_does_not_count_against_the_limits_while_nothing_flows(stage: Stage) -> None:
    parked(stage)
    before = stage.state().approvals.tally("lms", AUTUMN)
    stage.run(NEXT + 3 * DAY)
    assert stage.state().approvals.tally("lms", AUTUMN) == before


def test_a_newcomer_is_not_kept_back_by_somebody_who_is_parked(stage: Stage) -> None:
    parked(stage).world.put(Human("nils", "Nils", "Vik"), Tied("north", "nils"), Tied("7A", "nils"))
    report = stage.sync(NEXT + 3 * DAY)
    assert (report.parked, handed(stage)) == (1, {"Nils"})
