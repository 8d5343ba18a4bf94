"""What a reviewer has written and not sent, and which files were looked at: `runs/reviews/07.json`, one a prompt."""

from collections.abc import Callable, Mapping
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.lazy.dataclass import asdict, dataclass, field
from coordinator.lazy.typing import Any
from coordinator.model.review_comment import Comment, comment_of
from coordinator.storage.files import make_folder
from coordinator.storage.locks import Lock
from coordinator.storage.paths import Layout, folder_within
from coordinator.storage.records import BadRecord, read_json, write_json


@dataclass(frozen=True, slots=True)
class Notes:
    """Of one prompt."""

    comments: tuple[Comment, ...] = ()
    viewed: Mapping[str, str] = field(default_factory=dict)
    """Path → digest of its part of the diff when it was marked."""


def read_notes(layout: Layout, number: int) -> Notes:
    """What was written about the change of a prompt; nothing where nobody wrote. Raises CoordError for a bad file."""
    place = _place(layout, number)
    try:
        values = read_json(str(place)) or {}
    except BadRecord as error:
        raise CoordError(f"{layout.rel(place)}: {error}", "correct it, or move it away") from None
    listed, viewed = values.get("comments"), values.get("viewed")
    found = [comment_of(raw) for raw in listed if isinstance(raw, dict)] if isinstance(listed, list) else []
    marks = viewed.items() if isinstance(viewed, dict) else ()
    return Notes(
        tuple(one for one in found if one is not None),
        {path: digest for path, digest in marks if isinstance(path, str) and isinstance(digest, str)},
    )


def change_notes(layout: Layout, number: int, change: Callable[[Notes], Notes]) -> Notes:
    """Write what becomes of the notes, which is returned; two writers at once lose nothing of each other."""
    place = _place(layout, number)
    make_folder(str(folder_within(layout, place.parent)))
    with Lock(place.parent / ".lock"):
        notes = change(read_notes(layout, number))
        values: dict[str, Any] = {"comments": [asdict(one) for one in notes.comments], "viewed": dict(notes.viewed)}
        write_json(place, values)
    return notes


def _place(layout: Layout, number: int) -> Path:
    return layout.runs / "reviews" / f"{number:02d}.json"
