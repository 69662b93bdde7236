"""The one decision on guardianship: may this adult follow this pupil today?

The ward's card gives the link, the guardian's card gives her user and memberships; both ask here, so they cannot
differ. A link needs positive proof from a source where the pupil is active today. What is not proven does not stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from rostersync.desire.claims import Belief, believe, born
from rostersync.desire.ties import Affiliation, TieReader
from rostersync.model import Card, ContactFact, Local, OwnClaim
from rostersync.schoolyear import day_after

OF_AGE = 18


class Ward(Struct, frozen=True, gc=False):
    """What must be known of a pupil to decide on all her guardianships, read once for one date.

    `ties` are those as a pupil at a school, `taken_back` the like that a source took back. `grown_up_on` is the 18th
    birthday, `date.max` when no source tells it; `next_change_on` the first later date on which a decision can differ,
    `date.max` for never.
    """

    person: str
    local: Local
    claims: Sequence[OwnClaim]
    belief: Belief
    ties: tuple[Affiliation, ...]
    taken_back: tuple[Affiliation, ...]
    grown_up_on: date
    next_change_on: date


class Standing(Struct, frozen=True, gc=False):
    """Whether a guardianship stands, and else why not, in words that name nobody.

    `sources` are those that prove it. `by_date` is true when it fell on a date known beforehand. `revoked` means that
    the link ends even while the pupil is merely absent, or pinned. `silent` reasons are told to nobody (protection).
    """

    stands: bool
    reason: str = ""
    by_date: bool = False
    revoked: bool = False
    silent: bool = False
    sources: frozenset[str] = frozenset()


WITHHELD = Standing(False, "protected", revoked=True, silent=True)
HERSELF = Standing(False, "a pupil cannot be her own guardian", revoked=True)
DENIED = Standing(False, "denied here", revoked=True)
GROWN_UP = Standing(False, "the pupil is 18 and no consent is listed", by_date=True, revoked=True)

OVER = Standing(False, "the pupil's ties in that source have ended", by_date=True)
INACTIVE = Standing(False, "the pupil is not active in that source today")
ADULT_ABSENT = Standing(False, "no source has the adult any more")
WARD_ABSENT = Standing(False, "that source has the pupil no more")
LEFT = Standing(False, "the source lists the pupil as left")
DISPUTED = Standing(False, "the source's records of the pupil contradict each other", revoked=True)
REJECTED = Standing(False, "the pupil's newest record was rejected", revoked=True)
UNNAMED = Standing(False, "no source names the adult as guardian")

_UNPROVEN = (OVER, INACTIVE, ADULT_ABSENT, WARD_ABSENT, LEFT, DISPUTED, REJECTED, UNNAMED)
"""From nearly proven to not at all: of several sources, the one that came nearest gives the reason."""


def ward_of(card: Card, reader: TieReader, on: date) -> Ward:
    """Read a pupil's card for the decision."""
    belief = believe(card.claims)
    reading = reader.read(card.ties, belief.silent)
    birthday, better_known_on = born(belief, (claim for claim in card.claims if not claim.present), on)
    grown_up_on = _eighteenth(birthday) if birthday else date.max
    ends = [consent.end for consent in card.local.consents] + [until for _, until in card.local.denied]
    days = [grown_up_on, better_known_on or date.max, *(day_after(end) for end in ends if end)]
    soonest = min((day for day in days if day > on), default=date.max)
    return Ward(
        person=card.person,
        local=card.local,
        claims=card.claims,
        belief=belief,
        ties=reading.as_pupil,
        taken_back=reading.taken_back_as_pupil,
        grown_up_on=grown_up_on,
        next_change_on=min(soonest, reader.on_day((reading,), on).pupil_changes_on),
    )


def adults(ward: Ward) -> list[str]:
    """The person ids of everyone whom a source names as the pupil's guardian, sorted."""
    return sorted({one.person for claim in ward.claims for one in claim.contacts if one.kind == "guardian"})


def decide(ward: Ward, adult: str, on: date) -> Standing:
    """Whether `adult` is a guardian with access to `ward` on a date."""
    named = [(claim, one) for claim in ward.claims for one in claim.contacts if one.person == adult]
    barred = _barred(ward, adult, (one for _, one in named), on)
    if barred:
        return barred
    proving: set[str] = set()
    nearest = UNNAMED
    for claim, one in named:
        lacking = _lacking(ward, claim, one, on)
        if lacking is None:
            proving.add(claim.source)
        elif _UNPROVEN.index(lacking) < _UNPROVEN.index(nearest):
            nearest = lacking
    return Standing(True, sources=frozenset(proving)) if proving else nearest


def followed(ward: Ward, standing: Standing, on: date) -> tuple[Affiliation, ...]:
    """The ward's affiliations that a standing guardianship opens: begun, not over, from a source that proves it."""
    return tuple([one for one in ward.ties if one.source in standing.sources and one.begun_on(on)])


def lapsed(ward: Ward, standing: Standing, on: date) -> tuple[Affiliation, ...]:
    """The ward's affiliations that a guardian has lost on a date known beforehand."""
    if standing == GROWN_UP:
        return tuple(one for one in ward.ties if one.window.begins <= on)
    return tuple([one for one in ward.ties if one.over_on(on)]) if standing.stands or standing.by_date else ()


def _barred(ward: Ward, adult: str, contacts: Iterable[ContactFact], on: date) -> Standing | None:
    """What no proof outweighs: protection, a denial, and growing up."""
    if ward.local.protected or any(one.protected for one in contacts):
        return WITHHELD
    if adult == ward.person:
        return HERSELF
    if any(denied == adult and (until is None or until >= on) for denied, until in ward.local.denied):
        return DENIED
    if on >= ward.grown_up_on and not _consented(ward, adult, on):
        return GROWN_UP
    return None


def _consented(ward: Ward, adult: str, on: date) -> bool:
    return any(
        consent.guardian in ("", adult) and (consent.end is None or consent.end >= on)
        for consent in ward.local.consents
    )


def _lacking(ward: Ward, claim: OwnClaim, contact: ContactFact, on: date) -> Standing | None:
    """What one source's word lacks to prove the guardianship; None when it proves it."""
    if contact.kind != "guardian":
        return UNNAMED
    if claim.rejected:
        return REJECTED
    if claim.source in ward.belief.disputed:
        return DISPUTED
    if claim.left:
        return LEFT
    if not claim.present:
        return WARD_ABSENT
    if not contact.present:
        return ADULT_ABSENT
    ties = [one for one in ward.ties if one.source == claim.source]
    if any(one.begun_on(on) for one in ties):  # guardians come in on the first school day
        return None
    taken_back = any(one.source == claim.source and one.begun_on(on) for one in ward.taken_back)
    return OVER if not taken_back and any(one.over_on(on) for one in ties) else INACTIVE


def _eighteenth(birthday: date) -> date:
    """The 18th birthday. Who was born on 29 February has it on the 28th: access never lasts a day too long."""
    try:
        return birthday.replace(year=birthday.year + OF_AGE)
    except ValueError:
        return date.max if birthday.year + OF_AGE > date.max.year else date(birthday.year + OF_AGE, 2, 28)
