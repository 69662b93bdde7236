"""From the outbox over the lanes: what arrives, what is tried again, and what stands whenever it ends."""

from __future__ import annotations

import dataclasses
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.carrying.pace import Manners
from rostersync.carrying.turns import Turns, together
from rostersync.errors import Stopping, TargetFaltering, TargetUnavailable
from rostersync.model import Delivery, Group, Outcome
from rostersync.store import Store
from tests.carrying.lms import QUICK, Errand, Lms, takes_all
from tests.states import blank, open_state
from tests.store.ledger import LMS, NOW, delivery, group, named

LATER = 4


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_state(blank(tmp_path / "state.db")) as opened:
        opened.runs.start("run-1", "oslo", "sync", NOW)
        yield opened


def groups(number: int, word: str = "group") -> list[Delivery]:
    return [delivery(group(named(f"{word} {one}"))) for one in range(number)]


def renamed(first: Delivery, name: str, phase: int = LATER) -> Delivery:
    """A second delivery of the same group, in a later phase."""
    assert isinstance(first.after, Group)
    return replace(delivery(replace(first.after, name=name), before=first.after), phase=phase)


def replace_manners(**values: float) -> Manners:
    """Quick manners, but for these."""
    return dataclasses.replace(QUICK, **values)  # type: ignore[arg-type]


def put(store: Store, *deliveries: Delivery, target: str = LMS) -> None:
    store.outbox.put(target, "run-1", deliveries)


def known(store: Store, target: str = LMS) -> dict[str, str]:
    """Group id -> name, of what is known for certain."""
    return {one.id: one.value.name for one in store.known.objects(target, "group") if one.digest}  # type: ignore[union-attr]


# -- always -----------------------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    connections=st.integers(1, 8),
    at_once=st.integers(1, 7),
    phases=st.lists(st.sets(st.integers(2, 6), min_size=1), min_size=1, max_size=30),
)
def test_in_whatever_order_lanes_end_each_object_has_its_order_and_known_is_what_was_wanted(
    store: Store, seed: int, connections: int, at_once: int, phases: list[set[int]]
) -> None:
    target, dice = f"target-{seed}-{time.monotonic_ns()}", random.Random(seed)
    wanted: dict[str, str] = {}
    for number, own in enumerate(phases):
        first = delivery(group(named(f"group {number}")))
        steps = [renamed(first, f"{number} in {phase}", phase) for phase in sorted(own)]
        wanted[first.id] = steps[-1].after.name  # type: ignore[union-attr]
        put(store, *steps, target=target)
    lms = Lms(connections, at_once)
    holds: dict[str, list[int]] = {}

    def act(deliveries: list[Delivery]) -> Iterator[Outcome]:
        time.sleep(dice.random() / 500)
        fate = dice.random()
        for one in deliveries:
            if fate < 0.1 and dice.random() < 0.4:
                raise TargetFaltering("the connection was lost")
            if fate > 0.9 and dice.random() < 0.3:
                yield Outcome(one.id, one.phase, delivered=False, reason="not now", trouble="passing")
                continue
            holds.setdefault(one.id, []).append(one.phase)
            if fate < 0.2:
                continue  # done, and not told
            yield Outcome(one.id, one.phase, delivered=True)

    lms.act = act
    Errand(store, lms, target, replace_manners(tries=200)).go()
    assert lms.troubles == []
    assert all(done == sorted(done) for done in holds.values())
    assert known(store, target) == wanted
    assert store.outbox.count(target) == 0


# -- several connections ----------------------------------------------------------------------------------------------


def test_many_calls_run_at_the_same_time_where_the_target_bears_it(store: Store) -> None:
    put(store, *groups(60))
    most, open_now, turn = [0], [0], threading.Lock()

    def act(deliveries: list[Delivery]) -> Iterator[Outcome]:
        with turn:
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])
        time.sleep(0.01)
        with turn:
            open_now[0] -= 1
        return takes_all(deliveries)

    Errand(store, Lms(4, 1, act)).go()
    assert most[0] == 4


def test_a_target_of_one_connection_is_never_called_twice_at_once(store: Store) -> None:
    put(store, *groups(30))
    lms = Lms(1, 5)
    Errand(store, lms).go()
    assert [len(call) for call in lms.calls] == [5] * 6
    assert [one.id for call in lms.calls for one in call] == sorted(one.id for one in groups(30))


