"""What Claude Code tells of a headless run, line by line: words, what it used, what went wrong. Pure."""

import json
from collections.abc import Iterable

from coordinator.assistant.prices import cost
from coordinator.assistant.quoting import line
from coordinator.assistant.voice import Troubled
from coordinator.lazy.typing import Any
from coordinator.model.conversation import Message, Text, Usage

PREFIX = "mcp__coord__"
"""How it calls the tools of the one server that it is given."""
_LOGIN = ("/login", "not logged in", "invalid api key", "oauth token", "authentication")


class Stream:
    """One run. Belongs to one reader."""

    def __init__(self) -> None:
        self.model = ""
        self.ended = False
        self._used: dict[str, int] = {}
        self._parts = False
        """Words came in parts: whole messages say them once more."""

    def read(self, text: str) -> Iterable[Message]:
        """What a line says, for the engineer. Raises Troubled; what is no message says nothing."""
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(said, dict):
            return
        match said.get("type"):
            case "system" if said.get("subtype") == "init":
                self.model = str(said.get("model") or "")
                _check(said)
            case "stream_event":
                yield from self._event(_mapping(said.get("event")))
            case "assistant":
                yield from self._whole(said)
            case "result":
                self.ended = True
                yield from self._end()
                _judge(said)

    def _event(self, event: dict[str, Any]) -> Iterable[Message]:
        match event.get("type"):
            case "message_start":
                yield from self._end()
                message = _mapping(event.get("message"))
                self.model = str(message.get("model") or self.model)
                self._use(_mapping(message.get("usage")))
            case "content_block_delta":
                delta = _mapping(event.get("delta"))
                if delta.get("type") == "text_delta" and isinstance(delta.get("text"), str):
                    self._parts = True
                    yield Text(delta["text"])
            case "message_delta":
                self._use(_mapping(event.get("usage")))
            case "message_stop":
                yield from self._end()

    def _whole(self, said: dict[str, Any]) -> Iterable[Message]:
        """A whole message: its words, from versions that do not tell them in parts."""
        content = _mapping(said.get("message")).get("content")
        if said.get("error") or self._parts or not isinstance(content, list):
            return
        for block in map(_mapping, content):
            if block.get("type") == "text" and isinstance(block.get("text"), str):
                yield Text(block["text"])

    def _use(self, usage: dict[str, Any]) -> None:
        self._used |= {key: n for key, n in usage.items() if type(n) is int and 0 <= n < 10**9}

    def _end(self) -> Iterable[Message]:
        """What the request used that was under way."""
        used, self._used = self._used, {}
        if used:
            new, written = used.get("input_tokens", 0), used.get("cache_creation_input_tokens", 0)
            read, out = used.get("cache_read_input_tokens", 0), used.get("output_tokens", 0)
            spent = cost(self.model, input=new, written=written, read=read, output=out)
            yield Usage(new + written, out, read, spent)

    def left(self) -> Iterable[Message]:
        """What was used by a request that was cut off."""
        return self._end()


def _check(said: dict[str, Any]) -> None:
    """Raise Troubled where it has a tool that is not ours: then nobody can say what it might do."""
    tools = said.get("tools")
    others = [str(tool) for tool in tools if not str(tool).startswith(PREFIX)] if isinstance(tools, list) else ["?"]
    if others:
        told = ", ".join(line(name, 40) for name in others[:3])
        message = (
            f"this version of Claude Code has tools that can't be switched off ({told}): it is not used as a voice"
        )
        raise Troubled("other", message)


def _judge(said: dict[str, Any]) -> None:
    """Raise Troubled for a run that ended badly."""
    if not said.get("is_error"):
        return
    words = line(str(said.get("result") or said.get("subtype") or "it says nothing"), 200)
    status, low = said.get("api_error_status"), words.lower()
    if status in (401, 403) or any(sign in low for sign in _LOGIN):
        raise Troubled("wrong_key", f"Claude Code is not logged in ({words}): run `claude` and log in")
    if status == 429 or "limit" in low:
        raise Troubled("rate_limit", f"the limit of Claude Code's account is reached ({words})")
    if status in (503, 529) or "overloaded" in low:
        raise Troubled("overloaded", f"the model's service is overloaded ({words}); retry in a moment")
    if "too long" in low:
        raise Troubled("too_long", "the conversation is too long for the model; retry goes on without its older part")
    if said.get("subtype") == "error_max_turns":
        return
    raise Troubled("other", f"Claude Code could not answer: {words}")


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
