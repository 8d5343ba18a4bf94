"""Files of a project that the engineer refers to: how a name may go on, and what is in one."""

import os
from contextlib import suppress
from pathlib import Path

from coordinator.errors import CoordError, Refused
from coordinator.lazy import regex
from coordinator.model.text import clip, plain
from coordinator.safefiles.regular import read_part

_ENTRIES = 2000
"""Names of a folder that are looked at for a completion."""
_OFFERED = 50
LIMIT = 64 * 1024
"""Bytes of a file that are read."""
_PATIENCE = 5.0
"""Seconds that git gets to say whether it ignores a file."""
_SECRET = regex.compile(
    r"(?i)(?:\.env(?:\..*|rc)?|.*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ovpn)|id_(?:rsa|dsa|ecdsa|ed25519).*"
    r"|\.(?:netrc|npmrc|pypirc|pgpass|htpasswd|git-credentials)|_netrc|credentials(?:\.json)?|secrets?\.(?:ya?ml|json|toml))\Z"
)
"""Names under which secrets are kept, where git keeps them, too."""


def named_files(root: str, beginning: str) -> tuple[str, ...]:
    """Paths below a project that begin so, folders with a slash at their end; some of them where there are many.

    Nothing outside of the project, and nothing hidden unless its dot was typed.
    """
    folder, _, start = beginning.rpartition("/")
    place = os.path.realpath(os.path.join(root, folder))
    if os.path.isabs(folder) or os.path.commonpath([place, os.path.realpath(root)]) != os.path.realpath(root):
        return ()
    found: list[str] = []
    with suppress(OSError), os.scandir(place) as entries:
        for _, entry in zip(range(_ENTRIES), entries, strict=False):
            shown = entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith("."))
            if shown and entry.name.isprintable():
                path = f"{folder}/{entry.name}" if folder else entry.name
                found.append(f"{path}/" if entry.is_dir() else path)
    return tuple(sorted(found)[:_OFFERED])


def text_of(root: Path, path: str) -> str:
    """The beginning of a text file that git does not ignore; untrusted. Never waits for the file.

    Refused for what is no such file of the project: elsewhere, behind a link, ignored, named like a place for secrets.
    """
    name = os.path.basename(path)
    if not path or "\0" in path or os.path.isabs(path) or os.path.normpath(path) != path or path.startswith(".."):
        raise _refused(path, "is no file of the project")
    if _SECRET.match(name) is not None:
        raise _refused(path, "has a name under which secrets are kept")
    here = os.path.realpath(root)
    if os.path.realpath(os.path.join(here, path)) != os.path.join(here, path):
        raise _refused(path, "lies behind a link")
    if not os.path.lexists(os.path.join(here, path)):
        raise _refused(path, "is not there")
    if path not in _listed(root, path):
        raise _refused(path, "is ignored by git, or none of its files")
    try:
        data = read_part(os.path.join(here, path), LIMIT, follow=False)
    except OSError:
        raise _refused(path, "can't be read as a file") from None
    if b"\0" in data:
        raise _refused(path, "is no text")
    return data.decode("utf-8", "replace")


def _listed(root: Path, path: str) -> tuple[str, ...]:
    """What git knows of that path, or would take if it were added."""
    from coordinator.changes.git import Git

    asked = ("ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", path)
    try:
        return tuple(Git(root).run("--literal-pathspecs", *asked, seconds=_PATIENCE).fields)
    except CoordError:
        return ()


def _refused(path: str, why: str) -> Refused:
    return Refused(f"{clip(plain(path), 100)} {why}", "name a text file that git does not ignore")
