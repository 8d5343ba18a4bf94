"""The intent: what a human wants of the milestone, written into `milestone.md` and versioned on the log."""

from coordinator.errors import Refused
from coordinator.formats.frontmatter import parse, patch, split
from coordinator.formats.intent_text import MILESTONE, intent_of, read_intent, with_document, with_intent
from coordinator.lazy.dataclass import dataclass, field, replace
from coordinator.model.ids import uuid7
from coordinator.model.intent import Intent, checked, differences, intent, summary
from coordinator.model.plan import Plan, Record
from coordinator.model.problem import Problem
from coordinator.model.snapshot import Snapshot
from coordinator.services.inputs import about
from coordinator.services.planning import check_title, file_edit

_EMPTY = b"---\ntitle: First milestone\nstatus: open\n---\n"


@dataclass(frozen=True, slots=True)
class SetIntent:
    """What is to be another; None stays as it is."""

    title: str | None = field(default=None, metadata=about("What the milestone is called."))
    goal: str | None = field(default=None, metadata=about("What is to be true when it is done."))
    non_goals: tuple[str, ...] | None = field(default=None, metadata=about("What is not wanted."))
    constraints: tuple[str, ...] | None = field(default=None, metadata=about("What has to hold."))
    criteria: tuple[str, ...] | None = field(default=None, metadata=about("How to tell that it is done."))
    document: bytes | None = None
    """Markdown that holds a whole intent; the other fields are changes to it."""
    logged: Intent | None = None
    """The newest version on the log; None: there is none."""
    reason: str = field(default="", metadata=about("Why; goes to the log."))


def plan_intent(snapshot: Snapshot, request: SetIntent) -> Plan:
    """Plan another version of the intent; the rest of the file stays byte for byte.

    UsageError for an intent that nobody can go by; Refused when nothing would change, and when the file can't be read.
    A file that was edited by hand becomes a version when nothing else is asked for.
    """
    before = snapshot.documents.get(MILESTONE)
    source = before if before is not None else _EMPTY
    document = None if request.document is None else _body(request.document)
    wanted = checked(_wanted(intent_of(source), document, request))
    if document is not None:
        source = _in_place(source, document)
    if wanted != intent_of(source):
        source = _with(source, wanted)
    title = request.title if request.title is not None else _title(request.document, source)
    if title is not None:
        source = patch(source, {"title": check_title(title)})
    if source == before and wanted == request.logged:
        raise Refused("the intent says that already", "`coord intent show` shows it")
    changes = differences(request.logged or Intent(), wanted)
    said = f"intent: {summary(changes)}" if request.logged else "intent: the first version"
    return Plan(
        id=uuid7(),
        service="intent",
        summary=said,
        edits=() if source == before else (file_edit(MILESTONE, before, source),),
        effects=(version(source, summary(changes) if request.logged else "the first version", request.reason),),
        reason=request.reason.strip(),
    )


def version(document: bytes, said: str, reason: str = "") -> Record:
    """The event that makes a version of what stands in the milestone's file."""
    data: dict[str, object] = {"summary": said, **intent_of(document).to_json()}
    if reason.strip():
        data["reason"] = reason.strip()
    return Record("intent.set", "milestone", data)


def _wanted(present: Intent, document: str | None, request: SetIntent) -> Intent:
    if document is not None:
        present = read_intent(document)
    given = intent(request.goal or "", request.non_goals or (), request.constraints or (), request.criteria or ())
    changes = {
        name: getattr(given, name)
        for name in ("goal", "non_goals", "constraints", "criteria")
        if getattr(request, name) is not None
    }
    return replace(present, **changes)


def _body(document: bytes) -> str:
    """A document without its frontmatter, if it has any."""
    found = split(document, "the file")
    return document.decode("utf-8", "replace") if isinstance(found, Problem) else found.text[found.body :]


def _title(document: bytes | None, source: bytes) -> str | None:
    """The title that a document's frontmatter gives, where it is another than the file's."""
    if document is None or isinstance(split(document, "the file"), Problem):
        return None
    given, present = (parse(text, name) for text, name in ((document, "the file"), (source, MILESTONE)))
    if isinstance(given, Problem) or isinstance(present, Problem):
        return None
    title = given.values.get("title")
    known = present.values.get("title")
    return title if isinstance(title, str) and title.strip() and title != known else None


def _in_place(source: bytes, document: str) -> bytes:
    sections = split(source, MILESTONE)
    assert not isinstance(sections, Problem), "it was read before"
    head, body = sections.text[: sections.body], sections.text[sections.body :]
    return (head + with_document(body, document)).encode()


def _with(source: bytes, wanted: Intent) -> bytes:
    sections = split(source, MILESTONE)
    assert not isinstance(sections, Problem), "it was read before"
    head, body = sections.text[: sections.body], sections.text[sections.body :]
    return (head + with_intent(body, wanted)).encode()
