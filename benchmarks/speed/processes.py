"""Processes of a benchmark: started with a log of their own, and ended by their process id."""

import subprocess
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent.parent
_START_S = 60
_END_S = 15


@contextmanager
def started(
    command: list[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block ends; `log` gets all that it writes."""
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=folder,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_answer(
    url: str, statuses: Container[int], process: subprocess.Popen[bytes], log: Path
) -> None:
    """Poll a URL until it answers with one of these statuses.

    Raise RuntimeError with the end of the log where that does not happen.
    """
    end = time.monotonic() + _START_S
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < end and process.poll() is None:
            with suppress(httpx.TransportError):
                if client.get(url).status_code in statuses:
                    return
            time.sleep(0.005)
    raise RuntimeError(f"{log.stem} did not start; its log:\n{log.read_text()[-2000:]}")


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """Return a process's resident memory in MB (VmHWM: the most it ever had); Linux only."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith(what + ":"))
    return kilobytes / 1024
