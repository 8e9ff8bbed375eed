"""Every setting: its default, its allowed values, and the message for an invalid one."""

from types import FunctionType

import pytest

from gateway.config.settings import SUBJECTS, Settings, effective, load_settings
from tests.support.environment import mistakes

pytestmark = pytest.mark.usefixtures("environment")

SOURCE_TYPES = (
    "UI, IMPORT, GOODWILL, CAMPAIGN, POINTS_TRANSFER, IMPORT_API, PROMOTION_API,"
    " POINTS_CONTRIBUTION_TO_GROUP, MANUAL_POINTS_ADJUSTMENT, BADGES, USER_CREATED"
)
A_LIST = f"comma-separated words, at least one, each one of {SOURCE_TYPES}"
DEFAULTS = {
    "GATEWAY_HOST": "127.0.0.1",
    "GATEWAY_PORT": "8000",
    "GATEWAY_UNIX_SOCKET": "",
    "GATEWAY_TRACING_URL": "",
    "GATEWAY_TRACING_SAMPLE_RATIO": "0.01",
    "GATEWAY_TRACING_HEADERS": "",
    "GATEWAY_ADMIN_HOST": "127.0.0.1",
    "GATEWAY_ADMIN_PORT": "0",
    "GATEWAY_WORKERS": "1",
    "GATEWAY_MAX_CONNECTIONS": "10000",
    "GATEWAY_MAX_BATCH": "10",
    "GATEWAY_MAX_CONCURRENT_REQUESTS": "800",
    "GATEWAY_RATE_LIMIT_PER_MINUTE": "0",
    "GATEWAY_RATE_LIMIT_UPSTREAM_CALLS_PER_MINUTE": "0",
    "GATEWAY_KEEP_ALIVE_S": "75.0",
    "GATEWAY_SHUTDOWN_DELAY_S": "0.0",
    "GATEWAY_SHUTDOWN_GRACE_S": "10.0",
    "GATEWAY_TRUSTED_PROXIES": "",
    "GATEWAY_CORS_ORIGINS": "",
    "GATEWAY_CORS_HEADERS": "",
    "GATEWAY_UPSTREAM_URL": "",
    "GATEWAY_UPSTREAM_AUTH": "basic",
    "GATEWAY_UPSTREAM_USERNAME": "",
    "GATEWAY_UPSTREAM_PASSWORD": "",
    "GATEWAY_UPSTREAM_OAUTH_KEY": "",
    "GATEWAY_UPSTREAM_OAUTH_SECRET": "",
    "GATEWAY_UPSTREAM_OAUTH_HEADER": "X-CAP-API-OAUTH-TOKEN",
    "GATEWAY_UPSTREAM_DEADLINE_S": "5.0",
    "GATEWAY_UPSTREAM_MAX_CONNECTIONS": "100",
    "GATEWAY_UPSTREAM_CALLS_PER_MINUTE": "0",
    "GATEWAY_UPSTREAM_MAX_CALLS_PER_OPERATION": "40",
    "GATEWAY_UPSTREAM_MAX_RESPONSE_BYTES": "10485760",
    "GATEWAY_UPSTREAM_CA_FILE": "",
    "GATEWAY_UPSTREAM_CLIENT_CERT_FILE": "",
    "GATEWAY_UPSTREAM_CLIENT_KEY_FILE": "",
    "GATEWAY_UPSTREAM_PROXY": "",
    "GATEWAY_AUTH_JWKS_PROXY": "",
    "GATEWAY_AUTH_JWKS_CA_FILE": "",
    "GATEWAY_DEFINITION_SOURCE_TYPES": "UI,PROMOTION_API,CAMPAIGN,USER_CREATED",
    "GATEWAY_CACHE_URL": "memory://",
    "GATEWAY_CACHE_SENTINEL_USERNAME": "",
    "GATEWAY_CACHE_SENTINEL_PASSWORD": "",
    "GATEWAY_CACHE_CA_FILE": "",
    "GATEWAY_CACHE_CLIENT_CERT_FILE": "",
    "GATEWAY_CACHE_CLIENT_KEY_FILE": "",
    "GATEWAY_CACHE_DEFINITION_TTL_S": "300.0",
    "GATEWAY_CACHE_DEFINITION_STALE_S": "3600.0",
    "GATEWAY_CACHE_CUSTOMER_TTL_S": "0.0",
    "GATEWAY_CACHE_KEY_SECRET": "",
    "GATEWAY_WEBHOOK_SECRET": "",
    "GATEWAY_WEBHOOK_HEADER": "X-Webhook-Secret",
    "GATEWAY_WEBHOOK_RATE_LIMIT_PER_MINUTE": "6000",
    "GATEWAY_DEFINITIONS": "both",
    "GATEWAY_CATALOGUE_MAX_PROMOTIONS": "5000",
    "GATEWAY_ANONYMOUS_ROLES": "",
    "GATEWAY_EXECUTOR": "compiled",
    "GATEWAY_COMPRESS_MIN_BYTES": "1024",
    "GATEWAY_MAX_BODY_BYTES": "262144",
    "GATEWAY_MAX_TOKENS": "2000",
    "GATEWAY_MAX_DEPTH": "15",
    "GATEWAY_MAX_INTROSPECTION_DEPTH": "20",
    "GATEWAY_MAX_ALIASES": "30",
    "GATEWAY_MAX_ROOT_FIELDS": "20",
    "GATEWAY_MAX_DIRECTIVES": "50",
    "GATEWAY_MAX_FRAGMENTS": "50",
    "GATEWAY_MAX_JSON_DEPTH": "10",
    "GATEWAY_FEDERATION": "false",
    "GATEWAY_WRITES": "false",
    "GATEWAY_MAX_LIST_LENGTH": "20",
    "GATEWAY_MAX_SCAN_CALLS": "3",
    "GATEWAY_MAX_COST": "50000",
    "GATEWAY_MAX_ANSWER_LEAVES": "250000",
    "GATEWAY_MAX_ANSWER_BYTES": "10485760",
    "GATEWAY_APQ": "true",
    "GATEWAY_TRUSTED_DOCUMENTS": "",
    "GATEWAY_TRUSTED_DOCUMENTS_MODE": "allow",
    "GATEWAY_GRAPHIQL": "false",
    "GATEWAY_INTROSPECTION": "false",
    "GATEWAY_REPORT_UPSTREAM": "false",
    "GATEWAY_CLIENT_NAMES": "",
    "GATEWAY_LOG_LEVEL": "info",
    "GATEWAY_LOG_FORMAT": "json",
    "GATEWAY_AUTH": "none",
    "GATEWAY_AUTH_JWKS_URL": "",
    "GATEWAY_AUTH_JWKS_TTL_S": "300.0",
    "GATEWAY_AUTH_JWKS_STALE_S": "3600.0",
    "GATEWAY_AUTH_KEY_FILE": "",
    "GATEWAY_AUTH_ISSUER": "",
    "GATEWAY_AUTH_AUDIENCE": "",
    "GATEWAY_AUTH_ALGORITHMS": "RS256,ES256,EdDSA",
    "GATEWAY_AUTH_CUSTOMER_CLAIM": "",
    "GATEWAY_AUTH_ROLES_CLAIM": "roles",
    "GATEWAY_ALLOW_ANONYMOUS": "false",
    "GATEWAY_ALLOW_SANDBOX": "true",
}


