"""Runs of other tools, read where they lie in a project: no links are followed, and no more is read than is bounded."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.lazy.typing import TYPE_CHECKING, Any
from coordinator.model.foreign_run import ForeignFile, ForeignRun, ForeignRuns
from coordinator.model.problem import Problem
from coordinator.model.text import plain
from coordinator.storage.reading import read_limited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE_LIMIT = 4 * 1024 * 1024
"""Bytes of a file that is read."""
MOST_RUNS, MOST_FILES, DEPTH = 2_000, 5_000, 6
"""Of one tool; of one run, and how deep they may lie."""
RUNS, PLOTS, PLANNING = ".runs", ".plot", ".planning"


def read_foreign(root: Path) -> ForeignRuns:
    """All runs of other tools below the project's root. Raises nothing."""
    problems: list[Problem] = []
    runs = [run for read in (_swarm, _subagents, _plots, _planning) for run in read(str(root), problems)]
    return ForeignRuns(tuple(sorted(runs, key=lambda run: run.updated or run.started, reverse=True)), tuple(problems))


# ── `.runs/RUN/`


def _swarm(root: str, problems: list[Problem]) -> Iterator[ForeignRun]:
    folder = _folder(root, RUNS, problems)
    if folder is None:
        return
    from coordinator.formats.foreign import swarm

    index: Mapping[str, Mapping[str, Any]] = {}
    if (data := read_file(root, f"{RUNS}/{swarm.INDEX}", problems)) is not None:
        found = swarm.read_index(data, f"{RUNS}/{swarm.INDEX}")
        if isinstance(found, Problem):
            problems.append(found)
        else:
            index = found
    for name in _named(folder, RUNS, stat.S_ISDIR, problems):
        place = f"{RUNS}/{name}"
        own: list[Problem] = []
        files = sorted(_files(root, place, own), key=lambda file: file.name)
        contents = {
            file.name: data
            for file in files
            if swarm.is_read(file.name) and (data := read_file(root, file.path, own)) is not None
        }
        run = swarm.read_run(place, contents, files, index.get(name, {}))
        yield _with(run, own)


def _files(root: str, place: str, problems: list[Problem]) -> Iterator[ForeignFile]:
    """The regular files below a run; a link is named, and so is what is too deep or too much."""
    waiting, seen = [("", 0)], 0
    while waiting:
        below, depth = waiting.pop()
        for entry in _entries(os.path.join(root, place, below)):
            name = f"{below}{entry.name}"
            seen += 1
            if seen > MOST_FILES:
                problems.append(_unread(place, "too-much", f"{place} has more than {MOST_FILES:,} files"))
                return
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if name != plain(name):
                problems.append(_unread(f"{place}/{name}", "bad-name", f"{place}/{name} has an unusual name"))
            elif stat.S_ISLNK(status.st_mode):
                problems.append(_unread(f"{place}/{name}", "link", f"{place}/{name} is a link, and is not followed"))
            elif stat.S_ISDIR(status.st_mode) and depth < DEPTH:
                waiting.append((f"{name}/", depth + 1))
            elif stat.S_ISDIR(status.st_mode):
                problems.append(_unread(f"{place}/{name}", "too-deep", f"{place}/{name} lies too deep"))
            elif stat.S_ISREG(status.st_mode):
                yield ForeignFile(name, f"{place}/{name}", status.st_size, status.st_mtime)


def walk(root: str, place: str, problems: list[Problem]) -> Iterator[str]:
    """Every regular file below one of their folders, relative to the root; what is left out is named."""
    folder = _folder(root, place, problems)
    if folder is None:
        return
    for entry in _entries(folder):
        name = f"{place}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from (file.path for file in sorted(_files(root, name, problems)))
        elif entry.is_file(follow_symlinks=False) and name == plain(name):
            yield name
        else:
            problems.append(_unread(name, "link", f"{name} is no file of its own"))


# ── the others


def read_beside(root: Path) -> dict[str, bytes]:
    """What is read outside of the tools' own folders: settings of staged subagents, and plans that states name."""
    from coordinator.formats.foreign.subagents import CONFIG

    states = _states(str(root), [])
    named = {name: data for _, _, files in states for name, data in files.items()}
    settings = read_file(str(root), CONFIG, [])
    return named | ({CONFIG: settings} if settings is not None else {})


def _states(root: str, problems: list[Problem]) -> Iterator[tuple[str, bytes, dict[str, bytes]]]:
    """States of staged subagents: path, content, and the files of tasks that there are for it."""
    names = (".agents/subagents-state.json", ".agents/tmp/state.json")
    for path in [name for name in names if os.path.lexists(os.path.join(root, name))]:
        from coordinator.formats.foreign import subagents

        data = read_file(root, path, problems)
        if data is not None:
            plan = subagents.plan_of(data) or ".agents/tmp/phases/1.2-plan.md"
            more = (plan, ".agents/tmp/phases/2.1-tasks.json")
            files = {name: found for name in more if (found := read_file(root, name, problems)) is not None}
            yield path, data, files


