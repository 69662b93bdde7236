"""What an LMS shows against what it should show: what is not ours, what is lost, and what others changed. No values leave.

A finding names the thing and the aspects that differ. What they were and are stays in the LMS and in known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from rostersync.model import Aspect, Finding, Observed, What

MENDED: Final[tuple[What, ...]] = ("lost", "changed", "disabled", "enabled")
"""What `repair` sends again. Whoever is not ours is never touched."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Aspect, ...]).decode


def compare(expected: Iterable[Observed], observed: Iterable[Observed]) -> Iterator[Finding]:
    """What differs between the two; every kind is told whole on both sides, or on neither.

    What is observed waits packed in memory, about 800 bytes for a user with seven memberships.
    """
    there = {(one.object_kind, one.key): _encode(one.aspects) for one in observed}
    for one in expected:
        packed = there.pop((one.object_kind, one.key), None)
        if found := _found(one, packed):
            yield found
    for object_kind, key in there:
        yield Finding(object_kind, key, "foreign")


def _found(wanted: Observed, packed: bytes | None) -> Finding | None:
    kind, key = wanted.object_kind, wanted.key
    if wanted.hidden:  # somebody took her out of the LMS's trash
        return Finding(kind, key, "enabled", ("enabled",)) if packed is not None else None
    if packed is None:
        return Finding(kind, key, "lost")
    if packed == _encode(wanted.aspects):
        return None
    shown = dict(_decode(packed))
    aspects = tuple(name for mine in wanted.aspects for name in _differing(mine, shown))
    return Finding(kind, key, _what(aspects, shown), aspects) if aspects else None


def _differing(wanted: Aspect, shown: Mapping[str, str | tuple[str, ...]]) -> Iterator[str]:
    name, value = wanted
    other = shown.get(name, value)
    if isinstance(value, tuple) and isinstance(other, tuple):
        yield from [f"{name} lost"] if set(value) - set(other) else []
        yield from [f"{name} added"] if set(other) - set(value) else []
    elif value != other:
        yield name


def _what(aspects: Iterable[str], shown: Mapping[str, str | tuple[str, ...]]) -> What:
    if "enabled" not in aspects:
        return "changed"
    return "enabled" if shown["enabled"] == "true" else "disabled"
