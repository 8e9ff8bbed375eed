"""URLs in settings: a bad one stops the start with one line, and their secrets are masked."""

import pytest

from gateway.app import create_app
from gateway.config.parsing import MASK, PREFIX, to_text
from gateway.config.settings import load_settings
from tests.support.commands import run
from tests.support.environment import mistakes
from tests.support.logged import startup_mistakes

pytestmark = pytest.mark.usefixtures("environment")

SECRET = {"GATEWAY_CACHE_KEY_SECRET": "0123456789abcdef"}
PLATFORM = {"GATEWAY_UPSTREAM_URL": "http://platform.example", "GATEWAY_UPSTREAM_AUTH": "none"}
BAD_HOSTS = ["", "a..b", "a" * 64, "[::1", "[v1.a]", "h\\x", "%41", "h;x", "\u2488com", "h:0"]


@pytest.mark.parametrize(
    "url",
    ["redis:", "redis://h:x", "redis://h:99999", "redis://h/a", "redis://h/0/1", "redis://h/123456",
     "redis://h?password=hunter2", "redis://h#hunter2", "redis://:hunter2", "redis://u:hunt/er2@h",
     "redis:// h", "REDIS", "memory://x",
     *(f"redis://{host}" for host in BAD_HOSTS[:-2]), "redis://h:0"],
)  # fmt: skip
def test_a_cache_that_is_no_url_is_one_line(environment: pytest.MonkeyPatch, url: str) -> None:
    """The line says what is allowed, and repeats nothing of a URL that may hold a password."""
    (line,) = mistakes(environment, CACHE_URL=url)
    assert line == (
        "GATEWAY_CACHE_URL=(not shown, it may hold a secret): it must be memory://,"
        " redis://[user:password@]host[:port][/database], or rediss:// over TLS"
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_with_a_bad_cache_ends_with_that_line(workers: str) -> None:
    """It ends before it listens, with several workers as with one."""
    bad = {"GATEWAY_CACHE_URL": "redis://h?password=hunter2", "GATEWAY_WORKERS": workers}
    ended = run("serve", variables=PLATFORM | SECRET | bad)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = startup_mistakes(ended.stderr)
    assert line.startswith("GATEWAY_CACHE_URL=(not shown")


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_host_that_is_none_is_a_mistake(environment: pytest.MonkeyPatch, host: str) -> None:
    """So it is in every URL: it would only fail at the first request."""
    for name in ("UPSTREAM_URL", "AUTH_JWKS_URL"):
        (line,) = mistakes(environment, **{name: f"https://{host}"})
        url = f"https://{host}"
        assert line.startswith(f"GATEWAY_{name}={url!r}: it must be an ")
        environment.delenv(PREFIX + name)


@pytest.mark.parametrize(
    "url",
    ["http://h", "https://h:8443/path", "http://[::1]:80", "http://a_b", "http://h.", "HTTPS://h",
     "http://b\u00fccher.example"],
)  # fmt: skip
def test_what_is_accepted_can_be_served(environment: pytest.MonkeyPatch, url: str) -> None:
    """An application can be created for every URL that is a setting's value."""
    environment.setenv("GATEWAY_UPSTREAM_URL", url)
    environment.setenv("GATEWAY_UPSTREAM_AUTH", "none")
    environment.setenv("GATEWAY_RATE_LIMIT_PER_MINUTE", "5")
    environment.setenv("GATEWAY_CACHE_KEY_SECRET", "0123456789abcdef")
    for cache in (
        "redis://h",
        "rediss://u:p@h:1/15",
        "redis://[::1]",
        "redis://:%2F@h",
        "redis://h/",
    ):
        environment.setenv("GATEWAY_CACHE_URL", cache)
        settings = load_settings()
        assert settings.upstream_url.startswith(("http://", "https://"))
        create_app(settings)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h:1/2", "redis://h:1/2"),
        ("redis://user:p@ss/w@h", f"redis://{MASK}@h"),
        ("https://i.example/k?token=a&b=c", f"https://i.example/k?token={MASK}&b={MASK}"),
        ("https://i.example/k?hunter2", f"https://i.example/k?{MASK}"),
        ("https://i.example/k?a=&hunter2#x", f"https://i.example/k?a=&{MASK}#{MASK}"),
        ("https://i.example/k?x=a=b#hunter2", f"https://i.example/k?x={MASK}#{MASK}"),
        ("a text?b=c#d", "a text?b=c#d"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    """Users, passwords, values of the query and fragments are masked."""
    assert to_text(url) == shown


def test_config_shows_no_secret_of_a_url() -> None:
    """The command prints the address alone."""
    urls = {
        "GATEWAY_CACHE_URL": "rediss://till:hunter2@redis.example/3",
        "GATEWAY_AUTH_JWKS_URL": "https://issuer.example/keys?token=hunter3",
    }
    ended = run("config", variables=SECRET | urls)
    assert (ended.returncode, "hunter" in ended.stdout + ended.stderr) == (0, False)
    assert f"GATEWAY_CACHE_URL=rediss://{MASK}@redis.example/3" in ended.stdout
    assert f"GATEWAY_AUTH_JWKS_URL=https://issuer.example/keys?token={MASK}" in ended.stdout