def _subagents(root: str, problems: list[Problem]) -> Iterator[ForeignRun]:
    for path, data, files in _states(root, problems):
        from coordinator.formats.foreign import subagents

        run = subagents.read_state(path, data, files)
        if isinstance(run, Problem):
            problems.append(run)
        elif run is not None:
            yield run


def _plots(root: str, problems: list[Problem]) -> Iterator[ForeignRun]:
    folder = _folder(root, PLOTS, problems)
    if folder is None:
        return
    from coordinator.formats.foreign import plot

    names = _named(folder, PLOTS, stat.S_ISREG, problems)
    ids = {name.removesuffix(plot.EVENTS) for name in names if name.endswith(plot.EVENTS)}
    ids |= {name.removesuffix(".json") for name in names if name.endswith(".json")}
    for name in sorted(ids):
        path = f"{PLOTS}/{name}.json"
        data = read_file(root, path, problems)
        log = read_file(root, f"{PLOTS}/{name}{plot.EVENTS}", problems)
        found = plot.read_plot(path, data, log or b"")
        if isinstance(found, Problem):
            problems.append(found)
        elif found is not None:
            yield plot.as_run(found, path if data is not None else f"{PLOTS}/{name}{plot.EVENTS}")


def _planning(root: str, problems: list[Problem]) -> Iterator[ForeignRun]:
    folder = _folder(root, PLANNING, problems)
    if folder is None:
        return
    for name in _named(folder, PLANNING, stat.S_ISDIR, problems):
        place = f"{PLANNING}/{name}"
        if not os.path.lexists(os.path.join(root, place, "status.yaml")):
            continue
        from coordinator.formats.foreign import planning

        own: list[Problem] = []
        status = read_file(root, f"{place}/{planning.STATUS}", own)
        alignment = read_file(root, f"{place}/{planning.ALIGNMENT}", own)
        where = f"{place}/{planning.PROMPTS}"
        inner = _folder(root, where, own)
        names = planning.read_names(_named(inner, where, stat.S_ISREG, own)) if inner else []
        prompts = {one: data for one in names if (data := read_file(root, f"{where}/{one}", own)) is not None}
        run = planning.read_folder(place, status, alignment, prompts) if status is not None else None
        if run is not None:
            yield _with(run, own)
        else:
            problems += own


# ── reading


def _folder(root: str, name: str, problems: list[Problem]) -> str | None:
    """A folder of the project that is no link and leads through none; None where there is none."""
    path = os.path.join(root, name)
    if not os.path.lexists(path):
        return None
    if not os.path.isdir(path) or _leads_elsewhere(root, name):
        problems.append(_unread(name, "link", f"{name} is no folder of the project itself"))
        return None
    return path


def _leads_elsewhere(root: str, name: str) -> bool:
    return os.path.realpath(os.path.join(root, name)) != os.path.join(os.path.realpath(root), name)


def _entries(folder: str) -> "Sequence[os.DirEntry[str]]":
    with suppress(OSError), os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)
    return ()


def _named(folder: str, shown: str, is_one: Callable[[int], bool], problems: list[Problem]) -> list[str]:
    """The names in a folder of what is one, links left out."""
    names: list[str] = []
    for entry in _entries(folder):
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError:
            continue
        if stat.S_ISLNK(mode):
            problems.append(
                _unread(f"{shown}/{entry.name}", "link", f"{shown}/{entry.name} is a link, and is not followed")
            )
        elif is_one(mode) and entry.name == plain(entry.name):
            if len(names) >= MOST_RUNS:
                problems.append(_unread(shown, "too-much", f"{shown} has more than {MOST_RUNS:,} of them"))
                break
            names.append(entry.name)
    return names


def read_file(root: str, name: str, problems: list[Problem]) -> bytes | None:
    """A file of the project; None where there is none, or where it can't be read, which is told."""
    path = os.path.join(root, name)
    if not os.path.lexists(path):
        return None
    if _leads_elsewhere(root, os.path.dirname(name) or "."):
        problems.append(_unread(name, "link", f"{name} lies behind a link"))
        return None
    try:
        return read_limited(path, FILE_LIMIT)
    except CoordError as error:
        problems.append(Problem(plain(name), 0, "unreadable", error.message.replace(f"{root}/", ""), error.remedy))
    except OSError as error:
        why = f"{name}: {(error.strerror or 'unreadable').lower()}"
        problems.append(_unread(name, "unreadable", why))
    return None


def _with(run: ForeignRun, problems: list[Problem]) -> ForeignRun:
    from coordinator.lazy.dataclass import replace

    return replace(run, problems=(*run.problems, *problems)) if problems else run


def _unread(path: str, code: str, message: str) -> Problem:
    return Problem(plain(path), 0, code, plain(message), "nothing of it was read", warning=True)
