"""The backlog: what milestones left undone, in a handful of groups. Pure."""

from collections.abc import Iterable, Mapping

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.snapshot import Snapshot

BACKLOG = "backlog"
"""Key of a prompt that a milestone left undone: the milestone's id."""
LEFT = "left when another milestone began"
"""Why a finding is in the backlog that nobody put there."""
GROUPS = ("features", "bugs", "refactoring", "documentation", "rest")
_WORD = regex.compile(r"[a-z]+")
_ABOUT: Mapping[str, tuple[str, ...]] = {
    "documentation": ("doc", "readme", "changelog", "comment", "docstring", "guide"),
    "refactoring": (
        *("refactor", "clean", "style", "structure", "readab", "naming", "rename", "duplicat", "simplif", "maintain"),
        *("quality", "complex", "dead", "architect", "layer"),
    ),
    "bugs": (
        *("bug", "fix", "error", "crash", "secur", "vulnerab", "regress", "fail", "correct", "race", "leak", "broken"),
        *("adversar", "wrong", "perform", "slow", "robust", "reliab", "data"),
    ),
    "features": ("feature", "add", "implement", "support", "enhance", "allow", "introduce", "usab", "functional"),
}
"""Group → beginnings of words that put something into it; the first group that has one counts."""


@dataclass(frozen=True, slots=True)
class Left:
    """Something that was left: a prompt that was not done, or a finding."""

    kind: str
    """`prompt` or `feedback`."""
    number: int
    title: str
    priority: Priority
    group: str
    milestone: str
    """Id of the milestone that left it, or its title; empty: nobody knows."""

    @property
    def name(self) -> str:
        """What it is taken by: `7` is prompt 07, `f12` is finding 012."""
        return str(self.number) if self.kind == "prompt" else f"f{self.number}"

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "kind": self.kind,
            "number": self.number,
            "title": self.title,
            "priority": self.priority.value,
            "milestone": self.milestone or None,
        }


def is_left(prompt: Prompt) -> bool:
    """It belongs to the backlog: a milestone gave it up undone, and nobody took it over."""
    return prompt.status is PromptStatus.CANCELLED and bool(prompt.extra.get(BACKLOG))


def backlog(snapshot: Snapshot, findings: Iterable[Feedback]) -> Mapping[str, tuple[Left, ...]]:
    """What was left, by group in the order of `GROUPS`, each the most urgent first; groups without any are left out.

    Open findings of a milestone that is done count as left: nobody works on it any more.
    """
    done = snapshot.milestone.status == "done"
    found = [_of_prompt(prompt) for prompt in snapshot.prompts.values() if is_left(prompt)]
    found += [_of_finding(f) for f in findings if f.status is FeedbackStatus.BACKLOG or (done and f.open)]
    found.sort(key=lambda item: (item.priority.rank, item.kind, item.number))
    groups = {group: tuple(item for item in found if item.group == group) for group in GROUPS}
    return {group: items for group, items in groups.items() if items}


def _of_prompt(prompt: Prompt) -> Left:
    mends = prompt.type in (PromptType.USER_PATCH, PromptType.REVIEW_FIX)
    group = _group((prompt.title,), "bugs" if mends else "features")
    return Left("prompt", prompt.number, prompt.title, prompt.priority, group, prompt.extra.get(BACKLOG, ""))


def _of_finding(item: Feedback) -> Left:
    group = _group((item.category, item.title), "rest")
    return Left("feedback", item.number, item.title, item.priority, group, item.milestone)


def _group(texts: Iterable[str], otherwise: str) -> str:
    """By the first text that says anything: a category says more than a title."""
    for text in texts:
        words = _WORD.findall(text.casefold())
        for group, beginnings in _ABOUT.items():
            if any(word.startswith(beginnings) for word in words):
                return group
    return otherwise
