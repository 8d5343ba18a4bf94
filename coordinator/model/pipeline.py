"""Pipelines: the stations that work on one prompt one after the other, where that stands, and what comes next. Pure.

A station is a flow at its place; a turn is one agent at it. What is known is a `Position`; whenever a turn is over the
rule of the pipeline's kind says what comes next, and that is written into the position before anything of it is done.
"""

from collections.abc import Mapping

from coordinator.lazy.dataclass import dataclass, field, replace
from coordinator.lazy.typing import Literal
from coordinator.model.work import DIRECT as DIRECT

STATIONS, STAGED = "stations", "staged"
"""Kinds of pipelines: stations in the order of their file, and four stages with phases and tasks."""
RETRY, SKIP, ABORT = "retry", "skip", "abort"
"""What a human may say about a turn that came to nothing."""
OPTIONS = (RETRY, SKIP, ABORT)
ABOUT = "pipeline:"
"""How `about` of a question begins that a pipeline asks."""
TurnState = Literal["due", "done", "failed", "blocked", "interrupted", "skipped"]
"""`due` until what became of it was taken in; its attempt tells how far it is."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A name of a contract: a file, or a field of a ledger, that a flow reads or makes."""

    file: str
    field: str = ""
    """Of a ledger, `impl_status` of `ac_status.json#impl_status`: only that is its own."""
    optional: bool = False

    @property
    def text(self) -> str:
        """As it stands in a contract."""
        return self.file + (f"#{self.field}" if self.field else "") + ("?" if self.optional else "")


@dataclass(frozen=True, slots=True)
class Station:
    """A flow at its place in a pipeline, with what its contract says, as of the moment when the pipeline began."""

    name: str
    flow: str
    agent: str = ""
    """The runtime of its agents; empty: as the flow says, else as its prompt or the settings do."""
    model: str = ""
    enabled: bool = True
    timeout: float | None = None
    """Seconds that a turn has; None: as long as any agent."""
    retries: int = 1
    """Turns after one that failed, before a human is asked."""
    loop: str = ""
    """Of a critic: the station that goes on while its worklist has open items."""
    rounds: int = 3
    """How often that station has a turn at most."""
    reads: tuple[Artifact, ...] = ()
    outputs: tuple[Artifact, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "flow": self.flow,
            "agent": self.agent or None,
            "model": self.model or None,
            "enabled": self.enabled,
            "timeout": self.timeout,
            "retries": self.retries,
            "loop": self.loop or None,
            "rounds": self.rounds,
            "reads": [one.text for one in self.reads],
            "outputs": [one.text for one in self.outputs],
        }


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A file of a pipeline."""

    name: str
    kind: str = STATIONS
    stations: tuple[Station, ...] = ()
    """None where the kind has stages of its own."""
    title: str = ""
    """Its first heading."""
    text: str = ""
    """Words for people, below the frontmatter; no agent is told."""
    path: str = ""
    """For people: relative to the project's root, of a packaged one `flows/pipelines/NAME.md`."""
    own: bool = False
    """The project's, and not one that ships with coord."""

    def station(self, name: str) -> Station | None:
        return next((station for station in self.stations if station.name == name), None)

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "kind": self.kind,
            "title": self.title,
            "path": self.path,
            "own": self.own,
            "stations": [station.to_json() for station in self.stations],
        }


@dataclass(frozen=True, slots=True)
class Turn:
    """One agent at a station, as the position records it."""

    path: str
    """What names it below its prompt: `implementer.2`, `IMPLEMENT/2.1/T3`."""
    station: str
    round: int = 1
    """Of a station that has several turns because of its critic; a retry is of the same round."""
    state: TurnState = "due"
    why: str = ""
    """Why it was its turn, in words; once it is over, why it came to what it did."""
    summary: str = ""
    """What it handed off; untrusted text."""
    next: str = ""
    """The flow that its agent would have go on; untrusted text."""
    at: str = ""
    """UTC, ISO 8601: when this was written."""
    pending: int | None = None
    """Open items of its worklist; None: it has none."""
    helps: bool = True
    """False: it says that no further round can help."""
    missing: tuple[str, ...] = ()
    """Outputs that it owed and did not hand in."""
    report: Mapping[str, object] = field(default_factory=dict)
    """What the agent of a staged phase reported, JSON; untrusted texts."""
    unsealed: str = ""
    """Of a station that seals: why its receipt does not; empty: it does, or there is none."""


