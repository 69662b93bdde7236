"""Which of the claims on a card are believed, and the values they give.

Several sources may speak of one human, and one source may speak of her twice. Sources come in the sync's order of
precedence; within one source the older record comes first.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct

from rostersync.model import PERSON_FIELDS, OwnClaim
from rostersync.normalize import birth_date, iso_date, national_number

CONTRADICTION = "two records of one source contradict each other"

_MUST_AGREE = ("given_name", "family_name", "birth_date", "national_number")
"""Where two records of one key differ in any of these, they may be two humans."""

_OF_THE_USER = ("given_name", "family_name")
"""Names stand on the user herself, so they are not released a second time among her fields."""

_MAY_LEAVE = tuple(field for field in PERSON_FIELDS if field not in _OF_THE_USER)


class Belief(Struct, frozen=True, gc=False):
    """What the claims on a card come to.

    `absent` is true when no accepted snapshot has her any more; `believed` are then the last good claims. `values` are
    the first non-empty ones. `silent` tells, for each source whose ties give her nothing, why. `disputed` are the
    sources with records that contradict each other: they prove no guardianship, even where the older record is used.
    """

    absent: bool
    believed: tuple[OwnClaim, ...]
    values: Mapping[str, str]
    silent: Mapping[str, str] = {}
    disputed: frozenset[str] = frozenset()

    @property
    def contradicted(self) -> bool:
        """Whether she is in the sources, but nothing that they say of her can be believed."""
        return not self.absent and not self.believed

    @property
    def left(self) -> str:
        """Why every record of her says that she has left; empty when one does not."""
        return self.believed[0].left if self.believed and all(claim.left for claim in self.believed) else ""


def believe(claims: Sequence[OwnClaim]) -> Belief:
    """Weigh all claims on a card. They come in source order; their order within one source does not matter."""
    present = [claim for claim in claims if claim.present]
    heard = present or claims
    if len(heard) == 1:
        believed, disputed = tuple(heard), frozenset[str]()
    else:
        believed, disputed = _settle(heard)
    values: dict[str, str] = {}
    for claim in reversed(believed):
        values.update(claim.values)
    return Belief(not present, believed, values, _silent(heard, believed), disputed)


def released(belief: Belief, fields: Container[str]) -> tuple[tuple[str, str], ...]:
    """The (field, text) pairs of those fields that may leave, in field order, names left out."""
    given = [(field, _given(belief, field)) for field in _MAY_LEAVE if field in fields]
    return tuple([pair for pair in given if pair[1]])


def born(belief: Belief, others: Iterable[OwnClaim], on: date) -> tuple[date | None, date | None]:
    """A person's birth date, and the next date on which we may know better (None = never by itself).

    A source's birth date counts before a genuine national number's; `others` are asked after those believed, the oldest
    birth first. The century of some numbers cannot be told, and what is possible is looked at afresh every New Year.
    """
    others = tuple(others)
    for text in (*_texts(belief.believed, "birth_date"), *sorted(_texts(others, "birth_date"))):
        if day := _date(text):
            return day, None
    for text in (*_texts(belief.believed, "national_number"), *sorted(_texts(others, "national_number"))):
        if national_number(text).genuine and (day := birth_date(text, date(on.year, 1, 1))):
            return day, date(on.year + 1, 1, 1) if on.year < date.max.year else None
    return None, None


def _settle(heard: Sequence[OwnClaim]) -> tuple[tuple[OwnClaim, ...], frozenset[str]]:
    """The claims to believe, and the sources where two live records of one key contradict each other."""
    by_source: dict[str, list[OwnClaim]] = {}
    for claim in heard:
        by_source.setdefault(claim.source, []).append(claim)
    believed: list[OwnClaim] = []
    disputed: set[str] = set()
    for source, own in by_source.items():
        for records in _by_key(own):
            if _contradict(records):
                disputed.add(source)
                records = _older(records)
            believed += records
    return tuple(believed), frozenset(disputed)


def _by_key(own: list[OwnClaim]) -> Iterable[list[OwnClaim]]:
    """One source's claims, those of one key together, oldest first."""
    keys: dict[int, list[OwnClaim]] = {}
    for claim in sorted(own, key=_age):
        keys.setdefault(claim.key, []).append(claim)
    return keys.values()


def _age(claim: OwnClaim) -> tuple[object, ...]:
    """Older first; the rest only makes the order of equals the same every time."""
    return claim.first, claim.key, claim.run, claim.left, claim.rejected, claim.values


def _contradict(records: list[OwnClaim]) -> bool:
    if len(records) == 1:
        return False
    said = [dict(claim.values) for claim in records]
    return any(len({one[field] for one in said if one.get(field)}) > 1 for field in _MUST_AGREE)


def _older(records: list[OwnClaim]) -> list[OwnClaim]:
    """The record that was there before the contradiction; nobody's when the contradiction came in one run."""
    oldest = records[0]
    return [] if any(other.run == oldest.run for other in records[1:]) else [oldest]


def _silent(heard: Sequence[OwnClaim], believed: Sequence[OwnClaim]) -> dict[str, str]:
    speaking = {claim.source for claim in believed if not claim.left}
    silent: dict[str, str] = {}
    for claim in heard:
        if claim.source not in speaking:
            silent[claim.source] = CONTRADICTION
    for claim in believed:
        if claim.source in silent:
            silent[claim.source] = f"the source lists her as left: {claim.left}"
    return silent


def _given(belief: Belief, field: str) -> str:
    return _genuine_number(belief) if field == "national_number" else belief.values.get(field, "")


def _genuine_number(belief: Belief) -> str:
    for text in _texts(belief.believed, "national_number"):
        number = national_number(text)
        if number.genuine:
            return number.digits
    return ""


def _texts(claims: Iterable[OwnClaim], wanted: str) -> list[str]:
    return [text for claim in claims for field, text in claim.values if field == wanted]


def _date(text: str) -> date | None:
    try:
        return iso_date(text)
    except ValueError:  # a mapping let something else through: as good as unknown
        return None
