"""The step: what the loop does with one prompt, and the attempts it makes."""

from collections.abc import Callable, Iterator
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.work import WorkId

SETUP_LOG = "setup.log"
"""In the directory of an attempt: what was said while its worktree was set up."""


class StepState(StrEnum):
    PENDING = "pending"
    DISPATCHED = "dispatched"
    RUNNING = "running"
    CHANGE_OPEN = "change-open"
    MERGED = "merged"
    FAILED = "failed"
    BLOCKED = "blocked"
    SKIPPED = "skipped"

    @property
    def live(self) -> bool:
        """An attempt exists that has not ended: it holds capacity, and no second one may start."""
        return self in (StepState.DISPATCHED, StepState.RUNNING)

    @property
    def under_way(self) -> bool:
        """An attempt is live, or its change is open: no file has a say in how its step ends."""
        return self.live or self is StepState.CHANGE_OPEN

    @property
    def event_kind(self) -> str:
        return "step." + self.value.replace("-", "_")


_OF_STAGES = {StepState.RUNNING: "stage.started", StepState.MERGED: "stage.ended"}


def state_kind(work: WorkId, state: StepState) -> str:
    """Of the event that tells of a state: `step.merged`; of a turn of a pipeline `stage.ended`."""
    return _OF_STAGES.get(state, f"stage.{state.value}") if work.kind == "stage" else state.event_kind


TRANSITIONS: dict[StepState, frozenset[StepState]] = {
    StepState.PENDING: frozenset({StepState.DISPATCHED, StepState.BLOCKED, StepState.SKIPPED, StepState.MERGED}),
    StepState.DISPATCHED: frozenset(
        {
            StepState.RUNNING,
            StepState.CHANGE_OPEN,
            StepState.MERGED,
            StepState.FAILED,
            StepState.BLOCKED,
            StepState.PENDING,
        }
    ),
    StepState.RUNNING: frozenset(
        {StepState.CHANGE_OPEN, StepState.MERGED, StepState.FAILED, StepState.BLOCKED, StepState.PENDING}
    ),
    StepState.CHANGE_OPEN: frozenset({StepState.MERGED, StepState.FAILED, StepState.PENDING, StepState.BLOCKED}),
    StepState.FAILED: frozenset({StepState.PENDING, StepState.DISPATCHED, StepState.SKIPPED}),
    StepState.BLOCKED: frozenset({StepState.PENDING, StepState.DISPATCHED, StepState.SKIPPED}),
    StepState.SKIPPED: frozenset({StepState.PENDING}),
    StepState.MERGED: frozenset(),
}
"""Which state may follow which; whatever is not here can't be written."""


@dataclass(frozen=True, slots=True)
class Exit:
    """`exit.json`: how the agent's process ended."""

    status: int
    """Exit status as the shell sees it: 128 + n for signal n."""
    at: str
    """UTC, ISO 8601."""


