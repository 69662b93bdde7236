"""No two users with one login: who gives one up before another takes it, and who has to go without.

Owners rename logins, and give those of people who left to somebody else. An LMS refuses a login that is taken, so it is
released first, in the same plan; where both go on claiming it, whoever holds it keeps it and a human is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from rostersync.desire.logins import logins_of, without
from rostersync.drafting.context import Logins, Needs
from rostersync.drafting.steps import beyond_us, user_of
from rostersync.model import Change, Desired, Draft, Known, Question, User

LOGIN_TAKEN = "login_taken"
_TEXT = (
    "Two persons claim one login (Feide id): the one who has it in the LMS, or else the first, keeps it, and the other "
    "goes without. Have it corrected in the source that is wrong."
)

Login = tuple[str, str]
"""A field and the login in it, without regard to capitals."""


class Claimed(Struct):
    """One login. `takers` are wanted to have it and do not, `holders` have it; both by user id.

    `fading` are those of either whose source has lost them: anybody else who claims it comes before them.
    """

    takers: dict[str, User] = {}
    holders: dict[str, Known] = {}
    fading: set[str] = set()


def settle_logins(people: Iterable[tuple[Desired, Mapping[str, Known]]]) -> Logins:
    """Decide about every login that people claim or hold. `people` are all who have to do with one."""
    claimed: defaultdict[Login, Claimed] = defaultdict(Claimed)
    keeping: dict[str, frozenset[Login]] = {}
    merged: set[str] = set()
    for desired, known in people:
        merged |= {one.id for one in desired.gone if one.merged}
        wanted = {user.id: user for user in desired.users}
        for user_id, one in known.items():
            held = frozenset(logins_of(user_of(one)))
            keeping[user_id] = _kept(one, held, desired, wanted.get(user_id))
            for login in held:
                claimed[login].holders[user_id] = one
        for user in desired.users:
            for login in logins_of(user):
                if login in desired.fading and not (user.id in known and _bound(known[user.id], desired)):
                    claimed[login].fading.add(user.id)
                if user.id not in claimed[login].holders:
                    claimed[login].takers[user.id] = user
    return _settled(claimed, keeping, merged)


def _kept(known: Known, held: frozenset[Login], desired: Desired, wanted: User | None) -> frozenset[Login]:
    """What a user goes on holding: all of it where no sync may touch her."""
    if _bound(known, desired):
        return held
    return held & set(logins_of(wanted)) if wanted else frozenset()


def _bound(known: Known, desired: Desired) -> bool:
    """Whether no sync may touch a user."""
    return desired.pinned or bool(known.life.hold) or beyond_us(user_of(known))


def _settled(claimed: Mapping[Login, Claimed], keeping: Mapping[str, frozenset[Login]], merged: set[str]) -> Logins:
    released: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    withheld: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    needs: defaultdict[str, Needs] = defaultdict(tuple)
    questions: list[Question] = []
    for login, one in sorted(claimed.items()):
        keepers = [user_of(known) for user_id, known in one.holders.items() if login in keeping[user_id]]
        takers = sorted(one.takers.values(), key=lambda user: user.id)
        if not takers:
            continue
        if listed := [user for user in (*keepers, *takers) if user.id not in one.fading]:
            for user in takers:
                if user not in listed:
                    withheld[user.id] |= {login[0]}
            keepers, takers = ([user for user in some if user in listed] for some in (keepers, takers))
        first, *others = [*keepers, *takers]
        for user in others:
            if user.id in one.takers:
                withheld[user.id] |= {login[0]}
                questions.append(Question(LOGIN_TAKEN, (user.person, first.person), _TEXT))
        for user_id, known in {} if keepers else one.holders.items():
            released[user_id] |= {login[0]}
            waits = _waits_with(user_id, known, merged)
            needs[user_id] += waits
            needs[first.id] += waits
    return Logins(dict(released), dict(withheld), dict(needs), tuple(dict.fromkeys(questions)))


def _waits_with(user_id: str, known: Known, merged: set[str]) -> Needs:
    """What must not be held for a login to go over: the merge, or the rename, of the user who has it."""
    if known.life.state != "active":
        return ()
    action = "merge" if user_id in merged else "update"
    return tuple(("person", action, place.school) for place in user_of(known).schools)


# -- in drafts ------------------------------------------------------------------------------------------------------


def withhold(desired: Desired, logins: Logins) -> Desired:
    """What is wanted of a person without the logins that somebody else keeps."""
    if not any(user.id in logins.withheld for user in desired.users):
        return desired
    users = tuple(without(user, logins.withheld.get(user.id, frozenset())) for user in desired.users)
    return replace(desired, users=users)


def release(draft: Draft | None, known: Known, logins: Logins) -> Draft | None:
    """A user's draft with the step that gives her logins up, before all others of hers."""
    fields = logins.released.get(known.id)
    if not fields:
        return draft
    before = user_of(known)
    wanted = draft.wanted if draft else before
    if not isinstance(wanted, User):
        return draft
    had = {pair for pair in before.fields if pair[0] in fields}
    wanted = replace(wanted, fields=tuple(pair for pair in wanted.fields if pair not in had))
    needs = logins.needs.get(known.id, ())
    reason = f"released: {', '.join(sorted(fields))}, which somebody else has now"
    scopes = tuple(sorted(place.school for place in before.schools))
    step = Change("person", "release", known.id, reason, " ".join(sorted(fields)), scopes, needs=needs)
    return Draft(
        "user", known.id, known, wanted, draft.life if draft else known.life, (step, *(draft.changes if draft else ()))
    )


def take(draft: Draft, logins: Logins) -> Draft:
    """A user's draft that takes a login: it waits as long as the one who has it may not give it up."""
    needs = logins.needs.get(draft.id)
    if not needs:
        return draft
    changes = tuple(
        replace(change, needs=(*change.needs, *needs))
        if change.kind == "person" and change.action in ("create", "update", "restore")
        else change
        for change in draft.changes
    )
    return replace(draft, changes=changes)
