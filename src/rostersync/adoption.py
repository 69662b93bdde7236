"""Taking over the users that an LMS already has: match them to the people of the sources, show, and on request adopt.

A match is by a listed key, by our own id (a state that was lost), or by national number; never by a name.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from io import StringIO
from typing import Any

import msgspec

from rostersync.assembly import Parts, TargetPart
from rostersync.desire import desire
from rostersync.errors import Problem, UserMistake
from rostersync.locallists import resolve
from rostersync.model import Face, Known, User
from rostersync.store import Store
from rostersync.targets import Existing

_COLUMNS = {"target_key", "key"}


class Match(msgspec.Struct, frozen=True):
    """One LMS user and whom it belongs to."""

    target: str
    user: User
    target_key: str
    by: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """A plan of adoption. `unmatched` LMS users stay untouched; `doubtful` ones could be several people."""

    digest: str
    matched: tuple[Match, ...]
    unmatched: int
    doubtful: int

    def to_json(self) -> dict[str, Any]:
        """Counts and the digest; nobody is named."""
        return {
            "digest": self.digest,
            "matched": len(self.matched),
            "by": dict(Counter(match.by for match in self.matched)),
            "unmatched": self.unmatched,
            "doubtful": self.doubtful,
        }

    def to_text(self) -> str:
        """What would be taken over, and the command that does it."""
        ways = ", ".join(f"{count:,} by {by}" for by, count in sorted(Counter(match.by for match in self.matched).items()))
        lines = [
            f"{len(self.matched):,} LMS users belong to people of the sources ({ways or 'none'}).",
            f"{self.unmatched:,} match nobody and will never be touched; {self.doubtful:,} could be several people and are left out.",
        ]
        if self.matched:
            lines.append(f"Nothing was taken over yet. To do it: rostersync apply {self.digest[:12]}")
        return "\n".join(lines)


def adoption(store: Store, parts: Parts, on: date, listed: str | None, name: str) -> Adoption:
    """Match the users of every target of a sync. `listed` is the text of a CSV file `target_key,key` called `name`.

    Raises:
        UserMistake: the file is not such a list; every problem with its line.
    """
    matched: list[Match] = []
    unmatched = doubtful = 0
    for part in parts.targets:
        there = {one.target_key: one for one in part.target.existing()}
        keys = _listed(store, listed, name) if listed is not None else {}
        found = list(_matches(store, parts, on, part, there, keys))
        unique = {match.target_key: match for match in found}
        twice = {key for key, count in Counter(match.target_key for match in found).items() if count > 1}
        matched += [unique[key] for key in sorted(unique.keys() - twice)]
        doubtful += len(twice)
        unmatched += len((there.keys() | keys.keys()) - unique.keys())
    told = "\n".join(f"{match.target} {match.user.id} {match.target_key}" for match in matched)
    return Adoption(blake2b(told.encode(), digest_size=16).hexdigest(), tuple(matched), unmatched, doubtful)


def confirm_adoption(store: Store, parts: Parts, on: date, digest: str, listed: str | None, name: str) -> int:
    """Adopt exactly what the digest stands for, and give the number of users.

    Raises:
        UserMistake: the LMS or the sources have moved since, so the digest stands for nothing.
    """
    made = adoption(store, parts, on, listed, name)
    if made.digest != digest:
        raise UserMistake(["the LMS or the sources have changed since: look again with rostersync adopt"])
    with store.begin():
        for match in made.matched:
            # Known as uncertain, so the next plan sends today's values to the adopted user.
            store.known.adopt(match.target, Known("user", match.user.id, match.user, "", target_key=match.target_key))
    return len(made.matched)


def _matches(
    store: Store, parts: Parts, on: date, part: TargetPart, there: Mapping[str, Existing], keys: Mapping[str, str]
) -> Iterator[Match]:
    name = part.settings.name
    by_number = {one.national_number: one.target_key for one in there.values() if one.national_number}
    by_person = {person: target_key for target_key, person in keys.items()}
    for user in _unknown_users(store, parts, on, name):
        number = dict(user.fields).get("national_number", "")
        ways = (("list", by_person.get(user.person) or by_person.get(user.id)), ("our id", user.id if user.id in there else None))
        for by, target_key in (*ways, ("national number", by_number.get(number))):
            if target_key:
                yield Match(name, msgspec.structs.replace(user, memberships=(), guardians=()), target_key, by)
                break


def _unknown_users(store: Store, parts: Parts, on: date, target: str) -> Iterator[User]:
    """Everybody's desired users that the target is not known to hold; a person's school user before the guardian's."""
    lists = resolve(parts.grants, parts.consents, store.cards.find)
    faces: tuple[Face, ...] = ("school", "guardian")
    for cards in store.cards.touched(target, on, parts.source_names, full=True, only=None):
        wanted = [user for card in cards for user in desire(lists.on(card), parts.rules, store.ids, on).users]
        known = store.known.which(target, {user.id for user in wanted})
        yield from sorted((user for user in wanted if user.id not in known), key=lambda user: faces.index(user.face))


def _listed(store: Store, text: str, name: str) -> dict[str, str]:
    """The list as target key -> person id (or user id)."""
    rows = csv.DictReader(StringIO(text))
    if not set(rows.fieldnames or ()) >= _COLUMNS:
        raise UserMistake([Problem(f"{name}:1", 'the first line must name the columns: "target_key,key"')])
    keys: dict[str, str] = {}
    problems = []
    for number, row in enumerate(rows, 2):
        target_key, key = (row["target_key"] or "").strip(), (row["key"] or "").strip()
        found = (store.cards.find(key) or store.cards.find_number(key)) if key else []
        if not target_key or len(found) != 1:
            reason = "the target_key is empty" if not target_key else f"the key means {len(found) or 'nobody'}"
            problems.append(Problem(f"{name}:{number}", f"{reason}; give one of our ids or a source key"))
        else:
            keys[target_key] = found[0]
    if problems:
        raise UserMistake(problems)
    return keys
