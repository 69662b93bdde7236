"""A plan in numbers: counts, entries, and digests that mean the same thing every night."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import get_args

from msgspec.structs import replace

from rostersync.model import Action, Change, Draft, Kind
from rostersync.plan import OWNER, PHASES, REVOKE, Entries, Entry, phase_of
from tests.line.builders import known, user
from tests.line.worlds import draft_of, missing, wanted

NEWCOMERS = [
    draft_of(wanted(user("anna", groups=("8a", "8b"), guardians=("mother",)))),
    draft_of(wanted(user("bo", groups=("8c",), schools=("south",)))),
    draft_of(wanted(user("cato", schools=("north", "south")))),
    draft_of(wanted(user("dina", schools=()))),
]
LEAVER = known(user("eli", groups=("8a",), guardians=("mother",)))


def entries_of(*drafts: Draft | None, target: str = "lms") -> Entries:
    entries = Entries()
    for draft in drafts:
        assert draft is not None
        entries.add(target, draft)
    return entries


def entry(entries: Entries, kind: str, action: str, scope: str, target: str = "lms") -> Entry:
    (found,) = (one for one in entries.of(target) if (one.kind, one.action, one.scope) == (kind, action, scope))
    return found


def shuffled(draft: Draft | None) -> Iterator[Draft]:
    assert draft is not None
    return (replace(draft, changes=changes) for changes in permutations(draft.changes))


# -- counts ---------------------------------------------------------------------------------------------------------


def test_every_change_counts_once_in_the_report() -> None:
    assert entries_of(*NEWCOMERS).counts() == {
        "person": {"create": 4},
        "membership": {"create": 3},
        "guardianship": {"create": 1},
    }


def test_a_user_of_two_schools_counts_at_both_and_once_for_the_owner() -> None:
    entries = entries_of(*NEWCOMERS)
    counts = {scope: entry(entries, "person", "create", scope).count for scope in ("north", "south", "", OWNER)}
    assert counts == {"north": 2, "south": 2, "": 1, OWNER: 4}


def test_targets_are_counted_apart_and_together() -> None:
    entries = entries_of(*NEWCOMERS[:2])
    third = NEWCOMERS[2]
    assert third is not None
    entries.add("archive", third)
    assert entries.counts("archive") == {"person": {"create": 1}}
    assert entries.counts()["person"] == {"create": 3}
    assert entry(entries, "person", "create", OWNER, "lms").count == 2
    assert entries.of("nowhere") == []


def test_revocations_are_counted_apart() -> None:
    entries = entries_of(draft_of(missing("eli", "left: moved away"), LEAVER))
    ended = entry(entries, "guardianship", "end", "north")
    assert (ended.count, ended.revocations) == (0, 1)


def test_what_was_known_beforehand_by_date_stands_in_the_report_and_in_no_entry() -> None:
    entries = entries_of(draft_of(missing("eli", by_date=True), LEAVER))
    assert entries.counts() == {"person": {"depart": 1}}
    assert entries.of("lms") == []


# -- digests --------------------------------------------------------------------------------------------------------


def test_digests_do_not_depend_on_the_order_of_the_drafts() -> None:
    told = {(plan.digest, tuple(plan.of("lms"))) for plan in (entries_of(*order) for order in permutations(NEWCOMERS))}
    assert len(told) == 1


def test_digests_do_not_depend_on_the_order_of_the_changes() -> None:
    plans = [entries_of(draft) for draft in shuffled(NEWCOMERS[0])]
    there = {(plan.digest, *plan.of("lms")) for plan in plans}
    assert len(plans) == 24
    assert len(there) == 1


def test_another_person_another_value_and_another_target_are_other_digests() -> None:
    plans = [
        entries_of(draft_of(wanted(user("anna")))),
        entries_of(draft_of(wanted(user("berit")))),
        entries_of(draft_of(wanted(user("anna", given_name="Anna")))),
        entries_of(draft_of(wanted(user("anna"))), target="archive"),
        entries_of(),
    ]
    assert len({plan.digest for plan in plans}) == len(plans)


def test_another_group_is_another_digest_of_the_memberships_and_not_of_the_users() -> None:
    first, second = (entries_of(draft_of(wanted(user(groups=(group,))))) for group in ("8a", "8b"))
    assert entry(first, "person", "create", "north") == entry(second, "person", "create", "north")
    assert entry(first, "membership", "create", "north") != entry(second, "membership", "create", "north")


def test_what_happens_at_one_school_leaves_the_digest_of_another_alone() -> None:
    alone = entries_of(draft_of(wanted(user(groups=("8a",)))))
    beside = entries_of(draft_of(wanted(user(groups=("8a", "8c")))))
    assert entry(alone, "membership", "create", "north") == entry(beside, "membership", "create", "north")


def test_no_two_entries_share_a_digest() -> None:
    there = entries_of(draft_of(wanted(user(groups=("8a",))))).of("lms")
    assert len({one.digest for one in there}) == len(there) == 4


def test_an_entry_is_the_same_when_what_is_never_held_has_flowed() -> None:
    before = replace(LEAVER, value=user("eli", groups=("8a", "8b"), guardians=("mother",)))
    both = entries_of(draft_of(wanted(user("eli"), lapsed=("8b",)), before))
    rest = entries_of(draft_of(wanted(user("eli")), replace(LEAVER, value=user("eli", groups=("8a",)))))
    assert entry(both, "membership", "end", "north") == entry(rest, "membership", "end", "north")


def test_the_whole_digest_covers_what_no_entry_does() -> None:
    by_date = draft_of(missing("eli", by_date=True), LEAVER)
    assert entries_of(by_date).digest != entries_of().digest
    assert entries_of(by_date).digest != entries_of(draft_of(missing("eli"), LEAVER)).digest


# -- phases ---------------------------------------------------------------------------------------------------------


def test_every_change_there_can_be_has_its_phase() -> None:
    assert {kind for kind, _ in PHASES} == set(get_args(Kind))
    assert {action for _, action in PHASES} == set(get_args(Action))


def test_a_revocation_goes_first_whatever_its_kind() -> None:
    suspend = Change("person", "suspend", "user", "protected")
    assert phase_of(suspend) != REVOKE
    assert phase_of(replace(suspend, revocation=True)) == REVOKE
    assert phase_of(Change("guardianship", "end", "user", "denied")) == REVOKE
