"""The file of a pipeline: its stations, a line each, and words for people."""

from collections.abc import Callable, Sequence

from coordinator.formats.flat_yaml import Nested, Value
from coordinator.formats.flow_text import title_of
from coordinator.formats.frontmatter import parse, split
from coordinator.formats.prompt_schema import MODEL_REMEDY, BadValue, is_agent, is_model, seconds_of
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.pipeline import STAGED, STATIONS, Pipeline, Station
from coordinator.model.problem import Problem
from coordinator.model.text import clip, plain
from coordinator.model.work import is_flow_name, is_station_name

_KEYS = ("stations", "kind")
_KINDS = (STATIONS, STAGED)
_MOST_STATIONS, _MOST_ROUNDS, _MOST_RETRIES = 40, 20, 5
_YES = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_LINE = "write `FLOW`, then what is special about it, such as `model=opus loop=implementer rounds=3`"


class PipelineFile(NamedTuple):
    """What a file says."""

    pipeline: Pipeline | None
    """None: it can't be one."""
    problems: tuple[Problem, ...] = ()


class _Bad(Exception):
    """What is wrong with a station, and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


def read(data: bytes, path: str, name: str, *, own: bool = False) -> PipelineFile:
    """A pipeline from its file; never raises. Whether there are such flows is not asked here."""
    front, parts = parse(data, path), split(data, path)
    if isinstance(front, Problem) or isinstance(parts, Problem):
        problem = front if isinstance(front, Problem) else parts
        assert isinstance(problem, Problem)
        return PipelineFile(None, (problem,))
    kind, lines = _word(front.values.get("kind")) or STATIONS, front.lines
    problems = [_unknown(path, lines[key], key, _KEYS, "a pipeline") for key in front.values if key not in _KEYS]
    listed = _listed(front.values.get("stations"))
    stations: tuple[Station, ...] = ()
    if kind not in _KINDS:
        message = f"there is no kind `{_shown(kind)}` of pipeline"
        problems.append(Problem(path, lines["kind"], "bad-kind", message, f"one of {', '.join(_KINDS)}"))
    elif kind == STAGED:
        if listed:
            message = "a staged pipeline has stages of its own, and no stations"
            problems.append(Problem(path, lines["stations"], "bad-station", message, "leave one of the two out"))
    else:
        stations, found = _stations(listed, path, _places(parts.text, lines.get("stations", 1), len(listed)))
        problems += found
    if any(not problem.warning for problem in problems):
        return PipelineFile(None, tuple(problems))
    body = parts.text[parts.body :]
    return PipelineFile(Pipeline(name, kind, stations, title_of(body, name), body, path, own), tuple(problems))


def _places(text: str, first: int, count: int) -> list[int]:
    """The line of the list and that of each of its items, 1-based; of items that share a line, that one."""
    lines = text.splitlines()[first:]
    found = [first + place for place, line in enumerate(lines, 1) if line.lstrip().startswith("- ")][:count]
    return [first, *(found if len(found) == count else [first] * count)]


def _stations(listed: Sequence[str], path: str, places: Sequence[int]) -> tuple[tuple[Station, ...], list[Problem]]:
    """The stations of these texts, and what is wrong with them, each at its line."""
    first = places[0]
    if not 0 < len(listed) <= _MOST_STATIONS:
        message = "it has no stations" if not listed else f"it has more than {_MOST_STATIONS} stations"
        return (), [Problem(path, first, "no-stations", message, "list them below `stations:`, a `- FLOW` each")]
    stations: list[Station] = []
    problems = []
    for place, line in enumerate(listed, 1):
        try:
            stations.append(_station(line, stations))
        except _Bad as bad:
            problems.append(Problem(path, places[place], "bad-station", bad.message, bad.remedy))
    if not problems and not any(station.enabled for station in stations):
        problems.append(Problem(path, first, "no-stations", "none of its stations is enabled", "enable one of them"))
    return tuple(stations), problems


def _station(line: str, before: Sequence[Station]) -> Station:
    """A station from its line: the flow, then words such as `rounds=3`. Raises _Bad."""
    flow, *words = line.split() or [""]
    if not is_flow_name(flow):
        raise _Bad(f"`{_shown(flow)}` can be no flow", _LINE)
    given: dict[str, Any] = {}
    for word in words:
        key, mark, text = word.partition("=")
        if not mark or key not in _READERS:
            raise _Bad(f"`{_shown(word)}` says nothing of a station", _nearest(key, tuple(_READERS), _LINE))
        if key in given:
            raise _Bad(f"`{key}=` stands twice", "leave one of them out")
        given[key] = _READERS[key](key, text)
    station = Station(**{"name": flow, "flow": flow, **given})
    _check(station, given, before)
    return station


def _check(station: Station, given: dict[str, Any], before: Sequence[Station]) -> None:
    """Refuse what a single word can't show."""
    if not is_station_name(station.name):
        raise _Bad(f"no station can be called `{_shown(station.name)}`", "give it another name: `name=review`")
    if station.name.casefold() in {other.name.casefold() for other in before}:
        raise _Bad(f"there is a station `{station.name}` before it already", "give it a name: `name=second-look`")
    if station.loop and station.loop not in {other.name for other in before}:
        raise _Bad(
            f"loop: there is no station `{_shown(station.loop)}` before it",
            _nearest(station.loop, [other.name for other in before], "name one of the stations before it"),
        )
    if "rounds" in given and not station.loop:
        raise _Bad("rounds: it goes back to nobody", "say to which station: `loop=STATION`")


