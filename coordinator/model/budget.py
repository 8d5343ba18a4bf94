"""Budgets: what a prompt and a run may use up before a human is asked."""

from collections.abc import Iterable, Iterator, Sequence

from coordinator.lazy.dataclass import dataclass
from coordinator.model.budget_pause import BUDGET, END_IT, about_budgets, paused_by, paused_seconds, to_end
from coordinator.model.clock import timestamp
from coordinator.model.settings import Budget
from coordinator.model.snapshot import Question, Snapshot
from coordinator.model.step import Attempt, Step, StepState
from coordinator.model.text import age
from coordinator.model.usage import Spent, total

GO_ON = "go on with as much again"
"""An answer on offer, as `END_IT` is. Ending holds the prompt; any other answer goes on."""


@dataclass(frozen=True, slots=True)
class Overrun:
    """A budget that is used up."""

    subject: str
    """`prompt:7` or `run:run-3`."""
    about: str
    """`budget/run-3/prompt:7/cost/2`: which budget, and how often it was used up; a question carries it."""
    text: str
    """The question to ask."""
    options: tuple[str, ...]
    question: Question | None = None
    """The question that was asked about it, once it was."""

    @property
    def to_end(self) -> bool:
        """A human said that it is to end here."""
        return self.question is not None and not self.question.open


def overruns(snapshot: Snapshot, now: float) -> Iterator[Overrun]:
    """Budgets that are used up and that nobody has let go on; `now` in Unix seconds."""
    settings, run = snapshot.settings, snapshot.run
    if run is None or not (settings.prompt_budget.any or settings.run_budget.any):
        return
    asked = about_budgets(snapshot.questions)
    for number, spent in snapshot.spent.items():
        step = snapshot.steps.get(number)
        spent = spent.plus(Spent(seconds=_under_way(step, asked, now)))
        if step is not None and step.state not in (StepState.MERGED, StepState.SKIPPED):
            who = f"Prompt {number:02d}"
            yield from _over(
                f"prompt:{number}", who, run, settings.prompt_budget, spent, asked, _started(step), (GO_ON, END_IT)
            )
    left = any(step.state not in (StepState.MERGED, StepState.SKIPPED) for step in snapshot.steps.values())
    if left or snapshot.live_flows or snapshot.round is not None:
        used = run_usage(snapshot, now)
        yield from _over(f"run:{run}", "This run", run, settings.run_budget, used, asked, 0.0, (GO_ON,))


def run_usage(snapshot: Snapshot, now: float) -> Spent:
    """What this run has used so far, with the time of agents at work; `now` in Unix seconds."""
    asked = about_budgets(snapshot.questions)
    working = sum(_under_way(step, asked, now) for step in snapshot.steps.values())
    working += sum(_at_work(attempt, asked, now) for attempt in snapshot.live_flows)
    ended = total((*snapshot.spent.values(), *snapshot.flows_spent.values()))
    return ended.plus(Spent(seconds=working))


def _under_way(step: Step | None, asked: Iterable[Question], now: float) -> float:
    """Seconds that the agent of a live step was at work since its attempt started."""
    if step is None or step.attempt is None or not step.state.live:
        return 0.0
    return _at_work(step.attempt, asked, now)


def _at_work(attempt: Attempt, asked: Iterable[Question], now: float) -> float:
    """Seconds that the agent of a live attempt was at work since that started."""
    began = timestamp(attempt.started)
    return max(0.0, now - began - paused_seconds(asked, attempt.prompt, began, now))


def next_overrun(snapshot: Snapshot, now: float) -> float | None:
    """Unix seconds when the work under way uses up a budget of time; None when none does."""
    own, of_run = snapshot.settings.prompt_budget.seconds, snapshot.settings.run_budget.seconds
    asked = about_budgets(snapshot.questions)
    times, used_by_all, live = [], 0.0, 0
    for number, spent in snapshot.spent.items():
        step = snapshot.steps.get(number)
        used = spent.seconds + _under_way(step, asked, now)
        if step is not None and step.attempt is not None and step.state.live:
            goes_on = paused_by(asked, number) is None
            live += goes_on
            if own is not None and goes_on:
                times.append(now + own - used % own)
        used_by_all += used
    for work, spent in snapshot.flows_spent.items():
        flow = snapshot.flows.get(work)
        at_work = flow is not None and flow.state.live
        used_by_all += spent.seconds + (_at_work(flow, asked, now) if flow is not None and at_work else 0.0)
        live += at_work and paused_by(asked, 0) is None
    if of_run is not None and live:
        times.append(now + (of_run - used_by_all % of_run) / live)
    return min(times, default=None)


def _started(step: Step) -> float:
    """Unix seconds when its last attempt was started; 0.0 without one."""
    return timestamp(step.attempt.started) if step.attempt is not None else 0.0


def _over(
    subject: str,
    who: str,
    run: str,
    budget: Budget,
    spent: Spent,
    asked: Sequence[Question],
    started: float,
    options: tuple[str, ...],
) -> Iterator[Overrun]:
    for name, limit, used, shown in (
        ("tokens", budget.tokens, float(spent.tokens or 0), f"{spent.tokens or 0:,} tokens"),
        ("cost", budget.cost_usd, spent.cost_usd or 0.0, f"${spent.cost_usd or 0.0:.2f}"),
        ("time", budget.seconds, spent.seconds, age(spent.seconds)),
    ):
        if limit is None or used < limit:
            continue
        budget_of, times = f"{BUDGET}{run}/{subject}/{name}/", int(used // limit)
        last = max((q for q in asked if q.about.startswith(budget_of)), key=_times, default=None)
        holds = last is not None and (last.open or to_end(last, started))
        if last is None or (not holds and _times(last) < times):
            text = f"{who} has used {shown}, and its budget of {name} is reached. Go on?"
            yield Overrun(subject, f"{budget_of}{times}", text, options)
        elif holds:
            yield Overrun(subject, last.about, last.text, options, last)


def _times(question: Question) -> int:
    """How often its budget was used up when it was asked."""
    return int(question.about.rpartition("/")[2])
