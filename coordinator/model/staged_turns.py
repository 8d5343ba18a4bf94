"""The turns of a staged prompt: who does each, what it is told, and how the stages stand. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.pipeline import Position, Turn
from coordinator.model.staged_config import StagedConfig, Who, merged
from coordinator.model.staged_context import (
    MARK,
    PARAGRAPH,
    SUMMARY,
    Constraints,
    DependencyOutput,
    Finding,
    PhaseContext,
    Remark,
    SentBack,
    StageContext,
    TaskContext,
    at_word,
    shortened,
)
from coordinator.model.staged_phases import (
    CLASSIFY,
    FIX,
    FIX_FLOW,
    IMPLEMENT,
    PLAN,
    REVIEW_PLAN,
    REVIEW_TESTS,
    STAGES,
    TASKS,
    WRITE_PLAN,
    WRITE_TESTS,
    Phase,
    Place,
    place_of,
)
from coordinator.model.staged_plan import Task, waves, wrong_with
from coordinator.model.staged_report import blocking

PLAN_FILE = "plan.md"
"""The artifact that 1.2 makes, and a human may bring."""
_LEAST = 80
"""Characters that a summary is given within one of several."""


class Spec(NamedTuple):
    """Who takes a turn."""

    flow: str
    who: Who
    files: tuple[str, ...] = ()
    """Of a task: what is its own; empty for all others, whose flow says what they may change."""
    beside: tuple[str, ...] = ()
    """Files of the other tasks of its wave, which may change meanwhile."""


class Staged:
    """A position of kind `staged`, with what its rule keeps in it."""

    def __init__(self, position: Position) -> None:
        self.position = position
        more = position.more
        skipped = more.get("skipped")
        values: Any = more["config"]
        self.config = StagedConfig(values, tuple(map(str, skipped)) if isinstance(skipped, list | tuple) else ())
        self.tasks = tuple(_tasks(position))

    @property
    def task(self) -> str:
        return str(self.position.more.get("task") or "")

    @property
    def sent_back(self) -> SentBack | None:
        """Why the change of the attempt before came back; None where it did not."""
        values: Any = self.position.more.get("sentBack")
        if not isinstance(values, dict):
            return None
        listed: Any = values.get("comments")
        comments = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        named = ([str(one.get(key) or "") for key in ("id", "message", "location")] for one in comments)
        return SentBack(str(values.get("reason") or ""), tuple(Remark(*words) for words in named))

    @property
    def left_out(self) -> tuple[str, ...]:
        """Stages that are not run."""
        return tuple(stage for stage in STAGES if not self.config.runs(stage))

    def spec(self, path: str) -> Spec:
        """Who takes the turn of a path. KeyError for none of this pipeline's."""
        place = _place(path)
        if place.task == FIX:
            return Spec(FIX_FLOW, self.config.who(place.phase, FIX))
        if not place.task:
            return Spec(place.phase.flow, self.config.who(place.phase))
        task = self.own(place)
        level = self.config.level(len(task.files), task.lines)
        wave = next(wave for wave in waves(self.tasks) if task in wave)
        beside = tuple(file for other in wave if other is not task for file in other.files)
        return Spec(place.phase.flow, self.config.who(place.phase, task.id, level), task.files, beside)

    def own(self, place: Place) -> Task:
        """The task of a place. KeyError where there is none."""
        found = next((task for task in self.tasks if task.id == place.task), None)
        if found is None or place.phase is not TASKS:
            raise KeyError(place.path)
        return found

    # ── what is sent down

    def context(self, path: str, plan_file: str = "") -> PhaseContext | TaskContext:
        """All that the agent of a turn is told. `plan_file`: where it finds the plan; empty: there is none yet."""
        place = _place(path)
        if place.phase is TASKS:
            return self._task_context(self.own(place))
        phase, config = place.phase, self.config.phase(place.phase)
        stage = self.stage(phase.stage, plan_file)
        before = self._before(place)
        return PhaseContext(
            task=stage.task,
            stage_name=stage.stage_name,
            phase_name=FIX if place.task == FIX else phase.name,
            phase_id=phase.id,
            phase_config=_told(config),
            previous_phase_summary=stage.previous_stage_summary if before is None else before,
            task_list=tuple(task.id for task in self.tasks),
            plan_file_path=stage.plan_file_path,
            errors=self._errors(place),
            sent_back=self.sent_back if phase.stage in (PLAN, IMPLEMENT) else None,
        )

    def stage(self, stage: str, plan_file: str = "") -> StageContext:
        """All that a stage is told."""
        before = [one for one in self.config.stages if STAGES.index(one) < STAGES.index(stage)]
        summary = self.summary_of(before[-1]) if before else ""
        return StageContext(self.task, stage, self.config.stage(stage), summary, plan_file)

    def _task_context(self, task: Task) -> TaskContext:
        known = {one.id: one for one in self.tasks}
        outputs = [DependencyOutput(other, self._outcome(known[other])) for other in task.dependencies]
        settings = self.config.phase(TASKS)
        constraints = Constraints(
            int(settings["maxReadFiles"]), int(settings["maxWriteFiles"]), bool(settings["allowBashCommands"])
        )
        words = (task.id, task.description, task.files, task.instructions)
        return TaskContext(*words, tuple(outputs), constraints, self.sent_back)

    def _outcome(self, task: Task) -> str:
        last = self._last(f"{TASKS.path}/{task.id}")
        if last is None or last.state != "done":
            return "it was left out" if last is not None and last.state == "skipped" else ""
        return _said(last)

    def _before(self, place: Place) -> str | None:
        """The summary of the phase before a place in its stage; None where there is none, which is a stage's first."""
        if place.task == FIX:
            return self._phase_summary(place.phase)
        own = [phase for phase in self.config.phases if phase.stage == place.phase.stage and phase is not CLASSIFY]
        earlier = [phase for phase in own if phase.id < place.phase.id]
        if self._errors(place):
            reviewer = _REVIEWED_BY.get(place.phase)
            return self._phase_summary(reviewer) if reviewer is not None else None
        return self._phase_summary(earlier[-1]) if earlier else None

    def _errors(self, place: Place) -> tuple[Finding, ...]:
        """What sent the work back to a place."""
        reviewer = place.phase if place.task == FIX else _REVIEWED_BY.get(place.phase)
        last = self._last(reviewer.path) if reviewer is not None else None
        if last is None or last.state != "done":
            return ()
        return blocking(last.report, self.config)

    # ── what comes up

    def summary_of(self, stage: str) -> str:
        """A stage in one paragraph, made of what its phases reported."""
        phases = [phase for phase in self.config.phases if phase.stage == stage]
        said = [(phase.name, self._phase_summary(phase)) for phase in phases]
        return _paragraph([(name, text) for name, text in said if text])

    def _phase_summary(self, phase: Phase) -> str:
        if phase is TASKS:
            done = ((task, self._outcome(task)) for task in self.tasks)
            return _paragraph([(f"{task.id} {task.description}", outcome) for task, outcome in done if outcome])
        last = self._last(phase.path)
        return at_word(_said(last), PARAGRAPH) if last is not None and last.state == "done" else ""

    def _last(self, station: str) -> Turn | None:
        turns = self.position.turns_at(station)
        return turns[-1] if turns else None

    # ── how it stands

    def state(self, *, over: bool = False) -> dict[str, Any]:
        """How the stages stand, as the state file tells it. `over`: nothing more comes."""
        due = [place for turn in self.position.due if (place := place_of(turn.path)) is not None]
        stages = {stage: self._stage_state(stage, over=over) for stage in STAGES}
        return {
            "currentStage": due[0].phase.stage if due else None,
            "currentPhase": due[0].phase.id if due else None,
            "stages": stages,
        }

    def _stage_state(self, stage: str, *, over: bool) -> dict[str, Any]:
        if not self.config.runs(stage):
            return {"status": "skipped"}
        phases = {phase.id: self._phase_state(phase) for phase in self.config.phases if phase.stage == stage}
        told = set(phases.values())
        later = [turn for turn in self.position.turns if _stage_index(turn) > STAGES.index(stage)]
        if told == {"pending"}:
            status = "pending"
        elif later or over:
            status = "failed" if "failed" in told else "completed"
        else:
            status = "in_progress"
        summary = self.summary_of(stage) if status == "completed" else ""
        return {"status": status, "phases": {id_: {"status": one} for id_, one in phases.items()}} | (
            {"summary": summary} if summary else {}
        )

    def _phase_state(self, phase: Phase) -> str:
        if phase is CLASSIFY:
            return "completed" if any(_is_of(turn, TASKS) for turn in self.position.turns) else "pending"
        if phase is TASKS:
            lasts = [self._last(f"{TASKS.path}/{task.id}") for task in self.tasks]
            states = {_WORDS_OF[last.state] if last is not None else "pending" for last in lasts}
            return states.pop() if len(states) == 1 else "in_progress" if states else "pending"
        last = self._last(phase.path)
        return _WORDS_OF[last.state] if last is not None else "pending"


