"""What all services share: collecting edits into one plan, with diffs, orders, fingerprints and what it invalidates."""

from collections.abc import Iterable, Mapping, Sequence

from coordinator.errors import Refused, UsageError
from coordinator.formats.alignment import add_steering
from coordinator.formats.digest import sha256
from coordinator.formats.frontmatter import parse, patch
from coordinator.formats.prompt_body import has_criteria, with_steering
from coordinator.formats.prompt_names import new_path
from coordinator.lazy.dataclass import replace
from coordinator.model.graph import Graph
from coordinator.model.ids import uuid7
from coordinator.model.plan import ALIGNMENT, Effect, FileEdit, Kill, Plan, Record
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt, PromptStatus, PromptType
from coordinator.model.settings import BRANCH
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Step, StepState
from coordinator.model.textdiff import unified_diff

Value = str | int | bool | Sequence[int] | Sequence[str]


class PlanBuilder:
    """Collects what a service wants to change. Edits of one file add up; the world is read from the snapshot alone."""

    def __init__(self, snapshot: Snapshot, service: str) -> None:
        self.snapshot = snapshot
        self.service = service
        self.prompts: dict[int, Prompt] = dict(snapshot.prompts)
        self.warnings: list[str] = []
        self.invalidates: list[str] = []
        self._consumed: dict[int, str] = {}
        """Prompt → what its running agent has read and the plan changes."""
        self.effects: list[Effect] = []
        self.number: int | None = None
        self._before: dict[str, bytes | None] = {}
        self._after: dict[str, bytes] = {}

    def next_number(self) -> int:
        """One more than the highest number ever used, deleted prompts and this plan's own included."""
        return max(self.snapshot.highest_number, max(self.prompts, default=0)) + 1

    def new_path(self, number: int, type: PromptType, title: str) -> str:
        """Where a new prompt is written, and what its file is called."""
        folder = self.snapshot.settings.prompts_folder
        if BRANCH in folder:
            raise Refused(f"no branch is checked out, and new prompts go to {folder}", "check one out")
        others = (prompt.path for prompt in self.prompts.values())
        return new_path(folder, others, number, type, title)

    def create(self, prompt: Prompt, content: bytes) -> None:
        """Add a prompt file that must not be there yet."""
        self._before[prompt.path] = None
        self._after[prompt.path] = content
        self.prompts[prompt.number] = prompt
        self.number = prompt.number if self.number is None else self.number
        data: dict[str, object] = {"title": prompt.title, "type": prompt.type.value}
        data |= {"dependencies": list(prompt.dependencies)} | ({"parent": prompt.parent} if prompt.parent else {})
        self.effects.append(Record("prompt.created", f"prompt:{prompt.number}", data))

    def document(self, path: str, before: bytes | None, after: bytes) -> None:
        """Replace a file that is no prompt; `before` None: it must not be there."""
        self._before.setdefault(path, before)
        self._after[path] = after

    def set_values(self, number: int, changes: Mapping[str, Value], **typed: object) -> None:
        """Change frontmatter values of a prompt; `typed` are the same changes as fields of `Prompt`."""
        prompt = self.prompts[number]
        if prompt.lost and changes.keys() <= {"status", "attempts"}:  # its attempt tells them
            self.prompts[number] = replace(prompt, **typed)  # type: ignore[arg-type]
            return
        refuse_lost(prompt)
        before = self._current(prompt)
        after = patch(before, {key: _as_written(before, prompt, key, value) for key, value in changes.items()})
        self._write(prompt, after)
        self.prompts[number] = replace(prompt, **typed)  # type: ignore[arg-type]
        self._record_edit(prompt, _changed(before, after))

    def set_source(self, number: int, content: bytes, edited: Prompt) -> None:
        """Replace a prompt's whole file by an edited and already read version."""
        prompt = self.prompts[number]
        changed = _changed(self._current(prompt), content)
        self._write(prompt, content)
        self.prompts[number] = edited
        self._record_edit(prompt, changed)

    def steer(self, number: int, words: str, who: str, at: str) -> None:
        """Put the engineer's words into the prompt's file, unless it is done, and into the alignment document."""
        if not words.strip():
            return
        prompt = self.prompts[number]
        if not prompt.lost and not is_done(self.snapshot, number):
            self._write(prompt, with_steering(self._current(prompt), words, at))
        self.align(number, words, who, at)

    def align(self, number: int | None, words: str, who: str, at: str) -> None:
        """Append the engineer's words to `alignment.md`, below the newest summary of the prompt if there is one."""
        before = self.snapshot.documents.get(ALIGNMENT)
        if ALIGNMENT not in self._after:
            self._before[ALIGNMENT] = before
        current = self._after.get(ALIGNMENT, before or b"")
        self._after[ALIGNMENT] = add_steering(current, number=number, text=words.strip(), who=who, at=at)

    def build(
        self, summary: str, *, reason: str = "", undoes: str | None = None, more: Mapping[str, object] | None = None
    ) -> Plan:
        """Seal the plan: diffs, orders and fingerprints are computed from what was collected."""
        edits = tuple(self._edit(path) for path in self._after if self._after[path] != self._before[path])
        return Plan(
            id=uuid7(),
            service=self.service,
            summary=summary,
            edits=edits,
            effects=tuple(self.effects),
            order_before=execution_order(self.snapshot.prompts),
            order_after=execution_order(self.prompts),
            prompts_after=self._prompts_after(edits),
            invalidates=(*self._outdated(), *dict.fromkeys(self.invalidates)),
            warnings=tuple(self.warnings),
            number=self.number,
            undoes=undoes,
            reason=reason.strip(),
            more=more or {},
            reads=not_started(self.snapshot, (n for n, p in self.prompts.items() if p.path in self._after)),
        )

    def _prompts_after(self, edits: Iterable[FileEdit]) -> tuple[Prompt, ...]:
        here = {prompt.path: prompt for prompt in self.prompts.values()}
        changed = ((here[edit.path], edit.content) for edit in edits if edit.path in here)
        return tuple(replace(prompt, source=content, digest=sha256(content)) for prompt, content in changed)

    def _current(self, prompt: Prompt) -> bytes:
        return self._after.get(prompt.path, prompt.source)

    def _write(self, prompt: Prompt, content: bytes) -> None:
        self._before.setdefault(prompt.path, prompt.source)
        self._after[prompt.path] = content
        attempt = self.snapshot.steps[prompt.number].attempt if prompt.number in self.snapshot.steps else None
        if attempt is not None and self.snapshot.steps[prompt.number].state.live:
            self._consumed[prompt.number] = f"{attempt.agent} already works from prompt {prompt.label} as it was"

    def _outdated(self) -> list[str]:
        """Who goes on with an old version: not those that the plan ends."""
        ended = {effect.prompt for effect in self.effects if isinstance(effect, Kill)}
        return [sentence for number, sentence in self._consumed.items() if number not in ended]

    def _record_edit(self, before: Prompt, what: list[str]) -> None:
        """Record which keys changed, and of those that a replay shows what they are and were."""
        data: dict[str, object] = {"changed": what, "attempt": self.attempts_of(before.number)}
        old, new = _shown(before), _shown(self.prompts[before.number])
        values = {key: value for key, value in new.items() if old[key] != value}
        if values:
            data |= {"values": values, "was": {key: old[key] for key in values}}
        self.effects.append(Record("prompt.edited", f"prompt:{before.number}", data))

    def say_done(self, number: int) -> None:
        """Record a human's word that a prompt is done whose file says so already, past everybody."""
        data = {"changed": ["status"], "attempt": self.attempts_of(number), "values": {"status": "done"}, "was": {}}
        self.effects.append(Record("prompt.edited", f"prompt:{number}", data))

    def attempts_of(self, number: int) -> int:
        """The attempt that a word about a prompt is about; 0 before the first."""
        step = self.snapshot.steps.get(number)
        return step.attempt.attempt if step is not None and step.attempt is not None else 0

    def _edit(self, path: str) -> FileEdit:
        return file_edit(path, self._before[path], self._after[path])


