"""One portion of the persons of a plan: cards -> desired -> drafts, counted. Reads the state, and writes nothing."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec

from rostersync.desire import Rules, desire, wait_for_logins
from rostersync.drafting import NEW_WITHOUT_LOGIN, Context, Logins, draft_person, waiting, withhold
from rostersync.lifecycle import RESTORE_ASKED, next_step, policy_for
from rostersync.locallists import LocalLists
from rostersync.model import Card, Desired, Draft, Known, Life, Question, User
from rostersync.plan import Entries
from rostersync.schoolyear import Calendar, DepartedPolicy, day_after
from rostersync.store import Store
from rostersync.store.scratch import packed

AT_ONCE = 1_000
"""Persons in one portion, and so the cards in memory at one time."""


class Surroundings(msgspec.Struct, frozen=True):
    """What every portion of one plan for one target goes by, as plain values: another process can be told.

    `sources` are in order of precedence. The last four are as in `drafting.Context`.
    """

    target: str
    sources: tuple[str, ...]
    rules: Rules
    departed: Mapping[str, DepartedPolicy]
    calendar: Calendar
    lists: LocalLists
    on: date
    restored_backup: bool
    group_school: Mapping[str, str]
    standing_groups: Container[str]
    new_groups: Container[str]
    logins: Logins = Logins()

    def desire(self, card: Card, store: Store) -> Desired:
        """What the target should hold of a person: without the logins that somebody else keeps."""
        card = self.lists.on(card)
        wanted = desire(card, self.rules, store.ids, self.on)
        allowed = withhold(wanted, self.logins)
        return wanted if allowed is wanted else wait_for_logins(allowed, card, self.rules, self.on)

    def context(self, store: Store) -> Context:
        """What every draft of the plan may look at; whom the target knows is not among it yet."""
        return Context(
            on=self.on,
            calendar=self.calendar,
            policies=self.departed,
            digest=store.value_digest,
            group_school=self.group_school,
            standing_groups=self.standing_groups,
            new_groups=self.new_groups,
            known_users=frozenset(),
            logins=self.logins,
            restored_backup=self.restored_backup,
        )


@dataclass(slots=True)
class Portion:
    """What one portion came to. `drafts` are packed as the scratch keeps them.

    `dues` gives each person's next date to be looked at. `changed` persons have drafts, or changes that a restored backup
    keeps back (`kept_back`); `stirring` are the ids of suspended users with drafts. `awaiting` counts new users who still
    wait for a login, `without_login` those who are created without one. Of `unheard` persons no source says anything.
    """

    persons: int
    drafts: bytes = b""
    entries: Entries = field(default_factory=Entries)
    stirring: set[str] = field(default_factory=set)
    dues: dict[str, date | None] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept_back: set[str] = field(default_factory=set)
    questions: list[Question] = field(default_factory=list)
    pinned: int = 0
    waiting: int = 0
    awaiting: int = 0
    without_login: int = 0
    unheard: set[str] = field(default_factory=set)

    def park(self, target: str, drafts: Sequence[Draft]) -> None:
        """Count the drafts and pack them."""
        for draft in drafts:
            self.entries.add(target, draft)
            if draft.before and draft.before.life.state == "suspended":
                self.stirring.add(draft.id)
        if drafts:
            self.drafts = packed(drafts)


class Portioning:
    """Works portions out, one after the other; what classmates share is remembered from one to the next."""

    def __init__(self, store: Store, around: Surroundings) -> None:
        self._store = store
        self._around = around
        self._context = around.context(store)
        self._deck = store.cards.deck(around.sources)

    def portion(self, numbers: Sequence[int]) -> Portion:
        """Draft everything that differs between desired and known for the persons with these row numbers."""
        around = self._around
        cards = self._deck.cards(numbers)
        wanted = [around.desire(card, self._store) for card in cards]
        known = _by_person(self._store.known.for_persons(around.target, [one.person for one in wanted]))
        context = msgspec.structs.replace(self._context, known_users=self._known_guardians(wanted))
        made = Portion(persons=len(wanted), unheard={card.person for card in cards if not card.claims})
        drafts: list[Draft] = []
        for one in wanted:
            own = known.get(one.person, {})
            drafts += (hers := draft_person(one, own, context))
            made.waiting += (kept_back := len(waiting(one, own, context)))
            if kept_back and around.restored_backup:
                made.kept_back.add(one.person)
            (made.changed if hers or one.person in made.kept_back else made.unchanged).append(one.person)
            made.awaiting += sum(user not in own for user in one.awaiting)
            made.without_login += sum(_late(draft) for draft in hers)
            made.pinned += one.pinned
            made.questions += one.questions
            made.dues[one.person] = self._next(one, own)
        made.park(around.target, drafts)
        return made

    def _known_guardians(self, wanted: Iterable[Desired]) -> frozenset[str]:
        named = {guardian for one in wanted for user in one.users for guardian in user.guardians}
        return self._store.known.which(self._around.target, named)

    def _next(self, wanted: Desired, known: Mapping[str, Known]) -> date | None:
        """The next date on which this person has to be looked at again, though nothing new is said of her."""
        on, calendar = self._around.on, Calendar() if wanted.all_year else self._around.calendar
        dates = [wanted.next_change_on, calendar.next_end(on) if calendar.contains(on) else None]
        for one in known.values():
            # who departs today, or is given a new grace period today, is looked at again when that is over
            today = one.life.state == "active" or one.life.reason == RESTORE_ASKED
            life = Life("departed", departed_on=on) if today else one.life
            if isinstance(one.value, User) and (wanted.gone or one.life.state != "active"):
                step = next_step(life, policy_for(one.value, self._around.departed), calendar)
                dates.append(max(step[0], day_after(on)) if step else None)
        return min((one for one in dates if one), default=None)


def _late(draft: Draft) -> bool:
    return any(change.action == "create" and change.reason == NEW_WITHOUT_LOGIN for change in draft.changes)


def _by_person(known: Mapping[str, Known]) -> dict[str, dict[str, Known]]:
    found: dict[str, dict[str, Known]] = {}
    for user_id, one in known.items():
        if isinstance(one.value, User):
            found.setdefault(one.value.person, {})[user_id] = one
    return found