BAD_VALUES = [
    ("PORT", "-1", "a whole number from 0 to 65535"),
    ("PORT", "65536", "a whole number from 0 to 65535"),
    ("PORT", "http", "a whole number from 0 to 65535"),
    ("PORT", "80.5", "a whole number from 0 to 65535"),
    ("UNIX_SOCKET", "gateway.sock", "an absolute path of at most 107 bytes"),
    ("UNIX_SOCKET", "/nowhere/gateway.sock", "an absolute path of at most 107 bytes"),
    ("UNIX_SOCKET", "/" + "ü" * 54, "an absolute path of at most 107 bytes"),
    ("WORKERS", "0", "a whole number from 1 to 256"),
    ("WORKERS", "257", "a whole number from 1 to 256"),
    ("MAX_BATCH", "0", "a whole number from 1 to 100"),
    ("MAX_CONCURRENT_REQUESTS", "0", "a whole number from 1 to 100000"),
    ("RATE_LIMIT_PER_MINUTE", "-1", "a whole number from 0 to 1000000"),
    ("KEEP_ALIVE_S", "0", "a number above 0 and at most 3600"),
    ("KEEP_ALIVE_S", "3601", "a number above 0 and at most 3600"),
    ("TRUSTED_PROXIES", "proxy.example", "comma-separated addresses or networks"),
    ("TRUSTED_PROXIES", "10.0.0.1/8", "comma-separated addresses or networks"),
    ("CORS_ORIGINS", "*", "comma-separated origins"),
    ("CORS_ORIGINS", "null", "comma-separated origins"),
    ("CORS_ORIGINS", "https://shop.example/", "comma-separated origins"),
    ("CORS_ORIGINS", "https://Shop.example", "comma-separated origins"),
    ("CORS_ORIGINS", "https://*.example", "comma-separated origins"),
    ("CORS_ORIGINS", "https://shop.example:x", "comma-separated origins"),
    ("CORS_ORIGINS", "http://localhost:80*", "comma-separated origins"),
    ("CORS_ORIGINS", "http://localhost:1:*", "comma-separated origins"),
    ("CORS_ORIGINS", "http://:*", "comma-separated origins"),
    ("CORS_ORIGINS", "*:*", "comma-separated origins"),
    ("CORS_ORIGINS", "http://localhost:", "comma-separated origins"),
    ("CORS_HEADERS", "*", "comma-separated header names"),
    ("CORS_HEADERS", "X-A b", "comma-separated header names"),
    ("CORS_HEADERS", "X-A:", "comma-separated header names"),
    ("CORS_HEADERS", "x" * 65, "comma-separated header names"),
    ("CORS_ORIGINS", "https://a,b", "comma-separated origins"),
    ("WEBHOOK_HEADER", "X A", "the name of a header of letters"),
    ("WEBHOOK_HEADER", "Content-Length", "the name of a header of letters"),
    ("WEBHOOK_HEADER", "x" * 65, "the name of a header of letters"),
    ("WEBHOOK_RATE_LIMIT_PER_MINUTE", "0", "a whole number from 1 to 1000000"),
    ("UPSTREAM_URL", "platform.example", "an http or https URL without user, query"),
    ("UPSTREAM_URL", "localhost:8000", "an http or https URL without user, query"),
    ("UPSTREAM_URL", "ftp://platform.example", "an http or https URL without user, query"),
    ("UPSTREAM_URL", "http://", "an http or https URL without user, query"),
    ("UPSTREAM_URL", "http://[::1", "an http or https URL without user, query"),
    ("UPSTREAM_URL", "http://a:99999", "an http or https URL without user, query"),
    ("UPSTREAM_URL", "http://a..b", "an http or https URL without user, query"),
    ("UPSTREAM_URL", "http://" + "a" * 64, "an http or https URL without user, query"),
    ("UPSTREAM_URL", "http://a\n", "an http or https URL without user, query"),
    ("UPSTREAM_URL", "http://a b", "an http or https URL without user, query"),
    ("UPSTREAM_AUTH", "digest", "one of basic, oauth, passthrough, none"),
    ("UPSTREAM_AUTH", "BASIC", "one of basic, oauth, passthrough, none"),
    ("UPSTREAM_OAUTH_HEADER", "a b", "a header name of 1 to 64 letters, digits"),
    ("UPSTREAM_OAUTH_HEADER", "a\nb", "a header name of 1 to 64 letters, digits"),
    ("UPSTREAM_OAUTH_HEADER", "x" * 65, "a header name of 1 to 64 letters, digits"),
    ("UPSTREAM_OAUTH_HEADER", "X-A\n", "a header name of 1 to 64 letters, digits"),
    ("UPSTREAM_OAUTH_HEADER", "Host", "a header name of 1 to 64 letters, digits"),
    ("UPSTREAM_OAUTH_HEADER", "content-length", "a header name of 1 to 64 letters"),
    ("UPSTREAM_DEADLINE_S", "0", "a number above 0 and at most 120"),
    ("UPSTREAM_DEADLINE_S", "120.1", "a number above 0 and at most 120"),
    ("UPSTREAM_DEADLINE_S", "nan", "a number above 0 and at most 120"),
    ("UPSTREAM_DEADLINE_S", "inf", "a number above 0 and at most 120"),
    ("UPSTREAM_DEADLINE_S", "5s", "a number above 0 and at most 120"),
    ("UPSTREAM_MAX_CONNECTIONS", "0", "a whole number from 1 to 10000"),
    ("UPSTREAM_MAX_CONNECTIONS", "10001", "a whole number from 1 to 10000"),
    ("UPSTREAM_CALLS_PER_MINUTE", "-1", "a whole number from 0 to 1000000"),
    ("UPSTREAM_MAX_CALLS_PER_OPERATION", "0", "a whole number from 1 to 10000"),
    ("UPSTREAM_MAX_CALLS_PER_OPERATION", "many", "a whole number from 1 to 10000"),
    ("MAX_TOKENS", "49", "a whole number from 50 to 20000"),
    ("MAX_DEPTH", "51", "a whole number from 1 to 50"),
    ("MAX_INTROSPECTION_DEPTH", "0", "a whole number from 1 to 50"),
    ("MAX_ALIASES", "-1", "a whole number from 0 to 1000"),
    ("MAX_ROOT_FIELDS", "0", "a whole number from 1 to 1000"),
    ("MAX_DIRECTIVES", "1001", "a whole number from 0 to 1000"),
    ("MAX_FRAGMENTS", "fifty", "a whole number from 0 to 1000"),
    ("MAX_JSON_DEPTH", "1", "a whole number from 2 to 50"),
    ("MAX_LIST_LENGTH", "0", "a whole number from 1 to 1000"),
    ("MAX_SCAN_CALLS", "21", "a whole number from 1 to 20"),
    ("MAX_COST", "0", "a whole number from 1 to 1000000000"),
    ("UPSTREAM_MAX_RESPONSE_BYTES", "1023", "a whole number from 1024 to 1073741824"),
    ("UPSTREAM_MAX_RESPONSE_BYTES", "10MB", "a whole number from 1024 to 1073741824"),
    ("UPSTREAM_CA_FILE", "/nowhere/ca.pem", "a readable file of certificates in PEM"),
    ("AUTH_JWKS_CA_FILE", "/nowhere/ca.pem", "a readable file of certificates in PEM"),
    ("UPSTREAM_CLIENT_CERT_FILE", "/nowhere/cert.pem", "a readable file of certificates"),
    ("CACHE_CA_FILE", "/nowhere/ca.pem", "a readable file of certificates in PEM"),
    ("CACHE_CLIENT_CERT_FILE", "/nowhere/cert.pem", "a readable file of certificates"),
    ("DEFINITION_SOURCE_TYPES", "ui", A_LIST),
    ("ANONYMOUS_ROLES", "admin", "comma-separated words, each one of rulesets"),
    ("MAX_BODY_BYTES", "0", "a whole number from 1024 to 67108864"),
    ("MAX_BODY_BYTES", "67108865", "a whole number from 1024 to 67108864"),
    ("COMPRESS_MIN_BYTES", "-1", "a whole number from 0 to 67108864"),
    ("GRAPHIQL", "maybe", "true or false"),
    ("INTROSPECTION", "2", "true or false"),
    ("REPORT_UPSTREAM", "oui", "true or false"),
    ("APQ", "maybe", "true or false"),
    ("APQ", "gone", "true or false"),
    ("TRUSTED_DOCUMENTS_MODE", "strict", "one of allow, only"),
    ("LOG_FORMAT", "text", "one of json, console"),
]  # fmt: skip


