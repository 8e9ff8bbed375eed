"""What a worker's process is handed: which application to make, and what of.

It imports nothing of the gateway. A process that is interrupted while it reads what it was handed
complains with a traceback; from then on the server sees to interruptions, and may import for a
second what the application needs.
"""

import pickle
from importlib import import_module
from multiprocessing.reduction import ForkingPickler
from typing import Any


class WorkerFactory:
    """Makes an application in a worker: `factory` as ``module:function``, of one `given` thing.

    `given` has to bear being handed to a process that is started.
    """

    def __init__(self, factory: str, given: object) -> None:
        self._factory, self._given = factory, given

    def __getstate__(self) -> dict[str, Any]:
        return {"factory": self._factory, "given": bytes(ForkingPickler.dumps(self._given))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._factory, self._given = state["factory"], state["given"]

    def __call__(self) -> Any:
        """Make the application; in the worker, where what was given is still as it was sent."""
        module, _, name = self._factory.partition(":")
        make = getattr(import_module(module), name)
        if isinstance(self._given, bytes):
            return make(pickle.loads(self._given))  # noqa: S301 - our parent wrote it
        return make(self._given)
