"""Replay: the project as it was right after any event, folded from the events up to it. Pure.

The log tells which prompts there were (`coordinator.model.prompt_rows`), every transition of a step, every agent's
start and end, questions and what the loop was asked. Files are not on it: what stood in a prompt's body is not known.
"""

from collections.abc import Iterable, Mapping

from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any, TypeVar
from coordinator.model.clock import iso, timestamp
from coordinator.model.event import Event
from coordinator.model.graph import Graph
from coordinator.model.loop_state import judge
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.prompt_rows import KIND, created, described, with_values
from coordinator.model.question_fold import Asking
from coordinator.model.replay_pipelines import FAMILIES, PipelineFold
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Agent, AgentState, Milestone, Snapshot
from coordinator.model.step import Attempt, Exit, Step, StepState
from coordinator.model.stuck import Cause, Stuck
from coordinator.model.usage import NOTHING, Spent
from coordinator.model.work import is_flow_name, prompt_work, work_of_agent

KINDS = ("prompt", "plan.undone", "step", "agent", "question", "run", "milestone", *FAMILIES)
"""Families of events that a replay rests on; all others pass through it without effect."""
_STEPS = {state.event_kind: state for state in StepState}
_STATUS = {
    StepState.PENDING: PromptStatus.PENDING,
    StepState.DISPATCHED: PromptStatus.IN_PROGRESS,
    StepState.RUNNING: PromptStatus.IN_PROGRESS,
    StepState.CHANGE_OPEN: PromptStatus.IN_PROGRESS,
    StepState.MERGED: PromptStatus.DONE,
    StepState.FAILED: PromptStatus.FAILED,
    StepState.BLOCKED: PromptStatus.BLOCKED,
    StepState.SKIPPED: PromptStatus.CANCELLED,
}
_ENDS = {
    PromptStatus.DONE: StepState.MERGED,
    PromptStatus.CANCELLED: StepState.SKIPPED,
    PromptStatus.PENDING: StepState.PENDING,
}
_SHOWN = (StepState.DISPATCHED, StepState.RUNNING, StepState.CHANGE_OPEN, StepState.FAILED, StepState.BLOCKED)
_LOOP: Mapping[str, tuple[bool, str]] = {
    "run.started": (True, "running"),
    "run.resumed": (True, "running"),
    "run.paused": (True, "paused"),
    "run.stopped": (False, "running"),
}
"""Kind → whether a loop lives, and what it was asked."""


