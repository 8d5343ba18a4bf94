"""Anchors of the log: its head, noted in receipts and merge commits, so that a log rewritten as a whole is found too.

The chain alone proves nothing about rows that were cut off at the end, nor about one that was computed anew. An anchor
does: whoever rewrites the log would have to change the receipt, or the history of the base branch, as well.
"""

from collections.abc import Iterator

from coordinator.changes.git import Git
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.eventlog.verify import Verdict, verify
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.model.step import Receipt
from coordinator.observe.project import Project
from coordinator.storage.attempts import read_receipt
from coordinator.storage.paths import Layout
from coordinator.storage.runs import current_run

TRAILER = "Coord-Log"
"""Of merge commits: `SEQ HASH LOG`, the last one being the id of the log's first event."""
_VALUE = regex.compile(r"([1-9][0-9]{0,17}) ([0-9a-f]{64}) ([0-9a-f-]{36})")


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a witness noted of the log."""

    seq: int
    hash: str
    witness: str
    """Where it stands, for people: `receipt of 03-1`, `commit 1a2b3c4d5e`."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What `prove` found: the verdict on the chain, and the anchors that it was held against."""

    verdict: Verdict
    anchors: int = 0
    """Anchors that fit."""
    witness: str = ""
    """The one that does not."""
    foreign: int = 0
    """Merge commits that name another log: of another clone, or of one that was deleted."""


def trailer(log: EventLog) -> dict[str, str]:
    """The anchor for a merge commit; none while the log is empty."""
    seq, digest = log.anchor()
    return {TRAILER: f"{seq} {digest} {log.birth()}"} if seq else {}


def prove(layout: Layout) -> Proof:
    """Check the chain, then every anchor against it, the earliest first.

    Raises CoordError when the log or the history of the base branch can't be read.
    """
    verdict = verify(layout.events_db)
    if not verdict.ok:
        return Proof(verdict)
    with EventLog.open(layout.events_db) as log:
        birth = log.birth()
        noted = list(_in_commits(layout))
        own = [anchor for anchor, of in noted if of == birth]
        fitting = 0
        for anchor in sorted([*_in_receipts(layout), *own], key=lambda anchor: anchor.seq):
            fault = _fault(log, anchor)
            if fault:
                bad = Verdict(False, verdict.checked, anchor.seq, fault, verdict.head)
                return Proof(bad, fitting, anchor.witness, len(noted) - len(own))
            fitting += 1
    return Proof(verdict, fitting, foreign=len(noted) - len(own))


def _fault(log: EventLog, anchor: Anchor) -> str:
    event = log.get(anchor.seq)
    if event is None:
        return f"it is gone, and with it the end of the log: the {anchor.witness} knows it"
    if event.hash != anchor.hash:
        return f"the log was rewritten, here or before: the {anchor.witness} noted another hash"
    return ""


def _in_receipts(layout: Layout) -> Iterator[Anchor]:
    for path in sorted(layout.runs.glob("*/prompts/*/attempt-*/receipt.json")):
        receipt = read_receipt(path.parent)
        if isinstance(receipt, Receipt) and receipt.log_seq > 0:
            name = f"{path.parent.parent.name}-{path.parent.name.removeprefix('attempt-')}"
            yield Anchor(receipt.log_seq, receipt.log_hash, f"receipt of {name}")


def _in_commits(layout: Layout) -> Iterator[tuple[Anchor, str]]:
    """Anchors on the base branch's own line, with the log that each is of: what agents committed can't be one."""
    git = Git(layout.root)
    if not git.is_repo():
        return
    try:
        run = current_run(layout)
        recorded = run.base_branch if run is not None else ""
        named = Project(layout).config.base_branch or ""
        base = recorded if recorded and git.head(recorded) else git.base_branch(named)
    except CoordError:
        return  # no commit yet, or no branch
    shape = f"--format=%H%n%(trailers:key={TRAILER},valueonly,unfold)"
    found = git.run(
        "log", "-z", "--first-parent", "--merges", f"--grep=^{TRAILER}: ", shape, f"refs/heads/{base}", "--"
    )
    for record in found.fields:
        commit, _, value = record.partition("\n")
        match = _VALUE.fullmatch(value.strip())
        if match:
            yield Anchor(int(match[1]), match[2], f"merge commit {commit[:10]}"), match[3]
