"""Files that change while the gateway runs: secrets and certificates that are rotated."""

import asyncio
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Context
from typing import Self

from gateway.config.settings import SettingsError
from gateway.telemetry import log

EVERY_S = 5.0
# Device, inode, size and time of change: a file that is replaced has another inode.
_State = tuple[int, int, int, int] | None


class FileWatch:
    """Calls `reload` after one of the `files`, by the variables that name them, has changed.

    The files are checked every `every_s`. `reload` raises SettingsError where one is not valid, and
    is called again at the next check: certificate and key are two files, of which one is written
    first.
    """

    def __init__(
        self, files: Mapping[str, str], reload: Callable[[], None], every_s: float = EVERY_S
    ) -> None:
        self._files, self._reload, self._every_s = files, reload, every_s
        self._applied = self._rejected = self._states()
        self._task: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Apply the files if they have changed; log once why they are rejected."""
        states = self._states()
        try:
            self._apply(states)
        except SettingsError as error:
            if states != self._rejected:
                changed = self._changed(states)
                log.warning("settings_files_rejected", settings=changed, reason=str(error))
            self._rejected = states

    async def reload(self) -> None:
        """Apply the files if they have changed; raise SettingsError if one is not valid."""
        self._apply(self._states())

    async def __aenter__(self) -> Self:
        """Start to check the files, outside of any request's context."""
        if self._files:
            with suppress(SettingsError):  # what has changed since the settings were loaded
                self._reload()
            self._task = asyncio.create_task(self._run(), name="files", context=Context())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop checking them."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            self.check()

    def _apply(self, states: dict[str, _State]) -> None:
        if changed := self._changed(states):
            self._reload()
            self._applied = states
            log.info("settings_files_changed", settings=changed)

    def _changed(self, states: dict[str, _State]) -> list[str]:
        return [name for name in states if states[name] != self._applied[name]]

    def _states(self) -> dict[str, _State]:
        return {name: _state(path) for name, path in self._files.items()}


def _state(path: str) -> _State:
    """Return what differs once a file has changed; None for a pipe, which can be read only once."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a fifth of the time
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
