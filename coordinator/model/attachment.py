"""Attachments: what else belongs to a milestone or a prompt, told by how it is referred to."""

import re

from coordinator.errors import UsageError
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.model.text import plain

KINDS = ("issue", "change", "file", "url", "memory")
LONGEST = 2000
"""Characters of a reference."""

_ISSUE = regex.compile(r"(?:[\w.-]+/[\w.-]+)?#\d{1,9}|(?:issue:|[A-Z][A-Z0-9]{1,9}-)\d{1,9}", re.ASCII)
_ISSUE_PAGE = regex.compile(r"https?://[^/\s]+/.+/(?:issues|-/issues|browse)/[\w-]+/?", re.IGNORECASE)
_CHANGE = regex.compile(r"(?:[\w.-]+/[\w.-]+)?!\d{1,9}|(?:pr|mr|branch|commit):\S+|[0-9a-f]{7,64}", re.ASCII)
_CHANGE_PAGE = regex.compile(r"https?://[^/\s]+/.+/(?:pull|merge_requests|commit|compare)/\S+", re.IGNORECASE)
_MEMORY = regex.compile(r"memory:\S.*")
_URL = regex.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A reference with its kind."""

    kind: str
    """One of `KINDS`."""
    ref: str
    title: str = ""

    def to_data(self) -> dict[str, object]:
        data: dict[str, object] = {"ref": self.ref, "type": self.kind}
        return data | {"title": self.title} if self.title else data


def attachment(ref: str, *, title: str = "", kind: str = "", is_file: bool = False) -> Attachment:
    """Tell what a reference is: `#12`, `org/repo#12`, `ABC-7`, `!12`, `pr:12`, a commit, a page, `memory:NAME`, a file.

    `kind` overrides it; `is_file`: there is a file of that name. UsageError for an empty, long or unknown reference.
    """
    cleaned = " ".join(plain(ref).split())
    if not cleaned:
        raise UsageError("the reference is empty", "for example `coord link '#12'` or `coord link docs/plan.md`")
    if len(cleaned) > LONGEST:
        raise UsageError(f"the reference has {len(cleaned):,} characters", f"keep it below {LONGEST:,}")
    if kind and kind not in KINDS:
        raise UsageError(f"`{plain(kind)}` is no kind of attachment", f"one of {', '.join(KINDS)}")
    found = kind or ("file" if is_file else _kind(cleaned))
    if not found:
        raise UsageError(
            f"`{cleaned}` is no issue, change, page or memory record, and there is no such file",
            f"say what it is: --as {'|'.join(KINDS)}",
        )
    return Attachment(found, cleaned, " ".join(plain(title).split()))


def _kind(ref: str) -> str:
    if _ISSUE.fullmatch(ref) or _ISSUE_PAGE.fullmatch(ref):
        return "issue"
    if _CHANGE.fullmatch(ref) or _CHANGE_PAGE.fullmatch(ref):
        return "change"
    if _MEMORY.fullmatch(ref):
        return "memory"
    return "url" if _URL.fullmatch(ref) else ""
