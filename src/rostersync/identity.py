"""Which claims are the same human; ambiguity is a question to a person, never a guess.

A source's own key decides first, then the old keys it states, then the strongest identifier. Names are never a key:
two pupils of one name in one class are two pupils, and one pupil who changes her name stays one. A Feide id is no key
either, because owners give it to somebody else later: it confirms what another fact says, or it is asked about.
"""

from __future__ import annotations

from msgspec import Struct

from rostersync.model import LOCAL_NUMBERS, Question
from rostersync.normalize import national_number

IDENTIFIERS = ("national_number", *LOCAL_NUMBERS, "feide_id")
"""What may tell us that two keys mean one human, strongest first. A match of any other kind counts for nothing."""

QUESTIONS = {
    "both_known": "A source says that two of its keys are one person, and each is known as a person already.",
    "number_of_another": "A record's national number has become one that another person here has as well.",
    "old_keys_disagree": "A new key states old keys that are known as different persons.",
    "two_candidates": "One identifier belongs to two persons already, so a new record could be either.",
    "birth_dates_differ": "Two records share an identifier, but their birth dates differ.",
    "numbers_differ": "Two records share a local number, but their national numbers differ.",
    "recorded_twice": "A source lists one identifier under two keys, and nothing proves that both mean one human.",
    "identifiers_disagree": "A record's identifiers point to different persons; the strongest one was followed.",
    "feide_id_only": "A Feide id is all that a new record shares with somebody, and owners use Feide ids again.",
    "feide_id_shared": "Two persons whom the sources list today have one Feide id, and other facts say they are two.",
}
"""Question code -> what is asked, in words that name nobody."""


class Match(Struct, frozen=True, gc=False):
    """A person who already has an identifier that the newcomer brings.

    `kind` is a word of `IDENTIFIERS`. `same_source_present` is true when that person has a present claim of the
    newcomer's own source under another key. `birth_date_agrees` and `number_agrees` (the national number) are None
    when one of the two is unknown; a D-number and a fødselsnummer may be one human's, so they do not disagree.
    `present` is false when only claims of earlier snapshots had the identifier.
    """

    person: str
    kind: str
    same_source_present: bool
    birth_date_agrees: bool | None
    number_agrees: bool | None = None
    present: bool = True

    @property
    def contradicted(self) -> bool:
        """Whether another fact says that these are two humans."""
        return self.birth_date_agrees is False or self.number_agrees is False


class Newcomer(Struct, frozen=True, gc=False):
    """A person claim that must be somebody, and everyone it might be (person ids; empty = nobody).

    `known_as` is who its very key is linked to, `old_known_as` who the old keys it states are linked to.
    """

    known_as: str = ""
    old_known_as: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()


class Decision(Struct, frozen=True, gc=False):
    """Who the newcomer is. An empty `person` means: found a new one.

    `question` is a word of `QUESTIONS` or empty; `about` are the persons it could have been, sorted.
    """

    person: str
    question: str = ""
    about: tuple[str, ...] = ()


def decide(newcomer: Newcomer) -> Decision:
    """Decide who a newcomer is. The answer does not depend on the order of old keys or matches."""
    old = tuple(sorted(set(newcomer.old_known_as)))
    if newcomer.known_as:
        others = tuple(person for person in old if person != newcomer.known_as)
        # Both keys were delivered as different users once: joining them is a merge, and merges are made by people.
        return _ask(newcomer.known_as, "both_known", others) if others else Decision(newcomer.known_as)
    if len(old) > 1:
        return _ask("", "old_keys_disagree", old)
    if old:
        return Decision(old[0])  # the source changed her key and says so
    return _by_identifier(newcomer.matches)


def question(decision: Decision, person: str) -> Question | None:
    """The question a decision raises, once `person` (the id found or founded) is known; None when it raises none."""
    if not decision.question:
        return None
    about = tuple(sorted({person, *decision.about}))
    return Question(decision.question, about, QUESTIONS[decision.question])


def numbers_agree(own: frozenset[str], other: frozenset[str]) -> bool | None:
    """Whether two persons' genuine national numbers (digits only) agree; None when they prove nothing either way."""
    if not own.isdisjoint(other):
        return True
    kinds = {national_number(one).kind for one in own} & {national_number(one).kind for one in other}
    return False if kinds else None  # a D-number ends on the day somebody gets her fødselsnummer


def _by_identifier(matches: tuple[Match, ...]) -> Decision:
    """Follow the strongest identifier that matches anybody."""
    for kind in IDENTIFIERS[:-1]:
        if found := [match for match in matches if match.kind == kind]:
            return _among(found, [match for match in matches if match.kind in IDENTIFIERS and match.kind != kind])
    # Nobody we know (a new pupil, employee or parent), unless the login leads to somebody.
    return _by_feide_id([match for match in matches if match.kind == "feide_id"])


def _among(found: list[Match], weaker: list[Match]) -> Decision:
    """Decide between the matches of one identifier; `weaker` are those of the others."""
    candidates = {match.person for match in found}
    confirmed = {match.person for match in weaker if match.person in candidates and not match.contradicted}
    if len(candidates) > 1:
        (person,) = confirmed if len(confirmed) == 1 else ("",)
        return _ask(person, "two_candidates", candidates - {person})
    if any(match.birth_date_agrees is False for match in found):
        return _ask("", "birth_dates_differ", candidates)
    if any(match.number_agrees is False and match.kind != "national_number" for match in found):
        return _ask("", "numbers_differ", candidates)
    recorded_twice = any(match.same_source_present for match in found)
    if recorded_twice and not confirmed and not all(match.birth_date_agrees for match in found):
        # One school registered her twice, or somebody mistyped a digit: only another fact could tell.
        return _ask("", "recorded_twice", candidates)
    (person,) = candidates
    others = {match.person for match in weaker if not _used_again(match)} - candidates
    return _ask(person, "identifiers_disagree", others) if others else Decision(person)


def _by_feide_id(found: list[Match]) -> Decision:
    """A Feide id links only with a birth date that agrees, and against no national number: logins are used again."""
    others = {match.person for match in found if match.contradicted}
    if proven := {match.person for match in found if match.birth_date_agrees} - others:
        (person,) = proven if len(proven) == 1 else ("",)
        return Decision(person) if person else _ask("", "two_candidates", proven)
    if possible := {match.person for match in found} - others:
        return _ask("", "feide_id_only", possible)
    shared = {match.person for match in found if not _used_again(match)}
    return _ask("", "feide_id_shared", shared) if shared else Decision("")


def _used_again(match: Match) -> bool:
    """Whether a login that somebody had was given to somebody else: she is gone, and it is clearly not her."""
    return match.kind == "feide_id" and not match.present and match.contradicted


def _ask(person: str, code: str, about: set[str] | tuple[str, ...]) -> Decision:
    return Decision(person, code, tuple(sorted(about)))
