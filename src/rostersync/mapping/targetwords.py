"""The section `targets` of a role model: what our roles and group kinds are called at each type of target."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from rostersync.mapping.asking import Asking, hint
from rostersync.mapping.loader import Block, Node
from rostersync.model import Told, Wording, Wordings

_NEVER = "system_administrator"


class TargetWords:
    """Reads the section. `wordings` says what each type of target takes; None takes everything, unread."""

    def __init__(self, ask: Asking, wordings: Mapping[str, Wordings] | None, kinds: Collection[str]) -> None:
        self._ask = ask
        self._wordings = wordings
        self._kinds = kinds

    def read(self, node: Node | None) -> dict[str, Told]:
        """Type of target -> its tables."""
        if self._wordings is None:
            return {}
        block = self._ask.block(node, "targets", tuple(self._wordings))
        return {kind: self._target(kind, inner) for kind, inner in _entries(block) if kind in self._wordings}

    def _target(self, kind: str, node: Node) -> Told:
        wordings = (self._wordings or {})[kind]
        block = self._ask.block(node, f"targets: {kind}", tuple(wordings))
        return {
            name: self._table(f"{kind}: {name}", wordings[name], inner)
            for name, inner in _entries(block)
            if name in wordings
        }

    def _table(self, what: str, wording: Wording, node: Node) -> dict[str, tuple[str, ...]]:
        block = self._ask.block(node, what)
        if block is None:
            return {}
        ours, theirs = tuple(self._kinds), tuple(wording.settings)
        if not wording.kinds:
            ours, theirs = theirs, wording.words
        for key, (mark, _) in block.entries.items():
            if key == _NEVER:
                self._ask.problems.add(
                    mark, f"{what}: a system administrator is never made by a sync; leave that line out"
                )
            elif key not in ours:
                self._ask.problems.add(mark, f'{what}: unknown word "{key}"{hint(key, ours)}')
        missing = [kind for kind in self._kinds if wording.kinds and kind not in block.entries]
        if missing:
            said = f"say what these become ({', '.join(theirs)}): {', '.join(missing)}"
            self._ask.problems.add(block.mark, f"{what}: {said}")
        return {key: self._words(f"{what}: {key}", wording, theirs, value) for key, value in _entries(block)}

    def _words(self, what: str, wording: Wording, theirs: Collection[str], node: Node) -> tuple[str, ...]:
        said = self._ask.texts(node, what)
        if len(said) != 1 and not wording.kinds:
            self._ask.problems.add(node.mark, f"{what} must be one text")
        for text in said:
            if wording.numbers and not text.value.isdecimal():
                self._ask.problems.add(
                    text.mark, f'{what}: "{text.value}" is no number, which is what the target goes by'
                )
            elif theirs and text.value not in theirs:
                self._ask.problems.add(text.mark, f'{what}: unknown word "{text.value}"{hint(text.value, theirs)}')
        return tuple(text.value for text in said)


def _entries(block: Block | None) -> Iterator[tuple[str, Node]]:
    for key, (_, node) in block.entries.items() if block else ():
        yield key, node
