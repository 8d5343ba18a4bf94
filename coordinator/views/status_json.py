"""The status document: a snapshot as the JSON that programs read. Its keys are a contract; more may be added."""

from coordinator.model.budget import run_usage
from coordinator.model.expectation import expectations
from coordinator.model.forecast import forecast
from coordinator.model.human_wait import WAITED, waited_for_human
from coordinator.model.loop_state import dependencies_ended, startable
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Step, StepState
from coordinator.model.usage import NOTHING
from coordinator.model.work import DIRECT


def document(snapshot: Snapshot, now: float) -> dict[str, object]:
    """Turn a snapshot into plain JSON values; `now` in Unix seconds gives ages."""
    loop = snapshot.loop
    ready = frozenset(startable(snapshot.graph, snapshot.prompts, snapshot.steps, snapshot.questions))
    takes = {number: expectation.to_json() for number, expectation in expectations(snapshot).items()}
    return {
        "project": snapshot.project,
        "milestone": {
            "title": snapshot.milestone.title,
            "status": snapshot.milestone.status,
            "id": snapshot.milestone.id or None,
            "iterate": snapshot.milestone.iterate,
        },
        "run": snapshot.run,
        "iteration": snapshot.iteration,
        "phase": snapshot.round.phase.value if snapshot.round is not None else None,
        "loop": {"state": loop.state.value, "reason": loop.reason, "max_parallel": loop.max_parallel},
        "counts": counts(snapshot),
        "usage": usage(snapshot, now),
        WAITED: waited_for_human(snapshot, now).to_json(),
        "prompts": [
            _prompt(snapshot, snapshot.prompts[n], snapshot.steps[n], n in ready) | {"forecast": takes.get(n)}
            for n in snapshot.graph.order
        ],
        "agents": [agent.to_json(now) for agent in snapshot.agents],
        "questions": [question.to_json() for question in snapshot.questions],
        "problems": [problem.to_json() for problem in snapshot.problems],
        "forecast": forecast(snapshot, now).to_json(),
    }


def usage(snapshot: Snapshot, now: float) -> dict[str, object]:
    """What the run has used; null is what nobody told."""
    spent = run_usage(snapshot, now)
    seconds = round(spent.seconds, 1) if snapshot.run is not None else None
    return {"tokens": spent.tokens, "cost_usd": _cents(spent.cost_usd), "seconds": seconds}


def _cents(cost: float | None) -> float | None:
    """Without the noise of adding up."""
    return None if cost is None else round(cost, 6)


def counts(snapshot: Snapshot) -> dict[str, int]:
    """How many prompts are in each state, how many could start now, how much waits for a human."""
    result = {state.value: 0 for state in StepState}
    for step in snapshot.steps.values():
        result[step.state.value] += 1
    result["total"] = len(snapshot.steps)
    result["ready"] = len(startable(snapshot.graph, snapshot.prompts, snapshot.steps, snapshot.questions))
    result["questions"] = len(snapshot.open_questions)
    result["stuck"] = sum(agent.stuck is not None for agent in snapshot.agents)
    result["problems"] = len(snapshot.problems)
    return result


def _prompt(snapshot: Snapshot, prompt: Prompt, step: Step, ready: bool) -> dict[str, object]:
    used = snapshot.used.get(prompt.number, NOTHING)
    agent = step.attempt.agent if step.attempt is not None and step.state.live else None
    piped: dict[str, object] = {}
    if prompt.pipeline != DIRECT or (step.attempt is not None and step.attempt.pipeline):
        piped = _piped(snapshot, prompt, step)
        working = (one.id for one in snapshot.agents if one.prompt == prompt.number and not one.state.ended)
        agent = next(working, None)
    return {
        "number": prompt.number,
        "title": prompt.title,
        "type": prompt.type.value,
        "status": prompt.status.value,
        "step": step.state.value,
        "dependencies": list(prompt.dependencies),
        "ready": ready,
        "blocked_by": _blocked_by(snapshot, step),
        "attempts": prompt.attempts,
        "tokens": used.tokens,
        "cost_usd": _cents(used.cost_usd),
        "agent": agent,
        "path": prompt.path,
        **piped,
    }


def _piped(snapshot: Snapshot, prompt: Prompt, step: Step) -> dict[str, object]:
    """Its pipeline, and the turns of it, of a prompt that has one."""
    own = step.attempt.pipeline if step.attempt is not None else ""
    position = snapshot.pipelines.get(prompt.number)
    turns = position.turns if position is not None else ()
    told = [{"path": turn.path, "station": turn.station, "round": turn.round, "state": turn.state} for turn in turns]
    return {"pipeline": own or prompt.pipeline, "turns": told}


def _blocked_by(snapshot: Snapshot, step: Step) -> list[int]:
    """Dependencies that have not ended, missing ones included; empty once the step itself has started."""
    if step.state is not StepState.PENDING or dependencies_ended(step.number, snapshot.graph, snapshot.steps):
        return []
    missing = snapshot.graph.dangling.get(step.number, ())
    waiting = [d for d in snapshot.graph.dependencies.get(step.number, ()) if not snapshot.steps[d].satisfied]
    return sorted({*missing, *waiting})
