"""The agents in windows that coord did not open: found by the setting `adopt`, told by what their screens show."""

import time
from contextlib import suppress
from pathlib import Path

from coordinator.agents.rate_limits import COUNTED_WITHIN, reset_time
from coordinator.agents.registry import known_runtime, packaged_runtimes
from coordinator.agents.runtime import Runtime
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import replace
from coordinator.model.adoption import ADOPTED, Pattern, agent_id, number_in_window
from coordinator.model.snapshot import Agent, AgentState
from coordinator.terminals.foreign_server import Elsewhere, Pane, program_in

_RENEWED = 20.0
"""Seconds after which an agent in the same state counts as newly seen: looking often at it makes no news."""


class Adopted:
    """Looks at the windows of these patterns, and remembers them. Belongs to one thread."""

    def __init__(self, root: Path, patterns: tuple[Pattern, ...]) -> None:
        self.patterns = patterns
        self._root = str(root)
        self._clis = {
            runtime.needs.program: runtime
            for name in packaged_runtimes()
            if (runtime := known_runtime(name)) is not None and runtime.needs is not None
        }
        self._known: dict[str, Agent] = {}

    def look(self) -> tuple[Agent, ...]:
        """Their agents now, by server and window. A server that is not there, or does not answer, has none."""
        found: list[Agent] = []
        for server in sorted({pattern.server for pattern in self.patterns}):
            with suppress(CoordError):
                found += self._look_at(server, time.time())
        self._known = {agent.id: agent for agent in found}
        return tuple(found)

    def _look_at(self, server: str, now: float) -> list[Agent]:
        place = Elsewhere(server)
        chosen = [(pane, program_in(pane, self._clis)) for pane in self._chosen(place)]
        screens = place.screens([pane.id for pane, program in chosen if program in self._clis])
        agents = []
        for pane, program in chosen:
            screen = screens.get(pane.id)
            shown = screen.plain() if screen is not None else ""
            agents.append(self._renewed(_agent(server, pane, program, self._clis.get(program), shown, now), now))
        return agents

    def _chosen(self, place: Elsewhere) -> list[Pane]:
        """A pane for each window that is wanted: one with an agent's CLI, else the active one."""
        windows: dict[str, Pane] = {}
        for pane in place.panes():
            best = windows.get(pane.window)
            if self._wanted(place, pane) and (best is None or self._rank(pane) > self._rank(best)):
                windows[pane.window] = pane
        return sorted(windows.values(), key=lambda pane: int(pane.window[1:]))

    def _wanted(self, place: Elsewhere, pane: Pane) -> bool:
        """Named by a pattern, alive, no window of this project, and not the very pane that we run in."""
        named = any(pattern.fits(pane.session, pane.name) for pattern in self.patterns)
        return named and not pane.dead and pane.mark.get("root") != self._root and not place.holds(pane.id)

    def _rank(self, pane: Pane) -> tuple[bool, bool]:
        return program_in(pane, self._clis) in self._clis, pane.active

    def _renewed(self, agent: Agent, now: float) -> Agent:
        before = self._known.get(agent.id)
        if before is None or now - before.observed_at > _RENEWED:
            return agent
        if abs((agent.resets_at or 0.0) - (before.resets_at or 0.0)) <= COUNTED_WITHIN:
            agent = replace(agent, resets_at=before.resets_at)
        return before if replace(agent, observed_at=before.observed_at) == before else agent


def _agent(server: str, pane: Pane, program: str, runtime: Runtime | None, shown: str, now: float) -> Agent:
    said = runtime.seen(shown) if runtime is not None and shown else None
    return Agent(
        id=agent_id(server, pane.window),
        role=ADOPTED,
        prompt=number_in_window(pane.name),
        attempt=0,
        runtime=runtime.name if runtime is not None else program,
        state=said.state if said is not None else AgentState.UNKNOWN,
        evidence="screen" if said is not None else "output",
        observed_at=now if said is not None else pane.output_at,
        since="",
        window=pane.window,
        pane=pane.id,
        doing=said.doing if said is not None else "",
        resets_at=reset_time(said, now) if said is not None else None,
        server=server,
        name=f"{pane.session}:{pane.name}",
    )
