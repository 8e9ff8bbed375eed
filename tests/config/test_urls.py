"""URLs in settings: a bad one stops the start with one line, and their secrets are masked."""

import pytest

from gateway.app import create_app
from gateway.config.parsing import MASK, PREFIX, to_text
from gateway.config.settings import load_settings
from gateway.config.urls import parse_redis_url
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
     *(f"redis://{host}" for host in BAD_HOSTS[:-2]), "redis://h:0", "redis://h,i",
     "redis+sentinel://h", "redis+sentinel://h/", "redis+sentinel://h/a b", "redis+sentinel://h/s/x",
     "redis+sentinel://h,/s", "redis+sentinel:///s", "redis+sentinel://h/s/1/2",
     "redis+sentinel://h:x,i/s", "redis+cluster://h/1", "redis+cluster://h,i:0", "redis+cluster://",
     "redis+cluster://h?password=hunter2", "redis+x://h", "redis+://h", "http+cluster://h",
     "redis+sentinel://u:hunt/er2@h/s", "redis+cluster://h,[::1"],
)  # fmt: skip
def test_a_cache_that_is_no_url_is_one_line(environment: pytest.MonkeyPatch, url: str) -> None:
    """The line says what is allowed, and repeats nothing of a URL that may hold a password."""
    (line,) = mistakes(environment, CACHE_URL=url)
    assert line == (
        "GATEWAY_CACHE_URL=(not shown, it may hold a secret): it must be memory://,"
        " redis://[user:password@]host[:port][/database],"
        " redis+sentinel://[user:password@]host[:port][,…]/service[/database],"
        " redis+cluster://[user:password@]host[:port][,…], or one of them with rediss for TLS"
    )


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://h", ("", False, (("h", 6379),), None, None, "", 0)),
        ("REDISS://u:p%2F@[::1]:1/15", ("", True, (("::1", 1),), "u", "p/", "", 15)),
        ("redis://:a,b@h/", ("", False, (("h", 6379),), None, "a,b", "", 0)),
        (
            "redis+sentinel://u:p@h,i:1/my-service",
            ("sentinel", False, (("h", 26379), ("i", 1)), "u", "p", "my-service", 0),
        ),
        (
            "rediss+sentinel://[::1]:2/s/3",
            ("sentinel", True, (("::1", 2),), None, None, "s", 3),
        ),
        (
            "redis+cluster://:p@h:7000,i,j/",
            ("cluster", False, (("h", 7000), ("i", 6379), ("j", 6379)), None, "p", "", 0),
        ),
        ("rediss+cluster://h", ("cluster", True, (("h", 6379),), None, None, "", 0)),
    ],
)
def test_each_form_of_a_redis_is_read(url: str, address: tuple[object, ...]) -> None:
    """One server, the sentinels of a service, or nodes of a cluster; each with TLS as well."""
    assert parse_redis_url(url) == address


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
        "redis+sentinel://h,i/service",
        "rediss+sentinel://h/service/1",
        "redis+cluster://h,i",
        "rediss+cluster://u:p@h",
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
        ("redis+sentinel://user:p@h,i/s", f"redis+sentinel://{MASK}@h,i/s"),
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