def test_no_subject_replaces_another_ones_validator() -> None:
    """Pydantic inherits validators by name, so that equal names would leave one of them out."""
    validators = [
        name
        for subject in SUBJECTS.values()
        for name, member in vars(subject).items()
        if name[:1] == "_" != name[1:2] and isinstance(member, FunctionType | classmethod)
    ]
    assert validators
    assert len(validators) == len(set(validators))


def test_the_grace_period_covers_the_deadline(environment: pytest.MonkeyPatch) -> None:
    """Else a shutdown would cut requests that could still end."""
    (line,) = mistakes(environment, UPSTREAM_DEADLINE_S="9.5")
    assert line.startswith("GATEWAY_SHUTDOWN_GRACE_S=10 must be at least 10.5: ")
    assert "GATEWAY_UPSTREAM_DEADLINE_S + 1" in line
    assert mistakes(environment, UPSTREAM_DEADLINE_S="9.5", SHUTDOWN_GRACE_S="10.5") == []


def test_the_defaults_are_these() -> None:
    """A changed default changes this table, too."""
    assert effective(load_settings()) == DEFAULTS


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_a_setting_is_described(name: str) -> None:
    """Each has a sentence for the reference."""
    description = Settings.model_fields[name].description
    assert description is not None
    assert description.endswith(".")


