"""What is different about turns of staged prompts: what they are told, and what they report."""

from pathlib import Path

from coordinator.agents.brief_staged import text
from coordinator.apply.hand_ins import said_before
from coordinator.changes.task_commit import commit_files
from coordinator.errors import CoordError
from coordinator.failpoint import failpoint
from coordinator.formats.stage_plan import LIMIT, read
from coordinator.lazy.typing import Any
from coordinator.loop.context import Context
from coordinator.model.flow import Flow
from coordinator.model.pipeline import Pipeline, Position
from coordinator.model.prompt import Prompt
from coordinator.model.staged_config import merged
from coordinator.model.staged_context import TASK, Remark, SentBack, at_word
from coordinator.model.staged_phases import PLAN, STAGES, WRITE_PLAN, Place, place_of
from coordinator.model.staged_report import BLOCKED, FAILED, REPORTED, kept, wrong_with
from coordinator.model.staged_turns import PLAN_FILE, Staged
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import clip, plain
from coordinator.observe.review_said import said_of
from coordinator.safefiles.regular import replace_file
from coordinator.secrets.redaction import redact
from coordinator.storage.files import read_limited, sha256
from coordinator.storage.staged_settings import plan_of, require_settings, skipped_stages
from coordinator.storage.turn_files import IN, OUT, published_folder

_WORDS = 400
"""Characters of what an agent said that a reason quotes."""


def begin(context: Context, prompt: Prompt, pipeline: Pipeline, last: Attempt | None = None) -> dict[str, object]:
    """What the rule of staged prompts keeps in their position: settings, task, and the plan that the prompt brings.

    `last`: the attempt before; where its change came back, it is told why. CoordError for settings or a plan that can't
    be used.
    """
    values = require_settings(context.layout, pipeline.name, prompt)
    if context.users is not None:  # the worktree is handed over as a whole, to one agent at a time
        values = merged((values, {"parallelism": {"maxParallelTasks": 1}})).values
    more: dict[str, object] = {"task": at_word(prompt.title, TASK), "config": values}
    if last is not None and last.continues and last.reason:
        more |= {"sentBack": _sent_back(context, last).to_json()}
    skipped = set(skipped_stages(prompt))
    plan = plan_of(prompt)
    if plan is not None:
        for problem in plan.problems:
            if not problem.warning:
                raise CoordError(f"{problem.path}, line {problem.line}: {problem.message}", problem.remedy)
        skipped |= {PLAN}
        more |= {"tasks": [task.to_json() for task in plan.tasks]}
    return more | {"skipped": [stage for stage in STAGES if stage in skipped]}


def _sent_back(context: Context, last: Attempt) -> SentBack:
    """Why a change came back, with what reviewers said at its lines and nobody has answered."""
    said = (one.comment for one in said_of(context.log, last.prompt) if one.open)
    remarks = tuple(Remark(plain(one.id), redact(one.text), redact(one.place)) for one in said)
    return SentBack(redact(last.reason), remarks)


def tell(context: Context, position: Position, attempt: Attempt, flow: Flow, body: str) -> bytes:
    """What the agent of a turn is told; the plan is put where it is told to find it. `body`: of its prompt."""
    place = place_of(attempt.work.path)
    if place is None:
        raise CoordError(f"{attempt.work.label} is no turn of stages", "look at pipeline-state.json")
    staged, directory = Staged(position), context.directory(attempt)
    plan = _plan(context, body, position, attempt) if place.reports else b""
    where = directory / IN / PLAN_FILE
    if plan:
        where.parent.mkdir(exist_ok=True)
        replace_file(where, plan)
        if attempt.user:
            where.parent.chmod(0o755)
            where.chmod(0o644)
    told = staged.context(attempt.work.path, str(where) if plan else "").to_json()
    changes = bool(flow.writes)
    words = text(flow.body, told, place, agent=attempt.agent, branch=attempt.branch, changes=changes)
    return redact(words).encode("utf-8", "replace")


def _plan(context: Context, body: str, position: Position, attempt: Attempt) -> bytes:
    """The plan file that holds: that of the last accepted 1.2, else the one that the prompt brought; empty: none.

    CoordError where it was changed since.
    """
    made = next((turn for turn in reversed(position.turns_at(WRITE_PLAN.path)) if turn.state == "done"), None)
    if made is None:
        return redact(body).encode("utf-8", "replace") if position.more.get("tasks") else b""
    folder = published_folder(context.layout, attempt.run, position.pipeline, attempt.work, attempt.attempt)
    data = _read(folder / PLAN_FILE)
    published = next((one for one in position.published if one.name == PLAN_FILE), None)
    if published is None or sha256(data) != published.digest:
        raise CoordError(
            f"cannot proceed: {PLAN_FILE} is not as {made.path} handed it in", "put it back, and answer with retry"
        )
    return data


def _read(path: Path) -> bytes:
    try:
        return read_limited(path, LIMIT)
    except (OSError, CoordError):
        return b""


def take_in(context: Context, attempt: Attempt, state: StepState, reason: str) -> tuple[StepState, str, dict[str, Any]]:
    """What a turn has come to, where it handed off as done: its state, why, and what it reported.

    Of a task its files are committed; of a phase the report tells. Turns of other pipelines stay as they are.
    """
    place = place_of(attempt.work.path)
    if place is None or state is not StepState.CHANGE_OPEN:
        return state, reason, {}
    if not place.reports:
        return *_committed(context, attempt, place), {}
    return _by_report(context, attempt, place)


def _committed(context: Context, attempt: Attempt, place: Place) -> tuple[StepState, str]:
    position = context.positions.of(attempt)
    if position is None or position.broken:
        return StepState.FAILED, "which files are its own can't be told: pipeline-state.json can't be read"
    task = Staged(position).own(place)
    tree = context.layout.worktree(attempt.work, attempt.attempt)
    try:
        message = f"{task.id}: {redact(task.description)}"
        commit_files(context.layout.root, tree, attempt.branch, task.files, message)
    except CoordError as error:
        return StepState.FAILED, f"its work can't be committed: {error.message}"
    failpoint("task-committed")
    return StepState.CHANGE_OPEN, ""


def _by_report(context: Context, attempt: Attempt, place: Place) -> tuple[StepState, str, dict[str, Any]]:
    event = said_before(context.log, attempt, REPORTED)
    if event is None:
        missing = "it handed off without a report: `coord agent stage` was not called"
        return StepState.FAILED, missing, {}
    report = {key: value for key, value in event.data.items() if key not in ("agent", "attempt", "iteration")}
    wrong, report = wrong_with(report, place.phase), kept(report, place.phase)
    if wrong:
        return StepState.FAILED, wrong, report
    if report.get("status") in (FAILED, BLOCKED):
        said = clip(plain(str(report.get("summary", ""))), _WORDS)
        return StepState.FAILED if report["status"] == FAILED else StepState.BLOCKED, said, report
    if place.phase is WRITE_PLAN and not place.task:
        plan = read(_read(context.directory(attempt) / OUT / PLAN_FILE), PLAN_FILE)
        if not plan.tasks:
            faults = "; ".join(f"line {one.line}: {one.message}" for one in plan.problems if not one.warning)
            return StepState.FAILED, f"its {PLAN_FILE} can't be used: {clip(faults, _WORDS)}", report
        report |= {"tasks": [task.to_json() for task in plan.tasks]}
    return StepState.CHANGE_OPEN, "", report
