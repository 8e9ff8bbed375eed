"""An upstream that serves hostile payloads, for `lies.py`."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.sandbox.documented_examples import document

MIB = 1024 * 1024
ALMOST = 10 * MIB - 20_000  # what is just not refused for its size
_SMALL = {"promotionId": 1, "promotionName": "a", "programId": 1}
_SMALL_DEFINITION = {"id": 1, "name": "a", "programId": 1}

Kind = tuple[
    str, str, dict[str, Any], dict[str, Any]
]  # list key, item's name, envelope, small item
_CUSTOMER: dict[str, Any] = {"customerId": 1, "pageDetails": {"totalEntries": 1}}
_LEGACY: dict[str, Any] = {
    "status": {"code": 200},
    "validationErrors": None,
    "pageDetails": {"totalEntries": 1},
}


class Page:
    """A writer of pages of one endpoint."""

    def __init__(self, endpoint: str) -> None:
        is_customer = endpoint == "promotionData"
        self.key = "promotions" if is_customer else "data"
        self.envelope = _CUSTOMER if is_customer else _LEGACY
        self.small = _SMALL if is_customer else _SMALL_DEFINITION
        example = (
            "customer_345854019_issued_page_of_6" if is_customer else "program_973_user_created"
        )
        self.item: dict[str, Any] = document(example)[self.key][0]

    def of(self, items: str, **envelope: str) -> bytes:
        """Return a page with items and members that are JSON already."""
        told = {name: json.dumps(value) for name, value in self.envelope.items()}
        members = (f'"{name}":{value}' for name, value in (told | envelope).items())
        return ("{" + ",".join(members) + f',"{self.key}":[{items}]' + "}").encode()

    def many(self, item: Any, count: int = 10**9, **envelope: str) -> bytes:
        """Return a page that repeats one item, this often or as often as fits."""
        written = json.dumps(item)
        count = min(count, ALMOST // (len(written) + 1))
        told = {"pageDetails": f'{{"totalEntries":{count}}}'} | envelope
        return self.of(",".join([written] * count), **told)

    def restrictions(self, count: int) -> Any:
        """Return an item with this many restrictions."""
        item = json.loads(json.dumps(self.item))
        if self.key == "promotions":
            one = {"kpi": "NUMBER_OF_EARNS", "maxLimit": "1", "limitOn": "CUSTOMER"}
            item["promotionRestriction"] = {"earnRestrictions": [one] * count}
        else:
            lists = item["promotionRestrictions"]["restrictions"]
            lists |= {name: (entries * count)[:count] for name, entries in lists.items()}
        return item


Body = Callable[[Page], bytes]
LIES: dict[str, Body] = {
    "a page of 100 as it should be": lambda page: page.many(page.item, 100),
    "100,000 lists deep, the body": lambda _: b"[" * 100_000 + b"]" * 100_000,
    "100,000 objects deep, the body": lambda _: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "100,000 deep, in pageDetails": lambda page: page.many(
        page.item, 100, pageDetails="[" * 100_000 + "]" * 100_000
    ),
    "100,000 deep, under an unknown key": lambda page: page.many(
        page.item, 100, extra="[" * 100_000 + "]" * 100_000
    ),
    "5 million lists deep": lambda _: b"[" * (5 * MIB) + b"]" * (5 * MIB - 10),
    "5,000 digits as total": lambda page: page.many(
        page.item, 100, pageDetails='{"totalEntries":' + "9" * 5_000 + "}"
    ),
    "5,000 digits in each of 100 items": lambda page: page.many(page.item, 100).replace(
        b'"programId": ', b'"extra":' + b"9" * 5_000 + b',"programId": '
    ),
    "10 MiB of digits": lambda page: page.many(page.item, 100, extra="9" * ALMOST)[: 10 * MIB],
    "26,000 integers of 399 digits": lambda page: page.of(
        json.dumps(page.small), extra="[" + ",".join(["9" * 399] * 26_000) + "]", huge="1e999"
    ),
    "10 MiB of documented items": lambda page: page.many(page.item),
    "10 MiB of documented items, one bad": lambda page: page.many(page.item, pageDetails='"x"'),
    "10 MiB of small items": lambda page: page.many(page.small),
    "10 MiB of small items, one bad": lambda page: page.many(page.small, pageDetails='"x"'),
    "10 MiB of bad items": lambda page: page.many({}),
    "100,000 items": lambda page: page.many(page.small, 100_000),
    "10 MiB of garbage": lambda _: b"x" * ALMOST,
    "10 MiB of blanks": lambda _: b" " * ALMOST,
    "10 MiB of backslashes": lambda page: page.of(
        json.dumps(page.small), extra='"' + "\\\\" * (ALMOST // 2) + '"', huge="1e999"
    ),
    "10 MiB of half characters": lambda page: page.of(
        json.dumps(page.small), description='"' + "\\ud83d" * (ALMOST // 6) + '"'
    ),
    "10 MiB of empty lists": lambda page: page.of(
        json.dumps(page.small), extra="[" + ",".join(["[]"] * (ALMOST // 3)) + "]"
    ),
    "10 MiB of empty lists, one bad number": lambda page: page.of(
        json.dumps(page.small), extra="[" + ",".join(["[]"] * (ALMOST // 3)) + "]", huge="1e999"
    ),
    "10 MiB of empty objects as warnings": lambda page: page.of(
        json.dumps(page.small), warnings="[" + ",".join(["{}"] * (ALMOST // 3)) + "]"
    ),
    "10 MiB of texts as warnings": lambda page: page.of(
        json.dumps(page.small), warnings="[" + ",".join(['"ab"'] * (ALMOST // 5)) + "]"
    ),
    "10 MiB of numbers as errors": lambda page: page.of(
        json.dumps(page.small), errors="[" + ",".join(["1"] * (ALMOST // 2)) + "]"
    ),
    "a text of 10 MiB": lambda page: page.many(page.item, 100).replace(
        b'"programId": ', b'"description":"' + b"d" * (9 * MIB) + b'","programId": ', 1
    ),
    "a text of 10 MiB, one bad number": lambda page: page.many(
        page.item, 100, huge="1e999"
    ).replace(b'"programId": ', b'"description":"' + b"d" * (9 * MIB) + b'","programId": ', 1),
    "an item of 1,000 restrictions": lambda page: page.many(page.restrictions(1_000), 1),
    "20 items of 36 restrictions a stage": lambda page: page.many(page.restrictions(36), 20),
    "an item of 30,000 restrictions": lambda page: page.many(page.restrictions(30_000), 1),
    "a million keys": lambda page: page.of(
        json.dumps(page.small), extra="{" + ",".join(f'"{n:07}":1' for n in range(800_000)) + "}"
    ),
    "a million keys, one bad number": lambda page: page.of(
        json.dumps(page.small),
        extra="{" + ",".join(f'"{n:07}":1' for n in range(800_000)) + "}",
        huge="1e999",
    ),
}


class Liar:
    """An ASGI application: ``PUT /lie`` selects the response to every other call."""

    def __init__(self) -> None:
        self._answers: dict[str, Response] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send one response."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if request.method == "PUT":
            lie = await request.json()
            self._answers = {
                endpoint: await asyncio.to_thread(_answer, endpoint, **lie)
                for endpoint in ("promotionData", "promotionsV2")
            }
            await Response()(scope, receive, send)
            return
        await self._answers[request.url.path.rsplit("/", 1)[-1]](scope, receive, send)


def _answer(endpoint: str, name: str, status: int, *, is_packed: bool) -> Response:
    body = LIES[name](Page(endpoint))
    if is_packed:
        return Response(gzip.compress(body, 1), status, {"Content-Encoding": "gzip"})
    return Response(body, status)
