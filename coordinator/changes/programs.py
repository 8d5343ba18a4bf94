"""Which programs a repository's settings would have git run, and which of them the engineer knows of.

What system and user settings name is the engineer's. An agent that is the engineer's own user can write the
repository's settings: of those only what was in them when the loop began counts, and is kept beside them in a record.
Whatever came later is a stranger: git of ours runs with it switched off, and lands nothing that it would have a say in.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from coordinator.formats.digest import sha256
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, field
from coordinator.safefiles.regular import read_part, replace_file

RECORD = "coord-programs.json"
_LIMIT = 1 << 20
_PROGRAMS = regex.compile(
    r"core\.(sshcommand|gitproxy|alternaterefscommand|hookspath)"
    r"|filter\..*\.(clean|smudge|process)|merge\..*\.driver|credential\.(.*\.)?helper"
    r"|gpg\.(.*\.)?(program|defaultkeycommand)|protocol\..*"
    r"|remote\..*\.(uploadpack|receivepack|vcs|url|pushurl|promisor)|url\..*\.(insteadof|pushinsteadof)",
    re.DOTALL,
)
"""Settings by which git of ours would run a program. Others are off always: see `coordinator.changes.command`."""
_OFF = (
    (regex.compile(r"filter\..*\.(clean|smudge|process)", re.DOTALL), ""),
    (regex.compile(r"merge\..*\.driver", re.DOTALL), "false"),
    (regex.compile(r"core\.sshcommand"), "ssh"),
    (regex.compile(r"core\.alternaterefscommand"), "true"),
    (regex.compile(r"gpg\.(.*\.)?(program|defaultkeycommand)", re.DOTALL), "false"),
    (regex.compile(r"remote\..*\.uploadpack", re.DOTALL), "git-upload-pack"),
    (regex.compile(r"remote\..*\.receivepack", re.DOTALL), "git-receive-pack"),
    (regex.compile(r"remote\..*\.promisor", re.DOTALL), "false"),
)
"""What a setting is given instead where the engineer has none of it."""
_CONDITION = regex.compile(r"includeif\..*\.path", re.DOTALL)
_IN_A_CHECKOUT = regex.compile(r"filter\..*\.(clean|smudge|process)|merge\..*\.driver", re.DOTALL)
"""Settings whose programs git runs in a checkout."""
_LOOK_AROUND = frozenset(
    ("npx", "npm", "pnpm", "yarn", "bunx", "bun", "deno", "make", "just", "bundle", "rake", "poetry", "uv", "cargo")
)
"""Programs that run what the folder says they are started in."""
_PYTHON = regex.compile(r"(?:.*/)?(?:python|pypy)[0-9.]*")
HOOKS = ("post-checkout", "pre-push", "reference-transaction")
"""Hooks that commands of ours may run."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that names a program."""

    key: str
    value: str
    own: bool
    """Of the engineer's system, account or command line, not of the repository."""


@dataclass(frozen=True, slots=True)
class Include:
    """A file that settings include."""

    file: str
    """Which includes it; relative to the checkout, or absolute."""
    path: str
    own: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What was there when the loop began."""

    settings: frozenset[tuple[str, str]]
    hooks: Mapping[str, str] = field(default_factory=dict)
    """Name → digest."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A repository's programs, as git of ours is to take them."""

    strangers: tuple[str, ...] = ()
    """Settings that came since the loop began."""
    words: tuple[str, ...] = ()
    """Options for git that switch those off."""
    hooks: str = ""
    """Folder of the engineer's hooks as its settings name it; empty: the repository's own."""
    known: Known | None = None


def parse(fields: Sequence[str]) -> tuple[list[Setting], list[str]]:
    """Read `git config --list --show-scope --show-origin -z`: settings that name programs, and the files read."""
    found, files = [], []
    for scope, origin, pair in zip(fields[0::3], fields[1::3], fields[2::3], strict=False):
        if origin.startswith("file:") and origin[5:] not in files:
            files.append(origin[5:])
        key, _, value = pair.partition("\n")
        if (scope, value) == ("command", "/dev/null"):
            continue  # our own word: no hooks
        if _PROGRAMS.fullmatch(key):
            found.append(Setting(key, value, scope in ("system", "global", "command")))
    return found, files