def not_started(snapshot: Snapshot, numbers: Iterable[int]) -> dict[str, None]:
    """For a plan's `reads`: the records which attempts of these prompts would have that began since the snapshot."""
    found: dict[str, None] = {}
    for number in numbers:
        step = snapshot.steps.get(number)
        if snapshot.run is not None and step is not None:
            last = step.attempt.attempt if step.attempt is not None else 0
            count = max(snapshot.prompts[number].attempts, last) + 1
            found[f".coord/runs/{snapshot.run}/prompts/{number:02d}/attempt-{count}/step.json"] = None
    return found


def _as_written(source: bytes, prompt: Prompt, key: str, value: Value) -> Value | Sequence[int | str]:
    """Dependencies that the file states by name go on being stated so."""
    front = parse(source, "", mend=True)
    stated = () if isinstance(front, Problem) else front.values.get(key, ())
    if key != "dependencies" or isinstance(value, (str, int)) or len(stated) != len(prompt.dependencies):
        return value
    names = {n: text for n, text in zip(prompt.dependencies, stated, strict=True) if not text.isdigit()}
    return [names.get(n, n) if isinstance(n, int) else n for n in value]


def _changed(before: bytes, after: bytes) -> list[str]:
    """Keys whose values differ between two versions of a prompt file, and `body`."""
    old, new = parse(before, "", mend=True), parse(after, "", mend=True)
    if isinstance(old, Problem) or isinstance(new, Problem):
        return ["body"]
    keys = [key for key in {**old.values, **new.values} if old.values.get(key) != new.values.get(key)]
    return [*keys, *(["body"] if before[old.body :] != after[new.body :] else [])]


