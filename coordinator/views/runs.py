"""What is said of runs: the same in a list, on a page of its own, and to programs."""

from coordinator.lazy.dataclass import dataclass
from coordinator.model.run import RunReport, Worked
from coordinator.model.step import StepState
from coordinator.model.text import age, amount


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run with what was worked on in it."""

    report: RunReport
    worked: tuple[Worked, ...]
    """In the order in which it started."""

    def to_json(self, now: float) -> dict[str, object]:
        return {**run_json(self.report, now), "attempts": [_worked_json(one) for one in self.worked]}


def run_json(report: RunReport, now: float) -> dict[str, object]:
    """A run for programs; `now` in Unix seconds."""
    run, seconds = report.run, report.seconds(now)
    return {
        "id": run.id,
        "milestone": run.milestone,
        "milestone_id": run.milestone_id or None,
        "budget_usd": run.budget_usd,
        "state": state(report),
        "outcome": run.outcome or None,
        "iterations": run.iteration,
        "phase": run.phase or None,
        "started": run.started or None,
        "ended": run.ended or None,
        "seconds": None if seconds is None else round(seconds, 1),
        "worked_s": round(report.spent.seconds, 1),
        "tokens": report.spent.tokens,
        "cost_usd": report.spent.cost_usd,
        "coordinator": {"tokens": report.talked.tokens, "cost_usd": report.talked.cost_usd},
        "base_branch": run.base_branch or None,
        "prompts": run.prompts or None,
    }


def state(report: RunReport) -> str:
    """`running`, `waiting` for a loop that takes it up, `ended`; `unknown` where its record can't be read."""
    if report.run.state == "running" and not report.alive:
        return "waiting"
    return report.run.state


def took(report: RunReport, now: float) -> str:
    """`1h04, 4 iterations, 18,200 tokens, $0.12`, and what the coordinator used beside that, as far as known."""
    seconds = report.seconds(now)
    iterations = amount(report.run.iteration, "iteration") if report.run.iteration > 1 else ""
    talked = f"coordinator {report.talked.words}" if report.talked.words else ""
    return ", ".join(
        filter(None, (age(seconds) if seconds is not None else "", iterations, report.spent.words, talked))
    )


def became(worked: Worked) -> str:
    """What became of an attempt, with its reason."""
    attempt = worked.attempt
    if attempt.state is StepState.MERGED:
        return "handed in" if attempt.work.flow else "merged"
    reason = attempt.reason or (attempt.receipt.summary if attempt.receipt is not None else "")
    return f"{attempt.state.value}: {reason}" if reason else attempt.state.value


def _worked_json(worked: Worked) -> dict[str, object]:
    attempt = worked.attempt
    return {
        "prompt": attempt.prompt or None,
        "flow": attempt.work.flow or None,
        "iteration": attempt.work.iteration or None,
        "title": attempt.title,
        "attempt": attempt.attempt,
        "agent": attempt.agent,
        "runtime": attempt.runtime,
        "state": attempt.state.value,
        "reason": attempt.reason or None,
        "started": attempt.started or None,
        "seconds": round(worked.spent.seconds, 1),
        "tokens": worked.spent.tokens,
        "cost_usd": worked.spent.cost_usd,
        "commits": list(attempt.commits),
    }
