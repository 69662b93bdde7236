"""Parses the owner's local lists: grants.yaml (roles given by hand) and consents.yaml (grown-up pupils' consents).

A list names people by our id, the source key or the Feide id. National numbers are refused; no message repeats a key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from msgspec import Struct

from rostersync.mapping.asking import Asking
from rostersync.mapping.loader import Block, Node, Problems, Text, load
from rostersync.model import Consent, Grant, Role
from rostersync.normalize import clean, iso_date, organisation_number

T = TypeVar("T")

_GRANTED: tuple[Role, ...] = ("super_user", "school_leader")
_SEPARATORS = str.maketrans("", "", " -.")


class GrantEntry(Struct, frozen=True):
    """One line of grants.yaml. `person` is a key: our id, a source key or a Feide id."""

    person: str
    grant: Grant


class ConsentEntry(Struct, frozen=True):
    """One line of consents.yaml, both people by key. `guardian` is empty when the consent is for all her guardians.

    `consent.guardian` is still empty: only the state knows whose id the key belongs to.
    """

    pupil: str
    guardian: str
    consent: Consent


def parse_grants(text: str, name: str) -> list[GrantEntry]:
    """Read grants.yaml: `{person, role, school, reason, from, to}` under `grants`; only `from` may be left out.

    Raises:
        UserMistake: every problem, as `name:LINE: text`.
    """
    return _parse(text, name, "grants", ("person", "role", "school", "reason", "from", "to"), _ListReader.grant)


def parse_consents(text: str, name: str) -> list[ConsentEntry]:
    """Read consents.yaml: `{pupil, guardian, reason, to}` under `consents`; only `guardian` may be left out.

    Raises:
        UserMistake: every problem, as `name:LINE: text`.
    """
    return _parse(text, name, "consents", ("pupil", "guardian", "reason", "to"), _ListReader.consent)


def _parse(
    text: str, name: str, section: str, words: tuple[str, ...], read: Callable[[_ListReader, Block], T]
) -> list[T]:
    problems = Problems()
    root = load(text, name, problems)
    entries: list[T] = []
    if root is not None:
        reader = _ListReader(problems)
        entries = [read(reader, block) for block in reader.blocks(root, section, words)]
    if problems:
        raise problems.mistake()
    return entries


class _ListReader:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._ask = Asking(problems)

    def blocks(self, root: Block, section: str, words: tuple[str, ...]) -> list[Block]:
        """The entries of the list, each one block of known words."""
        self._ask.known_keys(root, ("version", section))
        self._ask.version(root)
        nodes = self._ask.required(root, section, "the file", self._ask.series)
        found = [self._ask.block(node, f"an entry of {section}", words) for node in nodes]
        return [block for block in found if block is not None]

    def grant(self, block: Block) -> GrantEntry:
        role = self._ask.required(
            block, "role", "a grant", lambda node, _: self._ask.word(node, "role to grant", _GRANTED)
        )
        begin, end = (
            self._day(block, "from"),
            self._ask.required(block, "to", "a grant", lambda *_: self._day(block, "to")),
        )
        if begin and end and end < begin:
            self._problems.add(block.entries["to"][0], "`to` lies before `from`")
        return GrantEntry(
            person=self._ask.required(block, "person", "a grant", self._key),
            grant=Grant(
                role=next((one for one in _GRANTED if one == role), _GRANTED[0]),
                school=self._ask.required(block, "school", "a grant", self._school),
                reason=self._reason(block, "a grant"),
                begin=begin,
                end=end,
            ),
        )

    def consent(self, block: Block) -> ConsentEntry:
        end = self._ask.required(block, "to", "a consent", lambda *_: self._day(block, "to"))
        return ConsentEntry(
            pupil=self._ask.required(block, "pupil", "a consent", self._key),
            guardian=self._key(block.get("guardian"), "a consent: guardian"),
            consent=Consent(guardian="", reason=self._reason(block, "a consent"), end=end),
        )

    def _reason(self, block: Block, what: str) -> str:
        return clean(self._ask.required(block, "reason", what, self._ask.text))

    def _key(self, node: Node | None, what: str) -> str:
        key = self._ask.text(node, what).strip()
        bare = key.translate(_SEPARATORS)
        if node is not None and bare.isdigit() and len(bare) in (11, 12):
            self._problems.add(node.mark, f"{what} is a national number; use our id, the source key or the Feide id")
            return ""
        return key

    def _school(self, node: Node | None, what: str) -> str:
        number = organisation_number(self._ask.text(node, what))
        if isinstance(node, Text) and node.value.strip() and not number:
            self._problems.add(node.mark, f"{what} must be an organisation number of nine digits")
        return number

    def _day(self, block: Block, key: str) -> date | None:
        node = block.get(key)
        try:
            return iso_date(self._ask.text(node, key).strip())
        except ValueError as reason:
            self._problems.add(block.entries[key][0], f"{key} is {reason}")
            return None
