"""Drafts of one person's users: who came, changed or came back. Who left is departing.py's job."""

from __future__ import annotations

from collections.abc import Container, Mapping

from msgspec.structs import replace

from rostersync.drafting.context import Context
from rostersync.drafting.departing import draft_absent, draft_untouched
from rostersync.drafting.logins import release, take
from rostersync.drafting.steps import beyond_us, drafted, step, updated, user_of
from rostersync.drafting.ties import gained_guardians, gained_memberships, lost_memberships, revocations
from rostersync.lifecycle import OUT, moves_by_itself
from rostersync.model import Change, Desired, Draft, Known, Life, User
from rostersync.schoolyear import Calendar

NEW = "new in the sources"
NEW_WITHOUT_LOGIN = "new in the sources, and still without a login"


def draft_person(desired: Desired, known: Mapping[str, Known], context: Context) -> list[Draft]:
    """One draft for each of the person's users that changes, by user id. `known` has her known users by user id."""
    context = _without_window(context) if desired.all_year else context
    lapsed = frozenset(desired.lapsed)
    gone = {one.id: one for one in desired.gone}
    drafts = [] if desired.pinned else _wanted(desired, known, context, lapsed)
    for user_id, one in known.items():
        going = gone.get(user_id)
        if desired.pinned and not (going and going.at_once):
            drafts.append(draft_untouched(one, going.revoked if going else (), context, lapsed))
        elif going:
            drafts.append(draft_absent(going, one, context, lapsed))
    if context.logins.released:
        drafts += _released(known, drafts, context)
    return sorted((take(draft, context.logins) for draft in drafts if draft), key=lambda draft: draft.id)


def _wanted(
    desired: Desired, known: Mapping[str, Known], context: Context, lapsed: Container[str]
) -> list[Draft | None]:
    """The drafts of the users whom the sources have; whoever still waits for a login is not created yet."""
    return [
        _present(user, known.get(user.id), context, lapsed, late=user.id in desired.without_login)
        for user in desired.users
        if user.id in known or user.id not in desired.awaiting
    ]


def _released(known: Mapping[str, Known], drafts: list[Draft | None], context: Context) -> list[Draft | None]:
    """The drafts with what is given up; they replace those of the same users in `drafts`."""
    of = {draft.id: draft for draft in drafts if draft}
    giving = [user_id for user_id in known if user_id in context.logins.released]
    drafts[:] = [draft for draft in drafts if draft and draft.id not in giving]
    return [release(of.get(user_id), known[user_id], context.logins) for user_id in giving]


def waiting(desired: Desired, known: Mapping[str, Known], context: Context) -> list[Change]:
    """The changes that only the add-only window, or a restored backup, keeps back today; due suspensions left out.

    Whoever has some must be planned again when the window has ended.
    """
    context = _without_window(context) if desired.all_year else context
    if not context.add_only or not known:
        return []
    flowing = {_name(change) for draft in draft_person(desired, known, context) for change in draft.changes}
    free = replace(_without_window(context), restored_backup=False)
    planned = (change for draft in draft_person(desired, known, free) for change in draft.changes)
    return [change for change in planned if change.action != "suspend" and _name(change) not in flowing]


def _without_window(context: Context) -> Context:
    return replace(context, calendar=Calendar())


def _name(change: Change) -> tuple[str, ...]:
    return change.kind, change.action, change.object, change.part, change.new


def _present(user: User, known: Known | None, context: Context, lapsed: Container[str], *, late: bool) -> Draft | None:
    if known is None:
        return _newcomer(user, NEW_WITHOUT_LOGIN if late else NEW, context)
    if known.value == user and known.digest and known.life.state == "active":
        return None
    if beyond_us(user_of(known)):
        return None
    if known.life.state in OUT:
        return _reappeared(user, known, context)
    if known.life.state == "departed" and not moves_by_itself(known.life):
        ended = set(user_of(known).guardians) - set(user.guardians)
        return draft_untouched(known, ended, context, lapsed)
    return _changed(user, known, context, lapsed)


def _newcomer(user: User, reason: str, context: Context) -> Draft:
    create = step("create", reason, None, user, context)
    changes = (create, *gained_memberships(None, user, context), *gained_guardians(None, user, context))
    return Draft("user", user.id, None, user, Life(), changes)


def _reappeared(user: User, known: Known, context: Context) -> Draft | None:
    if context.restored_backup or not moves_by_itself(known.life):
        return drafted(known, user_of(known), known.life, updated(known, user_of(known), context))
    # the same LMS user comes back, with today's values: a guardian gets today's children only
    before = user_of(known)
    restore = step("restore", "back in the sources", before, user, context, counted=False)
    changes = [restore, *gained_memberships(before, user, context), *gained_guardians(before, user, context)]
    return drafted(known, user, Life(), changes)


def _changed(user: User, known: Known, context: Context, lapsed: Container[str]) -> Draft | None:
    before = user_of(known)
    wanted = _only_added(user, before) if context.add_only else user
    back = known.life.state == "departed" and not context.restored_backup
    changes = revocations(before, wanted, lapsed)
    if back:
        changes.append(step("restore", "back before suspension", before, None, context, counted=False))
    changes += updated(known, wanted, context)
    changes += gained_memberships(before, wanted, context)
    changes += gained_guardians(before, wanted, context)
    changes += lost_memberships(before, wanted, context, lapsed)
    return drafted(known, wanted, Life() if back else known.life, changes)


def _only_added(user: User, before: User) -> User:
    """Today's value together with all that she had and may not lose before the window has ended."""
    groups = {tie.group for tie in user.memberships}
    schools = {place.school for place in user.schools}
    return replace(
        user,
        memberships=tuple(sorted((*user.memberships, *(tie for tie in before.memberships if tie.group not in groups)))),
        schools=(*user.schools, *(place for place in before.schools if place.school not in schools)),
    )
