"""The tables, and nothing else. Every text that could name a human is sealed; every key from outside is a surrogate.

Four groups: what sources say (source .. contact), what people here decided (pin .. origin), what targets hold and what
happened (known .. journal), and what others changed there (drift .. drift_walk). Dates are YYYY-MM-DD text and moments
RFC 3339 text, so both databases sort them alike.
"""

from rostersync.store.tables.base import Number, meta, metadata
from rostersync.store.tables.decisions import alias, apart, denial, origin, pin, protection, question
from rostersync.store.tables.drift import drift, drift_ignored, drift_walk
from rostersync.store.tables.sources import (
    claim,
    contact,
    group,
    identifier,
    link,
    login_key,
    person,
    snapshot_refused,
    snapshot_release,
    source,
    tie,
)
from rostersync.store.tables.targets import (
    approval,
    dirty,
    dirty_group,
    due,
    journal,
    known,
    known_place,
    outbox,
    outcome,
    plan,
    refusal,
    run,
    tally,
)

__all__ = [
    "Number",
    "alias",
    "apart",
    "approval",
    "claim",
    "contact",
    "denial",
    "dirty",
    "dirty_group",
    "drift",
    "drift_ignored",
    "drift_walk",
    "due",
    "group",
    "identifier",
    "journal",
    "known",
    "known_place",
    "link",
    "login_key",
    "meta",
    "metadata",
    "origin",
    "outbox",
    "outcome",
    "person",
    "pin",
    "plan",
    "protection",
    "question",
    "refusal",
    "run",
    "snapshot_refused",
    "snapshot_release",
    "source",
    "tally",
    "tie",
]
