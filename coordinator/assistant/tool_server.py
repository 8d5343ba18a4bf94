"""The tools of one turn, spoken in MCP to an agent CLI that is the voice: those, and nothing else of the protocol."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from coordinator.assistant.tools import Called, Tools, declared
from coordinator.errors import CoordError
from coordinator.lazy.typing import Any

LONGEST_LINE = 4 * 1024 * 1024
"""Bytes of a message."""
_VERSION = "2025-06-18"
_UNKNOWN, _WRONG = -32601, -32600
Call = Callable[[str, Mapping[str, Any]], Awaitable[Called]]


class ToolServer:
    """Answers one CLI, however often it connects. `call` carries out a call, one at a time."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._one_at_a_time = asyncio.Lock()

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until it ends."""
        with suppress(OSError, ValueError):  # it has gone, or says what is no message
            while line := await reader.readline():
                answer = await self.answer(line)
                if answer is not None:
                    writer.write(json.dumps(answer).encode() + b"\n")
                    await writer.drain()
        writer.close()

    async def answer(self, line: bytes) -> dict[str, Any] | None:
        """What is answered to a message; None: nothing is."""
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return _failed(None, _WRONG, "that is no JSON")
        if not isinstance(said, dict) or "id" not in said:
            return None
        params = said.get("params")
        given = params if isinstance(params, dict) else {}
        match said.get("method"):
            case "initialize":
                version = given.get("protocolVersion")
                found: dict[str, Any] = {"protocolVersion": version if isinstance(version, str) else _VERSION}
                found |= {"capabilities": {"tools": {}}, "serverInfo": {"name": "coord", "version": "1"}}
            case "ping":
                found = {}
            case "tools/list":
                found = {"tools": [_offered(tool) for tool in declared()]}
            case "tools/call":
                found = await self._called(given)
            case _:
                return _failed(said["id"], _UNKNOWN, "nothing but tools is offered here")
        return {"jsonrpc": "2.0", "id": said["id"], "result": found}

    async def _called(self, given: Mapping[str, Any]) -> dict[str, Any]:
        name, values = given.get("name"), given.get("arguments")
        async with self._one_at_a_time:
            called = await self._call(str(name), values if isinstance(values, dict) else {})
        return {"content": [{"type": "text", "text": called.text}], "isError": called.failed}


def _offered(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": tool["name"], "description": tool["description"], "inputSchema": tool["input_schema"]}


def _failed(asked: object, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": asked, "error": {"code": code, "message": message}}


async def carry_out(tools: Tools, name: str, values: Mapping[str, Any]) -> Called:
    """A call of a tool of the turn; of whatever else goes wrong the CLI is told, and the turn goes on."""
    try:
        return await asyncio.to_thread(tools.call, name, values)
    except (CoordError, OSError, ValueError, TypeError, KeyError) as error:
        return Called(f"that could not be looked at: {type(error).__name__}", failed=True)
