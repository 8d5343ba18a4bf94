"""What an agent is told, as values: all that its parts are made of, and how they become one text. Pure.

A text is made of parts, one after the other; `coordinator.agents.brief_roles` says whose. Each has a bound; one that is
longer is cut, and says where the whole can be read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.intent import Intent
from coordinator.model.learning import Given, Noted
from coordinator.model.pipeline import Artifact as Declared
from coordinator.model.prompt import Prompt
from coordinator.model.review_comment import Said
from coordinator.model.round import Round
from coordinator.model.saying import Saying
from coordinator.model.step import Attempt, Receipt
from coordinator.model.work import WorkId
from coordinator.model.worklist import WorkItem


@dataclass(frozen=True, slots=True)
class Existing:
    """What there is of the work of an earlier attempt. Subjects and names of files are untrusted text."""

    attempt: int
    branch: str
    here: bool
    """Its commits are on the new attempt's own branch."""
    commits: tuple[str, ...] = ()
    """Abbreviated id and subject, oldest first."""
    files: tuple[str, ...] = ()
    """Not committed, and in the new attempt's own worktree as they were left."""
    elsewhere: tuple[str, ...] = ()
    """Not committed, and still in the earlier attempt's worktree."""
    place: str = ""
    """That worktree, relative to the project root."""
    behind: bool = False
    """The base branch has more by now."""


@dataclass(frozen=True, slots=True)
class Before:
    """A prompt that the work builds on, with what its agent handed off."""

    prompt: Prompt
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Child:
    """A prompt of the milestone, with what became of it."""

    prompt: Prompt
    state: str
    reason: str = ""
    """Why it is in that state, where that needs a word. Untrusted text."""
    receipt: Receipt | None = None
    at: str = ""
    """UTC, ISO 8601: since when; empty before its first attempt."""
    ended: bool = False
    """It is merged or cancelled."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that was made, or something that was attached. Untrusted text, but for `there`."""

    name: str
    """Its path, or the reference."""
    title: str = ""
    who: str = ""
    prompt: int | None = None
    there: bool | None = None
    """Whether the file is there now; None for what is no file."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Sayings that are told, and how many there are besides."""

    told: tuple[Saying, ...] = ()
    left: int = 0


@dataclass(frozen=True, slots=True)
class Handed:
    """An artifact that a station is given. Untrusted text."""

    name: str
    text: str
    by: str
    """The turn that made it."""
    place: str
    """Where the whole of it can be read."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A station of the pipeline, and how far it is."""

    name: str
    state: str
    """In words."""
    said: str = ""
    """What its last agent handed off; untrusted text."""


@dataclass(frozen=True, slots=True)
class StationBrief:
    """Where a turn stands in its pipeline."""

    pipeline: str
    station: str
    turn: str
    round: int = 1
    why: str = ""
    """Why it is its turn; may quote agents and people."""
    given: tuple[Handed, ...] = ()
    lacking: tuple[str, ...] = ()
    """What it would read, and is not there."""
    stations: tuple[Beside, ...] = ()
    made: tuple[tuple[str, str], ...] = ()
    """Artifacts that there are, and which turn made each."""
    items: tuple[WorkItem, ...] = ()
    """What critics want of it; untrusted text."""
    outputs: tuple[Declared, ...] = ()
    out: str = ""
    """The folder for them."""
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brief:
    """All that an agent may be told about one piece of work."""

    work: WorkId | None = None
    """None: nothing in particular, the milestone as a whole."""
    attempt: Attempt | None = None
    """None: nobody was started for it yet."""
    role: str = "executor"
    flow: str = ""
    """Instructions of the role."""
    milestone: str = ""
    """Its title."""
    intent: Intent = field(default_factory=Intent)
    free: str = ""
    """What the milestone's file says, where nothing in it can be read as an intent."""
    prompt: Prompt | None = None
    body: str = ""
    """Of the prompt file, below its frontmatter."""
    decisions: Chosen = field(default_factory=Chosen)
    words: Chosen = field(default_factory=Chosen)
    """The engineer's: the alignment document, answers, notes."""
    before: tuple[Before, ...] = ()
    """Direct dependencies."""
    earlier: tuple[Before, ...] = ()
    """Those before them, the nearest first."""
    last: Attempt | None = None
    """The attempt before this one."""
    existing: Existing | None = None
    """What is there of the work of attempts before this one."""
    base_branch: str = ""
    artifacts: tuple[Artifact, ...] = ()
    learnings: Given = field(default_factory=Given)
    spec: str = ""
    """The milestone's file below its frontmatter, whole."""
    round: Round | None = None
    """The iteration that it is told of; None where the milestone does not iterate."""
    children: tuple[Child, ...] = ()
    """All prompts, by number; nothing where it is about one of them."""
    noted: tuple[Noted, ...] = ()
    """What agents noted since learnings were put in order, oldest first; told to a Planner."""
    station: StationBrief | None = None
    """Where it stands in a pipeline; None for what no station works on."""
    review: tuple[Said, ...] = ()
    """What reviewers said at lines of its change, and nobody has answered; untrusted text."""
    context: str = ""
    """The folder that holds the whole of milestone, alignment document and learnings as of dispatch; empty: none."""
    places: Mapping[str, str] = field(default_factory=dict)
    """`milestone`, `alignment`, `learnings`, `prompt` → where the whole of it can be read."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what an agent is told."""

    name: str
    """Stable: programs read it."""
    text: Callable[[Brief], str]
    """Empty where there is nothing to say."""
    bound: int
    """Characters that it never exceeds."""
    place: str = ""
    """Which of the brief's places has the whole."""


@dataclass(frozen=True, slots=True)
class Told:
    """A part as it is told."""

    name: str
    text: str
    cut: bool = False

    def to_json(self) -> dict[str, object]:
        return {"name": self.name, "text": self.text, "cut": self.cut}


def parts_told(brief: Brief, parts: Iterable[Part]) -> tuple[Told, ...]:
    """The parts that have something to say, each within its bound."""
    told = []
    for part in parts:
        text = part.text(brief).strip()
        if text:
            kept = cut(text, part.bound, brief.places.get(part.place, ""))
            told.append(Told(part.name, kept, kept != text))
    return tuple(told)


def joined(told: Iterable[Told]) -> str:
    """The text that all of it makes."""
    return "\n\n".join(part.text for part in told) + "\n"


def compose(brief: Brief, parts: Iterable[Part]) -> str:
    """The text that an agent is given."""
    return joined(parts_told(brief, parts))


def cut(text: str, bound: int, place: str = "") -> str:
    """A text of at most `bound` characters, that says where it was cut and where the whole is."""
    if len(text) <= bound:
        return text
    whole = f"; the whole is in {place}" if place else ""
    mark = f"[cut: {len(text):,} characters{whole}]"
    if len(mark) + 2 > bound:
        return text[:bound]
    kept = text[: bound - len(mark) - 2]
    line = kept.rfind("\n")
    kept = kept[:line] if line > len(kept) // 2 else kept
    return f"{kept.rstrip()}\n\n{mark}"


def fitted(texts: Sequence[str], room: int, place: str = "") -> list[str]:
    """Texts cut so that they fit into a room together: each gets what it needs, or as much as every other long one."""
    given, left = list(texts), max(0, room)
    for done, which in enumerate(sorted(range(len(texts)), key=lambda which: len(texts[which]))):
        given[which] = cut(texts[which], left // (len(texts) - done), place)
        left -= len(given[which])
    return given
