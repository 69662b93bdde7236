"""Leaves out of a fragment what changes every night and means nothing here, before the fragment is digested.

Some senders write into every person when it was exported. Then every fragment looks new every night, and is read again
for nothing. A source can name such elements; those that claims are made of cannot be named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rostersync.connectors.pifu.dialects import READ

_NAME = re.compile(r"[A-Za-z_][\w.-]*")


def mistakes(source: str, names: Iterable[str]) -> list[str]:
    """What is wrong with the elements a source names, in sentences."""
    found: list[str] = []
    for name in names:
        if not _NAME.fullmatch(name):
            found.append(
                f'source.{source}: volatile: "{name}" is no element\'s name; write it without prefix and brackets'
            )
        elif name in READ:
            found.append(
                f'source.{source}: volatile: "{name}" decides who has access to what, so it cannot be left out'
            )
    return found


def leaving_out(names: tuple[str, ...]) -> Callable[[bytes], bytes]:
    """What takes these elements (see `mistakes`), with all that is in them, out of a fragment's bytes."""
    if not names:
        return bytes
    any_of = "|".join(map(re.escape, names))
    pattern = re.compile(rf"<((?:[\w.-]+:)?(?:{any_of}))(?:\s[^<>]*)?(?:/>|(?<!/)>.*?</\1\s*>)".encode(), re.DOTALL)
    return lambda raw: pattern.sub(b"", raw)
