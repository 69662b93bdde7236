"""What people are told about a card: notes on what was left out and why, and questions that only they can answer.

Nothing here names anybody, and nothing hints at a protected person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from rostersync.desire.faces import GRANTED
from rostersync.desire.seen import Seen
from rostersync.desire.ties import ORGANISATIONS, RANK, place
from rostersync.model import Question, RoleModel

CONFLICTING_RECORDS = "conflicting_records"
CONTACT = "contact"
SUGGESTED_ROLE = "suggested_role"
QUESTION_CODES = frozenset({CONFLICTING_RECORDS, CONTACT, SUGGESTED_ROLE})
"""The questions that stand on one card, and are asked again each time it is looked at; her person comes first."""


def notes_on(seen: Seen, roles: RoleModel) -> tuple[str, ...]:
    """Sentences on what a card does not give, each with how often; sorted."""
    sentences = [
        *(f"not {reason}" for reason in seen.reading.left_out),
        *_closed(seen),
        *_not_admitted(seen, roles),
        *_grants_without_effect(seen),
        *_links_that_do_not_stand(seen),
        *_about_trust(seen),
    ]
    if not sentences:
        return ()
    return tuple(f"{sentence} ({times})" for sentence, times in sorted(Counter(sentences).items()))


def questions_on(seen: Seen, roles: RoleModel) -> tuple[Question, ...]:
    """What a human has to decide about a card."""
    return (*_about_records(seen), *_about_contacts(seen), *_about_roles(seen, roles))


def _closed(seen: Seen) -> Iterator[str]:
    for one in seen.closed:
        if not one.open_on(seen.on):
            yield f"not {place(one.group)}: its time {'is over' if one.over_on(seen.on) else 'has not come'}"


def _not_admitted(seen: Seen, roles: RoleModel) -> Iterator[str]:
    for one in seen.own:
        if one.group.kind not in ORGANISATIONS and one.role not in roles.groups[one.group.kind]:
            yield f"not in a group: the kind {one.group.kind} does not take the role {one.role}"


def _grants_without_effect(seen: Seen) -> Iterator[str]:
    schools = {one.group.school.number for one in seen.own if one.group.school and one.school in seen.granted}
    for grant in seen.card.local.grants:
        if grant.role not in GRANTED:
            yield f"not granted: a sync never gives the role {grant.role}"
        elif grant.school not in schools:
            yield f"not granted: {grant.role}, out of its dates or at a school where she does not work"


def _links_that_do_not_stand(seen: Seen) -> Iterator[str]:
    for _, standing in seen.guardians:
        if not standing.stands and not standing.silent:
            yield f"no link to a guardian: {standing.reason}"
    for _, standing in seen.wards:
        if not standing.stands and not standing.silent:
            yield f"no link to a pupil: {standing.reason}"


def _about_trust(seen: Seen) -> Iterator[str]:
    for claim in seen.belief.believed:
        if claim.rejected:
            yield "the newest record of a source was rejected, so its last good one is used"
    if seen.ward.grown_up_on == date.max and any(standing.stands for _, standing in seen.guardians):
        yield "no birth date is known, so the guardians' access has no known end"


def _about_records(seen: Seen) -> Iterator[Question]:
    if seen.belief.disputed:
        yield Question(
            CONFLICTING_RECORDS,
            (seen.card.person,),
            "Two live records under one key differ in name, birth date or national number: one human or two? "
            "Have the school system corrected; until then the older record counts, and nothing when both are new.",
        )


def _about_contacts(seen: Seen) -> Iterator[Question]:
    """Foster parents, relatives and contact persons: no source proves that they are guardians."""
    if seen.on >= seen.ward.grown_up_on or not any(one.role == "pupil" for one in seen.own):
        return
    settled = {adult for adult, standing in seen.guardians if standing.stands}
    asked = {
        (one.person, one.because)
        for claim in seen.belief.believed
        for one in claim.contacts
        if one.kind == "question" and one.present and not one.protected and one.person not in settled
    }
    for adult, because in sorted(asked):
        listed = f", listed as {because}" if because else ""
        text = f"A contact of a pupil{listed}, may be her guardian or not: no link is made until a source says so."
        yield Question(CONTACT, (seen.card.person, adult), text)


def _about_roles(seen: Seen, roles: RoleModel) -> Iterator[Question]:
    asked = set()
    for one in seen.own:
        suggested = roles.suggests.get(one.word, one.role)
        if suggested in GRANTED and one.group.school and one.school:
            granted = seen.granted.get(one.school, one.role)
            if RANK[suggested] < RANK[granted]:
                asked.add((one.word, one.group.school.number, suggested))
    for word, number, suggested in sorted(asked):
        school = f"school {number}" if number else "a school without a number"
        text = f"A source calls her {word} at {school}: if she should be {suggested} there, add a grant."
        yield Question(SUGGESTED_ROLE, (seen.card.person,), text)
