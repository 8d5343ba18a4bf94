"""What Codex tells of a headless run: its words and troubles in JSON, what each request used in its log. Pure."""

import json
from collections.abc import Iterable

from coordinator.assistant.prices import cost
from coordinator.assistant.quoting import line
from coordinator.assistant.voice import Troubled
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.model.conversation import Message, Text, Usage

LOG = "codex_otel.log_only=info"
"""What it is to log: among other things, the end of each request."""
_COUNT = regex.compile(r"\b(input|cached|output)_token_count=(\d{1,9})\b")
_MODEL = regex.compile(r" model=(\S{1,80})")
_LOGIN = ("401", "403", "unauthorized", "not logged in", "log in", "sign in", "api key")
_PASSING = ("other", "dropped", "no_network")
"""Troubles after which it tries again by itself, soon."""
_LIMIT = ("429", "usage limit", "rate limit", "too many requests", "quota")


class CodexStream:
    """One run. Belongs to one reader."""

    def __init__(self) -> None:
        self.ended = False
        self._counted = False
        """Requests told what they used: the sum at the end would tell it once more."""
        self._spoke = False

    def read(self, text: str) -> Iterable[Message]:
        """What a line says, for the engineer. Raises Troubled; what is no message says nothing."""
        if not text.startswith("{"):
            yield from self._logged(text)
            return
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return
        item = _mapping(said.get("item"))
        match said.get("type"):
            case "item.completed" if item.get("type") == "agent_message" and isinstance(item.get("text"), str):
                yield Text(f"\n\n{item['text']}" if self._spoke else item["text"])
                self._spoke = True
            case "turn.completed":
                self.ended = True
                yield from self._summed(_mapping(said.get("usage")))
            case "turn.failed":
                self.ended = True
                raise trouble_of(str(_mapping(said.get("error")).get("message") or ""))
            case "error":
                trouble = trouble_of(str(said.get("message") or ""))
                if trouble.trouble.kind not in _PASSING:  # it would try again for long
                    self.ended = True
                    raise trouble

    def left(self) -> Iterable[Message]:
        """Nothing: what a request used that was cut off is not told."""
        return ()

    def _logged(self, text: str) -> Iterable[Message]:
        """The end of a request, in the log."""
        counts = {name: int(count) for name, count in _COUNT.findall(text)}
        if "event.kind=response.completed" not in text or "input" not in counts:
            return
        self._counted = True
        model = _MODEL.search(text)
        yield _usage(model[1] if model else "", counts)

    def _summed(self, usage: dict[str, Any]) -> Iterable[Message]:
        named = {"input": "input_tokens", "cached": "cached_input_tokens", "output": "output_tokens"}
        counts = {name: n for name, key in named.items() if type(n := usage.get(key)) is int and 0 <= n < 10**9}
        if counts and not self._counted:
            yield _usage("", counts)


def _usage(model: str, counts: dict[str, int]) -> Usage:
    """Its input is all that went in, whether the service had it already or not."""
    read, out = counts.get("cached", 0), counts.get("output", 0)
    new = max(counts.get("input", 0) - read, 0)
    return Usage(new, out, read, cost(model, input=new, written=0, read=read, output=out))


def trouble_of(said: str) -> Troubled:
    """What the words mean with which a run failed."""
    words = line(said or "it says nothing", 200)
    low = words.lower()
    if any(sign in low for sign in _LOGIN):
        return Troubled("wrong_key", f"Codex is not logged in ({words}): run `codex login`")
    if any(sign in low for sign in _LIMIT):
        return Troubled("rate_limit", f"the limit of Codex's account is reached ({words})")
    if any(sign in low for sign in ("503", "529", "overloaded", "at capacity")):
        return Troubled("overloaded", f"the model's service is overloaded ({words}); retry in a moment")
    if any(sign in low for sign in ("context window", "too long", "context length")):
        return Troubled("too_long", "the conversation is too long for the model; retry goes on without its older part")
    if "disconnected" in low or "stream closed" in low:
        return Troubled("dropped", "the connection broke off in the middle of the answer; retry sends the same again")
    if "error sending request" in low or "connection" in low:
        return Troubled("no_network", f"the model's service can't be reached ({words}); is there a network?")
    return Troubled("other", f"Codex could not answer: {words}")


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
