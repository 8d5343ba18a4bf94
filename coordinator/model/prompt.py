"""The prompt: one task for one agent, as its file states it."""

from collections.abc import Mapping
from enum import StrEnum

from coordinator.lazy.dataclass import dataclass, field


class PromptType(StrEnum):
    PLANNED = "planned"
    EMERGENT = "emergent"
    USER_PATCH = "user-patch"
    REVIEW_FIX = "review-fix"


class PromptStatus(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Nothing will be run for it any more: what depends on a done prompt may start, on a cancelled one too."""
        return self in (PromptStatus.DONE, PromptStatus.CANCELLED)


class Priority(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Sort key: 0 runs first."""
        return _RANKS[self]


_RANKS = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file, read and typed. The file is the truth of the task."""

    number: int
    """Unique, at least 1, append-only: never reused, never changed."""
    title: str
    path: str
    """Relative to the project root, POSIX separators."""
    type: PromptType = PromptType.PLANNED
    status: PromptStatus = PromptStatus.PENDING
    dependencies: tuple[int, ...] = ()
    priority: Priority = Priority.MEDIUM
    patches_prompts: tuple[int, ...] = ()
    attempts: int = 0
    commits: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    validation_suites: tuple[str, ...] = ()
    agent: str | None = None
    """Runtime that executes it; None means the project's default."""
    model: str | None = None
    pipeline: str = "direct"
    """`direct` or `staged`."""
    isolation: str = "worktree"
    """`worktree` or `shared`."""
    timeout: float | None = None
    """Seconds an attempt may take; None means the project's default."""
    hypothesis: str | None = None
    trivial: bool = False
    created_by: str | None = None
    status_word: str = field(default="", compare=False)
    """The status as it is written in the file; empty where it isn't."""
    extra: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Unknown keys, kept as they were written."""
    source: bytes = field(default=b"", repr=False, compare=False)
    """The whole file."""
    digest: str = ""
    """SHA-256 of `source`, hex: the version that an agent consumed or a plan was made for."""
    lost: str = ""
    """Why it has no file of its own by now: `gone`, `unusable`, or `another` prompt is in its place. What is known of
    it is what its last attempt was given, and nothing is written for it. Empty: it has one."""

    @property
    def label(self) -> str:
        """`07`: how a prompt is called on screen and in names."""
        return f"{self.number:02d}"

    @property
    def parent(self) -> int | None:
        """The prompt that it is a part of; None for one of its own."""
        text = self.extra.get("parent", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) else None
