"""One person's card -> what the LMS should hold for that person on a date: users, memberships, guardianships.

Pure: the same card, rules and date always give the same answer, and `next_change_on` tells until when it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec.structs import replace

from rostersync.desire.claims import CONTRADICTION, released
from rostersync.desire.faces import memberships, position
from rostersync.desire.guardianship import lapsed
from rostersync.desire.logins import fading, login_due
from rostersync.desire.reasons import notes_on, questions_on
from rostersync.desire.rules import Rules
from rostersync.desire.seen import Seen, see
from rostersync.desire.ties import Affiliation
from rostersync.ids import Ids
from rostersync.model import Card, Desired, Face, Gone, User
from rostersync.schoolyear import day_after

ABSENT = "absent"
PROTECTED = "protected"
MERGED = "the same human as another person"
NO_AFFILIATION = "no active affiliation"
NO_PUPIL = "no active pupil"
ONE_USER = "a parent who works at school is one user here"


def desire(card: Card, rules: Rules, ids: Ids, on: date) -> Desired:
    """What the LMS should hold of one person on a date.

    Every face that a person can have is answered for: by a user, or by why she is gone. A pinned person has neither,
    except that links which nothing may keep alive are named in `Gone.revoked`.
    """
    if card.local.protected:
        return _withheld(card.person, ids)
    if card.local.same_as:
        return _merged(card.person, ids)
    seen = see(card, rules, on)
    if card.local.pinned_until and card.local.pinned_until >= on:
        return _pinned(seen, card.local.pinned_until, rules, ids)
    faces = _one_user(seen, rules, ids) if rules.guardian_user == "same" else _two_users(seen, rules, ids)
    users = tuple(one for one in faces if isinstance(one, User))
    found = Desired(
        person=card.person,
        users=users,
        gone=tuple(one for one in faces if isinstance(one, Gone)),
        next_change_on=_known_date(seen.next_change_on),
        questions=questions_on(seen, rules.roles),
        notes=notes_on(seen, rules.roles),
        lapsed=_lapsed(seen, users, rules, ids),
        fading=fading(seen.belief.believed, users),
        all_year=not card.wards and rules.calendar.ignored_by(_tied_by(card, rules)),
    )
    return wait_for_logins(found, card, rules, on)


def wait_for_logins(desired: Desired, card: Card, rules: Rules, on: date) -> Desired:
    """Tell which of the users have no login yet: those who wait for it, and those who have waited long enough."""
    dues = {user.id: due for user in desired.users if (due := login_due(user, card.since, rules))}
    if not dues:
        return desired
    coming = [due for due in (*dues.values(), desired.next_change_on) if due and due > on]
    return replace(
        desired,
        next_change_on=min(coming, default=None),
        awaiting=tuple(sorted(user for user, due in dues.items() if on < due)),
        without_login=tuple(sorted(user for user, due in dues.items() if on >= due)),
    )


def _tied_by(card: Card, rules: Rules) -> set[str]:
    """The sources that tie her to a school; of whom nothing ties to one any more, those that knew her."""
    ties, claims = {tie.source for tie in card.ties}, {claim.source for claim in card.claims}
    return ties - rules.adding or claims - rules.adding


# -- people here have decided ---------------------------------------------------------------------------------------


def _withheld(person: str, ids: Ids) -> Desired:
    """Somebody may be looking for her: no user, no link, no note, no question."""
    faces: tuple[Face, ...] = ("school", "guardian")
    gone = tuple(Gone(ids.user(person, face), face, PROTECTED, at_once=True) for face in faces)
    return Desired(person, gone=gone)


def _merged(person: str, ids: Ids) -> Desired:
    """All her claims are another person's now, and so is whatever she had."""
    faces: tuple[Face, ...] = ("school", "guardian")
    return Desired(person, gone=tuple(Gone(ids.user(person, face), face, MERGED, merged=True) for face in faces))


def _pinned(seen: Seen, until: date, rules: Rules, ids: Ids) -> Desired:
    """A pin keeps everything as it is, but no link that is denied, outgrown or led to somebody protected."""
    revoked = _revoked(seen, rules, ids)
    user = ids.user(seen.card.person, "school")
    gone = (Gone(user, "school", "pinned", keeps_ties=True, revoked=revoked),) if revoked else ()
    again = min(day_after(until), seen.ward.next_change_on) if seen.guardians else day_after(until)
    return Desired(seen.card.person, gone=gone, next_change_on=_known_date(again), pinned=True)


# -- the faces ------------------------------------------------------------------------------------------------------


def _two_users(seen: Seen, rules: Rules, ids: Ids) -> tuple[User | Gone, User | Gone]:
    """A school user and a guardian user, each with what its own role justifies and nothing else."""
    guardian = ids.user(seen.card.person, "guardian")
    return (
        _user(seen, "school", seen.own, rules, ids) if seen.own else _school_gone(seen, rules, ids),
        _user(seen, "guardian", seen.through_wards, rules, ids)
        if seen.through_wards
        else _guardian_gone(seen, guardian, "guardian"),
    )


