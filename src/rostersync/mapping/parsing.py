"""A mapping's text -> a `Mapping`: follows `extends`, checks every section, compiles, runs the in-file tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from rostersync.errors import UserMistake
from rostersync.mapping.asking import Asking
from rostersync.mapping.infile import InFileTest, TestReader, run_tests
from rostersync.mapping.loader import Mark, Node, Problems, load
from rostersync.mapping.readers import Mapped, Readers, compile_readers
from rostersync.mapping.rules import FIELDS, Offered, Section, SectionName, is_offered
from rostersync.mapping.sections import SectionReader
from rostersync.model import Record, RoleModel, Skipped

ENGINE_VERSION = "1"
"""Raised whenever the same mapping would read the same record differently."""

_WORDS = ("version", "name", "roles", "extends", *FIELDS, "tests")

Include = Callable[[str], str]
Entries = dict[str, tuple[Mark, Node]]


@dataclass(frozen=True, slots=True)
class Mapping:
    """One source's mapping, ready to read records with.

    `digest` covers every text it was made of and the engine's version. `wanted` names exactly the source fields it
    mentions, by record kind. `tests` is the number of in-file tests, all of which passed.
    """

    name: str
    digest: str
    wanted: dict[str, frozenset[str]]
    tests: int
    _sections: dict[SectionName, Section]
    _readers: Readers

    def read(self, record: Record) -> Mapped:
        """Turn one record into a claim. Never raises for what stands in the record."""
        reader = self._readers.by_kind.get(record.kind)
        return reader(record) if reader else Mapped(None, (Skipped(f"the mapping says nothing of a {record.kind}"),))

    def line_of(self, section: str, field: str) -> int:
        """The line of the rule for a field (or for a choice such as `type`); 0 when the mapping has none."""
        mark = self._mark(section, field)
        return mark.line if mark else 0

    def where(self, section: str, field: str) -> str:
        """The same as `FILE:LINE`, or nothing; the file matters where a mapping extends another."""
        return str(self._mark(section, field) or "")

    @property
    def sensitive(self) -> list[tuple[str, str]]:
        """The sensitive fields, each with the basis on which the owner may use it."""
        rules = [rule for section in self._sections.values() for rule in section.fields]
        return [(rule.field, rule.basis) for rule in rules if rule.sensitive]

    @property
    def deciding(self) -> frozenset[str]:
        """The fields that are read to decide something and never released (`use: decide`)."""
        return frozenset(rule.field for section in self._sections.values() for rule in section.fields if rule.decide)

    @property
    def matching(self) -> frozenset[str]:
        """The fields that only tell who somebody is, and that this source gives to nobody (`use: match`)."""
        return frozenset(rule.field for section in self._sections.values() for rule in section.fields if rule.match)

    @property
    def by_login(self) -> bool:
        """Whether this source names the members of its groups by login, and so describes no persons."""
        return bool(self._sections["membership"].match) if "membership" in self._sections else False

    def _mark(self, section: str, field: str) -> Mark | None:
        found = next((one for one in self._sections.values() if one.name == section), None)
        if found is None:
            return None
        marks = {rule.field: rule.mark for rule in found.fields}
        return found.choice_mark if field == found.choice_name else marks.get(field)


def parse_mapping(
    text: str, name: str, *, fields: Offered, roles: RoleModel, include: Include | None = None
) -> Mapping:
    """Read a mapping and run its in-file tests.

    Args:
        text: the YAML.
        name: the file's name, for messages.
        fields: what the source offers.
        roles: the role model whose tie words `membership.role` may use.
        include: gives the text of the file named by `extends`; raises UserMistake when it cannot.

    Raises:
        UserMistake: every problem in file order, as `name:LINE: text`. Nothing else, whatever the text.
    """
    problems = Problems()
    opening = _Opening(problems, include)
    entries = opening.entries(text, name, ())
    if entries is None:
        raise problems.mistake()
    title = _head(entries, Mark(name, 1), roles, problems)
    sections = _sections(entries, fields, roles, problems)
    tests = _tests(entries, Mark(name, 1), fields, problems)
    if problems:
        raise problems.mistake()
    outer = _outer(sections, fields)
    readers = compile_readers(sections, outer)
    run_tests(tests, readers, problems)
    if problems:
        raise problems.mistake()
    return Mapping(title, opening.digest(), _wanted(sections, outer), len(tests), sections, readers)


class _Opening:
    """Reads a file and those it extends, and keeps their texts for the digest."""

    def __init__(self, problems: Problems, include: Include | None) -> None:
        self._problems = problems
        self._ask = Asking(problems)
        self._include = include
        self._texts: list[str] = []

    def entries(self, text: str, name: str, chain: tuple[str, ...]) -> Entries | None:
        """The top of a file: its own sections, else those of the file it extends; None if one is unreadable."""
        root = load(text, name, self._problems)
        if root is None:
            return None
        self._texts.append(text)
        self._ask.known_keys(root, _WORDS)
        self._ask.version(root)
        if "extends" not in root.entries:
            return dict(root.entries)
        inherited = self._inherited(*root.entries["extends"], (*chain, name))
        return None if inherited is None else {**inherited, **root.entries}

    def _inherited(self, mark: Mark, node: Node, chain: tuple[str, ...]) -> Entries | None:
        name = self._ask.text(node, "extends")
        if self._include is None:
            self._problems.add(mark, "extends is not possible here")
            return None
        if name in chain:
            self._problems.add(mark, "extends goes round in a circle")
            return None
        try:
            text = self._include(name)
        except UserMistake as mistake:
            self._problems.add(mark, f"extends: {'; '.join(str(problem) for problem in mistake.problems)}")
            return None
        return self.entries(text, name, chain)

    def digest(self) -> str:
        """A digest of every text read, and of the engine's version."""
        return blake2b("\x1f".join((ENGINE_VERSION, *self._texts)).encode(), digest_size=16).hexdigest()


