"""What the voice is told of the project with each turn: what the words are about, what is near, what is urgent. Pure.

All of it is quoted with its source, and bounded, however large the project is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import nlargest

from coordinator.assistant.looking import next_number, row
from coordinator.assistant.naming import named
from coordinator.assistant.quoting import line, quoted
from coordinator.errors import CoordError
from coordinator.formats.alignment import engineers_words, summaries
from coordinator.lazy.dataclass import dataclass
from coordinator.model.event import Event
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.plan import ALIGNMENT
from coordinator.model.prompt import Priority
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.views.event_text import sentence

MOST = 20_000
"""Characters of all of it."""
_BODY = 3000
_FEW = 6
_NEAR = 12
_FILES = 3
"""Files whose content is told."""
_FILE_ROOM = 12_000
"""Characters of all of them."""
_WORD = 4
"""Letters that make a word one to look for."""


@dataclass(frozen=True, slots=True)
class About:
    """What a turn is about."""

    words: str
    selected: str = ""
    refs: tuple[str, ...] = ()

    def prompts(self, snapshot: Snapshot) -> tuple[int, ...]:
        """The prompts that it names, as far as there are such."""
        found = named(self.words, self.selected, self.refs)
        return tuple(sorted(found & snapshot.prompts.keys()))[:_FEW]

    def files(self, snapshot: Snapshot) -> tuple[str, ...]:
        """What it refers to that is neither a prompt nor an agent."""
        agents = {agent.id for agent in snapshot.agents} | {one.agent for one in snapshot.last_attempts}
        return tuple(ref for ref in self.refs if not ref.isdigit() and ref not in agents)[:_FEW]


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that the engineer referred to."""

    path: str
    text: str = ""
    """Untrusted."""
    why_not: str = ""
    """Why its text is not there; empty: it is."""

    @property
    def source(self) -> str:
        return f"the file {self.path}"


def read_files(paths: Sequence[str], read: Callable[[str], str]) -> tuple[NamedFile, ...]:
    """The first of them with their texts, as far as `read` gives them; it raises CoordError."""
    found: list[NamedFile] = []
    for path in paths:
        given = sum(not one.why_not for one in found)
        try:
            found.append(NamedFile(path, read(path)) if given < _FILES else NamedFile(path, why_not="too many at once"))
        except CoordError as error:
            found.append(NamedFile(path, why_not=error.message))
    return tuple(found)


def context(
    snapshot: Snapshot,
    about: About,
    findings: Sequence[Feedback],
    events: Sequence[Event],
    files: Sequence[NamedFile] = (),
) -> str:
    """The blocks that fit, the most relevant first; at most `MOST` characters."""
    blocks, room = [], MOST
    for source, text, most in _parts(snapshot, about, findings, events, files):
        block = quoted(source, text, min(most, 6000))
        if text.strip() and len(block) < room:
            blocks.append(block)
            room -= len(block) + 1
    return "\n".join(blocks)


def _parts(
    snapshot: Snapshot,
    about: About,
    findings: Sequence[Feedback],
    events: Sequence[Event],
    files: Sequence[NamedFile],
) -> Iterator[tuple[str, str, int]]:
    """Source, text, and how much of it."""
    numbers = about.prompts(snapshot)
    yield "where the project stands", _standing(snapshot, about), 1500
    there = [file for file in files if not file.why_not]
    for file in there:
        yield file.source, file.text, _FILE_ROOM // len(there)
    missing = (f"{line(file.path, 100)}: {line(file.why_not)}" for file in files if file.why_not)
    yield "what was referred to, and can't be shown", "\n".join(missing), 1000
    for number in numbers[:3]:
        yield f"prompt {number}", _whole(snapshot, number), _BODY
    near = _near(snapshot, numbers)
    yield "prompts before and after", "\n".join(row(snapshot, n) for n in near), 2500
    failed = [n for n, step in snapshot.steps.items() if step.state in (StepState.FAILED, StepState.BLOCKED)]
    yield "what failed or is held", "\n".join(row(snapshot, n) for n in failed[-_FEW:]), 2500
    asked = [f"question {q.seq} by {q.asker} on {q.subject}: {line(q.text, 400)}" for q in snapshot.open_questions]
    yield "open questions of agents", "\n".join(asked[:_FEW]), 2500
    yield "the engineer's own words so far", _own_words(snapshot, numbers), 2000
    high = [f for f in findings if f.status is FeedbackStatus.OPEN and f.priority is Priority.HIGH]
    yield "open findings of high priority", "\n".join(f"{f.label} {line(f.title)}" for f in high[:_FEW]), 1000
    yield "prompts that the words may be about", "\n".join(_alike(snapshot, about.words, {*numbers, *near})), 1500
    yield "what is at work or comes next", "\n".join(row(snapshot, n) for n in _next(snapshot)), 2500
    yield "the newest events", "\n".join(line(sentence(event), 300) for event in events[-_NEAR:]), 2500