def test_what_a_failed_step_was_to_be_built_on_is_not_tried(store: Store) -> None:
    first, other = groups(2)
    put(store, first, other, renamed(first, "later"), renamed(other, "later"))
    lms = Lms(2, 1)
    lms.act = lambda asked: iter([Outcome(asked[0].id, asked[0].phase, asked[0].id != first.id, "no")])
    errand = Errand(store, lms)
    errand.go()
    assert {(one.phase, one.id) for call in lms.calls for one in call} == {
        (2, first.id),
        (2, other.id),
        (LATER, other.id),
    }
    assert known(store) == {other.id: "later"}
    assert len(errand.told) == 4


# -- what fails in passing --------------------------------------------------------------------------------------------


def test_a_call_that_breaks_off_is_made_again_for_what_was_not_told(store: Store) -> None:
    put(store, *groups(5))
    lms = Lms(1, 5)

    def act(deliveries: list[Delivery]) -> Iterator[Outcome]:
        yield from takes_all(deliveries[:2])
        if len(lms.calls) == 1:
            raise TargetFaltering("the connection was lost")
        yield from takes_all(deliveries[2:])

    lms.act = act
    errand = Errand(store, lms)
    errand.go()
    assert [len(call) for call in lms.calls] == [5, 3]
    assert (len(known(store)), errand.failures) == (5, {})


def test_one_object_that_makes_every_call_fail_does_not_take_others_with_it(store: Store) -> None:
    deliveries = groups(10)
    put(store, *deliveries)
    bad = deliveries[4].id

    def act(asked: list[Delivery]) -> Iterator[Outcome]:
        if bad in {one.id for one in asked}:
            raise TargetFaltering("it fails (500)")
        return takes_all(asked)

    errand = Errand(store, Lms(2, 5, act), manners=replace_manners(tries=6))
    errand.go()
    assert errand.failures == {bad: "it fails (500)"}
    assert known(store).keys() == {one.id for one in deliveries} - {bad}
    doubted = store.known.get(LMS, bad)
    assert doubted is not None
    assert doubted.digest == "", "nobody knows whether it arrived, so it is sent again"


def test_however_large_a_call_is_only_what_never_arrives_is_given_up(store: Store) -> None:
    deliveries = groups(50)
    put(store, *deliveries)
    bad = deliveries[17].id

    def act(asked: list[Delivery]) -> Iterator[Outcome]:
        if bad in {one.id for one in asked}:
            raise TargetFaltering("it fails (500)")
        return takes_all(asked)

    errand = Errand(store, Lms(1, 50, act), manners=replace_manners(tries=2))
    errand.go()
    assert errand.failures == {bad: "it fails (500)"}


def test_what_was_never_carried_out_leaves_known_as_it_was(store: Store) -> None:
    put(store, *groups(1))
    errand = Errand(store, Lms(), manners=replace_manners(tries=3))
    errand.target.act = lambda asked: iter([Outcome(asked[0].id, 2, False, "busy", trouble="passing")])
    errand.go()
    assert (len(errand.target.calls), store.known.is_empty(LMS)) == (3, True)


def test_what_is_refused_is_not_tried_again_in_the_same_run(store: Store) -> None:
    put(store, *groups(3))
    errand = Errand(store, Lms())
    errand.target.act = lambda asked: (Outcome(one.id, one.phase, False, "the name is taken") for one in asked)
    errand.go()
    assert (len(errand.target.calls), len(errand.failures)) == (1, 3)


def test_an_object_that_the_target_says_nothing_of_is_asked_for_again(store: Store) -> None:
    put(store, *groups(2))
    lms = Lms()
    lms.act = lambda asked: takes_all(asked[:1])
    Errand(store, lms).go()
    assert len(known(store)) == 2


def test_an_overloaded_target_is_left_alone_for_as_long_as_it_asks(store: Store) -> None:
    put(store, *groups(10))
    lms = Lms(4, 1)

    def act(deliveries: list[Delivery]) -> Iterator[Outcome]:
        if len(lms.calls) == 3:
            raise TargetFaltering("too many calls (429)", overloaded=True, pause=0.2)
        time.sleep(0.002)
        return takes_all(deliveries)

    lms.act = act
    Errand(store, lms).go()
    gaps = [later - sooner for sooner, later in zip(lms.begun, lms.begun[1:], strict=False)]
    assert max(gaps) >= 0.19
    assert len(known(store)) == 10


