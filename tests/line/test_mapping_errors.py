"""What is wrong with a mapping is told with its line, all at once, and with the nearest right word."""

from __future__ import annotations

import pytest

from rostersync.errors import Problem, UserMistake
from rostersync.mapping import parse_mapping
from tests.line.mapping_texts import FIELDS, ROLES, TEXT, edited, problems, told_at

HEAD = [
    ("version: 1\nname", "§name", "the file needs `version`"),
    ("version: 1", "§version: 2", 'version "2" is not known to this program, which reads version 1'),
    ("version: 1", "§version:", "the file: `version` is empty"),
    ("version: 1\nname: small-source", "§version: 1", "the mapping needs `name`"),
    ("roles: small", "§roles: big", 'roles must be "small", the role model that the config names for this sync'),
    ("roles: small", "§role: small", 'unknown key "role" (did you mean "roles"?)'),
    ("roles: small", "§weather: fine", 'unknown key "weather"; known: version, name, roles, extends, person, group,'),
    ("roles: small", "§extends: base.yaml", "extends is not possible here"),
]

SECTIONS = [
    ("person:\n  key: sourcedid\n  old", "person:\n  §old", "person needs `key`"),
    ("  old_keys", "§  oldkeys", 'unknown key "oldkeys" (did you mean "old_keys"?)'),
    ("key: [sourcedid, member]", "§key: sourcedid", "membership: key names two fields: [sourcedid, member]"),
    ("key: [sourcedid, member]", "§key: [member, member]", 'unknown field "member"; known: season, sourcedid'),
    ("key: [sourcedid, member]", "key: [sourcedid, member]\n  match: §email", 'unknown match "email"; known: feide_id'),
    ("  key: contact\n", "  key: contact\n  §match: feide_id\n", 'unknown key "match"'),
    ("key: [sourcedid, member]", "§key: [sourcedid, persn]", 'unknown field "persn"; known: begin, end, member,'),
    ("  key: contact\n  kind:", "  §key: contact\n  sort:", "contact needs `kind`"),
    ("  key: contact", "§  key: [contact]", "contact: key must be one text"),
    ("contact:\n  key: contact\n", "§contact: guardian\nx:\n", "contact must be a block of `key: value` lines"),
    ("  key: contact\n", "  key: contact\n  §fields: {}\n", 'unknown key "fields"'),
    (
        "  old_keys: sourcedid.old",
        "  §old_keys: sourcedid.odl",
        'unknown field "sourcedid.odl" (did you mean "sourcedid.old"?)',
    ),
]

