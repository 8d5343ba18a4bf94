"""Whether an agent CLI can be started: there, new enough, logged in, past its first-run dialogs. Changes nothing."""

import os
import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from coordinator.agents.registry import find_runtime
from coordinator.agents.runtime import Needs, Runtime
from coordinator.errors import CoordError

_PATIENCE = 60.0
"""Seconds that a CLI gets to tell its version, or whether it is logged in: some take many on a busy machine."""


def installed(needs: Needs | None) -> str:
    """The program of a CLI; CoordError when it isn't on PATH."""
    if needs is None:
        return ""
    found = shutil.which(needs.program)
    if found is None:
        raise CoordError(f"the agent CLI `{needs.program}` is not installed", f"`{needs.install}`")
    return found


def not_ready(runtime: Runtime, root: Path, environ: Mapping[str, str] = os.environ) -> CoordError | None:
    """What keeps a CLI from being started for the project at `root`, with the remedy; None when it is ready."""
    needs = runtime.needs
    if needs is None:
        return runtime.absent(root)
    try:
        program = installed(needs)
        _check_version(program, needs)
        _check_login(program, needs)
    except CoordError as error:
        return error
    asks = runtime.distrust(root, environ)
    if asks:
        return CoordError(asks, f"run `{needs.program}` once in {root} and answer what it asks; then leave it")
    return None


def all_not_ready(names: Collection[str], commands: Mapping[str, Sequence[str]], root: Path) -> dict[str, CoordError]:
    """Those of these runtimes that are not ready, with the reason; their CLIs are asked all at once."""
    found: dict[str, CoordError | None] = {}
    asked: dict[str, Runtime] = {}
    for name in names:
        try:
            asked[name] = find_runtime(name, commands)
        except CoordError as error:
            found[name] = error
    slow = [name for name, runtime in asked.items() if runtime.needs is not None]
    if len(slow) > 1:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(slow)) as pool:
            found |= dict(zip(slow, pool.map(lambda name: not_ready(asked[name], root), slow), strict=True))
    found |= {name: not_ready(runtime, root) for name, runtime in asked.items() if name not in found}
    return {name: why for name in names if (why := found[name]) is not None}


def version(program: str) -> str:
    """What a CLI says of its version, one line; CoordError when it doesn't."""
    code, text = _run(program, "--version")
    lines = [line for line in text.splitlines() if re.search(r"\d+\.\d+", line)]
    if code or not lines:
        raise CoordError(f"`{program} --version` fails", "install it again")
    return lines[0].strip()


def _check_version(program: str, needs: Needs) -> None:
    text = version(program)
    numbers = re.search(r"\d+(?:\.\d+)+", text)
    if numbers and tuple(map(int, numbers[0].split("."))) < needs.minimum:
        wanted = ".".join(map(str, needs.minimum))
        raise CoordError(f"{needs.program} {numbers[0]} is too old: coord needs {wanted}", f"`{needs.install}`")


def _check_login(program: str, needs: Needs) -> None:
    if needs.login and _run(program, *needs.login)[0]:
        raise CoordError(f"{needs.program} is not logged in", needs.log_in)


def _run(*words: str) -> tuple[int, str]:
    """Exit status and output of a short question to a CLI; CoordError when no answer comes."""
    import subprocess

    try:
        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        asked = " ".join((Path(words[0]).name, *words[1:]))
        raise CoordError(f"`{asked}` gives no answer within {_PATIENCE:g} s", "try it yourself, then again") from None
    except OSError:
        return 1, ""
    return done.returncode, done.stdout.decode("utf-8", "replace")