def _one_user(seen: Seen, rules: Rules, ids: Ids) -> tuple[User | Gone, Gone]:
    """One user that carries both faces, and no guardian user any more."""
    other = Gone(ids.user(seen.card.person, "guardian"), "guardian", ONE_USER)
    both = (*seen.own, *seen.through_wards)
    if both:
        return _user(seen, "school", both, rules, ids), other
    school = _school_gone(seen, rules, ids)
    if not seen.wards:
        return school, other
    guardian = _guardian_gone(seen, school.id, "school")
    if not seen.card.ties:  # a parent and nothing else
        return guardian, other
    keeps_ties = school.keeps_ties and guardian.keeps_ties
    by_date = school.by_date and guardian.by_date
    return replace(school, keeps_ties=keeps_ties, by_date=by_date), other


def _user(seen: Seen, face: Face, affiliations: Sequence[Affiliation], rules: Rules, ids: Ids) -> User:
    granted, values = seen.granted, seen.belief.values
    at = position(affiliations, rules.roles, ids, granted) if granted else rules.position(affiliations, ids)
    return User(
        id=ids.user(seen.card.person, face),
        person=seen.card.person,
        face=face,
        role=at.role,
        given_name=values.get("given_name", ""),
        family_name=values.get("family_name", ""),
        fields=released(seen.belief, at.fields),
        schools=at.schools,
        memberships=at.memberships,
        guardians=_guardian_users(seen, rules, ids) if face == "school" else (),
    )


def _guardian_users(seen: Seen, rules: Rules, ids: Ids) -> tuple[str, ...]:
    standing = (adult for adult, standing in seen.guardians if standing.stands)
    return tuple(sorted(_guardian_user(adult, rules, ids) for adult in standing))


def _guardian_user(adult: str, rules: Rules, ids: Ids) -> str:
    return ids.user(adult, "school" if rules.guardian_user == "same" else "guardian")


# -- somebody who is gone -------------------------------------------------------------------------------------------


def _school_gone(seen: Seen, rules: Rules, ids: Ids) -> Gone:
    user, belief = ids.user(seen.card.person, "school"), seen.belief
    if belief.absent or belief.contradicted:
        reason = ABSENT if belief.absent else CONTRADICTION
        return Gone(user, "school", reason, keeps_ties=True, revoked=_revoked(seen, rules, ids))
    if belief.left:
        return Gone(user, "school", f"left: {belief.left}")
    ended = any(one.over_on(seen.on) for one in seen.closed)
    taken_back = any(one.open_on(seen.on) for one in seen.reading.taken_back)
    return Gone(user, "school", NO_AFFILIATION, by_date=ended and not taken_back)


def _guardian_gone(seen: Seen, user: str, face: Face) -> Gone:
    """Why she has no guardian face. Absence, hers or a pupil's, keeps what she had until she is suspended."""
    belief, standings = seen.belief, [standing for _, standing in seen.wards]
    none_revoked = not any(standing.revoked for standing in standings)
    if belief.absent or belief.contradicted:
        return Gone(user, face, ABSENT if belief.absent else CONTRADICTION, keeps_ties=none_revoked)
    pupil_absent = any(ward.belief.absent for ward, _ in seen.wards)
    by_date = bool(standings) and all(standing.by_date for standing in standings)
    return Gone(user, face, NO_PUPIL, keeps_ties=pupil_absent and none_revoked, by_date=by_date)


def _revoked(seen: Seen, rules: Rules, ids: Ids) -> tuple[str, ...]:
    revoked = (adult for adult, standing in seen.guardians if standing.revoked)
    return tuple(sorted(_guardian_user(adult, rules, ids) for adult in revoked))


def _lapsed(seen: Seen, users: Iterable[User], rules: Rules, ids: Ids) -> tuple[str, ...]:
    """Groups and guardians whom a date took from her: known beforehand, so no limit need count them."""
    over = [one for one in seen.closed if one.over_on(seen.on)]
    for ward, standing in seen.wards:
        over += rules.reader.as_guardian(lapsed(ward, standing, seen.on))
    groups = {one.group for one in memberships(over, rules.roles, ids)} if over else set()
    if groups:
        groups.difference_update(one.group for user in users for one in user.memberships)
        groups.difference_update(one.group for one in memberships(_taken_back(seen, rules), rules.roles, ids))
    guardians = {_guardian_user(adult, rules, ids) for adult, standing in seen.guardians if standing.by_date}
    return tuple(sorted(groups | guardians))


def _taken_back(seen: Seen, rules: Rules) -> list[Affiliation]:
    """What she would still have today, had a source not taken it back before its date."""
    own = [one for one in seen.reading.taken_back if one.open_on(seen.on)]
    wards = [one for ward, _ in seen.wards for one in ward.taken_back if one.begun_on(seen.on)]
    return [*own, *rules.reader.as_guardian(wards)]


def _known_date(day: date) -> date | None:
    return None if day == date.max else day
