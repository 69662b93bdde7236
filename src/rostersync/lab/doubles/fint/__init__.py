"""FINT as a double: a county's caches behind paths, with real paging, deltas, tokens, and the troubles these have."""

from rostersync.lab.doubles.fint.cache import Cache
from rostersync.lab.doubles.fint.county import county
from rostersync.lab.doubles.fint.double import ACCOUNT, FAULTS, FintDouble

__all__ = ["ACCOUNT", "FAULTS", "Cache", "FintDouble", "county"]
