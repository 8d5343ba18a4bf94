"""What an attempt is for: a prompt, a flow of an iteration, or a stage of a prompt. Pure."""

from functools import cache

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Literal

_NAME = regex.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ATTEMPT = regex.compile(r"attempt-([1-9][0-9]{0,8})")
_AGENT = regex.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})-([0-9]{1,9})-([1-9][0-9]{0,8})")
_TURN_AGENT = regex.compile(r"([0-9]{2,9})-([1-9][0-9]{0,8})-([A-Za-z0-9._+-]+)")
_TURN = regex.compile(r".*\.[0-9]+")
_EXECUTOR = "executor"
_NUMBER = regex.compile(r"[0-9]{1,9}")
_PROMPTS = "prompts"
DIRECT = "direct"
"""What a prompt says that no pipeline works on: one agent does."""
_STAGES = "stages"


@dataclass(frozen=True, slots=True, order=True)
class WorkId:
    """One piece of work by what names it; `prompt_work`, `flow_work` and `stage_work` make one.

    In order: flows by iteration, then every prompt with its stages behind it. ValueError for what can't be one.
    """

    number: int = 0
    """The prompt, of a stage the one that it is part of; 0 for a flow, which is part of none."""
    stage: str = ""
    phase: str = ""
    """Of the stage; empty for the stage as a whole."""
    task: str = ""
    """Of the phase; empty for the phase as a whole."""
    iteration: int = 0
    """1, 2, 3, …, of a flow."""
    flow: str = ""
    """`planner`, `verifier`, or a specialist's name."""

    def __post_init__(self) -> None:
        named = tuple(filter(None, self._below))
        if self.flow:
            fits = self.iteration > 0 and not self.number and not named and is_flow_name(self.flow)
        else:
            in_order = self._below[: len(named)] == named
            fits = self.number > 0 and not self.iteration and in_order and all(map(is_name, named))
        if not fits:
            raise ValueError(f"no work has this name: {self!r}")

    @property
    def kind(self) -> Literal["prompt", "flow", "stage"]:
        if self.flow:
            return "flow"
        return "stage" if self.stage else "prompt"

    @property
    def label(self) -> str:
        """What people read: `prompt 07`, `planner of iteration 2`, `IMPLEMENT/P1/T2 of prompt 07`."""
        if self.flow:
            return f"{self.flow} of iteration {self.iteration}"
        own = f"prompt {self.number:02d}"
        return f"{self.path} of {own}" if self.stage else own

    @property
    def subject(self) -> str:
        """Of its events on the log: `prompt:7`, `flow:planner/2`, `stage:7/IMPLEMENT/P1/T2`."""
        return f"{self.kind}:{self.key}"

    @property
    def key(self) -> str:
        """Tells it from all other work: `7`, `planner/2`, `7/IMPLEMENT/P1/T2`."""
        if self.flow:
            return f"{self.flow}/{self.iteration}"
        return f"{self.number}/{self.path}" if self.stage else str(self.number)

    @property
    def record(self) -> dict[str, int | str]:
        """What JSON tells of it, in `step.json` and in events: `{"prompt": 7}`; nothing that is empty."""
        if self.flow:
            return {"iteration": self.iteration, "flow": self.flow}
        below = {"stage": self.stage, "phase": self.phase, "task": self.task}
        return {"prompt": self.number} | {name: value for name, value in below.items() if value}

    @property
    def mark(self) -> dict[str, str]:
        """The same in texts, on a window of it; what a prompt's tell is on those of its stages too."""
        return {name: str(value) for name, value in self.record.items()}

    def directory(self, attempt: int) -> str:
        """Where the files of an attempt at it are, below the run: `prompts/07/attempt-1`, `planner/attempt-3`.

        A stage's lie in those of its prompt's attempt: `prompts/07/attempt-1/stages/IMPLEMENT/P1/T2`.
        """
        if self.flow:
            return f"{self.flow}/attempt-{attempt}"
        own = f"{_PROMPTS}/{self.number:02d}/attempt-{attempt}"
        return f"{own}/{_STAGES}/{self.path}" if self.stage else own

    def checkout(self, attempt: int) -> str:
        """The name of its worktree, `07-1` or `verifier-3`. A stage works in its prompt's."""
        return f"{self.flow or f'{self.number:02d}'}-{attempt}"

    def branch(self, attempt: int) -> str:
        """`coord/07-1`, also for a stage of that prompt; empty for a flow, which changes nothing."""
        return "" if self.flow else f"coord/{self.checkout(attempt)}"

    @property
    def _below(self) -> tuple[str, str, str]:
        return self.stage, self.phase, self.task

    @property
    def path(self) -> str:
        """Of a stage, below its prompt: `implementer.2`, `IMPLEMENT/2.1/T3`; empty for anything else."""
        return "/".join(filter(None, self._below))