PLAIN = "{from: userid.sisID}"
NUMBER = "{from: nin, as: [national_number], sensitive: yes, basis: identification}"
TABLE = "{from: primary, table: {1: yes, otherwise: no}}"
FIELD = [
    ("name.given", "§name.gven", 'unknown field "name.gven" (did you mean "name.given"?)'),
    (PLAIN, "§{from: usrid.sisID}", 'unknown field "usrid.sisID"'),
    (PLAIN, "§{from: userid.}", 'unknown field "userid."'),
    ("given_name:", "§givenname:", 'person has no field "givenname" (did you mean "given_name"?)'),
    (
        "mentor: {",
        "§teacher: {",
        'group has no field "teacher"; known: name, title, parent, number, begin, end, mentor',
    ),
    (PLAIN, "§userid.sisID", "sis_id must be a block of `key: value` lines"),
    (PLAIN, "§{as: [trim]}", "sis_id needs `from`"),
    (PLAIN, "§{from: []}", "sis_id: `from` names no field"),
    (PLAIN, "§{from: [[nin]]}", "sis_id: from must be one text"),
    (PLAIN, "§{from: [{form: nin}]}", 'unknown key "form" (did you mean "from"?)'),
    (PLAIN, "§{from: [{as: [trim]}]}", "sis_id: from needs `from`"),
    (PLAIN, "§{from: nin, required: true}", "required must be yes or no"),
    (PLAIN, "§{from: nin, requird: yes}", 'unknown key "requird" (did you mean "required"?)'),
    (PLAIN, "§{from: nin, as: [trimm]}", 'unknown transform "trimm" (did you mean "trim"?)'),
    (PLAIN, "§{from: nin, as: [sql]}", 'unknown transform "sql"; known: trim, digits, lower, upper,'),
    (PLAIN, "§{from: nin, as: [[trim]]}", "as must be a text or a list of texts"),
    (
        NUMBER,
        "§{from: nin, sensitive: yes, basis: x, space: a}",
        "national_number has a `space`; only local_number, sis_id",
    ),
    (PLAIN, "§{from: nin, space: [a]}", "sis_id: space must be one text"),
    (PLAIN, "§{from: nin, sensitive: yes}", "sis_id is sensitive and needs a `basis`, in the owner's words"),
    (NUMBER, "§{from: nin, sensitive: yes}", "national_number is sensitive and needs a `basis`, in the owner's words"),
    (NUMBER, '§{from: nin, sensitive: yes, basis: " "}', "national_number is sensitive and needs a `basis`"),
    (NUMBER, "§{from: nin, basis: x}", "national_number has a `basis`; say `sensitive: yes` as well"),
    (NUMBER, "§{from: nin}", "national_number must say `sensitive: yes` and give its `basis`"),
    (
        NUMBER,
        "§{from: nin, sensitive: yes, basis: x, required: yes}",
        "national_number cannot be required: a missing number",
    ),
    (
        NUMBER,
        "§{from: nin, sensitive: yes, basis: x, use: decide}",
        "national_number is only for deciding, but the role model",
    ),
    ("use: decide", "use: §match", "nobody is recognised by birth_date; `use: match` is for feide_id, local_number,"),
    ("use: decide", "use: §decides", 'unknown use "decides" (did you mean "decide"?)'),
    (TABLE, "§{from: primary, table: {1: yes}}", "primary: a table must end in `otherwise`"),
    (TABLE, "§{from: primary, table: {otherwise: no, 1: yes}}", "primary: a table must end in `otherwise`"),
    (TABLE, "§{from: primary, table: [1]}", "primary: table must be a block of `key: value` lines"),
    (TABLE, "§{from: primary, table: {1: [yes], otherwise: no}}", "primary: 1 must be one text"),
    (TABLE, '§{from: primary, table: {"": yes, otherwise: no}}', "primary: a table never looks up a missing value"),
    (TABLE, "§{from: primary, table: {1: ja, otherwise: nei}}", "primary needs a `table` whose words are yes and no"),
    (TABLE, "§{from: primary}", "primary needs a `table` whose words are yes and no"),
]

