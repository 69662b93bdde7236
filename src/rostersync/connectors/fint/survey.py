"""Looks at FINT before the first run: whether we get in, and which fields access control has taken out of every entry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rostersync.connectors.fint.asking import Fint
from rostersync.connectors.fint.entries import Entry, entry_of
from rostersync.connectors.fint.links import targets
from rostersync.connectors.fint.resources import GROUPS, RELATIONS, RESOURCES, Resource
from rostersync.connectors.fint.settings import Settings

_LOOKED_AT: Final = 200
"""Entries of each resource that are looked at: enough for a field that some lack for good reasons."""

_NEEDED: Final = {
    "skole": ("navn", "organisasjonsnummer"),
    "person": ("fodselsnummer", "navn", "fodselsdato"),
    "elev": ("systemId", "feidenavn", "person"),
    "elevforhold": ("gyldighetsperiode", "hovedskole", "elev", "skole", "kategori"),
    "elevkategori": ("navn",),
    "undervisningsforhold": ("skoleressurs", "skole"),
    "skoleressurs": ("systemId", "feidenavn", "personalressurs"),
    "personalressurs": ("person",),
    "ansatt": ("fodselsnummer", "navn"),
    "organisasjonselement": ("leder",),
    **dict.fromkeys(GROUPS, ("navn", "skole")),
    **{f"{group}medlemskap": ("elevforhold", RELATIONS[group]) for group in GROUPS},
}
"""Resource -> the fields and relations that a roster is made of; of several names one will do."""

_OF_PARENTS: Final = ("kontaktinformasjon", ("foreldre", "foreldreansvar"))


def survey(fint: Fint, settings: Settings) -> list[str]:
    """What is wrong, in sentences.

    Raises:
        SourceUnavailable: FINT does not answer, or refuses us.
        UserMistake: the account cannot be used.
    """
    return [sentence for resource in RESOURCES for sentence in _looked_at(fint, resource, settings)]


def _looked_at(fint: Fint, resource: Resource, settings: Settings) -> Iterator[str]:
    path = resource.at(fint.model)
    size = fint.size(resource)
    if size is None:
        yield f"{path} is not there for us, so {resource.without}; ask for access in the customer portal"
        return
    entries = [entry_of(raw) for raw in fint.page(resource, fint.body(resource, 0, _LOOKED_AT)).entries]
    if not entries:
        if resource.name not in settings.may_be_empty and not resource.spare:
            yield f"{path} is empty; its cache may be filling, or access to it is missing in the customer portal"
        return
    needed: tuple[str | tuple[str, ...], ...] = _NEEDED.get(resource.name, ())
    if resource.name == "person" and settings.guardians:
        needed += _OF_PARENTS
    nowhere = [_named(one) for one in needed if not any(_has(entry, one) for entry in entries)]
    if not any(any(targets(entry.links.self_)) for entry in entries):
        nowhere.append("a self link")
    if nowhere:
        yield (
            f"none of the first {len(entries)} entries of {path} has {', '.join(nowhere)}; ask for it in the customer "
            "portal, where access is given field by field"
        )


def _named(one: str | tuple[str, ...]) -> str:
    return one if isinstance(one, str) else " or ".join(one)


def _has(entry: Entry, one: str | tuple[str, ...]) -> bool:
    return any(_value(entry, name) not in (None, [], "") for name in ((one,) if isinstance(one, str) else one))


def _value(entry: Entry, name: str) -> Any:
    return getattr(entry.links, name, None) or getattr(entry, name, None)
