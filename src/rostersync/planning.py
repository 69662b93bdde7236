"""One target of one run: cards -> desired -> drafts, counted and judged. Nothing is delivered here.

Two passes keep memory flat: the first drafts every touched person and counts; gate 2 judges the counts; the second
(delivering.py) settles each parked draft against the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import msgspec

from rostersync.assembly import Parts, TargetPart
from rostersync.config import GuardSettings
from rostersync.desire import desire
from rostersync.drafting import Context, draft_person, draft_removals, waiting
from rostersync.framing import Frame, Structure
from rostersync.guard import Verdict, judge
from rostersync.lifecycle import RESTORE_ASKED, next_step, policy_for
from rostersync.locallists import LocalLists
from rostersync.model import Card, Desired, Draft, Known, Life, Question, User
from rostersync.plan import Entries
from rostersync.schoolyear import day_after
from rostersync.store import Store
from rostersync.store.scratch import Scratch

AT_ONCE = 1_000
"""Persons whose cards are in memory at one time."""
WINDOW = timedelta(days=7)
"""Counts of the guard run over this many days, so that a slow leak trips too."""


@dataclass(slots=True)
class TargetPlan:
    """What one target's plan came to: the main plan, and apart from it the permanent removals that are due.

    `waiting` counts what only the calendar keeps back today; `stirring` are suspended users whom the main plan changes;
    `kept_back` are persons whose changes a restored backup keeps back: they stay dirty.
    """

    part: TargetPart
    scratch: Scratch
    removal_scratch: Scratch
    entries: Entries = field(default_factory=Entries)
    removals: Entries = field(default_factory=Entries)
    verdict: Verdict | None = None
    removal_approved: bool = False
    removals_due: int = 0
    questions: list[Question] = field(default_factory=list)
    pinned: int = 0
    waiting: int = 0
    touched: int = 0
    unknown_in_lists: int = 0
    stirring: set[str] = field(default_factory=set)
    kept_back: set[str] = field(default_factory=set)

    def judge(self, store: Store, guard: GuardSettings, on: date, approved: Collection[str]) -> None:
        """Gate 2: the plan's counts against the limits, with what was delivered in the days before.

        Permanent removals are never cleared by a limit: a person approves their digest.
        """
        name = self.part.settings.name
        self.verdict = judge(
            self.entries,
            store.known.sizes(name) if self.entries.counts() else {},
            store.approvals.tally(name, on - WINDOW + timedelta(days=1)),
            guard.limits,
            approved,
            target=name,
            hold=guard.hold,
            floor=guard.floor,
            first_load=not store.recall(loaded(name)),
        )
        self.removal_approved = self.removals.digest in approved

    def digests(self) -> set[str]:
        """Every digest that `apply` may name for this plan as it stands."""
        return {digest for _, digest, _ in self.approvable()}

    def approvable(self) -> Iterator[tuple[str, str, str]]:
        """What a person may approve or apply: purpose, digest, and a sentence of what it is."""
        if self.entries.counts():
            yield "plan", self.entries.digest, f"the whole plan for {self.part.settings.name}"
        for entry in self.verdict.entries if self.verdict else ():
            if entry.held or entry.approved:
                yield "entry", entry.digest, f"{entry.count} x {entry.kind} {entry.action}"
        if self.removals_due:
            yield "removal", self.removals.digest, f"permanent removal of {self.removals_due} users"


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans for the targets of one run, on one date."""

    store: Store
    parts: Parts
    lists: LocalLists
    on: date
    now: datetime
    full: bool
    restored_backup: bool
    progress: Callable[[str, int], None]

    def plan(self, part: TargetPart, scratch: Scratch, removal_scratch: Scratch) -> TargetPlan:
        """Draft everything that differs between desired and known at one target."""
        name = part.settings.name
        planned = TargetPlan(part, scratch, removal_scratch, unknown_in_lists=self.lists.unknown)
        frame = Frame(self.store, self.parts, self.on, restored_backup=self.restored_backup, full=self.full)
        structure = frame.plan(name)
        self._park(planned, structure.drafts)
        with self.store.begin():
            if any(change.action == "end" for draft in structure.drafts for change in draft.changes):
                self._look_at_those_with_kept_ties(name)
            for cards in self.store.cards.touched(name, self.on, self.parts.source_names, full=self.full, size=AT_ONCE):
                self._batch(planned, cards, structure)
            for question in planned.questions:
                self.store.questions.open(question, self.now)
        self._removals(planned, structure.context)
        return planned

    def _look_at_those_with_kept_ties(self, target: str) -> None:
        """A group ends. Whoever has departed or is pinned may still hold a tie to it that no source tells of."""
        departed = {
            one.value.person for one in self.store.known.by_state(target, "departed") if isinstance(one.value, User)
        }
        pinned = {pin.person for pin in self.store.decisions.pins()}
        self.store.cards.mark_dirty(target, departed | pinned, self.now)

    def _removals(self, planned: TargetPlan, context: Context) -> None:
        """The permanent deletions that are due: a plan of its own, computed before anything is delivered."""
        name = planned.part.settings.name
        pinned = [pin.person for pin in self.store.decisions.pins() if pin.until >= self.on]
        spared = planned.stirring | self.store.known.for_persons(name, pinned).keys()
        drafts = list(draft_removals(self.store.known.by_state(name, "suspended"), context, spared))
        planned.removals_due = len(drafts)
        for draft in drafts:
            planned.removals.add(name, draft)
        if drafts:
            planned.removal_scratch.extend(drafts)

    # -- persons ----------------------------------------------------------------------------------------------------

    def _batch(self, planned: TargetPlan, cards: Sequence[Card], structure: Structure) -> None:
        target = planned.part.settings.name
        wanted = [desire(self.lists.on(card), self.parts.rules, self.store.ids, self.on) for card in cards]
        known = _by_person(self.store.known.for_persons(target, [one.person for one in wanted]))
        context = msgspec.structs.replace(structure.context, known_users=self._known_guardians(target, wanted))
        drafts: list[Draft] = []
        unchanged: list[str] = []
        changed: list[str] = []
        for one in wanted:
            own = known.get(one.person, {})
            made = draft_person(one, own, context)
            drafts += made
            planned.waiting += (kept_back := len(waiting(one, own, context)))
            if kept_back and self.restored_backup:
                planned.kept_back.add(one.person)
            (changed if made or one.person in planned.kept_back else unchanged).append(one.person)
            planned.pinned += one.pinned
            planned.questions += one.questions
        planned.touched += len(wanted)
        self._park(planned, drafts)
        dues = {one.person: self._next(one, known.get(one.person, {})) for one in wanted}
        self.store.cards.set_due(target, dues)
        # Whoever came up by date alone stays to be looked at until her changes have arrived, like everybody else.
        self.store.cards.mark_dirty(target, changed, self.now)
        self.store.cards.clean(target, unchanged)
        self.progress(f"planning for {target}", planned.touched)

    def _park(self, planned: TargetPlan, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            planned.entries.add(planned.part.settings.name, draft)
            if draft.before and draft.before.life.state == "suspended":
                planned.stirring.add(draft.id)
        if drafts:
            planned.scratch.extend(drafts)

    def _known_guardians(self, target: str, wanted: Iterable[Desired]) -> frozenset[str]:
        named = {guardian for one in wanted for user in one.users for guardian in user.guardians}
        return self.store.known.which(target, named)

    def _next(self, wanted: Desired, known: Mapping[str, Known]) -> date | None:
        """The next date on which this person has to be looked at again, though nothing new is said of her."""
        settings = self.parts.settings
        dates = [
            wanted.next_change_on,
            settings.calendar.next_end(self.on) if settings.calendar.contains(self.on) else None,
        ]
        for one in known.values():
            # who departs today, or is given a new grace period today, is looked at again when that is over
            today = one.life.state == "active" or one.life.reason == RESTORE_ASKED
            life = Life("departed", departed_on=self.on) if today else one.life
            if isinstance(one.value, User) and (wanted.gone or one.life.state != "active"):
                step = next_step(life, policy_for(one.value, settings.departed), settings.calendar)
                dates.append(max(step[0], day_after(self.on)) if step else None)
        return min((one for one in dates if one), default=None)


def loaded(target: str) -> str:
    """Under which name the state remembers that a target has been filled once: until then, creates have no limit."""
    return f"loaded.{target}"


def _by_person(known: Mapping[str, Known]) -> dict[str, dict[str, Known]]:
    found: dict[str, dict[str, Known]] = {}
    for user_id, one in known.items():
        if isinstance(one.value, User):
            found.setdefault(one.value.person, {})[user_id] = one
    return found
