"""Mapping files: the YAML that municipal IT edits -> a `Mapping` that turns a source's records into claims.

Everything here is pure: texts come in from outside, and nothing is read from disk.
"""

from __future__ import annotations

from rostersync.mapping.lists import ConsentEntry, GrantEntry, parse_consents, parse_grants
from rostersync.mapping.parsing import ENGINE_VERSION, Mapping, parse_mapping
from rostersync.mapping.readers import Mapped
from rostersync.mapping.rolemodel import parse_roles

__all__ = [
    "ENGINE_VERSION",
    "ConsentEntry",
    "GrantEntry",
    "Mapped",
    "Mapping",
    "parse_consents",
    "parse_grants",
    "parse_mapping",
    "parse_roles",
]
