"""Flows: files of instructions, each for a role, with what it may read, write and hand in. Pure."""

from coordinator.lazy.dataclass import dataclass

ROLES = ("planner", "executor", "verifier", "specialist", "stage")
"""Roles that a flow may be for, in the order in which they are listed."""
SPECIALIST = "specialist"
"""The role of which there may be many flows; the flow of that name says what holds for all of them."""
FILES = {
    "planner": "PLANNER.md",
    "executor": "EXECUTION.md",
    "verifier": "VERIFIER.md",
    "specialist": "SPECIALIST.md",
}
"""Role → the file with what holds for everybody who has it."""
PAGES = ("COORDINATION", "PROMPT_CURATION", "EMERGENT_SURGERY")
"""What the coordinator is told, in this order: files beside the flows, `NAME.md`, which are none."""
_NAMES = {"execution": "executor"}


@dataclass(frozen=True, slots=True)
class Flow:
    """A file under `flows/`, packaged or a project's own."""

    name: str
    """`planner`, `verifier`, `security`: its file's, in small letters."""
    role: str
    """One of `ROLES`."""
    body: str
    """What the agent is told, below the frontmatter."""
    path: str
    """For people: relative to the project's root, of a packaged one `flows/NAME.md`."""
    title: str = ""
    """Its first heading."""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    """Globs of what it may change; none: nothing."""
    outputs: tuple[str, ...] = ()
    """Files that it hands in."""
    resume: str = "fresh"
    """`session`: a further attempt goes on in the session of the one before."""
    agent: str = ""
    """Its agent CLI; empty: the project's."""
    model: str = ""
    own: bool = False
    """The project's, and not one that ships with coord."""

    @property
    def looks(self) -> bool:
        """It is one that looks at the whole after a round, beside the Verifier."""
        return self.role == SPECIALIST and self.name != SPECIALIST

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "role": self.role,
            "title": self.title,
            "path": self.path,
            "own": self.own,
            "agent": self.agent or None,
            "model": self.model or None,
            "resume": self.resume,
            "reads": list(self.reads),
            "writes": list(self.writes),
            "outputs": list(self.outputs),
        }


def name_of(file: str) -> str:
    """The name of the flow that a file is: `security` for `SECURITY.md`, `executor` for `EXECUTION.md`."""
    stem = file.removesuffix(".md").casefold()
    return _NAMES.get(stem, stem)
