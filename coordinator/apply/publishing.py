"""What a station hands in: checked when its agent says that it is done, published when that was accepted."""

from collections.abc import Callable, Mapping
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.failpoint import failpoint
from coordinator.formats.artifact_check import wrong_artifact
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import TYPE_CHECKING, NamedTuple
from coordinator.model.clock import utc_now
from coordinator.model.contract import WORKLIST, Contract
from coordinator.model.pipeline import Published
from coordinator.model.problem import Problem
from coordinator.model.text import clip, plain
from coordinator.storage.files import read_limited, sha256, write_atomic
from coordinator.storage.turn_files import LIMIT, OUT, names_in_out, read_output

if TYPE_CHECKING:
    from coordinator.model.worklist import Worklist

_SHOWN = 200
"""Characters of why an artifact can't be taken."""


class HandedIn(NamedTuple):
    """What came of the outputs of a turn."""

    published: tuple[Published, ...] = ()
    missing: tuple[str, ...] = ()
    """Outputs that it owed, each with the reason where that is not just that it is not there."""
    foreign: tuple[str, ...] = ()
    """What it handed in and does not own, in words; none of it was published."""
    pending: int | None = None
    """Open items of its worklist; None: it has none."""
    helps: bool = True
    """False: its worklist says that no further round would bring anything."""


def owed(directory: Path, contract: Contract) -> tuple[str, ...]:
    """Outputs that a turn still owes, each in words; empty: it has all that it declares."""
    wrong = _wrong(contract, _outputs(directory, contract))
    return tuple(f"{name} ({why})" if why else name for name, why in wrong.items())


@dataclass(frozen=True, slots=True)
class Ledgers:
    """What may stand where a ledger is published that several turns write: each adds to what the one before left."""

    published: Mapping[str, str] = field(default_factory=dict)
    """Name → SHA-256 of what was published before."""
    noted: Mapping[str, str] = field(default_factory=dict)
    """The same of what this very turn was about to publish, before a kill."""
    note: Callable[[str, str], None] = lambda name, digest: None
    """Told name and digest right before a ledger is put in its place."""


def publish(directory: Path, contract: Contract, folder: Path, turn: str, ledgers: Ledgers | None = None) -> HandedIn:
    """Publish what a turn hands in to a folder, each file whole, only what it owns, nothing while it owes some.

    Safe to call again. A ledger that is not any more what was published is not added to: the turn owes it.

    `turn`: its path, for the record. Raises CoordError and OSError where the disk refuses.
    """
    ledgers = ledgers or Ledgers()
    outputs = _outputs(directory, contract)
    wrong = _wrong(contract, outputs)
    foreign = [f"{OUT}/{plain(clip(name, 100))}" for name in names_in_out(directory) if name not in outputs]
    missing = tuple(f"{name} ({why})" if why else name for name, why in wrong.items())
    bases = {name: _base(folder / name, ledgers) for name in outputs if contract.fields(name) and not missing}
    missing += tuple(f"{name} ({base})" for name, base in bases.items() if isinstance(base, str))
    if missing:
        return HandedIn((), missing, tuple(foreign))
    published, worklist = [], None
    for name, data in outputs.items():
        if not isinstance(data, bytes):
            continue
        fields = contract.fields(name)
        if fields:
            base = bases[name]
            data, others = _merged(name, base if isinstance(base, bytes) else None, data, fields)
            foreign += [f"{name}: {plain(clip(what, 100))}" for what in others]
            ledgers.note(name, sha256(data))
        write_atomic(folder / name, data)
        failpoint("artifact-published")
        worklist = _worklist(name, data) or worklist
        published.append(Published(name, turn, sha256(data), len(data), utc_now()))
    handed = HandedIn(tuple(published), (), tuple(foreign))
    if worklist is None:
        return handed
    return handed._replace(pending=worklist.pending, helps=worklist.further_round_helps)


def _outputs(directory: Path, contract: Contract) -> dict[str, bytes | str | None]:
    """Name → what it hands in; None: nothing; a text: why that can't be read."""
    found: dict[str, bytes | str | None] = {}
    for name in contract.output_names:
        try:
            found[name] = read_output(directory, name)
        except CoordError as error:
            found[name] = error.message
    return found


def _wrong(contract: Contract, outputs: Mapping[str, bytes | str | None]) -> dict[str, str]:
    """Name → why it can't be taken; empty where it is just not there, and had to be."""
    required, wrong = contract.required(), dict[str, str]()
    for artifact in contract.outputs:
        data = outputs[artifact.file]
        if isinstance(data, str):
            wrong[artifact.file] = clip(plain(data), _SHOWN)
        elif data is None:
            wrong |= {artifact.file: ""} if artifact.file in required else {}
        elif why := wrong_artifact(artifact, data):
            wrong[artifact.file] = clip(plain(why), _SHOWN)
    return wrong


def _worklist(name: str, data: bytes) -> "Worklist | None":
    if not name.endswith(WORKLIST):
        return None
    from coordinator.formats.worklist import read

    found = read(data, name)
    return None if isinstance(found, Problem) else found


def _base(place: Path, ledgers: Ledgers) -> bytes | str | None:
    """The ledger that a turn adds to; None: there is none yet, whatever lies there; a text: why it can't be."""
    known = {ledgers.published.get(place.name), ledgers.noted.get(place.name)} - {None}
    try:
        data = read_limited(place, LIMIT)
    except (OSError, CoordError):
        data = None
    if data is not None and sha256(data) in known:
        return data
    if place.name not in ledgers.published:
        return None
    return "what stations before handed in of it was changed past coord; put that back, or restart the prompt"


def _merged(name: str, base: bytes | None, data: bytes, fields: tuple[str, ...]) -> tuple[bytes, tuple[str, ...]]:
    """A ledger with what the writer of these fields says in it, and what it says that is not its own."""
    from coordinator.formats.ledger import read, render
    from coordinator.model.ledger import merge

    before, given = read(base, name) if base is not None else None, read(data, name)
    if isinstance(before, Problem) or isinstance(given, Problem):
        problem = before if isinstance(before, Problem) else given
        assert isinstance(problem, Problem)
        raise CoordError(f"{problem.path}: {problem.message}", problem.remedy)
    merged = merge(before, given, fields)
    return render(merged.ledger), merged.foreign
