"""Which voice speaks: the one of the settings, or the first that there is."""

import os
from collections.abc import Mapping
from importlib.util import find_spec

from coordinator.assistant.voice import Voice
from coordinator.client.reading import ChatSettings
from coordinator.lazy.typing import NamedTuple

_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


class Chosen(NamedTuple):
    """A voice, or what is missing for one."""

    voice: Voice | None
    missing: str = ""
    """One line."""


def choose(settings: ChatSettings, root: str, environ: Mapping[str, str] = os.environ) -> Chosen:
    """The voice that the settings name, or with `auto` the first one that can speak."""
    if settings.voice == "off":
        return Chosen(None, "the coordinator's voice is switched off: `chat: off` in .coord/coord.yaml")
    why_not = _no_api(environ)
    if settings.voice in ("auto", "api"):
        if not why_not:
            from coordinator.assistant.voice_api import ApiVoice

            return Chosen(ApiVoice(settings.model, settings.base_url))
        if settings.voice == "api":
            return Chosen(None, why_not)
    if settings.voice in ("auto", "claude"):
        from coordinator.assistant.voice_cli import ClaudeVoice, found

        if found():
            return Chosen(ClaudeVoice(settings.model))
        why_not = why_not if settings.voice == "auto" else "no voice: Claude Code is not installed (`chat: claude`)"
    if settings.voice == "codex":
        why_not = "no voice: Codex can't be one yet; see `chat` in coord.yaml"
    return Chosen(None, why_not)


def _no_api(environ: Mapping[str, str]) -> str:
    if not any(environ.get(key, "").strip() for key in _KEYS):
        return "no voice: set ANTHROPIC_API_KEY, or log in to Claude Code; forms and commands work all the same"
    if find_spec("anthropic") is None:
        return "no voice: the package `anthropic` is missing: pip install 'coord[chat]'"
    return ""
