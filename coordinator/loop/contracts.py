"""Keeps the contract of a turn's flow: what it is given before it begins, and what of its doings stays after it.

Everything here can be done again after a kill: what was found of what a turn may not change is kept before it is taken
back, and told to the log once.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock

from coordinator.apply.publishing import HandedIn, Ledgers, publish
from coordinator.apply.steps import event_id
from coordinator.changes.git import Git
from coordinator.changes.ownership import PATCH as _PATCH_BYTES
from coordinator.changes.ownership import Checkout
from coordinator.changes.turn_repair import mend
from coordinator.changes.worktree_state import not_committed
from coordinator.changes.worktrees import create
from coordinator.errors import CoordError
from coordinator.failpoint import failpoint
from coordinator.formats.ledger import NAME as LEDGER
from coordinator.loop.context import Context
from coordinator.loop.contract_told import is_changed, restore_contract, tell_contract
from coordinator.loop.worker import beside
from coordinator.model.contract import at_station, contract_of
from coordinator.model.event import Draft
from coordinator.model.flow import Flow
from coordinator.model.globs import literal
from coordinator.model.pipeline import Position, Published
from coordinator.model.project_tests import expanded
from coordinator.model.step import Attempt
from coordinator.model.text import plain
from coordinator.model.work import station_of
from coordinator.safefiles.regular import replace_file
from coordinator.storage.files import sha256, write_atomic
from coordinator.storage.flows import find_flow
from coordinator.storage.reading import read_limited
from coordinator.storage.records import BadRecord, read_json, write_json
from coordinator.storage.shared_ledger import note_ledger
from coordinator.storage.turn_files import (
    CONTRACT,
    IN,
    LIMIT,
    OUT,
    has_begun,
    published_folder,
    read_began,
    read_contract,
    read_output,
    write_contract,
)

_PUBLISHED = "stage.published"
"""Of a ledger that a turn adds to, told before it is put in its place."""
PATCH = "taken_back.patch"
"""In the directory of a turn: what was taken back of its changes."""
_FOUND = "taken_back.json"
"""Beside it: the names, kept until the log has them."""
_NAMED = 200
"""Files that the log names."""
_GUARD, _BUSY = Lock(), dict[str, Lock]()
"""By worktree: turns that end at the same time take back one after the other, each with the index to itself."""
_MOST_KEPT = 4 * _PATCH_BYTES
"""Bytes of what was taken back in several goes."""


def prepare_turn(
    context: Context, attempt: Attempt, position: Position, flow: Flow, files: tuple[str, ...] = ()
) -> None:
    """Give a turn what its flow reads, and a place for what it hands in. Raises CoordError where an input can't be had.

    `files`: what is its own, where that is told apart from its flow: paths of the repository.
    """
    directory = context.directory(attempt)
    flow = at_station(flow, position.stations, station_of(attempt.work.path))
    writes = tuple(map(literal, files)) or flow.writes
    tree = context.layout.worktree(attempt.work, attempt.attempt)
    began, contract = beside(partial(not_committed, Git(context.layout.root), tree)), contract_of(flow)
    made = {one.name: one for one in position.published}
    given = {
        one.file: _given(context, attempt, position, made[one.file]) for one in contract.inputs if one.file in made
    }
    missing = [name for name in contract.required(of="inputs") if name not in given]
    if missing:
        raise CoordError(f"cannot proceed: {', '.join(missing)} missing", "have the station that makes it work again")
    _fill(context, attempt, directory / IN, given)
    (directory / OUT).mkdir(exist_ok=True)
    guest = context.guest(attempt)
    if guest is not None:
        os.chown(directory / OUT, guest.uid, guest.gid)
        (directory / OUT).chmod(0o700)
    write_contract(directory, flow, expanded(writes, context.config.tests), position.pipeline, began())
    tell_contract(context, attempt)


def flow_of_turn(context: Context, name: str) -> Flow:
    """The flow of a turn as it is now. CoordError where there is none that an agent could be told."""
    flow = find_flow(context.layout, name)
    if flow is None:
        raise CoordError(
            f"there is no flow `{plain(name)}` that can be used", "`coord validate` tells what is wrong with it"
        )
    return flow


def turn_environment(context: Context, attempt: Attempt, round_: int) -> dict[str, str]:
    """What the agent of a turn finds in its environment beside what tells whose it is."""
    directory, work = context.directory(attempt), attempt.work
    below = {"COORD_PHASE": work.phase, "COORD_TASK": work.task}
    return {
        "COORD_STATION": station_of(work.path),
        "COORD_ROUND": str(round_),
        "COORD_IN": str(directory / IN),
        "COORD_OUT": str(directory / OUT),
        **{name: value for name, value in below.items() if value},
    }


def take_back_changes(context: Context, attempt: Attempt, beside: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Take back what a turn changed beyond what its flow may write. Its processes were ended before.

    `beside`: turns at work in the same worktree, any of which may have changed it. Returns what of its own it did not
    commit, in words. Raises CoordError where git can't tell, or can't put it back.
    """
    directory, tree = context.directory(attempt), context.layout.worktree(attempt.work, attempt.attempt)
    if is_changed(context, attempt):
        _keep(directory, (f"{CONTRACT} of the turn",))
        restore_contract(context, attempt)
    if not has_begun(directory):
        return ()
    with _GUARD:
        busy = _BUSY.setdefault(str(tree), Lock())
    with busy:
        return _take_back_changes(context, attempt, directory, tree, beside)