def _shown(prompt: Prompt) -> dict[str, object]:
    """What the graph shows of a prompt."""
    return {
        "title": prompt.title,
        "type": prompt.type.value,
        "status": prompt.status.value,
        "priority": prompt.priority.value,
        "dependencies": list(prompt.dependencies),
    }


def file_edit(path: str, before: bytes | None, after: bytes) -> FileEdit:
    """The edit that makes one version of a file another; `before` None: the file must not be there."""
    return FileEdit(
        path=path,
        change="create" if before is None else "modify",
        content=after,
        before=None if before is None else sha256(before),
        diff=unified_diff(path, before or b"", after),
    )


def execution_order(prompts: Mapping[int, Prompt]) -> tuple[int, ...]:
    """The order in which prompts run, cancelled ones left out."""
    return Graph.of(p for p in prompts.values() if p.status is not PromptStatus.CANCELLED).order


def known(snapshot: Snapshot, number: int) -> Prompt:
    """The prompt of that number; CoordError that names the nearest otherwise."""
    prompt = snapshot.prompts.get(number)
    if prompt is None:
        nearest = sorted(snapshot.prompts, key=lambda n: abs(n - number))[:3]
        remedy = f"nearest: {', '.join(f'{n:02d}' for n in sorted(nearest))}" if nearest else "there are no prompts yet"
        raise Refused(f"there is no prompt {number:02d}", remedy)
    return prompt


def is_done(snapshot: Snapshot, number: int) -> bool:
    """Its step has ended as done, whatever its file says."""
    step = snapshot.steps.get(number)
    return step is not None and step.state is StepState.MERGED


def is_ended(snapshot: Snapshot, number: int) -> bool:
    """Nothing is run for it any more: it is done or cancelled."""
    return is_done(snapshot, number) or snapshot.steps[number].state is StepState.SKIPPED


def in_flight(step: Step) -> bool:
    """An attempt is running, or its change is open: there is work that an order can't be put in front of."""
    return step.state.under_way


def refuse_in_flight(prompt: Prompt, step: Step, remedy: str) -> None:
    """Refuse what would end work that is under way, in words for how far it is."""
    if step.state is StepState.CHANGE_OPEN:
        raise Refused(f"the change of prompt {prompt.label} is open", f"coord review {prompt.number}, or {remedy}")
    if in_flight(step):
        agent = step.attempt.agent if step.attempt is not None else "an agent"
        raise Refused(f"prompt {prompt.label} is in progress ({agent})", remedy)


def refuse_lost(prompt: Prompt) -> None:
    """Refuse to write into a file that is not there any more, or that is another prompt's."""
    if prompt.lost:
        why = {"gone": "is gone", "another": "is another prompt's by now"}.get(prompt.lost, "can't be used")
        raise Refused(f"the file of prompt {prompt.label} {why}: {prompt.path}", "`coord validate` says how to go on")


def refuse_done(snapshot: Snapshot, number: int, doing: str) -> None:
    """Refuse to touch a done prompt, and offer a quick patch instead."""
    if is_done(snapshot, number):
        raise Refused(
            f"prompt {number:02d} is done, and done work is never {doing}",
            f"patch it instead: coord patch --fixes {number} --title …",
        )


def check_body(snapshot: Snapshot, body: str) -> None:
    """Refuse a body without acceptance criteria where the project demands them."""
    if snapshot.settings.require_criteria and not has_criteria(body):
        raise Refused(
            "this project demands acceptance criteria, and the body has none",
            "add a section `## Acceptance Criteria` with at least one item",
        )


def check_title(title: str) -> str:
    """The title as one line; UsageError for an empty one."""
    cleaned = " ".join(title.split())
    if not cleaned:
        raise UsageError("the title is empty", "say in a few words what the agent is to do")
    if len(cleaned) > 200:
        raise UsageError(f"the title has {len(cleaned)} characters", "keep it below 200; details belong in the body")
    return cleaned


def waiting_dependents(snapshot: Snapshot, numbers: Sequence[int]) -> tuple[int, ...]:
    """Direct dependents of the prompts that have not started and were not ended."""
    found = {d for n in numbers for d in snapshot.graph.dependents.get(n, ())} - set(numbers)
    return tuple(sorted(d for d in found if not is_ended(snapshot, d) and not in_flight(snapshot.steps[d])))


def numbers_text(numbers: Sequence[int]) -> str:
    return ", ".join(f"{n:02d}" for n in numbers)


def patch_type(fixes: Sequence[int]) -> PromptType:
    return PromptType.USER_PATCH if fixes else PromptType.PLANNED
