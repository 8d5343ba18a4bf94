"""What waits for a human: the filled labels of the header, and where they lead."""

from coordinator.lazy.dataclass import dataclass
from coordinator.model.snapshot import Agent, AgentState, LoopState, Question, Snapshot
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
    subject: str = ""
    """What it is about, in the words of whoever asks, or the title of its prompt; the first one's, if more wait."""

    @property
    def full(self) -> str:
        """`04 asks: Which versions?`"""
        return f"{self.text}: {self.subject}" if self.subject else self.text


def needs(snapshot: Snapshot) -> tuple[Need, ...]:
    """What waits for a human, most urgent first."""
    found: list[Need] = []
    count = len(snapshot.open_questions)
    if count:
        first = snapshot.open_questions[0]
        text = f"{_asker(snapshot, first)} asks" if count == 1 else _count(count, "question")
        found.append(Need("question", text, "pill-need", subject=first.text))
    for state, kind, word in (
        (AgentState.PERMISSION, "permission", "permission"),
        (AgentState.WAITING, "input", "waiting"),
    ):
        asking = [agent for agent in snapshot.agents if agent.state is state]
        if asking:
            text = f"{_who(asking[0])} {word}" if len(asking) == 1 else f"{len(asking)} {_PLURALS[word]}"
            found.append(Need(kind, text, "pill-need", asking[0].prompt, _title(snapshot, asking[0].prompt)))
    windows = asking_windows(snapshot)
    if windows:
        text = "1 window asks" if len(windows) == 1 else f"{len(windows)} windows ask"
        found.append(Need("window", text, "pill-need", windows[0].prompt))
    stuck = [agent for agent in snapshot.agents if agent.stuck is not None]
    if stuck:
        text = f"{_who(stuck[0])} stuck" if len(stuck) == 1 else f"{len(stuck)} agents stuck"
        found.append(Need("agent", text, "pill-need", stuck[0].prompt, _title(snapshot, stuck[0].prompt)))
    if snapshot.loop.state is LoopState.HALTED:
        by = snapshot.loop.halted_by
        text = "halted" + (f" by {', '.join(f'{number:02d}' for number in by[:3])}" if by else "")
        text += f" and {len(by) - 3} more" if len(by) > 3 else ""
        first_by = by[0] if by else None
        found.append(Need("halted", text, "pill-failed", first_by, _title(snapshot, first_by) if len(by) == 1 else ""))
    if snapshot.loop.state is LoopState.STUCK:
        found.append(Need("stuck", "stuck", "pill-failed", subject=snapshot.loop.reason))
    unprepared = not_set_up(snapshot)
    if unprepared:
        text = f"{unprepared[0]:02d} not set up" if len(unprepared) == 1 else f"{len(unprepared)} not set up"
        found.append(Need("setup", text, "pill-failed", unprepared[0], _title(snapshot, unprepared[0])))
    if snapshot.problems:
        problems = snapshot.problems
        found.append(Need("problem", _count(len(problems), "problem"), "pill-need", subject=problems[0].message))
    waiting = to_review(snapshot)
    if waiting:
        text = f"review {waiting[0]:02d}" if len(waiting) == 1 else f"{len(waiting)} reviews"
        found.append(Need("review", text, "pill-review", waiting[0], _title(snapshot, waiting[0])))
    return tuple(found)


def asking_windows(snapshot: Snapshot) -> tuple[Agent, ...]:
    """Agents in windows that coord did not open, which wait for somebody there."""
    return tuple(agent for agent in snapshot.adopted if agent.state.needs_human)


def not_set_up(snapshot: Snapshot) -> tuple[int, ...]:
    """Prompts whose worktree could not be set up, in the order of the graph: nothing else tells of them."""
    return tuple(number for number in snapshot.graph.order if snapshot.steps[number].unprepared)


def _asker(snapshot: Snapshot, question: Question) -> str:
    asking = next((agent for agent in snapshot.agents if agent.id == question.asker), None)
    return _who(asking) if asking is not None else actor_name(question.asker)


def _title(snapshot: Snapshot, number: int | None) -> str:
    return snapshot.prompts[number].title if number is not None and number in snapshot.prompts else ""


def _who(agent: Agent) -> str:
    return agent.at or agent.role


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
    if snapshot.milestone.status == "done":
        found[f"done:{snapshot.milestone.name}"] = f"the milestone is done: {snapshot.milestone.name}"
    return found


_PLURALS = {"permission": "permissions", "waiting": "agents waiting"}


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
