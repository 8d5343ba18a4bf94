"""Staged subagents: the state of their one workflow, and their settings. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from coordinator.formats.imports import subagents as tasks
from coordinator.formats.imports.json_text import load
from coordinator.lazy.typing import Any
from coordinator.model.foreign_run import ForeignRun, ForeignStep
from coordinator.model.imported import TaskStatus, Tree
from coordinator.model.problem import Problem
from coordinator.model.text import plain

STATES = tasks.STATES
CONFIG = ".claude/subagents-config.json"
STAGES = ("EXPLORE", "PLAN", "IMPLEMENT", "TEST", "FINAL")
_KNOWN = frozenset(("version", "defaults", "complexityScoring", "stages", "parallelism"))
_RENAMED = {"codexFinal": "finalReview"}
_TOOL_ONLY = frozenset(("version", "tool", "needsCodexReview", "useComplexityScoring", "gitWorkflow", "git"))
"""Settings of tools and of git: reviews are flows here, and the gate decides what becomes of the branch."""
_OVER = frozenset(("completed", "done", "skipped"))


def read_state(path: str, data: bytes, files: Mapping[str, bytes]) -> ForeignRun | Problem | None:
    """A workflow from its state; `files`: plan files and the like, by path. None: another tool's. Never raises."""
    document = load(data, path)
    if isinstance(document, Problem):
        return document
    if not isinstance(document, dict):
        return Problem(plain(path), 1, "bad-json", "it is no JSON object", "begin it with `{`")
    stages = document.get("stages")
    plugin = document.get("plugin")
    if not isinstance(stages, dict) or (isinstance(plugin, str) and plugin != "subagents"):
        return None
    stage, phase = _text(document, "currentStage"), _text(document, "currentPhase")
    steps = tuple(_steps(stages, path))
    tree = Tree({path: data, **files})
    items = tasks.FORM.read(tree).items
    return ForeignRun(
        "subagents",
        _text(document, "task")[:80] or "workflow",
        path,
        title=_text(document, "task"),
        status=_text(document, "status") or ("completed" if all(s.status in _OVER for s in steps) else ""),
        at=" ".join(filter(None, (stage, phase))),
        started=_text(document, "startedAt"),
        updated=_text(document, "updatedAt") or _text(document, "stoppedAt"),
        steps=steps,
        left=sum(item.status not in (TaskStatus.DONE, TaskStatus.CANCELLED) for item in items),
        notes=tuple(_notes(document)),
        mismatches=tuple(_mismatches(document, steps, files, items != ())),
    )


def plan_of(data: bytes) -> str:
    """The plan file that a state names, relative to the project's root; empty: none, or one that is elsewhere."""
    document = load(data, "")
    path = _text(document, "planFilePath").removeprefix("./") if isinstance(document, dict) else ""
    inside = path and not path.startswith("/") and ".." not in path.split("/") and path.endswith(".md")
    return path if inside else ""


def config_values(data: bytes, path: str) -> Mapping[str, Any] | Problem:
    """The settings of staged subagents as they are written; a Problem for what is none, or another tool's."""
    document = load(data, path)
    if isinstance(document, Problem):
        return document
    if not isinstance(document, dict) or not (_KNOWN & document.keys()):
        message = "it has none of the settings of staged subagents"
        return Problem(plain(path), 1, "other-config", message, "nothing of it was taken", warning=True)
    return document


def as_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same as settings of our stages, renamed where they are called otherwise; what only steers that tool goes."""
    made = {}
    for key, value in values.items():
        if key in _TOOL_ONLY:
            continue
        if key == "bugFixer" and isinstance(value, dict):
            if value.get("type") == "model" and isinstance(value.get("tool"), str):
                made[key] = value["tool"]
        elif isinstance(value, dict):
            made[_RENAMED.get(key, key)] = as_settings(value)
        else:
            made[key] = value
    return made


def _steps(stages: Mapping[str, Any], path: str) -> Iterator[ForeignStep]:
    """Each stage, then its phases."""
    order = [*(name for name in STAGES if name in stages), *(name for name in stages if name not in STAGES)]
    for name in order:
        stage = stages[name] if isinstance(stages[name], dict) else {"status": stages[name]}
        yield ForeignStep(name, _text(stage, "status"), _text(stage, "summary"), _text(stage, "completedAt"), path)
        phases = stage.get("phases")
        for number, phase in phases.items() if isinstance(phases, dict) else ():
            values = phase if isinstance(phase, dict) else {"status": phase}
            done = values.get("tasksCompleted")
            summary = _text(values, "summary") or (f"{done} tasks" if type(done) is int else "")
            yield ForeignStep(f"{name} {number}", _text(values, "status"), summary, path=path)


def _notes(document: Mapping[str, Any]) -> Iterator[str]:
    if plan := _text(document, "planFilePath"):
        yield f"plan {plan}"
    if stopped := _text(document, "stoppedAt"):
        yield f"stopped {stopped}"


def _mismatches(
    document: Mapping[str, Any], steps: Sequence[ForeignStep], files: Mapping[str, bytes], has_tasks: bool
) -> Iterator[str]:
    plan, stage = _text(document, "planFilePath"), _text(document, "currentStage")
    if plan and not has_tasks and not any(path.endswith(plan.removeprefix("./")) for path in files):
        yield f"the state names the plan {plain(plan)}, which is not there"
    said = {step.name: step.status for step in steps}
    if said.get(stage) in _OVER and _text(document, "status") not in _OVER:
        yield f"the state is at {plain(stage)}, and says that it is {plain(said[stage])}"


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""
