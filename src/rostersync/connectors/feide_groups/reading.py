"""Gives groups and memberships of a realm in the spool as fragments. It describes nobody: members are Feide names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from rostersync.connectors import Fragment, KeyedDigest, Snapshot, Wanted
from rostersync.connectors.feide_groups.entries import End, Told, decode
from rostersync.connectors.feide_groups.naming import SCHOOL
from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.model import ClaimKind, Record, RecordKind

FIELDS: Final[Mapping[RecordKind, tuple[str, ...]]] = {
    "person": (),
    "group": ("key", "type", "name", "parent", "number", "localId", "grep", "begin", "end"),
    "membership": ("group", "type"),
    "member": ("user", "affiliation", "begin", "end"),
    "contact": (),
}
"""Every field, by record kind."""

_Belonging = tuple[str, tuple[str, ...], str, str]
"""A member's Feide name, her affiliation, begin and end."""


class GroupsReading:
    """One pass over a snapshot."""

    def __init__(self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted) -> None:
        self._snapshot = snapshot
        self._keyed = keyed
        self._wanted = wanted
        self._proof = ""

    @property
    def proof(self) -> str:
        """What proved completeness, in words; empty until then."""
        return self._proof

    def __iter__(self) -> Iterator[Fragment]:
        self._proof = ""
        groups: dict[str, Told] = {}
        belonging: dict[str, set[_Belonging]] = {}
        unnamed: list[Told] = []
        for told in self._lines():
            if isinstance(told, End):
                proof = told.proof
                break
            bare = replace(told, members=())
            if told.key:
                groups[told.key] = _merged(groups.get(told.key), bare)
            else:
                unnamed.append(bare)
            for one in told.members:
                belonging.setdefault(told.key, set()).add((one.user, one.affiliation, told.begin, told.end))
        else:
            raise SnapshotRefused("no proof", f"{self._snapshot.label}: our copy of it is cut off; run again")
        for group in (*groups.values(), *unnamed):
            yield self._fragment("group", (group,), self._group)
        for key, several in belonging.items():
            yield self._fragment("membership", (key, groups[key].kind, tuple(sorted(several))), self._membership)
        self._proof = proof

    def _lines(self) -> Iterator[Told | End]:
        try:
            with Path(self._snapshot.path).open("rb") as lines:
                yield from map(decode, lines)
        except OSError as error:
            text = f"{self._snapshot.path}: our copy of the groups is gone ({error.strerror}); run again"
            raise SourceUnavailable(text) from None

    # -- records ------------------------------------------------------------------------------------------------------

    def _fragment(self, kind: ClaimKind, told: tuple[Any, ...], record: Callable[..., Record]) -> Fragment:
        return Fragment(kind, self._keyed(repr((kind, told)).encode()), 0, partial(record, *told))

    def _group(self, group: Told) -> Record:
        number = group.number if group.kind == SCHOOL else ""
        return Record(
            "group",
            self._chosen(
                "group",
                key=group.key,
                type=group.kind,
                name=group.name,
                parent=group.parent,
                number=number,
                localId=group.local,
                grep=group.grep,
                begin=group.begin,
                end=group.end,
            ),
        )

    def _membership(self, key: str, kind: str, members: tuple[_Belonging, ...]) -> Record:
        parts = tuple(self._member(*member) for member in members)
        return Record("membership", self._chosen("membership", group=key, type=kind), parts=parts)

    def _member(self, user: str, affiliation: tuple[str, ...], begin: str, end: str) -> Record:
        fields = self._chosen("member", affiliation=affiliation, begin=begin, end=end)
        return Record("member", fields, whose=user if "user" in self._wanted.get("member", ()) else "")

    def _chosen(self, kind: RecordKind, **told: str | tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """The fields that are wanted and not empty."""
        wanted = self._wanted.get(kind, ())
        found = {name: (texts,) if isinstance(texts, str) else texts for name, texts in told.items() if name in wanted}
        return {name: texts for name, texts in found.items() if any(texts)}


def _merged(known: Told | None, other: Told) -> Told:
    """One group of two ids: from the first day to the last, by the name of the later one."""
    if known is None:
        return other
    later = max(known, other, key=lambda told: (told.end, told.name))
    begin = min(known.begin, other.begin)
    return replace(later, begin=begin)
