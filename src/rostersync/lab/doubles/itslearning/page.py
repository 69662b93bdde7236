"""What a site holds, as a page of text for whoever opens its address: how many of everything, and who is in the trash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from rostersync.lab.doubles.itslearning.site import Site

_MOST: Final = 50


def page(site: Site) -> str:
    """The page."""
    return "\n".join(_lines(site)) + "\n"


def _lines(site: Site) -> Iterator[str]:
    active = site.active()
    groups = Counter(one.kind for one in site.groups.values() if not one.trashed and one.kind != "Site")
    yield "itslearning as the lab has it. Nobody in it exists.\n"
    yield from _counted("users", Counter(one.profile for one in active.values()))
    yield from _counted("hierarchies", groups)
    yield f"{len(site.memberships):>9,} memberships"
    yield f"{sum(len(one.children) for one in active.values()):>9,} guardian links"
    trashed = sorted((one.last, one.first, one.profile) for one in site.persons.values() if one.trashed)
    yield f"{len(trashed):>9,} in the trash"
    yield from (f"{'':>12}{first} {last}, {profile}" for last, first, profile in trashed[:_MOST])
    if len(trashed) > _MOST:
        yield f"{'':>12}and {len(trashed) - _MOST:,} more"


def _counted(title: str, counts: Counter[str]) -> Iterator[str]:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
    yield f"{counts.total():>9,} {title}{f': {kinds}' if kinds else ''}"
