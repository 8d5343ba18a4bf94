"""What reviewers say about lines of a change, what the agent answers, and how both are read from the log. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from coordinator.lazy import regex
from coordinator.lazy.dataclass import asdict, dataclass, replace
from coordinator.lazy.typing import Any
from coordinator.model.event import Event
from coordinator.model.handoff import receipt_of
from coordinator.model.text import plain
from coordinator.model.worklist import Fate

REJECTED = "change.rejected"
COMMENTED = "change.commented"
KINDS = (REJECTED, COMMENTED, "handoff.given")
"""The kinds of events that tell what was said about a change, and answered."""
MOST = 200
"""Comments that are sent at once."""
LONGEST = 4_000
"""Characters of a comment, and of an answer."""
QUOTE = 160
"""Characters of the line that a comment is about."""
_PLACE = regex.compile(r"(.+):(-?)([1-9][0-9]{0,8})")
_ANSWER = regex.compile(r"\s*(?:\[)?(C[1-9][0-9]{0,5})(?:\])?\s*[:.)-]\s*(.*)")
_LEFT = regex.compile(r"(?i)(?:left|skipped|won't fix|wontfix|not done)\b[\s:.,-]*")


@dataclass(frozen=True, slots=True)
class Comment:
    """Words at a line of a change. All of it but the numbers is untrusted text."""

    path: str
    """Relative to the repository; empty: about the change as a whole."""
    line: int
    """1-based, of the file as the change has it, or had it before (`old`); 0: about the file as a whole."""
    text: str
    old: bool = False
    """The line is one that the change removed: its number is that of before."""
    quote: str = ""
    """The line itself."""
    commit: str = ""
    """Head of the branch when it was written."""
    by: str = ""
    id: str = ""
    """`C3`: given when it is sent, one series a prompt."""
    source: str = ""
    """Names it at the forge: what was fetched once is not fetched again. Empty: it was written here."""

    @property
    def place(self) -> str:
        """`src/limits.py:12`, with a minus before the number of a removed line; as it is typed on a command line."""
        if not self.line:
            return self.path
        return f"{self.path}:{'-' if self.old else ''}{self.line}"

    def same_place(self, other: "Comment") -> bool:
        return (self.path, self.line, self.old) == (other.path, other.line, other.old)


@dataclass(frozen=True, slots=True)
class Said:
    """A comment that was sent, and what came of it."""

    comment: Comment
    attempt: int
    """The attempt whose change it is about."""
    fate: Fate = Fate.PENDING
    answer: str = ""
    answered_by: str = ""
    answered_in: int = 0
    """The attempt that answered."""
    line: int = 0
    """Where it stands in the change as it is now; 0: nowhere any more."""
    old: bool = False
    """That line is one that the change removes."""

    @property
    def open(self) -> bool:
        return self.fate is Fate.PENDING

    def to_json(self) -> dict[str, object]:
        told = {name: value for name, value in asdict(self.comment).items() if name not in ("line", "old")}
        answer = {"answer": self.answer, "answered_by": self.answered_by, "answered_in": self.answered_in}
        place = {"place": self.comment.place, "line": self.line, "old": self.old}
        return {**told, **place, "attempt": self.attempt, "status": self.fate.value, **answer}


def place_of(text: str) -> tuple[str, int, bool]:
    """Path, line and whether that line was removed, of `src/limits.py:12`, `src/limits.py:-12` or a path alone."""
    match = _PLACE.fullmatch(text.strip())
    return (match[1], int(match[3]), bool(match[2])) if match else (text.strip(), 0, False)


def with_comment(comments: Sequence[Comment], new: Comment) -> tuple[Comment, ...]:
    """The comments with another one; at a place that has one it stands in its stead, or takes it away without words."""
    kept = [one for one in comments if not one.same_place(new)]
    if not new.text.strip():
        return tuple(kept)
    return (*kept, replace(new, text=new.text.strip()[:LONGEST], quote=new.quote.strip()[:QUOTE]))


def unsent(drafts: Iterable[Comment], said: Iterable[Said]) -> tuple[Comment, ...]:
    """The drafts that were not sent yet: what stands in the log as it is here was."""
    known = {_words(one.comment) for one in said}
    return tuple(one for one in drafts if _words(one) not in known)


def _words(comment: Comment) -> tuple[object, ...]:
    return comment.path, comment.line, comment.old, comment.text, comment.commit


def numbered(comments: Iterable[Comment], said: Iterable[Said]) -> tuple[Comment, ...]:
    """The comments with their ids, which go on where those of the prompt end."""
    last = max((int(one.comment.id[1:]) for one in said if one.comment.id[1:].isdecimal()), default=0)
    return tuple(replace(one, id=f"C{place}") for place, one in enumerate(comments, last + 1))


def record_of(comments: Iterable[Comment]) -> list[dict[str, object]]:
    """Comments as the log holds them, what is empty left out."""
    return [{name: value for name, value in asdict(one).items() if value} for one in comments]


def fold(events: Iterable[Event]) -> tuple[Said, ...]:
    """All that was said about the changes of one prompt, oldest first, with the agents' newest answers."""
    said: dict[str, Said] = {}
    for event in events:
        if event.kind in (REJECTED, COMMENTED):
            attempt = event.data.get("attempt")
            for one in _comments(event.data):
                said[one.id] = Said(one, attempt if type(attempt) is int else 0)
        elif (receipt := receipt_of(event)) is not None and receipt.outcome == "done":
            attempt = event.data.get("attempt")
            for name, fate, words in answers(receipt.answers):
                if name in said:
                    number = attempt if type(attempt) is int else 0
                    told = replace(said[name], fate=fate, answer=words, answered_by=receipt.agent, answered_in=number)
                    said[name] = told
    return tuple(said.values())


def answers(texts: Iterable[str]) -> Iterable[tuple[str, Fate, str]]:
    """Id, fate and words of each answer: `C3: renamed`, `C3: left: the name is public`; other texts are none."""
    for text in texts:
        match = _ANSWER.match(text)
        if match is None:
            continue
        words = text[match.start(2) :].strip()
        left = _LEFT.match(words)
        yield match[1], Fate.SKIPPED if left else Fate.RESOLVED, words[left.end() if left else 0 :].strip()[:LONGEST]


def unresolved_first(said: Iterable[Said]) -> tuple[Said, ...]:
    """Those nobody answered first, each group as it was sent."""
    return tuple(sorted(said, key=lambda one: not one.open))


def _comments(data: Mapping[str, object]) -> Iterable[Comment]:
    listed = data.get("comments")
    for raw in listed if isinstance(listed, list) else ():
        if isinstance(raw, dict) and (found := comment_of(raw)) is not None and found.id:
            yield found


def comment_of(raw: Mapping[str, Any]) -> Comment | None:
    """A comment from what was written of it; None for what is none."""
    text, path, line = raw.get("text"), raw.get("path", ""), raw.get("line", 0)
    if not isinstance(text, str) or not isinstance(path, str) or type(line) is not int or line < 0:
        return None
    others = {
        name: value for name in ("quote", "commit", "by", "id", "source") if isinstance(value := raw.get(name), str)
    }
    return Comment(path, line, text, old=raw.get("old") is True, **others)


def head_of(comment: Comment) -> str:
    """Id, place and the line itself, safe to print: `C3 src/limits.py:12 ‘NOW = 3’`."""
    quote = f" `{plain(comment.quote)}`" if comment.quote else ""
    return f"{comment.id} {plain(comment.place)}{quote}".strip()
