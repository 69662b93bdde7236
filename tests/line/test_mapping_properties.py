"""What must always hold: texts survive, order means nothing, and no text whatever breaks the reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.errors import UserMistake
from rostersync.mapping import Mapping, parse_consents, parse_grants, parse_roles
from rostersync.mapping.loader import Block, Problems, Series, Text, load
from rostersync.model import MembershipClaim, PersonClaim, Record
from tests.conftest import ROOT
from tests.line.mapping_texts import PATIENT, ROLE_TEXT, TEXT, edited, group, member, membership, parse, person

TRAPS = ["no", "yes", "on", "01", "010203", "0777", "0o17", "0x1F", "1e3", "1_000", "null", "~", "true", ".inf", "1:30"]


@pytest.mark.parametrize("text", [*TRAPS, "2026-08-15", "07070712345", "=", "<<", "-1.0"])
def test_a_scalar_that_yaml_would_guess_at_stays_text(text: str) -> None:
    problems = Problems()
    root = load(f"a: {text}\nb: [{text}]\n{text}: c\n", "t.yaml", problems)
    assert not problems
    assert root is not None
    assert isinstance(root.get("a"), Text)
    assert root.get("a") == Text(root.entries["a"][0], text)
    nodes = root.get("b")
    assert isinstance(nodes, Series)
    assert [node.value for node in nodes.nodes if isinstance(node, Text)] == [text]
    assert text in root.entries


@PATIENT
@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"), exclude_characters="\ufeff\ufffe\uffff"))
)
def test_a_quoted_text_survives_as_it_is(text: str) -> None:
    problems = Problems()
    root = load("a: " + yaml.dump(text, default_style='"', allow_unicode=True, width=1000), "t.yaml", problems)
    assert not problems
    assert root is not None
    node = root.get("a")
    assert isinstance(node, Text)
    assert node.value == text


@PATIENT
@given(st.lists(st.from_regex(r"[0-9a-z]{1,12}", fullmatch=True), min_size=1, max_size=12, unique=True))
def test_every_key_knows_its_line(keys: list[str]) -> None:
    root = load("".join(f"{key}:\n  - {key}\n" for key in keys), "t.yaml", Problems())
    assert isinstance(root, Block)
    assert [mark.line for mark, _ in root.entries.values()] == [2 * number + 1 for number in range(len(keys))]
    assert [node.mark.line for _, node in root.entries.values()] == [2 * number + 2 for number in range(len(keys))]


@pytest.mark.parametrize("trap", TRAPS)
def test_a_code_in_a_when_matches_exactly_that_text(trap: str) -> None:
    mapping = parse(edited("{when: {status: inaktiv}, because: inactive}", f"{{when: {{status: {trap}}}, because: x}}"))
    for status in TRAPS:
        claim = mapping.read(person(status=status)).claim
        assert isinstance(claim, PersonClaim)
        assert bool(claim.left) == (status.casefold() == trap.casefold())


# -- order ----------------------------------------------------------------------------------------------------------


def shuffled(seed: int) -> str:
    """The small mapping with the rules of every `fields` block in another order."""
    head, *blocks = TEXT.split("  fields:\n")
    parts = [head]
    for block in blocks:
        rules, skip, rest = block.partition("  skip:")
        ordered = re.findall(r"    \w.*\n(?:      .*\n)*", rules)
        assert "".join(ordered) == rules
        Random(seed).shuffle(ordered)
        parts.append(f"{''.join(ordered)}{skip}{rest}")
    return "  fields:\n".join(parts)


SMALL = parse()
SHUFFLED = [parse(shuffled(seed)) for seed in range(6)]
TEXTS = ["", " ", "1", "01", "02", "vikar", "0", "x/1", "skole", "guardian", "2026-08-01", "i juni", "a@b.example"]
NAMES = sorted({name for names in SMALL.wanted.values() for name in names})
FIELDS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(TEXTS), max_size=2).map(tuple))


def of_kind(kind: str, fields: dict[str, tuple[str, ...]]) -> Record:
    """A record of any kind with the same fields at each of its levels."""
    if kind == "person":
        return Record("person", fields, 1, (Record("contact", fields, 2),))
    if kind == "group":
        return Record("group", fields, 1)
    return Record("membership", fields, 1, (Record("member", fields, 2),))


KINDS = st.sampled_from(["person", "group", "membership"])


@PATIENT
@given(st.sampled_from(SHUFFLED), KINDS, FIELDS, st.data())
def test_the_order_of_rules_and_of_a_records_fields_means_nothing(
    other: Mapping, kind: str, fields: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    reordered = dict(data.draw(st.permutations(list(fields.items()))))
    assert other.read(of_kind(kind, reordered)) == SMALL.read(of_kind(kind, fields))


MEMBERS = st.builds(
    member,
    member=st.sampled_from(["x/1", "x/2", " "]),
    roletype=st.sampled_from(["01", "02", "04", "99"]),
    status=st.sampled_from(["0", "1"]),
)


@PATIENT
@given(st.lists(MEMBERS))
def test_every_member_becomes_a_tie_or_is_rejected(members: list[Record]) -> None:
    mapped = SMALL.read(membership(*members))
    assert isinstance(mapped.claim, MembershipClaim)
    assert len(mapped.claim.ties) + len(mapped.rejected) == len(members)
    assert len(mapped.skipped) == sum(bool(tie.left) for tie in mapped.claim.ties)


@PATIENT
@given(KINDS, st.dictionaries(st.sampled_from(NAMES), st.lists(st.text(), max_size=2).map(tuple)))
def test_no_record_whatever_makes_a_mapping_raise(kind: str, fields: dict[str, tuple[str, ...]]) -> None:
    SMALL.read(of_kind(kind, fields))


@PATIENT
@given(st.text(), st.text())
def test_reasons_repeat_no_value(email: str, end: str) -> None:
    mapped = SMALL.read(person(email=f"1234{email}5678"))
    told = [one.because for one in (*mapped.skipped, *mapped.rejected)]
    told += [one.because for one in SMALL.read(group(end=f"1234{end}5678")).rejected]
    assert not [because for because in told if "1234" in because or "5678" in because]


def test_thousands_of_different_dates_are_all_read_right() -> None:
    # the closures remember a bounded number of answers, and must not mix them up
    days = [(date(2020, 1, 1) + timedelta(days=number)).isoformat() for number in range(6000)]
    mapped = SMALL.read(membership(*(member(begin=day) for day in days)))
    assert isinstance(mapped.claim, MembershipClaim)
    assert [tie.begin.isoformat() for tie in mapped.claim.ties if tie.begin] == days


# -- hostile texts --------------------------------------------------------------------------------------------------

ODD = [
    "\t",
    "\x00",
    "&a ",
    "*a",
    "!!python/object/apply:os.system ",
    "---\n",
    "...\n",
    "? ",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    ": ",
]
ODD += ["|\n", ">\n", "%YAML 9.9\n", "<<: ", "#", ",", "\r", "\u2028", "\ufeff", '"\\ud800"', '"\\UFFFFFFFF"']
ODD += ["otherwise", "-", "\n", "  "]


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """A text with some passages cut out, doubled, moved or spoilt."""
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.integers(0, 60)))
        piece = draw(st.one_of(st.sampled_from(ODD), st.text(max_size=8), st.just(text[begin:end] * 2), st.just("")))
        text = text[:begin] + piece + text[end:]
    return text


def mistake_of(step: Callable[[], object]) -> str | None:
    """What reading complains of, as it would be printed; None when all is well. Nothing else may come out of it."""
    try:
        step()
    except UserMistake as mistake:
        return str(mistake).encode().decode()
    return None


@PATIENT
@given(mutated(TEXT))
def test_a_spoilt_mapping_is_a_mistake_or_a_mapping(text: str) -> None:
    assert mistake_of(lambda: parse(text)) != ""


@PATIENT
@given(mutated(ROLE_TEXT))
def test_a_spoilt_role_model_is_a_mistake_or_a_role_model(text: str) -> None:
    assert mistake_of(lambda: parse_roles(text, "r.yaml")) != ""


@settings(PATIENT, max_examples=20)
@given(mutated((ROOT / "mappings" / "ist-everyday.yaml").read_text(encoding="utf-8")))
def test_the_spoilt_mapping_of_the_project_is_a_mistake_or_a_mapping(text: str) -> None:
    assert mistake_of(lambda: parse(text)) != ""


@PATIENT
@given(st.text())
def test_any_text_is_a_mistake(text: str) -> None:
    for read in (
        parse,
        lambda t: parse_roles(t, "r"),
        lambda t: parse_grants(t, "g"),
        lambda t: parse_consents(t, "c"),
    ):
        with pytest.raises(UserMistake):
            read(text)