def fault(position: Position) -> str:
    """Why a position can't be one of stages, whoever wrote it; empty: it can."""
    more = position.more
    values: Any = more.get("config")
    if not isinstance(values, Mapping):
        return "it has no settings of its stages"
    taken = merged((values,))
    if taken.wrong or taken.values != values:
        return "the settings of its stages are none"
    skipped = more.get("skipped")
    if not isinstance(skipped, list | tuple) or not set(skipped) <= set(STAGES):
        return "it leaves out stages that there are not"
    try:
        staged = Staged(position)
        wrong = next(wrong_with(staged.tasks), None) if staged.tasks else None
        for turn in position.turns:
            if turn.station in STAGES and turn.state == "skipped":
                continue
            place = _place(turn.path)
            if place.task not in ("", FIX):
                staged.own(place)
            if place.station != turn.station:
                return f"`{turn.path}` is no turn of `{turn.station}`"
    except (KeyError, TypeError, ValueError, AttributeError):
        return "its plan and its turns don't fit together"
    return f"its plan can't be done: {wrong[1]}" if wrong else ""


_REVIEWED_BY = {WRITE_PLAN: REVIEW_PLAN, WRITE_TESTS: REVIEW_TESTS}
_WORDS_OF = {
    "due": "in_progress",
    "done": "completed",
    "failed": "failed",
    "blocked": "blocked",
    "interrupted": "in_progress",
    "skipped": "skipped",
}
_WHO = ("enabled", "model", "agent", "timeout", "retries", "bugFixer")
"""Settings that are coord's to keep, and nothing to its agents."""


