"""The frame that persons hang in: a target's organisations and groups, desired against known.

When everything wanted was known after the run before, and nothing that decides the whole frame has changed since, only
the groups that a source describes anew are compared. Otherwise all of them are: they are few beside the persons.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from rostersync.assembly import Parts
from rostersync.desire.groups import desire_group, samlegrupper
from rostersync.drafting import Context, draft_group, draft_organisation
from rostersync.model import Draft, Group, GroupFact, Known, Organisation, School
from rostersync.store import Store
from rostersync.store.facts import Place

_DAY = len("2026-11-22")


def _rest(target: str) -> str:
    """Under which name the state remembers until when, and under which circumstances, a target's frame is at rest."""
    return f"rest.{target}"


class Agreement(NamedTuple):
    """The mark of everything that is known once all drafts have arrived, and the next date on which that can change."""

    mark: str
    until: date


@dataclass(frozen=True, slots=True)
class Structure:
    """The drafts of organisations and groups, and the surroundings that every person's draft shares.

    Where nothing had to be compared there is no `agreement` to come to.
    """

    drafts: list[Draft]
    context: Context
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Plans the organisations and groups of one run, on one date."""

    store: Store
    parts: Parts
    on: date
    restored_backup: bool
    full: bool

    def plan(self, target: str) -> Structure:
        """Draft everything that differs between desired and known."""
        held = self._held(target)
        until = self._rests_until(target, held)
        dirty = self.store.dirty_groups.of(target, self.parts.source_names) if until else None
        if until is None or dirty is None:
            return self._all_compared(target, held)
        if dirty or self.store.cards.any_touched(target, self.on):
            return self._some_compared(target, held, dirty, until)
        return Structure([], self._context({}, {}, {}))

    def _all_compared(self, target: str, held: Mapping[str, str]) -> Structure:
        organisations = {one.id: one for one in self.store.cards.organisations(self.parts.source_names)}
        groups, until = self._wanted_groups(organisations.values())
        known_organisations = {one.id: one for one in self.store.known.objects(target, "organisation")}
        known_groups = {one.id: one for one in self.store.known.objects(target, "group")}
        context = self._context(groups, known_groups, {})
        drafts = [
            draft_organisation(one, known_organisations.get(one.id), context)
            for _, one in sorted(organisations.items())
        ]
        drafts += self._group_drafts(groups, known_groups, context)
        wanted = organisations.keys() | groups.keys()
        return _structure([draft for draft in drafts if draft], context, held, wanted, until)

    def _some_compared(self, target: str, held: Mapping[str, str], dirty: Sequence[Place], until: date) -> Structure:
        """The dirty groups against known. All others are there as they are wanted, and none beside them."""
        facts = self.store.dirty_groups.facts(dirty)
        groups, soonest = self._desired(fact for fact in facts.values() if fact)
        known = self.store.known.groups(target, facts)
        schools = self.store.known.group_schools(target)
        context = self._context(groups, known, {id_: schools[id_] for id_ in schools.keys() - facts.keys()})
        drafts = [draft for draft in self._group_drafts(groups, known, context) if draft]
        wanted = (held.keys() - facts.keys()) | groups.keys()
        return _structure(drafts, context, held, wanted, min(until, soonest))

    def _group_drafts(
        self, wanted: Mapping[str, Group], known: Mapping[str, Known], context: Context
    ) -> Iterator[Draft | None]:
        for group_id in sorted(wanted.keys() | known.keys()):
            group = wanted.get(group_id)
            by_date = group is None and self._ended_by_date(known[group_id])
            yield draft_group(group, known.get(group_id), context, by_date=by_date, group_id=group_id)

    def rest(self, target: str, agreement: Agreement) -> None:
        """After the run, remember until when no group changes by itself, if all that was wanted is known now.

        Otherwise what was remembered before still holds, as long as the target is as it was then: the dirty stay dirty.
        """
        mark = _marked(self._held(target))
        if agreement.mark == mark:
            with self.store.begin():
                self.store.remember(_rest(target), f"{agreement.until}{self._told(mark)}")
                self.store.dirty_groups.clean(target)

    def _rests_until(self, target: str, held: Mapping[str, str]) -> date | None:
        """The next date on which a group can change by itself, if all was known as wanted when all was as it is now."""
        remembered = self.store.recall(_rest(target))
        until, told = remembered[:_DAY], remembered[_DAY:]
        if not remembered or self.full or self.on.isoformat() >= until or told != self._told(_marked(held)):
            return None
        return date.fromisoformat(until)

    def _told(self, mark: str) -> str:
        """All that decides the frame but the date and the groups: who is asked, our rules, and what is known."""
        return repr((self.parts.source_names, self.parts.digest, self.restored_backup, mark))

    def _held(self, target: str) -> dict[str, str]:
        """Id -> digest of everything in the frame that the target holds."""
        with self.store.begin():
            return dict(self.store.known.frame_digests(target))

    def _wanted_groups(self, organisations: Iterable[Organisation]) -> tuple[dict[str, Group], date]:
        """Group id -> the group as wanted, and the next date on which that can change."""
        wanted, soonest = self._desired(self.store.cards.groups(self.parts.source_names))
        for organisation in organisations:
            if organisation.kind == "school":
                school = School(organisation.id, organisation.name, organisation.number)
                wanted |= {group.id: group for group in samlegrupper(school, self.parts.rules, self.store.ids)}
        return wanted, soonest

    def _desired(self, facts: Iterable[GroupFact]) -> tuple[dict[str, Group], date]:
        wanted: dict[str, Group] = {}
        soonest = date.max
        for fact in facts:
            group, changes_on = desire_group(fact, self.parts.rules, self.on)
            if group:
                wanted[group.id] = group
                soonest = min(soonest, changes_on or date.max)
        return wanted, soonest

    def _ended_by_date(self, known: Known) -> bool:
        group = known.value
        return isinstance(group, Group) and group.end is not None and group.end < self.on

    def _context(self, wanted: Mapping[str, Group], known: Mapping[str, Known], others: Mapping[str, str]) -> Context:
        """The surroundings of every draft. `others` are groups that stand as before, each with its school."""
        schools = {**others}
        schools |= {group_id: one.value.school for group_id, one in known.items() if isinstance(one.value, Group)}
        schools |= {group_id: group.school for group_id, group in wanted.items()}
        return Context(
            on=self.on,
            calendar=self.parts.settings.calendar,
            policies=self.parts.settings.departed,
            digest=self.store.value_digest,
            group_school=schools,
            standing_groups=frozenset(wanted) | others.keys(),
            new_groups=frozenset(wanted.keys() - known.keys()),
            known_users=frozenset(),
            restored_backup=self.restored_backup,
        )


def _structure(
    drafts: list[Draft], context: Context, held: Mapping[str, str], wanted: Set[str], until: date
) -> Structure:
    digests = {id_: digest for id_, digest in held.items() if id_ in wanted}
    digests |= {draft.id: change.new for draft in drafts for change in draft.changes if change.new}
    return Structure(drafts, context, Agreement(_marked(digests), until))


def _marked(digests: Mapping[str, str]) -> str:
    """What stands for a whole frame: everything in it, id -> digest of its value."""
    mark = hashlib.sha256()
    for one in sorted(digests.items()):
        mark.update(" ".join(one).encode())
    return mark.hexdigest()
