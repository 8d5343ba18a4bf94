"""Secrets are taken out of text, and nothing else is."""

import json
from hashlib import sha1, sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.secrets.patterns import SHORTEST, Redactor, redact, secrets_of
from coordinator.secrets.redaction import redact as known
from coordinator.secrets.redaction import suspects

BODY = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2dE3f"
KEYS = {
    "anthropic": f"sk-ant-api03-{BODY}",
    "openai": f"sk-proj-{BODY}",
    "old openai": f"sk-{BODY}",
    "github": f"ghp_{BODY[:36]}",
    "github fine-grained": f"github_pat_{BODY[:22]}_{BODY}",
    "gitlab": f"glpat-{BODY[:20]}",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "google": f"AIza{BODY[:35]}",
    "slack": "xoxb-123456789012-abcdefghijkl",
    "hugging face": f"hf_{BODY[:34]}",
    "npm": f"npm_{BODY[:36]}",
    "pypi": f"pypi-AgEIcHlwaS5vcmc{BODY}",
    "google access": f"ya29.{BODY}",
    "jwt": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{BODY}",
    "private key": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n{BODY}\n-----END OPENSSH PRIVATE KEY-----",
    "cut private key": f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n{BODY}",
    "header": f"Authorization: Bearer {BODY}",
    "json header": f'"authorization": "Basic {BODY}"',
    "bearer": f"bearer {BODY}",
}
INNOCENT = (
    sha1(b"a commit").hexdigest(),
    sha256(b"a row").hexdigest(),
    "0192f3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f",
    "/home/ada/projects/task-token-counter/secret_key.py",
    "git@github.com:ada/task-runner.git and https://example.com:8080/a?b=c#d",
    "risk-adjusted-and-desk-bound-task-lists-of-2024",
    "The bearer of this token may authorise a password change; keep the key secret.",
    "AUTH_TOKEN is read from the environment, API_KEY=$API_KEY",
    "coord/07-1 by executor-07-1 in .coord/worktrees/07-1",
    "def token(key: str, password: str = '') -> Secret: ...",
    "data:image/png;base64,iVBORw0KGgo=",
)

values = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="[]:"), min_size=12, max_size=40)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
@pytest.mark.parametrize("frame", ["{}", "use {} for now", "x='{}',", "line\n{}\nline", "({})"])
def test_what_looks_like_a_key_is_taken_out(key: str, frame: str) -> None:
    told = redact(frame.format(key))
    assert "[redacted:" in told
    assert BODY[:16] not in told
    assert key not in told


def test_a_log_in_and_a_password_in_an_address_are_taken_out_and_the_rest_stays() -> None:
    told = redact("postgres://ada:hunter2hunter2@db/x and https://a.b/c?user=ada&password=hunter2hunter2&page=3")
    assert told == "postgres://[redacted:login]@db/x and https://a.b/c?user=ada&password=[redacted:parameter]&page=3"


