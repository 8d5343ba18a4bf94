"""What to do about an agent, by what is known of it. Pure."""

from coordinator.lazy.dataclass import dataclass
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Agent, AgentState
from coordinator.model.step import StepState
from coordinator.model.text import age

_DEFAULTS = Settings()
_SILENT = 600.0
"""Seconds without a sign of life after which a working agent may be stuck."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence, and the actions that it names, best first."""

    text: str
    actions: tuple[str, ...] = ()
    """Ids of actions."""


def advise(
    agent: Agent, step: StepState | None, now: float, *, asks: bool = False, settings: Settings = _DEFAULTS
) -> Advice:
    """What a human may do about an agent; `now` in Unix seconds. `asks`: a question of it is open."""
    silent = now - agent.observed_at
    if agent.adopted:
        return Advice("coord did not start it, and writes nothing to it: go into its window.", ("attach",))
    if asks and agent.state.at_work:
        return Advice("It asked you something, and may wait for the answer: go back and give it.", ("attach",))
    if agent.stuck is not None:
        text = "It seems to get nowhere: look into its window, tell it what to do, or restart it."
        return Advice(text, ("restart", "tell", "attach", "kill"))
    if agent.setting_up:
        return Advice("Its worktree is being set up, then it begins; if that hangs, end it.", ("kill",))
    if agent.flow and agent.state.ended:
        return _ended_flow(agent)
    match agent.state:
        case AgentState.PERMISSION:
            return Advice("It asks for permission: look at what for, and allow or deny it.", ("permit", "attach"))
        case AgentState.WAITING:
            return Advice("It waits for words: send it some, or answer in its window.", ("tell", "attach"))
        case AgentState.INTERRUPTED:
            return Advice("It was interrupted: tell it to go on, or restart it.", ("tell", "attach", "restart"))
        case AgentState.RATE_LIMITED:
            return _limited(agent, settings)
        case AgentState.PAUSED:
            return Advice("Its budget is used up, and it does nothing until you answer the question about that.")
        case AgentState.LOST:
            return Advice("Its window is gone: restart it; its branch and worktree are kept.", ("restart",))
        case AgentState.CRASHED:
            return Advice("It ended without handing off: restart it, or edit its prompt first.", ("restart", "edit"))
        case AgentState.KILLED:
            text = "It was killed, as was asked: restart it when it should go on, or edit its prompt first."
            return Advice(text, ("restart", "edit"))
        case AgentState.FINISHED:
            return _finished(step)
        case AgentState.UNKNOWN:
            text = f"Nothing is known of it since {age(silent)}: look into its window; if it is stuck, restart it."
            return Advice(text, ("attach", "restart"))
        case AgentState.IDLE:
            return Advice("It does nothing: tell it to go on, or restart it.", ("tell", "attach", "restart"))
        case AgentState.STARTING | AgentState.WORKING:
            if silent < _SILENT:
                return Advice("It works; nothing to do.", ("attach",))
            text = f"No sign of life for {age(silent)}: look into its window; if it is stuck, restart it."
            return Advice(text, ("attach", "restart", "kill"))


def _ended_flow(agent: Agent) -> Advice:
    if agent.state is AgentState.FINISHED and agent.outcome == "done":
        return Advice("It has handed off.")
    if agent.state is AgentState.KILLED:
        return Advice("It was killed, as was asked: restart it when it should go on.", ("restart",))
    return Advice(
        "It came to nothing: the loop tries again while its iteration waits for it, or restart it.", ("restart",)
    )


def _limited(agent: Agent, settings: Settings) -> Advice:
    if agent.retries or (settings.go_on and agent.hears and not settings.headless):
        return Advice("It goes on by itself when its service lets it; nothing is lost meanwhile.", ("attach",))
    if agent.hears and not settings.headless:
        text = "Tell it to go on when its service lets it; with `go_on: true` that happens by itself."
        return Advice(text, ("tell", "attach"))
    text = "Its service lets it do nothing now. Once it ends for that, it starts again by itself; or restart it."
    if not settings.go_on:
        text = "Its service lets it do nothing now: restart it when it ends for that."
    return Advice(text, ("attach", "restart"))


def _finished(step: StepState | None) -> Advice:
    if step is StepState.CHANGE_OPEN:
        return Advice("It has handed off: look at its change.", ("review",))
    if step in (StepState.FAILED, StepState.BLOCKED):
        return Advice(
            "It ended, and its prompt is not done: restart it, or edit the prompt first.", ("restart", "edit")
        )
    return Advice("It is done.")
