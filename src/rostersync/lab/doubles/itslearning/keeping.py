"""Keeps what a site holds in a file, so that a double that ends and begins again is still the same LMS."""

from __future__ import annotations

from pathlib import Path

import msgspec

from rostersync.lab.doubles.itslearning.site import LmsGroup, LmsMembership, LmsPerson, Site


class _Kept(msgspec.Struct):
    persons: dict[str, LmsPerson]
    groups: dict[str, LmsGroup]
    memberships: dict[str, LmsMembership]


def keep(site: Site, path: Path) -> None:
    """Write down everything in the site."""
    path.write_bytes(msgspec.json.encode(_Kept(site.persons, site.groups, site.memberships)))


def kept(root: str, path: Path) -> Site:
    """The site as it was written down; a new one where nothing was."""
    site = Site(root)
    if path.is_file():
        before = msgspec.json.decode(path.read_bytes(), type=_Kept)
        site.furnish(before.persons, before.groups, before.memberships)
    return site
