"""The voice by the API: a stream of words, tools in rounds, the steady part cached. The one importer of `anthropic`."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from coordinator.assistant.prices import cost
from coordinator.assistant.quoting import CUT, bounded
from coordinator.assistant.tools import Called, Tools, declared
from coordinator.assistant.troubles import dropped, trouble_of
from coordinator.assistant.voice import Brief, Tell, Troubled
from coordinator.client.chat_files import Turn
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Any
from coordinator.model.conversation import Text, Tool, Usage

DEFAULT_MODEL = "claude-sonnet-5-5"
MOST_SENT = 240_000
"""Characters of a request: what was looked at first is left out to stay below it."""
_MOST_OUT = 16_000
"""Tokens of an answer."""
_ROUNDS = 16
"""Requests of a turn."""
_STEADY = {"type": "ephemeral"}


@dataclass(slots=True)
class _Reply:
    """What comes in while one request is answered."""

    blocks: list[dict[str, Any]] = field(default_factory=list)
    stop: str = ""
    input: int = 0
    written: int = 0
    read: int = 0
    output: int = 0
    json: dict[int, str] = field(default_factory=dict)
    """Input of a tool by the place of its block, as far as it came."""

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [block for block in self.blocks if block["type"] == "tool_use"]


class ApiVoice:
    """Speaks through the API with the key of the environment. Implements `coordinator.assistant.voice.Voice`."""

    name = "api"

    def __init__(self, model: str = "", base_url: str = "") -> None:
        """`base_url`: empty for what the environment says."""
        self.model = model or DEFAULT_MODEL
        self._base_url = base_url
        self._client: Any = None
        self._one_at_a_time = asyncio.Lock()

    async def warm_up(self) -> None:
        """Load the SDK, which takes a while, before the first words need it."""
        async with self._one_at_a_time:
            if self._client is None:
                self._client = await asyncio.to_thread(_client, self._base_url)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def turn(self, brief: Brief, tools: Tools, tell: Tell) -> None:
        """Take a turn: rounds of words and tools, until there is nothing more to call or something to decide."""
        messages = [*_history(brief.history), _opening(brief)]
        for _ in range(_ROUNDS):
            reply = await self._round(brief, messages, declared(), tell, lambda words: tell(Text(words)))
            if not reply.calls:
                if reply.stop == "max_tokens":
                    tell(Text(f"\n\n{CUT}"))
                return
            results, over = [], False
            for call in reply.calls:
                tell(Tool(str(call["name"]), tools.about(call["name"], call["input"])))
                called: Called = await asyncio.to_thread(tools.call, call["name"], call["input"])
                if called.message is not None:
                    tell(called.message)
                    over = True
                results.append(_result(call, called))
            if over:
                return
            messages += [{"role": "assistant", "content": reply.blocks}, {"role": "user", "content": results}]
        tell(Text("\n\nI have looked at much by now. Shall I go on?"))

    async def draft(self, brief: Brief, tell: Tell) -> None:
        """Write a text, and nothing else."""
        await self._round(brief, [_opening(brief)], [], tell, lambda delta: tell(Text(delta)))

    async def _round(
        self,
        brief: Brief,
        messages: list[dict[str, Any]],
        tools: list[dict[str, Any]],
        tell: Tell,
        words: Callable[[str], None],
    ) -> _Reply:
        """One request; what it used is told whatever becomes of it. Raises Troubled."""
        brief.may_spend()
        await self.warm_up()
        system = [{"type": "text", "text": brief.system, "cache_control": _STEADY}]
        _shorten(messages, MOST_SENT - len(brief.system) - len(json.dumps(tools)))
        asked: dict[str, Any] = {"model": self.model, "max_tokens": _MOST_OUT, "system": system, "messages": messages}
        reply = _Reply()
        try:
            stream = await self._client.messages.create(**asked, **({"tools": tools} if tools else {}), stream=True)
            try:
                async for event in stream:
                    _take(reply, event, words)
            finally:
                with suppress(Exception):
                    await stream.close()
        except Exception as error:
            trouble = trouble_of(error, self.model, datetime.now(UTC))
            if trouble is None:
                raise
            raise trouble from error
        finally:
            _tell_usage(reply, self.model, tell)
        if not reply.stop:
            raise dropped()
        return reply


def _client(base_url: str) -> Any:
    import anthropic
    import httpx2

    limits = httpx2.Timeout(120.0, connect=10.0)
    return anthropic.AsyncAnthropic(base_url=base_url or None, max_retries=0, timeout=limits)


def _history(turns: Iterable[Turn]) -> list[dict[str, Any]]:
    """What was said before, as messages that take turns; the last one marks what can be cached."""
    messages: list[dict[str, Any]] = []
    for turn in turns:
        role = "user" if turn.who == "engineer" else "assistant"
        if not messages and role == "assistant":
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"][0]["text"] += f"\n\n{turn.text}"
        else:
            messages.append({"role": role, "content": [{"type": "text", "text": turn.text or "…"}]})
    if messages and messages[-1]["role"] == "user":
        messages.append({"role": "assistant", "content": [{"type": "text", "text": "…"}]})
    if messages:
        messages[-1]["content"][0]["cache_control"] = _STEADY
    return messages


def _opening(brief: Brief) -> dict[str, Any]:
    parts = [brief.context, brief.words]
    return {"role": "user", "content": [{"type": "text", "text": part} for part in parts if part.strip()]}


def _result(call: Mapping[str, Any], called: Called) -> dict[str, Any]:
    return {
        "type": "tool_result",
        "tool_use_id": call["id"],
        "content": called.text,
        **({"is_error": True} if called.failed else {}),
    }


def _shorten(messages: list[dict[str, Any]], room: int) -> None:
    """Leave out what was looked at first until the rest fits. Raises Troubled where it can't."""
    size = len(json.dumps(messages, ensure_ascii=False))
    for message in messages:
        for block in message["content"]:
            if size <= room:
                return
            if block["type"] == "tool_result" and len(block["content"]) > 200:
                size -= len(block["content"]) - len(CUT)
                block["content"] = CUT
    if size > room:
        raise Troubled("too_long", "that is more than can be sent at once; say it in fewer words")


