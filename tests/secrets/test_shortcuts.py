"""What is looked for only where it can be is what a look at every character finds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.secrets import named, patterns
from coordinator.secrets.redaction import _RULES

ROOT = Path(__file__).parents[2]
KEY = "a1B2c3D4e5F6g7H8i9J0k1L2"
PIECES = (
    *(
        "password",
        "PASSWD=",
        "token: ",
        "subscription_key",
        "aws-key",
        "key",
        "Secret_Key",
        "pwd",
        "contraseña",
        "keykey",
    ),
    *(
        "=",
        ": ",
        " = ",
        '"',
        "'",
        "`",
        "\n",
        " ",
        "-",
        "_",
        "--",
        "ENV ",
        "é",
        "ſ",
        "ı",
        "İ",
        "K",
        ">",
        "</",
        "\\",
        "x",
    ),
    *(KEY, "hunter2!x", "12345678", "sk-ant-", "ghp_", "AKIA", "://", "user:", "@host", "bearer ", "Authorization: "),
    *(
        "Cookie: a=",
        "_auth=",
        '"auth": "',
        "curl -u me:",
        "mysql -p",
        "?token=",
        "&sig=",
        "eyJ",
        ".",
        "[redacted:login]",
    ),
    *("-----BEGIN RSA PRIVATE KEY-----", "-----END", "glrt-", "dop_v1_", "xoxb-", "hf_", "npm_", "machine h login u "),
)
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
REDACTOR = patterns.Redactor([("API_KEY", "hunter2!x")], patterns.parse_rules(_RULES.read_text()))


def slow_named(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in named._compiled(named._ALL).finditer(text)]


def quick_named(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in named._found(text)]


def slow_text(text: str) -> str:
    """One pass with every pattern."""
    text = REDACTOR._pattern(list(REDACTOR._parts)).sub(REDACTOR._mark, text)
    for rule in REDACTOR.rules:
        text = rule.compiled.sub(f"[redacted:{rule.name}]", text)
    return named._compiled(named._ALL).sub(named._replaced, text)


def slow(text: str) -> str:
    for _ in range(patterns._ROUNDS):
        before, text = text, slow_text(text)
        if text == before:
            break
    return text


@given(texts)
def test_names_are_found_where_they_begin(text: str) -> None:
    assert not named.may_be_named(text.lower()) or quick_named(text) == slow_named(text)


@given(texts)
def test_patterns_without_a_sign_in_the_text_find_nothing(text: str) -> None:
    signs = REDACTOR._signs(text, text.lower())
    everything = REDACTOR._pattern(list(REDACTOR._parts)).sub(REDACTOR._mark, text)
    assert (REDACTOR._pattern(signs).sub(REDACTOR._mark, text) if signs else text) == everything


@given(texts)
def test_rules_without_a_word_in_the_text_find_nothing(text: str) -> None:
    near = {rule.name for rule in REDACTOR._near(text.lower())}
    assert not [rule.name for rule in REDACTOR.rules if rule.name not in near and rule.compiled.search(text)]


@pytest.mark.parametrize("folder", ["coordinator/agents", "coordinator/changes", "docs", "tests/secrets"])
def test_real_texts_are_redacted_as_by_a_look_at_every_character(folder: str) -> None:
    for path in sorted(ROOT.joinpath(folder).glob("*.[pm][yd]")):
        text = path.read_text(encoding="utf-8")
        assert quick_named(text) == slow_named(text)
        assert REDACTOR.text(text) == slow(text)
