"""Ranges of ten ports for agents: each attempt has one of its own, so that servers of its tests are in nobody's way.

A range is claimed by a file of the user's, beside those of all other projects. It is taken as long as the attempt that
it is for is live, or, before there is one, as long as the process lives that claimed it. What others listen at is seen
by asking the system.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.formats.digest import sha256
from coordinator.model.step import StepState
from coordinator.processes.table import start_of
from coordinator.safefiles.regular import read_part, replace_file
from coordinator.storage.locks import Lock
from coordinator.storage.paths import state_folder

SIZE = 10
"""Ports of a range."""
FIRST, LAST = 20_000, 29_990
"""The first port of the first and of the last range: below those that the system gives out by itself."""
_LIMIT = 1 << 20
_PATIENCE = 5.0
"""Seconds in which another one may choose."""


def claim(root: Path, step: Path | None) -> int:
    """The first port of a free range, for the attempt whose `step.json` that is, or is going to be.

    None: for this process. One that the attempt has already is its own again. Raises CoordError when none is free.
    """
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = Lock(folder)
        if not lock.acquire(wait=False, patience=_PATIENCE):
            raise CoordError("another program is choosing ports", f"look at who holds {folder}: lslocks")
        try:
            return _claim(folder, root, step)
        finally:
            lock.release()
    except OSError as error:
        raise CoordError(f"can't note which ports are used in {folder}: {error.strerror}", "see who owns it") from error


def release(port: int) -> None:
    """Let others have a range that nobody uses any more; for one that an attempt began with that is not needed."""
    with suppress(OSError):
        (_folder() / str(port)).unlink()


@contextmanager
def borrowed(root: Path) -> Iterator[int]:
    """A range for a while: its first port; 0 where none can be had."""
    port = 0
    with suppress(CoordError):
        port = claim(root, None)
    try:
        yield port
    finally:
        if port:
            release(port)


def _claim(folder: Path, root: Path, step: Path | None) -> int:
    me = {"pid": os.getpid(), "start": start_of(os.getpid()) or "", "step": str(step) if step is not None else ""}
    known = {int(name): folder / name for name in os.listdir(folder) if name.isdigit()}
    if step is not None:
        for port, path in known.items():
            if _record(path).get("step") == str(step):
                return port
    count = (LAST - FIRST) // SIZE + 1
    begin = int(sha256(os.fsencode(root))[:8], 16) % count
    for place in range(count):
        port = FIRST + (begin + place) % count * SIZE
        if port in known and _in_use(_record(known[port])):
            continue
        if all(_is_free(one) for one in range(port, port + SIZE)):
            replace_file(folder / str(port), json.dumps(me).encode())
            return port
    raise CoordError("no ten ports are free for an agent", f"see what listens at {FIRST} and above: ss -ltn")


def _in_use(claim: dict[str, object]) -> bool:
    step = str(claim.get("step") or "")
    if step and os.path.lexists(step):
        try:
            return StepState(json.loads(read_part(step, _LIMIT))["state"]).live
        except (OSError, ValueError, KeyError, TypeError):
            return True  # it can't be told
    pid = claim.get("pid")
    return isinstance(pid, int) and pid > 0 and (start_of(pid) or "gone") == claim.get("start")


def _record(path: Path) -> dict[str, object]:
    try:
        values = json.loads(read_part(path, _LIMIT))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what was closed a moment ago is free
        try:
            asked.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _folder() -> Path:
    return state_folder() / "ports"
