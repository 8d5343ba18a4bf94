"""Reads what a milestone taught: the log since it began, and the files that can be taught something."""

from itertools import chain

from coordinator.errors import CoordError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.formats.frontmatter import parse
from coordinator.formats.learnings import read_learnings
from coordinator.model.compounding import Compounding, Guides
from coordinator.model.event import Event
from coordinator.model.flow import FILES, Flow
from coordinator.model.problem import Problem
from coordinator.model.snapshot import Snapshot
from coordinator.services.compounding import EVENTS, compounding
from coordinator.storage.files import read_limited
from coordinator.storage.flows import read_flows
from coordinator.storage.packaged import packaged
from coordinator.storage.paths import Layout
from coordinator.storage.pipelines import read_pipelines

_MOST = 2_000
"""Events of a kind that are looked through: the newest."""
_LIMIT = 256 * 1024
"""Bytes of a file that may be edited."""


def read_compounding(layout: Layout, log: EventLog, snapshot: Snapshot) -> Compounding:
    """What the present milestone taught so far."""
    begun = log.tail(1, Filter(kinds=("milestone.created",)))
    since = begun[0].seq if begun else 0
    stations = {
        one.name: tuple(dict.fromkeys(station.flow for station in one.stations)) for one in read_pipelines(layout).items
    }
    return compounding(
        snapshot, _events(log, since), _guides(layout, snapshot), flows=stations, since=begun[0].ts if begun else ""
    )


def _events(log: EventLog, since: int) -> list[Event]:
    kinds = [log.tail(_MOST, Filter(kinds=(kind,))) for kind in EVENTS]
    return sorted((event for event in chain(*kinds) if event.seq > since), key=lambda event: event.seq)


def _guides(layout: Layout, snapshot: Snapshot) -> Guides:
    """What may be edited, as it is now. Of a file that can't be read whole nothing is proposed."""
    learnings = layout.rel(layout.learnings)
    files: dict[str, bytes | None] = {}
    flows, shipped, told = {}, {}, {}
    if not _read(layout, learnings, files):
        learnings = ""
    for flow in read_flows(layout).items:
        path = flow.path if flow.own else f"{layout.rel(layout.flows)}/{_file(flow)}"
        if _read(layout, path, files):
            flows[flow.name], told[flow.name] = path, flow.body
            if files[path] is None:
                shipped[flow.name] = packaged(f"flows/{_file(flow)}").read_bytes()
    suites, commands = _suites(layout, snapshot, files)
    source = files.get(learnings) or b""
    known = frozenset(one.text.casefold() for one in read_learnings(source.decode("utf-8", "replace")))
    return Guides(learnings, files, flows, shipped, suites, commands, known, told)


def _file(flow: Flow) -> str:
    return FILES.get(flow.name) or flow.path.rpartition("/")[2]


def _suites(
    layout: Layout, snapshot: Snapshot, files: dict[str, bytes | None]
) -> tuple[dict[str, str], dict[str, str]]:
    suites, commands = {}, {}
    for name in sorted({name for prompt in snapshot.prompts.values() for name in prompt.validation_suites}):
        path = f"{layout.rel(layout.suites)}/{name}.md"
        if "/" in name or not _read(layout, path, files) or (data := files[path]) is None:
            continue
        front = parse(data, path)
        command = None if isinstance(front, Problem) else front.values.get("command")
        if isinstance(command, str) and command.strip():
            suites[name], commands[name] = path, command.strip()
    return suites, commands


def _read(layout: Layout, path: str, files: dict[str, bytes | None]) -> bool:
    """Take in a file; False where there is one that can't be read."""
    try:
        files[path] = read_limited(layout.root / path, _LIMIT)
    except FileNotFoundError:
        files[path] = None
    except (OSError, CoordError):
        return False
    return True
