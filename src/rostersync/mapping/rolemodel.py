"""Parses `mappings/roles/*.yaml` into the role model of one owner, and runs the tests in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import TypeVar

from rostersync.mapping.asking import Asking, hint
from rostersync.mapping.loader import Block, Mark, Node, Problems, load
from rostersync.mapping.rules import GROUP_KINDS
from rostersync.mapping.targetwords import TargetWords
from rostersync.model import PERSON_FIELDS, ROLES, Role, RoleModel, Samlegruppe, Wordings
from rostersync.normalize import clean

T = TypeVar("T", bound=str)

_NEEDED = ("version", "name", "ties", "release", "groups", "samlegrupper")
_SECTIONS = (*_NEEDED, "suggests", "revealing", "neutral_title", "targets", "tests")
_ALWAYS = ("given_name", "family_name")

_TIED: tuple[Role, ...] = ("staff", "pupil")
"""What a tie can make of somebody. More than staff comes from the grants file, a guardian from a guardianship."""
_SUGGESTED: tuple[Role, ...] = ("super_user", "school_leader")
_JOINING: tuple[Role, ...] = ("staff", "pupil", "guardian")


def parse_roles(text: str, name: str, wordings: Mapping[str, Wordings] | None = None) -> RoleModel:
    """Read a role model, and run the tests in it.

    `wordings` is what each type of target takes in the section `targets`, which is not looked at without it.

    Raises:
        UserMistake: every problem, as `name:LINE: text`.
    """
    problems = Problems()
    root = load(text, name, problems)
    if root is None:
        raise problems.mistake()
    reader = _RoleReader(problems, wordings)
    model = reader.model(root, blake2b(text.encode(), digest_size=16).hexdigest())
    if not problems:
        reader.run_tests(root.get("tests"), model)
    if problems:
        raise problems.mistake()
    return model


class _RoleReader:
    def __init__(self, problems: Problems, wordings: Mapping[str, Wordings] | None) -> None:
        self._problems = problems
        self._wordings = wordings
        self._ask = Asking(problems)

    def model(self, root: Block, digest: str) -> RoleModel:
        """The role model; meaningless when a problem was noted."""
        self._ask.known_keys(root, _SECTIONS)
        self._ask.version(root)
        for section in _NEEDED:
            self._ask.required(root, section, "a role model", lambda node, _: node)
        ties = self._ties(root.get("ties"), "ties", _TIED)
        suggests = self._ties(root.get("suggests"), "suggests", _SUGGESTED)
        for word, (mark, _) in self._entries(root.get("suggests"), "suggests"):
            if word not in ties:
                self._problems.add(mark, f'suggests: unknown tie word "{word}"{hint(word, ties)}')
        revealing = self._ask.texts(root.get("revealing"), "revealing")
        neutral = clean(self._ask.text(root.get("neutral_title"), "neutral_title"))
        if revealing and not neutral:
            self._problems.add(revealing[0].mark, "revealing words need a `neutral_title` for their groups")
        groups = self._groups(root.get("groups"))
        samlegrupper = self._samlegrupper(root.get("samlegrupper"), ties)
        words = TargetWords(self._ask, self._wordings, (*groups, *(one.kind for one in samlegrupper)))
        return RoleModel(
            name=clean(self._ask.text(root.get("name"), "name")),
            ties=ties,
            suggests=suggests,
            release=self._release(root),
            groups=groups,
            samlegrupper=samlegrupper,
            revealing=tuple(clean(word.value).casefold() for word in revealing),
            neutral_title=neutral,
            targets=words.read(root.get("targets")),
            digest=digest,
        )

    def _entries(self, node: Node | None, what: str) -> Iterable[tuple[str, tuple[Mark, Node]]]:
        block = self._ask.block(node, what)
        return block.entries.items() if block else ()

    def _words(self, node: Node | None, what: str, words: tuple[T, ...]) -> tuple[T, ...]:
        """A list of words, in the order of the right ones."""
        said = self._ask.texts(node, what)
        for text in said:
            if text.value not in words:
                self._problems.add(text.mark, f'{what}: unknown word "{text.value}"{hint(text.value, words)}')
        chosen = {text.value for text in said}
        return tuple(word for word in words if word in chosen)

    def _one(self, node: Node | None, what: str, words: tuple[T, ...]) -> T:
        """One word; the first right one stands in for a wrong one, whose problem is noted."""
        word = self._ask.word(node, what, words)
        return next((one for one in words if one == word), words[0])

    def _ties(self, node: Node | None, what: str, roles: tuple[Role, ...]) -> dict[str, Role]:
        return {word: self._one(role, f"role of {word}", roles) for word, (_, role) in self._entries(node, what)}

    def _release(self, root: Block) -> dict[Role, tuple[str, ...]]:
        released: dict[Role, tuple[str, ...]] = {}
        for word, (mark, node) in self._entries(root.get("release"), "release"):
            role = next((one for one in ROLES if one == word), None)
            if role is None:
                self._problems.add(mark, f'release: unknown role "{word}"{hint(word, ROLES)}')
                continue
            released[role] = self._words(node, f"release: {role}", PERSON_FIELDS)
            if set(released[role]) & set(_ALWAYS):
                self._problems.add(node.mark, f"release: {role}: leave out given_name and family_name; they always go")
        for role in ROLES:
            if "release" in root.entries and role not in released:
                self._problems.add(
                    root.entries["release"][0],
                    f"release says nothing of {role}; write `{role}: []` for no more than the name",
                )
        return released

    def _groups(self, node: Node | None) -> dict[str, frozenset[Role]]:
        groups = {}
        for kind, (mark, roles) in self._entries(node, "groups"):
            if kind not in GROUP_KINDS:
                self._problems.add(mark, f'groups: unknown group kind "{kind}"{hint(kind, GROUP_KINDS)}')
            groups[kind] = frozenset(self._words(roles, f"groups: {kind}", _JOINING))
        return groups

    def _samlegrupper(self, node: Node | None, ties: Mapping[str, Role]) -> tuple[Samlegruppe, ...]:
        found = []
        for kind, (mark, body) in self._entries(node, "samlegrupper"):
            block = self._ask.block(body, kind, ("title", "ties", "role", "guardians"))
            if block is None:
                continue
            guardians = self._ask.yes(block, "guardians")
            members = self._words(block.get("ties"), f"{kind}: ties", tuple(ties))
            if bool(members) == guardians:
                self._problems.add(mark, f"{kind} gathers either the holders of some `ties`, or `guardians: yes`")
            title = clean(self._ask.required(block, "title", kind, self._ask.text))
            role = self._ask.required(block, "role", kind, lambda one, what: self._one(one, what, _JOINING))
            found.append(Samlegruppe(kind, title, frozenset(members), role, guardians))
        return tuple(found)

    # -- the tests in the file --

    def run_tests(self, node: Node | None, model: RoleModel) -> None:
        """Tests say what a tie word or a role leads to: `{name, given: {tie: WORD}, expect: {role: ..., ...}}`."""
        for one in self._ask.series(node, "tests"):
            block = self._ask.block(one, "a test", ("name", "given", "expect"))
            if block is not None:
                self._run_test(block, model)

    def _run_test(self, block: Block, model: RoleModel) -> None:
        name = self._ask.required(block, "name", "a test", self._ask.text)
        given = self._ask.required(block, "given", "a test", self._ask.block)
        expect = self._ask.required(block, "expect", "a test", self._ask.block)
        if given is None or expect is None:
            return
        self._ask.known_keys(given, ("tie", "role"))
        came = self._leads_to(given, model)
        self._ask.known_keys(expect, tuple(came))
        for field, (_, value) in expect.entries.items():
            expected = {text.value for text in self._ask.texts(value, field)}
            if field in came and expected != came[field]:
                said = f"expected {field} {_listed(expected)}, came {_listed(came[field])}"
                self._problems.add(block.mark, f'test "{name}" fails: {said}')

    def _leads_to(self, given: Block, model: RoleModel) -> dict[str, set[str]]:
        if "tie" in given.entries:
            tie = self._ask.word(given.get("tie"), "tie word", model.ties)
            return {
                "role": {role for word, role in model.ties.items() if word == tie},
                "suggests": {role for word, role in model.suggests.items() if word == tie},
                "samlegrupper": {one.kind for one in model.samlegrupper if tie in one.ties},
            }
        role = self._one(given.get("role"), "role", ROLES)
        return {
            "release": set(model.release[role]),
            "groups": {kind for kind, roles in model.groups.items() if role in roles},
        }


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "nothing"
