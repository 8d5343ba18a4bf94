"""What is sent down to the agents of `staged`: values whose fields are all there is, cut when they are made. Pure."""

from collections.abc import Mapping

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Any
from coordinator.model.text import plain

TASK = 200
"""Characters of the prompt's task; the same for the others."""
DESCRIPTION = 100
INSTRUCTIONS = 2_000
PARAGRAPH = 1_000
SUMMARY = 500
PATH = 300
MOST_IDS = 100
MOST_VALUES = 50
MARK = "…"
"""Stands for what was cut."""
_SPACE = regex.compile(r"\s+")


def shortened(text: str, most: int) -> str:
    """At most so many characters, with a mark in the place of what is gone."""
    return text if len(text) <= most else text[: most - len(MARK)].rstrip() + MARK


def at_word(text: str, most: int) -> str:
    """On one line, and cut behind a word; within one only where it is longer than half of what is left."""
    line = _SPACE.sub(" ", plain(text)).strip()
    if len(line) <= most:
        return line
    head = line[: most - len(MARK)]
    if line[len(head)] != " ":
        words = head.rpartition(" ")[0]
        head = words if len(words) > len(head) // 2 else head
    return head.rstrip() + MARK


def _set(value: object, **fields: object) -> None:
    for name, one in fields.items():
        object.__setattr__(value, name, one)


@dataclass(frozen=True, slots=True)
class StageContext:
    """All that a stage is told."""

    task: str
    stage_name: str
    stage_config: Mapping[str, Any]
    """Of this stage alone."""
    previous_stage_summary: str = ""
    plan_file_path: str = ""

    def __post_init__(self) -> None:
        _set(
            self,
            task=at_word(self.task, TASK),
            previous_stage_summary=at_word(self.previous_stage_summary, PARAGRAPH),
            plan_file_path=shortened(plain(self.plan_file_path), PATH),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "stageName": self.stage_name,
            "stageConfig": dict(self.stage_config),
            "previousStageSummary": self.previous_stage_summary,
            "planFilePath": self.plan_file_path,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a review found, as it is sent to who mends it."""

    severity: str
    message: str
    location: str = ""

    def __post_init__(self) -> None:
        _set(self, message=at_word(self.message, SUMMARY), location=shortened(plain(self.location), PATH))

    def to_json(self) -> dict[str, Any]:
        return {"severity": self.severity, "message": self.message, "location": self.location}


@dataclass(frozen=True, slots=True)
class Remark:
    """What a reviewer said at a line of the change."""

    id: str
    """`C3`: by this it is answered."""
    message: str
    location: str = ""

    def __post_init__(self) -> None:
        _set(self, message=at_word(self.message, SUMMARY), location=shortened(plain(self.location), PATH))

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "message": self.message, "location": self.location}


@dataclass(frozen=True, slots=True)
class SentBack:
    """Why the change of an earlier attempt came back, for those who plan and write."""

    reason: str
    comments: tuple[Remark, ...] = ()

    def __post_init__(self) -> None:
        _set(self, reason=at_word(self.reason, PARAGRAPH), comments=self.comments[:MOST_VALUES])

    def to_json(self) -> dict[str, Any]:
        return {"reason": self.reason, "comments": [remark.to_json() for remark in self.comments]}


@dataclass(frozen=True, slots=True)
class PhaseContext:
    """All that the agent of a phase is told."""

    task: str
    stage_name: str
    phase_name: str
    phase_id: str
    phase_config: Mapping[str, Any]
    """Of this phase alone."""
    previous_phase_summary: str = ""
    """Of the phase before; of a stage's first one the summary of the stage before."""
    task_list: tuple[str, ...] = ()
    """Ids alone."""
    plan_file_path: str = ""
    errors: tuple[Finding, ...] = ()
    """What sent the work back to this phase; none in its first round."""
    sent_back: SentBack | None = None

    def __post_init__(self) -> None:
        _set(
            self,
            task=at_word(self.task, TASK),
            previous_phase_summary=at_word(self.previous_phase_summary, PARAGRAPH),
            task_list=self.task_list[:MOST_IDS],
            plan_file_path=shortened(plain(self.plan_file_path), PATH),
            errors=self.errors[:MOST_VALUES],
        )

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "task": self.task,
            "stageName": self.stage_name,
            "phaseName": self.phase_name,
            "phaseId": self.phase_id,
            "phaseConfig": dict(self.phase_config),
            "previousPhaseSummary": self.previous_phase_summary,
            "taskList": list(self.task_list),
            "planFilePath": self.plan_file_path,
        }
        told |= {"errors": [found.to_json() for found in self.errors]} if self.errors else {}
        return told | ({"sentBack": self.sent_back.to_json()} if self.sent_back is not None else {})


@dataclass(frozen=True, slots=True)
class DependencyOutput:
    """What became of a task that another one waits for."""

    task_id: str
    summary: str

    def __post_init__(self) -> None:
        _set(self, summary=at_word(self.summary, SUMMARY))

    def to_json(self) -> dict[str, Any]:
        return {"taskId": self.task_id, "summary": self.summary}


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a task has to keep to."""

    max_read_files: int = 10
    max_write_files: int = 3
    allow_bash_commands: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "maxReadFiles": self.max_read_files,
            "maxWriteFiles": self.max_write_files,
            "allowBashCommands": self.allow_bash_commands,
        }


@dataclass(frozen=True, slots=True)
class TaskContext:
    """All that the agent of a task is told."""

    task_id: str
    description: str
    target_files: tuple[str, ...]
    instructions: str = ""
    dependency_outputs: tuple[DependencyOutput, ...] = ()
    constraints: Constraints = field(default_factory=Constraints)
    sent_back: SentBack | None = None

    def __post_init__(self) -> None:
        _set(
            self,
            description=shortened(self.description, DESCRIPTION),
            instructions=shortened(self.instructions, INSTRUCTIONS),
            dependency_outputs=self.dependency_outputs[:MOST_VALUES],
        )

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "taskId": self.task_id,
            "description": self.description,
            "targetFiles": list(self.target_files),
            "instructions": self.instructions,
            "dependencyOutputs": [output.to_json() for output in self.dependency_outputs],
            "constraints": self.constraints.to_json(),
        }
        return told | ({"sentBack": self.sent_back.to_json()} if self.sent_back is not None else {})