SKIP = "{when: {status: inaktiv}, because: inactive}"
SCHOOL = "{when: {type: skole}, is: school}"
KORPS = "{when: {type: korps}, reject: yes, because: no such thing}"
LAST = "{otherwise: skip, because: not used}"
CHOICE = [
    (SKIP, "§{when: {status: inaktiv}}", "skip needs `because`"),
    (SKIP, "§{when: {status: inaktiv}, because: }", "skip: `because` is empty"),
    (SKIP, "§{because: x}", "skip needs `when`"),
    (SKIP, "§{when: {}, because: x}", "`when` names no field"),
    (SKIP, "§{when: {status: []}, because: x}", 'when: status names no text; write "" for an empty or missing field'),
    (SKIP, "§{when: status, because: x}", "skip: when must be a block of `key: value` lines"),
    (SKIP, "§{when: {statut: x}, because: x}", 'unknown field "statut" (did you mean "status"?)'),
    (SKIP, "§{when: {status: {a: b}}, because: x}", "when: status must be a text or a list of texts"),
    (SKIP, "§{when: {status: x}, is: y, because: x}", 'unknown key "is"; known: when, because'),
    (f"    - {SKIP}", "    §when: {status: inaktiv}", "person: skip must be a list (lines beginning with `-`)"),
    (f"    - {KORPS}\n    - {LAST}", f"    - §{KORPS}", "group: type must end in `otherwise`"),
    ("  role:\n", "  §role: []\nx:\n", "membership: role must end in `otherwise`"),
    (SCHOOL, "§{otherwise: school}", "group: type: `otherwise` must be the last line"),
    (SCHOOL, "§{when: {type: skole}}", "a choice says exactly one of `is: WORD`, `skip: yes`, `reject: yes`"),
    (SCHOOL, "§{when: {type: skole}, is: school, skip: yes}", "a choice says exactly one of `is: WORD`"),
    (SCHOOL, "§{is: school}", "a choice needs `when`"),
    (SCHOOL, "§{when: {type: skole}, is: scool}", 'unknown group kind "scool" (did you mean "school"?)'),
    (SCHOOL, "§{when: {type: skole}, is: [school]}", "group kind must be one text"),
    (SCHOOL, "§{when: {type: skole}, is: school, because: x}", "`because` belongs to skip, reject and question only"),
    (KORPS, "§{when: {type: korps}, reject: yes}", "reject needs `because`"),
    (
        f"  skip:\n    - {SKIP}\ngroup",
        f"  skip:\n    - {SKIP}\n  reject:\n    - §{{when: {{status: x}}}}\ngroup",
        "reject needs `because`",
    ),
    (KORPS, "§{when: {type: korps}, reject: no, because: x}", "write `reject: yes`, and the reason under `because`"),
    (KORPS, "§{when: {type: korps}, skip: maybe, because: x}", "skip must be yes or no"),
    (LAST, "§{otherwise: skip}", "skip needs `because`"),
    (LAST, "§{otherwise: schol}", 'unknown group kind "schol" (did you mean "school"?)'),
    (LAST, "§{otherwise: skipp}", 'unknown group kind "skipp" (did you mean "skip"?)'),
    (LAST, "§{otherwise: avis}", 'unknown group kind "avis"; known: after_school, base_class,'),
    (LAST, "§{otherwise: skip, is: school, because: x}", "`is` does not go with `otherwise`"),
    ("is: pupil}", "is: §pupl}", 'unknown tie word "pupl" (did you mean "pupil"?)'),
    ("is: guardian}", "is: §parent}", 'unknown contact kind "parent"; known: guardian, question'),
    ("{otherwise: question, because: unknown kind}", "§{otherwise: question}", "question needs `because`"),
    ("skip: yes, because: next of kin", "§reject: yes, because: x", "a contact cannot be rejected; say `question`"),
]

GIVEN = "given: {membership: {sourcedid: x/g, member: x/1, roletype: 01}}"
EXPECT = "expect: {membership: {role: pupil}}"
TESTS = [
    (TEXT[TEXT.index("tests:") :], "tests: §[]", "tests is empty; a mapping proves itself by at least one test"),
    (TEXT[TEXT.index("tests:") :], "tests: §all", "tests must be a list"),
    (TEXT[TEXT.index("tests:") :], "tests:\n  - §a pupil", "a test must be a block of `key: value` lines"),
    (GIVEN, "given: {§member: {roletype: 01}}", 'a test cannot give "member" (did you mean "membership"?)'),
    (GIVEN, "given: {membership: {§rolettype: 01}}", 'unknown field "rolettype" (did you mean "roletype"?)'),
    (GIVEN, "given: {membership: {roletype: §{a: b}}}", "roletype must be a text or a list of texts"),
    (GIVEN, "given: {membership: §all}", "membership must be a block of `key: value` lines"),
    (GIVEN, "given: §[membership]", "a test: given must be a block of `key: value` lines"),
    (EXPECT, "expect: {§role: pupil}", 'a membership cannot become "role"; known: membership, skip, reject'),
    (EXPECT, "expect: {membership: {§rle: pupil}}", 'unknown key "rle" (did you mean "role"?)'),
    (EXPECT, "expect: {§skip: x, reject: y}", "`expect` holds exactly one word, with its fields"),
    (f"- name: a pupil\n    {GIVEN}\n    {EXPECT}", f"- §name: a pupil\n    {GIVEN}", "a test needs `expect`"),
    (f"- name: a pupil\n    {GIVEN}", f"- §{GIVEN}", "a test needs `name`"),
    ("- name: a pupil", "- nam: §a pupil", 'unknown key "nam" (did you mean "name"?)'),
]