def includes(fields: Sequence[str]) -> list[Include]:
    """Of the same listing: what is included on a condition, which may hold in a checkout that isn't there yet."""
    found = []
    for scope, origin, pair in zip(fields[0::3], fields[1::3], fields[2::3], strict=False):
        key, _, value = pair.partition("\n")
        if _CONDITION.fullmatch(key) and origin.startswith("file:"):
            found.append(Include(origin[5:], value, scope in ("system", "global")))
    return found


def parse_included(fields: Sequence[str], file: str, own: bool) -> tuple[list[Setting], list[Include]]:
    """Read `git config --file … --list --no-includes -z`: settings that name programs, and what else it includes."""
    pairs = [(key, value) for key, _, value in (field.partition("\n") for field in fields)]
    settings = [Setting(key, value, own) for key, value in pairs if _PROGRAMS.fullmatch(key)]
    further = [Include(file, value, own) for key, value in pairs if key == "include.path" or _CONDITION.fullmatch(key)]
    return settings, further


def guard(settings: Iterable[Setting], known: Known | None) -> Guarded:
    """Tell apart what is the engineer's and what isn't; everything is while no loop has begun yet."""
    settings = list(settings)
    ours = [one for one in settings if one.own or known is None or (one.key, one.value) in known.settings]
    strangers = [one for one in settings if one not in ours]
    values = {one.key: one.value for one in ours}
    words: list[str] = []
    for key in dict.fromkeys(one.key for one in strangers):
        off = next((value for pattern, value in _OFF if pattern.fullmatch(key)), None)
        if off is not None:
            words += ("-c", f"{key}={values.get(key, off)}")
        if key.startswith("filter."):
            words += ("-c", f"{key.rpartition('.')[0]}.required=false")
        if key.startswith("protocol."):
            words += ("-c", f"protocol.ext.allow={values.get('protocol.ext.allow', 'never')}")
    if any(one.key.startswith("credential.") for one in strangers):
        words += ("-c", "credential.helper=")  # an empty one drops all before it
        words += [
            part for one in ours if one.key.startswith("credential.") for part in ("-c", f"{one.key}={one.value}")
        ]
    names = tuple(dict.fromkeys(one.key for one in strangers))
    return Guarded(names, tuple(words), values.get("core.hookspath", ""), known)


def of_the_checkout(settings: Iterable[Setting], top: Path) -> tuple[Setting, ...]:
    """Those that would have git run what lies in the checkout it works on: there that is whatever was committed."""
    found = (one for one in settings if _IN_A_CHECKOUT.fullmatch(one.key) and _runs_what_is_there(one.value, top))
    return tuple(dict.fromkeys(found))


def _runs_what_is_there(command: str, top: Path) -> bool:
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    words = [word for word in words if not re.match(r"[A-Za-z_]\w*=", word)]
    if not words:
        return False
    name = words[0].rpartition("/")[2]
    if name in _LOOK_AROUND:
        return True
    if _PYTHON.fullmatch(words[0]) and "-m" in words:  # the folder it is started in comes first in its path
        return not any(re.fullmatch(r"-[a-zA-Z]*[PI][a-zA-Z]*", word) for word in words[1 : words.index("-m")])
    inside = [word for word in words if word[:1] not in ("/", "~", "-", "%", "$")]
    return (words[0] in inside and "/" in words[0]) or any((top / word).is_file() for word in inside[1:])


def strange_hooks(guarded: Guarded, folder: Path) -> tuple[str, ...]:
    """Hooks that we would run, and that came or changed since the loop began."""
    if guarded.known is None:
        return ()
    return tuple(name for name, digest in digests(folder).items() if guarded.known.hooks.get(name) != digest)


def digests(folder: Path) -> dict[str, str]:
    """Name → digest of the hooks that are there."""
    found = {}
    for name in HOOKS:
        try:
            found[name] = sha256(read_part(folder / name, _LIMIT))
        except OSError:
            continue
    return found


def read_known(common: Path) -> Known | None:
    """The record of a repository; None where no loop has begun yet. An unreadable one knows nothing."""
    try:
        data = json.loads(read_part(common / RECORD, _LIMIT))
        return Known(frozenset((str(key), str(value)) for key, value in data["settings"]), dict(data["hooks"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        return Known(frozenset())


def write_known(common: Path, settings: Iterable[Setting], hooks: Mapping[str, str]) -> None:
    """Write the record. Raises OSError."""
    pairs = sorted({(one.key, one.value) for one in settings if not one.own})
    text = json.dumps({"settings": pairs, "hooks": dict(hooks)}, indent=1)
    replace_file(common / RECORD, text.encode("utf-8", "surrogateescape"))
