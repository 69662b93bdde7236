"""What an LMS shows when it is read back, and what it should show."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from rostersync.model.vocabulary import ObjectKind

Aspect = tuple[str, str | tuple[str, ...]]
"""A name such as `email`, and its text; or a name such as `memberships`, and the texts of a set, in order."""

What = Literal["foreign", "lost", "changed", "disabled", "enabled"]
"""What can be found: not ours; gone; not as delivered; of users also: may no longer log in, or may again."""


class Observed(Struct, frozen=True, array_like=True):
    """One thing as an LMS shows it, or should show it. `key` is the LMS's own: of a user her target key, else our id.

    `aspects` are in name order; of two sides only those are compared that both have. `enabled` is "true" or "false".
    `hidden` is true of what the LMS should not show at all, such as a user in its trash.
    """

    object_kind: ObjectKind
    key: str
    aspects: tuple[Aspect, ...] = ()
    hidden: bool = False


class Finding(Struct, frozen=True, order=True):
    """One thing that is not as it was delivered. `key` is the LMS's own; `aspects` say what differs, never how."""

    object_kind: ObjectKind
    key: str
    what: What
    aspects: tuple[str, ...] = ()
