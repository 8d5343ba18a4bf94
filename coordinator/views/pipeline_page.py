"""What a prompt's pipeline has made: its turns one by one, then each artifact as far as it is understood. Pure."""

from collections.abc import Iterator, Mapping

from coordinator.formats import flow_receipt, ledger, worklist
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.clock import day_and_time
from coordinator.model.flow_receipt import FlowReceipt
from coordinator.model.ledger import Ledger, State, contradictions, counts
from coordinator.model.pipeline import Position, Published, Turn
from coordinator.model.problem import Problem
from coordinator.model.text import amount, plain, plain_lines
from coordinator.model.worklist import Fate, Worklist
from coordinator.views.spans import Span

Row = list[Span]

_MOST = 2_000
"""Lines of an artifact that are shown."""
_INKS = {"done": "good", "failed": "failed", "blocked": "failed", "due": "run"}
_STATES = {
    State.PASSED: "good",
    State.FAILED: "failed",
    State.OPEN: "text",
    State.DEFERRED: "need",
    State.NOT_APPLICABLE: "quiet",
}


@dataclass(frozen=True, slots=True)
class PipelinePage:
    """Where a prompt's pipeline stands, and what lies there of what it made."""

    number: int
    title: str
    attempt: int
    position: Position
    contents: Mapping[str, bytes | str] = field(default_factory=dict)
    """Name → what it holds, or, as a text, why that can't be read."""
    folder: str = ""
    """Where the artifacts lie, relative to the project's root."""

    @property
    def heading(self) -> str:
        return f"{self.number:02d} {plain(self.title)}  pipeline {plain(self.position.pipeline)}"


def overview(page: PipelinePage) -> Iterator[Row]:
    """What there is in short: for the page of the prompt itself."""
    position = page.position
    end = f"  {position.ended}" if position.ended else ""
    yield [Span(f"Pipeline {plain(position.pipeline)}", "brand"), Span(end, "quiet")]
    yield from (turn_row(turn) for turn in position.turns)
    if position.waits and position.asked is not None:
        yield [Span("  ? ", "need"), Span(plain(position.asked.text))]
    for one in position.published:
        yield artifact_row(one)


def turn_row(turn: Turn) -> Row:
    """A turn on one line: its state, its name, and why it came to what it did."""
    ink = _INKS.get(turn.state, "quiet")
    word = "running" if turn.state == "due" else turn.state
    pending = f"  {turn.pending} open" if turn.pending else ""
    said = turn.summary if turn.state == "done" else turn.why
    return [
        Span(f"  {word:<11} ", ink),
        Span(plain(turn.path)),
        Span(pending, "need"),
        Span(f"  {plain(said)}", "quiet"),
    ]


def artifact_row(one: Published) -> Row:
    return [
        Span(f"  {plain(one.name)}", "text"),
        Span(f"  {_size(one.bytes)}  by {plain(one.station)}, {day_and_time(one.at)}", "quiet"),
    ]


def turn_details(page: PipelinePage, turn: Turn) -> Iterator[Row]:
    """All that is known of a turn."""
    yield [Span(plain(turn.path), "strong"), Span(f"  {turn.state}", _INKS.get(turn.state, "quiet"))]
    facts = (
        ("round", str(turn.round) if turn.round > 1 else ""),
        ("when", day_and_time(turn.at) if turn.at else ""),
        ("why", turn.why),
        ("next", turn.next),
        ("missing", ", ".join(turn.missing)),
        ("worklist", "" if turn.pending is None else f"{amount(turn.pending, 'point')} open"),
        ("", "" if turn.helps else "no further round can help"),
        ("made", ", ".join(one.name for one in page.position.published if one.station == turn.path)),
    )
    yield from ([Span(f"  {name:<9}", "quiet"), Span(plain(text))] for name, text in facts if text)
    if turn.summary:
        yield []
        yield from ([Span(f"  {line}")] for line in plain_lines(turn.summary))


