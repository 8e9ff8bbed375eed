"""The trace of a client's request that goes upstream: a well-formed one, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.http_request import HttpHeaders
from gateway.edge.trace_context import MAX_STATE_BYTES, trace_headers

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
LATER = b"cc" + PARENT[2:]


def handed_on(*lines: tuple[bytes, bytes]) -> dict[str, str]:
    """Return the headers that go upstream for these header lines, beside the request's id."""
    sent = trace_headers(HttpHeaders(lines), "id")
    assert sent.pop("X-Request-Id") == "id"
    return sent


def state_of(*states: bytes) -> str | None:
    """Return the ``tracestate`` that goes upstream for these lines."""
    lines = [(b"tracestate", state) for state in states]
    return handed_on((b"traceparent", PARENT), *lines).get("tracestate")


@pytest.mark.parametrize(
    "parent",
    [PARENT, b" " + PARENT + b"\t", LATER, LATER + b"-", LATER + b"-more-00", PARENT[:-2] + b"ff"],
)
def test_a_trace_is_handed_on_as_it_is(parent: bytes) -> None:
    """Also one of a later version, whose first fields are the same."""
    assert handed_on((b"traceparent", parent)) == {"traceparent": parent.strip().decode()}


@pytest.mark.parametrize(
    "parent",
    [
        b"",
        b"00",
        PARENT.upper(),
        PARENT[:-1],
        PARENT + b"0",
        PARENT + b"-",
        PARENT + b"-00",
        PARENT.replace(b"-", b" "),
        b"ff" + PARENT[2:],
        b"0g" + PARENT[2:],
        b"00-" + b"0" * 32 + PARENT[35:],
        PARENT[:36] + b"0" * 16 + b"-01",
        PARENT[:-2] + b"0x",
        PARENT[:-1] + "\u0661".encode(),
        PARENT + b"\nX: y",
        PARENT + b"\r\nX: y",
        PARENT + b"\n",
        PARENT + b"\0",
        LATER + b"-a b",
        LATER + b"-\r\nX: y",
        LATER + b"-\xff",
        LATER + b"-" + b"x" * 201,
        LATER + b"x",
        PARENT + b", " + PARENT,
    ],
)
def test_what_is_no_trace_is_not_handed_on(parent: bytes) -> None:
    """Nor the state that came with it."""
    assert handed_on((b"traceparent", parent), (b"tracestate", b"a=b")) == {}


def test_two_traces_are_none() -> None:
    """Which of them the request belongs to is unknown; a state alone belongs to none."""
    assert handed_on((b"traceparent", PARENT), (b"traceparent", PARENT)) == {}
    assert handed_on((b"tracestate", b"a=b")) == {}


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        ([b"a=b"], "a=b"),
        ([b"rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE"], "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        ([b"a=1,,b=2,"], "a=1,b=2"),
        ([b"a=1", b"b=2, c=3"], "a=1,b=2,c=3"),
        ([b"fw529a3039@dt=FfG;x:y z"], "fw529a3039@dt=FfG;x:y z"),
        ([b"0a_-*/=x"], "0a_-*/=x"),
        ([b",".join(b"a%d=b" % n for n in range(32))], ",".join(f"a{n}=b" for n in range(32))),
        ([b"a=" + b"x" * 256], "a=" + "x" * 256),
    ],
)
def test_a_state_is_handed_on_in_one_line(lines: list[bytes], state: str) -> None:
    """Its members stay in their order."""
    assert state_of(*lines) == state


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"a",
        b"=b",
        b"a=",
        b"A=b",
        b"a=b=c",
        b"a=b,a=c",
        b"a=b\0",
        b"a=b\nX: y",
        b"a=b\xff",
        b"a=b\tc",
        b"a@=b",
        b"a@0=b",
        b"a=" + b"x" * 257,
        b"a" * 257 + b"=x",
        b",".join(b"a%d=b" % n for n in range(33)),
        b"a=b," * 8000,
    ],
)
def test_a_state_that_is_none_is_left_out(state: bytes) -> None:
    """The trace itself goes upstream."""
    assert state_of(state) is None


def test_a_long_state_loses_its_oldest_members() -> None:
    """They are the last; at most 512 bytes go upstream."""
    members = [b"k%d=%b" % (n, b"x" * 97) for n in range(10)]
    assert state_of(b",".join(members)) == b",".join(members[:5]).decode()
    assert state_of(b"a" * 256 + b"=" + b"x" * 256) is None


@given(
    st.lists(st.tuples(st.sampled_from([b"traceparent", b"tracestate"]), st.binary()), max_size=4)
)
def test_no_bytes_become_more_than_a_header(lines: list[tuple[bytes, bytes]]) -> None:
    """Whatever is sent: visible ASCII and blanks, bounded, or nothing."""
    for value in handed_on((b"traceparent", PARENT), *lines).values():
        assert value.isascii()
        assert value.isprintable()
        assert len(value) <= MAX_STATE_BYTES
