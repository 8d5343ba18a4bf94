"""Secrets taken out of text before it is written down or told to a model. Pure: the caller reads the environment.

What counts as a secret: values of environment variables whose names say so; what has the form of a key, a token, a
private key, a log-in in a URL or an `Authorization` header; the keys of many services, whose forms are given as rules;
and what stands under a name that says so (`named`). In its place stands `[redacted:NAME]`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Any
from coordinator.secrets.named import is_named, may_be_named, named, without_named

SHORTEST = 8
"""Characters of the shortest value that is taken for a secret: `1`, `true` and `dummy` stay readable."""

_ROUNDS = 8
_DEEPEST = 100
_NAME = regex.compile(
    r"(?:^|_)(?:AUTH|BEARER|CREDENTIALS?|PASS|PASSPHRASE|PAT)(?:_|$)|(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)S?(?:_|$)",
    re.IGNORECASE,
)
_ORDINARY = regex.compile(
    r"(?:~|\.{0,2})/[^\s:@]*|https?://[^\s@?]*|[0-9.]{1,15}|(.)\1*|enabled|disabled|required|optional", re.IGNORECASE
)
_MARK = r"\[redacted:[A-Za-z0-9_.-]+\]"
_PEM = r"PRIVATE KEY(?: BLOCK)?-----"
_WORDS = r"[^\n|;&]{0,200}?\s"
"""What may stand between a program and its option."""
_PATTERNS = {
    "private_key": (
        rf"-----BEGIN [A-Z0-9 ]*{_PEM}(?:(?!-----END)[\s\S])*(?:-----END [A-Z0-9 ]*{_PEM})?"
        r"|(?<=Private-Lines: )\d{1,4}\s+(?:[A-Za-z0-9+/=]{4,}\s*)+"
    ),
    "anthropic_key": r"(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{8,}",
    "api_key": r"(?<![A-Za-z0-9])[sr]k[-_](?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{20,}",
    "github_token": r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    "gitlab_token": r"(?<![A-Za-z0-9])glpat-[A-Za-z0-9_.-]{16,}",
    "aws_key": r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    "google_key": r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{30,}",
    "slack_token": r"(?<![A-Za-z0-9])xox[a-z]-[A-Za-z0-9-]{10,}",
    "service_token": (
        r"(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{40,}|ya29\.[A-Za-z0-9_-]{20,})"
    ),
    "jwt": r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "authorization": (
        r"(?i:authorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token)\s+[^\s\"'\[\]]{6,}"
        r"|(?:[a-z][a-z0-9-]{1,30}\s+)?(?=[a-z_=/+.-]{0,200}[0-9])[^\s\"'()\[\]{}<>$]{16,}))"
    ),
    "auth": (
        r"(?:(?<![A-Za-z0-9])_auth\s{0,3}=\s{0,3}[\"']?|[\"']auth\\?[\"']\s{0,3}:\s{0,3}\\?[\"'])"
        r"(?P<auth_value>(?=[A-Za-z+/]{0,200}[0-9=])[A-Za-z0-9+/]{12,}={0,2})"
    ),
    "cookie": (
        r"(?i:\bcookie[\"']?\s{0,3}:\s{0,3})[\"']?"
        r"(?P<cookie_value>[\w.-]{1,80}=(?=[^\n\"']{0,400}[A-Za-z0-9+/_%.-]{16})[^\n\"'\[\]]{16,})"
    ),
    "argument": (
        rf"\b(?:curl\b{_WORDS}(?:-u|--user|--proxy-user)[\s=]{{0,3}}[\"']?[^\s:\"'@]{{1,100}}:|sshpass\s+-p\s{{0,3}}[\"']?"
        rf"|(?:docker|podman|helm\s+registry)\s+login\b{_WORDS}-p[\s=]{{0,3}}[\"']?|(?:mysql\w*|mariadb)\b{_WORDS}-p[\"']?"
        rf"|ssh-keygen\b{_WORDS}-[NP]\s{{0,3}}[\"']?|redis-cli\b{_WORDS}-a\s+[\"']?"
        r"|machine\s+\S{1,200}\s+login\s+\S{1,200}\s+password\s+)"
        r"(?P<argument_value>(?!redacted:)[^\s\"'$<>{}()\[\]*|;&-][^\s\"'\[\]|;&]{3,})"
    ),
    "bearer": r"(?i:\bbearer)\s+(?=[A-Za-z._~+/=-]{0,200}[0-9])[A-Za-z0-9._~+/=-]{16,}",
    "login": r"://[^\s/@:\[\]]{0,200}:[^\s/@\[\]]{1,400}@",
    "parameter": (
        r"(?<=[?&;])(?i:(?:[a-z_-]{0,30}(?:password|passwd|pwd|token|secret|api_?key|access_?key))=[^\s&#\"'<>\[\]]{3,}"
        r"|(?:sig|[a-z-]{0,30}signature)=[^\s&#\"'<>\[\]]{16,})"
    ),
}
_SHORTEST_KEY = 16
_LONG = regex.compile(rf"[a-z0-9_=+~-]{{{_SHORTEST_KEY}}}")
_SIGNS: dict[str, tuple[str, ...]] = {
    "mark": ("[redacted:",),
    "private_key": ("-----BEGIN", "Private-Lines"),
    "anthropic_key": ("sk-ant-",),
    "api_key": ("sk-", "sk_", "rk-", "rk_"),
    "github_token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "gitlab_token": ("glpat-",),
    "aws_key": ("AKIA", "ASIA"),
    "google_key": ("AIza",),
    "slack_token": ("xox",),
    "service_token": ("hf_", "npm_", "pypi-", "ya29."),
    "jwt": ("eyJ",),
    "auth": ("_auth", '"auth', "'auth"),
    "argument": ("curl", "sshpass", "login", "mysql", "mariadb", "ssh-keygen", "redis-cli"),
    "login": ("://",),
}
"""What a text has in it where a pattern of that name finds something."""
_SIGNS_LOWER = {"authorization": "authorization", "cookie": "cookie", "bearer": "bearer"}
"""The same, for patterns that don't tell capital letters from small ones."""