def artifact_details(page: PipelinePage, one: Published) -> Iterator[Row]:
    """An artifact: criteria, points and receipts as what they say, all else as text."""
    yield [Span(f"{plain(page.folder)}/{plain(one.name)}", "strong"), Span(f"  sha256 {one.digest[:12]}", "quiet")]
    data = page.contents.get(one.name)
    if data is None or isinstance(data, str):
        yield [Span(plain(data or "it is not there any more"), "failed")]
        return
    told = _understood(one.name, data)
    yield from told if told is not None else _text(data)


def _understood(name: str, data: bytes) -> Iterator[Row] | None:
    if name.endswith(ledger.NAME):
        found = ledger.read(data, name)
        return None if isinstance(found, Problem) else _criteria(found)
    if name.endswith(worklist.ENDING):
        points = worklist.read(data, name)
        return None if isinstance(points, Problem) else _points(points)
    if name.endswith(flow_receipt.ENDING):
        receipt = flow_receipt.read(data, name)
        return None if isinstance(receipt, Problem) else _receipt(receipt)
    return None


def _criteria(found: Ledger) -> Iterator[Row]:
    known = counts(found)
    yield [Span(f"{known[State.PASSED.value]} of {known['total']} criteria passed", "brand")]
    for entry in found.entries:
        yield [
            Span(f"  {entry.state.value:<15}", _STATES[entry.state]),
            Span(f"{plain(entry.id)}  ", "strong"),
            Span(plain(entry.description)),
        ]
        said = (("tests", entry.tests_written), ("built", entry.impl_status), ("found", entry.verify_status))
        line = "  ".join(f"{name} {plain(word)}" for name, word in said if word)
        shown = f"  {plain(entry.evidence)}" if entry.evidence else ""
        if line or shown:
            yield [Span(f"{'':<17}{line}{shown}", "quiet")]
    yield from ([Span(f"  {plain(text)}", "failed")] for text in contradictions(found))


def _points(found: Worklist) -> Iterator[Row]:
    helps = "" if found.further_round_helps else "; no further round can help"
    yield [Span(f"{found.pending} of {len(found.items)} points open{helps}", "brand")]
    for item in found.items:
        state = item.fate.value.casefold()
        ink = "need" if item.fate is Fate.PENDING else "quiet"
        yield [
            Span(f"  {state:<9} {plain(item.severity):<9} ", ink),
            Span(f"{plain(item.id)}  ", "strong"),
            Span(plain(item.summary)),
        ]
        more = "  ".join(filter(None, (item.place, item.route_to and f"for {item.route_to}", item.resolution)))
        if more:
            yield [Span(f"{'':<22}{plain(more)}", "quiet")]


def _receipt(found: FlowReceipt) -> Iterator[Row]:
    good = found.status == "VERIFIED"
    to = " ".join(filter(None, (found.route_to_flow, found.route_to_agent)))
    action = f"  {plain(found.recommended_action)}{f' → {plain(to)}' if to else ''}"
    yield [Span(plain(found.status), "good" if good else "failed"), Span(action)]
    for name, texts in (
        ("missing", found.missing_required),
        ("blocked by", found.blockers),
        ("concern", found.concerns),
        ("rests on", found.key_artifacts),
    ):
        yield from ([Span(f"  {name:<11}", "quiet"), Span(plain(text))] for text in texts)
    for name, count in {**found.counts, **{f"tests {key}": value for key, value in found.tests.items()}}.items():
        shown = "nobody can tell" if count is None else str(count)
        yield [Span(f"  {plain(name):<24}", "quiet"), Span(shown)]


def _text(data: bytes) -> Iterator[Row]:
    lines = plain_lines(data.decode("utf-8", "replace"))
    for line in lines[:_MOST]:
        yield [Span(line, "brand" if line.startswith("#") else "text")]
    if len(lines) > _MOST:
        yield [Span(f"… and {amount(len(lines) - _MOST, 'line')} more", "quiet")]


def _size(count: int) -> str:
    return amount(count, "byte") if count < 1024 else f"{count / 1024:.1f} KiB"
