"""The runtime without a model: a shell script per prompt, `.coord/scripts/NN.sh`. For demos, tests and chores.

A prompt without a script of its own is given to `default.sh`, where the project has one.
"""

from coordinator.agents.runtime import Command, Job, Runtime
from coordinator.errors import CoordError


class Scripted(Runtime):
    name = "scripted"

    def command(self, job: Job) -> Command:
        """Run the prompt's script in the worktree, what an agent would be told on its standard input."""
        own = job.coord / "scripts" / f"{job.prompt.label}.sh"
        script = own if own.is_file() else own.with_name("default.sh")
        if not script.is_file():
            raise CoordError(
                f"prompt {job.prompt.label} has no script: {own}",
                f"write {own.name}, or a default.sh for all, or give the prompt another `agent`",
            )
        return Command(("sh", str(script)), stdin=job.prompt_file)


RUNTIME: Runtime = Scripted()