def secrets_of(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Name and value of the variables that hold secrets, the longest value first.

    Paths, plain addresses, small numbers and short values are none, whatever their variable is called.
    """
    found: dict[str, str] = {}
    for name, value in environ.items():
        value = value.strip()
        if len(value) >= SHORTEST and _NAME.search(name) and not _ORDINARY.fullmatch(value):
            found.setdefault(value, re.sub(r"[^A-Za-z0-9_]", "_", name))
            found.setdefault(" ".join(value.split()), found[value])
    return tuple(sorted(((name, value) for value, name in found.items()), key=lambda item: (-len(item[1]), item)))


class Rule:
    """What the keys of one service look like. Compiled when a text has one of its words, which few ever do."""

    def __init__(self, name: str, words: tuple[str, ...], pattern: str) -> None:
        self.name = name
        self.words = words
        """In lower case; a key has one of them."""
        self._pattern = pattern

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self._pattern)


def parse_rules(table: str) -> tuple[Rule, ...]:
    """Rules from a table: name, words, pattern, with tabs between; lines that begin with # are none."""
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return tuple(Rule(name, tuple(words.split()), pattern) for name, words, pattern in rows)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes secrets out; made once, it costs a text without any a look for a few substrings."""

    secrets: Sequence[tuple[str, str]] = ()
    """(name, value), as `secrets_of` gives them."""
    rules: Sequence[Rule] = ()
    _names: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _needles: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _parts: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _compiled: dict[tuple[str, ...], re.Pattern[str]] = field(init=False, repr=False, compare=False)
    """By the names of the patterns that a text may have something for: what it can't have costs it nothing."""
    _words: tuple[tuple[str, Rule], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {value: name for name, value in reversed(self.secrets)}
        names |= {json.dumps(value, ensure_ascii=False)[1:-1]: name for value, name in names.items()}  # as JSON has it
        values = "|".join(re.escape(value) for value in sorted(names, key=len, reverse=True))
        parts = {"mark": _MARK} | ({"value": values} if values else {}) | _PATTERNS
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_needles", tuple(names))
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "_compiled", {})
        object.__setattr__(self, "_words", tuple((word, rule) for rule in self.rules for word in rule.words))

    def suspects(self, text: str) -> bool:
        """Whether there may be a secret in a text, or in the JSON of one; cheap, and never wrong in saying no."""
        lower = text.lower()
        return (
            bool(self._signs(text, lower))
            or (may_be_named(lower) and named(text))
            or any(rule.compiled.search(text) for rule in self._near(lower))
        )

    def text(self, text: str) -> str:
        """The text without secrets; what was redacted before stays as it is."""
        for _ in range(_ROUNDS):  # what is taken out may lay bare the beginning of what stood behind it
            before, lower = text, text.lower()
            signs = self._signs(text, lower)
            if signs:
                text = self._pattern(signs).sub(self._mark, text)
            for rule in self._near(lower):
                text = rule.compiled.sub(f"[redacted:{rule.name}]", text)
            if may_be_named(lower):
                text = without_named(text)
            if text == before:
                break
        return text

    def _signs(self, text: str, lower: str) -> list[str]:
        """The names of our own patterns that may find something in the text."""
        found = [name for name, markers in _SIGNS.items() if any(marker in text for marker in markers)]
        found += [name for name, marker in _SIGNS_LOWER.items() if marker in lower]
        if any(needle in text for needle in self._needles):
            found.append("value")
        if "=" in text and _PARAMETER.search(text) is not None:
            found.append("parameter")
        return [] if found == ["mark"] else found

    def _pattern(self, names: list[str]) -> re.Pattern[str]:
        """These patterns as one: what stands first in the text is taken, and there the first of them all."""
        wanted = tuple(name for name in self._parts if name in names)
        found = self._compiled.get(wanted)
        if found is None:
            parts = (f"(?P<{name}>{self._parts[name]})" for name in wanted)
            found = self._compiled[wanted] = re.compile("|".join(parts))
        return found

    def _near(self, lower: str) -> list[Rule]:
        """The rules of which a word is in something as long as a key; no key has white space in it."""
        near = " ".join(part for part in lower.split() if len(part) >= _SHORTEST_KEY)
        if _LONG.search(near) is None:
            return []
        return [rule for word, rule in self._words if word in near]

    def tree(self, value: Any, depth: int = 0) -> Any:
        """JSON data without secrets: every text in it, names of keys too."""
        if isinstance(value, str):
            return self.text(value)
        if depth > _DEEPEST:
            return value
        if isinstance(value, Mapping):
            return {self.tree(key): self._under(key, inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.tree(inner, depth + 1) for inner in value]
        return value

    def _under(self, name: Any, value: Any, depth: int) -> Any:
        if isinstance(name, str) and isinstance(value, str) and is_named(name, value):
            return "[redacted:secret]"
        return self.tree(value, depth)

    def _mark(self, match: re.Match[str]) -> str:
        return _WRITERS.get(str(match.lastgroup), _written)(match, self._names)


def redact(text: str, secrets: Sequence[tuple[str, str]] = ()) -> str:
    """The text without secrets: those given as (name, value), and what looks like one."""
    return Redactor(secrets).text(text)


_PARAMETER = regex.compile(_PATTERNS["parameter"])


def _written(match: re.Match[str], names: Mapping[str, str]) -> str:
    return f"[redacted:{match.lastgroup}]"


def _value_written(match: re.Match[str], names: Mapping[str, str]) -> str:
    """What stands before the value stays."""
    start = match.start(f"{match.lastgroup}_value") - match.start()
    return f"{match.group()[:start]}[redacted:{match.lastgroup}]"


_WRITERS: dict[str, Callable[[re.Match[str], Mapping[str, str]], str]] = {
    "mark": lambda match, names: match.group(),
    "value": lambda match, names: f"[redacted:{names[match.group()]}]",
    "login": lambda match, names: "://[redacted:login]@",
    "parameter": lambda match, names: f"{match.group().partition('=')[0]}=[redacted:parameter]",
    **dict.fromkeys(("auth", "cookie", "argument"), _value_written),
}
