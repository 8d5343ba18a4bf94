"""A change as it is reviewed: what an attempt's branch holds beyond its base, and what its agent said about it."""

from collections.abc import Mapping

from coordinator.lazy.dataclass import asdict, dataclass, field, replace
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.snapshot import Review
from coordinator.model.step import Attempt

if TYPE_CHECKING:
    from coordinator.model.checks import Handed
    from coordinator.model.review_comment import Comment, Said


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as git states it; subject and author are untrusted text."""

    sha: str
    subject: str
    author: str
    time: int
    """Unix seconds of the commit."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A changed file; its path is relative to the repository and untrusted text."""

    path: str
    added: int | None
    """Lines; None for a binary file."""
    removed: int | None
    old_path: str = ""
    """What it was called before, if it was renamed."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an attempt's branch holds beyond its base."""

    branch: str
    base_branch: str
    tip: str
    """Commit at the end of the branch; empty when the branch is gone."""
    base_tip: str
    """Commit at the end of the base branch."""
    fork: str
    """Commit at which branch and base branch parted; empty when they share no history."""
    commits: tuple[Commit, ...] = ()
    """Oldest first, at most 1,000 of the newest."""
    files: tuple[FileChange, ...] = ()
    modified: tuple[str, ...] = ()
    """Tracked files with uncommitted changes in the worktree."""
    untracked: tuple[str, ...] = ()
    """New files in the worktree that were never added, ignored ones aside; a whole new folder is one entry."""
    strayed: str = ""
    """What the worktree stands on, if that is not its branch and has commits the branch lacks: the work is there."""
    unreadable: str = ""
    """Why nothing can be told of what is in the worktree but not committed; empty when it was looked at."""
    damaged: str = ""
    """Why commits of its agent can't be taken over; empty when they all were."""

    @property
    def empty(self) -> bool:
        """Neither a commit nor anything uncommitted."""
        return not (self.commits or self.modified or self.untracked or self.strayed)

    @property
    def added(self) -> int:
        """Lines that it adds, binary files aside."""
        return sum(file.added or 0 for file in self.files)

    @property
    def removed(self) -> int:
        """Lines that it removes, binary files aside."""
        return sum(file.removed or 0 for file in self.files)


@dataclass(frozen=True, slots=True)
class Check:
    """What would become of a change if it were approved now."""

    passed: bool
    summary: str
    """A line: `merges; unit, lint passed on the result`."""
    output: str = ""
    """What explains it: conflicts, the end of a red suite's output; untrusted text."""

    def to_json(self) -> dict[str, object]:
        return {"passed": self.passed, "summary": self.summary, "output": self.output}


@dataclass(frozen=True, slots=True)
class Since:
    """What a change has become since it was sent back; what the base gained meanwhile is no part of it."""

    attempt: int
    """The attempt whose change was sent back."""
    commit: str
    """Head of its branch then."""
    files: tuple[FileChange, ...] = ()
    diff: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class ChangePage:
    """All that a reviewer looks at; every text in it is untrusted."""

    number: int
    title: str
    attempt: Attempt
    """With the receipt that its agent handed off."""
    change: Change
    suites: tuple[str, ...] = ()
    """Validation suites that run on the merge result before it lands."""
    review: Review | None = None
    """The newest verdict on this attempt."""
    diff: str = ""
    """Unified, as git prints it."""
    cut: bool = False
    """The diff is longer than what is here."""
    since: Since | None = None
    """None: nobody sent it back before, or nothing of that is left."""
    comments: "tuple[Said, ...]" = ()
    """What reviewers said at lines of it, those that nobody answered first."""
    drafts: "tuple[Comment, ...]" = ()
    """What is written at its lines, and not sent yet."""
    viewed: Mapping[str, str] = field(default_factory=dict)
    """Path → digest of its part of the diff when somebody marked it as viewed."""
    criteria: "tuple[Handed, ...]" = ()
    """The acceptance criteria of the prompt, with the commands that its agent names to show each."""

    @property
    def seen(self) -> "ChangePage":
        """The page of what changed since it was sent back; itself where that is nothing."""
        since = self.since
        if since is None:
            return self
        return replace(self, change=replace(self.change, files=since.files), diff=since.diff, cut=since.cut)

    @property
    def folder(self) -> str:
        """The attempt's worktree, relative to the project; empty when it is gone."""
        return self.attempt.worktree

    def to_json(self, *, diff: bool) -> dict[str, object]:
        """The page for programs; `diff`: with the text of the diff."""
        receipt, change = self.attempt.receipt, self.change
        page: dict[str, object] = {
            "number": self.number,
            "title": self.title,
            "attempt": self.attempt.attempt,
            "step": self.attempt.state.value,
            "reason": self.attempt.reason,
            "branch": change.branch,
            "base_branch": change.base_branch,
            "commit": change.tip,
            "summary": receipt.summary if receipt else "",
            "decisions": list(receipt.decisions) if receipt else [],
            "limitations": list(receipt.limitations) if receipt else [],
            "validation": list(receipt.validation) if receipt else [],
            "left": list(receipt.left) if receipt else [],
            "learnings": list(receipt.learnings) if receipt else [],
            "suites": list(self.suites),
            "commits": [asdict(commit) for commit in change.commits],
            "files": [asdict(file) for file in change.files],
            "added": change.added,
            "removed": change.removed,
            "review": asdict(self.review) if self.review else None,
            "criteria": [
                {"id": one.criterion.id, "text": one.criterion.text, "commands": list(one.commands)}
                for one in self.criteria
            ],
            "comments": [said.to_json() for said in self.comments],
            "drafts": [{"place": one.place, "text": one.text} for one in self.drafts],
            "since": self._since(),
        }
        return page | ({"diff": self.diff, "cut": self.cut} if diff else {})

    def _since(self) -> dict[str, object] | None:
        since = self.since
        if since is None:
            return None
        return {"attempt": since.attempt, "commit": since.commit, "files": [asdict(file) for file in since.files]}