def _head(entries: Entries, top: Mark, roles: RoleModel, problems: Problems) -> str:
    ask = Asking(problems)
    if "name" not in entries:
        problems.add(top, "the mapping needs `name`")
        return ""
    if "roles" in entries:
        mark, node = entries["roles"]
        if ask.text(node, "roles") != roles.name:
            problems.add(mark, f'roles must be "{roles.name}", the role model that the config names for this sync')
    return ask.text(entries["name"][1], "name")


def _sections(entries: Entries, fields: Offered, roles: RoleModel, problems: Problems) -> dict[SectionName, Section]:
    reader = SectionReader(problems, fields, roles)
    read = {section: reader.section(section, entries[section][1]) for section in FIELDS if section in entries}
    found = {name: section for name, section in read.items() if section is not None}
    if "person" in found and "membership" in found and found["membership"].match:
        text = "members are matched, so this source describes no persons: leave `person` out, or membership's `match`"
        problems.add(found["person"].mark, text)
    return found


def _tests(entries: Entries, top: Mark, fields: Offered, problems: Problems) -> tuple[InFileTest, ...]:
    if "tests" not in entries:
        problems.add(top, "the mapping needs `tests`: at least one record and what must come of it")
        return ()
    return TestReader(problems, fields).tests(entries["tests"][1])


def _outer(sections: dict[SectionName, Section], fields: Offered) -> frozenset[str]:
    """The membership's own fields that the rules for its members name: those that no member has."""
    asked = sections["membership"].asked if "membership" in sections else ()
    return frozenset(name for name in asked if not is_offered(name, fields.get("member", ())))


def _wanted(sections: dict[SectionName, Section], outer: frozenset[str]) -> dict[str, frozenset[str]]:
    """Record kind -> exactly the source fields that the mapping names."""
    wanted = {str(name): section.asked | section.keys for name, section in sections.items()}
    if section := sections.get("membership"):
        wanted["membership"] = outer | {section.key}
        wanted["member"] = (section.asked - outer) | {section.member_key}
    return wanted
