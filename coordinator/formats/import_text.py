"""What an imported task says in a prompt file: its body, where it came from, and what its values were then."""

import re
from collections.abc import Mapping, Sequence

from coordinator.formats.digest import sha256
from coordinator.formats.frontmatter import parse
from coordinator.formats.imports.text import one_line
from coordinator.lazy import regex
from coordinator.model.imported import Item
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority, Prompt, PromptStatus
from coordinator.model.text import plain

SOURCE, PATH, PARENT, LABELS, IMPORTED = "source", "source_path", "parent", "labels", "imported"
"""Keys of a prompt's frontmatter: `backlog.md:TASK-12`, the file there, the number of the prompt that it is a part of,
words of the source, and a digest of each value as it was imported."""
VALUES = ("title", "body", "status", "dependencies", "priority", "parent")
"""What a second import compares, and may change."""

TITLE = 200
KEY = 160
CRITERION = 1000
MOST_CRITERIA = 100
MOST_LABELS = 12
BODY = 200_000
"""Characters, and how many, of what a tool wrote: more of it stays there."""

_HEADING = regex.compile(r"^(#{1,6})(?=[ \t])")
_FENCE = regex.compile(r"^[ ]{0,3}(```+|~~~+)")


def name_of(form: str, item: Item) -> str:
    """`backlog.md:TASK-12`, safe to print and on one line."""
    return f"{form}:{plain(one_line(item.key))[:KEY]}"


def title_of(item: Item) -> str:
    """The title as a prompt has it; never empty."""
    title = plain(one_line(item.title))
    return (title if len(title) <= TITLE else f"{title[: TITLE - 1].rstrip()}…") or plain(one_line(item.key))[:TITLE]


def labels_of(item: Item) -> tuple[str, ...]:
    words = (plain(one_line(label))[:60].strip() for label in item.labels[:MOST_LABELS])
    return tuple(dict.fromkeys(word for word in words if word))


def body_of(item: Item) -> str:
    """The prompt's body: what is to be done, then the criteria. Headings of the source go below ours."""
    title = plain(one_line(item.title))
    words = _words(item.body)
    tasks = words if len(title) <= TITLE else f"{title}\n\n{words}"
    parts = ["## Tasks", "", tasks.strip() or f"- {title_of(item)}"]
    criteria = [plain(one_line(each))[:CRITERION].strip() for each in item.criteria[:MOST_CRITERIA]]
    listed = [f"- {each}" for each in criteria if each]
    if listed:
        parts += ["", "## Acceptance Criteria", "", *listed]
    return "\n".join(parts) + "\n"


def _words(text: str) -> str:
    """Markdown of others: no hidden characters, and no heading that could pass for one of a prompt's own."""
    out, fence = [], ""
    lines = text[:BODY].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    whole = "".join(lines).replace("\t", "")
    is_plain = plain(whole) == whole  # most are: one look at all of it instead of one at each line
    for line in lines:
        safe = (line if is_plain else "\t".join(plain(part) for part in line.split("\t"))).rstrip()
        mark = _FENCE.match(safe)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        is_heading = not fence and safe.startswith("#")
        out.append(_HEADING.sub(_below_ours, safe) if is_heading else safe)
    if fence:
        out.append(fence)
    if len(text) > BODY:
        out.append("\n(The rest of it is in the source.)")
    return "\n".join(out).strip("\n")


def _below_ours(heading: re.Match[str]) -> str:
    return "#" * min(6, max(3, len(heading[1])))


Stated = Mapping[str, str]
"""Each of `VALUES` as a text."""


def stated(
    title: str, body: str, status: PromptStatus, dependencies: Sequence[int], priority: Priority, parent: int | None
) -> Stated:
    """Values of a prompt as texts, to be held against each other."""
    return {
        "title": title,
        "body": body.strip(),
        "status": status.value,
        "dependencies": " ".join(map(str, dependencies)),
        "priority": priority.value,
        "parent": str(parent or ""),
    }


def stated_by(prompt: Prompt) -> Stated:
    """The same of a prompt as its file is now."""
    front = parse(prompt.source, prompt.path, mend=True)
    start = 0 if isinstance(front, Problem) else front.body
    body = prompt.source[start:].decode("utf-8", "replace").replace("\r\n", "\n")
    parent = prompt.extra.get(PARENT, "")
    number = int(parent) if parent.isascii() and parent.isdigit() and len(parent) < 10 else None
    return stated(prompt.title, body, prompt.status, prompt.dependencies, prompt.priority, number)


def digests(values: Stated) -> str:
    """`title=1a2b3c4d body=…`: enough to tell whether a value has changed since."""
    return " ".join(f"{key}={_digest(values[key])}" for key in VALUES)


def changed_since(imported: str, values: Stated) -> frozenset[str]:
    """Which values are others than those of which the digests were taken; all, where there are no digests."""
    was = dict(part.partition("=")[::2] for part in imported.split())
    return frozenset(key for key in VALUES if was.get(key) != _digest(values[key]))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace"))[:8]
