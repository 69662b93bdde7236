"""How an export is dressed: the same content indented, prefixed, commented, or as plain IMS Enterprise."""

from __future__ import annotations

import re
from collections.abc import Callable

_ROLE_WORDS = {
    "01": "Learner",
    "02": "Instructor",
    "03": "ContentDeveloper",
    "04": "Member",
    "05": "Manager",
    "06": "Mentor",
    "07": "Administrator",
    "08": "TeachingAssistant",
}
_COMMENTED = re.compile(r"^<(person|group|membership)>")


def plain_ims(text: str) -> str:
    """As IMS Enterprise 1.1: roles as words, idtype as an attribute, members' ids padded."""
    text = re.sub(r'roletype="(\d\d)"', lambda match: f'roletype="{_ROLE_WORDS[match[1]]}"', text)
    text = text.replace("<idtype>1</idtype>", '<idtype idtype="1"/>')
    return re.sub(r"(<member>.*?<id>)([^<]*)(</id>)", r"\1 \2  \3", text)


def commented(text: str) -> str:
    """With an XML comment before and inside, and a `comments` element where the profile allows one."""
    inside = _COMMENTED.sub(r'<\1><!-- <person> i en kommentar --><comments lang="no">Fra labben</comments>', text)
    return f"<!-- neste -->{inside}"


def indented(text: str) -> str:
    """Every element on its own line, as people like to read it."""
    lines: list[str] = []
    depth = 1
    for token in re.findall(r"<!--.*?-->|<[^>]+>[^<]*", text):
        if token.startswith("</"):
            depth -= 1
            if lines and lines[-1].lstrip("\t").startswith(f"<{token[2 : token.index('>')]}") and _is_leaf(lines[-1]):
                lines[-1] += token.rstrip("\n")
                continue
        lines.append("\t" * depth + token.rstrip("\n"))
        if not token.startswith(("</", "<!--")) and "/>" not in token:
            depth += 1
    return "\n".join(lines) + "\n"


def prefixed(text: str) -> str:
    """With a namespace prefix on every element."""
    return re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1p:", text)


def _is_leaf(line: str) -> bool:
    return line.count("<") == 1 and "/>" not in line


STYLES: dict[str, Callable[[str], str]] = {
    "ims-enterprise": plain_ims,
    "comments": commented,
    "indented": indented,
    "prefixed-root": prefixed,
}
"""Quirk -> how it dresses a top-level element, in the order in which they are put on."""