SYNTAX = [
    ("roles: small", "§roles:\tsmall", "a tab; YAML wants spaces"),
    ("roles: small", "roles: §*small", "an alias (`*`); write the value out, or put it in quotes"),
    ("roles: small", "roles: §&r small", "an anchor (`&`); write the value out, or put it in quotes"),
    ("roles: small", "roles: §!!str small", "a tag (`!`); every value is text, or put it in quotes"),
    ("roles: small", "§---\nroles: small", "a second document (`---`); one file holds one document"),
    ("roles: small", "§name: small", '"name" stands twice; first in line 2'),
    ("roles: small", "§{a: b}: small", "a key must be plain text"),
    ("roles: small", "roles: [small\n§group: {", "not readable as YAML: "),
    ("roles: small", 'roles: §"\\ud800"', "an escaped character in it does not exist"),
    ("roles: small", "roles: §small\x00", "not readable as YAML: a character that text cannot hold"),
    ("roles: small", f"roles: §{'[' * 20}{']' * 20}", "nested deeper than 12 levels"),
]

MISTAKES = [*HEAD, *SECTIONS, *FIELD, *CHOICE, *TESTS, *SYNTAX]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES, ids=[f"{new} - {text}"[:90] for _, new, text in MISTAKES])
def test_a_mistake_is_told_with_its_line(old: str, new: str, message: str) -> None:
    text, line = told_at(edited(old, new))
    told = problems(text)
    assert any(one.startswith(f"small.yaml:{line}: {message}") for one in told), (line, told)


def test_an_escape_of_no_character_is_told() -> None:
    assert problems(edited("roles: small", 'roles: "\\UFFFFFFFF"')) == [
        "small.yaml:1: an escaped character in it does not exist"
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n...\n", '""'])
def test_an_empty_file_is_told(text: str) -> None:
    assert problems(text) == ["small.yaml:1: the file is empty"]


@pytest.mark.parametrize("text", ["- a\n- b\n", "just a sentence"])
def test_a_file_that_is_no_block_is_told(text: str) -> None:
    assert problems(text) == ["small.yaml:1: the file must be a block of `key: value` lines"]


def test_a_file_that_is_far_too_large_is_told() -> None:
    (told,) = problems(TEXT + "# very long\n" * 100_000)
    assert told == "small.yaml:1: the file has more than 1,000,000 characters; it cannot be right"


def test_a_nesting_of_a_hundred_thousand_levels_is_told_at_once() -> None:
    assert problems("a: " + "[" * 100_000) == ["small.yaml:1: nested deeper than 12 levels"]


def test_a_mapping_without_tests_is_refused() -> None:
    assert problems(TEXT[: TEXT.index("tests:")]) == [
        "small.yaml:1: the mapping needs `tests`: at least one record and what must come of it"
    ]


def test_all_problems_are_told_at_once_and_in_file_order() -> None:
    text = edited("name.given", "name.gven")
    text = edited("is: pupil}", "is: pupl}", text)
    text = edited("roles: small", "rolls: small", text)
    text = edited(LAST, "{otherwise: skip}", text)
    told = problems(text)
    assert [one.split(": ", 2)[1].split('"')[0].strip() for one in told] == [
        "unknown key",
        "unknown field",
        "skip needs `because`",
        "unknown tie word",
    ]
    lines = [int(one.split(":")[1]) for one in told]
    assert lines == sorted(lines)


def test_a_problem_is_told_once() -> None:
    told = problems(edited(PLAIN, "{from: [usrid.sisID, usrid.sisID]}"))
    assert len(told) == 1


def test_the_mistake_carries_its_problems_as_values() -> None:
    with pytest.raises(UserMistake) as raised:
        parse_mapping(edited("name.given", "name.gven"), "small.yaml", fields=FIELDS, roles=ROLES)
    assert raised.value.problems == (Problem("small.yaml:8", 'unknown field "name.gven" (did you mean "name.given"?)'),)


def test_windows_line_ends_change_no_line_number() -> None:
    text = edited("name.given", "name.gven")
    assert problems(text.replace("\n", "\r\n")) == problems(text)


def test_a_source_whose_members_are_matched_describes_no_persons() -> None:
    text = edited("key: [sourcedid, member]", "key: [sourcedid, member]\n  match: feide_id")
    message = "members are matched, so this source describes no persons: leave `person` out, or membership's `match`"
    line = TEXT[: TEXT.index("person:\n  key")].count("\n") + 2
    assert f"small.yaml:{line}: {message}" in problems(text)
