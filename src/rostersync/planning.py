"""One target of one run: cards -> desired -> drafts, counted and judged. Nothing is delivered here.

Two passes keep memory flat: the first drafts every touched person and counts; gate 2 judges the counts; the second
(delivering.py) settles each parked draft against the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from msgspec.structs import replace

from rostersync.assembly import Parts, TargetPart
from rostersync.config import GuardSettings
from rostersync.crew import hands, portions
from rostersync.desire import QUESTION_CODES
from rostersync.drafting import LOGIN_TAKEN, Context, draft_removals
from rostersync.framing import Agreement, Frame
from rostersync.guard import Verdict, judge
from rostersync.locallists import LocalLists
from rostersync.logins import Sharing
from rostersync.model import Question, User
from rostersync.plan import Entries
from rostersync.portion import Portion, Surroundings
from rostersync.store import Store
from rostersync.store.questions import OpenQuestion
from rostersync.store.scratch import Scratch, packed

WINDOW = timedelta(days=7)
"""Counts of the guard run over this many days, so that a slow leak trips too."""


_CARD_QUESTIONS = QUESTION_CODES | {LOGIN_TAKEN}
"""Those that are asked again whenever the card of the first person they are about is looked at."""


@dataclass(slots=True)
class TargetPlan:
    """What one target's plan came to: the main plan, and apart from it the permanent removals that are due.

    `waiting` counts what only the calendar keeps back today; `stirring` are suspended users whom the main plan changes;
    `kept_back` are persons whose changes a restored backup keeps back: they stay dirty. `awaiting` counts new users who
    still wait for a login, `without_login` those who are created without one.
    """

    part: TargetPart
    scratch: Scratch
    removal_scratch: Scratch
    frame: Frame
    agreement: Agreement | None
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
    awaiting: int = 0
    without_login: int = 0

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

    def rest(self) -> None:
        """After the run: where all schools and groups are as they are wanted, they need not be compared the next time."""
        if self.agreement:
            self.frame.rest(self.part.settings.name, self.agreement)

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
        frame = Frame(self.store, self.parts, self.on, restored_backup=self.restored_backup, full=self.full)
        structure = frame.plan(name)
        planned = TargetPlan(part, scratch, removal_scratch, frame, structure.agreement)
        planned.unknown_in_lists = self.lists.unknown
        first = Portion(persons=0)
        first.park(name, structure.drafts)
        self._add(planned, first)
        with self.store.begin():
            if any(change.action == "end" for draft in structure.drafts for change in draft.changes):
                self._look_at_those_with_kept_ties(name)
            around = self._with_logins(planned, self._around(name, structure.context))
            persons = self.store.cards.whom(name, self.on, full=self.full)
            asked_before = self._asked_before()
            processes = hands(len(persons), self.parts.settings.processes)
            for portion in portions(self.store, around, persons, processes):
                self._take(planned, portion)
                self._close(asked_before, portion, planned.questions)
            for question in planned.questions:
                self.store.questions.open(question, self.now)
        self._removals(planned, structure.context)
        return planned

    def _around(self, target: str, context: Context) -> Surroundings:
        settings = self.parts.settings
        return Surroundings(
            target=target,
            sources=self.parts.source_names,
            rules=self.parts.rules,
            departed=settings.departed,
            calendar=settings.calendar,
            lists=self.lists,
            on=self.on,
            restored_backup=self.restored_backup,
            group_school=context.group_school,
            standing_groups=context.standing_groups,
            new_groups=context.new_groups,
        )

    def _with_logins(self, planned: TargetPlan, around: Surroundings) -> Surroundings:
        """Who gives a login up, so that somebody else can take it, and who has to go without; all of them are planned."""
        sharing = Sharing(self.store, around.target, around.sources, self.on, self.full)
        logins, concerned = sharing.settle(around.rules, lambda card: around.desire(card, self.store))
        planned.questions += logins.questions
        self.store.cards.mark_dirty(around.target, concerned, self.now)
        return replace(around, logins=logins)

    def _asked_before(self) -> dict[str, list[OpenQuestion]]:
        """Person -> the open questions that stand on her card; none where another sync asks from the same sources."""
        found: dict[str, list[OpenQuestion]] = {}
        if set(self.parts.fed) != set(self.parts.settings.targets):
            return found
        for one in self.store.questions.open_ones():
            if one.code in _CARD_QUESTIONS:
                found.setdefault(one.about[0], []).append(one)
        return found

    def _close(self, asked_before: Mapping[str, list[OpenQuestion]], portion: Portion, asked: list[Question]) -> None:
        """What stood on these cards and is not asked any more has been answered."""
        heard = [one for one in (*portion.changed, *portion.unchanged) if one not in portion.unheard]
        before = [one for person in heard for one in asked_before.get(person, ())] if asked_before else []
        if before:
            about = {person for one in before for person in one.about}
            self.store.questions.close_missing(_CARD_QUESTIONS, about, asked, self.now)

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
        suspended = self.store.known.by_state(name, "suspended")
        drafts = list(draft_removals(suspended, context, spared, deletes=planned.part.target.deletes))
        planned.removals_due = len(drafts)
        for draft in drafts:
            planned.removals.add(name, draft)
        if drafts:
            planned.removal_scratch.park(packed(drafts))

    # -- persons ----------------------------------------------------------------------------------------------------

    def _take(self, planned: TargetPlan, portion: Portion) -> None:
        """Add a portion to the plan, and write down who has to be looked at again, and when."""
        target = planned.part.settings.name
        self._add(planned, portion)
        self.store.cards.set_due(target, portion.dues)
        # Whoever came up by date alone stays to be looked at until her changes have arrived, like everybody else.
        self.store.cards.mark_dirty(target, portion.changed, self.now)
        self.store.cards.clean(target, portion.unchanged)
        self.progress(f"planning for {target}", planned.touched)

    def _add(self, planned: TargetPlan, portion: Portion) -> None:
        planned.touched += portion.persons
        planned.pinned += portion.pinned
        planned.waiting += portion.waiting
        planned.awaiting += portion.awaiting
        planned.without_login += portion.without_login
        planned.questions += portion.questions
        planned.kept_back |= portion.kept_back
        planned.stirring |= portion.stirring
        planned.entries.join(portion.entries)
        if portion.drafts:
            planned.scratch.park(portion.drafts)


def loaded(target: str) -> str:
    """Under which name the state remembers that a target has been filled once: until then, creates have no limit."""
    return f"loaded.{target}"
