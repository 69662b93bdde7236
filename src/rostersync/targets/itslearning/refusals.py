"""Why the LMS did not take something, in a sentence that names nobody and says what to do.

No table of its codes is public, so its own words are kept, without anything that could be about a person.
"""

from __future__ import annotations

import re
from typing import Final

from rostersync.targets.itslearning.answers import Status

_KNOWN: Final = (
    (
        re.compile(r"user ?name|login", re.IGNORECASE),
        "the login is taken, or is none to the LMS; see which of its users has it, and correct one of them at its source",
    ),
    (
        re.compile(r"e-?mail", re.IGNORECASE),
        "the LMS asks for an e-mail address that it takes; add one at the source, or have the site not ask for it",
    ),
    (
        re.compile(r"parent portal", re.IGNORECASE),
        "no guardian can be linked while the parent portal is off; switch on the site's two settings for it",
    ),
    (
        re.compile(r"parent|hierarchy", re.IGNORECASE),
        "the LMS does not have what it belongs to, which may be in its trash; restore that there, then resync it",
    ),
    (
        re.compile(r"(person|member|user|object|group).*(not (found|exist)|n't exist|unknown|trash)", re.IGNORECASE),
        "the LMS no longer has the user or the group, so somebody deleted it there; rostersync resync brings it back",
    ),
)
_PERSONAL: Final = re.compile(r"[\"'‘’“”«»].*[\"'‘’“”«»]|\S*[@\d_]\S*|\w+[.-]\w\S*|\b[^\W\d_a-zæøå]\w+")
"""What is quoted, has digits, or a capital: a name, a number, an address, or the beginning of a sentence."""

_LONGEST: Final = 120


def reason(status: Status) -> str:
    """Why something was refused, and what to do."""
    said = f"{status.minor} {status.text}"
    for pattern, sentence in _KNOWN:
        if pattern.search(said):
            return sentence
    return f"the LMS refused it, saying: {quoted(status)}"


def quoted(status: Status) -> str:
    """The LMS's own words, without what may be a name, a number or an address."""
    said = " ".join(_PERSONAL.sub("...", part) for part in (status.minor, status.text) if part)
    return f"{status.major} ({said[:_LONGEST]})" if said else status.major or "nothing"