def _told(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in _WHO}


def _said(turn: Turn) -> str:
    """What comes up of a turn."""
    return str(turn.report.get("summary") or turn.summary)


def _place(path: str) -> Place:
    place = place_of(path)
    if place is None:
        raise KeyError(path)
    return place


def _is_of(turn: Turn, phase: Phase) -> bool:
    place = place_of(turn.path)
    return place is not None and place.phase is phase


def _stage_index(turn: Turn) -> int:
    place = place_of(turn.path)
    return STAGES.index(place.phase.stage) if place is not None else -1


def _paragraph(said: Sequence[tuple[str, str]]) -> str:
    """Several summaries as one paragraph, each with its share of the room."""
    if not said:
        return ""
    room = max(_LEAST, PARAGRAPH // len(said) - 2)
    parts = (shortened(f"{at_word(name, _LEAST)}: {at_word(text, SUMMARY)}", room) for name, text in said)
    return shortened("; ".join(part.removesuffix(".") for part in parts), PARAGRAPH).removesuffix(f"; {MARK}")


def _tasks(position: Position) -> Iterator[Task]:
    """The plan that holds: that of the last accepted 1.2, else the one that was brought."""
    made = next((turn for turn in reversed(position.turns_at(WRITE_PLAN.path)) if turn.state == "done"), None)
    listed: Any = made.report.get("tasks") if made is not None else position.more.get("tasks")
    for one in listed or ():
        yield Task.from_json(one)
