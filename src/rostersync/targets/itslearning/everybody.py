"""Reads the users of a whole site, a page at a time, for adoption and for `check --online`. It changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rostersync.errors import RostersyncError
from rostersync.targets import Existing
from rostersync.targets.itslearning.answers import Person, persons, total
from rostersync.targets.itslearning.service import Site
from rostersync.targets.itslearning.settings import Settings

PAGE: Final = 100
"""The vendor advises no more (developer.itslearning.com, readAllPersons)."""

_FEW: Final = 10
_MOST_PAGES: Final = 100_000


def existing(site: Site, settings: Settings) -> Iterator[Existing]:
    """Every user who has a sync id.

    Raises:
        TargetUnavailable: the site refuses to be read.
    """
    seen: set[str] = set()
    for number in range(1, _MOST_PAGES):
        found, count = _page(site, number, PAGE)
        fresh = [one for one in found if one.key and one.key not in seen]
        seen.update(one.key for one in fresh)
        for one in fresh:
            yield Existing(one.key, dict(one.fields).get(settings.national_number, ""), one.login)
        if len(found) < PAGE or (count is not None and number * PAGE >= count):
            return


def complaints(site: Site, settings: Settings) -> Iterator[str]:
    """What is wrong with the site as it stands, in sentences."""
    try:
        found, _ = _page(site, 1, _FEW)
    except RostersyncError as error:
        yield str(error)
        return
    field = settings.national_number
    ours = [one for one in found if one.fields]
    if field != "none" and ours and not any(name == field for one in ours for name, _ in one.fields):
        yield (
            f"of {len(ours)} users with further fields none has {field}: see that the site's administrator has switched it "
            'on, or write national_number = "none"'
        )


def _page(site: Site, number: int, size: int) -> tuple[list[Person], int | None]:
    # ConvertFromManual would write: it is told to be false, though false is what it is when left out.
    inside = (
        f"<m:PageIndex>{number}</m:PageIndex><m:PageSize>{size}</m:PageSize><m:CreatedFrom>0001-01-01T00:00:00</m:CreatedFrom>"
        "<m:OnlyManuallyCreatedUsers>false</m:OnlyManuallyCreatedUsers><m:ConvertFromManual>false</m:ConvertFromManual>"
    )
    answer = site.ask("extended", "readAllPersons", inside)
    if any(not status.good for status in answer.statuses):
        raise site.refused("readAllPersons")
    return list(persons(answer.document)), total(answer.document)
