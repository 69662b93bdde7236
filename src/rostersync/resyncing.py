"""Deliver again what is already known, to mend an LMS that lost it. No source is read, and nothing new is decided."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rostersync.assembly import Parts, TargetPart
from rostersync.carrying.carrier import Carrier, Charge
from rostersync.carrying.pace import Manners
from rostersync.carrying.stock import Told
from rostersync.carrying.turns import together
from rostersync.errors import Usage, UserMistake
from rostersync.model import Delivery, Group, Known, ObjectKind, Organisation, Outcome, User
from rostersync.plan import GROUP, GUARDIANSHIP, ORGANISATION, PERSON
from rostersync.report import DONE, PARTLY
from rostersync.store import Store

_ORDER: Mapping[int, tuple[ObjectKind, bool]] = {
    ORGANISATION: ("organisation", False),
    GROUP: ("group", False),
    PERSON: ("user", False),
    GUARDIANSHIP: ("user", True),
}
"""Phase -> what is sent in it, and whether somebody follows them: who follows is there before who is followed."""


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


def resync(
    store: Store,
    parts: Parts,
    scope: Scope,
    progress: Callable[[str, int], None],
    manners: Manners = Manners(),  # noqa: B008 - it is frozen
) -> Sent:
    """Send what a scope covers to every delivering target of a sync, over as many connections as a sync would.

    Raises:
        UserMistake: no target of the sync may be delivered to.
        TargetUnavailable: a target cannot be reached.
    """
    delivering = [part for part in parts.targets if part.settings.deliver]
    if not delivering:
        raise UserMistake([f"no target of {parts.settings.name} has `deliver = true`, so nothing may be sent"])
    sent, bell = Sent(), threading.Event()
    for part in delivering:
        part.target.sweep()
        again = _Again(store, part, scope, sent)
        if part.target.whole:
            again.write()
        else:
            name, settings = part.settings.name, part.settings
            charge = Charge(name, part.target, settings.per_minute, manners, bell.set, progress)
            together([Carrier(again, charge).carry()], bell)
        progress(f"sending again to {part.settings.name}", sent.delivered)
        sent.released += _release(store, part.settings.name)
    return sent


def _release(store: Store, target: str) -> int:
    """Whoever sends again has mended something: what the target has refused is tried once more by the next run."""
    refused = store.refusals.of(target)
    store.refusals.drop(target, refused.keys())
    return len(refused)


@dataclass(frozen=True, slots=True)
class _Again:
    """What a scope covers of one target. Known stays as it is, whatever becomes of it; so nothing has to be noted."""

    store: Store
    part: TargetPart
    scope: Scope
    sent: Sent

    def count(self) -> int:
        """All that is known, of which nobody has counted what is covered; nothing for a part, which is soon through."""
        return self.store.known.count(self.part.settings.name) if self.scope.kind == "all" else 0

    def phases(self) -> Sequence[int]:
        """Schools before groups before users, and whoever follows somebody before those who are followed."""
        return tuple(_ORDER)

    def pending(self, phase: int) -> Iterator[Delivery]:
        """What is sent in a phase: before and after are the same."""
        kind, followed = _ORDER[phase]
        for known in self.store.known.objects(self.part.settings.name, kind):
            if self.scope.covers(known) and followed == (isinstance(known.value, User) and bool(known.value.guardians)):
                yield Delivery(kind, known.id, phase, known.value, known.value, known.life, (), known.target_key)

    def hand_over(self, some: Sequence[Delivery]) -> Sequence[Delivery]:
        """With what is near them, for a target that looks around."""
        return self.store.near.around(self.part.settings.name, some) if self.part.target.looks_around else some

    def take_back(self, some: Sequence[Delivery]) -> None:
        """Nothing was noted."""

    def settle(self, told: Told) -> None:
        """Count it."""
        for _, outcome in told:
            if outcome.delivered:
                self.sent.delivered += 1
            else:
                self.sent.failures[outcome.reason] += 1

    def waiting(self) -> Sequence[Outcome]:
        """Nothing builds on anything else."""
        return ()

    def write(self) -> None:
        """A whole set is written once; whatever is sent, all of it is in there."""
        name, target = self.part.settings.name, self.part.target
        deliveries = [one for phase in self.phases() for one in self.pending(phase)]
        told = list(target.deliver(deliveries, lambda: self.store.outbox.roster(name)))
        self.settle([(None, outcome) for outcome in told])


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
