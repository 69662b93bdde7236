"""What others changed in an LMS is found by list and by walk, and mended by the next sync where somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace as with_parts
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from msgspec.structs import replace

from rostersync.assembly import Parts
from rostersync.drift import MENDED
from rostersync.errors import TargetUnavailable, Usage
from rostersync.model import Delivery, Group, Held, Observed, Organisation, User
from rostersync.plan import PERSON
from rostersync.reconciling import Looked, Looking, Marked, let_be, repair
from rostersync.store.drifting import Place
from rostersync.store.refusals import PARKED_AFTER, Refusal
from rostersync.targets import Existing
from rostersync.targets.memory import MemoryTarget, Settings
from rostersync.targets.observing import Walk
from tests.hands.stage import NEXT, Stage
from tests.scenarios.town import AUTUMN

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def open_stage(settled: Stage) -> Stage:
    """A stage after its first sync, whose LMS shows all that it holds."""
    return show(settled, settled.lms.inner)


def show(stage: Stage, target: MemoryTarget) -> Stage:
    """Let the stage's LMS be this one."""
    stage.lms.inner = target
    (part,) = stage.parts.targets
    stage.parts = with_parts(stage.parts, targets=(with_parts(part, target=target),))
    return stage


def walked(stage: Stage, at_once: int) -> Stage:
    """Let the stage's LMS be one that is walked."""
    return show(stage, MemoryTarget("lms", Settings(path=stage.lms.path, walked=at_once)))


def look(stage: Stage, calls: int = 500, *, listing: bool = False, parts: Parts | None = None) -> Looked:
    """One look at the stage's LMS."""
    looking = Looking(stage.state(), NOW, calls, listing, lambda step, done: stage.progress.append((step, done)))
    (looked,) = looking.look(parts or stage.parts)
    return looked


def found(stage: Stage) -> dict[str, tuple[str, str]]:
    """Name (or id, of who is not ours) -> what was found of it, and the aspects."""
    names = {one.id: name for name, one in stage.known().items()}
    return {names.get(one.id, one.id): (one.what, one.aspects) for one in stage.state().drift.found("lms")}


def mend(stage: Stage, *whats: str) -> Marked:
    """Mark what was found."""
    return repair(stage.state(), stage.parts, whats or MENDED, AUTUMN, NOW)  # type: ignore[arg-type]


def held(stage: Stage, name: str) -> User:
    """A user as the LMS holds her."""
    return stage.lms.users()[name]


# -- a target that lists everything ---------------------------------------------------------------------------------


def test_after_a_delivery_nothing_differs(open_stage: Stage) -> None:
    looked = look(open_stage)
    assert (looked.compared, looked.held, looked.silent, looked.place) == (21, 21, False, None)
    assert found(open_stage) == {}
    assert open_stage.progress == [("reading lms", 21)]


def test_what_others_did_is_found_and_nothing_becomes_known_by_it(open_stage: Stage) -> None:
    before = open_stage.known()
    lms = open_stage.lms.inner
    lms.by_hand(None, held(open_stage, "Siri").id)
    lms.by_hand(replace(held(open_stage, "Kari"), given_name="Karin", memberships=()))
    lms.by_hand(replace(held(open_stage, "Eva"), enabled=False))
    lms.seed(Existing("05810890051"))
    looked = look(open_stage)
    stranger = open_stage.state().drift.name_of("05810890051")
    assert found(open_stage) == {
        "Siri": ("lost", ""),
        "Kari": ("changed", "given_name, memberships lost"),
        "Eva": ("disabled", "enabled"),
        stranger: ("foreign", ""),
    }
    assert looked.strangers == ["05810890051"]
    assert open_stage.known() == before


def test_what_was_parked_is_tried_again_when_it_is_mended(open_stage: Stage) -> None:
    refusals, (siri, eva) = open_stage.state().refusals, (held(open_stage, name).id for name in ("Siri", "Eva"))
    for _ in range(PARKED_AFTER):
        refusals.add("lms", [Refusal(id_, PERSON, "user", "d", "no", AUTUMN) for id_ in (siri, eva)])
    open_stage.lms.inner.by_hand(None, siri)
    look(open_stage)
    assert mend(open_stage).released == 1
    assert refusals.of("lms").keys() == {eva}, "nobody asked for her"


def test_what_is_mended_by_hand_is_found_no_more(open_stage: Stage) -> None:
    eva = held(open_stage, "Eva")
    open_stage.lms.inner.by_hand(replace(eva, enabled=False))
    look(open_stage)
    open_stage.lms.inner.by_hand(eva)
    look(open_stage)
    assert found(open_stage) == {}


