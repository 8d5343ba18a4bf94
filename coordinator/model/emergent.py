"""Emergent work: what is known of a prompt that an agent came upon, for whoever decides on it."""

from coordinator.lazy.dataclass import dataclass
from coordinator.model.change import FileChange
from coordinator.model.step import StepState


@dataclass(frozen=True, slots=True)
class Emergent:
    """One emergent prompt, with what is known to decide on it."""

    number: int
    title: str
    state: StepState
    hypothesis: str
    approach: str
    """The tasks section of the prompt."""
    result: str
    """What the agent said at hand-off; empty until then."""
    commits: tuple[str, ...]
    alignment: tuple[str, ...]
    """Its summaries and steering in the alignment doc."""
    dependents: tuple[int, ...]

    @property
    def stands(self) -> str:
        """How it stands to its dependents: an ended prompt holds nothing back."""
        return "comes before" if self.state in (StepState.MERGED, StepState.SKIPPED) else "holds back"


@dataclass(frozen=True, slots=True)
class Fit:
    """An item of the intent that shares words with a prompt. A hint for a reader, and no judgement."""

    part: str
    """`goal`, `success criterion`, `constraint` or `non-goal`."""
    text: str
    words: tuple[str, ...]
    """What they share."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """One emergent prompt as it is looked at before the verdict. Untrusted texts."""

    card: Emergent
    attempts: int
    """That were begun."""
    known: bool
    """What it changed could be read; else `files` and `subjects` say nothing."""
    files: tuple[FileChange, ...]
    subjects: tuple[str, ...]
    """Of its commits, oldest first."""
    remarks: tuple[str, ...]
    """Where the diff is not what was said of it, in sentences without their full stop."""
    fits: tuple[Fit, ...]
    """The surest first; non-goals last."""
    patched_by: tuple[int, ...]
    """User-patches that correct it."""
    rejected: str = ""
    """What a human said of its change, who sent it back last; empty: nobody did."""
    has_intent: bool = True

    @property
    def added(self) -> int:
        return sum(file.added or 0 for file in self.files)

    @property
    def removed(self) -> int:
        return sum(file.removed or 0 for file in self.files)
