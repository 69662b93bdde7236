"""Asks a tree of nodes for what it should be, and notes a problem with its line where it is something else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import TypeVar

from rostersync.mapping.loader import Block, Node, Problems, Series, Text

T = TypeVar("T")

_LISTED = 20


def hint(word: str, words: Iterable[str]) -> str:
    """What follows `unknown ... "word"`: the nearest right word, or all of them when none is near and they are few."""
    right = list(words)
    if near := get_close_matches(word, right, n=1):
        return f' (did you mean "{near[0]}"?)'
    return f"; known: {', '.join(right)}" if 0 < len(right) <= _LISTED else ""


class Asking:
    """Asks nodes for what they should be, and notes a problem where they are something else."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def block(self, node: Node | None, what: str, allowed: Iterable[str] | None = None) -> Block | None:
        """The node as a block whose keys are all among `allowed`."""
        if not isinstance(node, Block):
            if node is not None:
                self.problems.add(node.mark, f"{what} must be a block of `key: value` lines")
            return None
        if allowed is not None:
            self.known_keys(node, tuple(allowed))
        return node

    def known_keys(self, block: Block, allowed: Sequence[str]) -> None:
        """Note every key that is not among `allowed`."""
        for key, (mark, _) in block.entries.items():
            if key not in allowed:
                self.problems.add(mark, f'unknown key "{key}"{hint(key, allowed)}')

    def series(self, node: Node | None, what: str) -> tuple[Node, ...]:
        """The nodes of a series."""
        if isinstance(node, Series):
            return node.nodes
        if node is not None:
            self.problems.add(node.mark, f"{what} must be a list (lines beginning with `-`)")
        return ()

    def text(self, node: Node | None, what: str) -> str:
        """The text of a scalar."""
        if isinstance(node, Text):
            return node.value
        if node is not None:
            self.problems.add(node.mark, f"{what} must be one text")
        return ""

    def texts(self, node: Node | None, what: str) -> tuple[Text, ...]:
        """One text or a list of texts."""
        nodes = node.nodes if isinstance(node, Series) else (node,) if node is not None else ()
        if any(not isinstance(one, Text) for one in nodes):
            self.problems.add(nodes[0].mark, f"{what} must be a text or a list of texts")
        return tuple(one for one in nodes if isinstance(one, Text))

    def yes(self, block: Block, key: str) -> bool:
        """Whether a key says `yes`; a missing key is no, and any other word a problem."""
        node = block.get(key)
        if node is None:
            return False
        if not isinstance(node, Text) or node.value not in ("yes", "no"):
            self.problems.add(node.mark, f"{key} must be yes or no")
            return False
        return node.value == "yes"

    def word(self, node: Node | None, what: str, words: Iterable[str]) -> str:
        """A text that is one of some words."""
        word = self.text(node, what)
        choices = sorted(words)
        if isinstance(node, Text) and word not in choices:
            self.problems.add(node.mark, f'unknown {what} "{word}"{hint(word, choices)}')
            return ""
        return word

    def required(self, block: Block, key: str, what: str, read: Callable[[Node | None, str], T]) -> T:
        """The node under a key that must be there, read with `read`."""
        node = block.get(key)
        if node is None:
            self.problems.add(block.mark, f"{what} needs `{key}`")
        elif isinstance(node, Text) and not node.value.strip():
            self.problems.add(node.mark, f"{what}: `{key}` is empty")
        return read(node, f"{what}: {key}")

    def version(self, block: Block) -> None:
        """Every file says `version: 1`, so that a later program can tell an older file."""
        version = self.required(block, "version", "the file", self.text)
        if version not in ("", "1"):
            self.problems.add(
                block.entries["version"][0], f'version "{version}" is not known to this program, which reads version 1'
            )
