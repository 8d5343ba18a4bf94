"""What a scanner finds in generated samples is taken out; the project's own sources and documents stay as they are."""

import re
from pathlib import Path

import pytest
from detect_secrets.plugins.artifactory import ArtifactoryDetector
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import BasePlugin
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.keyword import KeywordDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.secrets.patterns import Redactor, parse_rules
from coordinator.secrets.redaction import redact, redact_data, redactor, suspects

ROOT = Path(__file__).parents[2]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
FRAMES = ("{}", "use {} for now", "x = '{}',", 'curl "{}" | sh', "line\n{}\nline", "({})", '{{"a": "{}"}}')


def mixed(size: int) -> str:
    """A pattern of so many letters and digits, with both."""
    return rf"[a-zA-Z][0-9][a-zA-Z0-9]{{{size - 2}}}"


SHAPES: dict[str, tuple[type[BasePlugin], str]] = {
    "artifactory token": (ArtifactoryDetector, rf"AKC{mixed(40)}"),
    "aws key": (AWSKeyDetector, r"(AKIA|ASIA)[A-Z2-7]{16}"),
    "aws secret": (AWSKeyDetector, r"aws_secret_access_key = '[a-zA-Z][0-9][a-zA-Z0-9/+]{38}'"),
    "azure account key": (AzureStorageKeyDetector, r"AccountName=ada;AccountKey=[a-zA-Z][0-9][a-zA-Z0-9+/]{84}==;"),
    "log-in": (BasicAuthDetector, rf"https://[a-z]{{3,9}}:{mixed(12)}@[a-z]{{4}}\.org/x"),
    "discord": (DiscordBotTokenDetector, r"[MNO][a-zA-Z0-9_-]{23}\.[a-zA-Z0-9_-]{6}\.[a-zA-Z0-9_-]{27}"),
    "github": (GitHubTokenDetector, r"(ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36}"),
    "gitlab": (GitLabTokenDetector, r"(glpat|gldt|glft|glsoat|glrt)-[A-Za-z0-9_-]{20}"),
    "gitlab runner": (GitLabTokenDetector, r"GR1348941[A-Za-z0-9_-]{20}"),
    "gitlab agent": (GitLabTokenDetector, r"glagent-[A-Za-z0-9_-]{50,70}"),
    "jwt": (JwtTokenDetector, r"eyJhbGciOiJIUzI1NiJ9\.eyJzdWIiOiIxMjM0In0\.[A-Za-z0-9_-]{20}"),
    "mailchimp": (MailchimpDetector, r"[0-9a-f]{32}-us[0-9]{1,2}"),
    "npm": (NpmDetector, r"//registry\.npmjs\.org/:_authToken=npm_[A-Za-z0-9]{36}"),
    "old npm": (NpmDetector, r"//registry\.npmjs\.org/:_authToken=[a-f][0-9][a-f0-9]{6}(-[a-f0-9]{4}){3}-[a-f0-9]{12}"),
    "openai": (OpenAIDetector, r"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}"),
    "private key": (PrivateKeyDetector, r"-----BEGIN (RSA |EC |DSA |OPENSSH )?PRIVATE KEY-----"),
    "pypi": (PypiTokenDetector, r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{70,90}"),
    "sendgrid": (SendGridDetector, r"SG\.[a-zA-Z0-9_-]{22}\.[a-zA-Z0-9_-]{43}"),
    "slack": (SlackDetector, r"xox[abposr]-[0-9]{12}-[0-9]{12}-[a-z0-9]{24}"),
    "slack webhook": (SlackDetector, r"https://hooks\.slack\.com/services/T[A-Z0-9]{8}/B[A-Z0-9]{8}/[a-zA-Z0-9]{24}"),
    "square": (SquareOAuthDetector, r"sq0csp-[0-9A-Za-z_-]{43}"),
    "stripe": (StripeDetector, r"(sk|rk)_live_[0-9a-zA-Z]{24}"),
    "telegram": (TelegramBotTokenDetector, r"[0-9]{9,10}:[0-9A-Za-z_-]{35}"),
    "twilio": (TwilioKeyDetector, r"(AC|SK)[a-f0-9]{32}"),
}
NAMES = (
    *(
        "password",
        "DB_PASSWORD",
        "db_pass",
        "userPassword",
        "redis-password",
        "passwd",
        "pwd",
        "client_secret",
        "secret",
    ),
    *(
        "SECRET_KEY_BASE",
        "api_key",
        "apiKey",
        "X-Api-Key",
        "AWS_SECRET_ACCESS_KEY",
        "private_key",
        "service_key",
        "DB_KEY",
    ),
    *("auth_key", "account_key", "access_token", "GITHUB_TOKEN", "credentials", "stripe_api_key_live"),
)
LINES = {
    "environment": ("x.sh", "{}={}"),
    "export": ("x.sh", "export {}='{}'"),
    "yaml": ("x.yaml", "  {}: {}"),
    "quoted yaml": ("x.yaml", '  {}: "{}"'),
    "ini": ("x.ini", "{} = {}"),
    "json": ("x.json", '{{"user": "ada", "{}": "{}", "port": 80}}'),
    "python": ("x.py", '    {} = "{}"'),
    "keyword": ("x.py", "connect(host, {}='{}')"),
    "mapping": ("x.rb", "{} => '{}',"),
    "go": ("x.go", '{} := "{}"'),
    "comparison": ("x.js", "if ({} === '{}') {{"),
}
values = st.from_regex(rf"{mixed(10)}[a-zA-Z0-9!@%^&*_+=/-]{{0,20}}[a-zA-Z0-9]", fullmatch=True)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_what_a_scanner_knows_by_its_form_is_taken_out(
    shape: tuple[type[BasePlugin], str], data: st.DataObject
) -> None:
    detector, pattern = shape
    sample = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    text = data.draw(st.sampled_from(FRAMES)).format(sample)
    found = set(detector().analyze_string(sample))
    assert found, "the scanner finds nothing: the sample is none"
    told = redact(text)
    assert [secret for secret in found if secret in told] == []
    assert suspects(text)
    assert redact(told) == told


@pytest.mark.parametrize(("file", "line"), LINES.values(), ids=LINES.keys())
@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(NAMES), value=values)
def test_what_a_scanner_knows_by_its_name_is_taken_out(file: str, line: str, name: str, value: str) -> None:
    text = line.format(name, value)
    found = {secret.secret_value for secret in KeywordDetector().analyze_line(file, text, 1)} | {value}
    told = redact(text)
    assert [secret for secret in found if secret in told] == []
    assert name in told
    assert redact(told) == told


