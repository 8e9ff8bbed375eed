"""The start of a worker process.

It imports nothing of the gateway before the process ignores interrupts: one that arrives while it
unpickles or imports would print a traceback.
"""

import pickle
import signal
import socket
from importlib import import_module
from multiprocessing.reduction import ForkingPickler
from typing import Any

STARTUP_FAILURE = 3
"""The exit status of a worker that does not start, as uvicorn has it."""
INTERRUPTS = (signal.SIGINT, signal.SIGHUP)
"""What a terminal sends to all processes; the parent alone handles it, and tells the workers."""


class WorkerFactory:
    """Calls `factory`, named as ``module:function``, with one `argument` in the worker.

    `argument` is pickled apart, by what can pass file descriptors to a child process.
    """

    def __init__(self, factory: str, argument: Any) -> None:
        self._factory, self._argument = factory, argument

    def __getstate__(self) -> dict[str, Any]:
        return {"factory": self._factory, "argument": bytes(ForkingPickler.dumps(self._argument))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._factory, self._argument = state["factory"], state["argument"]

    def __call__(self) -> Any:
        """Create the application, in the worker; the argument is unpickled only now."""
        module, _, name = self._factory.partition(":")
        create = getattr(import_module(module), name)
        return create(pickle.loads(self._argument))  # noqa: S301 - the parent has pickled it


def run_worker(
    factory: WorkerFactory, *serving: Any, control: socket.socket, siblings: socket.socket
) -> None:
    """Serve in this process, which has been started with `INTERRUPTS` blocked."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
    serve_worker = import_module("gateway.server.worker_process").serve_worker
    serve_worker(factory, *serving, control=control, siblings=siblings)
