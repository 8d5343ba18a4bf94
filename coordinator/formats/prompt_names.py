"""New prompt files: how they are called, and what stands in them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from coordinator.formats.scalars import Scalar, flow_list, scalar
from coordinator.model.prompt import Priority, PromptStatus, PromptType
from coordinator.model.settings import PROMPTS

SLUG_LENGTH = 48


def file_name(number: int, type: PromptType | str, title: str) -> str:
    """`07-user-patch-refresh-tokens.prompt.md`: ASCII whatever the title is, never without a slug."""
    return f"{number:02d}-{PromptType(type).value}-{slug(title)}.prompt.md"


def new_path(folder: str, others: Iterable[str], number: int, type: PromptType, title: str) -> str:
    """The path of a new prompt; in a folder of another harness it is called as the `others` there are.

    That is: how many digits the number has at least, whether the type is named, and what the name ends in.
    """
    if folder == PROMPTS:
        return f"{folder}/{file_name(number, type, title)}"
    names = [path.rpartition("/")[2] for path in others if path.rpartition("/")[0] == folder]
    digits = min((len(match[0]) for name in names if (match := re.match(r"\d+", name))), default=2)
    typed = any(re.match(rf"\d+-{kind.value}-", name) for name in names for kind in PromptType)
    ending = ".prompt.md" if any(name.endswith(".prompt.md") for name in names) else ".md"
    return f"{folder}/{number:0{digits}d}-{f'{type.value}-' if typed else ''}{slug(title)}{ending}"


def slug(title: str) -> str:
    """A title as words of a file name: ASCII letters, digits and hyphens; `prompt` when nothing of it is left."""
    ascii_text = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")
    if len(text) > SLUG_LENGTH:
        text = text[: SLUG_LENGTH + 1].rpartition("-")[0] or text[:SLUG_LENGTH]
    return text.removesuffix("-done").strip("-") or "prompt"


def render_new(
    *,
    number: int,
    title: str,
    body: str,
    type: PromptType | str = PromptType.PLANNED,
    status: PromptStatus | str = PromptStatus.PENDING,
    dependencies: Sequence[int] = (),
    priority: Priority | str = Priority.MEDIUM,
    patches_prompts: Sequence[int] = (),
    more: Mapping[str, Scalar | Sequence[Scalar]] | None = None,
) -> bytes:
    """A prompt file with its frontmatter in the usual order; `more` are further keys, such as `created_by`."""
    values: dict[str, Scalar | Sequence[Scalar]] = {
        "number": number,
        "title": " ".join(title.split()),
        "type": PromptType(type).value,
        "status": PromptStatus(status).value,
        "dependencies": list(dependencies),
        "priority": Priority(priority).value,
    }
    if patches_prompts:
        values["patches_prompts"] = list(patches_prompts)
    values["attempts"], values["commits"] = 0, []
    values |= more or {}
    lines = [f"{key}: {render_value(value)}" for key, value in values.items()]
    text = "\n".join(("---", *lines, "---", "", body.strip("\n"), ""))
    return text.encode("utf-8", "replace")


def render_value(value: Scalar | Sequence[Scalar]) -> str:
    """A value as YAML on one line."""
    if value is None or isinstance(value, (str, int, float)):
        return scalar(value)
    return flow_list(value)
