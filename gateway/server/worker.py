"""The factory of a worker's application, which uvicorn pickles for the worker's process.

It imports nothing of the gateway: an interrupt while the process unpickles it prints a traceback.
Afterwards the server handles interrupts, and the application may take a second to import.
"""

import pickle
from importlib import import_module
from multiprocessing.reduction import ForkingPickler
from typing import Any


class WorkerFactory:
    """Calls `factory`, named as ``module:function``, with one `argument` in the worker.

    `argument` is pickled apart, by what can pass file descriptors to a child process.
    """

    def __init__(self, factory: str, argument: object) -> None:
        self._factory, self._argument = factory, argument

    def __getstate__(self) -> dict[str, Any]:
        return {"factory": self._factory, "argument": bytes(ForkingPickler.dumps(self._argument))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._factory, self._argument = state["factory"], state["argument"]

    def __call__(self) -> Any:
        """Create the application; the argument is unpickled only now."""
        module, _, name = self._factory.partition(":")
        create = getattr(import_module(module), name)
        if isinstance(self._argument, bytes):
            return create(pickle.loads(self._argument))  # noqa: S301 - the parent has pickled it
        return create(self._argument)
