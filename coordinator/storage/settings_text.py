"""Writes single settings into the text of a coord.yaml, where `coord init` is told of them; all else stays as it is."""

import re
from collections.abc import Mapping

from coordinator.errors import UsageError
from coordinator.formats.scalars import flow_list, scalar
from coordinator.formats.yaml_patch import NewValue, new_line, with_value
from coordinator.formats.yaml_reader import Node, read_yaml
from coordinator.model.text import clip, plain
from coordinator.storage.setting_values import folders as read_folders


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


def with_setting(text: str, name: str, value: NewValue, default: str = "") -> str:
    """A coord.yaml in which one setting has this value, None: its default; order and comments stay as they are.

    A line of the sample is taken out of its comment for it, and put back into one for the default.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    node = next((node for node in read_yaml(text) if node.key == name), None)
    if value is None:
        return _silent(text, node, default) if node is not None else text
    if node is not None:
        return with_value(text, node, value, newline)
    commented = re.search(rf"(?m)^# {name}:(?: [^\r\n]*?)?(?P<said>[ ]+# [^\r\n]*)?(?=\r?$)", text)
    line = new_line(name, value, "")
    if commented is not None:
        said = commented["said"] or ""
        column = len(commented[0]) - len(said.lstrip())
        written = f"{line.ljust(column - 1)} {said.lstrip()}" if said else line
        return text[: commented.start()] + written + text[commented.end() :]
    return text + ("" if text.endswith("\n") or not text else newline) + line + newline


def _silent(text: str, node: Node, default: str) -> str:
    """The lines of a setting as a comment, which shows its default where that is known."""
    start = text.rfind("\n", 0, node.colon) + 1
    end = text.find("\n", max(node.span.end - 1, node.colon))
    lines = text[start : end if end >= 0 else len(text)]
    if default and "\n" not in lines:
        head = node.span.start - start
        lines = lines[:head] + default + lines[node.span.end - start :] if node.span.end > node.span.start else lines
    rest = text[end:] if end >= 0 else ""
    return text[:start] + "\n".join(f"# {line}" for line in lines.split("\n")) + rest
