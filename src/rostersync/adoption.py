"""Taking over the users that an LMS already has: match them to the people of the sources, show, and on request adopt.

A match is by a listed key, by our own id (a state that was lost), by national number, or by login; never by a name. What
contradicts itself, a login that is one person's beside a national number that is another's, matches nobody.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from io import StringIO
from typing import Any, TypeVar

import msgspec

from rostersync.assembly import Parts, TargetPart
from rostersync.desire import desire
from rostersync.desire.logins import logins_of
from rostersync.errors import Problem, Usage, UserMistake
from rostersync.locallists import resolve
from rostersync.model import Face, Known, User
from rostersync.store import Store
from rostersync.targets import Existing
from rostersync.targets.rekeying import Rekeying

T = TypeVar("T")
_Mark = tuple[str, str]
"""What an LMS user can be recognised by: the kind of mark, and its text."""
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
        ways = ", ".join(
            f"{count:,} by {by}" for by, count in sorted(Counter(match.by for match in self.matched).items())
        )
        lines = [
            f"{len(self.matched):,} LMS users belong to people of the sources{f' ({ways})' if ways else ''}.",
            f"{self.unmatched:,} match nobody and will never be touched.",
            f"{self.doubtful:,} could be several people's and are left out; a list (--keys) can say whose they are.",
        ]
        if self.matched:
            lines.append(f"Nothing was taken over yet. To do it: rostersync apply {self.digest[:12]}")
        return "\n".join(lines)


def adoption(store: Store, parts: Parts, on: date, listed: str | None, name: str, *, rekey: bool = False) -> Adoption:
    """Match the users of every target of a sync, but for those who are ours already.

    `listed` is the text of a CSV file `target_key,key` called `name`; `rekey`: the users are to get our ids as keys.

    Raises:
        UserMistake: the file is not such a list; every problem with its line.
        Usage: a target cannot give its users other keys.
    """
    if rekey:
        _rekeying(parts)
    matched: list[Match] = []
    unmatched = doubtful = 0
    for part in parts.targets:
        ours = {one.target_key or one.id for one in store.known.objects(part.settings.name, "user")}
        there = {one.target_key: one for one in part.target.existing() if one.target_key not in ours}
        keys = _listed(store, listed, name) if listed is not None else {}
        found = list(_matches(store, parts, on, part, there, keys))
        unique = {match.target_key: match for match in found}
        # what is somebody's already is nobody else's, whatever a list says
        contested = _repeated(match.target_key for match in found) | (unique.keys() & ours)
        shared = _shared(there)
        twins = {key for key, one in there.items() if not shared.isdisjoint(_marks_of(one))} - unique.keys()
        matched += [unique[key] for key in sorted(unique.keys() - contested)]
        doubtful += len(contested | twins)
        unmatched += len((there.keys() | keys.keys()) - ours - unique.keys() - twins)
    told = "\n".join([*(f"{match.target} {match.user.id} {match.target_key}" for match in matched), *["rekey"] * rekey])
    return Adoption(blake2b(told.encode(), digest_size=16).hexdigest(), tuple(matched), unmatched, doubtful)


@dataclass(slots=True)
class Taken:
    """How many users were adopted, how many of them got our id as their key, and why others kept theirs."""

    adopted: int = 0
    rekeyed: int = 0
    kept: Counter[str] = field(default_factory=Counter)


def confirm_adoption(
    store: Store, parts: Parts, on: date, digest: str, listed: str | None, name: str, *, rekey: bool = False
) -> Taken:
    """Adopt exactly what the digest stands for.

    With `rekey` each user is first given our id as her key; after a kill in between, she is found by it.

    Raises:
        Usage: the LMS, the sources or the list have moved since, so the digest stands for nothing.
        TargetUnavailable: an LMS gives no other keys now; nobody is adopted, and who got one is found by it.
    """
    made = adoption(store, parts, on, listed, name, rekey=rekey)
    if made.digest != digest:
        again = f"rostersync adopt {parts.settings.name}"
        raise Usage(
            [f"the LMS, the sources or the list have changed since that adoption was shown; look again: {again}"]
        )
    taken = Taken(len(made.matched))
    ours = set(_rekeyed(_rekeying(parts), made.matched, taken)) if rekey else set()
    with store.begin():
        for match in made.matched:
            key = "" if (match.target, match.target_key) in ours else match.target_key
            # Known as uncertain, so the next plan sends today's values to the adopted user.
            store.known.adopt(match.target, Known("user", match.user.id, match.user, "", target_key=key))
    return taken


def _rekeying(parts: Parts) -> dict[str, Rekeying]:
    there = {part.settings.name: part.target for part in parts.targets}
    unable = [name for name, target in there.items() if not isinstance(target, Rekeying)]
    if unable:
        raise Usage([f"{name} cannot give its users other keys; leave --rekey out" for name in unable])
    return {name: target for name, target in there.items() if isinstance(target, Rekeying)}


def _rekeyed(targets: Mapping[str, Rekeying], matched: Sequence[Match], taken: Taken) -> Iterator[tuple[str, str]]:
    """Give the users our ids as keys: (target, old key) of those who have them now."""
    for name, target in targets.items():
        pairs = [(one.target_key, one.user.id) for one in matched if one.target == name]
        for told in target.rekey(pair for pair in pairs if pair[0] != pair[1]):
            if told.reason:
                taken.kept[told.reason] += 1
            else:
                taken.rekeyed += 1
                yield name, told.old


def _matches(
    store: Store, parts: Parts, on: date, part: TargetPart, there: Mapping[str, Existing], keys: Mapping[str, str]
) -> Iterator[Match]:
    name = part.settings.name
    marks = _marks(there)
    by_person = {person: target_key for target_key, person in keys.items()}
    whose: dict[str, str] = {}
    for user in _unknown_users(store, parts, on, name):
        ways = {
            "list": by_person.get(user.person),
            "our id": user.id if user.id in there else None,
            **_ways_of_values(user, there, marks),
        }
        by, target_key = next(((by, key) for by, key in ways.items() if key), ("", ""))
        # one human with one account there and two users here: it becomes her school user, who comes first
        if target_key and whose.get(target_key) != user.person:
            whose[target_key] = user.person
            yield Match(name, msgspec.structs.replace(user, memberships=(), guardians=()), target_key, by)


def _ways_of_values(user: User, there: Mapping[str, Existing], marks: Mapping[_Mark, str]) -> dict[str, str | None]:
    """The LMS user with her national number, and the one with a login of hers and no other's number."""
    number = dict(user.fields).get("national_number", "")
    logins = [marks.get(("login", login)) for _, login in logins_of(user)]
    hers = [key for key in logins if key and there[key].national_number in ("", number)]
    return {"national number": marks.get(("national number", number)), "login": hers[0] if hers else None}


