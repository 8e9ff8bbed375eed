"""What is valid gzip, of any number of members."""

import gzip
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.decoding.gunzip import (
    MAX_MEMBERS,
    GunzipError,
    GunzipTooLargeError,
    UnknownCodingError,
    gunzip,
    is_gzip,
)

EMPTY = gzip.compress(b"", mtime=0)
TEXT = gzip.compress(b"text", mtime=0)  # the same in each process that collects the tests


@given(
    members=st.lists(st.binary(max_size=300), min_size=1, max_size=6),
    padding=st.integers(0, 600),
)
def test_all_members_are_read_and_zeros_behind_them_are_none(
    members: list[bytes], padding: int
) -> None:
    """Members may be empty, and zeros after the last one are padding."""
    packed = b"".join(gzip.compress(member) for member in members) + bytes(padding)
    plain = b"".join(members)
    assert gunzip(packed, len(plain)) == plain
    if plain:
        with pytest.raises(GunzipTooLargeError):
            gunzip(packed, len(plain) - 1)


def test_members_are_read_across_what_is_given_to_zlib_at_a_time() -> None:
    """Members may be larger than the window that zlib gets at a time."""
    noise = [bytes((n * n + salt) % 251 for n in range(90_000)) for salt in range(3)]
    packed = b"".join(gzip.compress(part, 1) for part in noise)
    assert gunzip(packed, 300_000) == b"".join(noise)


def test_a_field_of_the_head_is_passed_over() -> None:
    """A name, a comment and extra bytes in the header are skipped."""
    named = b"\x1f\x8b\x08\x1c" + bytes(6) + b"\x02\x00xxname\0comment\0" + TEXT[10:]
    assert gunzip(named + named, 8) == b"texttext"


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"text",
        zlib.compress(b"text"),
        TEXT[:1],
        TEXT[:-1],
        TEXT[:-8] + bytes(8),
        TEXT + b"x",
        TEXT + b"\0x",
        TEXT + b"\0" + TEXT,
        TEXT + TEXT[:1],
        TEXT + TEXT[:-1],
        TEXT + TEXT[:-8] + bytes(8),
        TEXT + zlib.compress(b"text"),
        b"\0" + TEXT,
    ],
)
def test_what_is_no_gzip_to_its_end_is_refused(damaged: bytes) -> None:
    """Truncated, damaged and trailing data is rejected in every member."""
    with pytest.raises(GunzipError):
        gunzip(damaged, 1000)


def test_a_bomb_in_any_member_is_left_off() -> None:
    """The limit is for all members together."""
    bomb = gzip.compress(bytes(1_000_000))
    for packed in (bomb, TEXT + bomb, TEXT + EMPTY * 9 + bomb, bomb + TEXT):
        with pytest.raises(GunzipTooLargeError):
            gunzip(packed, 999_999)
    assert len(gunzip(TEXT + bomb, 1_000_004)) == 1_000_004


def test_members_have_an_end() -> None:
    """The number of members is limited."""
    assert gunzip(EMPTY * (MAX_MEMBERS - 1), 0) == b""
    started = time.process_time()
    with pytest.raises(GunzipError):
        gunzip(EMPTY * 500_000, 1_000_000)
    assert time.process_time() - started < 0.2


@pytest.mark.parametrize(
    "codings",
    [b"gzip", b"GZip", b"x-gzip", b"X-GZIP", b" gzip\t", b"identity, gzip", b"gzip,identity",
     b",gzip,,"],
)  # fmt: skip
def test_gzip_has_two_names_in_any_case(codings: bytes) -> None:
    """Also within a list of identity codings."""
    assert is_gzip(codings)


@pytest.mark.parametrize("codings", [b"", b" ", b"identity", b"Identity, identity", b","])
def test_no_coding_may_be_named(codings: bytes) -> None:
    """An empty list of codings is identity."""
    assert not is_gzip(codings)


@pytest.mark.parametrize(
    "codings",
    [b"br", b"deflate", b"zstd", b"gzip, gzip", b"gzip, br", b"br, gzip", b"gzip;q=1", b"gz ip",
     b"\xff"],
)  # fmt: skip
def test_other_codings_are_not_guessed_at(codings: bytes) -> None:
    """Other codings, and gzip in gzip, are rejected."""
    with pytest.raises(UnknownCodingError):
        is_gzip(codings)
