"""A plan worked out by several processes is the plan that one would have made, whatever becomes of the others."""

from __future__ import annotations

import pickle
from multiprocessing import active_children
from pathlib import Path

import pytest

from rostersync.crew import hands
from rostersync.store.keyring import Keyring
from tests.hands.conftest import Staged
from tests.hands.stage import NEXT, Stage
from tests.scenarios.town import AUTUMN, Human


def several(stage: Stage, processes: int) -> Stage:
    """The stage, with so many processes for every plan."""
    stage.configure("[sync.oslo]", f"[sync.oslo]\nprocesses = {processes}")
    return stage


def held(stage: Stage) -> dict[str, object]:
    """What the LMS holds, without our ids, which a state founds anew."""
    return {name: (one.role, one.enabled, one.family_name, len(one.memberships), len(one.guardians))
            for name, one in stage.lms.users().items()}  # fmt: skip


def test_three_processes_load_what_one_loads(tmp_path: Path, staged: Staged) -> None:
    alone, together = staged(tmp_path / "alone"), several(staged(tmp_path / "together"), 3)
    first, second = (stage.sync(AUTUMN) for stage in (alone, together))
    assert second.changes == first.changes
    assert held(together) == held(alone)
    assert together.run(NEXT, "plan", full=True).changes == {}


def test_the_order_of_work_changes_no_digest(tmp_path: Path, staged: Staged) -> None:
    stage = staged(tmp_path)
    stage.sync(AUTUMN)
    stage.world.change("kari", family="Ås")
    stage.world.put(Human("ny", "Ny", "Berg"))
    alone = stage.plan(NEXT, full=True)
    assert several(stage, 4).plan(NEXT, full=True).digest == alone.digest


def test_a_process_that_is_killed_leaves_its_share_to_the_others(tmp_path: Path, staged: Staged) -> None:
    stage = several(staged(tmp_path), 2)
    watched = stage._progress

    def kill(step: str, done: int) -> None:
        for child in active_children():
            child.kill()
        watched(step, done)

    stage._progress = kill  # type: ignore[method-assign]
    assert stage.sync(AUTUMN).changes["person"]["create"] == len(stage.lms.users())
    assert active_children() == []


def test_nobody_is_left_over_when_a_run_breaks_off(tmp_path: Path, staged: Staged) -> None:
    stage = several(staged(tmp_path), 2)

    def stop(step: str, done: int) -> None:
        if step.startswith("planning"):
            raise KeyboardInterrupt

    stage._progress = stop  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        stage.sync(AUTUMN)
    assert active_children() == []


@pytest.mark.parametrize(("persons", "asked", "expected"), [(100, 0, 1), (19_999, 0, 1), (100, 3, 3), (50_000, 1, 1)])
def test_a_small_plan_is_worked_out_by_one_unless_more_are_asked_for(persons: int, asked: int, expected: int) -> None:
    assert hands(persons, asked) == expected


def test_a_large_plan_takes_the_cores_there_are() -> None:
    assert 1 <= hands(50_000, 0) <= 4


def test_the_keys_of_a_state_go_to_another_process_whole() -> None:
    keyring = Keyring("a secret of the tests, long enough for a state")
    there = pickle.loads(pickle.dumps(keyring))  # noqa: S301 - our own
    assert there.verifier() == keyring.verifier()
