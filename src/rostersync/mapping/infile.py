"""The tests inside a mapping file: a record in, what must come of it. They run at every load."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from rostersync.mapping.asking import Asking, hint
from rostersync.mapping.loader import Block, Mark, Node, Problems
from rostersync.mapping.readers import Mapped, Readers
from rostersync.mapping.rules import FIELDS, RECORDS, Offered, SectionName, is_offered
from rostersync.model import Contact, GroupClaim, MembershipClaim, PersonClaim, Record, Tie

_SHOWN: Mapping[SectionName, tuple[str, ...]] = {
    "person": ("key", "old_keys", "left", *FIELDS["person"]),
    "group": ("key", "kind", *FIELDS["group"]),
    "membership": ("person", "role", *FIELDS["membership"]),
    "contact": ("key", "kind", "because"),
}
"""What a test may expect of each kind."""

Outcome = Mapping[str, tuple[str, ...]]
"""A field word -> its texts, as a test compares them."""


class InFileTest(Struct, frozen=True):
    """One test: the record it gives, and the word (`skip`, `reject` or the section's name) and fields it expects."""

    name: str
    mark: Mark
    section: SectionName
    record: Record
    word: str
    expected: Outcome


class Came(Struct, frozen=True):
    """What came of a test's record: all reasons to skip or reject it, and its fields when it can be used."""

    skip: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    fields: Outcome | None = None


class TestReader:
    """Reads the `tests` section of a mapping."""

    def __init__(self, problems: Problems, fields: Offered) -> None:
        self._problems = problems
        self._ask = Asking(problems)
        self._fields = fields

    def tests(self, node: Node) -> tuple[InFileTest, ...]:
        """All tests; there must be at least one."""
        nodes = self._ask.series(node, "tests")
        if not nodes:
            self._problems.add(node.mark, "tests is empty; a mapping proves itself by at least one test")
        read = [self._test(one) for one in nodes]
        return tuple(test for test in read if test is not None)

    def _test(self, node: Node) -> InFileTest | None:
        block = self._ask.block(node, "a test", ("name", "given", "expect"))
        if block is None:
            return None
        name = self._ask.required(block, "name", "a test", self._ask.text)
        given, expect = self._single(block, "given"), self._single(block, "expect")
        if given is None or expect is None:
            return None
        section = next((known for known in FIELDS if known == given[0]), None)
        if section is None:
            self._problems.add(given[1].mark, f'a test cannot give "{given[0]}"{hint(given[0], FIELDS)}')
            return None
        record = self._record(section, given[1])
        expected = self._expected(section, *expect)
        return None if expected is None else InFileTest(name, block.mark, section, record, expect[0], expected)

    def _single(self, block: Block, key: str) -> tuple[str, Node] | None:
        inner = self._ask.required(block, key, "a test", self._ask.block)
        if inner is None:
            return None
        if len(inner.entries) != 1:
            self._problems.add(inner.mark, f"`{key}` holds exactly one word, with its fields")
            return None
        ((word, (_, node)),) = inner.entries.items()
        return word, node

    def _record(self, section: SectionName, node: Node) -> Record:
        """The given fields as the connector would hand them over. A membership gives one member."""
        block = self._ask.block(node, section)
        texts: dict[str, tuple[str, ...]] = {}
        offered = [name for kind in RECORDS[section] for name in sorted(self._fields.get(kind, ()))]
        for name, (mark, value) in block.entries.items() if block else ():
            if not is_offered(name, offered):
                self._problems.add(mark, f'unknown field "{name}"{hint(name, offered)}')
            texts[name] = tuple(text.value for text in self._ask.texts(value, name))
        if section != "membership":
            return Record(section, texts, node.mark.line)
        member, outer = (
            {name: value for name, value in texts.items() if is_offered(name, self._fields.get(kind, ()))}
            for kind in RECORDS[section]
        )
        return Record("membership", outer, node.mark.line, (Record("member", member, node.mark.line),))

    def _expected(self, section: SectionName, word: str, node: Node) -> Outcome | None:
        if word in ("skip", "reject"):
            return {"because": (self._ask.text(node, word),)}
        if word != section:
            self._problems.add(
                node.mark, f'a {section} cannot become "{word}"{hint(word, (section, "skip", "reject"))}'
            )
            return None
        block = self._ask.block(node, section, _SHOWN[section])
        return {
            field: tuple(text.value for text in self._ask.texts(value, field) if text.value)
            for field, (_, value) in (block.entries.items() if block else ())
        }


def run_tests(tests: tuple[InFileTest, ...], readers: Readers, problems: Problems) -> None:
    """Run the tests and note each one that fails: what was expected, and what came."""
    for test in tests:
        came = _came(test, readers)
        if came is None:
            problems.add(test.mark, f'test "{test.name}" gives a {test.section}, of which the mapping says nothing')
            continue
        for said in _differences(test, came):
            problems.add(test.mark, f'test "{test.name}" fails: {said}')


def _differences(test: InFileTest, came: Came) -> list[str]:
    if test.word in ("skip", "reject"):
        (because,) = test.expected["because"]
        reasons = came.skip if test.word == "skip" else came.reject
        return [] if because in reasons else [f'expected {test.word} "{because}", came {_told(test, came)}']
    if came.fields is None:
        return [f"expected a {test.section}, came {_told(test, came)}"]
    return [
        f"expected {field} {_quoted(texts)}, came {_quoted(came.fields.get(field, ()))}"
        for field, texts in test.expected.items()
        if came.fields.get(field, ()) != texts
    ]


def _told(test: InFileTest, came: Came) -> str:
    if came.reject:
        return f'reject "{came.reject[0]}"'
    if came.skip:
        return f'skip "{came.skip[0]}"'
    return f"a usable {test.section}"


def _quoted(texts: tuple[str, ...]) -> str:
    return ", ".join(f'"{text}"' for text in texts) or "nothing"


# -- what came, in the words of a test ------------------------------------------------------------------------------


def _came(test: InFileTest, readers: Readers) -> Came | None:
    if test.section == "contact":
        contact = readers.contact(test.record) if readers.contact else None
        if isinstance(contact, Contact):
            return Came(fields=_texts({field: getattr(contact, field) for field in _SHOWN["contact"]}))
        return Came(skip=(contact.because,)) if contact else None
    if test.section not in readers.by_kind:
        return None
    mapped = readers.by_kind[test.section](test.record)
    left_out = _left(mapped) and "left" not in test.expected
    return Came(
        skip=tuple(skipped.because for skipped in mapped.skipped),
        reject=tuple(rejected.because for rejected in mapped.rejected),
        fields=None if mapped.rejected or left_out else _fields(mapped),
    )


def _left(mapped: Mapped) -> str:
    match mapped.claim:
        case PersonClaim(left=left) | GroupClaim(skipped=left) | MembershipClaim(ties=(Tie(left=left), *_)):
            return left
    return ""


def _fields(mapped: Mapped) -> Outcome | None:
    match mapped.claim:
        case PersonClaim() as person:
            texts = {"key": person.key, "left": person.left, **dict(person.values)}
            return {**_texts(texts), "old_keys": person.old_keys}
        case GroupClaim() as group:
            return _texts({field: getattr(group, field) for field in _SHOWN["group"]})
        case MembershipClaim(ties=(tie, *_)):
            return _texts({field: getattr(tie, field) for field in _SHOWN["membership"]})
    return None


def _texts(values: Mapping[str, str | date | bool | None]) -> Outcome:
    """Every non-empty value as a test writes it: dates as YYYY-MM-DD, switches as yes and no."""
    said = {
        field: ("yes" if value else "no") if isinstance(value, bool) else str(value or "")
        for field, value in values.items()
    }
    return {field: (text,) for field, text in said.items() if text}
