"""The card of a person or a group as text on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from rostersync.assembly import Parts
from rostersync.desire.groups import desire_group
from rostersync.errors import Usage
from rostersync.model import GroupFact, Local, TieFact, User
from rostersync.store import Store
from rostersync.store.leading import record_name
from rostersync.whycard import WhyCard


def card_text(card: WhyCard) -> str:
    """The whole card of a person."""
    return "\n".join(
        [
            f"Person {card.card.person} in sync {card.sync}, on {card.on}",
            *_claims(card),
            *_decided(card.card.local),
            *_ties(card),
            *_links(card),
            *_desired(card),
            *_known(card),
        ]
    )


def _claims(card: WhyCard) -> Iterator[str]:
    if not card.card.claims:
        yield "\nNo source describes this person."
    for claim in card.card.claims:
        state = "" if claim.present else "  (gone from the last accepted snapshot; these are the last good values)"
        state += "  (its newest record was rejected; these are the last good values)" if claim.rejected else ""
        yield f"\n{claim.source}, accepted by run {claim.run}, record {record_name(claim.key)}{state}"
        lost = card.lost(claim)
        for name, value in claim.values:
            where = card.lines.get((claim.source, name), "") + ("  (another value counts)" if name in lost else "")
            yield f"  {name:<18}{value:<34}{where}".rstrip()
        if claim.left:
            yield f"  left: {claim.left}"


def _decided(local: Local) -> Iterator[str]:
    lines = [
        *([f"protected: {local.protected}"] if local.protected else []),
        *([f"the same human as {local.same_as}"] if local.same_as else []),
        *([f"pinned until {local.pinned_until}"] if local.pinned_until else []),
        *(f"guardian {adult} denied {_until(until)}" for adult, until in local.denied),
        *(f"{one.role} at {one.school}{_span(one.begin, one.end)}: {one.reason}" for one in local.grants),
        *(f"consent for {one.guardian or 'every guardian'} {_until(one.end)}: {one.reason}" for one in local.consents),
    ]
    if lines:
        yield "\nDecided here"
        yield from (f"  {line}" for line in lines)


def _until(day: date | None) -> str:
    return f"until {day}" if day else "until further notice"


def _ties(card: WhyCard) -> Iterator[str]:
    if card.card.ties:
        yield "\nGroups"
    for tie in sorted(card.card.ties, key=lambda one: one.group.name if one.group else ""):
        yield f"  {_group_name(tie.group):<24}{tie.role or '-':<18}{_span(tie.begin, tie.end):<28}{_left(tie)}".rstrip()


def _left(tie: TieFact) -> str:
    return f"does not count: {tie.left}" if tie.left else ""


def _group_name(group: GroupFact | None) -> str:
    if group is None:
        return "(never described)"
    return group.name + ("" if group.standing else " (gone)")


def _span(begin: date | None, end: date | None) -> str:
    return " ".join([f" from {begin}" if begin else "", f"to {end}" if end else ""]).rstrip()


def _links(card: WhyCard) -> Iterator[str]:
    if card.links:
        yield "\nGuardianships"
    for link in card.links:
        whom = f"guardian {link.adult}" if link.pupil == card.card.person else f"pupil    {link.pupil}"
        yield f"  {whom}  {'has access' if link.standing.stands else f'no access: {link.standing.reason}'}"


def _desired(card: WhyCard) -> Iterator[str]:
    yield "\nWhat the LMS should hold"
    if card.desired.pinned:
        yield "  pinned: no sync touches this person"
    for user in card.desired.users:
        schools = ", ".join(f"{card.schools.get(place.school, place.school)} ({place.role})" for place in user.schools)
        yield f"  {user.face} user {user.id}: {user.role}; {schools or 'no school'}"
        yield f"    {_memberships(user, card)}"
        if user.guardians:
            yield f"    followed by {', '.join(user.guardians)}"
    for gone in card.desired.gone:
        yield f"  no {gone.face} user: {gone.reason}"
    for note in card.desired.notes:
        yield f"  note: {note}"
    if card.desired.next_change_on:
        yield f"  this can change by date on {card.desired.next_change_on}"


def _memberships(user: User, card: WhyCard) -> str:
    named = [f"{card.groups[tie.group]} ({tie.role})" for tie in user.memberships if tie.group in card.groups]
    computed = len(user.memberships) - len(named)
    counted = [f"{computed} samlegruppe{'r' if computed > 1 else ''}"] if computed else []
    return (
        "in " + " and ".join(part for part in (", ".join(named), *counted) if part)
        if named or counted
        else "in no group"
    )


def _known(card: WhyCard) -> Iterator[str]:
    yield "\nWhat the targets hold"
    if not card.known:
        yield "  nothing"
    for target, known in card.known:
        life = known.life
        since = f" since {life.suspended_on or life.departed_on}" if life.state != "active" else ""
        held = f" (held: {life.hold})" if life.hold else ""
        yield f"  {target}: user {known.id}, {life.state}{since}{': ' + life.reason if life.reason else ''}{held}"


def group_text(store: Store, parts: Parts, key: str, on: date) -> tuple[dict[str, Any], str]:
    """One group: as a JSON document, and as text.

    Raises:
        Usage: no group has that key.
    """
    wanted = {key, *store.cards.find_group(key)}
    fact = next((one for one in store.cards.groups(parts.source_names) if one.id in wanted), None)
    if fact is None:
        raise Usage(["no group has that key: give our id, or the source key as the export writes it (source/id)"])
    desired, changes = desire_group(fact, parts.rules, on)
    members = len(store.cards.members(fact.id))
    document = {
        "sync": parts.settings.name,
        "group": fact.id,
        "kind": fact.kind,
        "school": fact.school.number if fact.school else "",
        "begin": fact.begin,
        "end": fact.end,
        "standing": fact.standing,
        "in_lms": desired is not None,
        "next_change_on": changes,
        "members": members,
    }
    title = f", {fact.title}" if fact.title not in ("", fact.name) else ""
    lines = [
        f"Group {fact.id}: {fact.name}{title} ({fact.kind}) in sync {parts.settings.name}, on {on}",
        f"  school: {fact.school.name if fact.school else 'none'}{_span(fact.begin, fact.end)}",
        f"  {members} people tied to it; {'still in' if fact.standing else 'gone from'} the last accepted snapshot",
        f"  in the LMS: {f'as {desired.name}' if desired else 'no (its kind is not delivered, or its dates are over)'}",
    ]
    if changes:
        lines.append(f"  this can change by date on {changes}")
    return document, "\n".join(lines)
