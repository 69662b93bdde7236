"""What is asked over HTTP, and what is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

Method = Literal["GET", "POST", "PUT", "DELETE"]


class Call(Struct, frozen=True, kw_only=True):
    """What is asked of a server. `what` names it in messages; `path` is below the base, or a whole URL on that server.

    A call that is not `repeatable` is tried again only when it cannot have been carried out.
    """

    what: str
    path: str
    method: Method = "GET"
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    expected: tuple[int, ...] = (200,)
    repeatable: bool = True


class Answer(Struct, frozen=True):
    """A server's answer. `headers` have lower-case names; `blocks` is its body, unpacked, to be read once."""

    status: int
    headers: Mapping[str, str]
    blocks: Iterator[bytes]