def test_a_target_that_asks_for_a_longer_rest_than_patience_goes_is_given_up_at_once(store: Store) -> None:
    put(store, *groups(10))
    began = time.monotonic()

    def act(_asked: list[Delivery]) -> Iterator[Outcome]:
        raise TargetFaltering("too many calls (429)", overloaded=True, pause=3_600)

    with pytest.raises(TargetUnavailable, match="too many calls"):
        Errand(store, Lms(4, 1, act)).go()
    assert time.monotonic() - began < 2
    assert store.outbox.count(LMS) == 10


def test_a_target_that_does_nothing_for_longer_than_patience_goes_is_given_up_and_nothing_is_lost(store: Store) -> None:
    put(store, *groups(100))

    def down(_asked: list[Delivery]) -> Iterator[Outcome]:
        raise TargetFaltering("it does not answer")

    errand = Errand(store, Lms(2, 1, down), manners=replace_manners(patience=0.1, tries=1_000))
    with pytest.raises(TargetUnavailable, match="it does not answer"):
        errand.go()
    assert store.outbox.count(LMS) == 100
    sent = {one.id for call in errand.target.calls for one in call}
    assert store.outbox.recover(LMS) == len(sent) < 100, "what was never handed over is not in doubt"


def test_when_the_target_closes_the_others_that_are_under_way_still_count(store: Store) -> None:
    put(store, *groups(12))
    lms, first = Lms(3, 1), threading.Event()

    def act(deliveries: list[Delivery]) -> Iterator[Outcome]:
        if len(lms.calls) < 8:
            return takes_all(deliveries)
        if not first.is_set():
            first.set()
            raise TargetUnavailable("closed for maintenance")
        time.sleep(0.05)
        return takes_all(deliveries)

    lms.act = act
    errand = Errand(store, lms)
    with pytest.raises(TargetUnavailable, match="maintenance"):
        errand.go()
    assert len(known(store)) == len(lms.calls) - 1
    assert store.outbox.recover(LMS) == 1


def test_a_mistake_of_the_target_s_own_is_not_hidden(store: Store) -> None:
    put(store, *groups(3))

    def broken(_asked: list[Delivery]) -> Iterator[Outcome]:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        Errand(store, Lms(2, 1, broken)).go()


# -- the end, at any moment -------------------------------------------------------------------------------------------


def test_told_to_stop_it_ends_between_calls_and_the_next_goes_on_from_there(store: Store) -> None:
    put(store, *groups(40))

    def act(deliveries: list[Delivery]) -> Iterator[Outcome]:
        time.sleep(0.01)
        return takes_all(deliveries)

    lms = Lms(2, 1, act)

    def progress(_step: str, _done: int) -> None:
        if len(lms.calls) > 10:
            raise Stopping("asked to end")

    with pytest.raises(Stopping):
        Errand(store, lms, progress=progress).go()
    done = known(store)
    assert 10 < len(done) == len(lms.calls) < 40
    assert store.outbox.recover(LMS) == 0, "nothing is in doubt"


def test_a_call_that_hangs_does_not_keep_a_run_that_is_to_end(store: Store) -> None:
    put(store, *groups(3))
    answer, began = threading.Event(), time.monotonic()

    def hangs(deliveries: list[Delivery]) -> Iterator[Outcome]:
        answer.wait(10)
        return takes_all(deliveries)

    lms = Lms(1, 1, hangs)

    def progress(_step: str, _done: int) -> None:
        if lms.calls:
            raise Stopping("asked to end")

    try:
        with pytest.raises(Stopping):
            Errand(store, lms, progress=progress, manners=replace_manners(grace=0.1)).go()
        assert time.monotonic() - began < 3
        assert store.outbox.recover(LMS) == 1, "of one call nobody knows"
    finally:
        answer.set()


def test_of_a_run_that_was_killed_no_more_is_in_doubt_than_was_soon_to_be_told(store: Store) -> None:
    put(store, *groups(500))
    errand = Errand(store, Lms(1, 5))
    carrying = errand.carrier().carry()
    next(carrying)
    doubtful = store.outbox.recover(LMS)  # as the next run does, which finds the outbox as a kill left it
    carrying.close()
    assert 0 < doubtful <= 30


