"""How the groups of a realm lie in the spool."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct


class Member(Struct, frozen=True, array_like=True):
    """A member of a group. `user` is her Feide name; `affiliation` in small letters, sorted."""

    user: str
    affiliation: tuple[str, ...]


class Told(Struct, frozen=True, array_like=True, tag="group"):
    """A group as the API tells it, with a key of ours, empty where its id is of no form that we know."""

    kind: str
    key: str
    parent: str
    name: str
    number: str
    local: str
    grep: str
    begin: str
    end: str
    members: tuple[Member, ...]


class End(Struct, frozen=True, array_like=True, tag="end"):
    """The last line: what proved that all came."""

    proof: str


Line: TypeAlias = Told | End

encode: Final = msgspec.json.encode
decode: Final = msgspec.json.Decoder(Line).decode
