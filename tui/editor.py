"""Handing the terminal to the engineer's editor, and taking it back."""

from textual.app import App, SuspendNotSupported

from coordinator.client.ports import Source
from coordinator.desktop.editor import edit_copy
from coordinator.errors import CoordError
from tui.messages import Failed


def edit_text(app: App[None], text: str, name: str) -> str | None:
    """The text as the editor left it; None when it was not changed, or the editor could not be used."""
    before = text.encode()
    try:
        with app.suspend():
            after = _edited(before, name)
    except SuspendNotSupported:
        app.post_message(Failed("This terminal can't be handed over to an editor.", "Write in the fields instead."))
        return None
    app.refresh(repaint=True)
    if isinstance(after, CoordError):
        app.post_message(Failed(after.message, after.remedy))
        return None
    try:
        return None if after == before else after.decode()
    except UnicodeDecodeError:
        app.post_message(Failed("The editor saved something that is not UTF-8; nothing was changed.", "Save as UTF-8."))
        return None


def edit_file(app: App[None], source: Source, path: str, line: int) -> None:
    """Let the editor work on a file of the project; what is wrong with it afterwards, the next look says."""
    found: CoordError | None = None
    try:
        with app.suspend():
            try:
                source.edit_file(path, line)
            except CoordError as error:
                found = error
            except Exception as error:
                found = CoordError(f"the editor could not be used: {error}", "nothing was changed")
    except SuspendNotSupported:
        found = CoordError("This terminal can't be handed over to an editor.", "Open the file in another one.")
    app.refresh(repaint=True)
    if found is not None:
        app.post_message(Failed(found.message, found.remedy))


def _edited(content: bytes, name: str) -> bytes | CoordError:
    """Raises nothing: whatever is raised while the app is suspended leaves the terminal unusable."""
    try:
        return edit_copy(content, name)
    except CoordError as error:
        return error
    except Exception as error:
        return CoordError(f"the editor could not be used: {error}", "nothing was changed")