def _marks(there: Mapping[str, Existing]) -> dict[_Mark, str]:
    """What only one LMS user carries -> her key. What several carry tells nothing about whose those are."""
    shared = _shared(there)
    return {mark: key for key, one in there.items() for mark in _marks_of(one) if mark not in shared}


def _shared(there: Mapping[str, Existing]) -> frozenset[_Mark]:
    return _repeated(mark for one in there.values() for mark in _marks_of(one))


def _marks_of(one: Existing) -> Iterator[_Mark]:
    if one.national_number:
        yield "national number", one.national_number
    if one.login:
        yield "login", one.login.casefold()


def _repeated(values: Iterable[T]) -> frozenset[T]:
    return frozenset(value for value, count in Counter(values).items() if count > 1)


def _unknown_users(store: Store, parts: Parts, on: date, target: str) -> Iterator[User]:
    """Everybody's desired users that the target is not known to hold; a person's school user before the guardian's."""
    lists = resolve(parts.grants, parts.consents, store.cards.find)
    faces: tuple[Face, ...] = ("school", "guardian")
    for cards in store.cards.touched(target, on, parts.source_names, full=True, only=None):
        wanted = [user for card in cards for user in desire(lists.on(card), parts.rules, store.ids, on).users]
        known = store.known.which(target, {user.id for user in wanted})
        yield from sorted((user for user in wanted if user.id not in known), key=lambda user: faces.index(user.face))


def _listed(store: Store, text: str, name: str) -> dict[str, str]:
    """The list as target key -> person id."""
    rows = csv.DictReader(StringIO(text))
    if not set(rows.fieldnames or ()) >= _COLUMNS:
        raise UserMistake([Problem(f"{name}:1", 'the first line must name the columns: "target_key,key"')])
    keys: dict[str, str] = {}
    problems = []
    for number, row in enumerate(rows, 2):
        target_key, key = (row["target_key"] or "").strip(), (row["key"] or "").strip()
        found = (store.cards.find(key) or store.cards.find_number(key)) if key else []
        wrong = _wrong(target_key, found, keys)
        if wrong:
            problems.append(Problem(f"{name}:{number}", wrong))
        else:
            keys[target_key] = found[0]
    if problems:
        raise UserMistake(problems)
    return keys


def _wrong(target_key: str, found: Sequence[str], keys: Mapping[str, str]) -> str:
    """What is wrong with one line of the list, if anything."""
    if not target_key:
        return "the target_key is empty"
    if target_key in keys:
        return "a line above has that target_key already"
    if len(found) != 1:
        return f"the key means {len(found) or 'nobody'}; give one of our ids, a source key or a national number"
    return "a line above gives that person an LMS user already" if found[0] in keys.values() else ""