@dataclass(frozen=True, slots=True)
class Published:
    """An artifact that an accepted hand-off brought."""

    name: str
    station: str
    """The turn that made it, by its path."""
    digest: str
    """SHA-256 in hex."""
    bytes: int
    at: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What was found when a turn had ended, kept in its directory until the position has it."""

    published: tuple[Published, ...] = ()
    missing: tuple[str, ...] = ()
    pending: int | None = None
    helps: bool = True
    report: Mapping[str, object] = field(default_factory=dict)
    unsealed: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that the pipeline waits for."""

    id: str
    turn: str
    """The path of the turn that it is about; empty: that of the station which can't begin."""
    station: str
    text: str
    options: tuple[str, ...] = OPTIONS
    answer: str = ""
    """`retry`, `skip` or `abort`, once somebody said so."""


@dataclass(frozen=True, slots=True)
class Said:
    """An event of a transition, kept beside it until the log has it for certain."""

    kind: str
    subject: str
    id: str
    """UUIDv7: the log takes it once."""
    data: Mapping[str, object]
    """JSON values."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the pipeline of a prompt's attempt stands: `pipeline-state.json`."""

    pipeline: str
    kind: str = STATIONS
    stations: tuple[Station, ...] = ()
    """As they were when it began: an edit of its file moves none that runs."""
    seq: int = 0
    """Transitions that were made; each is written once."""
    turns: tuple[Turn, ...] = ()
    published: tuple[Published, ...] = ()
    asked: Asked | None = None
    said: tuple[Said, ...] = ()
    """What the log is told of the last transition."""
    ended: Literal["", "done", "failed"] = ""
    reason: str = ""
    """Why it ended so."""
    more: Mapping[str, object] = field(default_factory=dict)
    """What the rule of another kind than `stations` keeps: JSON values."""
    broken: str = field(default="", compare=False)
    """Why its file can't be read: nothing is done about it until a human has looked. Never written."""

    def station(self, name: str) -> Station | None:
        return next((station for station in self.stations if station.name == name), None)

    def turn(self, path: str) -> Turn | None:
        return next((turn for turn in self.turns if turn.path == path), None)

    def turns_at(self, station: str) -> tuple[Turn, ...]:
        return tuple(turn for turn in self.turns if turn.station == station)

    @property
    def due(self) -> tuple[Turn, ...]:
        """Turns whose end was not taken in yet."""
        return tuple(turn for turn in self.turns if turn.state == "due")

    @property
    def waits(self) -> bool:
        """It stands until a human has answered."""
        return self.asked is not None and not self.asked.answer

    def with_turn(self, turn: Turn) -> "Position":
        """The same with a turn as it is now, in its place or behind all others."""
        if self.turn(turn.path) is None:
            return replace(self, turns=(*self.turns, turn))
        return replace(self, turns=tuple(turn if one.path == turn.path else one for one in self.turns))


@dataclass(frozen=True, slots=True)
class Start:
    """These turns begin; those that are skipped are recorded as such."""

    turns: tuple[Turn, ...]
    reason: str
    """Of the routing, in words."""
    came_from: str = ""
    """The path of the turn that was over; empty at the beginning."""
    recommended: str = ""
    """The flow that its agent would have had go on; untrusted text."""
    skipped: tuple[Turn, ...] = ()
    more: Mapping[str, object] | None = None
    """Of the position from now on; None: as before."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A human has to say what becomes of a turn that came to nothing, or of a station that can't begin."""

    station: str
    text: str
    turn: str = ""
    options: tuple[str, ...] = OPTIONS
    default: str = RETRY
    more: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The pipeline is over."""

    outcome: Literal["done", "failed"]
    reason: str
    skipped: tuple[Turn, ...] = ()
    more: Mapping[str, object] | None = None


Move = Start | Ask | End


def turn_path(position: Position, station: str) -> str:
    """What the next turn of a station is called: `implementer`, then `implementer.2`, …"""
    made = len(position.turns_at(station))
    return station if not made else f"{station}.{made + 1}"


def missing_inputs(position: Position, station: Station) -> tuple[str, ...]:
    """Names that a station reads, cannot do without, and that nobody has made."""
    there = {published.name for published in position.published}
    return tuple(one.file for one in station.reads if not one.optional and one.file not in there)


def maker_of(position: Position, name: str) -> str:
    """The station that makes an artifact; empty where none does."""
    return next((s.name for s in position.stations if any(one.file == name for one in s.outputs)), "")
