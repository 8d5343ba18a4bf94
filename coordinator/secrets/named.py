"""Secrets that are told by the name they are given: `DB_PASSWORD=…`, `token: …`, `"api_key": "…"`. Pure.

The name says that there is a secret; whether what follows is one, and not the code, the type or the word that such
names have as often, is told by its form and by how it is written down.
"""

import re
from collections.abc import Iterator
from functools import cache

from coordinator.lazy import regex

LONGEST = 2000
"""Characters of the longest value that is taken for a secret."""

_STRONG = r"pass(?:word|wd|phrase|code)s?|pwd|(?<=[_-])pass|secrets?|credentials?|contrase[nñ]a"
_KEYS = (
    r"(?:access|account|admin|aes|api|app|auth|cipher|client|consumer|cookie|crypt|database|db|deploy|encryption|fernet"
    r"|hmac|jwt|license|master|preshared|priv|private|rsa|sas|secret|service|session|shared|signing|ssh|storage"
    r"|subscription|webhook)[_-]?key"
)
_NAME = (
    rf"(?:(?P<strong>{_STRONG})|{_KEYS}|token)"
    r"(?:[_-]?(?:access|key|base|data|value|prod|production|dev|test|staging|live|old|new|\d{1,3})){0,3}"
)
_NOTE = r"""\s{0,3}:\s{0,3}[A-Za-z_][\w.\[\]| ]{0,40}?\s{0,3}=\s{0,3}(?=["'`])"""
_JOIN = rf"""(?:(?:\\?["'`])?\]?(?:{_NOTE}|\s{{0,3}}(?::=|=>|={{1,3}}|!==?|:)\s{{0,3}})|(?<=["'`] )|(?P<flag>\s))"""
_QUOTED = (
    r'"(?P<double>(?:[^"\\\n]|\\.){1,2000})"',
    r"'(?P<single>(?:[^'\\\n]|\\.){1,2000})'",
    r"`(?P<back>[^`\n]{1,2000})`",
    r'\\"(?P<inner>(?:(?!\\")[^\n]){1,2000})\\"',
)
_BARE = r"""(?P<bare>[^\s"'`,;(){}\[\]<>\\]{1,2000}+)(?![(\[{<])"""
_ELEMENT = r">(?P<element>[^<>\s]{1,2000})</"
_ALL = rf"""{_NAME}(?:{_JOIN}@?(?:{"|".join(_QUOTED)}|{_BARE})|{_ELEMENT})"""
_HINTS = ("pass", "pwd", "secret", "token", "credential", "key", "contrase")
_NEAR = regex.compile(rf"""(?:{"|".join(_HINTS)})[\w-]*+\\?["'`]?\]?\s{{0,3}}["'`=:!>]""")
_AHEAD = len("subscription_")
"""Characters of the longest word that stands before a `key`, with what joins them."""
_LIKE_OTHERS = "\u017f\u0131"
"""Letters that a pattern takes for s and i, where small letters are not told from capital ones."""
_VERBS = ("--", "env", "set -", "setx")
"""What a name and its value are beside each other after."""
_VERB = regex.compile(r"(?:\b(?:ENV|setx|setenv)|\bset -\w{1,4})\s{1,3}\Z", re.IGNORECASE)
_BEFORE = regex.compile(r"[A-Za-z0-9_.-]{0,60}\Z")

_VALUES = ("double", "single", "back", "inner", "element", "bare")

_PLACEHOLDER = regex.compile(
    r"""\$\{?\{?\s*[A-Za-z_][\w.]*[^}]*\}?\}?|\$\(.*|%\(?\w*\)?[%sdr]?|\{.*|<.*|\[.*|@\w+@|:\w+|[*.•x_-]+|(.)\1*
    |your[-_ ].*|my[-_ ].*|.*example.*|change_?me|placeholder|dummy|redacted|insert.*|todo|none|null|nil|true|false|yes
    |no|on|off|undefined|empty|required|optional|enabled|disabled|unknown|missing|invalid|expired|hidden|secret|password
    |passwd|token|string|str|bytes|int|bool|any|object|function|default|value|self|this""",
    re.IGNORECASE | re.VERBOSE,
)
_PLACE = regex.compile(r"(?:~|\.{0,2})/[^\s:@]*|[a-z+]{2,12}://[^\s@?]*", re.IGNORECASE)
_CHAIN = regex.compile(r"[&*!]?[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)+")
_NUMBER = regex.compile(r"[-+]?[0-9][0-9_.:,%-]*[a-zA-Z]{0,2}")
_MIXED = regex.compile(r"(?=[^A-Za-z]*[A-Za-z])(?=[^0-9]*[0-9])")
_SIGN = regex.compile(r"[!#$%^&*+~?@]")
_RUN = regex.compile(r"[A-Za-z0-9+/=_-]{16,}")


