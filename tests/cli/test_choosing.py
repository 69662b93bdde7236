"""Which LMS users a key means, and what stands against moving them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from rostersync.cli.choosing import chosen, refuse_barred, refuse_wanted, user_of
from rostersync.cli.shell import Shell
from rostersync.errors import Usage
from rostersync.model import Group, Known, Life
from rostersync.store import Store
from tests.scenarios.test_guardians import decide
from tests.scenarios.town import AUTUMN, SOURCE, Town

NEXT = AUTUMN + timedelta(days=1)


@pytest.fixture
def left(town: Town) -> Town:
    """A town that Eva has left, a teacher and since lately a mother."""
    town.world.change("siri", guardians=("eva",))
    town.sync(NEXT)
    town.world.drop("eva", "siri")
    town.sync(NEXT + timedelta(days=1))
    return town


@pytest.fixture
def store(left: Town) -> Iterator[Store]:
    """The state of that town, open."""
    opened = left.store()
    yield opened
    opened.close()


@pytest.fixture
def shell(left: Town) -> Shell:
    """The options of a command given there, two days later."""
    made = Shell()
    made.config = str(left.config)
    made.as_of = NEXT + timedelta(days=2)
    return made


def test_a_persons_key_means_both_of_her_users_and_a_users_id_only_that_one(
    shell: Shell, store: Store, left: Town
) -> None:
    faces = {user_of(one).face: one.id for _, one in chosen(shell, store, f"{SOURCE}/eva", ("departed",))}
    assert set(faces) == {"school", "guardian"}
    for face, user in faces.items():
        (found,) = chosen(shell, store, user, ("departed",))
        assert (found[0], user_of(found[1]).face) == ("lms", face)


def test_nobody_is_chosen_in_a_state_she_is_not_in_and_hers_is_named(shell: Shell, store: Store) -> None:
    with pytest.raises(Usage) as usage:
        chosen(shell, store, f"{SOURCE}/eva", ("suspended", "handed_over"))
    assert str(usage.value) == (
        "that takes a user who is suspended or handed_over, and this one is departed: rostersync trash list"
    )
    with pytest.raises(Usage, match="that takes a user who is departed, and this one is active"):
        chosen(shell, store, f"{SOURCE}/kari", ("departed",))


def test_whom_no_lms_has_is_said_to_be_in_none(shell: Shell, store: Store, left: Town) -> None:
    for one in left.known().values():
        store.known.forget("lms", one.id)
    with pytest.raises(Usage, match="and this one is in no LMS"):
        chosen(shell, store, f"{SOURCE}/eva", ("departed",))


def test_a_key_that_means_nobody_chooses_nobody(shell: Shell, store: Store) -> None:
    with pytest.raises(Usage, match="that key means nobody here"):
        chosen(shell, store, f"{SOURCE}/nobody", ("departed",))


def test_nothing_stands_against_moving_somebody_of_whom_nothing_was_decided(shell: Shell, store: Store) -> None:
    found = chosen(shell, store, f"{SOURCE}/eva", ("departed",))
    refuse_barred(shell, store, found)
    refuse_wanted(shell, store, found)


@pytest.mark.parametrize(
    ("what", "more", "answer"),
    [
        ("protect", {}, "that person is protected; end that first: rostersync unprotect KEY --reason ..."),
        ("pin", {"until": NEXT + timedelta(days=2)}, "that person is pinned, so no sync touches her; end that first: "),
    ],
)
def test_what_was_decided_about_somebody_ends_by_its_own_command(
    shell: Shell, store: Store, left: Town, what: str, more: dict[str, object], answer: str
) -> None:
    found = chosen(shell, store, f"{SOURCE}/eva", ("departed",))
    decide(left, what, "eva", **more)
    with pytest.raises(Usage) as usage:
        refuse_barred(shell, store, found)
    assert str(usage.value).startswith(answer)


def test_a_pin_that_has_run_out_and_another_persons_stand_against_nothing(
    shell: Shell, store: Store, left: Town
) -> None:
    decide(left, "pin", "eva", until=NEXT + timedelta(days=1))
    decide(left, "pin", "kari", until=NEXT + timedelta(days=99))
    decide(left, "protect", "ola")
    refuse_barred(shell, store, chosen(shell, store, f"{SOURCE}/eva", ("departed",)))


def test_one_held_user_stands_against_moving_both_of_hers(shell: Shell, store: Store) -> None:
    found = chosen(shell, store, f"{SOURCE}/eva", ("departed",))
    store.known.set_life("lms", found[0][1].id, Life("departed", "absent", NEXT, hold="a case is open"))
    with pytest.raises(Usage, match="that user is held; end that first: rostersync trash hold KEY --end"):
        refuse_barred(shell, store, chosen(shell, store, f"{SOURCE}/eva", ("departed",)))


def test_whom_a_source_still_has_would_be_back_the_next_day(shell: Shell, store: Store) -> None:
    with pytest.raises(Usage, match="a source still has that person, who would be back the next day"):
        refuse_wanted(shell, store, chosen(shell, store, f"{SOURCE}/kari", ("active",)))


def test_only_users_can_be_moved() -> None:
    with pytest.raises(TypeError):
        user_of(Known("group", "g", Group("g", "base_class", "8A", "8A", "s"), "d"))
