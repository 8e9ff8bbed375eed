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

    `reload` raises SettingsError where a file is not valid, and is called again at the next look:
    certificate and key are two files, of which one is written first.
    """

    def __init__(
        self, files: Mapping[str, str], reload: Callable[[], None], every_s: float = EVERY_S
    ) -> None:
        self._files, self._reload, self._every_s = files, reload, every_s
        self._applied = self._rejected = self._look()
        self._task: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Look at the files now."""
        seen = self._look()
        if seen == self._applied:
            return
        changed = [name for name in seen if seen[name] != self._applied[name]]
        try:
            self._reload()
        except SettingsError as error:
            if seen != self._rejected:
                log.warning("settings_files_rejected", settings=changed, reason=str(error))
            self._rejected = seen
        else:
            log.info("settings_files_changed", settings=changed)
            self._applied = seen

    async def reload(self) -> None:
        """Look at the files now, as a signal asks for."""
        self.check()

    async def __aenter__(self) -> Self:
        """Begin to look, outside of any request's context."""
        if self._files:
            with suppress(SettingsError):  # what has changed since the settings were loaded
                self._reload()
            self._task = asyncio.create_task(self._run(), name="files", context=Context())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            self.check()

    def _look(self) -> dict[str, _State]:
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
