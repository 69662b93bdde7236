"""Who leads a school: the leader of the organisational unit that the school is, where that employee is at a school at all."""

from __future__ import annotations

from rostersync.connectors.fint.entries import entry_of
from rostersync.connectors.fint.filing import Shelves
from rostersync.connectors.fint.links import own, target, targets
from rostersync.connectors.fint.lookups import by_link, own_links


def leaders(shelves: Shelves) -> dict[str, set[str]]:
    """School -> those who lead it, both by their own links. FINT names a leader by her employment (personalressurs)."""
    units = by_link(shelves, "organisasjonselement", lambda unit: tuple(targets(unit.links.leder)))
    if not units:
        return {}
    led: dict[str, set[str]] = {}
    for raw in shelves.entries("skole"):
        links = entry_of(raw).links
        if leading := units.get(target(links.organisasjon), ()):
            led[own(targets(links.self_))] = set(leading)
    employments = own_links(shelves, "personalressurs")
    staff: dict[str, str] = {}
    for raw in shelves.entries("skoleressurs"):
        links = entry_of(raw).links
        employment = target(links.personalressurs)
        staff.setdefault(employments.get(employment, employment), own(targets(links.self_)))
    return {
        school: {staff[one] for one in (employments.get(link, link) for link in leading) if one in staff}
        for school, leading in led.items()
    }
