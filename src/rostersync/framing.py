"""The frame that persons hang in: a target's organisations and groups, desired against known.

They are few beside the persons, so all of them are compared, except on a night on which nothing about them can differ.
That is so when everything wanted was known after the run before, and nothing that decides the frame has changed since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from rostersync.assembly import Parts
from rostersync.desire.groups import desire_group, samlegrupper
from rostersync.drafting import Context, draft_group, draft_organisation
from rostersync.model import Draft, Group, Known, Organisation, School
from rostersync.store import Store

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
        if self._at_rest(target):
            return Structure([], self._context({}, {}))
        wanted_organisations = {one.id: one for one in self.store.cards.organisations(self.parts.source_names)}
        wanted_groups, next_change_on = self._wanted_groups(wanted_organisations.values())
        known_organisations = {one.id: one for one in self.store.known.objects(target, "organisation")}
        known_groups = {one.id: one for one in self.store.known.objects(target, "group")}
        context = self._context(wanted_groups, known_groups)
        drafts = [
            draft_organisation(one, known_organisations.get(one.id), context)
            for _, one in sorted(wanted_organisations.items())
        ]
        for group_id in sorted(wanted_groups.keys() | known_groups.keys()):
            wanted = wanted_groups.get(group_id)
            by_date = wanted is None and self._ended_by_date(known_groups[group_id])
            drafts.append(draft_group(wanted, known_groups.get(group_id), context, by_date=by_date, group_id=group_id))
        found = [draft for draft in drafts if draft]
        values = wanted_organisations | wanted_groups
        digests = {id_: one.digest for id_, one in (known_organisations | known_groups).items() if id_ in values}
        digests |= {draft.id: change.new for draft in found for change in draft.changes if change.new}
        return Structure(found, context, Agreement(_marked(sorted(digests.items())), next_change_on))

    def rest(self, target: str, agreement: Agreement) -> None:
        """After the run, remember until when nothing has to be compared, if all that was wanted is known now."""
        reached = agreement.mark == self._mark(target)
        self.store.remember(_rest(target), f"{agreement.until}{self._told(target)}" if reached else "")

    def _at_rest(self, target: str) -> bool:
        """Whether nobody has to be looked at, and the frame agreed with the target when everything was as it is now."""
        remembered = self.store.recall(_rest(target))
        until, told = remembered[:_DAY], remembered[_DAY:]
        return (
            bool(remembered)
            and not self.full
            and self.on.isoformat() < until
            and told == self._told(target)
            and not self.store.cards.any_touched(target, self.on)
        )

    def _told(self, target: str) -> str:
        """Everything that decides the frame but the date: what the sources said last, our rules, and what is known."""
        states = [self.store.sources.state(name) for name in self.parts.source_names]
        said = [(one.name, one.accepted_digest, one.versions, one.run) for one in states]
        return repr((said, self.parts.digest, self.restored_backup, self._mark(target)))

    def _mark(self, target: str) -> str:
        with self.store.begin():
            return _marked(self.store.known.frame_digests(target))

    def _wanted_groups(self, organisations: Iterable[Organisation]) -> tuple[dict[str, Group], date]:
        """Group id -> the group as wanted, and the next date on which that can change."""
        wanted: dict[str, Group] = {}
        soonest = date.max
        for fact in self.store.cards.groups(self.parts.source_names):
            group, changes_on = desire_group(fact, self.parts.rules, self.on)
            if group:
                wanted[group.id] = group
                soonest = min(soonest, changes_on or date.max)
        for organisation in organisations:
            if organisation.kind == "school":
                school = School(organisation.id, organisation.name, organisation.number)
                wanted |= {group.id: group for group in samlegrupper(school, self.parts.rules, self.store.ids)}
        return wanted, soonest

    def _ended_by_date(self, known: Known) -> bool:
        group = known.value
        return isinstance(group, Group) and group.end is not None and group.end < self.on

    def _context(self, wanted: Mapping[str, Group], known: Mapping[str, Known]) -> Context:
        schools = {group_id: one.value.school for group_id, one in known.items() if isinstance(one.value, Group)}
        schools |= {group_id: group.school for group_id, group in wanted.items()}
        return Context(
            on=self.on,
            calendar=self.parts.settings.calendar,
            policies=self.parts.settings.departed,
            digest=self.store.value_digest,
            group_school=schools,
            standing_groups=frozenset(wanted),
            new_groups=frozenset(wanted.keys() - known.keys()),
            known_users=frozenset(),
            restored_backup=self.restored_backup,
        )


def _marked(digests: Iterable[tuple[str, str]]) -> str:
    """What stands for a whole frame: the (id, digest of its value) of everything in it, in order of the ids."""
    mark = hashlib.sha256()
    for one in digests:
        mark.update(" ".join(one).encode())
    return mark.hexdigest()