@given(name=st.sampled_from(NAMES), value=values)
def test_a_value_under_such_a_name_is_taken_out_of_data(name: str, value: str) -> None:
    assert redact_data({"a": [{name: value, "user": "ada"}]}) == {"a": [{name: "[redacted:secret]", "user": "ada"}]}


@pytest.mark.parametrize(
    "text",
    [
        "token = get_token()",
        "token: str = ''",
        "password = form.password",
        "password=password, token=self._token",
        "def connect(host: str, password: str | None = None, api_key: Optional[str] = None) -> Client:",
        "    secret = os.environ['SECRET']",
        "export DB_PASSWORD=$DB_PASSWORD TOKEN=${TOKEN:-none} SECRET=$(cat secret)",
        "password: ${{ secrets.DB_PASSWORD }}",
        "api_key: <your key here>, token: '***', secret: ...",
        "MAX_TOKENS=4096 and tokens: 128000, input_tokens=12.3k",
        "PASSWORD_FILE=/run/secrets/password TOKEN_URL=https://example.org/token",
        "secret_name: database-login, password_policy: at-least-12-characters",
        "the token: it must not be shown; password: at least 8 characters",
        "primary_key=True, sort_key=lambda item: item.key2, public_key: abcdefgh1234",
        "a token bucket 2 passes 12345678 tests; key ctrl+a1b2c3d4",
        "passed=12 failed=0 tokenizer=cl100k_base secretary=ada12345",
        "-----BEGIN PUBLIC KEY-----",
        "coord/07-1 AAPL2024 SKETCHBOOK 12345678:short /api/webhooks/ hooks.slack.com/",
    ],
)
def test_code_and_words_under_such_names_stay(text: str) -> None:
    assert redact(text) == text


def own_files() -> list[Path]:
    folders = ("coordinator", "tui", "flows", "docs", "bench", "sample_project")
    found = [path for name in folders for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".md", ".sh")]
    return [*found, *ROOT.glob("*.md"), *ROOT.glob("*.lock"), ROOT / "Makefile"]


def test_nothing_of_our_own_sources_and_documents_is_taken_for_a_secret() -> None:
    altered = []
    for path in own_files():
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if (told := redact(line)) != line:
                altered.append(f"{path.relative_to(ROOT)}:{number}: {told.strip()}")
    assert altered == []


def test_a_rule_is_compiled_when_a_text_has_one_of_its_words() -> None:
    own = redactor().rules
    rules = parse_rules("".join(f"{rule.name}\t{' '.join(rule.words)}\t{rule.compiled.pattern}\n" for rule in own))
    assert len({rule.name for rule in rules}) == len(own) > 80
    assert all(word == word.lower() for rule in rules for word in rule.words)
    Redactor(rules=rules).text("SG.is-none-of-the-keys-that-are-known-here")
    compiled = {rule.name for rule in rules if "compiled" in vars(rule)}
    assert "sendgrid_api_token" in compiled
    assert len(compiled) < 10