# -- pace -------------------------------------------------------------------------------------------------------------


def test_no_more_than_a_target_may_be_told_is_told(store: Store) -> None:
    put(store, *groups(6))
    lms, began = Lms(4, 2), time.monotonic()
    Errand(store, lms, per_minute=1_200).go()
    assert len(lms.calls) == 3
    assert lms.begun[-1] - began >= 0.2, "two of them each tenth of a second"


def test_what_piled_up_while_it_was_slow_is_not_told_all_at_once(store: Store) -> None:
    put(store, *groups(12))
    lms = Lms(4, 1)

    def act(deliveries: list[Delivery]) -> Iterator[Outcome]:
        if len(lms.calls) == 1:
            time.sleep(0.5)
        return takes_all(deliveries)

    lms.act = act
    Errand(store, lms, per_minute=1_200).go()
    gaps = [later - sooner for sooner, later in zip(lms.begun, lms.begun[1:], strict=False)]
    assert sorted(gaps)[1] >= 0.03, "one each twentieth of a second, but for one that had waited"


def test_how_far_it_is_is_told_again_and_again_though_nothing_comes_back(store: Store) -> None:
    put(store, *groups(1))
    seen: list[tuple[str, int]] = []

    def slow(deliveries: list[Delivery]) -> Iterator[Outcome]:
        time.sleep(1.2)
        return takes_all(deliveries)

    Errand(store, Lms(1, 1, slow), progress=lambda step, done: seen.append((step, done))).go()
    assert seen.count(("delivering to lms", 0)) >= 2
    assert seen[-1] == ("delivering to lms", 1)


def test_a_slow_target_does_not_hold_up_a_quick_one(store: Store) -> None:
    put(store, *groups(4), target="slow")
    put(store, *groups(40), target="quick")
    done: list[str] = []

    def act(deliveries: list[Delivery]) -> Iterator[Outcome]:
        time.sleep(0.1)
        return takes_all(deliveries)

    bell = threading.Event()
    errands = [Errand(store, Lms(1, 1, act), "slow", bell=bell), Errand(store, Lms(1, 1), "quick", bell=bell)]
    for one in errands:
        one.progress = lambda step, count: done.append(f"{step} {count}")
    together([one.carrier().carry() for one in errands], bell)
    assert done.index("delivering to quick 40") < done.index("delivering to slow 4")
    assert (len(known(store, "slow")), len(known(store, "quick"))) == (4, 40)


def test_while_one_target_is_waited_for_the_others_get_everything(store: Store) -> None:
    put(store, *groups(4), target="down")
    put(store, *groups(200), target="up")
    bell, done = threading.Event(), dict[str, float]()

    def down(_asked: list[Delivery]) -> Iterator[Outcome]:
        raise TargetFaltering("it does not answer")

    def until_it_ends(errand: Errand) -> Turns:
        with suppress(TargetUnavailable):
            yield from errand.carrier().carry()
        done[errand.name] = time.monotonic()

    patient = replace_manners(patience=1, longest_pause=0.2, tries=1_000)
    errands = [
        Errand(store, Lms(2, 1, down), "down", patient, bell=bell),
        Errand(store, Lms(2, 10), "up", bell=bell),
    ]
    together(map(until_it_ends, errands), bell)
    assert done["up"] < done["down"] - 0.5
    assert (len(known(store, "up")), store.outbox.count("down")) == (200, 4)


def test_when_one_target_breaks_every_other_is_wound_up_whatever_goes_wrong_with_one(store: Store) -> None:
    ended: list[str] = []

    def works(name: str) -> Turns:
        try:
            while True:
                yield 0.001
        finally:
            ended.append(name)
            if name == "second":
                raise RuntimeError("the state went away")

    def breaks() -> Turns:
        yield 0.001
        raise ZeroDivisionError("a bug")

    with pytest.raises(RuntimeError, match="the state went away"):
        together([works("first"), works("second"), breaks()], threading.Event())
    assert sorted(ended) == ["first", "second"]


def test_threads_switch_as_before_when_all_is_carried() -> None:
    before, meanwhile = sys.getswitchinterval(), list[float]()

    def works() -> Turns:
        meanwhile.append(sys.getswitchinterval())
        yield 0.001

    together([works()], threading.Event())
    assert meanwhile[0] < before == sys.getswitchinterval()
