"""Whether a receipt seals: what it says is held against ledger, worklists, artifacts and what the suites said. Pure.

Nothing that an agent wrote is believed here where the harness can know it: it ran the suites itself.
"""

from collections.abc import Iterator, Mapping
from itertools import islice

from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Any
from coordinator.model.flow_receipt import ACTIONS, CANNOT_PROCEED, STATUSES, VERIFIED, FlowReceipt
from coordinator.model.ledger import Entry, Ledger, State, contradictions, counts, open_entries
from coordinator.model.text import amount, clip, plain
from coordinator.model.worklist import Fate, Worklist

MOST = 20
"""Names that a reason tells, and reasons that a seal is refused for."""
_MOST_MISMATCHES = 200
_LONGEST = 400
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """How the harness saw a validation suite end, on the very commit that is to be sealed."""

    name: str
    exit: int
    digest: str = ""
    """Of all that it printed: SHA-256, hex."""
    timed_out: bool = False
    output: str = ""
    """The end of what it printed; untrusted text."""

    @property
    def green(self) -> bool:
        return self.exit == 0 and not self.timed_out

    @property
    def words(self) -> str:
        """`suite unit: exit 1`."""
        return f"suite {self.name}: {'timed out' if self.timed_out else f'exit {self.exit}'}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a pipeline's work beside the words of who seals it."""

    sealed_by: str
    """The station that wrote the receipt."""
    flow: str = ""
    """The pipeline that it is to be about, and the run."""
    run: str = ""
    authors: tuple[str, ...] = ()
    """Stations whose agents changed code."""
    declared: tuple[str, ...] = ()
    """Artifacts that the stations are to make, all but those that need not be."""
    published: tuple[str, ...] = ()
    ledger: Ledger | None = None
    sections: tuple[str, ...] = ()
    """Fields of the ledger that the stations are to fill in."""
    broken: tuple[str, ...] = ()
    """Published files that are not what their names say, with the reason."""
    worklists: Mapping[str, Worklist] = field(default_factory=dict)
    """By name."""
    suites: tuple[SuiteRun, ...] = ()
    unrun: tuple[str, ...] = ()
    """Suites that could not be run, with the reason."""
    commits: int = 0
    files_changed: int = 0
    file: str = ""
    """The name of its file, `build_receipt.json`: it may be called so in a pipeline of another name too."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A ledger or receipt says one thing, the run another."""

    about: str
    """`AC-1`, or the receipt."""
    said: str
    ran: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes of a receipt."""

    status: str
    """What it says, as far as that is one of the words for it."""
    sealed: bool
    reasons: tuple[str, ...] = ()
    """Why it does not seal."""
    mismatches: tuple[Mismatch, ...] = ()


@dataclass(frozen=True, slots=True)
class SealRecord:
    """A verdict, and what it was given on."""

    verdict: Verdict
    commit: str
    """Of the branch, where the suites ran."""
    receipt: str
    """The name of its file."""
    digest: str = ""
    """Of that file: SHA-256, hex; another version of it is another seal."""
    station: str = ""
    """Whose agent wrote it."""
    at: str = ""
    """UTC, ISO 8601."""
    suites: tuple[SuiteRun, ...] = ()
    unrun: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What of it programs and the log are told: all but what suites printed."""
        return {
            "status": self.verdict.status,
            "sealed": self.verdict.sealed,
            "reasons": list(self.verdict.reasons),
            "mismatches": [{"about": m.about, "said": m.said, "ran": m.ran} for m in self.verdict.mismatches],
            "commit": self.commit,
            "receipt": self.receipt,
            "digest": self.digest,
            "station": self.station,
            "at": self.at,
            "suites": [
                {"name": run.name, "exit": run.exit, "digest": run.digest, "timed_out": run.timed_out}
                for run in self.suites
            ],
            "unrun": list(self.unrun),
        }


def judge(receipt: FlowReceipt, facts: Facts) -> Verdict:
    """Whether a receipt seals the work, with every reason why it does not."""
    status = receipt.status if receipt.status in STATUSES else ""
    mismatches = tuple(islice(_mismatches(receipt, facts), _MOST_MISMATCHES)) if status == VERIFIED else ()
    reasons = [*_form(receipt, facts), *_counted(receipt, facts)]
    if status == VERIFIED:
        reasons += [*_missing(facts), *_unfinished(facts)]
        reasons += [plain(run.words) for run in facts.suites if not run.green]
        reasons += [f"suite {plain(name)} could not be run" for name in facts.unrun]
        reasons += [f"{m.about}: {m.said}, but {m.ran}" for m in mismatches]
    elif status:
        reasons.insert(0, _not_verified(receipt))
    told = [clip(plain(reason), _LONGEST) for reason in reasons[:MOST]]
    told += [f"and {len(reasons) - MOST} more"] if len(reasons) > MOST else []
    return Verdict(status or "UNKNOWN", not reasons, tuple(told), mismatches)


def derived(facts: Facts) -> dict[str, int]:
    """Every count that a receipt may have, by its name, as it follows from what is there."""
    found = {f"ac_{name}": count for name, count in counts(facts.ledger or Ledger()).items()}
    lists = facts.worklists.values()
    found["worklist_total"] = sum(len(one.items) for one in lists)
    for fate in Fate:
        found[f"worklist_{fate.value.casefold()}"] = sum(one.count(fate) for one in lists)
    found |= {"suites_total": len(facts.suites), "suites_passed": sum(run.green for run in facts.suites)}
    found |= {"artifacts": len(facts.published), "files_changed": facts.files_changed, "commits": facts.commits}
    return found


