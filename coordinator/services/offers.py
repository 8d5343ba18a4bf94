"""What a service is offered for at this moment, and why not otherwise. Sentences are for people. Pure, and light."""

from coordinator.lazy.typing import NamedTuple
from coordinator.model.prompt import PromptType
from coordinator.model.snapshot import Agent, Snapshot
from coordinator.model.step import Step, StepState


class Offered(NamedTuple):
    """Whether there is something for a service to act on."""

    about: int | None = None
    """The prompt that it would be about; None: none in particular."""
    why_not: str = ""
    """A sentence; empty when it is offered."""
    better: str = ""
    """The service to ask instead, where all that this one would do is to name that."""


def always(snapshot: Snapshot, selected: int | None) -> Offered:
    """For what needs no prompt."""
    return Offered()


def prompt(snapshot: Snapshot, selected: int | None) -> Offered:
    """For any prompt, done ones too."""
    step = _step(snapshot, selected)
    return Offered(step.number) if step is not None else Offered(why_not="Select a prompt first.")


def undone(snapshot: Snapshot, selected: int | None) -> Offered:
    """For a prompt that has not landed."""
    return prompt(snapshot, selected)._replace(better=_better(_step(snapshot, selected)))


def live(snapshot: Snapshot, selected: int | None) -> Offered:
    """For a prompt that an agent works on."""
    step = _step(snapshot, selected)
    if step is None:
        return Offered(why_not="Select a prompt that an agent works on.")
    nobody = f"Nobody works on {step.number:02d}; there is nobody to end."
    return Offered(step.number, "" if step.state.live else nobody)


def started(snapshot: Snapshot, selected: int | None) -> Offered:
    """For a prompt that had its turn."""
    step = _step(snapshot, selected)
    if step is None:
        return Offered(why_not="Select a prompt that failed, is held, or runs.")
    waits = f"{step.number:02d} has not started yet; it starts by itself when it is its turn."
    return Offered(step.number, waits if step.state is StepState.PENDING else "", _better(step))


def unended(snapshot: Snapshot, selected: int | None) -> Offered:
    """For a prompt that can still come to run."""
    step = _step(snapshot, selected)
    if step is not None and step.state is StepState.SKIPPED:
        return Offered(step.number, f"{step.number:02d} is cancelled already.")
    return undone(snapshot, selected)


def emergent(snapshot: Snapshot, selected: int | None) -> Offered:
    """While there are emergent prompts."""
    if any(prompt.type is PromptType.EMERGENT for prompt in snapshot.prompts.values()):
        return Offered()
    return Offered(why_not="There is no emergent prompt: no agent came upon work of its own so far.")


def changed(snapshot: Snapshot, selected: int | None) -> Offered:
    """For a prompt that has a change: the selected one, else the first that is open."""
    step = _step(snapshot, selected)
    if step is not None and step.attempt is not None and (step.attempt.commits or step.state is StepState.CHANGE_OPEN):
        return Offered(step.number)
    found = next((n for n in snapshot.graph.order if snapshot.steps[n].state is StepState.CHANGE_OPEN), None)
    return Offered(found, "" if found is not None else "No change is open, and the selected prompt has none.")


def flow_why_not(snapshot: Snapshot, agent: Agent, service: str) -> str:
    """Why `kill` or `restart` can't act on the agent of a flow; empty when it can."""
    attempt = snapshot.of_agent(agent)
    if attempt is None:
        return f"{agent.id} is past: another one works on that by now."
    if service == "kill":
        return "" if attempt.state.live else f"{agent.id} has ended; there is nobody to end."
    if attempt.state is StepState.MERGED:
        return f"{agent.id} has handed in what it came to."
    return (
        f"The {attempt.work.label} starts by itself when it is its turn." if attempt.state is StepState.PENDING else ""
    )


def _step(snapshot: Snapshot, number: int | None) -> Step | None:
    return snapshot.steps.get(number) if number is not None else None


def _better(step: Step | None) -> str:
    return "patch" if step is not None and step.state is StepState.MERGED else ""
