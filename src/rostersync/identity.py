"""Which claims are the same human; ambiguity is a question to a person, never a guess.

A source's own key decides first, then the old keys it states, then the strongest identifier. Names are never a key:
two pupils of one name in one class are two pupils, and one pupil who changes her name stays one.
"""

from __future__ import annotations

from msgspec import Struct

from rostersync.model import Question

IDENTIFIERS = ("national_number", "feide_id")
"""What may tell us that two keys mean one human, strongest first. A match of any other kind counts for nothing."""

QUESTIONS = {
    "both_known": "A source says that two of its keys are one person, and each is known as a person already.",
    "old_keys_disagree": "A new key states old keys that are known as different persons.",
    "two_candidates": "One identifier belongs to two persons already, so a new record could be either.",
    "birth_dates_differ": "Two records share an identifier, but their birth dates differ.",
    "recorded_twice": "A source lists one identifier under two keys, and nothing proves that both mean one human.",
    "identifiers_disagree": "A record's identifiers point to different persons; the strongest one was followed.",
}
"""Question code -> what is asked, in words that name nobody."""


class Match(Struct, frozen=True):
    """A person who already has an identifier that the newcomer brings.

    `kind` is a word of `IDENTIFIERS`. `same_source_present` is true when that person has a present claim of the
    newcomer's own source under another key. `birth_date_agrees` is None when one of the two birth dates is unknown.
    """

    person: str
    kind: str
    same_source_present: bool
    birth_date_agrees: bool | None


class Newcomer(Struct, frozen=True):
    """A person claim that must be somebody, and everyone it might be (person ids; empty = nobody).

    `known_as` is who its very key is linked to, `old_known_as` who the old keys it states are linked to.
    """

    known_as: str = ""
    old_known_as: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()


class Decision(Struct, frozen=True):
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


def _by_identifier(matches: tuple[Match, ...]) -> Decision:
    """Follow the strongest identifier that matches anybody."""
    for kind in IDENTIFIERS:
        found = [match for match in matches if match.kind == kind]
        if found:
            others = {match.person for match in matches if match.kind in IDENTIFIERS}
            return _among(found, others)
    return Decision("")  # nobody we know: a new pupil, employee or parent


def _among(found: list[Match], everybody: set[str]) -> Decision:
    """Decide between the matches of one identifier; `everybody` includes those whom weaker identifiers name."""
    candidates = {match.person for match in found}
    if len(candidates) > 1:
        return _ask("", "two_candidates", candidates)
    if any(match.birth_date_agrees is False for match in found):
        return _ask("", "birth_dates_differ", candidates)
    recorded_twice = any(match.same_source_present for match in found)
    if recorded_twice and not all(match.birth_date_agrees for match in found):
        # One school registered her twice, or somebody mistyped a digit: only the birth date could tell.
        return _ask("", "recorded_twice", candidates)
    (person,) = candidates
    others = everybody - candidates
    return _ask(person, "identifiers_disagree", others) if others else Decision(person)


def _ask(person: str, code: str, about: set[str] | tuple[str, ...]) -> Decision:
    return Decision(person, code, tuple(sorted(about)))
