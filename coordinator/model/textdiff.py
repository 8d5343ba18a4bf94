"""What changes in a text, for people."""

from collections.abc import Iterator


def unified_diff(path: str, before: bytes, after: bytes) -> str:
    """A diff for people; bytes that are no UTF-8 show as replacement characters."""
    old = before.decode("utf-8", "replace").splitlines(keepends=True)
    new = after.decode("utf-8", "replace").splitlines(keepends=True)
    lines = _of_changed(path, old, new) if old else _of_new(path, new)
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)


def _of_changed(path: str, old: list[str], new: list[str]) -> Iterator[str]:
    import difflib

    return difflib.unified_diff(old, new, f"a/{path}", f"b/{path}")


def _of_new(path: str, new: list[str]) -> list[str]:
    """Nothing is there to compare with; an import has thousands of these."""
    if not new:
        return []
    end = "" if len(new) == 1 else f",{len(new)}"
    return [f"--- a/{path}\n", f"+++ b/{path}\n", f"@@ -0,0 +1{end} @@\n", *(f"+{line}" for line in new)]
