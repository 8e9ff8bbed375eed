"""Settings of the cache, and the ones that prevent a start."""

import pytest

from gateway.config.settings import SettingsError, load_settings


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"cache_url": "http://cache.example"},
            "GATEWAY_CACHE_URL=(not shown, it may hold a secret): it must be memory://, redis://",
        ),
        ({"cache_key_secret": "fifteen bytes.."}, "GATEWAY_CACHE_KEY_SECRET=(not shown"),
        ({"webhook_secret": "fifteen bytes.."}, "GATEWAY_WEBHOOK_SECRET=(not shown"),
        ({"webhook_secret": "fifteen bytes and ü"}, "GATEWAY_WEBHOOK_SECRET=(not shown"),
        ({"webhook_secret": "fifteen bytes and a blank "}, "GATEWAY_WEBHOOK_SECRET=(not shown"),
        (
            {"cache_url": "redis://cache.example"},
            "GATEWAY_CACHE_URL=redis://… needs GATEWAY_CACHE_KEY_SECRET",
        ),
    ],
    ids=["no cache", "a short secret", "a short one", "not ASCII", "a blank", "no secret"],
)
def test_a_cache_that_cannot_be_shared_safely_is_refused(given: dict[str, str], told: str) -> None:
    """One line says what is allowed and repeats no secret."""
    with pytest.raises(SettingsError) as refused:
        load_settings(**given)
    (line,) = refused.value.lines
    assert line.startswith(told)
    assert "fifteen" not in line


def test_a_shared_cache_with_its_secret_is_taken() -> None:
    """A secret of 16 bytes is accepted."""
    settings = load_settings(cache_url="redis://cache.example", cache_key_secret="0123456789abcdef")
    assert settings.cache_url == "redis://cache.example"
