"""A hand-off is an event; from it are written `receipt.json`, `handoff.md` and a summary in the alignment document."""

from collections.abc import Sequence

from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.handoff import HAND_OFF, HandOffs
from coordinator.model.step import Attempt, Receipt
from coordinator.storage.documents import append_summary
from coordinator.storage.files import digest_of, sha256, write_atomic
from coordinator.storage.paths import Layout
from coordinator.storage.runs import write_receipt

_MOST = 1000
"""Hand-offs of a prompt that are looked through for those of its last attempts."""


def handed_off(log: EventLog, attempt: Attempt) -> tuple[Receipt, ...]:
    """What an attempt's own agent handed off, oldest first: the last one counts."""
    found = HandOffs()
    found.feed(log.tail(_MOST, Filter(kinds=(HAND_OFF,), subject=attempt.work.subject)))
    return found.of(attempt.run, attempt.work, attempt.attempt, attempt.agent)


def sealed(log: EventLog, attempt: Attempt) -> Attempt:
    """The attempt with its hand-off, if the log has one by now; no file is asked."""
    given = handed_off(log, attempt)
    return replace(attempt, receipt=given[-1] if given else None)


def publish(layout: Layout, attempt: Attempt, given: Sequence[Receipt]) -> None:
    """Write down what an attempt handed off, oldest first; what is there already stays as it is.

    Raises CoordError or OSError when something can't be written; doing it again completes it. Its own files come
    first: the document is everybody's, and somebody may have broken it.
    """
    if not given:
        return
    directory = layout.attempt(attempt.run, attempt.work, attempt.attempt)
    text = _text(attempt, given[-1]).encode("utf-8", "replace")
    if digest_of(directory / "handoff.md") != sha256(text):
        write_atomic(directory / "handoff.md", text)
    write_receipt(directory, given[-1])
    for receipt in () if attempt.work.stage else given:  # what its pipeline came to is told there once
        said = {"agent": receipt.agent, "text": _report(receipt), "at": receipt.at, "outcome": receipt.outcome}
        append_summary(layout, number=attempt.prompt, **said)


def _report(receipt: Receipt) -> str:
    """What engineers read of it between their own words: summary and decisions; of what came to nothing, all of it."""
    told = receipt.lists if receipt.outcome != "done" else (("Decisions", receipt.decisions),)
    return "\n\n".join([receipt.summary, *(_listed(name, items) for name, items in told if items)])


def _text(attempt: Attempt, receipt: Receipt) -> str:
    """The receipt for people."""
    label = attempt.work.label
    title = f"# {label[0].upper()}{label[1:]}, attempt {attempt.attempt}: {receipt.outcome}"
    lists = (*receipt.lists, ("Commits", receipt.commits), ("Files", receipt.files))
    parts = [title, receipt.summary, *(f"## {_listed(name, items)}" for name, items in lists if items)]
    return "\n\n".join(parts) + "\n"


def _listed(name: str, items: Sequence[str]) -> str:
    return f"{name}\n\n" + "\n".join("- " + " ".join(item.split()) for item in items)
