"""Prompt files that are not on disk yet: new ones, and edited ones that are checked before they are saved."""

from collections.abc import Iterable, Mapping, Sequence

from coordinator.errors import CoordError
from coordinator.formats.digest import sha256
from coordinator.formats.frontmatter import parse, split
from coordinator.formats.prompt_names import render_new
from coordinator.formats.prompt_references import Names
from coordinator.formats.prompt_schema import to_prompt
from coordinator.formats.scalars import Scalar
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.settings import PROMPTS


def new_prompt(
    *,
    path: str,
    number: int,
    title: str,
    type: PromptType,
    dependencies: Sequence[int],
    priority: Priority,
    patches_prompts: Sequence[int],
    body: str,
    created_by: str,
    status: PromptStatus = PromptStatus.PENDING,
    more: Mapping[str, Scalar | Sequence[Scalar]] | None = None,
) -> tuple[Prompt, bytes]:
    """A new prompt with its file at `path`: what is read back from the file is what the plan shows.

    `more` are further keys, which are kept and mean nothing to the loop.
    """
    content = render_new(
        number=number,
        title=title,
        body=body,
        type=type,
        dependencies=dependencies,
        priority=priority,
        patches_prompts=patches_prompts,
        status=status,
        more={**({"created_by": created_by} if created_by else {}), **(more or {})},
    )
    prompt = parse_prompt(content, path)
    if isinstance(prompt, Problem):
        raise CoordError(f"the new prompt would not be readable: {prompt.message}", prompt.remedy)
    return prompt, content


def parse_prompt(content: bytes, path: str, others: Iterable[str] = ()) -> Prompt | Problem:
    """Read a prompt from bytes as it would be read from `path`; `others` are the paths of the project's prompts."""
    foreign = not path.startswith(f"{PROMPTS}/")
    front = parse(content, path, mend=foreign)
    if isinstance(front, Problem):
        return front
    return to_prompt(front, path, content, sha256(content), find=Names(others).find, foreign=foreign)


def replace_body(content: bytes, body: str) -> bytes:
    """The same frontmatter, byte for byte, with another body; line endings as in the file.

    Raises CoordError when there is no frontmatter to keep.
    """
    found = split(content, "")
    if isinstance(found, Problem):
        raise CoordError(f"the file has no readable frontmatter: {found.message}", found.remedy)
    newline = found.line_ending
    text = newline.join(body.strip("\r\n").splitlines())
    head = found.text[: found.body]
    if not head.endswith("\n"):
        head += newline
    return f"{head}{newline}{text}{newline}".encode()