def _form(receipt: FlowReceipt, facts: Facts) -> Iterator[str]:
    """What is wrong with the receipt as such."""
    if receipt.status not in STATUSES:
        yield f"status `{_shown(receipt.status)}` is not one of {', '.join(STATUSES)}"
    if receipt.recommended_action not in ACTIONS:
        yield f"recommended_action `{_shown(receipt.recommended_action)}` is not one of {', '.join(ACTIONS)}"
    elif receipt.status == VERIFIED and receipt.recommended_action != "PROCEED":
        yield f"{VERIFIED} goes with PROCEED, and it recommends {receipt.recommended_action}"
    if facts.run and receipt.run_id != facts.run:
        yield f"it is of run `{_shown(receipt.run_id)}`, and this is {facts.run}"
    if facts.flow and receipt.flow not in (facts.flow, facts.file.removesuffix("_receipt.json")):
        yield f"it is of flow `{_shown(receipt.flow)}`, and this is {facts.flow}"
    if facts.sealed_by in facts.authors:
        yield f"{facts.sealed_by} wrote code that it seals: nobody seals work of their own"
    if receipt.status == CANNOT_PROCEED and not receipt.missing_required:
        yield f"{CANNOT_PROCEED} needs missing_required: what is missing?"
    if receipt.status == VERIFIED and receipt.missing_required:
        yield f"it is {VERIFIED} and misses {_names(receipt.missing_required)}"
    if receipt.status == VERIFIED and receipt.blockers:
        yield f"it is {VERIFIED} and names what blocks it: {_names(receipt.blockers)}"


def _counted(receipt: FlowReceipt, facts: Facts) -> Iterator[str]:
    """Counts that don't follow from what is there."""
    known = derived(facts)
    for name, count in receipt.counts.items():
        if count is None:
            continue
        if name not in known:
            yield f"counts.{_shown(name)} is {count}, and nothing here tells it: write null"
        elif count != known[name] or isinstance(count, bool):
            yield f"counts.{name} is {count}, and counted are {known[name]}"


def _missing(facts: Facts) -> Iterator[str]:
    lacking = [name for name in facts.declared if name not in facts.published]
    if lacking:
        yield f"{amount(len(lacking), 'artifact')} missing: {_names(lacking)}"
    yield from (plain(reason) for reason in facts.broken)


def _unfinished(facts: Facts) -> Iterator[str]:
    """What the ledger and the worklists say is still to be done."""
    if facts.ledger is not None:
        left = open_entries(facts.ledger)
        if not facts.ledger.entries:
            yield "the ledger has no acceptance criteria"
        if left:
            yield f"open in the ledger: {_names([f'{e.id} ({e.state.value})' for e in left])}"
        unproven = [e.id for e in facts.ledger.entries if e.state is State.NOT_APPLICABLE and not e.evidence]
        if unproven:
            yield f"not applicable, without a word why: {_names(unproven)}"
        yield from (plain(text) for text in contradictions(facts.ledger, facts.sections))
    for name, worklist in facts.worklists.items():
        serious = [i.id for i in worklist.items if i.fate is Fate.PENDING and i.severity.strip().upper() != "MINOR"]
        if serious:
            yield f"pending in {name}: {_names(serious)}"


def _mismatches(receipt: FlowReceipt, facts: Facts) -> Iterator[Mismatch]:
    """Where ledger or receipt say passed and the run says failed."""
    red = [run for run in facts.suites if not run.green]
    passed = [e for e in facts.ledger.entries if e.state is State.PASSED] if facts.ledger is not None else []
    for entry in passed:
        named = [run for run in facts.suites if _is_about(entry, run)]
        failed = [run for run in named if not run.green] if named else red
        if failed:
            said = f"the ledger says `{_shown(entry.verify_status)}`"
            yield Mismatch(_shown(entry.id), said, ", ".join(plain(run.words) for run in failed))
    if red and not passed:
        yield Mismatch("the receipt", f"it says {VERIFIED}", ", ".join(plain(run.words) for run in red))
    elif count := receipt.tests.get("failed"):
        yield Mismatch("the receipt", f"it says {VERIFIED}", f"it says too that {count} tests failed")


def _is_about(entry: Entry, run: SuiteRun) -> bool:
    """Whether the evidence of a criterion names a suite."""
    return names_suite(entry.evidence, run.name)


def names_suite(text: str, name: str) -> bool:
    """Whether a text names a suite, as `suite unit`."""
    found = text.casefold().partition(f"suite {name}".casefold())
    return bool(found[1]) and (not _goes_on(found[2]) or names_suite(found[2], name))


def _goes_on(rest: str) -> bool:
    """The word goes on: it was the beginning of another name."""
    return rest[:1].isalnum() or (rest[:1] in ("-", "_", ".") and rest[1:2].isalnum())


def _not_verified(receipt: FlowReceipt) -> str:
    action = receipt.recommended_action if receipt.recommended_action in ACTIONS else ""
    whom = _shown(receipt.route_to_agent or receipt.route_to_flow)
    missing = f", missing {_names(receipt.missing_required)}" if receipt.missing_required else ""
    advice = f"; it recommends {action}{f' to {whom}' if whom else ''}" if action else ""
    return f"it says {receipt.status}{missing}{advice}"


def _names(names: tuple[str, ...] | list[str]) -> str:
    shown = [_shown(name) for name in names[:MOST]]
    return ", ".join(shown) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")


def _shown(text: str) -> str:
    return clip(plain(text), 80)
