"""A line between a client and a server that can be cut, frozen or taken down: what a real server cannot do on command."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_BLOCK = 1 << 14


class Relay:
    """Passes bytes on to a port. `cut_after` and `freeze_after` count the server's bytes on one line; `lines` the lines.

    `cuts` is how many lines are cut (or frozen) before it lets one through; None = all.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.cut_after: int | None = None
        self.freeze_after: int | None = None
        self.cuts: int | None = None
        self.lines = 0
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._open()

    def _open(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", getattr(self, "port", 0)), reuse_port=False)
        self.port: int = self._listening.getsockname()[1]
        self._go(self._accept, self._listening)

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    def take_down(self) -> None:
        """Nobody answers any more."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def close(self) -> None:
        """The end of it, with every line."""
        self.take_down()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for end in self._ends:
            end.close()

    def _go(self, what: object, *arguments: object) -> None:
        thread = threading.Thread(target=what, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            self.lines += 1
            server = socket.create_connection(("127.0.0.1", self._port))
            self._ends += [client, server]
            spoilt = self.cuts is None or self.lines <= self.cuts
            self._go(self._pass, client, server, None, None)
            self._go(self._pass, server, client, *((self.cut_after, self.freeze_after) if spoilt else (None, None)))

    def _pass(self, source: socket.socket, sink: socket.socket, cut: int | None, freeze: int | None) -> None:
        passed = 0
        with suppress(OSError):
            while block := source.recv(_BLOCK):
                if freeze is not None and passed + len(block) > freeze:
                    return
                if cut is not None and passed + len(block) > cut:
                    sink.sendall(block[: max(0, cut - passed)])
                    break
                passed += len(block)
                sink.sendall(block)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