def test_what_is_mended_is_planned_delivered_and_gone(open_stage: Stage) -> None:
    class_7a = open_stage.known()["7A"].value
    assert isinstance(class_7a, Group)
    open_stage.lms.inner.by_hand(replace(class_7a, title="Hurra"))
    open_stage.lms.inner.by_hand(None, held(open_stage, "Siri").id)
    look(open_stage)
    assert mend(open_stage).marked == {("lms", "group"): 1, ("lms", "user"): 1}
    assert found(open_stage) == {}
    planned = open_stage.run(AUTUMN, "plan")
    assert planned.changes == {"group": {"update": 1}, "person": {"update": 1}}
    look(open_stage)
    assert found(open_stage) == {}, "what is on its way again is not found anew"
    assert open_stage.run(AUTUMN).code == 0
    look(open_stage)
    assert found(open_stage) == {}
    assert held(open_stage, "Siri").memberships


def test_only_what_is_asked_for_is_mended(open_stage: Stage) -> None:
    open_stage.lms.inner.by_hand(replace(held(open_stage, "Eva"), enabled=False))
    open_stage.lms.inner.by_hand(None, held(open_stage, "Siri").id)
    look(open_stage)
    assert mend(open_stage, "disabled").marked == {("lms", "user"): 1}
    assert found(open_stage) == {"Siri": ("lost", "")}


def test_who_is_pinned_let_be_or_not_ours_is_never_touched(open_stage: Stage) -> None:
    state, lms = open_stage.state(), open_stage.lms.inner
    for name in ("Siri", "Eva"):
        lms.by_hand(replace(held(open_stage, name), given_name="Other"))
    lms.seed(Existing("stranger"))
    look(open_stage)
    siri = open_stage.known()["Siri"].value
    assert isinstance(siri, User)
    state.decisions.pin(siri.person, NEXT, "a case is open", "tester", NOW)
    eva = next(one for one in state.drift.found("lms") if one.id == open_stage.known()["Eva"].id)
    state.drift.ignore(eva, NEXT, "she asked", "tester", NOW)
    marked = mend(open_stage)
    assert (dict(marked.marked), dict(marked.left)) == ({}, {"pinned": 1, "let be": 1})
    assert len(found(open_stage)) == 3
    assert open_stage.run(AUTUMN).delivered == {}


def test_what_is_let_be_ends_by_its_date_or_when_it_becomes_something_else(open_stage: Stage) -> None:
    state, eva = open_stage.state(), held(open_stage, "Eva")
    open_stage.lms.inner.by_hand(replace(eva, enabled=False))
    look(open_stage)
    (one,) = state.drift.found("lms")
    state.drift.ignore(one, NEXT, "she asked", "tester", NOW)
    assert one.row in let_be(state, NEXT)
    assert one.row not in let_be(state, NEXT + timedelta(days=1))
    open_stage.lms.inner.by_hand(replace(eva, enabled=False, given_name="Other"))
    look(open_stage)
    (other,) = state.drift.found("lms")
    assert other.row not in let_be(state, NEXT)


def test_an_adopted_user_who_is_lost_comes_back_under_our_id(open_stage: Stage) -> None:
    state, kari = open_stage.state(), open_stage.known()["Kari"]
    state.known.settle("lms", Delivery("user", kari.id, 0, None, kari.value, kari.life, (), ""), kari.digest, "lms-7")
    look(open_stage)
    assert found(open_stage)["Kari"] == ("lost", "")
    open_stage.lms.inner.by_hand(None, kari.id)
    mend(open_stage, "lost")
    open_stage.run(AUTUMN)
    assert open_stage.known()["Kari"].target_key == ""
    look(open_stage)
    assert found(open_stage) == {}


def test_an_lms_that_shows_nothing_at_all_is_not_believed(open_stage: Stage) -> None:
    open_stage.lms.lose_everything()
    looked = look(show(open_stage, open_stage.lms.inner))
    assert (looked.silent, looked.compared) == (True, 0)
    assert found(open_stage) == {}


def test_whom_the_administrator_was_asked_to_delete_is_not_lost(open_stage: Stage) -> None:
    kari = open_stage.known()["Kari"]
    open_stage.state().known.set_life("lms", kari.id, replace(kari.life, state="handed_over"))
    open_stage.lms.inner.by_hand(None, kari.id)
    look(open_stage)
    assert found(open_stage) == {}


