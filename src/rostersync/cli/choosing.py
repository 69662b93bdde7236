"""KEY as typed by a person -> the LMS users it means, and what stands against moving them."""

from __future__ import annotations

from collections.abc import Iterator

from rostersync.cli.keys import one_person
from rostersync.cli.shell import Shell
from rostersync.errors import Usage
from rostersync.model import Known, LifeState, User
from rostersync.store import Store
from rostersync.whycard import why_card

Found = list[tuple[str, Known]]
"""LMS users, each with the target that holds her."""


def user_of(known: Known) -> User:
    """The value of somebody who has departed: organisations and groups never do."""
    if not isinstance(known.value, User):
        raise TypeError(known.object_kind)
    return known.value


def chosen(shell: Shell, store: Store, key: str, states: tuple[LifeState, ...]) -> Found:
    """The LMS users that a key means, in one of these states: one when it is a user's id, else both of the person's.

    Raises:
        Usage: the key means nobody, or nobody in these states.
    """
    person = one_person(store, key)
    users = [(target, one) for target in shell.settings.targets for one in _users(store, target, person)]
    users = [pair for pair in users if pair[1].id == key] or users
    found = [pair for pair in users if pair[1].life.state in states]
    if not found:
        there = ", ".join(sorted({known.life.state for _, known in users})) or "in no LMS"
        raise Usage([f"that takes a user who is {' or '.join(states)}, and this one is {there}: rostersync trash list"])
    return found


def _users(store: Store, target: str, person: str) -> Iterator[Known]:
    known = store.known.for_persons(target, [person]).values()
    return (one for one in known if isinstance(one.value, User))


def refuse_barred(shell: Shell, store: Store, found: Found) -> None:
    """What was decided about somebody ends by its own command, never by another.

    Raises:
        Usage: she is protected, pinned or held.
    """
    person = user_of(found[0][1]).person
    if any(one.person == person for one in store.decisions.protections()):
        raise Usage(["that person is protected; end that first: rostersync unprotect KEY --reason ..."])
    if any(one.person == person and one.until >= shell.today() for one in store.decisions.pins()):
        raise Usage(
            ["that person is pinned, so no sync touches her; end that first: rostersync pin remove KEY --reason ..."]
        )
    if any(known.life.hold for _, known in found):
        raise Usage(["that user is held; end that first: rostersync trash hold KEY --end --reason ..."])


def refuse_wanted(shell: Shell, store: Store, found: Found) -> None:
    """Whoever a source still has would be back the next day.

    Raises:
        Usage: somebody found is wanted today.
    """
    person, ids = user_of(found[0][1]).person, {known.id for _, known in found}
    for name in shell.settings.syncs:
        desired = why_card(store, shell.parts(name), person, shell.today(name)).desired
        if ids & {user.id for user in desired.users}:
            raise Usage(
                ["a source still has that person, who would be back the next day: rostersync person KEY shows where"]
            )
