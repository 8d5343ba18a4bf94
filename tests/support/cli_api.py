"""The API as an agent CLI that is the voice uses it: what it asks besides the conversation gets a word."""

import json
from collections.abc import Sequence
from typing import Any

from support.chat_api import Answer, ChatApi, _Handler

_OURS = "coordinator"
"""A word of the instructions of the voice."""


class CliApi(ChatApi):
    """Answers the n-th request of the conversation with the n-th answer."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__(answers or [Answer("ok")])
        handler: Any = type("Handler", (_CliHandler,), {"api": self})
        self.server.RequestHandlerClass = handler


class _CliHandler(_Handler):
    def do_HEAD(self) -> None:
        self._json({})

    def do_GET(self) -> None:
        self._json({"data": [], "has_more": False})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if "/messages" not in self.path or "count_tokens" in self.path:
            self._json({"input_tokens": 100})
            return
        given = json.loads(body)
        if _OURS not in json.dumps(given.get("system") or ""):
            self.close_connection = True
            self._answer(Answer("ok"))
            return
        self.reply(given)

    def _json(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
