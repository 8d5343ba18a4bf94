"""Keeps Codex to the tools of the coordinator: how it is told so, and the proof, by the request that it would send.

What its own list says is on is switched off; the catalog of its models is given to it without their tools, since some
come with the model. What it then offers is seen in a request, which goes to a listener of ours and to nobody else.
"""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from coordinator.assistant.quoting import line
from coordinator.assistant.tools import declared
from coordinator.assistant.voice import Troubled
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.safefiles.regular import read_part

SERVER = "mcp__coord"
_NOTHING_BEHIND = frozenset({"list_mcp_resources", "list_mcp_resource_templates", "read_mcp_resource"})
"""Come with any server, and ask that server; ours has nothing but tools."""
_WITHOUT: Mapping[str, object] = {
    "apply_patch_tool_type": None,
    "tool_mode": "direct",
    "shell_type": "disabled",
    "multi_agent_version": "disabled",
    "experimental_supported_tools": [],
    "supports_search_tool": False,
    "input_modalities": ["text"],
}
"""What a model brings along."""
_SETTINGS: Mapping[str, object] = {
    "web_search": "disabled",
    "tools.update_plan.enabled": False,
    "tools.experimental_request_user_input.enabled": False,
    "approval_policy": "never",
    "project_doc_max_bytes": 0,
    "skills.include_instructions": False,
    "skills.bundled.enabled": False,
    "include_environment_context": False,
    "include_permissions_instructions": False,
    "include_apps_instructions": False,
    "include_collaboration_mode_instructions": False,
}
_OWN = ("model", "model_reasoning_effort", "cli_auth_credentials_store", "forced_login_method", "openai_base_url")
_OF_PROVIDER = ("name", "base_url", "wire_api", "env_key", "requires_openai_auth")
_NAME = regex.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_CONFIG_LIMIT = 4 * 1024 * 1024  # bytes
_MOST = 16 * 1024 * 1024
"""Bytes of a request."""


def settings(features: str) -> Iterator[str]:
    """Words that switch off what `codex features list` says is on, and what is no feature."""
    for row in features.splitlines():
        name, *_, state = row.split() or ("", "")
        if state == "true" and _NAME.fullmatch(name):
            yield from ("--disable", name)
    for key, value in _SETTINGS.items():
        yield from setting(key, value)


def setting(key: str, value: object) -> tuple[str, str]:
    """Words for one setting of Codex."""
    return "-c", f"{key}={json.dumps(value, ensure_ascii=False)}"  # which is TOML too, for what is no mapping


def catalog(printed: str, model: str) -> str:
    """The catalog of models that Codex printed, without their tools, with this model in it. Raises ValueError."""
    known = json.loads(printed)
    models: list[dict[str, Any]] = [{**one, **_WITHOUT} for one in known["models"]]
    if model and all(one.get("slug") != model for one in models):  # else it would be given tools by default
        models.append({**models[0], "slug": model})
    return json.dumps({"models": models})


def own_settings(environ: Mapping[str, str]) -> dict[str, object]:
    """Of the engineer's settings those that say which model speaks, by which service and login."""
    import tomllib

    home = environ.get("CODEX_HOME") or os.path.join(environ.get("HOME", ""), ".codex")
    try:
        held = tomllib.loads(read_part(Path(home, "config.toml"), _CONFIG_LIMIT).decode())
    except (OSError, ValueError):
        return {}
    kept: dict[str, object] = {key: held[key] for key in _OWN if isinstance(held.get(key), str)}
    provider, known = held.get("model_provider"), held.get("model_providers")
    if isinstance(provider, str) and _NAME.fullmatch(provider):
        kept["model_provider"] = provider
        table = known.get(provider) if isinstance(known, dict) else None
        for key in _OF_PROVIDER:
            if isinstance(table, dict) and isinstance(table.get(key), str | bool):
                kept[f"model_providers.{provider}.{key}"] = table[key]
    return kept


class Listener:
    """Takes one request as the model's service would, refuses it, and keeps it."""

    def __init__(self) -> None:
        self.heard: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = regex.compile(r"\r\ncontent-length: *(\d{1,9})\r\n").search(head)
            body = await reader.readexactly(min(int(length[1]), _MOST) if length else 0)
            if head.startswith("post ") and not self.heard.done():
                said = json.loads(body)
                self.heard.set_result(said if isinstance(said, dict) else {})
            writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
            await writer.drain()
        writer.close()


def listened_to(port: int) -> Iterator[str]:
    """Words that make the listener the model's service; they come after all others."""
    yield from setting("model_provider", "coord")
    yield from setting("model_providers.coord.name", "coord")
    yield from setting("model_providers.coord.base_url", f"http://127.0.0.1:{port}/v1")
    yield from setting("model_providers.coord.wire_api", "responses")
    yield from setting("model_providers.coord.request_max_retries", 0)
    yield from setting("model_providers.coord.stream_max_retries", 0)


def check(body: Mapping[str, Any]) -> None:
    """Raise Troubled where a request offers a tool that is not ours, or where ours are not offered."""
    ours = {f"{SERVER}.{tool['name']}" for tool in declared()}
    offered = set(_offered(body))
    others = sorted(offered - ours - _NOTHING_BEHIND)
    if others:
        told = ", ".join(line(name, 40) for name in others[:3])
        message = f"this version of Codex has tools that can't be switched off ({told}): it is not used as a voice"
        raise Troubled("other", message)
    if not offered & ours:
        raise Troubled(
            "other", "this version of Codex doesn't offer the coordinator's tools: it is not used as a voice"
        )


def _offered(body: Mapping[str, Any]) -> Iterable[str]:
    """Every tool of a request, also of those that stand among the messages; of a namespace with its name."""
    found = _list(body.get("tools"))
    for item in _list(body.get("input")):
        if isinstance(item, dict) and item.get("type") != "message":
            found = [*found, *_list(item.get("tools")), *([] if "tools" in item else [{"name": item.get("type")}])]
    for tool in found:
        name = str(tool.get("name") or tool.get("type")) if isinstance(tool, dict) else "?"
        if isinstance(tool, dict) and isinstance(inner := tool.get("tools"), list):
            space = "" if name == "functions" else f"{name}."
            yield from (f"{space}{one.get('name') if isinstance(one, dict) else '?'}" for one in inner)
        else:
            yield name


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
