"""Any program as an agent: `command: [...]` of the settings, what it is told on its standard input."""

import shutil

from coordinator.agents.runtime import Command, Job, Runtime
from coordinator.errors import CoordError


class CommandRuntime(Runtime):
    """The words are passed as they are, except that `{model}` as a word of its own becomes the prompt's model."""

    def __init__(self, name: str, words: tuple[str, ...]) -> None:
        self.name = name
        self.words = words

    def command(self, job: Job) -> Command:
        """The configured words; CoordError when there are none or the program is not there."""
        if not self.words:
            raise CoordError(f"the agent `{self.name}` has an empty command", "give it a command in .coord/coord.yaml")
        program = self.words[0]
        found = shutil.which(program, path=None) or (program if (job.worktree / program).is_file() else None)
        if found is None:
            raise CoordError(f"the agent `{self.name}` can't be run: {program} is not installed", f"install {program}")
        words = tuple(job.model or "" if word == "{model}" else word for word in self.words)
        return Command(words, stdin=job.prompt_file)
