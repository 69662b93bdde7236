"""The target protocol: how an LMS is told what to hold, and how a target is found by its type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from msgspec import Struct

from rostersync.model import Delivery, Kind, Outcome, Placed, Told, Wordings


class Existing(Struct, frozen=True):
    """A user that the LMS already holds, as far as it can be read back. Used by `adopt` only, never stored in clear."""

    target_key: str
    national_number: str = ""
    login: str = ""
    enabled: bool = True


class Target(Protocol):
    """One configured LMS. Everything it does is idempotent: delivering twice is harmless."""

    @property
    def supports(self) -> frozenset[Kind]:
        """The kinds this LMS can hold; what is missing is carried otherwise or not at all, and the report says so."""
        ...

    @property
    def whole(self) -> bool:
        """True when every delivery rewrites the complete set (a file), so known moves once after it."""
        ...

    @property
    def connections(self) -> int:
        """How many calls of `deliver` may run at the same time, each in a thread of its own: 1 to 8.

        The engine begins with one, and uses more only while that makes it faster. Calls that run at the same time are of
        the same phase, and never hold the same object.
        """
        ...

    @property
    def at_once(self) -> int:
        """How many deliveries one call of `deliver` gets at most."""
        ...

    @property
    def deletes(self) -> bool:
        """False when the LMS has no call for permanent deletion: whom it should delete is then handed over to a person."""
        ...

    @property
    def looks_around(self) -> bool:
        """True when each delivery must tell what is `near` it; what that costs is saved for all others."""
        ...

    @property
    def left_out(self) -> Mapping[str, int]:
        """What the last delivery could not carry, for the report: a sentence that names nobody -> how often."""
        ...

    def check(self) -> list[str]:
        """Sentences about what is wrong with the settings or the target as it stands; empty when all is well."""
        ...

    def sweep(self) -> None:
        """Remove what a killed run left behind. Called at the start of every delivering run."""
        ...

    def existing(self) -> Iterator[Existing]:
        """The users the LMS holds now. Empty for a fresh target."""
        ...

    def deliver(self, deliveries: Iterable[Delivery], roster: Callable[[], Iterator[Placed]]) -> Iterator[Outcome]:
        """Make the target hold what the deliveries say, in their order, and tell what became of each.

        Where before and after are the same, the LMS may have lost it, and all of it is sent.

        `roster` gives everything the target should hold afterwards (organisations, groups, then users, each in id
        order, removed ones left out): a whole-set target writes that and then yields an outcome for every delivery; an
        object target ignores it, and cannot read it.

        What was not delivered is told by its class: `refused`, the same again will be refused again; `passing`, it was not
        carried out and may be later; `unknown`, nobody knows whether it arrived. The last two are handed over again, a
        few times.

        Raises:
            TargetFaltering: this call failed in passing, or the target asks for fewer of them. What was yielded before
                stands; what was not is handed over again.
            TargetUnavailable: nothing more can be delivered in this run; what was yielded before stands.
        """
        ...

    def close(self) -> None:
        """Release connections."""
        ...


__all__ = ["Existing", "Placed", "Target", "make", "settings_type", "types", "worded", "wordings"]


def settings_type(kind: str) -> type[Any] | None:
    """The settings dataclass of a target type, or None when no such type exists."""
    module = _module(kind)
    return None if module is None else module.Settings


def wordings(kind: str) -> Wordings:
    """What a type of target lets the role model say; nothing for most."""
    found: Wordings = getattr(_module(kind), "WORDINGS", {})
    return found


def worded(kind: str, told: Told) -> dict[str, Any]:
    """The settings that the words of a role model fill, by name, for a type of target."""
    filled: dict[str, Any] = {}
    for table, words in told.items():
        wording = wordings(kind)[table]
        if wording.kinds:
            for word, key in wording.settings.items():
                filled |= {key: tuple(ours for ours, said in words.items() if word in said)} if key else {}
        else:
            texts = {wording.settings[ours]: "".join(said) for ours, said in words.items()}
            filled |= {key: int(text) if wording.numbers else text for key, text in texts.items()}
    return filled


def make(kind: str, name: str, settings: Any) -> Target:
    """Build a target. `settings` is an instance of its settings dataclass."""
    module = _module(kind)
    if module is None:  # config.py has refused unknown types already
        raise LookupError(kind)
    target: Target = module.make(name, settings)
    return target


def types() -> tuple[str, ...]:
    """The target types that exist: the sub-packages of this one."""
    import pkgutil

    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg))


def _module(kind: str) -> Any:
    from importlib import import_module

    return import_module(f"{__name__}.{kind}") if kind in types() else None
