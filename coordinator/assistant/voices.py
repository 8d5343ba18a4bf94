"""Which voice speaks: the one of the settings, or the first that there is."""

import os
from collections.abc import Mapping
from importlib.util import find_spec

from coordinator.assistant.voice import Voice
from coordinator.client.reading import ChatSettings
from coordinator.lazy.typing import NamedTuple

_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
_CLIS = (("claude", "Claude Code"), ("codex", "Codex"))
"""In the order in which they are looked for."""


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
    for name, title in _CLIS:
        if settings.voice in ("auto", name):
            if (voice := _by_cli(name, settings.model)) is not None:
                return Chosen(voice)
            why_not = why_not if settings.voice == "auto" else f"no voice: {title} is not installed (`chat: {name}`)"
    return Chosen(None, why_not)


def _by_cli(name: str, model: str) -> Voice | None:
    """The voice by an agent CLI; None where that is not installed."""
    if name == "claude":
        from coordinator.assistant import voice_cli

        return voice_cli.ClaudeVoice(model) if voice_cli.found() else None
    from coordinator.assistant import voice_codex

    return voice_codex.CodexVoice(model) if voice_codex.found() else None


def _no_api(environ: Mapping[str, str]) -> str:
    if not any(environ.get(key, "").strip() for key in _KEYS):
        return (
            "no voice: set ANTHROPIC_API_KEY, or log in to Claude Code or Codex; forms and commands work all the same"
        )
    if find_spec("anthropic") is None:
        return "no voice: the package `anthropic` is missing: pip install 'coord[chat]'"
    return ""
