"""What changes in a text, for people."""


def unified_diff(path: str, before: bytes, after: bytes) -> str:
    """A diff for people; bytes that are no UTF-8 show as replacement characters."""
    import difflib

    old = before.decode("utf-8", "replace").splitlines(keepends=True)
    new = after.decode("utf-8", "replace").splitlines(keepends=True)
    lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}")
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
