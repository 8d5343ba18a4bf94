"""A model service on the loopback that says what a test wants: as much of three APIs as agent CLIs need."""

import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from coordinator.lazy.dataclass import dataclass, field

_WHO = re.compile(r"You are `?([a-z][a-z-]*-\d+-\d+|\d+-\d+-[\w+-]+(?:\.\d+[\w+-]*)*)`?\.")


@dataclass(frozen=True, slots=True)
class Step:
    """What the model answers to one request of an agent."""

    text: str = ""
    tool: str = ""
    input: Mapping[str, Any] = field(default_factory=dict)
    error: int = 0
    """HTTP status of an answer that is a failure."""
    kind: str = "api_error"
    message: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    """What the failure tells besides."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the failure, such as `retry-after`."""
    drop: bool = False
    """Break the connection instead."""
    release: threading.Event | None = None
    """Answer only once this is set."""


def shell(command: str, text: str = "") -> Step:
    """A shell command of Claude Code."""
    return Step(text, "Bash", {"command": command, "description": "a step of the task"})


class FakeApi:
    """Answers each agent by its own script: the n-th request after it was told its task gets the n-th step."""

    def __init__(self, scripts: Mapping[str, Sequence[Step]]) -> None:
        self.scripts = dict(scripts)
        self.told: dict[str, str] = {}
        """Agent → the message with its task, as it came."""
        self.heard: dict[str, str] = {}
        """Agent → all that was said up to its task, which in a session that goes on is what came before, too."""
        self.requests: dict[str, str] = {}
        """Agent → its newest request, whole: all that it was told and answered so far."""
        self.holding = 0
        """Requests whose answer waits for its release."""
        self.trouble: Step | None = None
        """What every request gets while it is set."""
        handler = type("Handler", (_Handler,), {"api": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, name="fake-api", daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def step(self, turns: Sequence[tuple[str, str]], tools: Sequence[str]) -> Step:
        """The step for a conversation of (role, text); requests without tools, for titles and the like, get a word."""
        if self.trouble is not None:
            return self.trouble
        task = _task(turns)
        if task < 0 or not tools:
            return Step("ok")
        agent = _agent(turns)
        self.told.setdefault(agent, turns[task][1])
        self.heard.setdefault(agent, "\n".join(text for _, text in turns[: task + 1]))
        steps = self.scripts.get(agent, [Step("nothing to do")])
        done, before = 0, "user"
        for role, _ in turns[task + 1 :]:
            done += role == "assistant" and before != "assistant"
            before = role
        return steps[min(done, len(steps) - 1)]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def _task(turns: Sequence[tuple[str, str]]) -> int:
    """The place of the message that tells an agent its task; -1 where there is none."""
    places = range(len(turns) - 1, -1, -1)
    return next((i for i in places if turns[i][0] == "user" and _WHO.search(turns[i][1])), -1)


def _agent(turns: Sequence[tuple[str, str]]) -> str:
    place = _task(turns)
    return _WHO.findall(turns[place][1])[-1] if place >= 0 else ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: FakeApi

    def log_message(self, format: str, *args: object) -> None: ...

    def handle_one_request(self) -> None:
        with suppress(OSError):
            super().handle_one_request()
            return
        self.close_connection = True

    def do_HEAD(self) -> None:
        self._json(200, {})

    def do_GET(self) -> None:
        self._json(200, {"data": [], "object": "list", "has_more": False})

    def do_POST(self) -> None:
        request = self._body()
        path = self.path.split("?")[0]
        if path.endswith("/count_tokens"):
            self._json(200, {"input_tokens": 100})
        elif path.endswith("/messages"):
            self._answer(request, _anthropic_turns(request), self._anthropic)
        elif path.endswith("/responses"):
            self._answer(request, _openai_turns(request), self._openai)
        elif path.endswith(":streamGenerateContent"):
            self._answer(request, _gemini_turns(request), self._gemini)
        elif path.endswith(":generateContent"):  # which of its models suits the task
            self._json(200, _candidate([{"text": '{"complexity_reasoning": "a test", "complexity_score": 1}'}]))
        elif path.endswith(":countTokens"):
            self._json(200, {"totalTokens": 100})
        else:
            self._json(404, {"error": {"type": "not_found_error", "message": path}})

    def _answer(self, request: dict[str, Any], turns: list[tuple[str, str]], send: Any) -> None:
        step = self.api.step(turns, _tools(request))
        self.api.requests[_agent(turns)] = json.dumps(request, ensure_ascii=False)
        if step.release is not None:
            self.api.holding += 1
            step.release.wait(120)
            self.api.holding -= 1
        if step.drop:
            self.close_connection = True
            self.connection.shutdown(2)
        elif step.error:
            self._fail(step)
        else:
            send(request, step)

    def _fail(self, step: Step) -> None:
        if "GenerateContent" in self.path:
            error = {"code": step.error, "message": step.message, "status": step.kind}
            self._json(step.error, {"error": error | step.more}, step.headers)
            return
        error = {"type": step.kind, "code": step.kind, "message": step.message}
        self._json(step.error, {"type": "error", "error": error | step.more}, step.headers)

    def _anthropic(self, request: dict[str, Any], step: Step) -> None:
        blocks: list[dict[str, Any]] = [{"type": "text", "text": step.text}] if step.text else []
        if step.tool:
            blocks.append({"type": "tool_use", "id": f"toolu_{_id()}", "name": step.tool, "input": dict(step.input)})
        stop = "tool_use" if step.tool else "end_turn"
        usage = {"input_tokens": 1000, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        message = {"id": f"msg_{_id()}", "type": "message", "role": "assistant", "model": request.get("model")}
        message |= {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage | {"output_tokens": 1}}
        if not request.get("stream"):
            self._json(200, message | {"content": blocks, "stop_reason": stop, "usage": usage | {"output_tokens": 50}})
            return
        events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
        for index, block in enumerate(blocks):
            events += _block_events(index, block)
        delta = {"stop_reason": stop, "stop_sequence": None}
        events.append({"type": "message_delta", "delta": delta, "usage": usage | {"output_tokens": 50}})
        self._stream([*events, {"type": "message_stop"}])

    def _openai(self, request: dict[str, Any], step: Step) -> None:
        items: list[dict[str, Any]] = []
        if step.text:
            content = [{"type": "output_text", "text": step.text, "annotations": []}]
            item = {"type": "message", "id": f"msg_{_id()}", "role": "assistant", "status": "completed"}
            items.append(item | {"content": content})
        if step.tool:
            call = {"type": "function_call", "id": f"fc_{_id()}", "call_id": f"call_{_id()}", "status": "completed"}
            space, _, name = step.tool.rpartition("__")  # of an MCP server
            call |= {"namespace": space} if space else {}
            items.append(call | {"name": name, "arguments": json.dumps(dict(step.input))})
        details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
        usage = {"input_tokens": 1000, "output_tokens": 50, "total_tokens": 1050} | details
        response = {"id": f"resp_{_id()}", "object": "response", "created_at": 0, "model": request.get("model")}
        response |= {"status": "completed", "output": items, "usage": usage}
        started = response | {"status": "in_progress", "output": [], "usage": None}
        events: list[dict[str, Any]] = [{"type": "response.created", "response": started}]
        for index, item in enumerate(items):
            if item["type"] == "message":
                shown = item | {"content": [], "status": "in_progress"}
                events.append({"type": "response.output_item.added", "output_index": index, "item": shown})
                where = {"item_id": item["id"], "output_index": index, "content_index": 0}
                events.append({"type": "response.output_text.delta", "delta": step.text} | where)
            events.append({"type": "response.output_item.done", "output_index": index, "item": item})
        self._stream([*events, {"type": "response.completed", "response": response}])

    def _gemini(self, request: dict[str, Any], step: Step) -> None:
        parts: list[dict[str, Any]] = [{"text": step.text}] if step.text else []
        if step.tool:
            parts.append({"functionCall": {"name": step.tool, "args": dict(step.input)}})
        self._stream([_candidate(parts)])

    def _body(self) -> dict[str, Any]:
        data = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            value = json.loads(data or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def _json(self, status: int, value: object, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, events: Sequence[Mapping[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for event in events:
            name = f"event: {event['type']}\n" if "type" in event else ""
            self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
        self.close_connection = True


def _block_events(index: int, block: dict[str, Any]) -> list[dict[str, Any]]:
    if block["type"] == "text":
        start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        start, delta = block | {"input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        {"type": "content_block_delta", "index": index, "delta": delta},
        {"type": "content_block_stop", "index": index},
    ]


def _candidate(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """A whole answer of Google's API."""
    content = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 1000, "candidatesTokenCount": 50, "totalTokenCount": 1050}
    return {"candidates": [content], "usageMetadata": usage, "responseId": _id()}


def _anthropic_turns(request: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(m.get("role")), _text(m.get("content"))) for m in request.get("messages", [])]


def _openai_turns(request: dict[str, Any]) -> list[tuple[str, str]]:
    given = request.get("input", [])
    turns = []
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
        kind = item.get("type", "message")
        if kind == "message":
            turns.append((str(item.get("role", "user")), _text(item.get("content"))))
        else:
            turns.append(("assistant" if kind in ("function_call", "reasoning") else "tool", ""))
    return turns


def _gemini_turns(request: dict[str, Any]) -> list[tuple[str, str]]:
    """What a tool returned is a turn of the user there; it is told from words by having no text."""
    roles = {"model": "assistant"}
    given = request.get("contents", [])
    return [(roles.get(str(turn.get("role")), "user"), _text(turn.get("parts"))) for turn in given]


def _tools(request: dict[str, Any]) -> list[str]:
    """Names of the tools that the model may call."""
    given = request.get("tools") or []
    declared = [one for tool in given for one in tool.get("functionDeclarations", [])]
    return [str(tool.get("name") or tool.get("type")) for tool in declared or given]


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(block.get("text") or "") for block in blocks if isinstance(block, dict))


def _id() -> str:
    return uuid.uuid4().hex[:20]


@contextmanager
def fake_api(scripts: Mapping[str, Sequence[Step]]) -> Iterator[FakeApi]:
    """The service, while the block runs."""
    api = FakeApi(scripts)
    try:
        yield api
    finally:
        api.close()
