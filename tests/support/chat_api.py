"""The API of the coordinator's voice on the loopback, by a script: a step a request, in parts, with every trouble."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from coordinator.lazy.dataclass import dataclass, field


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool."""

    tool: str
    input: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model answers to one request."""

    text: str | Sequence[str] = ""
    """In parts, where it is several."""
    calls: Sequence[Call] = ()
    hold: threading.Event | None = None
    """After the words, wait for it: the stream is open meanwhile."""
    drop: bool = False
    """After the words, break the connection."""
    error: str = ""
    """After the words, an event that tells of an error of this type."""
    status: int = 0
    """Instead of all that: an answer that is a failure."""
    kind: str = "api_error"
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""
    """Of the input of the first call: what comes instead of JSON."""


class ChatApi:
    """Answers the n-th request with the n-th answer; the last one again and again."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.bodies: list[dict[str, Any]] = []
        """The requests, as they came."""
        self.keys: list[str] = []
        self.streaming = threading.Event()
        """Words have been sent."""
        handler = type("Handler", (_Handler,), {"api": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def sent(self) -> str:
        """All that was sent, as text."""
        return "\n".join(json.dumps(body, ensure_ascii=False) for body in self.bodies)

    def results(self, place: int = -1) -> list[str]:
        """What tools gave in one request."""
        blocks = [b for m in self.bodies[place]["messages"] for b in m["content"] if b["type"] == "tool_result"]
        return [str(block["content"]) for block in blocks]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: ChatApi

    def log_message(self, format: str, *args: object) -> None: ...

    def do_POST(self) -> None:
        self.reply(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def reply(self, body: dict[str, Any]) -> None:
        """The next answer."""
        self.api.bodies.append(body)
        self.api.keys.append(self.headers.get("x-api-key") or self.headers.get("authorization", ""))
        answer = self.api.answers[min(len(self.api.bodies), len(self.api.answers)) - 1]
        self.close_connection = True
        with suppress(OSError):  # whoever asked has gone
            if answer.status:
                self._fail(answer)
            else:
                self._answer(answer)

    def _fail(self, answer: Answer) -> None:
        error = {"type": "error", "error": {"type": answer.kind, "message": answer.message}}
        data = json.dumps(error).encode()
        self.send_response(answer.status)
        for name, value in {**answer.headers, "content-type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, answer: Answer) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        usage = {"input_tokens": 1000, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 3000}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
        message |= {"stop_reason": None, "stop_sequence": None, "usage": usage | {"output_tokens": 1}}
        self._send({"type": "message_start", "message": message})
        parts = [answer.text] if isinstance(answer.text, str) else answer.text
        place = 0
        if any(parts):
            self._block(place, {"type": "text", "text": ""}, [{"type": "text_delta", "text": part} for part in parts])
            place += 1
            self.api.streaming.set()
        if answer.hold is not None:
            answer.hold.wait(60)
        if answer.error:
            self._send({"type": "error", "error": {"type": answer.error, "message": "no"}})
            return
        if answer.drop:
            self.connection.shutdown(2)
            return
        for count, call in enumerate(answer.calls):
            whole = answer.raw or json.dumps(dict(call.input))
            halves = whole[: len(whole) // 2], whole[len(whole) // 2 :]
            block = {"type": "tool_use", "id": f"toolu_{count}", "name": call.tool, "input": {}}
            self._block(place + count, block, [{"type": "input_json_delta", "partial_json": half} for half in halves])
        delta = {"stop_reason": "tool_use" if answer.calls else "end_turn", "stop_sequence": None}
        self._send({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 50}})
        self._send({"type": "message_stop"})

    def _block(self, place: int, block: Mapping[str, Any], deltas: Sequence[Mapping[str, Any]]) -> None:
        self._send({"type": "content_block_start", "index": place, "content_block": block})
        for delta in deltas:
            self._send({"type": "content_block_delta", "index": place, "delta": delta})
        self._send({"type": "content_block_stop", "index": place})

    def _send(self, event: Mapping[str, Any]) -> None:
        self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()


@contextmanager
def chat_api(*answers: Answer) -> Iterator[ChatApi]:
    """The service, while the block runs."""
    api = ChatApi(answers or [Answer("ok")])
    try:
        yield api
    finally:
        api.close()