def _name_word(key: str, text: str) -> str:
    if not text:
        raise _Bad(f"{key}: nothing is named", f"write `{key}=NAME`, or leave it out")
    return text


def _agent(key: str, text: str) -> str:
    if not is_agent(text):
        raise _Bad(f"{key}: `{_shown(text)}` is no name of an agent", "write a name such as claude or codex")
    return text


def _model(key: str, text: str) -> str:
    if not is_model(text):
        raise _Bad(f"{key}: `{_shown(text)}` is no name of a model", MODEL_REMEDY)
    return text


def _enabled(key: str, text: str) -> bool:
    if text.casefold() not in _YES:
        raise _Bad(f"{key}: `{_shown(text)}` is not yes or no", "write `enabled=no`, or leave it out")
    return _YES[text.casefold()]


def _timeout(key: str, text: str) -> float:
    try:
        seconds = seconds_of(text)
    except BadValue as bad:
        raise _Bad(f"{key}: {bad.message}", bad.remedy) from None
    if seconds is None:
        raise _Bad(f"{key}: no duration is given", "write seconds, such as 900, or 15m")
    return seconds


def _whole(least: int, most: int) -> Callable[[str, str], int]:
    def read_whole(key: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 4 and least <= int(text) <= most):
            raise _Bad(f"{key}: `{_shown(text)}` is no number from {least} to {most}", f"write `{key}={least}` or more")
        return int(text)

    return read_whole


_READERS: dict[str, Callable[[str, str], Any]] = {
    "name": _name_word,
    "agent": _agent,
    "model": _model,
    "enabled": _enabled,
    "timeout": _timeout,
    "retries": _whole(0, _MOST_RETRIES),
    "loop": _name_word,
    "rounds": _whole(1, _MOST_ROUNDS),
}
"""Words of a station → what reads them; all of them are fields of `Station`."""


def _unknown(path: str, line: int, key: str, known: Sequence[str], of: str) -> Problem:
    message = f"`{_shown(key)}` says nothing in {of}"
    return Problem(
        path, line, "unknown-key", message, _nearest(key, known, f"it may have {', '.join(known)}"), warning=True
    )


def _nearest(key: str, known: Sequence[str], otherwise: str) -> str:
    from difflib import get_close_matches

    nearest = get_close_matches(key, known, 1)
    return f"did you mean `{nearest[0]}`?" if nearest else otherwise


def _listed(value: Value | None) -> tuple[str, ...]:
    if isinstance(value, Nested):
        return (str(value),)
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    return tuple(value or ())


def _word(value: Value | None) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _shown(text: str) -> str:
    return clip(plain(text), 40)