@cache
def prompt_work(number: int) -> WorkId:
    """A prompt by its number; every look asks for all of them again."""
    return WorkId(number)


def flow_work(iteration: int, name: str) -> WorkId:
    """A flow that an iteration runs, such as `planner`."""
    return WorkId(iteration=iteration, flow=name)


def stage_work(number: int, stage: str, phase: str = "", task: str = "") -> WorkId:
    """A stage of a prompt's pipeline, or a phase of it, or a task of that."""
    if not stage:
        raise ValueError("a stage has a name")
    return WorkId(number, stage, phase, task)


def turn_work(number: int, path: str) -> WorkId:
    """A stage by its path below the prompt, `IMPLEMENT/2.1/T3`. ValueError for what can't be one."""
    found = _of_prompt(str(number), path.split("/"))
    if not found.stage or found.path != path:
        raise ValueError(path)
    return found


def turn_agent(work: WorkId, attempt: int) -> str:
    """The agent of a stage, by the attempt of its prompt: `07-1-implementer.2`, `07-1-IMPLEMENT+2.1+T3`."""
    return f"{work.number:02d}-{attempt}-{work.path.replace('/', '+')}"


def station_of(path: str) -> str:
    """The station of a turn by its path: `implementer` for `implementer.2`, `IMPLEMENT` of a staged one."""
    first = path.partition("/")[0]
    return first.rpartition(".")[0] if "/" not in path and _TURN.fullmatch(first) else first


def is_name(text: str) -> bool:
    """Whether a stage, a phase or a task may be called so: the name of a folder, wherever it came from."""
    return _NAME.fullmatch(text) is not None


def is_flow_name(text: str) -> bool:
    """Whether a flow may be called so: a folder of the run's own, that no number and no `prompts` can be taken for."""
    return is_name(text) and text[0].isalpha() and text.casefold() != _PROMPTS


def is_station_name(text: str) -> bool:
    """Whether a station may be called so; `critic.2` may not: that is what the second turn of `critic` is called."""
    return is_flow_name(text) and _TURN.fullmatch(text) is None


def is_pipeline_name(text: str) -> bool:
    """Whether a pipeline may be called so: a folder of the run's own, as a flow's."""
    return is_flow_name(text) and text != DIRECT


def work_about(subject: str) -> WorkId | None:
    """The work that events of this subject are about; None for any other subject."""
    kind, _, key = subject.partition(":")
    first, *names = key.split("/")
    try:
        found = flow_work(_number(*names), first) if kind == "flow" else _of_prompt(first, names)
    except (ValueError, TypeError):
        return None
    return found if found.subject == subject else None


def work_at(directory: str, iteration: int = 0) -> tuple[WorkId, int] | None:
    """The work and the number of the attempt whose files are in a directory below a run; None for any other.

    `iteration`: a flow's folder is the same in all of them, so its record tells which one it was.
    """
    first, *rest = directory.split("/")
    try:
        if first != _PROMPTS:
            found, attempt = flow_work(iteration, first), rest[0]
        else:
            number, attempt, *below = rest
            found = _of_prompt(number, below[1:])
        match = _ATTEMPT.fullmatch(attempt)
    except (ValueError, IndexError):
        return None
    if match is None or found.directory(int(match[1])) != directory:
        return None
    return found, int(match[1])


def work_of_agent(name: str) -> tuple[WorkId, int] | None:
    """What an agent of a name works on, and in which attempt; None for any other.

    `executor-07-1`, `verifier-2-3`, and of a stage `07-1-implementer.2`.
    """
    if turn := _TURN_AGENT.fullmatch(name):
        return _of_turn_agent(turn[1], turn[2], turn[3], name)
    match = _AGENT.fullmatch(name)
    if match is None:
        return None
    role, key, attempt = match[1], int(match[2]), int(match[3])
    try:
        return (prompt_work(key) if role == _EXECUTOR else flow_work(key, role)), attempt
    except ValueError:
        return None


def _of_turn_agent(number: str, attempt: str, path: str, name: str) -> tuple[WorkId, int] | None:
    try:
        found = turn_work(int(number), path.replace("+", "/"))
    except ValueError:
        return None
    return (found, int(attempt)) if turn_agent(found, int(attempt)) == name else None


def _of_prompt(number: str, names: list[str]) -> WorkId:
    """A prompt, or what the names lead to below it: stage, phase and task."""
    stage, phase, task, *more = [*names, "", "", ""]
    if any(more):
        raise ValueError(names)
    return WorkId(_number(number), stage, phase, task)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)
