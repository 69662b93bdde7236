"""What a type of target lets the role model say: in which tables, about what, and in which words of its own."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

Told = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Table -> role, or group kind -> the target's words for it, as a role model has them for one type of target."""


class Wording(Struct, frozen=True):
    """One table. `settings` is our word -> the target's setting that it fills; `words` are the right texts, any when empty.

    Where it is about `kinds`, every group kind is told, and `settings` is the target's word -> the setting that lists
    the kinds which become that, empty where none has to.
    """

    settings: Mapping[str, str]
    words: tuple[str, ...] = ()
    kinds: bool = False
    numbers: bool = False


Wordings = Mapping[str, Wording]
"""Table -> what may stand in it."""
