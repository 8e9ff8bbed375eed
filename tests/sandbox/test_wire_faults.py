import gzip
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.faults.spec import parse_fault
from gateway.sandbox.world import World
from tests.sandbox.client import NOW, SandboxClient, serving
from tests.sandbox.faulty import CREDENTIALS, connect, customer_path, faults, read_to_end

PATH = customer_path("C-TEN")


@pytest.fixture(scope="module")
def own(world: World) -> Iterator[SandboxClient]:
    """Serve a sandbox whose faults these tests may change."""
    with serving(world=world) as client:
        yield client


# --- status -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [404, 410, 429, 500, 503])
def test_status_comes_without_a_body(own: SandboxClient, code: int) -> None:
    """Any status is possible, without a body by default."""
    with faults(own, f"status={code}"):
        answer = own.get(PATH)
    assert answer.status_code == code
    assert answer.content == b""
    assert "retry-after" not in answer.headers


def test_status_comes_with_the_documented_error_body(own: SandboxClient) -> None:
    """The documented body has the given code, or else the status."""
    with faults(own, "status=503,body=documented,code=8015,count=1", "status=500,body=documented"):
        first, second = own.get(PATH), own.get(PATH)
    assert first.status_code == 503
    assert first.json()["errors"][0]["code"] == 8015
    assert second.json()["errors"][0] | {"message": ""} == {
        "status": False,
        "code": 500,
        "message": "",
    }


@pytest.mark.parametrize("code", [200, 502])
def test_status_comes_with_html(own: SandboxClient, code: int) -> None:
    """The HTML page of a proxy comes with an error status, or with 200."""
    with faults(own, f"status={code},body=html"):
        answer = own.get(PATH)
    assert answer.status_code == code
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("told", ["7", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-1"])
def test_retry_after_goes_out_as_ordered(own: SandboxClient, told: str) -> None:
    """Seconds, a date and nonsense reach the client verbatim."""
    with faults(own, f"status=429,retry_after={told},count=1"):
        assert own.get(PATH).headers["retry-after"] == told


def test_retry_after_can_be_a_date_to_come(own: SandboxClient) -> None:
    """A date can be relative to the sandbox's clock."""
    with faults(own, "status=429,retry_after=date+30"):
        told = own.get(PATH).headers["retry-after"]
    assert told.endswith(" GMT")
    assert parsedate_to_datetime(told) == NOW + timedelta(seconds=30)


@pytest.mark.parametrize("code", [301, 302, 307])
def test_redirect_points_elsewhere(own: SandboxClient, code: int) -> None:
    """An origin gets the call's path and query, a complete URL is unchanged."""
    origin, whole = "http://127.0.0.1:9", "http://other.example/x?y=1"
    with faults(own, f"status={code},location={origin},count=1", f"status=302,location={whole}"):
        assert own.get(PATH).headers["location"] == origin + PATH
        assert own.get(PATH).headers["location"] == whole


# --- connections ------------------------------------------------------------------------------


def test_connection_is_reset_before_a_byte(own: SandboxClient) -> None:
    """The client sees a reset, without a response."""
    with (
        faults(own, "reset"),
        connect(own, PATH) as connection,
        pytest.raises(ConnectionResetError),
    ):
        connection.recv(1)


def test_connection_ends_before_a_byte(own: SandboxClient) -> None:
    """The client sees a closed connection, without a response."""
    with faults(own, "disconnect"), connect(own, PATH) as connection:
        assert read_to_end(connection) == b""


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset", httpx.ReadError),
        ("disconnect", httpx.RemoteProtocolError),
        ("truncate", httpx.RemoteProtocolError),
        ("truncate,framing=chunked", httpx.RemoteProtocolError),
    ],
)
def test_kept_connection_breaks_and_the_next_one_serves(
    own: SandboxClient, fault: str, error: type[Exception]
) -> None:
    """A reused connection is closed too, and a new one works."""
    assert own.get(PATH).status_code == 200
    with faults(own, fault + ",count=1"):
        with pytest.raises(error):
            own.get(PATH)
        assert own.get(PATH).status_code == 200


