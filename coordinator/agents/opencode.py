"""OpenCode, headless: what its own settings don't allow, it refuses by itself. Known version: 1.18."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from coordinator.agents.readiness import installed
from coordinator.agents.runtime import Command, Job, Needs, Place, Runtime, Said, Usage
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

    def spent(self, records: Iterable[Mapping[str, Any]], place: Place) -> Usage:
        """The sum over its steps, each once."""
        steps: dict[str, tuple[int, float]] = {}
        for record in records:
            holder = record.get("properties")
            part = (holder if isinstance(holder, dict) else record).get("part")
            if not isinstance(part, dict) or part.get("type") != "step-finish":
                continue
            steps[str(part.get("id"))] = (_tokens(part.get("tokens")), float(part.get("cost") or 0))
        return Usage(sum(n for n, _ in steps.values()), sum(cost for _, cost in steps.values()) if steps else None)


def _tokens(counts: object) -> int:
    if not isinstance(counts, dict):
        return 0
    cache = counts.get("cache")
    numbers = [counts.get(name) for name in ("input", "output", "reasoning")]
    numbers += [cache.get(name) for name in ("read", "write")] if isinstance(cache, dict) else []
    return sum(n for n in numbers if isinstance(n, int))


RUNTIME: Runtime = OpenCode()