def _take_back_changes(
    context: Context, attempt: Attempt, directory: Path, tree: Path, beside: tuple[str, ...]
) -> tuple[str, ...]:
    contract = read_contract(directory).contract
    git = Git(context.layout.root)
    make = partial(create, context.layout, attempt.work, attempt.attempt, attempt.base_branch, branch=attempt.branch)
    mended = mend(git, tree, attempt.branch, partial(make, resume=True), partial(_aside, tree), alone=not beside)
    if mended:
        _keep(directory, mended)
    checkout = Checkout(git, tree, attempt.branch, attempt.base, attempt.base_branch)
    found = checkout.find(contract.writes, lambda words: _keep(directory, words), read_began(directory))
    said = tuple(dict.fromkeys((*_kept(directory), *found.said)))
    if found.said:
        _keep(directory, found.said, found.patch)
        failpoint("changes-found")
        message = f"Take back what {attempt.work.path} may not change\n\n" + "\n".join(
            f"- {name}" for name in said[:_NAMED]
        )
        checkout.put_back(found, f"{message}\n", lambda name: _aside(tree))
        failpoint("changes-taken-back")
    if said:
        _tell(context, attempt, said, "ownership.violated", beside)
    return found.left


def hand_in(context: Context, attempt: Attempt) -> HandedIn:
    """Publish what a turn hands in; what it does not own of that is told. Raises CoordError where it can't be."""
    directory = context.directory(attempt)
    pipeline, contract = read_contract(directory)
    folder = published_folder(context.layout, attempt.run, pipeline, attempt.work, attempt.attempt)
    found = publish(directory, contract, folder, attempt.work.path, _ledgers(context, attempt))
    if any(one.name == LEDGER for one in found.published):
        note_ledger(context.layout, attempt.run, attempt.prompt, folder)
    if found.foreign:
        _tell(context, attempt, found.foreign, "ownership.violated/out")
    return found


def _ledgers(context: Context, attempt: Attempt) -> Ledgers:
    """What the position and the log have of published ledgers: files beside them can be anybody's."""
    position = context.positions.of(attempt)
    published = {one.name: one.digest for one in position.published} if position is not None else {}
    told = context.log.get(event_id(attempt, _PUBLISHED))
    noted = {str(told.data.get("name")): str(told.data.get("digest"))} if told is not None else {}

    def note(name: str, digest: str) -> None:
        data = {"attempt": attempt.attempt, "agent": attempt.agent, "name": name, "digest": digest}
        context.log_about(attempt, Draft(_PUBLISHED, attempt.work.subject, data))
        failpoint("ledger-noted")

    return Ledgers(published, noted, note)


def _given(context: Context, attempt: Attempt, position: Position, published: Published) -> bytes:
    """An artifact as it was published: from its own place, or, where that was changed since, from who made it."""
    folder = published_folder(context.layout, attempt.run, position.pipeline, attempt.work, attempt.attempt)
    maker = context.directory(attempt).parent.joinpath(*published.station.split("/"))
    for own in (False, True):
        data: bytes | None = None
        with suppress(OSError, CoordError):
            data = read_output(maker, published.name) if own else read_limited(folder / published.name, LIMIT)
        if data is not None and sha256(data) == published.digest:
            return data
    raise CoordError(
        f"cannot proceed: {published.name} is not as {published.station} handed it in",
        f"have {published.station} work again, or put the file back",
    )


def _fill(context: Context, attempt: Attempt, folder: Path, given: Mapping[str, bytes]) -> None:
    """Write what a turn reads into its folder, and nothing else."""
    import shutil

    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in given.items():
        replace_file(folder / name, data)
    if context.users is not None:
        folder.chmod(0o755)
        for name in given:
            (folder / name).chmod(0o644)


def _kept(directory: Path) -> tuple[str, ...]:
    """What was found before a kill, and may not be told yet."""
    try:
        values = read_json(str(directory / _FOUND)) or {}
    except BadRecord:
        return ()
    listed = values.get("files")
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def _keep(directory: Path, said: Sequence[str], patch: bytes = b"") -> None:
    """Have what is about to be taken back on the disk, with what was found before a kill."""
    place, before = directory / PATCH, b""
    with suppress(OSError, CoordError):
        before = read_limited(place, _MOST_KEPT)
    if patch and patch not in before:
        write_atomic(place, before + patch)
    write_json(directory / _FOUND, {"files": [*dict.fromkeys((*_kept(directory), *said))]})


def _tell(context: Context, attempt: Attempt, files: tuple[str, ...], name: str, beside: tuple[str, ...] = ()) -> None:
    more = {"more": len(files) - _NAMED} if len(files) > _NAMED else {}
    kept = (context.directory(attempt) / PATCH).exists()
    patch = {"patch": context.layout.rel(context.directory(attempt) / PATCH)} if kept else {}
    data = {"agent": attempt.agent, "attempt": attempt.attempt, "files": [*map(plain, files[:_NAMED])], **more, **patch}
    data |= {"beside": list(beside)} if beside else {}
    context.log_about(attempt, Draft("ownership.violated", attempt.work.subject, data, event_id(attempt, name)))


def _aside(tree: Path) -> Path:
    number = 1
    while os.path.lexists(tree.with_name(f"{tree.name}.stray-{number}")):
        number += 1
    return tree.with_name(f"{tree.name}.stray-{number}")
