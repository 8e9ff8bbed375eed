"""Traffic for all uses of Redis, and the keys that it leaves there."""

import re
from itertools import count

import httpx

from tests.support.http_client import TLS
from tests.support.persisted_queries import with_hash

_NUMBERS = count()
_USES = (
    re.compile(rb"promotion-gateway:2:[^:]{32,}"),  # not the entry of the periodic check
    re.compile(rb"\{promotion-gateway:quota:1\}:replicas"),
    re.compile(rb"promotion-gateway:rate:1:.*"),
)


def use_all(gateway: str) -> None:
    """Send an operation with a document that no replica knows; it is counted, and shared."""
    document = f"{{ __typename }} #{next(_NUMBERS)}"
    answer = httpx.post(f"{gateway}/graphql", json=with_hash(document), trust_env=False, verify=TLS)
    assert answer.status_code == 200


def all_used(keys: set[bytes]) -> bool:
    """Whether the keys are those of all uses."""
    return all(any(use.fullmatch(key) for key in keys) for use in _USES)
