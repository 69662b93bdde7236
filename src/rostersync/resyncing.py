"""Deliver again what is already known, to mend an LMS that lost it. No source is read, and nothing new is decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from rostersync.assembly import Parts, TargetPart
from rostersync.errors import Usage, UserMistake
from rostersync.model import Delivery, Group, Known, ObjectKind, Organisation, User
from rostersync.plan import GROUP, ORGANISATION, PERSON
from rostersync.report import DONE, PARTLY
from rostersync.store import Store
from rostersync.store.engine import batches

_ORDER: tuple[tuple[ObjectKind, int, bool], ...] = (
    ("organisation", ORGANISATION, False),
    ("group", GROUP, False),
    ("user", PERSON, False),
    ("user", PERSON, True),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is sent again: all, or what belongs to one person, group or school. `id` is one of our ids."""

    kind: Literal["all", "person", "group", "school"] = "all"
    id: str = ""

    def covers(self, known: Known) -> bool:
        """Whether a known object belongs to what is sent again."""
        value = known.value
        if self.kind == "all":
            return True
        if isinstance(value, Organisation):
            return value.id == self.id
        if isinstance(value, Group):
            return self.id in (value.id, value.school)
        return (
            value.person == self.id
            or any(tie.group == self.id for tie in value.memberships)
            or any(place.school == self.id for place in value.schools)
        )


@dataclass(slots=True)
class Sent:
    """How many objects were sent again, how many failed, and the failures by reason.

    `released` were refused or parked before; the next run tries them once more.
    """

    delivered: int = 0
    released: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        """How many objects did not arrive."""
        return self.failures.total()

    @property
    def code(self) -> int:
        """The exit code."""
        return PARTLY if self.failed else DONE

    def to_text(self) -> str:
        """For a person."""
        failures = "".join(f"\n{count:>7,} x {reason}" for reason, count in self.failures.items())
        released = f"\nRefused before, and tried again by the next sync: {self.released:,}." if self.released else ""
        return f"Sent again: {self.delivered:,} objects; {self.failed:,} failed.{failures}{released}"

    def to_json(self, sync: str, scope: Scope) -> dict[str, Any]:
        """For a program."""
        told = {
            "sent": self.delivered,
            "failed": self.failed,
            "failures": dict(self.failures),
            "released": self.released,
        }
        return {"sync": sync, "scope": scope.kind} | told


def resync(store: Store, parts: Parts, scope: Scope, progress: Callable[[str, int], None]) -> Sent:
    """Send what a scope covers to every delivering target of a sync.

    Raises:
        UserMistake: no target of the sync may be delivered to.
        TargetUnavailable: a target cannot be reached.
    """
    delivering = [part for part in parts.targets if part.settings.deliver]
    if not delivering:
        raise UserMistake([f"no target of {parts.settings.name} has `deliver = true`, so nothing may be sent"])
    sent = Sent()
    for part in delivering:
        part.target.sweep()
        deliveries = _deliveries(store, part, scope)
        # a whole set is written once; whatever is sent, all of it is in there
        for some in [deliveries] if part.target.whole else batches(deliveries, part.target.at_once):
            _send(store, part, some, sent)
            progress(f"sending again to {part.settings.name}", sent.delivered)
        sent.released += _release(store, part.settings.name)
    return sent


def _release(store: Store, target: str) -> int:
    """Whoever sends again has mended something: what the target has refused is tried once more by the next run."""
    refused = store.refusals.of(target)
    store.refusals.drop(target, refused.keys())
    return len(refused)


def _send(store: Store, part: TargetPart, deliveries: Iterable[Delivery], sent: Sent) -> None:
    for outcome in part.target.deliver(deliveries, lambda: store.outbox.roster(part.settings.name)):
        if outcome.delivered:
            sent.delivered += 1
        else:
            sent.failures[outcome.reason] += 1


def _deliveries(store: Store, part: TargetPart, scope: Scope) -> Iterator[Delivery]:
    """Schools before groups before users, and whoever follows somebody before those who are followed."""
    for kind, phase, followed in _ORDER:
        for known in store.known.objects(part.settings.name, kind):
            if scope.covers(known) and followed == (isinstance(known.value, User) and bool(known.value.guardians)):
                yield Delivery(kind, known.id, phase, known.value, known.value, known.life, (), known.target_key)


def scope_of(store: Store, parts: Parts, *, person: str = "", group: str = "", school: str = "") -> Scope:
    """The scope behind what was typed: a person id, a group key, or an organisation number; all when nothing was.

    Raises:
        Usage: no such group or school is known.
    """
    if person:
        return Scope("person", person)
    if group:
        return Scope("group", _group(store, parts, group))
    return Scope("school", _school(store, parts, school)) if school else Scope()


def _group(store: Store, parts: Parts, key: str) -> str:
    there = {one.id for target in parts.targets for one in store.known.objects(target.settings.name, "group")}
    found = [one for one in (key, *store.cards.find_group(key)) if one in there]
    if not found:
        raise Usage(["no group that an LMS holds has that key: give our id or the source key (source/id)"])
    return found[0]


def _school(store: Store, parts: Parts, number: str) -> str:
    there = [one for one in store.cards.organisations(parts.source_names) if one.kind == "school"]
    found = [one.id for one in there if number in (one.number, one.id)]
    if not found:
        numbers = ", ".join(sorted(one.number for one in there if one.number)) or "none"
        raise Usage([f"no school has the number {number}; the schools are: {numbers}"])
    return found[0]
