"""A double that answers whatever it is told to, a clock that jumps, and calls to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from rostersync.errors import SourceUnavailable
from rostersync.lab.doubles.server import Asked, Server, Told
from rostersync.transport.authorising import Authoriser
from rostersync.transport.calls import Call
from rostersync.transport.http import Faltering, Http
from rostersync.transport.line import Line

SECRETS = ("hemmelig", "elever", "fnr", "passord")
"""Texts in paths, queries, headers and bodies here; no message may show one."""

CALL = Call(what="the pupils", path="elever/hemmelig", query=(("fnr", "hemmelig"),))
POST = Call(what="the pupils", path="elever/hemmelig", method="POST", body=b"hemmelig", repeatable=False)


class Scripted:
    """Answers in the order it was told, the last one for ever; by default with an empty JSON object."""

    def __init__(self, *told: Told) -> None:
        self.told = list(told) or [Told(b"{}")]

    def answer(self, asked: Asked) -> Told:
        return self.told.pop(0) if len(self.told) > 1 else self.told[0]


class Jumping:
    """A clock that only moves while somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


class Caller:
    """The transport towards a server, with a minute's patience unless told otherwise."""

    def __init__(self) -> None:
        self.clock = Jumping()
        self._opened: list[Http] = []

    def http(
        self,
        base: str,
        *,
        patience: float = 60,
        timeout: float = 5,
        authoriser: Authoriser | None = None,
        faltering: Faltering | None = None,
        **line: object,
    ) -> Http:
        spans = {"timeout": timedelta(seconds=timeout), "patience": timedelta(seconds=patience)}
        made = Http(
            "vigo",
            base,
            Line(**{**spans, **line}),  # type: ignore[arg-type]
            SourceUnavailable,
            faltering=faltering,
            authoriser=authoriser,
            wait=self.clock.wait,
            now=self.clock.now,
        )
        self._opened.append(made)
        return made

    def close(self) -> None:
        for one in self._opened:
            one.close()


def refusal(action: Callable[[], object]) -> str:
    """What the caller is told; it names nobody and shows neither path nor query."""
    with pytest.raises(SourceUnavailable) as caught:
        action()
    told = f"{caught.value!r} {caught.value.__cause__!r}"
    assert not [secret for secret in SECRETS if secret in told]
    assert caught.value.__suppress_context__ or not caught.value.__context__
    assert str(caught.value).startswith("vigo: ")
    return str(caught.value)


def calls(server: Server) -> int:
    return len(server.asked)
