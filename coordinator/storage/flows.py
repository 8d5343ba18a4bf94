"""The flows that there are: the packaged ones, and the project's own before them."""

import os
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.formats.flow_text import FlowFile, read
from coordinator.lazy.typing import NamedTuple
from coordinator.model.flow import PAGES, ROLES, Flow, name_of
from coordinator.model.problem import Problem
from coordinator.model.text import plain
from coordinator.model.work import is_flow_name
from coordinator.storage.files import read_limited
from coordinator.storage.packaged import packaged
from coordinator.storage.paths import Layout

LIMIT = 256 * 1024
"""Bytes of a flow."""
_MOST = 200
"""Files of a folder that are read."""


class Flows(NamedTuple):
    """What there is."""

    items: tuple[Flow, ...]
    """By role, then name. Where the project's own file can't be read, the packaged one of that name holds."""
    problems: tuple[Problem, ...]

    def find(self, name: str) -> Flow | None:
        return next((flow for flow in self.items if flow.name == name), None)

    @property
    def specialists(self) -> tuple[str, ...]:
        """Names of those that look beside the Verifier."""
        return tuple(flow.name for flow in self.items if flow.looks)


def read_flows(layout: Layout) -> Flows:
    """Every flow, and what is wrong with the project's own files."""
    shipped = _folder(packaged("flows"), "flows", own=False)
    own = _folder(layout.flows, plain(layout.rel(layout.flows)), own=True)
    flows = {name: file.flow for name, file in (*shipped.items(), *own.items()) if file.flow is not None}.values()
    problems = [problem for file in own.values() for problem in file.problems]
    return Flows(tuple(sorted(flows, key=lambda flow: (ROLES.index(flow.role), flow.name))), tuple(problems))


def find_flow(layout: Layout, name: str) -> Flow | None:
    """One flow by its name; None where there is none, or its file can't be read as one."""
    own = _folder(layout.flows, plain(layout.rel(layout.flows)), own=True, only=name).get(name)
    if own is not None and own.flow is not None:
        return own.flow
    shipped = _folder(packaged("flows"), "flows", own=False, only=name).get(name)
    return shipped.flow if shipped is not None else None


def read_page(layout: Layout, name: str, *, own: bool) -> str:
    """A page for the coordinator, without frontmatter; `own`: the project's, where it has one that can be read.

    CoordError when the packaged one is missing.
    """
    for folder in (layout.flows, packaged("flows")) if own else (packaged("flows"),):
        try:
            page = read_limited(folder / f"{name}.md", LIMIT).decode()
        except (OSError, UnicodeDecodeError, CoordError):
            continue
        return page.partition("\n---\n")[2] if page.startswith("---\n") else page
    raise CoordError(f"the coordinator's page {name}.md can't be read", "install coord again")


def _folder(folder: Path, shown: str, *, own: bool, only: str = "") -> dict[str, FlowFile]:
    """Name → what its file says; of two files with one name the first. `only`: that name alone."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".md"))[:_MOST]
    except OSError:
        return {}
    names = [file for file in names if file[:-3] not in PAGES and (not only or name_of(file) == only)]
    found: dict[str, FlowFile] = {}
    for file in names:
        path, name = f"{shown}/{plain(file)}", name_of(file)
        if not is_flow_name(name):
            message = "no flow can be called so"
            problem = Problem(path, 0, "bad-name", message, "call it by a word of letters, digits, dots and dashes")
            found[file] = FlowFile(None, (problem,))
        elif name in found:
            message = f"there is a flow `{name}` already, in another file of this folder"
            problem = Problem(path, 0, "duplicate-flow", message, "give one of them another name")
            found[file] = FlowFile(None, (problem,))
        else:
            found[name] = _file(folder / file, path, name, own=own)
    return found


def _file(place: Path, path: str, name: str, *, own: bool) -> FlowFile:
    try:
        return read(read_limited(place, LIMIT), path, name, own=own)
    except (OSError, CoordError) as error:
        message = error.message if isinstance(error, CoordError) else (error.strerror or "unreadable").lower()
        return FlowFile(None, (Problem(path, 0, "unreadable", message, "check the file and its permissions"),))
