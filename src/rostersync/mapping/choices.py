"""Tree -> branches: reads the `skip` and choice lists of a mapping, and notes everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from rostersync.mapping.asking import Asking
from rostersync.mapping.loader import Block, Mark, Node, Problems, Text
from rostersync.mapping.rules import CHOICES, Branch, SectionName, Verb
from rostersync.normalize import clean

When = tuple[tuple[str, frozenset[str]], ...]

_VERBS = ("when", "is", "skip", "reject", "otherwise", "because")
_WORDS: Mapping[SectionName, str] = {"group": "group kind", "membership": "tie word", "contact": "contact kind"}


class ChoiceReader:
    """Reads the branches of one section. `words` are what its choice may say; `offered` checks a source field."""

    def __init__(
        self, problems: Problems, section: SectionName, words: tuple[str, ...], offered: Callable[[Text], str]
    ) -> None:
        self._problems = problems
        self._ask = Asking(problems)
        self._section = section
        self._words = words
        self._offered = offered

    def skips(self, node: Node | None) -> tuple[Branch, ...]:
        """The `skip` list: `{when: ..., because: ...}` lines."""
        return tuple(self._lines("skip", node))

    def rejects(self, node: Node | None) -> tuple[Branch, ...]:
        """The `reject` list, of the same form."""
        return tuple(self._lines("reject", node))

    def _lines(self, verb: Verb, node: Node | None) -> Iterator[Branch]:
        for one in self._ask.series(node, f"{self._section}: {verb}"):
            block = self._ask.block(one, f"{self._section}: a line of {verb}", ("when", "because"))
            if block is not None:
                when = self._ask.required(block, "when", verb, self._when)
                yield Branch(block.mark, when, verb, because=self._because(block, verb))

    def choice(self, mark: Mark, node: Node) -> tuple[Branch, ...]:
        """The choice list, which must end in `otherwise`. `mark` is where its name stands."""
        what = f"{self._section}: {CHOICES[self._section]}"
        found = [self._ask.block(one, f"a line of {what}", _VERBS) for one in self._ask.series(node, what)]
        blocks = [block for block in found if block is not None]
        for block in blocks[:-1]:
            if "otherwise" in block.entries:
                self._problems.add(block.mark, f"{what}: `otherwise` must be the last line")
        if not blocks or "otherwise" not in blocks[-1].entries:
            self._problems.add(blocks[-1].mark if blocks else mark, f"{what} must end in `otherwise`")
        branches = [self._branch(block) for block in blocks]
        return tuple(branch for branch in branches if branch is not None)

    def _branch(self, block: Block) -> Branch | None:
        if "otherwise" in block.entries:
            return self._otherwise(block)
        when = self._ask.required(block, "when", "a choice", self._when)
        verbs = [verb for verb in ("is", "skip", "reject") if verb in block.entries]
        if len(verbs) != 1:
            self._problems.add(block.mark, "a choice says exactly one of `is: WORD`, `skip: yes`, `reject: yes`")
            return None
        (verb,) = verbs
        if verb == "is":
            return self._verdict(block, when, "is", self._word(block.entries[verb][1]))
        if not self._ask.yes(block, verb):
            self._problems.add(block.entries[verb][0], f"write `{verb}: yes`, and the reason under `because`")
        return self._verdict(block, when, cast("Verb", verb), "")

    def _otherwise(self, block: Block) -> Branch:
        for key, (mark, _) in block.entries.items():
            if key in ("when", "is", "skip", "reject"):
                self._problems.add(mark, f"`{key}` does not go with `otherwise`")
        node = block.entries["otherwise"][1]
        if isinstance(node, Text) and node.value in ("skip", "reject"):
            return self._verdict(block, (), cast("Verb", node.value), "")
        return self._verdict(block, (), "is", self._word(node, "skip", "reject"))

    def _verdict(self, block: Block, when: When, verb: Verb, word: str) -> Branch:
        if verb == "reject" and self._section == "contact":
            self._problems.add(block.mark, "a contact cannot be rejected; say `question`, and a human will look at it")
        if verb != "is" or word == "question":
            return Branch(block.mark, when, verb, word, self._because(block, word or verb))
        if "because" in block.entries:
            self._problems.add(block.entries["because"][0], "`because` belongs to skip, reject and question only")
        return Branch(block.mark, when, verb, word)

    def _because(self, block: Block, verb: str) -> str:
        return clean(self._ask.required(block, "because", verb, self._ask.text))

    def _word(self, node: Node, *more: str) -> str:
        return self._ask.word(node, _WORDS[self._section], (*self._words, *more))

    def _when(self, node: Node | None, what: str) -> When:
        block = self._ask.block(node, what)
        if block is None:
            return ()
        if not block.entries:
            self._problems.add(block.mark, "`when` names no field")
        tests = []
        for name, (mark, values) in block.entries.items():
            texts = self._ask.texts(values, f"when: {name}")
            if not texts:
                self._problems.add(values.mark, f'when: {name} names no text; write "" for an empty or missing field')
            tests.append((self._offered(Text(mark, name)), frozenset(clean(text.value).casefold() for text in texts)))
        return tuple(tests)
