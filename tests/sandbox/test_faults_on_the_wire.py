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
    """Any status can be had, and has no body unless one is ordered."""
    with faults(own, f"status={code}"):
        answer = own.get(PATH)
    assert answer.status_code == code
    assert answer.content == b""
    assert "retry-after" not in answer.headers


def test_status_comes_with_the_documented_error_body(own: SandboxClient) -> None:
    """The documented body has the ordered code, or the status where none is."""
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
    """A proxy's page comes with an error, or as if it were the answer."""
    with faults(own, f"status={code},body=html"):
        answer = own.get(PATH)
    assert answer.status_code == code
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("told", ["7", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-1"])
def test_retry_after_goes_out_as_ordered(own: SandboxClient, told: str) -> None:
    """Seconds, a date and nonsense reach the client word for word."""
    with faults(own, f"status=429,retry_after={told},count=1"):
        assert own.get(PATH).headers["retry-after"] == told


def test_retry_after_can_be_a_date_to_come(own: SandboxClient) -> None:
    """A date can be ordered relative to the sandbox's clock."""
    with faults(own, "status=429,retry_after=date+30"):
        told = own.get(PATH).headers["retry-after"]
    assert told.endswith(" GMT")
    assert parsedate_to_datetime(told) == NOW + timedelta(seconds=30)


@pytest.mark.parametrize("code", [301, 302, 307])
def test_redirect_points_elsewhere(own: SandboxClient, code: int) -> None:
    """An origin gets the call's path and query, a whole URL stays as it is."""
    origin, whole = "http://127.0.0.1:9", "http://other.example/x?y=1"
    with faults(own, f"status={code},location={origin},count=1", f"status=302,location={whole}"):
        assert own.get(PATH).headers["location"] == origin + PATH
        assert own.get(PATH).headers["location"] == whole


# --- connections ------------------------------------------------------------------------------


def test_connection_is_reset_before_a_byte(own: SandboxClient) -> None:
    """The client reads a reset, not an end and not an answer."""
    with (
        faults(own, "reset"),
        connect(own, PATH) as connection,
        pytest.raises(ConnectionResetError),
    ):
        connection.recv(1)


def test_connection_ends_before_a_byte(own: SandboxClient) -> None:
    """The client reads an orderly end of a connection that has said nothing."""
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
    """A connection that has served before breaks off too, and a new one serves again."""
    assert own.get(PATH).status_code == 200
    with faults(own, fault + ",count=1"):
        with pytest.raises(error):
            own.get(PATH)
        assert own.get(PATH).status_code == 200


@pytest.mark.parametrize("at", ["0", "0.5", "1"])
def test_body_is_shorter_than_its_length(own: SandboxClient, at: str) -> None:
    """The head tells the genuine length, and the connection ends before it is reached."""
    genuine = own.get(PATH).content
    with faults(own, f"truncate,at={at}"), connect(own, PATH) as connection:
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert f"content-length: {len(genuine)}".encode() in head
    assert body == genuine[: min(int(len(genuine) * float(at)), len(genuine) - 1)]


def test_chunked_body_has_no_end(own: SandboxClient) -> None:
    """The chunks stop without the empty one that ends them."""
    genuine = own.get(PATH).content
    with faults(own, "truncate,framing=chunked"), connect(own, PATH) as connection:
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert b"content-length" not in head
    half = genuine[: len(genuine) // 2]
    assert body == b"%x\r\n%s\r\n" % (len(half), half)


def test_hanging_call_is_never_answered(own: SandboxClient) -> None:
    """Nothing comes, the connection stays, and the sandbox goes on serving others."""
    with faults(own, "hang,count=1"), connect(own, PATH) as connection:
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert own.get(PATH).status_code == 200


def test_slow_answer_is_the_genuine_one(own: SandboxClient) -> None:
    """A slow call waits at least so long, and nothing else about it changes."""
    genuine = own.get(PATH).content
    with faults(own, "slow=30"):
        started = time.perf_counter()
        assert own.get(PATH).content == genuine
        assert time.perf_counter() - started >= 0.03


def test_body_drips(own: SandboxClient) -> None:
    """The head comes at once, the body in small pieces at about the ordered pace."""
    genuine = own.get(PATH).content
    with faults(own, f"drip,bytes_per_s={20 * len(genuine)}"):
        started = time.perf_counter()
        with own.stream("GET", PATH) as answer:
            assert answer.headers["content-length"] == str(len(genuine))
            pieces = list(answer.iter_raw())
    assert b"".join(pieces) == genuine
    assert len(pieces) >= 2
    assert time.perf_counter() - started >= 0.04


def test_dripping_ends_when_the_client_goes(own: SandboxClient) -> None:
    """Nobody waits for a body that would take minutes: the server ends in no time."""
    with faults(own, "drip,bytes_per_s=1"), connect(own, PATH) as connection:
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_refusals_break_off_as_well(own: SandboxClient) -> None:
    """An error's body is cut like any other, with its own status."""
    with faults(own, "truncate"), connect(own, customer_path("nobody")) as connection:
        assert read_to_end(connection).startswith(b"HTTP/1.1 400")


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["reset", "disconnect"])
async def test_without_a_server_the_fault_is_an_exception(world: World, fault: str) -> None:
    """Where there is no connection to break, whoever calls the application is told so."""
    app = create_sandbox(world, faults=[parse_fault(fault)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        with pytest.raises(ConnectionResetError, match="uvicorn"):
            await client.get(PATH, headers={"Authorization": f"Basic {CREDENTIALS}"})


# --- sizes ------------------------------------------------------------------------------------


def test_huge_body_ends_with_the_genuine_one(own: SandboxClient) -> None:
    """So many blanks come first, and the length is told."""
    genuine = own.get(PATH).content
    with faults(own, "huge=1000000"):
        answer = own.get(PATH)
    assert answer.headers["content-length"] == str(1_000_000 + len(genuine))
    assert answer.content == b" " * 1_000_000 + genuine


def test_gzip_bomb_is_small_on_the_wire(own: SandboxClient) -> None:
    """A few kilobytes inflate to so many bytes, and to the genuine answer behind them."""
    genuine = own.get(PATH).content
    with faults(own, "gzip_bomb=3000000"), own.stream("GET", PATH) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        raw = b"".join(answer.iter_raw())
    assert len(raw) < 3_000 + len(genuine)
    assert gzip.decompress(raw) == b" " * 3_000_000 + genuine


def test_client_may_leave_a_huge_body(own: SandboxClient) -> None:
    """A gigabyte is not made for nobody: after the client has gone the sandbox is idle."""
    with faults(own, "huge=1000000000,count=1"):
        with connect(own, PATH) as connection:
            connection.recv(100)
            connection.shutdown(socket.SHUT_RDWR)
        assert own.get(PATH).status_code == 200
