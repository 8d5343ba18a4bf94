"""The API as Codex uses it when it is the voice: OpenAI's, by the same script as the coordinator's own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from support.chat_api import Answer, Call, ChatApi, _Handler

USAGE = {"input_tokens": 1000, "output_tokens": 50, "total_tokens": 1050} | {
    "input_tokens_details": {"cached_tokens": 300},
    "output_tokens_details": {"reasoning_tokens": 0},
}


class CodexApi(ChatApi):
    """Answers the n-th request with the n-th answer; a call `SPACE.NAME` is one of a tool in a namespace."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__(answers or [Answer("ok")])
        handler: Any = type("Handler", (_CodexHandler,), {"api": self})
        self.server.RequestHandlerClass = handler

    def offered(self, place: int) -> set[str]:
        """The tools of one request, wherever they stand in it."""
        body = self.bodies[place]
        listed = [*body.get("tools", ()), *(tool for item in body["input"] for tool in item.get("tools", ()))]
        return {name for tool in listed for name in _names(tool)}

    def results(self, place: int = -1) -> list[str]:
        """What tools gave, up to one request."""
        return [json.dumps(item["output"]) for item in self.bodies[place]["input"] if "output" in item]


def _names(tool: Mapping[str, Any]) -> Iterator[str]:
    if "tools" not in tool:
        yield str(tool.get("name") or tool.get("type"))
    for one in tool.get("tools", ()):
        yield one["name"] if tool["name"] == "functions" else f"{tool['name']}.{one['name']}"


class _CodexHandler(_Handler):
    def do_GET(self) -> None:
        self.send_error(404)

    def _answer(self, answer: Answer) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        place = len(self.api.bodies)
        response = {"id": f"resp_{place}", "object": "response", "created_at": 0, "model": "m", "output": []}
        self._send({"type": "response.created", "response": response | {"status": "in_progress"}})
        items = [_said(answer, place)] if answer.text else []
        items += [_called(call, f"{place}_{count}") for count, call in enumerate(answer.calls)]
        for count, item in enumerate(items):
            self._send({"type": "response.output_item.added", "output_index": count, "item": item})
            self._send({"type": "response.output_item.done", "output_index": count, "item": item})
        if answer.hold is not None:
            self.api.streaming.set()
            answer.hold.wait(60)
        if answer.drop:
            with suppress(OSError):
                self.connection.shutdown(2)
            return
        done = response | {"status": "completed", "output": items, "usage": USAGE}
        self._send({"type": "response.completed", "response": done})


def _said(answer: Answer, place: int) -> dict[str, Any]:
    text = answer.text if isinstance(answer.text, str) else "".join(answer.text)
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": f"msg_{place}", "role": "assistant", "status": "completed", "content": content}


def _called(call: Call, name: str) -> dict[str, Any]:
    space, _, tool = call.tool.rpartition(".")
    own = {"id": f"fc_{name}", "call_id": f"call_{name}", "status": "completed", "name": tool}
    if space == "custom":
        return {"type": "custom_tool_call", "input": call.input["text"], **own}
    return {"type": "function_call", "arguments": json.dumps(dict(call.input)), **own} | (
        {"namespace": space} if space else {}
    )
