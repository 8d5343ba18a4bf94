"""What is said of runs of other tools: the same in a list, on a page of its own, and to programs. Pure."""

from collections.abc import Iterator
from shlex import quote

from coordinator.formats.imports.text import one_line
from coordinator.lazy.typing import NamedTuple
from coordinator.model.flow_receipt import FlowReceipt
from coordinator.model.foreign_run import ForeignRun, ForeignStep
from coordinator.model.ledger import Ledger, State, counts, state_of
from coordinator.model.problem import Problem
from coordinator.model.text import amount, clip, plain

_SHOWN = 12
"""Lines of a kind that people are shown."""


class Row(NamedTuple):
    """A line of a page: an indented one tells more of the one above."""

    text: str
    kind: str = ""
    """`good`, `bad`, `dim`, `bold`, or empty."""
    indent: int = 0


def kind_of(status: str) -> str:
    """How a status of another tool is to look: what it says it is, never more."""
    word = status.casefold()
    if word in ("verified", "completed", "done", "archived", "merged"):
        return "good"
    return "bad" if word in ("unverified", "cannot_proceed", "failed", "stuck") else ""


def page(run: ForeignRun) -> Iterator[Row]:
    """A run for people, line by line, all of it safe to print."""
    where = " · ".join(filter(None, (run.tool, run.status, run.at, when(run))))
    yield Row(clip(plain(run.title or run.id), 100), "bold")
    yield Row(plain(where), kind_of(run.status))
    yield from (Row(clip(plain(note), 160), "dim") for note in run.notes)
    yield from _steps(run.steps)
    if run.ledger is not None:
        yield Row(f"{criteria(run.ledger)}  ({plain(run.ledger_path)})")
    for named in run.worklists:
        pending = named.worklist.pending
        yield Row(f"{amount(pending, 'point')} pending of {len(named.worklist.items)}  ({plain(named.path)})")
        for item in [one for one in named.worklist.items if one.fate.value == "PENDING"][:_SHOWN]:
            severity = plain(item.severity)
            yield Row(clip(plain(f"{item.id} {severity} {item.place}: {one_line(item.summary)}"), 160), "", 1)
    for mismatch in run.mismatches:
        yield Row(clip(plain(mismatch), 200), "bad")
    for problem in run.problems:
        yield Row(clip(plain(f"{problem.path}: {problem.message}"), 200), "bad")
    if run.files:
        yield Row(f"{amount(len(run.files), 'file')}: `coord artifacts {plain(run.id)}` lists them", "dim")
    if run.left or (run.tool == "subagents" and kind_of(run.status) != "good"):
        yield Row(going_on(run))


def _steps(steps: tuple[ForeignStep, ...]) -> Iterator[Row]:
    shown = steps if len(steps) <= 3 * _SHOWN else steps[-3 * _SHOWN :]
    if len(shown) < len(steps):
        yield Row(f"… {len(steps) - len(shown)} before", "dim")
    width = min(24, max((len(plain(step.name)) for step in shown), default=0))
    for step in shown:
        action = plain(_action(step.receipt)) if step.receipt is not None else ""
        at = plain(step.at[:16].replace("T", " "))
        line = f"{clip(plain(step.name), 24):<{width}}  {plain(step.status) or 'begun':<14} {action:<8} {at}"
        yield Row(line.rstrip(), kind_of(step.status))
        if step.summary:
            yield Row(clip(plain(one_line(step.summary)), 160), "dim", 1)


def _action(receipt: FlowReceipt) -> str:
    to = " ".join(filter(None, (receipt.route_to_flow, receipt.route_to_agent)))
    return f"{receipt.recommended_action} → {to}" if to else receipt.recommended_action


def criteria(ledger: Ledger) -> str:
    """`30 of 35 criteria passed, 2 failed, 33 implemented`."""
    found = counts(ledger)
    failed = f", {found[State.FAILED.value]} failed" if found[State.FAILED.value] else ""
    built = sum(state_of(entry.impl_status) is State.PASSED for entry in ledger.entries)
    more = f", {built} implemented" if built > found[State.PASSED.value] else ""
    return f"{found[State.PASSED.value]} of {found['total']} criteria passed{failed}{more}"


def going_on(run: ForeignRun) -> str:
    """How to go on with what is left of a run."""
    place = plain(run.place)
    if run.tool == "all-hands":
        return f"{amount(run.left, 'prompt')} left: they are worked on where they are, see `prompts:` in the settings"
    if run.tool == "subagents":
        return _staged(run)
    return f"{amount(run.left, 'task')} left: `coord import {place}` makes prompts of them"


def _staged(run: ForeignRun) -> str:
    """How to go on with a workflow: in stages from where it stands, or task by task."""
    plan = next((note.removeprefix("plan ") for note in run.notes if note.startswith("plan ")), "")
    stage = run.at.partition(" ")[0]
    words = ["coord", "pipeline", quote(plain(run.title)), *(["--plan", quote(plain(plan))] if plan else [])]
    words += ["--stage", stage] if stage in ("IMPLEMENT", "TEST", "FINAL") else []
    tasks = f"; `coord import . --format subagents` makes prompts of its {amount(run.left, 'task')}" if run.left else ""
    return f"`{' '.join(words)}` goes on with it in stages{tasks}"


def when(run: ForeignRun) -> str:
    return (run.updated or run.started)[:16].replace("T", " ")


def left(run: ForeignRun) -> str:
    """`12 left, 3 points pending`; empty where nothing is."""
    found = (f"{run.left} left" if run.left else "", f"{run.pending} pending" if run.pending else "")
    differ = amount(len(run.mismatches), "mismatch") if run.mismatches else ""
    return ", ".join(filter(None, (*found, differ.replace("mismatchs", "mismatches"))))


def run_json(run: ForeignRun, *, whole: bool = False) -> dict[str, object]:
    """A run for programs; `whole`: with its steps, criteria, points and files."""
    short: dict[str, object] = {
        "tool": run.tool,
        "id": run.id,
        "place": run.place,
        "title": run.title,
        "status": run.status or None,
        "at": run.at or None,
        "started": run.started or None,
        "updated": run.updated or None,
        "iterations": run.iterations,
        "left": run.left,
        "pending": run.pending,
        "mismatches": list(run.mismatches),
        "problems": [problem.to_json() for problem in run.problems],
    }
    if not whole:
        return short
    return {
        **short,
        "notes": list(run.notes),
        "steps": [_step_json(step) for step in run.steps],
        "ledger": None if run.ledger is None else {"path": run.ledger_path, **counts(run.ledger)},
        "worklists": [
            {"path": named.path, "total": len(named.worklist.items), "pending": named.worklist.pending}
            for named in run.worklists
        ],
        "files": [{"name": file.name, "path": file.path, "bytes": file.bytes} for file in run.files],
    }


def _step_json(step: ForeignStep) -> dict[str, object]:
    more: dict[str, object] = {}
    if step.receipt is not None:
        receipt = step.receipt
        more = {
            "recommended_action": receipt.recommended_action or None,
            "route_to_flow": receipt.route_to_flow or None,
            "route_to_agent": receipt.route_to_agent or None,
            "missing_required": list(receipt.missing_required),
            "counts": dict(receipt.counts),
        }
    return {
        "name": step.name,
        "status": step.status or None,
        "summary": step.summary,
        "at": step.at or None,
        "path": step.path or None,
        **more,
    }


def problem_lines(problems: tuple[Problem, ...]) -> list[str]:
    """What was not read, a line each; of many the first few."""
    told = [f"{plain(problem.path)}: {plain(problem.message)}" for problem in problems[:_SHOWN]]
    return [*told, f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else told
