"""Finds the next page of a list that comes in pages with links (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin

_NEXT: Final = re.compile(r"""<([^>]*)>\s*;[^,]*\brel\s*=\s*"?next\b""", re.IGNORECASE)


def next_page(headers: Mapping[str, str], base: str) -> str:
    """The address of the next page, by an answer's headers (lower-case names); empty after the last. `base` ends in `/`."""
    found = _NEXT.search(headers.get("link", ""))
    return urljoin(base, found[1]) if found else ""
