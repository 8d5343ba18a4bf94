"""OpenCode, headless: what its own settings don't allow, it refuses by itself. Known version: 1.18."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from coordinator.agents.readiness import installed
from coordinator.agents.runtime import Command, Count, Job, Needs, Place, Runtime, Said
from coordinator.agents.screens import rows_of
from coordinator.model.snapshot import AgentState


class OpenCode(Runtime):
    name = "opencode"
    needs = Needs("opencode", (1, 18), "npm install -g opencode-ai")

    def command(self, job: Job) -> Command:
        """`opencode run` with the prompt on its standard input, what it does as JSON lines on its output."""
        installed(self.needs)
        model = ("--model", job.model) if job.model else ()
        again = ("--session", job.resume) if job.resume else ()
        words = ("opencode", "run", *model, *again, *job.arguments, "--format", "json")
        return Command(words, stdin=job.prompt_file, output=job.directory / "output.jsonl", session=job.resume)

    def seen(self, screen: str) -> Said | None:
        rows = rows_of(screen)[-12:]
        return Said(AgentState.IDLE) if any(row.lstrip().startswith("▣ ") for row in rows) else None

    def sessions(self, place: Place) -> Iterable[Path]:
        yield place.directory / "output.jsonl"

    def recorded(self, record: Mapping[str, Any]) -> Said | None:
        return Said(AgentState.WORKING) if record.get("type") in ("step_start", "text", "tool_use") else None

    def counted(self, record: Mapping[str, Any]) -> Count | None:
        part = record.get("part")
        if not isinstance(part, dict) or part.get("type") != "step-finish":
            return None
        cost = part.get("cost")
        return Count(
            str(part.get("id")), _tokens(part.get("tokens")), float(cost) if isinstance(cost, (int, float)) else None
        )


def _tokens(counts: object) -> int:
    if not isinstance(counts, dict):
        return 0
    cache = counts.get("cache")
    numbers = [counts.get(name) for name in ("input", "output", "reasoning")]
    numbers += [cache.get(name) for name in ("read", "write")] if isinstance(cache, dict) else []
    return sum(n for n in numbers if isinstance(n, int))


RUNTIME: Runtime = OpenCode()
