"""The verbs of one agent as tools: what is offered, and each call carried out as the command would."""

import json
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from time import time
from typing import Any

import anyio
import anyio.to_thread
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from coordinator import __version__
from coordinator.client.handing_in import HANDLERS, Answer, hand_in
from coordinator.client.opening import Project
from coordinator.client.steering import actor
from coordinator.errors import CoordError
from coordinator.filewatch.stop import Stop
from coordinator.formats.handed_in import checked, schema
from coordinator.model.agent_verbs import Verb, offered
from coordinator.model.caller import Caller
from coordinator.model.event import Actor, ActorKind

_TICK = 5.0
"""Seconds between signs of life while a question waits: clients give up on what is silent."""
_MOST_AT_ONCE = 1000
"""Calls that may be carried out, or wait for an answer, at the same time."""
_INSTRUCTIONS = (
    "What you have to say to the engineer and to other agents goes through these tools. Call `context` first."
)
Context = ServerRequestContext[Any, Any]
_limiter = anyio.CapacityLimiter(_MOST_AT_ONCE)


class Tools:
    """What one client may call."""

    def __init__(self, project: Project, caller: Caller, session: str, started: float) -> None:
        self._project, self._caller = project, caller
        self._session, self._started = session, started
        self._actor: Actor | None = None
        self._unconfirmed: dict[str, Callable[[], None]] = {}
        """Request → what is to be done when the client has its answer."""

    def server(self) -> "Server[Any]":
        return Server(
            "coord",
            version=__version__,
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    async def delivered(self, request: object) -> None:
        """The client has the answer to a request."""
        note = self._unconfirmed.pop(json.dumps(request), None)
        if note is not None:
            await anyio.to_thread.run_sync(note, limiter=_limiter)

    async def _verbs(self) -> dict[str, Verb]:
        if self._actor is None:
            self._actor = await anyio.to_thread.run_sync(actor, self._caller, limiter=_limiter)
        verbs = offered(self._actor.role, agent=self._actor.kind is ActorKind.AGENT)
        return {verb.name: verb for verb in verbs if verb.name in HANDLERS}

    async def _list(self, context: Context, params: object) -> types.ListToolsResult:
        verbs = (await self._verbs()).values()
        return types.ListToolsResult(tools=[_tool(verb) for verb in verbs])

    async def _call(self, context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        given = dict(params.arguments or {})
        try:
            verbs = await self._verbs()
            if params.name not in verbs:
                raise CoordError(f"there is no tool `{params.name}` for you", f"there is {', '.join(verbs)}")
            values = checked(params.name, given)
            if verbs[params.name].changes and not values.get("request"):
                values["request"] = self._derived(context.request_id, params.name, given)
            answer = await self._carried_out(context, params.name, values)
        except CoordError as error:
            return _refused("\n".join(part for part in (error.message, error.remedy) if part))
        except OSError as error:
            return _refused(f"coord: {error}")
        self._unconfirmed[json.dumps(context.request_id)] = answer.delivered
        return types.CallToolResult(content=[types.TextContent(type="text", text=answer.text)])

    def _derived(self, request: object, verb: str, given: dict[str, Any]) -> str:
        """The name of a call that its model gave none: the same when the thin end makes it again."""
        said = sha256(json.dumps([verb, given], sort_keys=True).encode()).hexdigest()
        return f"{self._session}/{json.dumps(request)}/{said[:16]}"

    async def _carried_out(self, context: Context, verb: str, values: dict[str, Any]) -> Answer:
        """Carry it out in a thread. Only waiting ends early when the client cancels: what was begun is done."""
        stop = Stop()
        work = partial(hand_in, self._project, verb, values, self._caller, stop)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_set_at_the_end, stop)
                if verb == "ask":
                    group.start_soon(self._tick, context)
                with anyio.CancelScope(shield=True):
                    answer = await _result(work)
                group.cancel_scope.cancel()
        finally:
            stop.close()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _tick(self, context: Context) -> None:
        """Tell a client that wants to know that a question still waits. Goes up also over a restart of the server."""
        while True:
            await anyio.sleep(_TICK)
            await context.session.report_progress(time() - self._started, message="waits for the engineer's answer")


async def _result(work: Callable[[], Answer]) -> Answer | Exception:
    """What came of it; an error as it is, and not in a group of them."""
    try:
        return await anyio.to_thread.run_sync(work, limiter=_limiter)
    except (CoordError, OSError) as error:
        return error


async def _set_at_the_end(stop: Stop) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        stop.set()


def _tool(verb: Verb) -> types.Tool:
    return types.Tool(name=verb.name, description=verb.line, input_schema=schema(verb))


def _refused(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)
