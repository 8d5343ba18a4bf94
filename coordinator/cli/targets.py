"""What a command is about: a prompt number, or the agent of one, of a flow, or of a turn of a pipeline."""

from coordinator.errors import CoordError, UsageError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.adoption import ADOPTED, hands_off

if TYPE_CHECKING:
    from coordinator.model.snapshot import Snapshot
    from coordinator.model.step import Attempt


def number_of(text: str) -> int:
    """A prompt number given as `7`, `07` or `executor-07-1`; UsageError for anything else.

    Refused for an adopted window, to which nothing is ever done.
    """
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    if text.startswith(f"{ADOPTED}-"):
        raise hands_off(text)
    from coordinator.model.work import work_of_agent

    found = work_of_agent(text)
    if found is None:
        raise UsageError(f"`{text}` is no prompt number or agent id", "try `coord agents` for the ids")
    if found[0].flow:
        raise UsageError(f"`{text}` works on no prompt", "give the number of one; `coord graph` lists them")
    return found[0].number


def agent_itself(text: str) -> str:
    """The text, if it names an agent that no number of a prompt stands for, as `verifier-2-3` does; else nothing."""
    if text.isdigit() or text.startswith(f"{ADOPTED}-"):
        return ""
    from coordinator.model.work import work_of_agent

    found = work_of_agent(text)
    return text if found is not None and found[0].kind != "prompt" else ""


def attempt_named(snapshot: "Snapshot", text: str) -> "Attempt":
    """The last attempt of a prompt, by its number or its agent; or that of a flow or a turn, by its agent.

    By the number of a prompt with a pipeline: the turn that is at work. Raises CoordError.
    """
    from coordinator.client.steering import attempt_of

    if not agent_itself(text):
        own = attempt_of(snapshot, number_of(text))
        return _at_work(snapshot, own) if own.pipeline else own
    there = (*snapshot.flows.values(), *snapshot.stages.values())
    found = next((attempt for attempt in there if attempt.agent == text), None)
    if found is None:
        raise CoordError(f"there is no agent {text}", "`coord agents` lists them")
    return found


def _at_work(snapshot: "Snapshot", parent: "Attempt") -> "Attempt":
    """The one turn of a prompt's pipeline that is at work."""
    live = [turn for turn in snapshot.turns_of(parent.prompt) if turn.state.live]
    if len(live) == 1:
        return live[0]
    names = ", ".join(turn.agent for turn in live)
    if names:
        raise CoordError(f"several agents are at work on prompt {parent.prompt:02d}", f"name one: {names}")
    raise CoordError(f"no agent is at work on prompt {parent.prompt:02d}", f"see `coord why {parent.prompt}`")
