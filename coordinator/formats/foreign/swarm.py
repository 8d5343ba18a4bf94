"""A run of a swarm pack: the files of `.runs/RUN/`, and what `.runs/index.json` says of it. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from coordinator.formats import flow_receipt, ledger, worklist
from coordinator.formats.imports import swarm as tasks
from coordinator.formats.imports.json_text import load
from coordinator.lazy.typing import Any
from coordinator.model.flow_receipt import VERIFIED, FlowReceipt
from coordinator.model.foreign_run import ForeignFile, ForeignRun, ForeignStep, Named
from coordinator.model.imported import TaskStatus, Tree
from coordinator.model.ledger import Ledger, State, contradictions, counts
from coordinator.model.problem import Problem
from coordinator.model.text import plain

FLOWS = ("signal", "plan", "build", "review", "gate", "deploy", "wisdom")
META, INDEX = "run_meta.json", "index.json"
_LINES = 40
"""Mismatches of one run that are told."""


def is_read(name: str) -> bool:
    """Whether a file of a run, by its name within it, says how far the run is; all others are only named."""
    base = name.rpartition("/")[2]
    return name in (META, f"plan/{tasks.SUBTASKS}") or base.endswith(
        (flow_receipt.ENDING, worklist.ENDING, ledger.NAME)
    )


def read_index(data: bytes, path: str) -> dict[str, Mapping[str, Any]] | Problem:
    """What the index says of each run, by its id."""
    document = load(data, path)
    if isinstance(document, Problem):
        return document
    listed = document.get("runs") if isinstance(document, dict) else None
    rows = listed if isinstance(listed, list) else []
    return {row["run_id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("run_id"), str)}


def read_run(
    place: str, contents: Mapping[str, bytes], files: Sequence[ForeignFile], index: Mapping[str, Any]
) -> ForeignRun:
    """A run from its files: `contents` are those that are read, by their names within it. Never raises."""
    problems: list[Problem] = []
    meta = _object(contents, META, place, problems)
    receipts = dict(_receipts(contents, place, problems))
    ledger_path, found = _ledger(contents, place, problems)
    lists = tuple(_worklists(contents, place, problems))
    steps = tuple(_steps(receipts, place, meta, files))
    tree = Tree({f"{place}/{name}": data for name, data in contents.items() if tasks.FORM.may_be(name)})
    left = sum(item.status not in (TaskStatus.DONE, TaskStatus.CANCELLED) for item in tasks.FORM.read(tree).items)
    last = _last(steps)
    return ForeignRun(
        "swarm",
        place.rpartition("/")[2],
        place,
        title=_text(meta, "task_title") or _text(index, "task_title") or _text(meta, "issue_title"),
        status=(last.status if last is not None else "") or _text(index, "status"),
        at=(last.name if last is not None else "") or _text(index, "last_flow") or _furthest(steps),
        started=_text(meta, "created_at"),
        updated=_text(meta, "updated_at") or _text(index, "updated_at"),
        iterations=_number(meta, "iterations"),
        steps=steps,
        ledger=found,
        ledger_path=ledger_path,
        worklists=lists,
        files=tuple(files),
        left=left,
        notes=tuple(_notes(meta, index)),
        mismatches=tuple(_mismatches(contents, place, receipts, last, index, found, lists))[:_LINES],
        problems=tuple(problems),
    )


# ── its files


def _object(
    contents: Mapping[str, bytes], name: str, place: str, problems: list[Problem] | None = None
) -> Mapping[str, Any]:
    document = load(contents[name], f"{place}/{name}") if name in contents else {}
    if isinstance(document, Problem) and problems is not None:
        problems.append(document)
    return document if isinstance(document, dict) else {}


def _receipts(
    contents: Mapping[str, bytes], place: str, problems: list[Problem]
) -> Iterator[tuple[str, tuple[str, FlowReceipt]]]:
    for name, data in contents.items():
        if not name.endswith(flow_receipt.ENDING):
            continue
        receipt = flow_receipt.read(data, f"{place}/{name}")
        if isinstance(receipt, Problem):
            problems.append(receipt)
        else:
            flow = name.partition("/")[0] if "/" in name else receipt.flow
            yield flow, (name, receipt)


def _ledger(contents: Mapping[str, bytes], place: str, problems: list[Problem]) -> tuple[str, Ledger | None]:
    for name, data in contents.items():
        if name.endswith(ledger.NAME):
            found = ledger.read(data, f"{place}/{name}")
            if not isinstance(found, Problem):
                return f"{place}/{name}", found
            problems.append(found)
    return "", None


def _worklists(contents: Mapping[str, bytes], place: str, problems: list[Problem]) -> Iterator[Named]:
    for name, data in contents.items():
        if name.endswith(worklist.ENDING):
            found = worklist.read(data, f"{place}/{name}")
            if isinstance(found, Problem):
                problems.append(found)
            else:
                yield Named(f"{place}/{name}", found)


def _steps(
    receipts: Mapping[str, tuple[str, FlowReceipt]], place: str, meta: Mapping[str, Any], files: Sequence[ForeignFile]
) -> Iterator[ForeignStep]:
    """The flows, sealed or begun, in the order in which packs do them."""
    started = meta.get("flows_started")
    begun = {one for one in started if isinstance(one, str)} if isinstance(started, list) else set()
    begun |= {file.name.partition("/")[0] for file in files if "/" in file.name}
    known = [flow for flow in FLOWS if flow in begun or flow in receipts]
    for flow in (*known, *sorted(receipts.keys() - set(FLOWS))):
        if flow not in receipts:
            yield ForeignStep(flow, "")
            continue
        name, receipt = receipts[flow]
        yield ForeignStep(
            flow,
            receipt.status,
            "; ".join((*receipt.missing_required, *receipt.blockers)),
            receipt.completed_at,
            f"{place}/{name}",
            receipt,
        )


def _last(steps: Sequence[ForeignStep]) -> ForeignStep | None:
    """The receipt that was written last, or else that of the flow which comes last."""
    sealed = [step for step in steps if step.receipt is not None]
    return max(enumerate(sealed), key=lambda one: (one[1].at, one[0]))[1] if sealed else None


def _furthest(steps: Sequence[ForeignStep]) -> str:
    return steps[-1].name if steps else ""


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""


def _number(values: Mapping[str, Any], key: str) -> int | None:
    value = values.get(key)
    return value if type(value) is int and 0 <= value < 10**6 else None


def _notes(meta: Mapping[str, Any], index: Mapping[str, Any]) -> Iterator[str]:
    for key, name in (("canonical_key", "key"), ("base_ref", "base"), ("supersedes", "supersedes")):
        if text := _text(meta, key) or _text(index, key):
            yield f"{name} {text}"
    for key, name in (("issue_number", "issue"), ("pr_number", "pull request")):
        number = _number(meta, key) if _number(meta, key) is not None else _number(index, key)
        if number is not None:
            yield f"{name} #{number}"


# ── two places that say different things


def _mismatches(
    contents: Mapping[str, bytes],
    place: str,
    receipts: Mapping[str, tuple[str, FlowReceipt]],
    last: ForeignStep | None,
    index: Mapping[str, Any],
    found: Ledger | None,
    lists: Sequence[Named],
) -> Iterator[str]:
    said = _text(index, "status")
    if last is not None and said and said != last.status:
        yield f"{INDEX} says {plain(said)}, {last.path} says {plain(last.status)}"
    for flow, (name, receipt) in receipts.items():
        failed = receipt.tests.get("failed")
        if receipt.status == VERIFIED and isinstance(failed, int | float) and failed > 0:
            yield f"{place}/{name} is {VERIFIED}, and counts {failed:g} failed {'test' if failed == 1 else 'tests'}"
        if receipt.status == VERIFIED and receipt.missing_required:
            yield f"{place}/{name} is {VERIFIED}, and misses {plain(', '.join(receipt.missing_required))}"
        if receipt.flow and receipt.flow != flow:
            yield f"{place}/{name} says that it is of {plain(receipt.flow)}"
    if found is not None:
        yield from contradictions(found)
        yield from _miscounted(contents, place, ledger.NAME, counts(found), {"passed": State.PASSED.value})
        build = receipts.get("build")
        if build is not None and build[1].status == VERIFIED and (bad := counts(found)[State.FAILED.value]):
            yield f"{place}/{build[0]} is {VERIFIED}, and the ledger has {bad} criteria that failed"
    for named in lists:
        truth = {"total": len(named.worklist.items), "pending": named.worklist.pending}
        yield from _miscounted(contents, place, named.path.removeprefix(f"{place}/"), truth, {})


def _miscounted(
    contents: Mapping[str, bytes], place: str, ending: str, truth: Mapping[str, int], more: Mapping[str, str]
) -> Iterator[str]:
    """Where the summary of a file counts otherwise than its entries do."""
    for name in contents:
        if not name.endswith(ending):
            continue
        summary = _object(contents, name, place).get("summary")
        if not isinstance(summary, dict):
            continue
        for key in ("total", "pending", *more):
            said, counted = summary.get(key), truth.get(more.get(key, key))
            if type(said) is int and counted is not None and said != counted:
                yield f"{place}/{name} says {key} {said}, its entries are {counted}"
