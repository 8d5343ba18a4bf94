"""What waits for a human: the filled labels of the header, and where they lead."""

from coordinator.lazy.dataclass import dataclass
from coordinator.model.snapshot import Agent, AgentState, LoopState, Snapshot
from coordinator.model.step import Step, StepState
from coordinator.views.event_text import actor_name


@dataclass(frozen=True, slots=True)
class Need:
    """A kind of thing that waits for a human, as the header shows it."""

    kind: str
    """What waits, most urgent first.

    `question`, `permission`, `input`, `window` (one that coord did not open), `agent` (stuck), `halted`, `stuck`,
    `problem` or `review`.
    """
    text: str
    ink: str
    prompt: int | None = None
    """A prompt to go to."""


def needs(snapshot: Snapshot) -> tuple[Need, ...]:
    """What waits for a human, most urgent first."""
    found: list[Need] = []
    count = len(snapshot.open_questions)
    if count:
        found.append(Need("question", _count(count, "question"), "pill-need"))
    for state, kind, word in (
        (AgentState.PERMISSION, "permission", "permission"),
        (AgentState.WAITING, "input", "waiting"),
    ):
        asking = [agent for agent in snapshot.agents if agent.state is state]
        if asking:
            text = f"{_who(asking[0])} {word}" if len(asking) == 1 else f"{len(asking)} {_PLURALS[word]}"
            found.append(Need(kind, text, "pill-need", asking[0].prompt))
    windows = asking_windows(snapshot)
    if windows:
        text = "1 window asks" if len(windows) == 1 else f"{len(windows)} windows ask"
        found.append(Need("window", text, "pill-need", windows[0].prompt))
    stuck = [agent for agent in snapshot.agents if agent.stuck is not None]
    if stuck:
        text = f"{_who(stuck[0])} stuck" if len(stuck) == 1 else f"{len(stuck)} agents stuck"
        found.append(Need("agent", text, "pill-need", stuck[0].prompt))
    if snapshot.loop.state is LoopState.HALTED:
        by = snapshot.loop.halted_by
        found.append(
            Need("halted", "halted" + (f" by {by[0]:02d}" if by else ""), "pill-failed", by[0] if by else None)
        )
    if snapshot.loop.state is LoopState.STUCK:
        found.append(Need("stuck", "stuck", "pill-failed"))
    unprepared = not_set_up(snapshot)
    if unprepared:
        text = f"{unprepared[0]:02d} not set up" if len(unprepared) == 1 else f"{len(unprepared)} not set up"
        found.append(Need("setup", text, "pill-failed", unprepared[0]))
    if snapshot.problems:
        found.append(Need("problem", _count(len(snapshot.problems), "problem"), "pill-need"))
    waiting = to_review(snapshot)
    if waiting:
        text = f"review {waiting[0]:02d}" if len(waiting) == 1 else f"{len(waiting)} reviews"
        found.append(Need("review", text, "pill-review", waiting[0]))
    return tuple(found)


def asking_windows(snapshot: Snapshot) -> tuple[Agent, ...]:
    """Agents in windows that coord did not open, which wait for somebody there."""
    return tuple(agent for agent in snapshot.adopted if agent.state.needs_human)


def not_set_up(snapshot: Snapshot) -> tuple[int, ...]:
    """Prompts whose worktree could not be set up, in the order of the graph: nothing else tells of them."""
    return tuple(number for number in snapshot.graph.order if snapshot.steps[number].unprepared)


def _who(agent: Agent) -> str:
    return f"{agent.prompt:02d}" if agent.prompt is not None else agent.role


def to_review(snapshot: Snapshot) -> tuple[int, ...]:
    """Open changes that nobody approved or rejected yet, where a human has to; in the order of the graph."""
    if snapshot.settings.gate != "review":
        return ()

    def decided(step: Step) -> bool:
        review = snapshot.reviews.get(step.number)
        return review is not None and step.attempt is not None and review.attempt == step.attempt.attempt

    steps = (snapshot.steps[number] for number in snapshot.graph.order)
    return tuple(step.number for step in steps if step.state is StepState.CHANGE_OPEN and not decided(step))


def waiting_for_you(snapshot: Snapshot) -> dict[str, str]:
    """Everything that waits for a human, or should be looked at, each by a lasting id, in words."""
    found = {question.id: f"{actor_name(question.asker)} asks: {question.text}" for question in snapshot.open_questions}
    for agent in snapshot.agents:
        if agent.state in (AgentState.PERMISSION, AgentState.WAITING):
            what = "asks for permission" if agent.state is AgentState.PERMISSION else "waits for input"
            found[f"{agent.state}:{agent.id}:{agent.doing}"] = f"{actor_name(agent.id)} {what} {agent.doing}".rstrip()
        if agent.stuck is not None:
            why = agent.stuck.words(agent.stuck.since + (snapshot.settings.stuck_after or 0.0))
            found[f"stuck:{agent.id}"] = f"{actor_name(agent.id)} seems stuck: {why}"
    for agent in asking_windows(snapshot):
        found[f"{agent.state}:{agent.id}:{agent.doing}"] = f"{agent.name} waits for somebody {agent.doing}".rstrip()
    if snapshot.loop.state in (LoopState.HALTED, LoopState.STUCK):
        found[f"{snapshot.loop.state}:{snapshot.loop.reason}"] = snapshot.loop.reason
    for number in not_set_up(snapshot):
        step = snapshot.steps[number]
        first = step.reason.partition("\n")[0].rstrip(":")
        found[f"setup:{number}:{step.attempt.attempt if step.attempt else 0}"] = f"{number:02d} is not set up: {first}"
    for number in to_review(snapshot):
        attempt = snapshot.steps[number].attempt
        title = snapshot.prompts[number].title
        found[f"review:{number}:{attempt.attempt if attempt else 0}"] = f"{number:02d} waits for review: {title}"
    return found


_PLURALS = {"permission": "permissions", "waiting": "agents waiting"}


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
