"""Connections of thin ends: whose each is, and its messages in and out of the package that speaks MCP."""

import asyncio
import json
import os
import socket
from contextlib import suppress
from typing import Any, NamedTuple

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

from coordinator.client.serving import Seat
from coordinator.client.steering import caller_of
from coordinator.mcp_server.tools import Tools
from coordinator.mcp_server.wire import DELIVERED, LONGEST_LINE
from coordinator.model.caller import Caller
from coordinator.processes.local_socket import peer

_GREETING_PATIENCE = 20.0
"""Seconds in which a connection has to say whose it is."""


class Hello(NamedTuple):
    """The first line of a connection."""

    session: str
    started: float
    caller: Caller


def run(seat: Seat, listener: socket.socket, idle: float) -> None:
    """Serve until there was no connection for `idle` seconds and no loop lives."""
    asyncio.run(_Server(seat, idle).run(listener))


class _Server:
    def __init__(self, seat: Seat, idle: float) -> None:
        self._seat = seat
        self._idle = idle
        self._open = 0
        self._left = asyncio.Event()

    async def run(self, listener: socket.socket) -> None:
        server = await asyncio.start_unix_server(self._attend, sock=listener, limit=LONGEST_LINE)
        async with server:
            while True:
                self._left.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._left.wait(), self._idle)
                    continue
                if not self._open and not self._seat.loop_lives:
                    return

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            hello = await _greeted(reader, writer)
            if hello is not None:
                await _Session(self._seat, hello, reader, writer).run()
        except* (OSError, ValueError):
            pass  # it has gone, or is no thin end of ours
        finally:
            self._open -= 1
            self._left.set()
            writer.close()


async def _greeted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Hello | None:
    """Whose a connection is; None for another user's. ValueError for what is no greeting."""
    pid, uid = peer(writer.get_extra_info("socket"))
    if uid != os.geteuid():
        return None
    try:
        said = json.loads(await asyncio.wait_for(reader.readline(), _GREETING_PATIENCE))
        environ = {str(name): str(value) for name, value in said["environ"].items()}
        caller = await anyio.to_thread.run_sync(caller_of, environ, pid, str(said["folder"]))
        return Hello(str(said["session"]), float(said["started"]), caller)
    except (TimeoutError, RecursionError, KeyError, TypeError, AttributeError):
        raise ValueError("no greeting") from None


class _Session:
    """One connection."""

    def __init__(self, seat: Seat, hello: Hello, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tools = Tools(seat.project, hello.caller, hello.session, hello.started)
        self._reader, self._writer = reader, writer

    async def run(self) -> None:
        server = self._tools.server()
        heard, to_server = _pipe()
        told, from_server = _pipe()
        async with anyio.create_task_group() as group:
            group.start_soon(self._listen, heard)
            group.start_soon(self._speak, from_server)
            await server.run(to_server, told, server.create_initialization_options())
            group.cancel_scope.cancel()

    async def _listen(self, heard: "MemoryObjectSendStream[SessionMessage | Exception]") -> None:
        async with heard:
            while line := await self._reader.readline():
                if DELIVERED.encode() in line and (told := _delivered(line)) is not None:
                    await self._tools.delivered(told)
                    continue
                try:
                    message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValueError as error:
                    await heard.send(error)
                    continue
                await heard.send(SessionMessage(message))

    async def _speak(self, told: "MemoryObjectReceiveStream[SessionMessage]") -> None:
        async with told:
            async for message in told:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                self._writer.write(text.encode() + b"\n")
                await self._writer.drain()


def _pipe() -> Any:
    return anyio.create_memory_object_stream[Any](0)


def _delivered(line: bytes) -> Any:
    """The request whose answer the client has; None when the line says nothing of it."""
    with suppress(ValueError, RecursionError, KeyError, TypeError):
        message = json.loads(line)
        if message.get("method") == DELIVERED:
            return message["params"]["id"]
    return None
