"""Projects on paper: prompt files in memory, snapshots of them, and plans applied to them."""

from collections.abc import Mapping

from support.build import BODY, snapshot

from coordinator.formats.prompt_names import render_new
from coordinator.formats.prompt_text import parse_prompt
from coordinator.model.plan import Plan
from coordinator.model.prompt import Prompt
from coordinator.model.round import Round
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt
from coordinator.storage.files import sha256

ALIGNMENT = ".coord/alignment.md"


class Paper:
    """Files by path, as the disk would hold them."""

    def __init__(self, *, settings: Settings | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.attempts: dict[int, Attempt] = {}
        self.settings = settings or Settings()
        self.round: Round | None = None
        self.highest = 0

    def add(self, number: int, *dependencies: int, title: str = "", **values: object) -> "Paper":
        """Add a prompt file; `values` are further frontmatter values."""
        title = title or f"Prompt {number}"
        more: dict[str, object] = dict(values)
        known = {k: more.pop(k) for k in ("type", "status", "priority", "patches_prompts") if k in more}
        content = render_new(
            number=number,
            title=title,
            body=BODY,
            dependencies=dependencies,
            more=more,  # type: ignore[arg-type]
            **known,  # type: ignore[arg-type]
        )
        self.files[f".coord/prompts/{number:02d}-planned-x.prompt.md"] = content
        return self

    def put(self, name: str, content: bytes) -> "Paper":
        self.files[f".coord/prompts/{name}"] = content
        return self

    def attempt(self, attempt: Attempt) -> "Paper":
        self.attempts[attempt.prompt] = attempt
        return self

    def path_of(self, number: int) -> str:
        return self.prompts()[number].path

    def prompts(self) -> Mapping[int, Prompt]:
        found = [parse_prompt(data, path) for path, data in sorted(self.files.items()) if path != ALIGNMENT]
        assert all(isinstance(prompt, Prompt) for prompt in found), found
        return {prompt.number: prompt for prompt in found if isinstance(prompt, Prompt)}

    def snapshot(self) -> Snapshot:
        prompts = self.prompts()
        documents = {ALIGNMENT: self.files[ALIGNMENT]} if ALIGNMENT in self.files else {}
        self.highest = max(self.highest, *prompts, 0)
        return snapshot(
            prompts.values(),
            self.attempts.values(),
            settings=self.settings,
            round=self.round,
            project="paper",
            documents=documents,
            highest_number=self.highest,
        )

    def apply(self, plan: Plan) -> None:
        """What applying does to files: checked against what the plan was made for."""
        for edit in plan.edits:
            there = self.files.get(edit.path)
            assert (None if there is None else sha256(there)) == edit.before, edit.path
        for edit in plan.edits:
            if edit.change == "delete":
                del self.files[edit.path]
            else:
                self.files[edit.path] = edit.content
