"""Settings -> the working parts of one sync: connectors, mappings, role model, local lists and targets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from rostersync import connectors, targets
from rostersync.config import Settings, SourceSettings, SyncSettings, TargetSettings
from rostersync.connectors import Connector
from rostersync.desire import Rules
from rostersync.errors import Problem, UserMistake
from rostersync.mapping import ConsentEntry, GrantEntry, parse_consents, parse_grants, parse_mapping, parse_roles
from rostersync.mapping import Mapping as SourceMapping
from rostersync.model import RoleModel, Wordings
from rostersync.targets import Target

ENGINE = "1"
"""Raised whenever the same bytes and mapping would give other claims, so that everything is read again."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SourcePart:
    """One source, ready to be read."""

    settings: SourceSettings
    connector: Connector
    mapping: SourceMapping

    @property
    def versions(self) -> str:
        """What, besides bytes and settings, decides the claims of this source: a change of it re-reads everything."""
        told = f"{ENGINE} {self.mapping.digest}"
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class TargetPart:
    """One target, ready to be delivered to."""

    settings: TargetSettings
    target: Target


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything one sync works with. `digest` changes when anything does that can change what is desired of anyone.

    `fed` are the targets of every sync that reads one of these sources: what is taken in here concerns them all.
    """

    settings: SyncSettings
    sources: tuple[SourcePart, ...]
    targets: tuple[TargetPart, ...]
    rules: Rules
    grants: tuple[GrantEntry, ...]
    consents: tuple[ConsentEntry, ...]
    digest: str
    fed: tuple[str, ...]

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources in order of precedence."""
        return tuple(source.settings.name for source in self.sources)

    def target(self, name: str) -> TargetPart:
        """The target of that name."""
        return next(part for part in self.targets if part.settings.name == name)


class _Gathering:
    """Runs every step even when an earlier one failed, so that all problems are told at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def attempt(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except UserMistake as mistake:
            self.problems += mistake.problems
            return None


def assemble(settings: Settings, name: str) -> Parts:
    """Build the parts of a sync.

    Raises:
        UserMistake: every problem of its mappings, role model and local lists.
    """
    sync = settings.sync(name)
    gathering = _Gathering()
    roles = gathering.attempt(lambda: parse_roles(_text(sync.roles), sync.roles.name, _wordings()))
    sources = (
        [gathering.attempt(partial(_source, settings.sources[one], roles)) for one in sync.sources] if roles else []
    )
    grants = gathering.attempt(lambda: _list(sync.grants, parse_grants)) or ()
    consents = gathering.attempt(lambda: _list(sync.consents, parse_consents)) or ()
    built = [gathering.attempt(partial(_target, settings.targets[one], roles)) for one in sync.targets] if roles else []
    if gathering.problems or roles is None:
        raise UserMistake(gathering.problems)
    read = tuple(source for source in sources if source)
    rules = _rules(sync, roles, read)
    return Parts(
        settings=sync,
        sources=read,
        targets=tuple(target for target in built if target),
        rules=rules,
        grants=tuple(grants),
        consents=tuple(consents),
        digest=_digest(sync, rules, grants, consents),
        fed=_fed(settings, sync),
    )


def _rules(sync: SyncSettings, roles: RoleModel, sources: tuple[SourcePart, ...]) -> Rules:
    return Rules(
        roles=roles,
        guardian_user=sync.guardian_user,
        calendar=sync.calendar,
        login_wait=sync.login_wait,
        adding=frozenset(one.settings.name for one in sources if not one.settings.departs),
        matching={one.settings.name: one.mapping.matching for one in sources if one.mapping.matching},
    )


def _fed(settings: Settings, sync: SyncSettings) -> tuple[str, ...]:
    reading = [one for one in settings.syncs.values() if set(one.sources) & set(sync.sources)]
    return tuple(dict.fromkeys(target for one in reading for target in one.targets))


def with_lists(parts: Parts) -> Parts:
    """The same parts with the local lists as they stand now: who keeps access must not wait for anything else.

    Raises:
        UserMistake: a list cannot be used.
    """
    sync = parts.settings
    grants, consents = _list(sync.grants, parse_grants), _list(sync.consents, parse_consents)
    digest = _digest(sync, parts.rules, grants, consents)
    return replace(parts, grants=grants, consents=consents, digest=digest)


def _source(settings: SourceSettings, roles: RoleModel) -> SourcePart:
    connector = connectors.make(settings.type, settings.name, settings.settings)
    path = settings.mapping
    mapping = parse_mapping(
        _text(path), path.name, fields=connector.fields, roles=roles, include=lambda other: _text(path.parent / other)
    )
    return SourcePart(settings, connector, mapping)


def _target(settings: TargetSettings, roles: RoleModel) -> TargetPart:
    """What the role model says of such a target fills its settings, but for those that the config itself gives."""
    words = targets.worded(settings.type, roles.targets.get(settings.type, {}))
    filled = replace(settings.settings, **{key: word for key, word in words.items() if key not in settings.given})
    settings = replace(settings, settings=filled)
    return TargetPart(settings, targets.make(settings.type, settings.name, filled))


def _wordings() -> dict[str, Wordings]:
    return {kind: found for kind in targets.types() if (found := targets.wordings(kind))}


def _list(path: Path | None, parse: Callable[[str, str], list[T]]) -> tuple[T, ...]:
    return () if path is None else tuple(parse(_text(path), path.name))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UserMistake([Problem(str(path), f"cannot be read: {reason}")]) from None


def _digest(sync: SyncSettings, rules: Rules, grants: object, consents: object) -> str:
    told: Mapping[str, object] = {
        "roles": rules.roles.digest,
        "sources": sync.sources,
        "adding": sorted(rules.adding),
        "matching": {name: sorted(fields) for name, fields in rules.matching.items()},
        "guardian_user": sync.guardian_user,
        "login_wait": sync.login_wait,
        "calendar": sync.calendar,
        "departed": sync.departed,
        "grants": grants,
        "consents": consents,
    }
    return hashlib.blake2b(msgspec.json.encode(told, order="deterministic"), digest_size=16).hexdigest()
