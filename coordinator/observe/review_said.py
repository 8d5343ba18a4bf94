"""What was said about the changes of a prompt, from the log."""

from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.review_comment import KINDS, Said, fold
from coordinator.model.work import prompt_work

_READ = 5_000
"""Events about one prompt that are looked through: the newest."""


def said_of(log: EventLog, number: int) -> tuple[Said, ...]:
    """All that reviewers said at lines of the changes of a prompt, oldest first, with what agents answered."""
    return fold(log.tail(_READ, Filter(kinds=KINDS, subject=prompt_work(number).subject)))
