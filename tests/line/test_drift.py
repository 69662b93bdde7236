"""What an LMS shows against what it should show: every difference is found, and no value leaves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostersync.drift import compare
from rostersync.model import Aspect, Finding, Observed


def user(key: str, *aspects: Aspect, hidden: bool = False) -> Observed:
    """A user as an LMS shows her."""
    return Observed("user", key, tuple(sorted(aspects)), hidden)


KARI = user("kari", ("email", "kari@home.example"), ("enabled", "true"), ("memberships", ("7A pupil", "all pupil")))


def test_equal_sides_differ_in_nothing() -> None:
    assert list(compare([KARI], [KARI])) == []


def test_what_is_not_there_is_lost_and_what_nobody_delivered_is_foreign() -> None:
    assert list(compare([KARI], [user("stranger")])) == [
        Finding("user", "kari", "lost"),
        Finding("user", "stranger", "foreign"),
    ]


def test_one_key_of_two_kinds_is_two_things() -> None:
    assert list(compare([KARI], [KARI, Observed("group", "kari")])) == [Finding("group", "kari", "foreign")]


def test_a_change_is_named_by_its_aspects_and_never_by_a_value() -> None:
    shown = user(
        "kari", ("email", "other@home.example"), ("enabled", "true"), ("memberships", ("7B pupil", "all pupil"))
    )
    (found,) = compare([KARI], [shown])
    assert found == Finding("user", "kari", "changed", ("email", "memberships lost", "memberships added"))


def test_who_was_disabled_or_enabled_by_hand_is_told_apart_from_other_changes() -> None:
    off, on = user("kari", ("email", "a"), ("enabled", "false")), user("kari", ("email", "b"), ("enabled", "true"))
    assert [(one.what, one.aspects) for one in compare([on], [off])] == [("disabled", ("email", "enabled"))]
    assert [(one.what, one.aspects) for one in compare([off], [on])] == [("enabled", ("email", "enabled"))]


def test_what_only_one_side_tells_is_not_compared() -> None:
    assert list(compare([KARI], [user("kari", ("enabled", "true"), ("mobile", "1"))])) == []


def test_who_should_not_be_shown_is_not_lost_and_found_when_she_is() -> None:
    trashed = user("kari", hidden=True)
    assert list(compare([trashed], [])) == []
    assert list(compare([trashed], [KARI])) == [Finding("user", "kari", "enabled", ("enabled",))]


texts = st.text("ab", max_size=2)
things = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.fixed_dictionaries(
        {"enabled": st.sampled_from(["true", "false"]), "name": texts, "ties": st.sets(texts).map(sorted).map(tuple)}
    ),
)


def _shown(held: dict[str, dict[str, str | tuple[str, ...]]]) -> list[Observed]:
    return [user(key, *aspects.items()) for key, aspects in held.items()]


@given(things, things)
def test_every_key_that_differs_is_found_once_and_no_other(
    wanted: dict[str, dict[str, str | tuple[str, ...]]], there: dict[str, dict[str, str | tuple[str, ...]]]
) -> None:
    found = list(compare(_shown(wanted), _shown(there)))
    differing = {key for key in wanted.keys() | there.keys() if wanted.get(key) != there.get(key)}
    assert sorted(one.key for one in found) == sorted(differing)
    assert {one.key for one in found if one.what == "foreign"} == there.keys() - wanted.keys()
    assert {one.key for one in found if one.what == "lost"} == wanted.keys() - there.keys()