def _take(reply: _Reply, event: Any, words: Callable[[str], None]) -> None:
    """One event of the stream."""
    match event.type:
        case "message_start":
            used = event.message.usage
            reply.input, reply.output = used.input_tokens, used.output_tokens
            reply.written, reply.read = used.cache_creation_input_tokens or 0, used.cache_read_input_tokens or 0
        case "content_block_start":
            reply.blocks.append(_begun(event.content_block))
            if reply.blocks[-1].get("text"):
                words(reply.blocks[-1]["text"])
        case "content_block_delta":
            _grow(reply, event.index, event.delta, words)
        case "content_block_stop":
            block = reply.blocks[event.index]
            if block["type"] == "tool_use":
                block["input"] = _input(reply.json.get(event.index, ""))
        case "message_delta":
            reply.output = event.usage.output_tokens or reply.output
            reply.stop = event.delta.stop_reason or reply.stop
        case "message_stop":
            reply.stop = reply.stop or "end_turn"


def _begun(block: Any) -> dict[str, Any]:
    """A block as it is sent back: what it begins with, and nothing that only answers have."""
    match block.type:
        case "text":
            return {"type": "text", "text": block.text}
        case "tool_use":
            return {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}
        case "thinking":
            return {"type": "thinking", "thinking": block.thinking, "signature": block.signature}
    kept: dict[str, Any] = block.model_dump(exclude_none=True)
    return kept


def _grow(reply: _Reply, place: int, delta: Any, words: Callable[[str], None]) -> None:
    block = reply.blocks[place]
    match delta.type:
        case "text_delta":
            block["text"] += delta.text
            words(delta.text)
        case "input_json_delta":
            reply.json[place] = reply.json.get(place, "") + delta.partial_json
        case "thinking_delta":
            block["thinking"] += delta.thinking
        case "signature_delta":
            block["signature"] = delta.signature


def _input(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {"unreadable": bounded(text, 200)}
    return found if isinstance(found, dict) else {"unreadable": bounded(text, 200)}


def _tell_usage(reply: _Reply, model: str, tell: Tell) -> None:
    if not (reply.input or reply.output or reply.read or reply.written):
        return
    spent = cost(model, input=reply.input, written=reply.written, read=reply.read, output=reply.output)
    tell(Usage(reply.input + reply.written, reply.output, reply.read, spent))
