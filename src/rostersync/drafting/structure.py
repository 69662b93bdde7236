"""Drafts of organisations and groups. A school is never ended: that one is missing proves nothing."""

from __future__ import annotations

from rostersync.drafting.context import Context
from rostersync.drafting.steps import SENT_AGAIN
from rostersync.model import Action, Change, Draft, Group, Known, Life, ObjectKind, Organisation
from rostersync.plan import NO_SCHOOL


def draft_organisation(wanted: Organisation | None, known: Known | None, context: Context) -> Draft | None:
    """What makes the target hold that organisation as wanted; None when it does, or when nobody wants it any more."""
    if wanted is None:
        return None
    return _made_so("organisation", wanted, known, (wanted.id,), context)


def draft_group(
    wanted: Group | None, known: Known | None, context: Context, *, by_date: bool, group_id: str
) -> Draft | None:
    """What makes the target hold that group as wanted, or no longer hold it; None when nothing changes.

    `by_date` tells that a group no longer wanted has ended on its own date, which was known beforehand.
    """
    if wanted is not None:
        schools = {wanted.school, known.value.school if known and isinstance(known.value, Group) else wanted.school}
        return _made_so("group", wanted, known, tuple(sorted(schools - {""})), context)
    if known is None or context.add_only:
        return None
    school = context.group_school.get(group_id, NO_SCHOOL)
    end = Change(
        "group",
        "end",
        group_id,
        "its last day has passed" if by_date else "no accepted snapshot has it any more",
        scopes=(school,) if school else (),
        counted=not by_date,
        # a group is not ended over the heads of those whose memberships are held
        needs=(("membership", "end", school),),
        old=context.digest(known.value),
    )
    return Draft("group", group_id, known, None, Life(), (end,))


def _made_so(
    kind: ObjectKind, wanted: Organisation | Group, known: Known | None, scopes: tuple[str, ...], context: Context
) -> Draft | None:
    if known is not None and known.digest and known.value == wanted:
        return None
    action: Action = "create" if known is None else "update"
    change = Change(
        "organisation" if kind == "organisation" else "group",
        action,
        wanted.id,
        _reason(wanted, known),
        scopes=scopes,
        counted=known is None or known.value != wanted,
        old=context.digest(known.value) if known else "",
        new=context.digest(wanted),
    )
    return Draft(kind, wanted.id, known, wanted, Life(), (change,))


def _reason(wanted: Organisation | Group, known: Known | None) -> str:
    if known is None:
        return "new in the sources"
    changed = [name for name in wanted.__struct_fields__ if getattr(known.value, name) != getattr(wanted, name)]
    return f"changed: {', '.join(changed)}" if changed else SENT_AGAIN
