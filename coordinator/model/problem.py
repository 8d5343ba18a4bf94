"""What is wrong with an input file, where, and what to do."""

from coordinator.lazy.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding of the reader or of the graph; the work it concerns waits, all other work goes on."""

    path: str
    """Relative to the project root; safe to print (control characters and undecodable bytes escaped)."""
    line: int
    """1-based; 0 when the file as a whole is meant."""
    code: str
    """Stable, kebab-case: `empty`, `no-frontmatter`, `bad-yaml`, `duplicate-number`, `cycle`, …"""
    message: str
    remedy: str
    numbers: tuple[int, ...] = ()
    """Prompts concerned, where known."""
    warning: bool = False
    """Nothing waits for it."""

    def to_json(self) -> dict[str, object]:
        where: dict[str, object] = {"path": self.path, "line": self.line, "code": self.code}
        told = where | {"message": self.message, "remedy": self.remedy}
        return told | {"warning": True} if self.warning else told
