"""Budgets: what a prompt and a run may use up before a human is asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from coordinator.model.facts import age
from coordinator.model.settings import Budget
from coordinator.model.situation import timestamp
from coordinator.model.snapshot import Question, Snapshot
from coordinator.model.spent import Spent, total
from coordinator.model.step import Step, StepState

GO_ON = "go on with as much again"
END_IT = "end it"
"""Answers on offer. Ending holds the prompt; any other answer goes on."""


@dataclass(frozen=True, slots=True)
class Overrun:
    """A budget that is used up."""

    subject: str
    """`prompt:7` or `run:run-3`."""
    about: str
    """`budget/run-3/prompt:7/cost/2`: which budget, and how often it was reached; a question carries it."""
    text: str
    """The question to ask."""
    options: tuple[str, ...]
    question: Question | None = None
    """The question that was asked about it, once it was."""

    @property
    def to_end(self) -> bool:
        """A human said that it is to end here."""
        return self.question is not None and self.question.answer == END_IT


def overruns(snapshot: Snapshot, now: float) -> Iterator[Overrun]:
    """Budgets that are used up and that nobody has let go on; `now` in Unix seconds."""
    settings, run = snapshot.settings, snapshot.run
    if run is None or not (settings.prompt_budget.any or settings.run_budget.any):
        return
    asked = {question.about: question for question in snapshot.questions if question.about}
    for number, spent in snapshot.spent.items():
        step = snapshot.steps.get(number)
        spent = spent.plus(Spent(seconds=_under_way(step, now)))
        if step is not None and step.state not in (StepState.MERGED, StepState.SKIPPED):
            who = f"Prompt {number:02d}"
            yield from _over(f"prompt:{number}", who, run, settings.prompt_budget, spent, asked, (GO_ON, END_IT))
    if any(step.state not in (StepState.MERGED, StepState.SKIPPED) for step in snapshot.steps.values()):
        yield from _over(f"run:{run}", "This run", run, settings.run_budget, run_usage(snapshot, now), asked, (GO_ON,))


def run_usage(snapshot: Snapshot, now: float) -> Spent:
    """What this run has used so far, with the time of agents at work; `now` in Unix seconds."""
    working = sum(_under_way(step, now) for step in snapshot.steps.values())
    return total(snapshot.spent.values()).plus(Spent(seconds=working))


def _under_way(step: Step | None, now: float) -> float:
    """Seconds since the attempt of a live step started."""
    if step is None or step.attempt is None or not step.state.live:
        return 0.0
    return max(0.0, now - timestamp(step.attempt.started))


def next_overrun(snapshot: Snapshot, now: float) -> float | None:
    """Unix seconds when the work under way uses up a budget of time; None when none does."""
    own, of_run = snapshot.settings.prompt_budget.seconds, snapshot.settings.run_budget.seconds
    times, used_by_all, live = [], 0.0, 0
    for number, spent in snapshot.spent.items():
        step = snapshot.steps.get(number)
        used = spent.seconds + _under_way(step, now)
        if step is not None and step.attempt is not None and step.state.live:
            live += 1
            if own is not None:
                times.append(now + own - used % own)
        used_by_all += used
    if of_run is not None and live:
        times.append(now + (of_run - used_by_all % of_run) / live)
    return min(times, default=None)


def _over(
    subject: str,
    who: str,
    run: str,
    budget: Budget,
    spent: Spent,
    asked: Mapping[str, Question],
    options: tuple[str, ...],
) -> Iterator[Overrun]:
    for name, limit, used, shown in (
        ("tokens", budget.tokens, float(spent.tokens or 0), f"{spent.tokens or 0:,} tokens"),
        ("cost", budget.cost_usd, spent.cost_usd or 0.0, f"${spent.cost_usd or 0.0:.2f}"),
        ("time", budget.seconds, spent.seconds, age(spent.seconds)),
    ):
        if limit is None or used < limit:
            continue
        time = 1
        while (question := asked.get(about := f"budget/{run}/{subject}/{name}/{time}")) is not None:
            if question.open or question.answer == END_IT or used < limit * (time + 1):
                break
            time += 1
        if question is None or question.open or question.answer == END_IT:
            text = f"{who} has used {shown}, and its budget of {name} is reached. Go on?"
            yield Overrun(subject, about, text, options, question)