@pytest.mark.parametrize("at", ["0", "0.5", "1"])
def test_body_is_shorter_than_its_length(own: SandboxClient, at: str) -> None:
    """The head has the original length, and the connection is closed before it is reached."""
    original = own.get(PATH).content
    with faults(own, f"truncate,at={at}"), connect(own, PATH) as connection:
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert f"content-length: {len(original)}".encode() in head
    assert body == original[: min(int(len(original) * float(at)), len(original) - 1)]


def test_chunked_body_has_no_end(own: SandboxClient) -> None:
    """The chunks stop without the empty one that ends them."""
    original = own.get(PATH).content
    with faults(own, "truncate,framing=chunked"), connect(own, PATH) as connection:
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert b"content-length" not in head
    half = original[: len(original) // 2]
    assert body == b"%x\r\n%s\r\n" % (len(half), half)


def test_hanging_call_is_never_answered(own: SandboxClient) -> None:
    """There is no response, the connection stays open, and other calls are served."""
    with faults(own, "hang,count=1"), connect(own, PATH) as connection:
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert own.get(PATH).status_code == 200


def test_slow_answer_is_the_genuine_one(own: SandboxClient) -> None:
    """A slow call waits at least so long, and is otherwise unchanged."""
    original = own.get(PATH).content
    with faults(own, "slow=30"):
        started = time.perf_counter()
        assert own.get(PATH).content == original
        assert time.perf_counter() - started >= 0.03


def test_body_drips(own: SandboxClient) -> None:
    """The head comes at once, the body in small pieces at about the given rate."""
    original = own.get(PATH).content
    with faults(own, f"drip,bytes_per_s={20 * len(original)}"):
        started = time.perf_counter()
        with own.stream("GET", PATH) as answer:
            assert answer.headers["content-length"] == str(len(original))
            pieces = list(answer.iter_raw())
    assert b"".join(pieces) == original
    assert len(pieces) >= 2
    assert time.perf_counter() - started >= 0.04


def test_dripping_ends_when_the_client_goes(own: SandboxClient) -> None:
    """The server stops quickly while it sends a body that would take minutes."""
    with faults(own, "drip,bytes_per_s=1"), connect(own, PATH) as connection:
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_refusals_break_off_as_well(own: SandboxClient) -> None:
    """An error's body is truncated like any other, with its own status."""
    with faults(own, "truncate"), connect(own, customer_path("nobody")) as connection:
        assert read_to_end(connection).startswith(b"HTTP/1.1 400")


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["reset", "disconnect"])
async def test_without_a_server_the_fault_is_an_exception(world: World, fault: str) -> None:
    """Without a connection to break, the application raises an error."""
    app = create_sandbox(world, faults=[parse_fault(fault)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        with pytest.raises(ConnectionResetError, match="uvicorn"):
            await client.get(PATH, headers={"Authorization": f"Basic {CREDENTIALS}"})


# --- sizes ------------------------------------------------------------------------------------


def test_huge_body_ends_with_the_genuine_one(own: SandboxClient) -> None:
    """So many bytes of whitespace come first, and the length includes them."""
    original = own.get(PATH).content
    with faults(own, "huge=1000000"):
        answer = own.get(PATH)
    assert answer.headers["content-length"] == str(1_000_000 + len(original))
    assert answer.content == b" " * 1_000_000 + original


def test_gzip_bomb_is_small_on_the_wire(own: SandboxClient) -> None:
    """A few kilobytes inflate to so many bytes and the original body after them."""
    original = own.get(PATH).content
    with faults(own, "gzip_bomb=3000000"), own.stream("GET", PATH) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        raw = b"".join(answer.iter_raw())
    assert len(raw) < 3_000 + len(original)
    assert gzip.decompress(raw) == b" " * 3_000_000 + original


def test_client_may_leave_a_huge_body(own: SandboxClient) -> None:
    """After the client has disconnected, no more of a gigabyte is produced."""
    with faults(own, "huge=1000000000,count=1"):
        with connect(own, PATH) as connection:
            connection.recv(100)
            connection.shutdown(socket.SHUT_RDWR)
        assert own.get(PATH).status_code == 200
