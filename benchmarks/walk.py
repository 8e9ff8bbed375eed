"""How far a warm query walks: functions and files of ours that run, and calls that go upwards.

    python benchmarks/walk.py [--list]

A sandbox and a gateway run in this process over real HTTP. After a few runs of the query, one more
is followed by a profile function in the gateway's thread. An *upward switch* is a function that
runs for the first time right after one of a lower package; a *callback upwards* is a function of a
higher package that one of a lower package calls. The order is that of `tests/test_layers.py`.
"""

import argparse
import sys
import threading
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from gateway.sandbox.app import create_sandbox
from gateway.telemetry import configure_logging
from tests.support.graph import serve_gateway
from tests.support.serving import serve
from tests.test_layers import rank

QUERY = """{
  customer(by: {externalId: "C-CURRENT"}) {
    promotions(first: 3) { nodes { promotion { name definition { status } } } }
  }
}"""
_PACKAGE = str(Path(__file__).parent.parent / "gateway") + "/"


class Walk:
    """The functions that ran while it was followed."""

    def __init__(self) -> None:
        self.is_followed = False
        self.functions: Counter[tuple[str, str]] = Counter()
        self.upwards: Counter[tuple[str, str]] = Counter()

    def follow(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Count a call of a function of ours, and whether it goes upwards."""
        if not self.is_followed or event != "call":
            return
        callee = _place(frame)
        if callee is None:
            return
        self.functions[callee] += 1
        back = frame.f_back
        while back is not None and _place(back) is None:
            back = back.f_back
        caller = back and _place(back)
        if caller and _rank(callee[0]) < _rank(caller[0]):
            self.upwards[":".join(caller), ":".join(callee)] += 1


def _place(frame: FrameType) -> tuple[str, str] | None:
    """Return a function's file below the package and its name; None for other packages."""
    name = frame.f_code.co_filename
    if not name.startswith(_PACKAGE) or "/sandbox/" in name:
        return None
    return name.removeprefix(_PACKAGE), frame.f_code.co_qualname


def _rank(file: str) -> int:
    return rank(file.partition("/")[0].removesuffix(".py"))


def main() -> None:
    """Follow one warm query, and print what it walked through."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="list functions and upward calls")
    listed = parser.parse_args().list
    configure_logging("json")
    walk = Walk()
    with serve(create_sandbox()) as sandbox_url:
        threading.setprofile(walk.follow)
        with serve_gateway(sandbox_url) as url, httpx.Client(base_url=url) as client:
            threading.setprofile(None)
            for _ in range(5):
                client.post("/graphql", json={"query": QUERY}).raise_for_status()
            walk.is_followed = True
            answer = client.post("/graphql", json={"query": QUERY}).json()
            walk.is_followed = False
    if "errors" in answer:
        raise SystemExit(f"the query has errors: {answer['errors']}")
    ranks = [_rank(file) for file, _ in walk.functions]  # in the order in which they first ran
    print(
        f"functions {len(ranks)}  files {len({file for file, _ in walk.functions})}"
        f"  calls {walk.functions.total()}"
        f"  upward switches {sum(after < before for before, after in pairwise(ranks))}"
        f"  callbacks upwards {walk.upwards.total()}"
    )
    if listed:
        for (file, name), count in sorted(walk.functions.items()):
            print(f"{count:4} {file}:{name}")
        for (caller, callee), count in walk.upwards.most_common():
            print(f"{count:4} {caller}  ->  {callee}")


if __name__ == "__main__":
    main()