def suite_mark(work: WorkId, attempt: int) -> str:
    """What the checks of an attempt's change are marked with, as its own processes are with its agent."""
    return f"suite-{work.checkout(attempt)}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Seals an attempt: what was done, by whom, with which commits and checks.

    The event `handoff.given` of the log holds it; `receipt.json` is written from that.
    """

    outcome: str
    """`done`, `failed` or `blocked`."""
    summary: str
    agent: str
    at: str
    commits: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    log_seq: int = 0
    """Anchor: the newest event of the log when this was written; 0 where nothing was noted."""
    log_hash: str = ""
    """Hash of that event: the log can't be rewritten up to there without its being found."""
    no_change: bool = False
    """Its agent says that nothing had to be changed."""
    learnings: tuple[str, ...] = ()
    """What somebody who tries again should know."""
    left: tuple[str, ...] = ()
    """What is left to do."""
    next: str = ""
    """The flow that its agent would have go on."""
    checks: tuple[str, ...] = ()
    """Commands of `validation`, behind the acceptance criterion that one is named for, if any: `AC-07-2: make test`."""
    answers: tuple[str, ...] = ()
    """To comments of reviewers, each behind its id: `C3: renamed to seconds`."""

    @property
    def lists(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What it says besides its summary, each list under its name; empty ones left out."""
        named = (
            ("Decisions", self.decisions),
            ("Limitations", self.limitations),
            ("Validation", self.validation),
            ("Left to do", self.left),
            ("Learnings", self.learnings),
            ("Answers", self.answers),
        )
        return tuple((name, items) for name, items in named if items)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One dispatch of a step: `step.json` of its directory, with the exit found beside it and what was handed off."""

    work: WorkId
    """What it is for; with its run and its number that is which attempt it is."""
    attempt: int
    """1-based; of a prompt it goes on over all runs."""
    run: str
    epoch: int
    """Life of the loop that claimed it; a later life may adopt it, never claim it again."""
    state: StepState
    since: str
    """UTC, ISO 8601: when `state` was entered."""
    started: str = ""
    """UTC, ISO 8601: when it was claimed."""
    agent: str = ""
    """`executor-07-1`: role, prompt, attempt."""
    role: str = "executor"
    runtime: str = "scripted"
    model: str = ""
    """That its prompt asked for; empty: its CLI's own choice."""
    session: str = ""
    """The agent CLI's own session id, for resuming."""
    branch: str = ""
    worktree: str = ""
    """Relative to the project root."""
    base: str = ""
    """Commit the worktree started from."""
    base_branch: str = ""
    """Branch that its change is to be merged into, as it was when the attempt started."""
    window: str = ""
    """tmux window id, `@3`."""
    pane: str = ""
    title: str = ""
    """Of the prompt as the agent was given it: tells it from another one that takes its number."""
    prompt_file: str = ""
    """Of the prompt, relative to the project root."""
    server: str = ""
    """Which life of which tmux server its window was opened in, and on which start of the machine."""
    digest: str = ""
    """SHA-256 of the prompt file that the agent was given."""
    reason: str = ""
    commits: tuple[str, ...] = ()
    added: int = 0
    """Lines that the change adds to its base; 0 beside `removed` 0 while nobody counted."""
    removed: int = 0
    merged_as: str = ""
    """The merge commit on the base branch."""
    opened_on: str = ""
    """Commit of the base branch when its change was opened: what is there by then nobody merged who had seen it."""
    user: str = ""
    """Strict mode: the user that it runs as, as long as nobody else may have that one."""
    port: int = 0
    """The first of ten that are its own; 0 where it has none."""
    unprepared: bool = False
    """Its worktree could not be set up: it failed before its agent began, and holds up only what depends on it."""
    tidied: bool = False
    """It has ended, and what it left was cleared away as far as that may be: a worktree that is still there stays."""
    held: bool = False
    """Not to be started again until a human says so, by setting the prompt's file back to pending."""
    interrupted: bool = False
    """It went down with the machine, its tmux server or the loop: no failure, and started again by itself."""
    interruptions: int = 0
    """Attempts of its prompt that were interrupted, up to this one; they don't count for the automatic retries."""
    limits: int = 0
    """Attempts of its prompt in a row that soon ended at a limit of their model service, up to this one."""
    limit_ends: float = 0.0
    """Unix seconds when the limit ends that ended it; 0.0: none did, or nobody told."""
    nudges: int = 0
    """How often in a row the loop told its agent to go on after a limit."""
    nudged: float = 0.0
    """Unix seconds when it did so last; 0.0: never."""
    fresh: bool = False
    """The next attempt is not to build on this one, nor on what came before: a human wants it from the base."""
    continues: bool = False
    """Its work came back with a reason (conflict, red suite, rejection): the next attempt starts from its branch."""
    kill: str = ""
    """`requeue`, `fail` or `hold` while its processes are being ended: what is to become of the step then."""
    killed: bool = False
    """Its processes were ended because somebody asked for that, which its exit does not tell."""
    pid: int = 0
    """Process id of the launch wrapper, from its `started` record; 0 while unknown."""
    exit: Exit | None = None
    receipt: Receipt | None = None
    """Its agent's last hand-off, as the log tells it."""
    pipeline: str = ""
    """Of a prompt, the one whose stations work on it, each an attempt of its own; empty: one agent works on all of it.

    Such an attempt has neither process nor window: it is over when its pipeline is."""
    directory: str = field(default="", compare=False)
    """Relative to the project root."""

    @property
    def in_place(self) -> bool:
        """It works in the project's own folder, beside nobody else."""
        return not self.branch and not self.worktree

    @property
    def prompt(self) -> int:
        """The prompt that it works on, as a whole or on a stage of it; 0 when it works on none."""
        return self.work.number

    @property
    def handle(self) -> str:
        """What people call it by in commands: the number of its prompt, or the name of its agent."""
        return str(self.prompt) if self.prompt else self.agent

    @property
    def untidy(self) -> bool:
        """A window or a worktree of it is left that nobody has looked at since it ended."""
        return bool(self.window) or bool(self.worktree and not self.tidied)


def attempts_before(attempt: Attempt, find: Callable[[WorkId, int], Attempt | None]) -> Iterator[Attempt]:
    """The attempts at the same work before one, newest first; those of other folders' prompts lie in between."""
    folder = attempt.prompt_file.rpartition("/")[0]
    for count in range(attempt.attempt - 1, 0, -1):
        found = find(attempt.work, count)
        if found is not None and found.prompt_file.rpartition("/")[0] in ("", folder):
            yield found


@dataclass(frozen=True, slots=True)
class Step:
    """Where the loop stands with one prompt, derived from its file and its last attempt."""

    number: int
    state: StepState
    attempt: Attempt | None = None
    reason: str = ""
    elsewhere: str = ""
    """Where it is merged, in words, if not into the branch that the run is for: nothing is built on it there."""

    @property
    def unprepared(self) -> bool:
        """It failed before its agent began, since its worktree could not be set up: that halts nothing else."""
        return self.state is StepState.FAILED and self.attempt is not None and self.attempt.unprepared

    @property
    def satisfied(self) -> bool:
        """What depends on it may start: it is merged where the run works, or it is cancelled and holds nothing back."""
        return self.state in (StepState.MERGED, StepState.SKIPPED) and not self.elsewhere


def derive_step(prompt: Prompt, last: Attempt | None, said_done: int = 0) -> Step:
    """Tell the state of a prompt's step from what is on disk and what was said on the log.

    An attempt that is live, open or merged decides alone: whatever its file says meanwhile ends nothing. Once it has
    failed, was held or came back, the file decides what is to become of it: `pending`, that attempt counted, starts it
    again, `cancelled` gives it up. `done` would claim work that nobody has seen: it counts once a human has said so,
    by an event about that very attempt or a later one (`said_done`); until then nothing is started, nothing is ended.
    Without an attempt the file decides alone. A claim that a killed loop did not get to write into the file counts: its
    attempt number is higher.
    """
    if last is None and prompt.lost == "gone":
        return Step(prompt.number, StepState.BLOCKED, None, "its file is gone")
    if last is None:
        return _by_file(prompt)
    if last.state.under_way or last.state is StepState.MERGED:
        return Step(prompt.number, last.state, last, last.reason)
    if prompt.status is PromptStatus.CANCELLED:
        return Step(prompt.number, StepState.SKIPPED, last, "cancelled")
    if prompt.status is PromptStatus.DONE:
        if said_done >= last.attempt:
            return Step(prompt.number, StepState.MERGED, last)
        if last.state is StepState.PENDING:
            return Step(prompt.number, StepState.BLOCKED, last, "its file says done, but its work came back")
    if prompt.lost and last.state is StepState.PENDING:
        return Step(prompt.number, StepState.BLOCKED, last, "its work came back, and its file is gone")
    if prompt.status is PromptStatus.PENDING and prompt.attempts >= last.attempt:
        return Step(prompt.number, StepState.PENDING, last)
    return Step(prompt.number, last.state, last, last.reason)


_WITHOUT_ATTEMPT = {
    PromptStatus.DONE: (StepState.MERGED, ""),
    PromptStatus.CANCELLED: (StepState.SKIPPED, "cancelled"),
    PromptStatus.FAILED: (StepState.FAILED, "the file says failed"),
    PromptStatus.BLOCKED: (StepState.BLOCKED, "the file says blocked"),
}


def _by_file(prompt: Prompt) -> Step:
    state, reason = _WITHOUT_ATTEMPT.get(prompt.status, (StepState.PENDING, ""))
    return Step(prompt.number, state, None, reason)
