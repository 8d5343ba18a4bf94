"""`coord run`, for callers: a specification is read, held against the milestones that there are, and set going."""

import os
import sys
import time
from pathlib import Path

from coordinator.errors import CoordError, Refused, UsageError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.snapshot import Snapshot
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.model.spec import Spec
    from coordinator.services.specification import RunSpec
    from coordinator.views.run_forecast import RunForecast

LIMIT = 1024 * 1024
"""Bytes of a specification."""


def read_specification(project: Project, name: str, *, title: str = "") -> "Spec":
    """A specification from a file, or from standard input for `-`.

    UsageError where there is none that can be read as text. Refused for the milestone's own file, and for an agent.
    """
    from coordinator.formats.spec_text import read_spec

    if name == "-":
        return read_spec(_input(), "the specification", title=title)
    if os.path.realpath(name) == os.path.realpath(project.layout.milestone):
        raise Refused(
            f"{name} is the milestone itself", "`coord loop` goes on with it; a specification is another file"
        )
    data = _content(name)
    return read_spec(_of_plot(name, data) or data, name, title=title)


def origin(project: Project, name: str) -> str:
    """The file of another tool that a specification is made of, relative to the project's root; empty: it is one."""
    if not name.endswith(".json"):
        return ""
    path = os.path.relpath(os.path.realpath(name), os.path.realpath(project.layout.root))
    return path if path.startswith(".plot/") and _of_plot(name, _content(name)) else ""


def _of_plot(name: str, data: bytes) -> bytes:
    """An object of plot as a specification; empty for anything else."""
    if not name.endswith(".json"):
        return b""
    from coordinator.formats.foreign.plot import Plot, as_spec, read_plot

    found = read_plot(os.path.basename(name), data, b"")
    return as_spec(found).encode() if isinstance(found, Plot) else b""


def read_plan(name: str) -> bytes:
    """A plan file, or standard input for `-`. UsageError where there is none that can be read."""
    return _input() if name == "-" else _content(name)


def pipeline_kind(project: Project, name: str) -> str:
    """The kind of a pipeline. CoordError where there is none, or it can't be used."""
    from coordinator.storage.pipelines import find_pipeline

    return find_pipeline(project.layout, name).kind


def require_commits(project: Project) -> None:
    """Refused without a git repository: what is claimed of a milestone is tried on checkouts of commits."""
    from coordinator.changes.git import Git

    if not Git(project.layout.root).is_repo():
        raise Refused(
            "there is no git repository here, and nothing could show that a specification is met",
            "`git init`, commit what there is, and run it again",
        )


def gather(project: Project, snapshot: Snapshot, request: "RunSpec") -> "RunSpec":
    """The request with what has to be known of the project."""
    from coordinator.client.findings import findings
    from coordinator.client.history import History
    from coordinator.lazy.dataclass import replace
    from coordinator.storage.milestones import earlier_milestones

    with History(project) as history:
        created = history.select(kinds=("milestone.created",)).every()
        used = [str(event.data.get("id") or "") for event in created]
        version = history.version()
    return replace(
        request,
        earlier=earlier_milestones(project.layout),
        used=(*used, *filter(None, (snapshot.milestone.id,))),
        findings=findings(project)[0],
        logged=version.intent if version is not None else None,
    )


def foresee(project: Project, snapshot: Snapshot) -> "RunForecast":
    """What it is likely to take."""
    from coordinator.storage.flows import read_flows
    from coordinator.views.run_forecast import run_forecast

    chosen = snapshot.settings.specialists
    count = len(read_flows(project.layout).specialists if chosen is None else chosen)
    return run_forecast(snapshot, count, time.time())


def _input() -> bytes:
    data = sys.stdin.buffer.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise _too_large("the specification", f"more than {LIMIT // 1024:,} KiB")
    return data


def _content(name: str) -> bytes:
    from coordinator.storage.files import NotAFile, TooLarge, read_limited

    if os.environ.get("COORD_DOOR"):
        raise Refused("files can't be named from here", "ask the engineer to run it")
    try:
        return read_limited(Path(name), LIMIT)
    except FileNotFoundError:
        raise UsageError(f"there is no file {name}", "name a specification, or - for standard input") from None
    except NotAFile:
        raise UsageError(f"{name} is not a file", "name a specification, or - for standard input") from None
    except TooLarge:
        raise _too_large(name, f"{os.path.getsize(name) / LIMIT:,.1f} MiB") from None
    except OSError as error:
        raise CoordError(f"can't read {name}: {(error.strerror or '').lower()}", "check its permissions") from error


def _too_large(name: str, size: str) -> UsageError:
    return UsageError(
        f"{name} has {size}, more than any agent reads; the limit is {LIMIT // 1024:,} KiB",
        "say in it what is wanted, and attach the rest: coord link PATH",
    )