PLACES = {
    "curl": "curl -sS -u ada:{} https://x.org/api",
    "sshpass": "sshpass -p {} ssh ada@host",
    "docker": "docker login -u ada -p {} reg.io",
    "mysql": "mysql -u root -p{} app",
    "ssh-keygen": "ssh-keygen -t ed25519 -N {} -f k",
    "redis": "redis-cli -h cache -a {} ping",
    "netrc": "machine api.x.org login ada@x.org password {}",
    "image": "ENV ADMIN_PASSWORD {}",
    "fish": "set -x API_TOKEN {}",
    "element": "<server><password>{}</password></server>",
    "npm": "//registry.npmjs.org/:_auth={}",
    "registry": '{{"auths": {{"https://index.docker.io/v1/": {{"auth": "{}"}}}}}}',
    "cookie": "Cookie: theme=dark; sessionid={}",
    "another scheme": "Authorization: ApiKey {}",
    "no scheme": "Authorization: {}",
    "signed address": "https://a.blob.core.windows.net/c?sv=2022-11-02&sp=r&sig={}%3D",
    "putty": "Public-Lines: 1\nAAAA\nPrivate-Lines: 1\n{}",
    "kubernetes": "    client-key-data: {}",
    "cipher": "FERNET_KEY={}",
    "mailgun": "key-0123456789abcdef{:.0}0123456789abcdef",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_secret_is_known_by_its_place(place: str) -> None:
    text = place.format(BODY[:24])
    told = known(text)
    assert "[redacted:" in told
    assert BODY[:24] not in told
    assert "0123456789abcdef" not in told
    assert known(told) == told
    assert suspects(text)


@pytest.mark.parametrize(
    "text",
    [
        "curl -u ada https://x.org and curl -u ada:$PASSWORD https://x.org",
        "mysql -u root -p app; docker login -u ada; sshpass is not installed",
        "mkdir -p build/out2024x && ssh -p 2222 host",
        "ssh-keygen -t ed25519 -N '' -f id_ed25519",
        "Authorization: the header is missing. Cookie: remember to close the session",
        '{"auth": "required", "kind": "authenticated", "name": "OAuthProviderList"}',
        "set -x; set -euo pipefail; ENV PATH /usr/local/bin; env PASSWORD_FILE /run/secret",
        "the washing machine and its login password are two things",
        "https://example.org/a?signal=strong-and-clear-1&signature=short",
        "<password>secret</password> <token></token> <key>value1234</key>",
    ],
)
def test_what_stands_in_such_places_and_is_none_stays(text: str) -> None:
    assert known(text) == text


@pytest.mark.parametrize("text", INNOCENT)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@given(st.lists(st.sampled_from(INNOCENT), max_size=6).map(" ".join))
def test_ordinary_texts_together_stay_as_they_are(text: str) -> None:
    assert redact(text, [("API_TOKEN", BODY)]) == text


@given(st.text(alphabet=st.characters(exclude_characters=":=-_"), max_size=200))
def test_text_without_the_signs_of_a_secret_stays_as_it_is(text: str) -> None:
    if "eyJ" not in text and "bearer" not in text.lower() and "AKIA" not in text and "AIza" not in text:
        assert redact(text, [("API_TOKEN", BODY)]) == text


@given(
    st.lists(
        st.one_of(st.sampled_from([*KEYS.values(), *INNOCENT, "[redacted:jwt]"]), st.text(max_size=20)), max_size=8
    )
)
def test_taking_out_twice_takes_out_once(parts: list[str]) -> None:
    for text in ("".join(parts), " ".join(parts)):
        once = redact(text, [("API_TOKEN", BODY), ("WORD", "redacted")])
        assert redact(once, [("API_TOKEN", BODY), ("WORD", "redacted")]) == once


@given(st.text(max_size=30), values, st.text(max_size=30))
def test_a_value_of_the_environment_is_never_left(before: str, value: str, after: str) -> None:
    secrets = secrets_of({"MY_API_KEY": value})
    assert value not in redact(before + value + after, secrets) or not secrets


def test_a_value_is_named_by_its_variable() -> None:
    secrets = secrets_of({"DEPLOY_TOKEN": "correct horse battery", "HOME": "/home/ada"})
    assert redact("it is correct horse battery.", secrets) == "it is [redacted:DEPLOY_TOKEN]."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_KEY", "1"),
        ("USE_TOKEN", "true"),
        ("ANTHROPIC_API_KEY", "x" * (SHORTEST - 1)),
        ("SSH_AUTH_SOCK", "/tmp/ssh-XXXX/agent.123"),
        ("TOKEN_URL", "https://example.com/token"),
        ("KEYBOARD", "us-international"),
        ("EDITOR", "vim-with-plugins"),
        ("PWD", "/work/place"),
    ],
)
def test_what_is_no_secret_is_not_taken_for_one(name: str, value: str) -> None:
    assert secrets_of({name: value}) == ()


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "GITHUB_TOKEN",
        "PGPASSWORD",
        "db_password",
        "CLIENT_SECRET",
        "AWS_SECRET_ACCESS_KEY",
        "NPM_AUTH",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert secrets_of({name: "s3cr3t-value-1"}) == ((name, "s3cr3t-value-1"),)


def test_the_longer_of_two_values_is_taken_out_whole() -> None:
    secrets = secrets_of({"A_TOKEN": "abcdefgh1", "B_TOKEN": "abcdefgh1-and-more"})
    assert redact("abcdefgh1-and-more abcdefgh1", secrets) == "[redacted:B_TOKEN] [redacted:A_TOKEN]"


@given(
    st.recursive(
        st.text(max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
)
def test_data_is_searched_at_every_depth(shape: object) -> None:
    redactor = Redactor(secrets_of({"API_TOKEN": BODY}))
    data = {"a": [shape, {BODY: [f"x{BODY}"]}], "n": 1, "none": None}
    told = redactor.tree(data)
    assert BODY not in json.dumps(told)
    assert (told["n"], told["none"]) == (1, None)


def test_a_value_is_found_in_json_too() -> None:
    value = 'quoted "word" and\nline'
    told = redact(json.dumps({"said": f"it is {value}"}), secrets_of({"API_TOKEN": value}))
    assert json.loads(told) == {"said": "it is [redacted:API_TOKEN]"}
