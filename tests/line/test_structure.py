"""Organisations and groups: created, changed, and groups ended."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from rostersync.drafting import draft_group, draft_organisation
from rostersync.model import Draft, Group, Known, Organisation
from tests.line.worlds import IN_SUMMER, context, steps

SCHOOL = Organisation("north", "school", "Nordre skole", "974589230", "owner")
CLASS = Group("8a", "class", "8A", "8A", "north")


def held(value: Organisation | Group, digest: str = "as-delivered") -> Known:
    return Known("organisation" if isinstance(value, Organisation) else "group", value.id, value, digest)


def group_draft(wanted: Group | None, known: Known | None, *, by_date: bool = False, **changes: Any) -> Draft | None:
    return draft_group(wanted, known, context(**changes), by_date=by_date, group_id="8a")


def test_a_new_school_and_a_new_class_are_created() -> None:
    school, group = draft_organisation(SCHOOL, None, context()), group_draft(CLASS, None)
    assert (steps(school), steps(group)) == (["organisation.create"], ["group.create"])
    assert school is not None
    assert group is not None
    assert school.changes[0].scopes == group.changes[0].scopes == ("north",)
    assert (school.wanted, group.wanted) == (SCHOOL, CLASS)


def test_nothing_is_planned_for_what_stands_as_it_should() -> None:
    assert draft_organisation(SCHOOL, held(SCHOOL), context()) is None
    assert group_draft(CLASS, held(CLASS)) is None
    assert group_draft(None, None) is None


def test_an_update_names_what_changed() -> None:
    draft = draft_organisation(replace(SCHOOL, name="Nordre ungdomsskole"), held(SCHOOL), context())
    assert steps(draft) == ["organisation.update"]
    assert draft is not None
    assert (draft.changes[0].reason, draft.changes[0].counted) == ("changed: name", True)
    assert draft.changes[0].old != draft.changes[0].new


def test_a_group_that_changes_school_counts_at_both() -> None:
    draft = group_draft(replace(CLASS, school="south"), held(CLASS))
    assert draft is not None
    assert draft.changes[0].scopes == ("north", "south")


def test_a_group_without_a_school_counts_at_none() -> None:
    draft = group_draft(replace(CLASS, school=""), None)
    assert draft is not None
    assert draft.changes[0].scopes == ()


@pytest.mark.parametrize("value", [SCHOOL, CLASS])
def test_what_nobody_knows_to_have_arrived_is_sent_again_without_counting(value: Organisation | Group) -> None:
    there = held(value, digest="")
    draft = (
        draft_organisation(value, there, context()) if isinstance(value, Organisation) else group_draft(value, there)
    )
    assert draft is not None
    assert (draft.changes[0].action, draft.changes[0].counted) == ("update", False)


def test_a_school_is_never_ended_because_it_is_missing() -> None:
    assert draft_organisation(None, held(SCHOOL), context()) is None


def test_a_group_ends_when_no_snapshot_has_it_and_not_over_the_heads_of_its_members() -> None:
    draft = group_draft(None, held(CLASS))
    assert steps(draft) == ["group.end"]
    assert draft is not None
    change = draft.changes[0]
    assert draft.wanted is None
    assert (change.counted, change.scopes, change.needs) == (True, ("north",), (("membership", "end", "north"),))
    assert change.old


def test_a_group_that_ends_on_its_date_does_not_count() -> None:
    draft = group_draft(None, held(CLASS), by_date=True)
    assert draft is not None
    assert (draft.changes[0].counted, draft.changes[0].reason) == (False, "its last day has passed")


@pytest.mark.parametrize("surroundings", [{"on": IN_SUMMER}, {"restored_backup": True}])
def test_no_group_ends_while_a_sync_only_adds(surroundings: dict[str, object]) -> None:
    assert group_draft(None, held(CLASS), **surroundings) is None
    assert group_draft(CLASS, None, **surroundings) is not None
