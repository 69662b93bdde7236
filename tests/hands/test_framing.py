"""Schools and groups against an LMS: none is compared that cannot differ, and the plan is as if all had been."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rostersync.framing import Frame
from rostersync.model import Group
from rostersync.report import RunReport
from tests.hands.stage import DAY, NEXT, Stage
from tests.scenarios.town import AUTUMN, NORTH, SOUTH, Place, Tied, World

ENDS = date(2026, 10, 20)
GRACE = timedelta(days=60)


def groups(report: RunReport) -> dict[str, int]:
    """What a run does to groups and schools: action -> how many."""
    return dict(report.changes.get("group", {})) | dict(report.changes.get("organisation", {}))


def at_rest(stage: Stage) -> Stage:
    """Synced, and then for two nights nothing to do: the frame has been found in order."""
    stage.world.put(Place("chess", "Sjakk", kind="undervisningsgruppe", parent="north", end=ENDS.isoformat()))
    stage.sync(AUTUMN)
    assert groups(stage.run(NEXT)) == {}
    assert groups(stage.run(NEXT)) == {}
    return stage


def compares(stage: Stage) -> bool:
    """Whether a run of the next night looks at every school and group."""
    frame = Frame(stage.state(), stage.parts, NEXT, restored_backup=False, full=False)
    return frame.plan("lms").agreement is not None


def test_the_night_after_everything_has_arrived_compares_nothing(stage: Stage) -> None:
    stage.sync(AUTUMN)
    assert not compares(stage)
    stage.world.put(Place("chess", "Sjakk", kind="undervisningsgruppe", parent="north"))
    stage.sync(AUTUMN)
    assert not compares(stage)


def test_a_group_that_the_lms_refused_is_compared_again(stage: Stage) -> None:
    stage.lms.refuses = lambda one: "no" if isinstance(one.after, Group) and one.after.name == "7B" else ""
    stage.sync(AUTUMN)
    assert compares(stage)


def test_a_plan_that_was_only_looked_at_leaves_everything_to_be_compared(stage: Stage) -> None:
    stage.world.put(Place("chess", "Sjakk", kind="undervisningsgruppe", parent="north"))
    stage.plan(AUTUMN)
    assert compares(stage)


def test_on_a_quiet_night_the_plan_is_empty_and_in_full_too(stage: Stage) -> None:
    at_rest(stage)
    assert stage.run(NEXT + DAY).changes == {}
    assert stage.run(NEXT + DAY, "plan", full=True).changes == {}


def test_a_group_whose_last_day_passes_ends_though_the_file_is_the_same(stage: Stage) -> None:
    at_rest(stage)
    assert groups(stage.run(ENDS + GRACE)) == {}
    assert groups(stage.run(ENDS + GRACE + DAY)) == {"end": 1}


def test_a_plan_that_was_only_looked_at_is_made_again_from_the_same_few_groups(stage: Stage) -> None:
    at_rest(stage).world.put(Place("choir", "Kor", kind="undervisningsgruppe", parent="north"))
    assert groups(stage.plan(NEXT + DAY)) == groups(stage.run(NEXT + DAY)) == {"create": 1}
    assert not stage.state().dirty_groups.of("lms", ["everyday"])


def test_a_class_that_moves_to_another_school_takes_the_groups_below_it_along(stage: Stage) -> None:
    stage.world.put(Place("choir", "Kor", kind="undervisningsgruppe", parent="7B"))
    at_rest(stage).world.put(Place("7B", "7B", parent="south"))
    assert groups(stage.sync(NEXT + DAY)) == {"update": 2}
    assert stage.run(NEXT + DAY, "plan", full=True).changes == {}


def test_a_school_that_is_called_otherwise_has_everything_compared(stage: Stage) -> None:
    at_rest(stage).world.put(replace(NORTH, short="Nordre skole"))
    stage.export(NEXT + DAY)
    stage.run(NEXT + DAY, "plan")
    assert stage.state().dirty_groups.of("lms", ["everyday"]) is None
    assert groups(stage.run(NEXT + DAY)) == {"update": 1}


def test_the_groups_of_a_source_that_is_taken_out_for_good_end(stage: Stage) -> None:
    at_rest(stage)
    stage.state().sources.retire("everyday", datetime(2026, 10, 7, tzinfo=UTC), ["lms"])
    drafts = Frame(stage.state(), stage.parts, NEXT, restored_backup=False, full=False).plan("lms").drafts
    ended = [draft.id for draft in drafts if [change.action for change in draft.changes] == ["end"]]
    assert sorted(ended) == sorted(stage.known()[name].id for name in ("7A", "7B", "1S", "Sjakk"))


def happens(world: World, dice: random.Random) -> None:
    """One thing that happens to groups and schools between two nights."""
    name = f"g{dice.randrange(8)}"
    parent = dice.choice(["north", "south", "7A", "7B", "1S", "g0", "g1", ""])
    kind = dice.choice(["undervisningsgruppe", "basisgruppe", "noe annet"])
    ends = (NEXT + dice.randrange(40) * DAY).isoformat()
    happening = dice.randrange(10)
    if happening < 5:
        world.put(Place(name, f"{name} {dice.randrange(3)}", kind=kind, parent=parent, end=dice.choice(["", ends])))
    elif happening < 7:
        world.drop(name)
    elif happening < 9:
        world.put(Place(dice.choice(["7A", "7B", "1S"]), "Klassen", parent=dice.choice(["north", "south", "g2"])))
    else:
        world.put(replace(dice.choice([NORTH, SOUTH]), short=f"Skole {dice.randrange(9)}"))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_to_groups_comparing_the_few_finds_what_comparing_all_does(stage: Stage, seed: int) -> None:
    dice = random.Random(seed)
    on = AUTUMN
    stage.sync(on)
    for _ in range(15):
        on += DAY * dice.choice([1, 1, 1, 30])
        for _ in range(dice.randrange(3)):
            happens(stage.world, dice)
        few, everything = stage.plan(on), stage.run(on, "plan", full=True)
        assert (few.digest, few.changes) == (everything.digest, everything.changes)
        if dice.random() < 0.7:
            stage.run(on)


def test_a_group_that_is_new_in_the_file_is_made(stage: Stage) -> None:
    at_rest(stage).world.put(Place("choir", "Kor", kind="undervisningsgruppe", parent="north"))
    assert groups(stage.sync(NEXT + DAY)) == {"create": 1}


def test_a_group_that_is_called_otherwise_is_renamed_though_it_touches_nobody(stage: Stage) -> None:
    at_rest(stage).world.put(
        Place("chess", "Sjakklubb", kind="undervisningsgruppe", parent="north", end=ENDS.isoformat())
    )
    assert groups(stage.sync(NEXT + DAY)) == {"update": 1}


def test_what_nobody_knows_for_certain_is_sent_again(stage: Stage) -> None:
    at_rest(stage)
    one = stage.known()["Sjakk"]
    with stage.state().begin():
        stage.state().known.doubt("lms", "group", one.id)
    assert groups(stage.run(NEXT + DAY)) == {"update": 1}


def test_another_role_model_is_compared(stage: Stage) -> None:
    at_rest(stage)
    roles = stage.parts.settings.roles.read_text(encoding="utf-8")
    stage.write("roles.yaml", roles.replace("Alle elever", "Elevene"))
    stage.configure(str(stage.parts.settings.roles), "roles.yaml")
    assert groups(stage.run(NEXT + DAY)) == {"update": 2}


def test_when_somebody_comes_up_by_date_her_groups_are_known(stage: Stage) -> None:
    begins = (NEXT + 10 * DAY).isoformat()
    stage.world.put(Tied("7B", "kari", begin=begins))
    at_rest(stage)
    report = stage.run(NEXT + 10 * DAY)
    assert report.changes == {"membership": {"create": 2}}
    assert stage.run(NEXT + 10 * DAY, "plan", full=True).changes == {}
