"""The processes of the fleet: replicas, nginx before them, one Valkey and the sandbox.

Before the sandbox stands a second nginx, whose log has the time of each upstream call.
"""

import signal
import subprocess
from collections.abc import Container, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from soak_processes import Process, gateway, sandbox
from speed.processes import await_answer, started

from tests.support.commands import free_port
from tests.support.valkey import Valkey

_NGINX = """daemon off;
worker_processes 1;
pid {folder}/{name}.pid;
error_log {folder}/{name}.error.log warn;
events {{ worker_connections 4096; }}
http {{
  log_format times '$msec $request_time $status $upstream_addr';
  access_log {folder}/{name}.access.log times;
  client_body_temp_path {folder}/{name}.body;
  proxy_temp_path {folder}/{name}.proxy;
  fastcgi_temp_path {folder}/{name}.fastcgi;
  uwsgi_temp_path {folder}/{name}.uwsgi;
  scgi_temp_path {folder}/{name}.scgi;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  proxy_buffers 64 8k;
  upstream servers {{ {servers} keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_next_upstream {retried};
      proxy_connect_timeout 2s;
    }}
  }}
}}
"""
SECRET = "the fleet's own secret"  # noqa: S105 - of this machine's fleet alone


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that nginx has passed on: Unix times, its status, and the servers it tried."""

    began: float
    ended: float
    status: int
    servers: tuple[str, ...]


@dataclass
class Nginx:
    """nginx before some servers; `retries` allows another one where no connection can be made."""

    name: str
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    port: int = field(default_factory=free_port)
    retries: bool = False

    @property
    def url(self) -> str:
        """Return its URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file with what nginx prints, which are the reasons for not starting."""
        return self.folder / f"{self.name}.log"

    def wait_for(self, statuses: Container[int]) -> None:
        """Wait until a probe is answered with one of these statuses."""
        await_answer(f"{self.url}/readyz", statuses, self.process, self.log)

    def pass_to(self, servers: list[str]) -> None:
        """Pass requests to these servers from now on, each a host and a port."""
        # Without retries a server counts as alive whatever it does, as for kube-proxy.
        fails = "" if self.retries else " max_fails=0"
        text = _NGINX.format(
            folder=self.folder,
            name=self.name,
            port=self.port,
            servers=" ".join(f"server {server}{fails};" for server in servers),
            retried="error" if self.retries else "off",
        )
        (self.folder / f"{self.name}.conf").write_text(text)
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)

    def passed(self, since: float = 0.0) -> list[Passed]:
        """Return the requests that it has passed on and that have ended `since` a Unix time."""
        lines = (self.folder / f"{self.name}.access.log").read_text().splitlines()
        return [one for one in map(_parse, lines) if one.ended >= since]


def _parse(line: str) -> Passed:
    ended, took_s, status, servers = line.split(" ", 3)
    # The time of the end is rounded, and so is the duration.
    return Passed(
        float(ended) - float(took_s), float(ended), int(status), tuple(servers.split(", "))
    )


@contextmanager
def nginx(name: str, folder: Path, servers: list[str], *, retries: bool = False) -> Iterator[Nginx]:
    """Run nginx before these servers."""
    proxy = Nginx(name, folder, retries=retries)
    proxy.pass_to(servers)
    command = ["nginx", "-c", str(folder / f"{name}.conf")]
    with started(command, proxy.log) as proxy.process:
        proxy.wait_for(range(600))
        yield proxy


@dataclass
class Fleet:
    """The running processes."""

    folder: Path
    sandbox: Process
    platform: Nginx
    valkey: Valkey
    balancer: Nginx
    settings: Mapping[str, str]
    stack: ExitStack
    replicas: list[Process] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def urls(self) -> list[str]:
        """Return the URLs of the replicas."""
        return [replica.url for replica in self.replicas]

    def start_replica(self) -> Process:
        """Start one more replica, to which nothing is passed yet."""
        log = self.folder / f"replica-{next(self.numbers)}.log"
        settings = {
            "GATEWAY_UPSTREAM_URL": self.platform.url,
            "GATEWAY_CACHE_URL": self.valkey.url,
            "GATEWAY_CACHE_KEY_SECRET": SECRET,
            "GATEWAY_DEFINITIONS": "legacy",  # the calls of one endpoint are counted
            **self.settings,
        }
        replica = self.stack.enter_context(
            gateway(self.platform.url, log, settings, inherits=False)
        )
        self.replicas.append(replica)
        return replica

    def route(self) -> None:
        """Pass requests to the present replicas."""
        self.balancer.pass_to([url.removeprefix("http://") for url in self.urls])

    def kill_all(self) -> None:
        """Kill the replicas, which no test needs any more."""
        for replica in self.replicas:
            replica.process.kill()


@contextmanager
def fleet(
    folder: Path, replicas: int, settings: Mapping[str, str], *, retries: bool = False
) -> Iterator[Fleet]:
    """Run a fleet."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (folder, folder.parent):
        path.chmod(0o755)  # nginx, started by root, works as somebody else
    with ExitStack() as stack:
        played = stack.enter_context(sandbox(folder))
        host = played.url.removeprefix("http://")
        platform = stack.enter_context(nginx("platform", folder, [host]))
        valkey = Valkey()
        stack.callback(valkey.stop)
        nobody = f"127.0.0.1:{free_port()}"
        balancer = stack.enter_context(nginx("balancer", folder, [nobody], retries=retries))
        running = Fleet(folder, played, platform, valkey, balancer, settings, stack)
        stack.callback(running.kill_all)
        with ThreadPoolExecutor() as pool:
            for one in [pool.submit(running.start_replica) for _ in range(replicas)]:
                one.result()
        running.route()
        balancer.wait_for({200})
        yield running