def _standing(snapshot: Snapshot, about: About) -> str:
    selected = f"prompt {about.selected} is selected on the screen" if about.selected else "no prompt is selected"
    return "\n".join(
        [
            f"milestone: {line(snapshot.milestone.title)} ({snapshot.standing})",
            f"loop: {snapshot.loop.state.value}: {line(snapshot.loop.reason)}",
            f"{len(snapshot.prompts)} prompts; the next free number is {next_number(snapshot)}",
            f"{len(snapshot.agents)} agents, {len(snapshot.open_changes)} changes to review",
            selected,
            *(f"refers to {line(ref, 100)}" for ref in about.refs[:_FEW]),
        ]
    )


def _whole(snapshot: Snapshot, number: int) -> str:
    prompt, step = snapshot.prompts[number], snapshot.steps[number]
    attempt = step.attempt
    said = [f"attempt {attempt.attempt} by {attempt.agent}: {line(attempt.reason, 600)}"] if attempt else []
    reports = summaries(snapshot.documents.get(ALIGNMENT, b""), number)[-1:]
    body = prompt.source.decode("utf-8", "replace")[: _BODY * 4]
    return "\n".join([row(snapshot, number), *said, *(text[:1200] for text in reports), body])


def _near(snapshot: Snapshot, numbers: Iterable[int]) -> list[int]:
    found: dict[int, None] = {}
    for number in numbers:
        found |= dict.fromkeys(n for n in snapshot.prompts[number].dependencies if n in snapshot.prompts)
        found |= dict.fromkeys(n for n, prompt in snapshot.prompts.items() if number in prompt.dependencies)
    return [n for n in found if n not in set(numbers)][:_NEAR]


def _own_words(snapshot: Snapshot, numbers: Sequence[int]) -> str:
    said = engineers_words(snapshot.documents.get(ALIGNMENT, b""))
    own = [one for one in said if one.prompt in numbers] if numbers else []
    chosen = [*own[-3:], *(one for one in said[-3:] if one not in own)]
    return "\n".join(line(one.text, 500) for one in chosen)


def _alike(snapshot: Snapshot, words: str, known: set[int]) -> list[str]:
    """Prompts whose titles share words with what is said."""
    wanted = _words(words)
    scored = ((len(wanted & _words(p.title)), -n) for n, p in snapshot.prompts.items() if n not in known)
    best = nlargest(_FEW, (one for one in scored if one[0]))
    return [row(snapshot, -number) for _, number in best]


def _words(text: str) -> set[str]:
    return {word for word in "".join(c if c.isalnum() else " " for c in text.lower()).split() if len(word) >= _WORD}


def _next(snapshot: Snapshot) -> list[int]:
    at_work = [n for n, step in snapshot.steps.items() if step.state.under_way]
    waits = (n for n in snapshot.graph.order if snapshot.steps[n].state is StepState.PENDING)
    return [*at_work[:_NEAR], *(n for n, _ in zip(waits, range(_FEW), strict=False))]