def may_be_named(lower: str) -> bool:
    """Whether there may be such a secret in a text given in lower case; cheap, and never wrong in saying no."""
    return any(hint in lower for hint in _HINTS) and (
        any(verb in lower for verb in _VERBS) or _NEAR.search(lower) is not None
    )


def named(text: str) -> bool:
    """Whether there is such a secret in a text."""
    return any(_value(match) is not None for match in _found(text))


def without_named(text: str) -> str:
    """The text with such secrets taken out."""
    parts: list[str] = []
    at = 0
    for match in _found(text):
        parts += (text[at : match.start()], _replaced(match))
        at = match.end()
    return "".join((*parts, text[at:]))


def _found(text: str) -> Iterator[re.Match[str]]:
    """What `finditer` finds, looked for only where a name can begin: a try at each character takes 20 times as long."""
    pattern, lower = _compiled(_ALL), text.lower()
    if len(lower) != len(text) or any(letter in text for letter in _LIKE_OTHERS):
        yield from pattern.finditer(text)
        return
    at = 0
    for start in _starts(lower):
        match = pattern.match(text, start) if start >= at else None
        if match is not None:
            yield match
            at = match.end()


def _starts(lower: str) -> list[int]:
    """Where a name can begin: at a hint, or up to `_AHEAD` characters before a `key`."""
    found: set[int] = set()
    for hint in _HINTS:
        place = lower.find(hint)
        while place >= 0:
            if hint != "key":
                found.add(place)
            elif _compiled(_KEYS).search(lower, max(0, place - _AHEAD), place + len(hint)):
                found.update(range(max(0, place - _AHEAD), place))
            place = lower.find(hint, place + 1)
    return sorted(found)


def is_named(name: str, value: str) -> bool:
    """Whether a text that stands under a name, as in JSON, is a secret by that name."""
    match = next((match for match in _compiled(_NAME).finditer(name) if match.end() == len(name)), None)
    return match is not None and _secret(name, value, strong=bool(match["strong"]), quoted=True, tight=False)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when the first text wants it: it takes as long as starting a small program."""
    return re.compile(pattern, re.IGNORECASE)


def _replaced(match: re.Match[str]) -> str:
    group = _value(match)
    if group is None:
        return match.group()
    start, end = (place - match.start() for place in match.span(group))
    whole = match.group()
    return f"{whole[:start]}[redacted:secret]{whole[end:]}"


def _value(match: re.Match[str]) -> str | None:
    """The group that is a secret; None when it is none."""
    group = next(name for name in _VALUES if match[name] is not None)
    begin = match.start(group)
    before = _BEFORE.search(match.string, max(0, match.start() - 60), match.start())
    prefix = before.group() if before else ""
    start = match.start() - len(prefix)
    verb = match["flag"] is not None and _VERB.search(match.string, max(0, start - 20), start) is not None
    if match["flag"] is not None and not verb and not prefix.startswith("--"):
        return None  # two words beside each other; `--password x` and `ENV PASSWORD x` alone are a name and its value
    name = prefix + match.string[match.start() : begin]
    tight = group == "bare" and (verb or match.string[begin - 1] == "=")
    return group if _secret(name, match[group], bool(match["strong"]), group != "bare", tight) else None


def _secret(name: str, value: str, strong: bool, quoted: bool, tight: bool) -> bool:
    """Whether a value is one, given that its name says so.

    strong: the name can mean nothing else. quoted: it is a literal. tight: it follows its `=` at once.
    """
    value = value.strip()
    if not 4 <= len(value) <= LONGEST or any(c.isspace() for c in value):
        return False
    if _PLACEHOLDER.fullmatch(value) or _PLACE.fullmatch(value):
        return False
    if tight and name.rstrip("= ").isupper():  # as in the environment, where there is nothing but values
        return strong or not _NUMBER.fullmatch(value)
    if _NUMBER.fullmatch(value):
        return strong and (quoted or tight) and len(value) >= 6
    if quoted:
        return len(value) >= 6 and (strong or bool(_MIXED.match(value)) or bool(_RUN.fullmatch(value)))
    if len(value) < (6 if strong else 8) or _CHAIN.fullmatch(value):
        return False
    return bool(_MIXED.match(value)) or (strong and bool(_SIGN.search(value)) and value[0].isalnum())
