"""Writes a few deliveries as one document of type delta, each element with what became of it (recstatus)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TextIO

from rostersync.model import Delivery, Group, Held, Organisation, User
from rostersync.targets.ims_enterprise.elements import HEAD, NO_GUARDIAN, TAIL, Elements, depth, roletype, ties
from rostersync.targets.ims_enterprise.words import ADDED, CHANGED, DELETED, RecStatus
from rostersync.targets.leftout import LeftOut


def write_delta(
    out: TextIO, elements: Elements, deliveries: Sequence[Delivery], left_out: LeftOut, now: datetime
) -> None:
    """Write the document: persons, groups, memberships, each in the order of the deliveries.

    A pupil's element names all guardians that she has afterwards: a reader must put them in the place of those it knows.
    """
    out.write(HEAD)
    out.write(elements.properties("delta", now))
    for delivery in deliveries:
        out.write(_person(elements, delivery, left_out))
    for delivery in sorted(deliveries, key=_after_parents):
        out.write(_structure(elements, delivery))
    for group, members in _members(elements, deliveries).items():
        out.writelines(elements.membership(group, members))
    out.write(TAIL)


def _person(elements: Elements, delivery: Delivery, left_out: LeftOut) -> str:
    if delivery.object_kind != "user":
        return ""
    user, key = delivery.after, delivery.target_key or delivery.id
    if not isinstance(user, User):
        return elements.gone(key)
    if not user.enabled:
        return elements.person(user, key, (), DELETED)
    # Who is suspended keeps her link: nobody would send it on her return.
    near = {one.value.id: one for one in delivery.near if isinstance(one.value, User)}
    guardians = [near[one].target_key or one for one in user.guardians if one in near]
    left_out.add(NO_GUARDIAN, len(user.guardians) - len(guardians))
    return elements.person(user, key, guardians, CHANGED if _was_there(delivery) else ADDED)


def _was_there(delivery: Delivery) -> bool:
    """Whether the LMS holds her as active; whom it has in its trash it must add."""
    return isinstance(delivery.before, User) and delivery.before.enabled


def _after_parents(delivery: Delivery) -> int:
    return depth(delivery.after or delivery.before)


def _structure(elements: Elements, delivery: Delivery) -> str:
    value = delivery.after or delivery.before
    status: RecStatus = DELETED if delivery.after is None else CHANGED if delivery.before else ADDED
    if isinstance(value, Group):
        return elements.group(value, status)
    return elements.organisation(value, status) if isinstance(value, Organisation) else ""


def _members(elements: Elements, deliveries: Sequence[Delivery]) -> Mapping[str, list[str]]:
    """Group -> the members that join it, leave it or have another role in it."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    for delivery in deliveries:
        kinds = {one.value.id: one.value.kind for one in delivery.near if isinstance(one.value, Group)}
        before, after = _roles(delivery.before, kinds), _roles(delivery.after, kinds)
        key = delivery.target_key or delivery.id
        for group in before.keys() - after.keys():
            members[group].append(elements.member(key, before[group], DELETED))
        for group, role in after.items():
            if group not in before:
                members[group].append(elements.member(key, role, ADDED))
            elif before[group] != role:
                members[group].append(elements.member(key, role, CHANGED))
    return dict(sorted(members.items()))


def _roles(value: Held | None, kinds: Mapping[str, str]) -> dict[str, str]:
    found = ties(value) if isinstance(value, User) else ()
    return {tie.group: roletype(tie.role, kinds.get(tie.group, "")) for tie in found}
