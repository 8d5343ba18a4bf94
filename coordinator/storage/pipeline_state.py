"""`pipeline-state.json` on disk: written whole or not at all, and never taken for what it can't be read as."""

from pathlib import Path

from coordinator.errors import CoordError
from coordinator.formats.pipeline_state import BadState, read_state, state_text
from coordinator.lazy.dataclass import replace
from coordinator.model.pipeline import STAGED, Position
from coordinator.storage.files import read_limited, write_atomic
from coordinator.storage.temp_files import sweep_stale_temps

STATE = "pipeline-state.json"
"""In the directory of an attempt at a prompt with a pipeline."""
TOLD = "pipeline-state.told.json"
"""Beside it: the last one that the log was told of."""
_LIMIT = 8 * 1024 * 1024


def load_state(directory: Path | str, name: str = STATE) -> Position | None:
    """Where the pipeline of an attempt stands; None before it began.

    One whose file can't be read is `broken`, in words: the file stays as it is until a human has looked.
    """
    try:
        text = read_limited(Path(directory) / name, _LIMIT).decode()
        position = read_state(text)
        if position.kind == STAGED and (wrong := _fault(position)):
            raise BadState(wrong)
        return position
    except FileNotFoundError:
        return None
    except (BadState, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, BadState) else "it is no text"
    except CoordError as error:
        why = error.message
    except OSError as error:
        why = error.strerror or str(error)
    return replace(Position(""), broken=why)


def _fault(position: Position) -> str:
    from coordinator.model.staged_turns import fault  # no other kind needs it

    return fault(position)


def write_state(directory: Path, position: Position, name: str = STATE) -> None:
    """Write where it stands, checked before it takes the place of what was there. CoordError, OSError."""
    try:
        data = state_text(position).encode()
    except BadState as error:
        raise CoordError(f"{name} can't be written: {error}", "report this with the file as it is") from error
    write_atomic(directory / name, data)


def drop_leftovers(directory: Path) -> None:
    """Remove what a killed writer left half-written beside it."""
    sweep_stale_temps(directory)