class Replay:
    """The state after the last event that was fed."""

    def __init__(
        self,
        base: Iterable[Prompt] = (),
        *,
        project: str = "",
        title: str = "",
        settings: Settings | None = None,
        max_parallel: int = 1,
    ) -> None:
        """`base`: prompts that were there before the log tells of any."""
        self.seq = 0
        self.ts = ""
        self._project, self._title, self._max_parallel = project, title, max_parallel
        self._settings = settings or Settings()
        self._status = "open"
        self._milestone = ""
        self._run: str | None = None
        self._iteration = 0
        self._alive, self._asked = False, "running"
        self._asking = Asking()
        self._prompts: dict[int, Prompt] = {}
        self._steps: dict[int, Step] = {}
        self._agents: dict[str, Agent] = {}
        self._spent: dict[str, tuple[str | None, int | None, Spent]] = {}
        """Agent → run, prompt, and what it had used when that was told last."""
        self._before: dict[str, dict[int, tuple[Prompt | None, Step | None]]] = {}
        """Plan → prompts that it changed, as they were; for when it is taken back."""
        self._piped = PipelineFold()
        self._graph = Graph.of(())
        self._drawn = False
        for prompt in base:
            self._describe(prompt)

    def feed(self, events: Iterable[Event]) -> None:
        """Take the next events, in order."""
        for event in events:
            self.seq, self.ts = event.seq, event.ts
            family = event.kind.partition(".")[0]
            if family == "step":
                self._step(event)
            elif family == "agent":
                self._agent(event)
            elif family in ("question", "run"):
                self._asking.feed(event)
                self._piped.feed(event)
                self._happening(event)
                if event.kind == "run.started" and self._status == "done":
                    self._status = "open"
            elif family in FAMILIES:
                self._piped.feed(event)
            elif family == "prompt":
                self._prompt(event)
            elif event.kind == "plan.undone":
                self._undo(str(event.data.get("undoes")))
            elif event.kind == "milestone.status":
                self._status = str(event.data.get("status") or "open")
            elif event.kind == "milestone.created":
                self._title, self._status = str(event.data.get("title") or ""), "open"
                self._milestone = str(event.data.get("id") or "")

    def copy(self) -> "Replay":
        """The same state, to be fed on its own."""
        made = Replay.__new__(Replay)
        made.__dict__.update(self.__dict__)
        made._asking, made._piped = self._asking.copy(), self._piped.copy()
        made._prompts, made._steps, made._agents = dict(self._prompts), dict(self._steps), dict(self._agents)
        made._spent = dict(self._spent)
        made._before = {plan: dict(known) for plan, known in self._before.items()}
        return made

    @property
    def now(self) -> float:
        """Unix seconds of the last event."""
        return timestamp(self.ts)

    def snapshot(self) -> Snapshot:
        """What a look at the project would have given then, as far as the log can tell."""
        prompts = {number: self._as_file(prompt) for number, prompt in sorted(self._prompts.items())}
        if not self._drawn:
            self._graph = self._graph.updated(prompts.values())
            self._drawn = True
        steps = {number: self._steps[number] for number in prompts}
        questions = self._asking.questions()
        loop = judge(
            graph=self._graph,
            prompts=prompts,
            steps=steps,
            questions=questions,
            settings=self._settings,
            asked=self._asked,
            alive=self._alive,
            max_parallel=self._max_parallel,
        )
        return Snapshot(
            project=self._project,
            milestone=Milestone(self._title, self._status, self._milestone),
            loop=loop,
            graph=self._graph,
            prompts=prompts,
            steps=steps,
            run=self._run,
            iteration=self._iteration,
            agents=tuple(sorted(filter(self._is_shown, self._agents.values()), key=lambda a: (a.prompt or 0, a.id))),
            questions=questions,
            head=self.seq,
            highest_number=max(prompts, default=0),
            settings=self._settings,
            spent=self._used_in(self._run),
            pipelines={number: at for number, at in self._piped.positions.items() if self._is_under_way(number)},
        )

    def _is_under_way(self, number: int) -> bool:
        return number in self._steps and self._steps[number].state.live

    def _used_in(self, run: str | None) -> dict[int, Spent]:
        used: dict[int, Spent] = {}
        for of, prompt, spent in self._spent.values():
            if of == run and prompt is not None:
                used[prompt] = used.get(prompt, NOTHING).plus(spent)
        return used

    # ── prompts

    def _prompt(self, event: Event) -> None:
        number = event.prompt
        if not number:
            return
        plan = event.data.get("plan")
        if isinstance(plan, str):
            known = self._prompts.get(number), self._steps.get(number)
            self._before.setdefault(plan, {}).setdefault(number, known)
        if event.kind == "prompt.created":
            prompt = created(number, event.data)
            if prompt is not None:
                self._describe(prompt)
        elif event.kind == "prompt.cancelled":
            self._set_step(Step(number, StepState.SKIPPED, None, "cancelled"))
        elif event.kind == "prompt.edited":
            values = event.data.get("values")
            if isinstance(values, dict) and number in self._prompts:
                self._edit(self._prompts[number], values)

    def _undo(self, plan: str) -> None:
        for number, (prompt, step) in self._before.pop(plan, {}).items():
            if prompt is None or step is None:
                self._forget(number)
            else:
                self._prompts[number], self._steps[number] = prompt, step
                self._drawn = False

    def _edit(self, prompt: Prompt, values: Mapping[str, Any]) -> None:
        """Take in the new values of an edit."""
        self._prompts[prompt.number] = with_values(prompt, values)
        self._drawn = False
        status = values.get("status")
        if status in ("pending", "cancelled", "done"):
            state = _ENDS.get(PromptStatus(status), StepState.PENDING)
            last = self._steps[prompt.number].attempt
            self._set_step(Step(prompt.number, state, last, "cancelled" if status == "cancelled" else ""))

    def _describe(self, prompt: Prompt) -> None:
        self._prompts[prompt.number] = prompt
        self._drawn = False
        known = self._steps.get(prompt.number)
        ended = prompt.status is not PromptStatus.PENDING
        if known is None or (ended and known.attempt is None):
            self._steps[prompt.number] = Step(prompt.number, _ENDS.get(prompt.status, StepState.PENDING))

    def _forget(self, number: object) -> None:
        if isinstance(number, int) and self._prompts.pop(number, None) is not None:
            self._steps.pop(number, None)
            self._drawn = False

    def _as_file(self, prompt: Prompt) -> Prompt:
        """The prompt as its file told it then: status, attempts and commits follow the step."""
        step = self._steps[prompt.number]
        attempt = step.attempt
        return replace(
            prompt,
            status=_STATUS[step.state],
            attempts=attempt.attempt if attempt else 0,
            commits=attempt.commits if attempt and step.state is StepState.MERGED else (),
        )

    # ── steps and agents

    def _step(self, event: Event) -> None:
        number, state = event.prompt, _STEPS.get(event.kind)
        if not number or state is None:
            return
        if state is StepState.SKIPPED:
            last = self._steps[number].attempt if number in self._steps else None
            self._set_step(Step(number, state, last, str(event.data.get("reason") or "")))
            return
        count, commits = event.data.get("attempt"), event.data.get("commits")
        known = self._steps[number].attempt if number in self._steps else None
        count = count if isinstance(count, int) else known.attempt if known else 1
        if known is None or known.attempt != count:
            known = Attempt(prompt_work(number), count, event.run or "", 1, state, event.ts, event.ts)
        reason = str(event.data.get("reason") or "")
        attempt = replace(
            known,
            state=state,
            since=event.ts,
            agent=str(event.data.get("agent") or known.agent),
            held=known.killed and state is StepState.BLOCKED,
            commits=tuple(map(str, commits)) if isinstance(commits, list) else known.commits,
            merged_as=str(event.data.get("commit") or known.merged_as),
            reason=reason,
        )
        self._set_step(Step(number, state, attempt, reason))

    def _set_step(self, step: Step) -> None:
        self._steps[step.number] = step
        if step.number not in self._prompts:
            self._describe(Prompt(step.number, f"Prompt {step.number}", ""))

    def _agent(self, event: Event) -> None:
        name = event.subject.removeprefix("agent:")
        known = self._agents.get(name)
        state = _agent_state(event)
        if event.kind == "agent.started" or known is None:
            prompt, count = event.data.get("prompt"), event.data.get("attempt")
            flow, iteration = event.data.get("flow"), event.data.get("iteration")
            own = work_of_agent(name)
            stage = own[0].path if own is not None else ""
            known = Agent(
                id=name,
                role="stage" if stage else name.rpartition("-")[0].rpartition("-")[0] or name.partition("-")[0],
                prompt=prompt if isinstance(prompt, int) else None,
                attempt=count if isinstance(count, int) else 1,
                runtime=str(event.data.get("runtime") or ""),
                state=AgentState.UNKNOWN,
                evidence="log",
                observed_at=0.0,
                since=event.ts,
                flow=flow if isinstance(flow, str) and is_flow_name(flow) else "",
                iteration=iteration if isinstance(iteration, int) else 0,
                stage=stage,
            )
            attempt = self._attempt(known)
            known = replace(known, since=attempt.started) if attempt is not None else known
        stuck = _stuck(event) if "stuck" in event.data or (state or known.state).ended else known.stuck
        told = Spent(_amount(event.data.get("tokens"), int), _amount(event.data.get("cost_usd"), float))
        if told != NOTHING:
            known = replace(known, tokens=told.tokens, cost_usd=told.cost_usd)
            self._spent[name] = (event.run, known.prompt, told)
        at = self._ended(event, known)
        self._agents[name] = replace(known, state=state or known.state, observed_at=timestamp(at), stuck=stuck)

    def _attempt(self, agent: Agent) -> Attempt | None:
        """The attempt of a prompt that an agent is at, while it is the newest."""
        step = self._steps.get(agent.prompt) if agent.prompt is not None and not agent.stage else None
        own = step is not None and step.attempt is not None and step.attempt.attempt == agent.attempt
        return step.attempt if own and step is not None else None

    def _ended(self, event: Event, agent: Agent) -> str:
        """Note at an agent's attempt how its process ended; since when what the event says of it is so."""
        seconds, attempt = _amount(event.data.get("seconds"), float), self._attempt(agent)
        at = event.ts
        if event.kind == "agent.exited" and seconds is not None:
            at = iso(round(timestamp(agent.since) + seconds))  # to the second, as a process's end is told
        if attempt is not None and event.kind in ("agent.exited", "agent.killed"):
            status = _amount(event.data.get("status"), int)
            known = Exit(status or 0, at) if event.kind == "agent.exited" else attempt.exit
            ended = replace(attempt, killed=attempt.killed or event.kind == "agent.killed", exit=known)
            self._steps[attempt.prompt] = replace(self._steps[attempt.prompt], attempt=ended)
        return at

    def _is_shown(self, agent: Agent) -> bool:
        """It works, or how it ended still matters."""
        step = self._steps.get(agent.prompt) if agent.prompt is not None else None
        if step is None or step.attempt is None or agent.stage:
            return not agent.state.ended
        return step.state in _SHOWN and step.attempt.attempt == agent.attempt

    # ── the loop

    def _happening(self, event: Event) -> None:
        if event.run:
            self._run = event.run
        if event.iteration:
            self._iteration = event.iteration
        if event.kind in _LOOP:
            self._alive, self._asked = _LOOP[event.kind]
        elif event.kind == KIND:
            rows, gone = event.data.get("prompts"), event.data.get("gone")
            for row in rows if isinstance(rows, list) else ():
                prompt = described(row)
                if prompt is not None:
                    self._describe(prompt)
            for number in gone if isinstance(gone, list) else ():
                self._forget(number)


_Number = TypeVar("_Number", int, float)


def _amount(value: object, kind: type[_Number]) -> _Number | None:
    """A number of an event; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e18:
        return None
    return kind(value)


def _stuck(event: Event) -> Stuck | None:
    """What the loop began to think of an agent that gets nowhere; None: it thinks so no longer."""
    cause, since = event.data.get("stuck"), event.data.get("since")
    if not isinstance(cause, str) or cause not in list(Cause) or not isinstance(since, str):
        return None
    return Stuck(Cause(cause), timestamp(since))


def _agent_state(event: Event) -> AgentState | None:
    """What an event says of an agent's state; None: nothing."""
    match event.kind:
        case "agent.started":
            return AgentState.WORKING
        case "agent.exited":
            return AgentState.FINISHED if event.data.get("status") == 0 else AgentState.CRASHED
        case "agent.killed":
            return AgentState.KILLED
        case "agent.lost":
            return AgentState.LOST
        case "agent.status":
            value = event.data.get("state")
            return AgentState(value) if isinstance(value, str) and value in list(AgentState) else None
    return None