@pytest.mark.parametrize(("name", "value", "allowed"), BAD_VALUES)
def test_a_bad_value_is_one_line(
    environment: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    """The line names the variable, the value and what is allowed."""
    (line,) = mistakes(environment, **{name: value})
    assert line.startswith(f"GATEWAY_{name}={value!r}: it must be {allowed}")


def test_each_wrong_word_of_a_list_is_a_mistake(environment: pytest.MonkeyPatch) -> None:
    """Of three items the two invalid ones are reported."""
    lines = mistakes(environment, DEFINITION_SOURCE_TYPES="UI, ui ,import")
    assert [line.partition(":")[0] for line in lines] == [
        "GATEWAY_DEFINITION_SOURCE_TYPES='ui'",
        "GATEWAY_DEFINITION_SOURCE_TYPES='import'",
    ]


def test_a_list_of_nothing_is_a_mistake(environment: pytest.MonkeyPatch) -> None:
    """A list of commas has no source type."""
    (line,) = mistakes(environment, DEFINITION_SOURCE_TYPES=" , ,")
    assert line.startswith("GATEWAY_DEFINITION_SOURCE_TYPES='': it must be comma-separated words")


def test_every_mistake_is_told_at_once(environment: pytest.MonkeyPatch) -> None:
    """All mistakes are reported at once, not one per start."""
    lines = mistakes(environment, PORT="x", WORKERS="y", LOG_FORMAT="z")
    assert [line.partition("=")[0] for line in lines] == [
        "GATEWAY_PORT",
        "GATEWAY_WORKERS",
        "GATEWAY_LOG_FORMAT",
    ]


def test_a_long_value_is_cut(environment: pytest.MonkeyPatch) -> None:
    """The content of a file in a variable is truncated, and its message stays one line."""
    (line,) = mistakes(environment, LOG_FORMAT="x\n" * 10_000)
    assert len(line) < 400


@pytest.mark.parametrize(
    ("auth", "given", "missing"),
    [
        ("basic", {}, "GATEWAY_UPSTREAM_USERNAME and GATEWAY_UPSTREAM_PASSWORD"),
        ("basic", {"UPSTREAM_USERNAME": "till"}, "GATEWAY_UPSTREAM_PASSWORD"),
        ("basic", {"UPSTREAM_PASSWORD": "hunter2"}, "GATEWAY_UPSTREAM_USERNAME"),
        ("oauth", {}, "GATEWAY_UPSTREAM_OAUTH_KEY and GATEWAY_UPSTREAM_OAUTH_SECRET"),
        ("oauth", {"UPSTREAM_OAUTH_SECRET": "hunter2"}, "GATEWAY_UPSTREAM_OAUTH_KEY"),
    ],
)
def test_a_credential_that_is_missing_is_named(
    environment: pytest.MonkeyPatch, auth: str, given: dict[str, str], missing: str
) -> None:
    """A start without the credential would only fail at the first call."""
    url = {"UPSTREAM_URL": "https://platform.example", "UPSTREAM_AUTH": auth}
    assert mistakes(environment, **url, **given) == [
        f"GATEWAY_UPSTREAM_AUTH={auth} needs {missing}"
    ]


@pytest.mark.parametrize("auth", ["none", "passthrough"])
def test_some_ways_need_no_credential(environment: pytest.MonkeyPatch, auth: str) -> None:
    """With these the gateway has no credential of its own."""
    environment.setenv("GATEWAY_UPSTREAM_URL", "https://platform.example")
    environment.setenv("GATEWAY_UPSTREAM_AUTH", auth)
    assert load_settings().upstream_auth == auth


def test_an_unreadable_authority_stops_the_start(
    environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file that is not PEM would make every call fail."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_text("no certificate")
    (line,) = mistakes(environment, UPSTREAM_CA_FILE=str(path))
    assert "it must be a readable file of certificates in PEM" in line


def test_an_empty_variable_is_none(environment: pytest.MonkeyPatch) -> None:
    """An empty variable is a default: Compose files pass unset variables on as empty ones."""
    for name in DEFAULTS:
        environment.setenv(name, "")
    assert effective(load_settings()) == DEFAULTS


@pytest.mark.parametrize(("text", "value"), [("on", True), ("off", False), ("false", False)])
def test_a_boolean_may_be_on_or_off(
    environment: pytest.MonkeyPatch, text: str, *, value: bool
) -> None:
    """`GATEWAY_APQ` was `on` and `off`: both are read, `true` is shown."""
    environment.setenv("GATEWAY_APQ", text)
    settings = load_settings()
    assert settings.apq is value
    assert effective(settings)["GATEWAY_APQ"] == str(value).lower()


def test_lists_are_words_with_commas_between_them(environment: pytest.MonkeyPatch) -> None:
    """Blanks and repetitions do not matter, the order of source types does."""
    environment.setenv("GATEWAY_DEFINITION_SOURCE_TYPES", " CAMPAIGN,UI , CAMPAIGN,")
    environment.setenv("GATEWAY_ANONYMOUS_ROLES", "rulesets")
    shown = effective(load_settings())
    assert shown["GATEWAY_DEFINITION_SOURCE_TYPES"] == "CAMPAIGN,UI"
    assert shown["GATEWAY_ANONYMOUS_ROLES"] == "rulesets"


def test_an_origin_is_written_as_browsers_do(environment: pytest.MonkeyPatch) -> None:
    """The default port of a scheme is removed."""
    given = "https://a:443,http://a:80,https://a:80,http://a:8080,http://[::1]:80,http://b:*"
    environment.setenv("GATEWAY_CORS_ORIGINS", given)
    assert load_settings().cors_origins == (
        "https://a", "http://a", "https://a:80", "http://a:8080", "http://[::1]", "http://b:*",
    )  # fmt: skip


def test_a_slash_at_the_end_of_the_url_is_dropped(environment: pytest.MonkeyPatch) -> None:
    """Paths are appended to the origin."""
    environment.setenv("GATEWAY_UPSTREAM_URL", "https://platform.example/")
    environment.setenv("GATEWAY_UPSTREAM_AUTH", "none")
    assert load_settings().upstream_url == "https://platform.example"


def test_what_is_given_wins_over_the_environment(environment: pytest.MonkeyPatch) -> None:
    """An invalid variable that a command overrides is not reported."""
    environment.setenv("GATEWAY_LOG_FORMAT", "nonsense")
    assert load_settings(log_format="console").log_format == "console"


def test_settings_do_not_change() -> None:
    """Settings are frozen."""
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1
