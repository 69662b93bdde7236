"""The parts of a user's draft: changes of the user herself, and the values they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, cast

from msgspec.structs import replace

from rostersync.drafting.context import Context, user_scopes
from rostersync.model import Action, Change, Draft, Known, Life, User

SENT_AGAIN: Final = "sent again: nobody knows whether the LMS has it so"

_TIES = ("memberships", "guardians")
_CORE = tuple(name for name in User.__struct_fields__ if name not in _TIES)


def user_of(known: Known) -> User:
    """The value of a known user: a person's known rows hold users and nothing else."""
    return cast("User", known.value)


def beyond_us(user: User) -> bool:
    """Whether no sync may change that user: a system administrator is adopted and pinned."""
    return user.role == "system_administrator"


def emptied(user: User) -> User:
    """A suspended user: disabled, in no group and linked to nobody, but with her schools, so that she can be found."""
    return replace(user, enabled=False, memberships=(), guardians=())


def step(
    action: Action, reason: str, before: User | None, wanted: User | None, context: Context, *, counted: bool = True
) -> Change:
    """A change of the user herself, counted at the schools she has before or afterwards.

    Its digests leave her ties out: those are changes, held and approved, by themselves.
    """
    told = [one for one in (before, wanted) if one is not None]
    return Change(
        "person",
        action,
        told[0].id,
        reason,
        scopes=user_scopes(*told),
        counted=counted,
        old=_core_digest(before, context),
        new=_core_digest(wanted, context),
    )


def updated(known: Known, wanted: User, context: Context) -> list[Change]:
    """The update of the user's own values: when they differ, or when nobody knows what the last delivery came to."""
    before = user_of(known)
    changed = [name for name in _CORE if getattr(before, name) != getattr(wanted, name)]
    if not changed and known.digest:
        return []
    reason = f"changed: {', '.join(_field_names(before, wanted, changed))}" if changed else SENT_AGAIN
    return [step("update", reason, before, wanted, context, counted=bool(changed))]


def drafted(known: Known, wanted: User, life: Life, changes: list[Change]) -> Draft | None:
    """The draft of a known user; None when nothing changes."""
    return Draft("user", known.id, known, wanted, life, tuple(changes)) if changes else None


def _field_names(before: User, wanted: User, changed: Iterable[str]) -> Iterator[str]:
    for name in changed:
        if name == "fields":
            yield from sorted({field for field, _ in {*before.fields} ^ {*wanted.fields}})
        else:
            yield name


def _core_digest(user: User | None, context: Context) -> str:
    return context.digest(replace(user, memberships=(), guardians=())) if user else ""
