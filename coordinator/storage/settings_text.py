"""Writes single settings into the text of a coord.yaml, where `coord init` is told of them; all else stays as it is."""

import re
from collections.abc import Mapping

from coordinator.errors import UsageError
from coordinator.formats.scalars import flow_list, scalar
from coordinator.model.text import clip, plain
from coordinator.storage.config import folders as read_folders


def with_prompts(text: str, folder: str) -> str:
    """A coord.yaml that also takes prompts from `folder`; UsageError when it names others, or that can't be one."""
    try:
        (folder,) = read_folders((folder.rstrip("/") or folder,))
    except ValueError as error:
        raise UsageError(f"`{clip(plain(folder), 60)}` can't hold the prompts", f"give {error}") from None
    line = "prompt_folders: " + flow_list([folder], '"')
    there = re.search(r"(?m)^prompt_folders:.*$", text)
    if there is not None and there[0].strip() != line:
        raise UsageError("the settings name prompt folders already", f"add {folder} there: .coord/coord.yaml")
    if there is not None:
        return text
    commented = re.compile(r"(?m)^# prompt_folders:.*\n(?:#  .*\n)*")
    if commented.search(text):
        return commented.sub(lambda _: line + "\n", text, count=1)
    return text + ("" if text.endswith("\n") or not text else "\n") + line + "\n"


def with_arguments(text: str, arguments: Mapping[str, str]) -> str:
    """A coord.yaml that gives agents these further words of their command lines; UsageError when it gives others."""
    if not arguments:
        return text
    lines = "agent_arguments:\n" + "".join(f"  {name}: {scalar(words)}\n" for name, words in arguments.items())
    there = re.search(r"(?m)^agent_arguments:.*\n(?:[ ]+.*\n)*", text)
    if there is not None and there[0] != lines:
        raise UsageError("the settings give agents arguments already", "change `agent_arguments` in .coord/coord.yaml")
    if there is not None:
        return text
    commented = re.compile(r"(?m)^# agent_arguments:.*\n(?:#   .*\n)*")
    if commented.search(text):
        return commented.sub(lambda _: lines, text, count=1)
    return text + ("" if text.endswith("\n") or not text else "\n") + lines
