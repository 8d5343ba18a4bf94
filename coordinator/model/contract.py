"""What a flow may read, hand in and change: its contract. Pure."""

from collections.abc import Iterator, Sequence

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.flow import Flow
from coordinator.model.globs import wrong_glob
from coordinator.model.pipeline import Artifact, Station
from coordinator.model.text import clip, plain

_FILE = regex.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FIELD = regex.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_OPTIONAL = "?"
WORKLIST = "worklist.json"
"""How the name of an artifact ends by which a critic tells what is to be done."""
RECEIPT = "_receipt.json"
"""How the name of one ends that seals."""
EVERYTHING = ("**", "!.coord/**")
"""What an executor may change where its flow does not say."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What a flow declares."""

    inputs: tuple[Artifact, ...] = ()
    outputs: tuple[Artifact, ...] = ()
    writes: tuple[str, ...] = ()
    """Globs of the files of the project that it may change, `!` before what it may not; none: nothing."""

    @property
    def output_names(self) -> tuple[str, ...]:
        """Files that it may hand in, each once."""
        return tuple(dict.fromkeys(output.file for output in self.outputs))

    def required(self, *, of: str = "outputs") -> tuple[str, ...]:
        """Names without which it can't begin (`inputs`), or is not done (`outputs`)."""
        declared = self.inputs if of == "inputs" else self.outputs
        return tuple(dict.fromkeys(one.file for one in declared if not one.optional))

    def fields(self, name: str) -> tuple[str, ...]:
        """Fields of a ledger that are its own; none where the whole file is."""
        return tuple(output.field for output in self.outputs if output.file == name and output.field)


def contract_of(flow: Flow) -> Contract:
    """What a flow declares; what is no name of an artifact is left out, `wrong_words` names it.

    The executor's flow says where an agent may look around, not which artifacts it is given: it declares code alone.
    """
    if flow.role != "stage":
        return Contract(writes=flow.writes or EVERYTHING)
    inputs = tuple(filter(None, map(_input, flow.reads)))
    outputs = tuple(filter(None, map(_output, flow.outputs)))
    return Contract(inputs, outputs, flow.writes)


def at_station(flow: Flow, stations: Sequence[Station], name: str) -> Flow:
    """A flow as that of a station: it is given what its critics hand in, unless it declares their worklists itself.

    The executor's flow says where an agent may look around, and declares no artifacts.
    """
    own = contract_of(flow).inputs
    declared, given = {one.file for one in own}, dict[str, None]()
    for critic in (station for station in stations if station.loop == name):
        files = [artifact.file for artifact in critic.outputs]
        if not any(file in declared for file in files if file.endswith(WORKLIST)):
            given |= {f"{file}{_OPTIONAL}": None for file in files if file not in declared}
    reads = tuple(dict.fromkeys((*(one.text for one in own), *given)))
    if flow.role == "stage":
        return replace(flow, reads=reads)
    return replace(flow, role="stage", reads=reads, outputs=(), writes=flow.writes or EVERYTHING)


def wrong_words(flow: Flow) -> Iterator[tuple[str, str, str]]:
    """What of a stage's contract can't be kept: the key, what is wrong, and what to do."""
    if flow.role != "stage":
        return
    for text in flow.reads:
        if _input(text) is None:
            yield (
                "reads",
                f"`{_shown(text)}` is no name of an artifact",
                "write `name.ext`, or `name.ext?` if it may lack",
            )
    for text in flow.outputs:
        if _output(text) is None:
            remedy = "write `name.ext`, `name.ext?` if it may lack, or `ledger.json#field`"
            yield "outputs", f"`{_shown(text)}` is no name of an artifact", remedy
    for text in flow.writes:
        wrong = wrong_glob(text)
        if wrong:
            yield "writes", f"`{_shown(text)}` {wrong}", "write globs below the project's root, such as `tests/**`"


def _input(text: str) -> Artifact | None:
    name, optional = _bare(text)
    return Artifact(name, "", optional) if _FILE.fullmatch(name) else None


def _output(text: str) -> Artifact | None:
    bare, optional = _bare(text)
    name, mark, field = bare.partition("#")
    if not _FILE.fullmatch(name) or (mark and not _FIELD.fullmatch(field)):
        return None
    return Artifact(name, field, optional)


def _bare(text: str) -> tuple[str, bool]:
    text = text.strip()
    return text.removesuffix(_OPTIONAL), text.endswith(_OPTIONAL)


def _shown(text: str) -> str:
    return plain(clip(text, 60))
