"""The two gates: what is held, what flows, what alarms, and which snapshots are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.guard import DEFAULT_LIMITS, Census, Limit, Verdict, allowed, judge, judge_snapshot
from rostersync.model import Action, Change, Draft, Kind, Life
from rostersync.plan import ANYWHERE, OWNER, PHASES, Entries

SIZES: Mapping[tuple[Kind, str], int] = {
    ("person", "north"): 400,
    ("person", "tiny"): 20,
    ("person", OWNER): 10_000,
    ("membership", "north"): 2000,
    ("membership", OWNER): 50_000,
    ("guardianship", "north"): 600,
    ("guardianship", OWNER): 12_000,
    ("group", "north"): 60,
    ("group", OWNER): 900,
}
"""A school of 400 users, a tiny one, and their owner."""


def change(
    kind: Kind = "person", action: Action = "depart", number: int = 0, school: str = "north", **more: Any
) -> Change:
    scopes = (school,) if school else ()
    return replace(Change(kind, action, f"{school}-{kind}-{number:05}", "absent", scopes=scopes), **more)


def plan_of(*changes: Change) -> Entries:
    entries = Entries()
    for one in changes:
        entries.add("lms", Draft("user", one.object, None, None, Life(), (one,)))
    return entries


def many(
    count: int, kind: Kind = "person", action: Action = "depart", school: str = "north", **more: Any
) -> list[Change]:
    return [change(kind, action, number, school, **more) for number in range(count)]


def verdict_on(*changes: Change, approved: tuple[str, ...] = (), **more: Any) -> Verdict:
    settings: dict[str, Any] = {"sizes": SIZES, "recent": {}, "limits": DEFAULT_LIMITS, "target": "lms", **more}
    return judge(plan_of(*changes), approved=approved, **settings)


def held(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(one.kind, one.action, one.scope) for one in verdict.held]


# -- limits ---------------------------------------------------------------------------------------------------------


def test_the_share_and_the_count_bound_each_other() -> None:
    assert allowed(Limit(count=100, share=0.05), 400, 5) == 20
    assert allowed(Limit(count=100, share=0.05), 9480, 5) == 100


def test_the_floor_lifts_a_share_and_never_a_count() -> None:
    assert allowed(Limit(count=100, share=0.05), 20, 5) == 5
    assert allowed(Limit(count=3, share=0.05), 20, 5) == 3


def test_without_a_limit_everything_may_flow() -> None:
    assert allowed(Limit(), 400, 5) is None
    assert allowed(Limit(count=7), 0, 5) == 7


@pytest.mark.parametrize(("share", "size", "most"), [(0.29, 100, 29), (0.07, 100, 7), (0.005, 2999, 14), (1.0, 33, 33)])
def test_a_share_is_exact_in_spite_of_binary_fractions(share: float, size: int, most: int) -> None:
    assert allowed(Limit(share=share), size, 0) == most


def test_every_change_there_can_be_has_a_limit_to_configure() -> None:
    assert {f"{kind}.{action}" for kind, action in PHASES} == {name for name in DEFAULT_LIMITS if "." in name}
    assert {name.split(".")[0] for name in DEFAULT_LIMITS if "." in name} == set(get_args(Kind))


def test_the_default_limits_are_those_that_the_design_promises() -> None:
    assert DEFAULT_LIMITS["person.depart"] == Limit(100, 0.05, Limit(500, 0.02)) == DEFAULT_LIMITS["person.suspend"]
    assert DEFAULT_LIMITS["membership.end"] == Limit(5000, 0.20, Limit(20_000, 0.15))
    assert DEFAULT_LIMITS["person.remove"] == Limit(20, 0.01)
    assert DEFAULT_LIMITS["group.end"] == Limit(50, 0.05)
    assert DEFAULT_LIMITS["person.create"] == Limit(5000, 0.5) == DEFAULT_LIMITS["person.update"]
    assert DEFAULT_LIMITS["membership.update"] == Limit(20_000, 0.5)
    assert DEFAULT_LIMITS["guardianship.create"] == Limit(5000, 0.5)
    assert DEFAULT_LIMITS["guardianship.end"] == Limit(100, 0.05)
    assert DEFAULT_LIMITS["group.update"] == Limit(share=0.5)
    assert DEFAULT_LIMITS["organisation.update"] == Limit(share=0.5, owner=Limit(share=0.5))
    assert (DEFAULT_LIMITS["rejected"], DEFAULT_LIMITS["dangling"]) == (Limit(50, 0.01), Limit(500, 0.05))


# -- held -----------------------------------------------------------------------------------------------------------


def test_up_to_its_limit_a_school_flows_and_above_it_is_held() -> None:
    assert held(verdict_on(*many(20))) == []
    assert held(verdict_on(*many(21))) == [("person", "depart", "north")]


def test_a_held_entry_tells_its_numbers() -> None:
    verdict = verdict_on(*many(21))
    (entry,) = verdict.held
    assert entry not in verdict.cleared
    assert (entry.target, entry.count, entry.of, entry.limit, entry.recent) == ("lms", 21, 400, 20, 0)
    assert entry.digest in {one.digest for one in plan_of(*many(21)).of("lms")}


def test_a_tiny_school_may_lose_five_and_not_six() -> None:
    assert held(verdict_on(*many(5, school="tiny"))) == []
    assert held(verdict_on(*many(6, school="tiny"))) == [("person", "depart", "tiny")]
    assert held(verdict_on(*many(6, school="tiny"), floor=6)) == []


def test_one_school_is_held_and_the_others_flow() -> None:
    verdict = verdict_on(*many(21), *many(3, school="tiny"))
    assert verdict.holds(change())
    assert not verdict.holds(change(school="tiny"))
    assert not verdict.holds(change(action="update"))


def test_who_belongs_to_a_held_school_and_to_another_is_held() -> None:
    assert verdict_on(*many(21)).holds(change(scopes=("north", "tiny")))


def test_many_schools_a_little_each_are_held_by_the_owners_limit() -> None:
    sizes = {**SIZES, **{("person", f"school-{n}"): 400 for n in range(20)}}
    changes = [one for n in range(20) for one in many(15, school=f"school-{n}")]
    verdict = verdict_on(*changes, sizes=sizes)
    assert held(verdict) == [("person", "depart", OWNER)]
    assert all(verdict.holds(one) for one in changes)


def test_users_without_a_school_are_a_school_of_their_own() -> None:
    verdict = verdict_on(*many(6, school=""))
    assert held(verdict) == [("person", "depart", "")]
    assert verdict.holds(change(school=""))
    assert not verdict.holds(change())


def test_a_slow_leak_is_held_as_well_as_a_sudden_one() -> None:
    recent = {("person", "depart", "north"): 18}
    (entry,) = verdict_on(*many(3), recent=recent).held
    assert (entry.count, entry.recent) == (21, 18)
    assert held(verdict_on(*many(2), recent=recent)) == []


def test_what_was_delivered_before_holds_nothing_by_itself() -> None:
    assert held(verdict_on(*many(3, school="tiny"), recent={("person", "depart", "north"): 90})) == []


def test_what_is_known_beforehand_by_date_neither_counts_nor_waits() -> None:
    by_date = many(300, counted=False)
    assert held(verdict_on(*by_date)) == []
    assert not verdict_on(*many(21), *by_date).holds(by_date[299])


def test_a_change_waits_for_what_it_needs() -> None:
    verdict = verdict_on(*many(21, "membership", "end"), limits={"membership.end": Limit(count=20)})
    group_end = change("group", "end", needs=(("membership", "end", "north"),))
    assert verdict.holds(group_end)
    assert verdict.holds(replace(group_end, counted=False))
    assert not verdict.holds(replace(group_end, needs=(("membership", "end", "tiny"),)))


def test_what_needs_something_anywhere_waits_when_it_is_held_anywhere() -> None:
    link = change("guardianship", "create", school="tiny", needs=(("person", "create", ANYWHERE),))
    assert verdict_on(*many(201, action="create")).holds(link)
    assert not verdict_on(*many(200, action="create")).holds(link)


def test_what_needs_one_school_waits_when_the_owner_is_held() -> None:
    limits = {"membership.end": Limit(owner=Limit(count=3))}
    verdict = verdict_on(*many(4, "membership", "end"), limits=limits)
    assert verdict.holds(change("group", "end", school="tiny", needs=(("membership", "end", "tiny"),)))


def test_hold_all_holds_everything_but_revocations() -> None:
    verdict = verdict_on(*many(21), *many(2, action="create"), hold="all")
    assert held(verdict) == [("person", "depart", "north")]
    assert verdict.holds(change(action="create"))
    assert verdict.holds(change(counted=False))
    assert not verdict.holds(change("guardianship", "end", revocation=True))
    assert not verdict_on(*many(20), hold="all").holds(change())


def test_another_target_is_judged_by_itself() -> None:
    assert held(verdict_on(*many(300), target="archive")) == []


def test_a_kind_that_nobody_limits_flows() -> None:
    assert held(verdict_on(*many(9000, "membership", "create"))) == []
    assert held(verdict_on(*many(9000), limits={})) == []


# -- revocations ----------------------------------------------------------------------------------------------------


@given(count=st.integers(1, 60), hold=st.sampled_from(("class", "all")))
def test_a_revocation_is_never_held(count: int, hold: str) -> None:
    links = many(count, "guardianship", "end", revocation=True)
    protect = change("person", "suspend", revocation=True, needs=(("person", "depart", "north"),))
    limits = {name: Limit(count=0, owner=Limit(count=0)) for name in DEFAULT_LIMITS}
    verdict = verdict_on(*links, protect, *many(count), hold=hold, limits=limits)
    assert verdict.held
    assert not any(verdict.holds(one) for one in (*links, protect))


def test_a_mass_of_revocations_alarms_with_numbers() -> None:
    verdict = verdict_on(*many(31, "guardianship", "end", revocation=True))
    (alarm,) = verdict.alarms
    assert (alarm.count, alarm.of, alarm.limit, alarm.scope) == (31, 600, 30, "north")
    assert (alarm.held, alarm.approved, verdict.held, verdict.cleared) == (False, False, (), ())
    assert verdict_on(*many(30, "guardianship", "end", revocation=True)).alarms == ()


def test_a_whole_class_that_turns_eighteen_is_no_alarm() -> None:
    assert verdict_on(*many(300, "guardianship", "end", revocation=True, counted=False)).alarms == ()


# -- first loads ----------------------------------------------------------------------------------------------------


def test_the_first_load_into_an_empty_target_is_never_held() -> None:
    assert held(verdict_on(*many(6000, action="create"), sizes={})) == []
    assert held(verdict_on(*many(6000, action="create"), sizes={("person", OWNER): 0})) == []


def test_a_first_load_that_was_cut_off_goes_on() -> None:
    changes = many(6000, action="create")
    assert held(verdict_on(*changes)) == [("person", "create", "north")]
    assert held(verdict_on(*changes, first_load=True)) == []


def test_a_new_school_has_no_share_and_still_a_count() -> None:
    assert held(verdict_on(*many(600, action="create", school="new"))) == []
    assert held(verdict_on(*many(5001, action="create", school="new"))) == [("person", "create", "new")]


def test_an_empty_target_is_no_licence_to_end_things() -> None:
    assert held(verdict_on(*many(6), sizes={})) == [("person", "depart", OWNER), ("person", "depart", "north")]


def test_what_filled_an_empty_place_does_not_count_in_the_days_to_come() -> None:
    changes = many(600, action="create", school="new")
    assert verdict_on(*changes).tallied(changes) == {}
    assert verdict_on(*changes, sizes={}).tallied(changes) == {}


# -- approvals ------------------------------------------------------------------------------------------------------


def test_an_approval_of_the_entry_releases_it_and_nothing_else() -> None:
    changes = [*many(21), *many(6, school="tiny")]
    north, tiny = verdict_on(*changes).held
    verdict = verdict_on(*changes, approved=(north.digest,))
    assert verdict.held == (tiny,)
    assert [one.scope for one in verdict.cleared if one.approved] == ["north"]


def test_an_approval_of_the_whole_plan_releases_everything() -> None:
    changes = [*many(21), *many(6, school="tiny")]
    verdict = verdict_on(*changes, approved=(plan_of(*changes).digest,), hold="all")
    assert verdict.held == ()
    assert not any(map(verdict.holds, changes))


def test_an_approval_is_void_when_the_world_has_moved() -> None:
    (entry,) = verdict_on(*many(21)).held
    assert held(verdict_on(*many(22), approved=(entry.digest, plan_of(*many(21)).digest)))


def test_an_approval_of_what_would_flow_anyway_is_no_approval() -> None:
    (entry, *_) = verdict_on(*many(3)).cleared
    assert not any(one.approved for one in verdict_on(*many(3), approved=(entry.digest,)).entries)


def test_only_what_nobody_approved_counts_in_the_days_to_come() -> None:
    changes = many(21)
    (entry,) = verdict_on(*changes).held
    verdict = verdict_on(*changes, approved=(entry.digest,))
    assert verdict.tallied(changes) == {("person", "depart", OWNER): 21}
    few = many(3)
    assert verdict_on(*few).tallied(few) == {("person", "depart", "north"): 3, ("person", "depart", OWNER): 3}


def test_what_has_no_limit_does_not_count_in_the_days_to_come() -> None:
    changes = many(10, "membership", "create")
    assert verdict_on(*changes).tallied(changes) == {}


def test_revocations_and_what_was_known_by_date_do_not_count_in_the_days_to_come() -> None:
    changes = [change(counted=False), change("guardianship", "end", revocation=True), change(revocation=True)]
    assert verdict_on(*changes, change(number=1)).tallied(changes) == {}


# -- gate 1 ---------------------------------------------------------------------------------------------------------

CENSUS = Census(
    persons_before=27_000,
    persons_now=27_000,
    groups_before=1_000,
    groups_now=1_000,
    ties_before=184_000,
    ties_now=184_000,
    records=30_000,
    rejected=0,
)


def refusal(**changes: Any) -> tuple[str, str] | None:
    refused = judge_snapshot(replace(CENSUS, **changes), DEFAULT_LIMITS)
    return (refused.reason, refused.text) if refused else None


def test_an_ordinary_snapshot_is_accepted() -> None:
    assert refusal() is None
    assert refusal(persons_now=9_000, groups_now=1, ties_now=1) is None


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"persons_now": 0}, "no persons, and the one before held 27,000"),
        ({"groups_now": 0}, "no groups, and the one before held 1,000"),
        ({"ties_now": 0}, "no memberships, and the one before held 184,000"),
    ],
)
def test_a_snapshot_that_has_lost_a_whole_kind_is_refused(now: dict[str, int], said: str) -> None:
    refused = refusal(**now)
    assert refused is not None
    assert refused[0] == "zero"
    assert refused[1].endswith(said)
    assert ";" not in refused[1]


def test_a_first_snapshot_without_persons_is_refused() -> None:
    nothing = dict.fromkeys(("persons_before", "persons_now", "groups_before", "groups_now", "ties_before"), 0)
    refused = refusal(**nothing)
    assert refused is not None
    assert refused[0] == "zero"


def test_a_first_snapshot_without_groups_is_accepted() -> None:
    assert refusal(groups_before=0, groups_now=0, ties_before=0, ties_now=0) is None


def test_too_many_rejected_records_refuse_a_snapshot_with_the_numbers() -> None:
    assert refusal(rejected=50) is None
    assert refusal(rejected=51) == ("rejected", "51 of 30,000 records were rejected; the limit is 50")
    assert refusal(records=1_000, rejected=11) == ("rejected", "11 of 1,000 records were rejected; the limit is 10")


def test_a_few_rejected_records_of_a_small_school_are_let_through() -> None:
    assert refusal(records=40, rejected=5) is None
    assert refusal(records=40, rejected=6) is not None


def test_too_many_that_are_named_but_not_described_refuse_a_snapshot() -> None:
    assert refusal(dangling_persons=400, dangling_groups=100) is None
    refused = refusal(dangling_persons=400, dangling_groups=101)
    assert refused is not None
    assert refused[0] == "dangling"
    assert "400 persons and 101 groups" in refused[1]
    assert "is 500" in refused[1]


def test_everything_that_is_wrong_with_a_snapshot_is_told_at_once() -> None:
    refused = refusal(groups_now=0, rejected=900)
    assert refused is not None
    assert refused[0] == "zero"
    assert "no groups" in refused[1]
    assert "900 of 30,000" in refused[1]


def test_no_limit_of_gate_one_needs_to_be_set() -> None:
    assert judge_snapshot(replace(CENSUS, rejected=30_000, dangling_groups=9_000), {}) is None
