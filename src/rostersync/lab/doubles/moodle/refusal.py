"""How Moodle says no: an exception with its code, and what only a site with developer debugging tells."""

from __future__ import annotations


class Refusal(Exception):
    """`code` is Moodle's error code; `quoting` is the debug text, which may quote what was sent."""

    def __init__(self, code: str, quoting: str = "") -> None:
        self.code = code
        self.quoting = quoting
        super().__init__(code)
