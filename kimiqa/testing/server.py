"""The server itself: a background thread on a loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from uvicorn import Config
from uvicorn.server import ServerState

from kimiqa.testing.platform import Platform
from kimiqa.testing.routes import application
from kimiqa.testing.wire import FaultyProtocol

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 3600
START_SECONDS = 10.0


@dataclass(eq=False, kw_only=True)
class KimiServer(Platform):
    """Kimi's dialect on a loopback port, from `with` to the end of its block.

    All settings are those of `Platform` and are given by name.
    """

    port: int = 0
    """0 takes a free one, which stands here once the server runs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None

    @property
    def host_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.host_url}/v1"

    def start(self) -> Self:
        listener = _listener(self.port)
        self.port = listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(listener,), daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError(f"The testing server did not start within {START_SECONDS:g} s.")
        return self

    def stop(self) -> None:
        """End at once: replies on their way are cut off."""
        if self._thread and self._loop and self._end:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()
        self._thread = None
        self._ready.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, listener: socket.socket) -> None:
        asyncio.run(self._serve(listener))

    async def _serve(self, listener: socket.socket) -> None:
        """uvicorn's protocol without uvicorn's server, which would wait for stalled replies."""
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        config = _config(self)
        state = ServerState()
        protocol = type("Protocol", (FaultyProtocol,), {"faults": self.faults})

        def connection() -> asyncio.Protocol:
            made: asyncio.Protocol = protocol(config=config, server_state=state, app_state={})
            return made

        server = await self._loop.create_server(connection, sock=listener)
        self._ready.set()
        await self._end.wait()
        server.close()
        await _drop(state)


_ACCEPTING_TURNS = 5


def _listener(port: int) -> socket.socket:
    """The socket, with its protocol named: asyncio sends small pieces at once only where it
    sees TCP, and without that every reply would wait 40 ms for an acknowledgement."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere the option lets two servers share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen(512)
    return listener


def _config(platform: Platform) -> Config:
    config = Config(
        application(platform),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http=FaultyProtocol,
        timeout_keep_alive=IDLE_SECONDS,
    )
    config.load()
    return config


async def _drop(state: ServerState) -> None:
    """End every connection. One that was being accepted is known only some turns of the loop
    later: ended before, its socket would be left to the collector."""
    for _turn in range(_ACCEPTING_TURNS):
        for connection in list(state.connections):
            transport: asyncio.Transport = connection.transport
            transport.abort()
        await asyncio.sleep(0)
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
