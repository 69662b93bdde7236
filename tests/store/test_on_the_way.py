"""From the plan to the LMS and into known, through the open state: what is on its way, what arrived, what is in doubt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from rostersync.errors import StateBroken
from rostersync.model import Delivery, Face, Group, Held, Life, Outcome, User
from rostersync.store import Store
from tests.store.ledger import CLASS_1A, CLASS_1B, LMS, NORTH, SOUTH, arrived, delivery, failed, group, named, school
from tests.store.ledger import user as user_of
from tests.store.snapshots import NOW, id_of, opened, person, take_in

DEPARTED = Life("departed", "absent from every source", departed_on=date(2026, 11, 2))
FULL_LIFE = Life("suspended", "absent", date(2026, 9, 1), date(2026, 10, 1), date(2027, 1, 1), "GDPR article 18")


def fill(store: Store) -> Store:
    store.runs.start("run-1", "oslo", "sync", NOW)
    take_in(store, [person("kari", "Kari"), person("ola", "Ola"), person("anne", "Anne")])
    return store


@pytest.fixture
def town(store: Store) -> Store:
    return fill(store)


def user(store: Store, key: str, face: Face = "school", groups: Iterable[str] = (CLASS_1A,)) -> User:
    return user_of(id_of(store, key), face=face, groups=groups)


def put(store: Store, *deliveries: Delivery, target: str = LMS) -> None:
    store.outbox.put(target, "run-1", deliveries)


def deliver(store: Store, *deliveries: Delivery, target: str = LMS) -> None:
    """A run without trouble."""
    put(store, *deliveries, target=target)
    store.outbox.mark_sent(target)
    store.outbox.done(target, arrived(*deliveries), store.value_digest)


def known(store: Store, id_: str, target: str = LMS) -> Held | None:
    found = store.known.get(target, id_)
    return found.value if found else None


# -- as it was put ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        {"given_name": "", "family_name": "Ødegård-Čáhppe"},
        {"given_name": "Áile Đ", "family_name": "O'Brien \N{SNOWMAN} \u00a0"},
        {"fields": (("email", "a@b.example"), ("login", ""), ("mobile", "+4700000000"))},
        {"schools": (), "memberships": ()},
        {"enabled": False},
        {"guardians": tuple(sorted(named(f"guardian {number}") for number in range(40)))},
    ],
    ids=["no given name", "odd letters", "fields", "nowhere", "in the trash", "many guardians"],
)
def test_a_user_travels_whole_however_odd(town: Store, odd: dict[str, object]) -> None:
    kari = replace(user(town, "kari"), **odd)
    put(town, delivery(kari))
    (handed_out,) = town.outbox.pending(LMS)
    assert handed_out.after == kari
    town.outbox.settle_all(LMS, town.value_digest)
    assert known(town, kari.id) == kari


@pytest.mark.parametrize("life", [Life(), DEPARTED, FULL_LIFE])
def test_the_users_life_travels_with_her(town: Store, life: Life) -> None:
    kari = user(town, "kari")
    deliver(town, delivery(kari, life=life))
    found = town.known.get(LMS, kari.id)
    assert found is not None
    assert found.life == life
    assert [one.id for one in town.known.by_state(LMS, life.state)] == [kari.id]


def test_a_group_travels_with_its_dates(town: Store) -> None:
    dated = replace(group(), begin=date(2026, 8, 17), end=date(2027, 6, 18), title="Basisgruppe 1A – «løvene»")
    deliver(town, delivery(dated))
    assert known(town, dated.id) == dated


def test_what_is_under_way_is_there_after_opening_again(state_file: Path) -> None:
    with opened(state_file) as store:
        kari = user(fill(store), "kari")
        put(store, delivery(kari, life=DEPARTED, target_key="lms-1"))
    with opened(state_file) as store:
        (waiting,) = store.outbox.pending(LMS)
        assert (waiting.after, waiting.life, waiting.target_key) == (kari, DEPARTED, "lms-1")


def test_nothing_is_put_when_the_plan_around_it_fails(town: Store) -> None:
    with town.begin() as transaction:
        put(town, delivery(user(town, "kari")))
        transaction.rollback()
    assert list(town.outbox.pending(LMS)) == []


def test_one_user_of_nobody_stops_the_whole_plan_before_anything_is_handed_out(town: Store) -> None:
    stranger = user_of(named("a stranger"))
    with pytest.raises(StateBroken, match="1 users belong to persons who are not in the state"):
        put(town, delivery(group()), delivery(user(town, "kari")), delivery(stranger))
    assert list(town.outbox.pending(LMS)) == []


# -- arriving ---------------------------------------------------------------------------------------------------------


def test_what_arrived_is_known_under_the_digest_of_its_value(town: Store) -> None:
    kari = user(town, "kari")
    deliver(town, delivery(school()), delivery(group()), delivery(kari))
    digests = {one.id: one.digest for kind in ("group", "user") for one in town.known.objects(LMS, kind)}
    assert digests == {group().id: town.value_digest(group()), kari.id: town.value_digest(kari)}
    assert town.known.count(LMS) == 3


def test_what_failed_is_told_with_the_run_and_known_stays_behind(town: Store) -> None:
    before, after = user(town, "kari"), user(town, "kari", groups=[CLASS_1B])
    deliver(town, delivery(before))
    put(town, delivery(after, before=before), delivery(user(town, "ola")))
    outcomes = [*failed(delivery(after), reason="the LMS said no"), *arrived(delivery(user(town, "ola")))]
    town.outbox.mark_sent(LMS)
    town.outbox.done(LMS, outcomes, town.value_digest)
    assert known(town, before.id) == before
    assert known(town, user(town, "ola").id) == user(town, "ola")
    assert [(line.id, line.reason) for line in town.runs.outcomes("run-1")] == [(before.id, "the LMS said no")]
    assert list(town.outbox.pending(LMS)) == []


def test_two_targets_learn_of_each_others_deliveries_nothing(town: Store) -> None:
    kari = user(town, "kari")
    deliver(town, delivery(kari))
    put(town, delivery(kari), target="another")
    assert known(town, kari.id, "another") is None
    assert town.known.is_empty("another")
    assert [one.id for one in town.outbox.pending("another")] == [kari.id]
    assert list(town.outbox.pending(LMS)) == []


def test_what_nobody_heard_of_again_is_uncertain_after_recovering(state_file: Path) -> None:
    with opened(state_file) as store:
        kari, ola = user(fill(store), "kari"), user(store, "ola")
        put(store, delivery(kari), delivery(ola))
        store.outbox.mark_sent(LMS, [one for one in store.outbox.pending(LMS) if (one.phase, one.id) == (3, kari.id)])
    with opened(state_file) as store:  # the run was killed; this is the next one
        assert store.outbox.recover(LMS) == 1
        found = store.known.get(LMS, kari.id)
        assert found is not None
        assert (found.value, found.digest) == (kari, "")
        assert known(store, ola.id) is None


def test_telling_of_a_failure_holds_back_what_builds_on_it_and_nobody_else(town: Store) -> None:
    kari, ola = user(town, "kari"), user(town, "ola")
    linked = replace(kari, guardians=(user(town, "anne", "guardian").id,))
    put(town, delivery(kari), delivery(ola), delivery(linked, before=kari, phase=4), delivery(ola, before=ola, phase=4))
    handed_out = []
    for one in town.outbox.pending(LMS):
        handed_out.append((one.id, one.phase))
        town.outbox.tell(LMS, Outcome(one.id, one.phase, delivered=one.id != kari.id, reason="full"))
    assert (kari.id, 4) not in handed_out
    assert {(kari.id, 3), (ola.id, 3), (ola.id, 4)} == set(handed_out)
    assert [(one.id, one.phase, one.delivered) for one in town.outbox.waiting(LMS)] == [(kari.id, 4, False)]


# -- the set to come --------------------------------------------------------------------------------------------------


def test_the_set_to_come_of_a_target_that_holds_nothing_is_what_is_put(town: Store) -> None:
    assert list(town.outbox.roster(LMS)) == []
    put(town, delivery(user(town, "kari")), delivery(group()), delivery(school()))
    kinds = [type(one.value).__name__ for one in town.outbox.roster(LMS)]
    assert kinds == ["Organisation", "Group", "User"]
    assert town.known.is_empty(LMS)


def test_what_is_removed_is_in_no_set_to_come(town: Store) -> None:
    kari, ola = user(town, "kari"), user(town, "ola")
    deliver(town, delivery(kari), delivery(ola))
    put(town, delivery(None, before=kari, phase=5))
    assert [one.value.id for one in town.outbox.roster(LMS)] == [ola.id]


def test_an_adopted_users_own_key_goes_along_through_every_phase(town: Store) -> None:
    kari = user(town, "kari")
    deliver(town, delivery(kari, target_key="lms-77"))
    put(town, delivery(user(town, "kari", groups=[]), before=kari))
    (placed,) = town.outbox.roster(LMS)
    assert (placed.value, placed.target_key) == (user(town, "kari", groups=[]), "lms-77")


# -- the digest of what is held ---------------------------------------------------------------------------------------


def test_equal_values_have_equal_digests_and_a_change_of_any_field_another(town: Store) -> None:
    kari = user(town, "kari")
    assert town.value_digest(kari) == town.value_digest(replace(kari))
    other: dict[str, object] = {
        "id": named("x"),
        "person": named("y"),
        "face": "guardian",
        "role": "staff",
        "given_name": "Kari",
        "family_name": "Ny",
        "fields": (),
        "schools": (),
        "enabled": False,
        "memberships": (),
        "guardians": (named("z"),),
    }
    assert set(other) == set(User.__struct_fields__)
    digests = {town.value_digest(replace(kari, **{field: value})) for field, value in other.items()}
    assert len(digests) == len(other)
    assert town.value_digest(kari) not in digests


def test_a_group_that_moves_to_another_school_or_gets_an_end_has_another_digest(town: Store) -> None:
    plain: Group = group()
    moved, ended = replace(plain, school=SOUTH), replace(plain, end=date(2027, 6, 18))
    assert len({town.value_digest(one) for one in (plain, moved, ended)}) == 3
    assert plain.school == NORTH
