"""A source that notes what is done through it, as words of `coord`."""

from collections.abc import Callable

from coordinator.client.ports import Source
from coordinator.lazy.typing import Any, NamedTuple, cast


class Noted(NamedTuple):
    """Something that was done."""

    command: str
    """As it is typed in a shell; empty where no single command does the same."""
    about: str
    """A sentence on what was done."""


def noting(source: Source, note: Callable[[Noted], None]) -> Source:
    """The same source; `note` hears of whatever was done through it, in the thread that did it. What failed was not."""
    return cast(Source, _Noting(source, note))


class _Noting:
    def __init__(self, source: Source, note: Callable[[Noted], None]) -> None:
        self._source, self._note = source, note

    def __getattr__(self, name: str) -> Any:
        do = getattr(self._source, name)
        if name not in _DOES:
            return do

        def done(*given: Any) -> Any:
            from coordinator.client.command_words import of_call

            found = do(*given)
            command = of_call(name, given)
            if command is not None:
                self._note(Noted(str(command), _sentence(given, found)))
            return found

        return done


_DOES = frozenset(
    (
        *("apply", "answer", "permit", "tell", "ask_loop", "give_trust", "judge_finding", "run_witness"),
        *("accept_criterion", "link", "decide", "set_milestone", "comment", "run_command"),
    )
)
"""Methods that change something of the project: those of which `command_words` makes words."""


def _sentence(given: tuple[Any, ...], found: object) -> str:
    """What is said of it: the plan's own summary, else what the call told."""
    summary = getattr(given[0], "summary", "") if given else ""
    return str(summary or found or "")
