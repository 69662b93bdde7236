"""Drafts of users whom the sources no longer have, of those a sync leaves alone, and of permanent removals.

What a branch here stands for happened at a school: somebody was missing, left, was protected, or was held.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from msgspec.structs import replace

from rostersync.drafting.context import Context
from rostersync.drafting.steps import beyond_us, drafted, emptied, step, updated, user_of
from rostersync.drafting.ties import lost_memberships, revocations
from rostersync.lifecycle import OUT, RESTORE_ASKED, due, moves_by_itself, policy_for
from rostersync.model import Change, Draft, Gone, Known, Life, Membership, User
from rostersync.plan import NO_SCHOOL

CONTACT_FIELDS = frozenset({"email", "mobile"})
"""What could lead somebody to a protected person: taken out of the LMS with the memberships and links."""


def draft_absent(gone: Gone, known: Known, context: Context, lapsed: Container[str]) -> Draft | None:
    """What becomes of a known user whom the LMS should no longer hold as active; None when nothing does today."""
    before, life = user_of(known), known.life
    if beyond_us(before):
        return None
    if gone.at_once:
        return _protected(gone, known, context)
    if life.state in OUT:
        if life.reason == RESTORE_ASKED and moves_by_itself(life) and not context.restored_backup:
            return _given_more_time(known, gone, context)
        return drafted(known, before, life, updated(known, before, context))
    if gone.merged and not life.hold:
        return _merged(gone, known, context, lapsed)
    if life.hold:
        return draft_untouched(known, gone.revoked if gone.keeps_ties else before.guardians, context, lapsed)
    return _departing(gone, known, context, lapsed)


def _given_more_time(known: Known, gone: Gone, context: Context) -> Draft | None:
    # an administrator brings back somebody whom no source has: she gets in again, and her clock starts anew
    before = user_of(known)
    back = replace(before, enabled=True)
    restore = step("restore", "restored by an administrator", before, back, context, counted=False)
    return drafted(known, back, Life("departed", gone.reason, context.on), [restore])


def _departing(gone: Gone, known: Known, context: Context, lapsed: Container[str]) -> Draft | None:
    before, life = user_of(known), known.life
    left = _left_with(before, gone, context)
    lost = lost_memberships(before, left, context, lapsed)
    # A date made her go only if nothing was taken from her that no date had told of.
    gone = replace(gone, by_date=gone.by_date and not any(change.counted for change in lost))
    departs = life.state == "active" and not context.add_only
    changes = revocations(before, left, lapsed)
    if departs:
        life = Life("departed", gone.reason, context.on)
        changes.append(step("depart", gone.reason, before, None, context, counted=not gone.by_date))
    changes += updated(known, left, context)
    changes += lost
    policy = policy_for(before, context.policies)
    if context.restored_backup or due(life, policy, context.calendar, context.on) != "suspend":
        return drafted(known, left, life, changes)
    changes.append(_suspend(gone, before, life, context, departs=departs))
    suspended = Life("suspended", gone.reason, life.departed_on, context.on)
    return drafted(known, emptied(before), suspended, changes)


def _left_with(before: User, gone: Gone, context: Context) -> User:
    """What a departing user keeps until she is suspended: when merely absent, her ties to the groups that stand."""
    guardians = tuple(one for one in before.guardians if one not in gone.revoked) if gone.keeps_ties else ()
    if gone.keeps_ties or context.add_only:
        return replace(before, guardians=guardians, memberships=_standing(before, context))
    return replace(before, guardians=guardians, memberships=())


def _standing(before: User, context: Context) -> tuple[Membership, ...]:
    """Her ties without those to ended groups: a tie cannot outlive its group. In the add-only window no group ends."""
    if context.add_only:
        return before.memberships
    return tuple(tie for tie in before.memberships if tie.group in context.standing_groups)


def _suspend(gone: Gone, before: User, life: Life, context: Context, *, departs: bool) -> Change:
    counted = not gone.by_date
    reason = f"departed on {life.departed_on}: {gone.reason}"
    suspend = step("suspend", reason, before, emptied(before), context, counted=counted)
    if not (departs and counted):
        return suspend
    # where the owner gives no days of grace, a held departure must hold the suspension of the same night
    return replace(suspend, needs=tuple(("person", "depart", scope) for scope in suspend.scopes or (NO_SCHOOL,)))


def _merged(gone: Gone, known: Known, context: Context, lapsed: Container[str]) -> Draft | None:
    # a human has two users in the LMS: one goes, when somebody has approved it, and links to her at once
    before = user_of(known)
    changes = revocations(before, emptied(before), lapsed)
    if context.restored_backup:
        return drafted(known, replace(before, guardians=()), known.life, changes)
    changes.append(step("merge", gone.reason, before, emptied(before), context))
    life = Life("suspended", gone.reason, known.life.departed_on or context.on, context.on)
    return drafted(known, emptied(before), life, changes)


def _protected(gone: Gone, known: Known, context: Context) -> Draft | None:
    # somebody may be looking for her: no grace, no limit, and nothing left that leads to her
    before, life = user_of(known), known.life
    wanted = replace(emptied(before), fields=tuple(pair for pair in before.fields if pair[0] not in CONTACT_FIELDS))
    out = life.state in OUT
    if out and wanted == before and known.digest and life.reason == gone.reason:
        return None
    suspend = replace(step("suspend", gone.reason, before, wanted, context), revocation=True)
    after = replace(
        life,
        state=life.state if out else "suspended",
        reason=gone.reason,
        suspended_on=life.suspended_on or context.on,
        extended_to=None,
    )
    return drafted(known, wanted, after, [suspend])


def draft_untouched(known: Known, ended: Container[str], context: Context, lapsed: Container[str]) -> Draft | None:
    """The draft of a user whom somebody pinned or holds: still no link outlives its end, and no tie its group.

    `ended` are the guardians whose links end.
    """
    before = user_of(known)
    if beyond_us(before):
        return None
    guardians = tuple(one for one in before.guardians if one not in ended)
    left = replace(before, guardians=guardians, memberships=_standing(before, context))
    changes = revocations(before, left, lapsed) + updated(known, left, context)
    changes += lost_memberships(before, left, context, lapsed)
    return drafted(known, left, known.life, changes)


def draft_removals(
    suspended: Iterable[Known], context: Context, spared: Container[str], *, deletes: bool = True
) -> Iterator[Draft]:
    """The permanent removals that are due, a plan of their own. `spared` are the ids of users the main plan changes.

    An LMS that `deletes` nobody keeps her in its trash, and she is handed over to its administrator.
    """
    for known in suspended:
        user = user_of(known)
        if known.id in spared or context.restored_backup or beyond_us(user):
            continue
        if due(known.life, policy_for(user, context.policies), context.calendar, context.on) == "remove":
            reason = f"suspended since {known.life.suspended_on}: {known.life.reason}"
            remove = step("remove", reason, user, None, context)
            wanted, life = (None, known.life) if deletes else (user, replace(known.life, state="handed_over"))
            yield Draft("user", known.id, known, wanted, life, (remove,))