def test_a_target_that_only_lists_its_users_tells_who_is_there_and_may_log_in(settled: Stage) -> None:
    settled.lms.inner.by_hand(None, held(settled, "Siri").id)
    settled.lms.inner.by_hand(replace(held(settled, "Eva"), enabled=False, given_name="Other"))
    settled.lms.inner.seed(Existing("stranger"))
    look(settled)
    stranger = settled.state().drift.name_of("stranger")
    assert found(settled) == {"Siri": ("lost", ""), "Eva": ("disabled", "enabled"), stranger: ("foreign", "")}


# -- a target that is walked ----------------------------------------------------------------------------------------


def test_a_walk_spends_its_calls_and_goes_on_where_it_was(settled: Stage) -> None:
    stage = walked(settled, 4)
    for name in stage.lms.users():
        stage.lms.inner.by_hand(replace(held(stage, name), given_name="Other"))
    first = look(stage, calls=5)
    assert (first.calls, first.compared) == (5, 3 + 11 + 4)
    assert first.place is not None
    assert first.place.object_kind == "user"
    assert len(found(stage)) == 4
    last = look(stage, calls=5)
    assert (last.calls, last.compared, last.place) == (1, 3, Place(ended_at=NOW.isoformat()))
    assert set(found(stage)) == {"Kari", "Per", "Ola", "Siri", "Eva", "Anne", "Jon"}
    assert look(stage, calls=1).compared == 3, "a new round begins with the organisations"


def test_a_walk_tells_no_strangers_and_the_list_of_users_does(settled: Stage) -> None:
    stage = walked(settled, 50)
    stage.lms.inner.seed(Existing("stranger"))
    eva = held(stage, "Eva")
    stage.lms.inner.by_hand(replace(eva, memberships=()))
    look(stage)
    assert found(stage) == {"Eva": ("changed", "memberships lost")}
    looked = look(stage, calls=0, listing=True)
    assert (looked.strangers, looked.calls) == (["stranger"], 0)
    assert found(stage) == {
        "Eva": ("changed", "memberships lost"),
        stage.state().drift.name_of("stranger"): ("foreign", ""),
    }, "what the walk found stands"


def test_too_few_calls_for_one_step_are_a_mistake(settled: Stage) -> None:
    class Costly(MemoryTarget):
        """Its walk takes eleven calls a step."""

        @property
        def walk(self) -> Walk:
            return Walk(10, 11)

    stage = show(settled, Costly("lms", Settings(path=settled.lms.path)))
    with pytest.raises(Usage, match=r"--calls 3: lms takes 11 calls for 10 things"):
        look(stage, calls=3)


def test_a_target_that_cannot_be_read_to_its_end_tells_nothing(open_stage: Stage) -> None:
    class Closing(MemoryTarget):
        """It closes in the middle of its list."""

        def observed(self) -> Iterator[Observed]:
            yield next(iter(super().observed()))
            raise TargetUnavailable("the LMS is closed")

    with pytest.raises(TargetUnavailable):
        look(show(open_stage, Closing("lms", Settings(path=open_stage.lms.path))))
    assert found(open_stage) == {}


# -- whatever others do ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_after_a_repair_and_its_deliveries_nothing_of_ours_differs(open_stage: Stage, seed: int) -> None:
    chance, lms = Random(seed), open_stage.lms.inner
    expected = set(lms.snapshot())
    for _ in range(4):
        for value in chance.sample([one.value for one in lms.snapshot()], 6):
            lms.by_hand(*_damage(value, chance))
        look(open_stage)
        marked = mend(open_stage)
        for _ in range(3):  # what hangs on something that is lost itself arrives one sync later
            if open_stage.run(AUTUMN).code == 0:
                break
        look(open_stage)
        assert found(open_stage) == {}
        assert set(lms.snapshot()) == expected
        assert marked.marked.total() > 0


def _damage(value: Held, chance: Random) -> tuple[Held | None, str]:
    """What somebody may do to a thing in an LMS."""
    if isinstance(value, Organisation):
        return replace(value, name="Other"), value.id
    if isinstance(value, Group):
        return (None if chance.random() < 0.3 else replace(value, title="Other")), value.id
    after = chance.choice(
        [
            None,
            replace(value, enabled=False),
            replace(value, memberships=()),
            replace(value, guardians=()),
            replace(value, family_name="Other", fields=()),
        ]
    )
    return after, value.id
