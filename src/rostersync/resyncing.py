"""Deliver again what is already known, to mend an LMS that lost it. No source is read, and nothing new is decided."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from rostersync.assembly import Parts, TargetPart
from rostersync.errors import UserMistake
from rostersync.model import Delivery, Group, Known, ObjectKind, Organisation
from rostersync.plan import GROUP, ORGANISATION, PERSON
from rostersync.store import Store
from rostersync.store.engine import batches

_PHASES: dict[ObjectKind, int] = {"organisation": ORGANISATION, "group": GROUP, "user": PERSON}
BATCH = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """What is sent again: everything, or what belongs to these persons, this group or this school (ids)."""

    persons: Collection[str] = ()
    group: str = ""
    school: str = ""

    def covers(self, known: Known) -> bool:
        """Whether a known object belongs to what is sent again."""
        value = known.value
        if not (self.persons or self.group or self.school):
            return True
        if isinstance(value, Organisation):
            return value.id == self.school
        if isinstance(value, Group):
            return value.id == self.group or value.school == self.school != ""
        return (
            value.person in self.persons
            or any(tie.group == self.group for tie in value.memberships)
            or any(place.school == self.school for place in value.schools)
        )


@dataclass(slots=True)
class Sent:
    """How many objects were sent again, and how many failed."""

    delivered: int = 0
    failed: int = 0


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
        for batch in batches(_deliveries(store, part, scope), BATCH):
            _send(store, part, batch, sent)
            progress(f"sending again to {part.settings.name}", sent.delivered)
            if part.target.whole:
                break  # one delivery rewrites the whole set
    return sent


def _send(store: Store, part: TargetPart, batch: Iterable[Delivery], sent: Sent) -> None:
    for outcome in part.target.deliver(batch, lambda: store.outbox.roster(part.settings.name)):
        if outcome.delivered:
            sent.delivered += 1
        else:
            sent.failed += 1


def _deliveries(store: Store, part: TargetPart, scope: Scope) -> Iterator[Delivery]:
    for kind, phase in _PHASES.items():
        for known in store.known.objects(part.settings.name, kind):
            if scope.covers(known):
                yield Delivery(kind, known.id, phase, known.value, known.value, known.life, (), known.target_key)


def scope_of(store: Store, parts: Parts, *, person: str = "", group: str = "", school: str = "") -> Scope:
    """The scope behind what was typed: a person id, a group key, or an organisation number.

    Raises:
        UserMistake: no such group or school is known.
    """
    organisations = store.cards.organisations(parts.source_names)
    if school:
        found = [one.id for one in organisations if school in (one.number, one.id)]
        if not found:
            raise UserMistake([f"no school with the number {school}; the schools are: {_numbers(organisations)}"])
        return Scope(school=found[0])
    if group:
        groups = [one.id for one in store.cards.groups(parts.source_names) if group == one.id] or store.cards.find_group(group)
        if not groups:
            raise UserMistake(["no group has that key: rostersync group KEY takes our id or the source key"])
        return Scope(group=groups[0])
    return Scope(persons=(person,) if person else ())


def _numbers(organisations: Iterable[Organisation]) -> str:
    return ", ".join(sorted(one.number for one in organisations if one.kind == "school" and one.number)) or "none"


