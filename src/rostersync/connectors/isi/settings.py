"""Holds the keys of a `[source.NAME]` of type isi."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from rostersync.connectors.pifu.settings import ReadingSettings
from rostersync.credentials import Secret
from rostersync.transport.files import FilesSettings
from rostersync.transport.line import LineSettings

_TURNS = 8
"""The month in which a school year begins."""


@dataclass(frozen=True, kw_only=True)
class Settings(ReadingSettings, LineSettings):
    """The keys of a `[source.NAME]` of type isi. Durations are None when they are switched off."""

    partner: str = field(metadata={"help": "our own id with IST (partnerId)"})
    customer: str = field(metadata={"help": "the id of the school owner with IST (customerId)"})
    password: Secret = field(metadata={"help": "the password of the partner"})
    endpoint: str = field(
        default="https://isi.ist.com/isi/ws/ISIPartnerEndpoint", metadata={"help": "the address of the service"}
    )
    service: str = field(default="pifuService", metadata={"help": "serviceClass of what is ordered"})
    message: str = field(default="pifuData", metadata={"help": "messageClass of what is ordered"})
    params: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": 'what the order says, as "KEY=VALUE"; {from} and {to} stand for the years of the school year, '
            'such as "schoolyear={from}/{to}"'
        },
    )
    poll: timedelta | None = field(
        default=timedelta(seconds=10), metadata={"help": "how long to wait before asking again whether it is ready"}
    )
    ready_within: timedelta | None = field(default=timedelta(minutes=30), metadata={"help": "how long to go on asking"})
    max_age: timedelta | None = field(
        default=timedelta(hours=12),
        metadata={"help": "an export older than this is refused: what was ordered now cannot be of yesterday"},
    )
    spool: Path | None = field(
        default=None, metadata={"help": "where private copies lie while they are read; the system's own by default"}
    )

    def files(self) -> FilesSettings:
        """The same, as what is fetched from a place."""
        return FilesSettings(
            files=self.endpoint,
            settle=None,
            spool=self.spool,
            ca=self.ca,
            proxy=self.proxy,
            timeout=self.timeout,
            patience=self.patience,
        )

    def order(self, on: date) -> list[tuple[str, str]]:
        """What an order says on that day: keys and values."""
        first = on.year if on.month >= _TURNS else on.year - 1
        years = {"{from}": str(first), "{to}": str(first + 1)}
        return [(key, _filled(value, years)) for key, _, value in (one.partition("=") for one in self.params)]

    def mistakes(self) -> list[str]:
        """What does not fit, in sentences."""
        return [
            'params: each is "KEY=VALUE", such as "datasource=oslo.example"; one of them is not'
            for one in self.params
            if not one.partition("=")[0] or "=" not in one
        ][:1]


def _filled(value: str, years: dict[str, str]) -> str:
    for mark, year in years.items():
        value = value.replace(mark, year)
    return value
