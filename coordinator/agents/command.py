"""Any program as an agent: `command: [...]` of the settings, what it is told on its standard input."""

from pathlib import Path

from coordinator.agents.runtime import Command, Job, Runtime
from coordinator.errors import CoordError


class CommandRuntime(Runtime):
    """The words are passed as they are, except that `{model}` as a word of its own becomes the prompt's model."""

    def __init__(self, name: str, words: tuple[str, ...]) -> None:
        self.name = name
        self.words = words

    def command(self, job: Job) -> Command:
        """The configured words; CoordError when there are none or the program is not there."""
        missing = self.absent(job.worktree)
        if missing is not None:
            raise missing
        words = tuple(job.model or "" if word == "{model}" else word for word in self.words)
        return Command(words, stdin=job.prompt_file)

    def absent(self, root: Path) -> CoordError | None:
        """Without words there is nothing to run; a program is on PATH, or a file below `root`."""
        if not self.words:
            return CoordError(f"the agent `{self.name}` has an empty command", "give it a command in .coord/coord.yaml")
        from shutil import which

        program = self.words[0]
        if which(program) is None and not (root / program).is_file():
            return CoordError(f"the agent `{self.name}` can't be run: {program} is not installed", f"install {program}")
        return None
