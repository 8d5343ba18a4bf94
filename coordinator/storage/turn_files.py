"""The files of a turn: what it is given in `in/`, what it hands in from `out/`, and its contract as of its start."""

import os
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple
from coordinator.model.contract import Contract, contract_of
from coordinator.model.flow import Flow
from coordinator.model.text import plain
from coordinator.model.work import WorkId
from coordinator.storage.paths import Layout
from coordinator.storage.reading import read_limited
from coordinator.storage.records import BadRecord, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

IN, OUT = "in", "out"
"""Folders in the directory of a turn."""
LIMIT = 4 << 20
"""Bytes of an artifact."""
CONTRACT = "contract.json"
_MOST = 1000
"""Names in `out/` that are looked at."""


def published_folder(layout: Layout, run: str, pipeline: str, work: WorkId, attempt: int) -> Path:
    """Where the artifacts of a prompt's attempt lie that were taken: `runs/RUN/PIPELINE/07-1`."""
    return layout.run(run) / pipeline / work.checkout(attempt)


def read_output(directory: Path, name: str) -> bytes | None:
    """What a turn has written to hand in under a name; None: nothing.

    Raises CoordError for what is no regular file of at most `LIMIT` bytes, or can't be read.
    """
    folder = directory / OUT
    if folder.is_symlink():
        raise CoordError(f"{OUT}/ is a link", "write into the folder itself")
    try:
        if (folder / name).lstat().st_nlink > 1:
            raise CoordError(f"{name} has a second name elsewhere", "write a file of its own")
        return read_limited(folder / name, LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CoordError(f"{name}: {(error.strerror or 'unreadable').lower()}", "see its permissions") from error


def names_in_out(directory: Path) -> tuple[str, ...]:
    """What lies in `out/`, hidden files left out: untrusted names, in order."""
    folder = directory / OUT
    try:
        if folder.is_symlink():
            return ()
        return tuple(sorted(name for name in os.listdir(folder) if not name.startswith("."))[:_MOST])
    except OSError:
        return ()


def write_contract(
    directory: Path, flow: Flow, writes: "Sequence[str]", pipeline: str, began: "Sequence[str]" = ()
) -> None:
    """Keep what the flow of a turn declares as it begins: an edit of its file meanwhile changes nothing for it.

    `writes`: its globs, with those of the project's tests in the place of `@tests`. `began`: what was not committed.
    """
    values = {"pipeline": pipeline, "role": flow.role, "reads": list(flow.reads), "outputs": list(flow.outputs)}
    write_json(directory / CONTRACT, values | {"writes": list(writes), "began": list(began)})


class Kept(NamedTuple):
    """What was kept of a turn's flow when it began."""

    pipeline: str
    contract: Contract


def read_began(directory: Path) -> frozenset[str]:
    """What was not committed when a turn began."""
    try:
        values = read_json(str(directory / CONTRACT)) or {}
    except BadRecord:
        return frozenset()
    return frozenset(map(str, values.get("began") or ()))


def has_begun(directory: Path) -> bool:
    """Whether a turn got as far as having a contract: before, no agent was started."""
    return (directory / CONTRACT).exists()


def read_contract(directory: Path) -> Kept:
    """The contract that a turn began with; CoordError where none can be read."""
    try:
        values = read_json(str(directory / CONTRACT))
    except BadRecord as bad:
        raise CoordError(
            f"{CONTRACT} of the turn can't be read: {plain(str(bad))}", "have the turn made again"
        ) from None
    if values is None:
        raise CoordError("the turn has no contract", "have the turn made again")
    texts = {key: tuple(map(str, values.get(key) or ())) for key in ("reads", "outputs", "writes")}
    flow = Flow("flow", str(values.get("role") or "stage"), "", "", **texts)  # type: ignore[arg-type]
    return Kept(str(values.get("pipeline") or ""), contract_of(flow))
