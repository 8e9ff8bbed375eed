"""The parts of a response together are what it is as a whole, and what graphql-core makes of it."""

import asyncio
import inspect
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import pytest
import structlog
from graphql import (
    ExecutionResult,
    GraphQLSchema,
    experimental_execute_incrementally,
    parse,
)

from gateway.execution.compiler.compiled_executor import CompiledExecutor
from gateway.execution.delivery import Delivery, Payload
from gateway.execution.encoding import encode
from gateway.execution.failures import OperationRefusedError
from gateway.execution.outcome import Outcome
from gateway.graphql_http.incremental import FORMATS
from tests.execution import oddities
from tests.execution.both import POOLS, Both, Tally
from tests.execution.comparison import difference_of_errors
from tests.execution.generated import Generated, Pools, generate
from tests.execution.lying import quiet
from tests.support.parts import Merged, Path, merged

pytestmark = pytest.mark.anyio

_NOT_JSON = "<object object"
ODD_POOLS = Pools({"index": list(range(30)), "turns": [0, 1, 2, 5]}, {})


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """Drop the log lines of errors that are caused on purpose."""

    def drop(*_: Any) -> Any:
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[drop])
    yield
    structlog.configure(**before)


async def in_parts(outcome: Outcome, delivery: Delivery) -> list[Merged]:
    """Execute what is deferred; return all parts merged, of each format."""
    first = msgspec.json.encode(outcome.data, enc_hook=repr)
    head = {"data": msgspec.Raw(first), "errors": outcome.errors, "hasNext": True}
    sent: dict[str, list[Any]] = {
        name: [{**head, **each.opened(delivery.opened)}] for name, each in FORMATS.items()
    }

    def send(payload: Payload) -> None:
        for name, each in FORMATS.items():
            if members := each.members(payload):
                # Encoded now: what has been sent is not kept.
                sent[name].append(msgspec.json.decode(encode({**members, "hasNext": True})))

    await delivery.run(first, send)
    for payloads in sent.values():
        payloads[0] = msgspec.json.decode(encode(payloads[0]))
        payloads.append({"hasNext": False})
    return [merged(payloads) for payloads in sent.values()]


async def by_graphql_core(schema: GraphQLSchema, generated: Generated, context: Any) -> Merged:
    """Execute an operation by graphql-core's incremental executor, with its own format."""
    results: Any = experimental_execute_incrementally(
        schema,
        parse(generated.text),
        context_value=context,
        variable_values=dict(generated.variables),
    )
    if inspect.isawaitable(results):
        results = await results
    whole = Merged()
    if isinstance(results, ExecutionResult):
        whole.add({"data": _json(results.data), "hasNext": False})
        return whole
    whole.add(_payload(results.initial_result))
    async for each in results.subsequent_results:
        whole.add(_payload(each))
    return whole


def _payload(result: Any) -> dict[str, Any]:
    payload: dict[str, Any] = _json(result.formatted)
    return payload


def _json(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=repr))


class Deferred(Both):
    """Operations with @defer, executed in parts and as a whole."""

    async def compare_parts(self, generated: Generated) -> None:
        """Execute an operation as a whole, and twice in parts."""
        counts, differences = self.tally.counts, self.tally.differences
        counts["operations"] += 1
        try:
            operation = self.operations.get(generated.text, None)
            operation.check(generated.variables)
        except OperationRefusedError as refused:
            counts[f"refused {refused.code}"] += 1
            return
        compiled: CompiledExecutor = self.compiled
        before = asyncio.all_tasks()
        context = self.gateway.context()
        whole = await compiled.run(operation, dict(generated.variables), context)
        await quiet(before)
        calls = self.gateway.platform.calls
        for _ in range(2):
            before = asyncio.all_tasks()
            context = self.gateway.context()
            outcome, delivery = await compiled.run_in_parts(
                operation, dict(generated.variables), context
            )
            if delivery is None:
                counts["as a whole"] += 1
                results = [Merged(outcome.data, list(outcome.errors), is_complete=True)]
            else:
                counts["in parts"] += 1
                results = await in_parts(outcome, delivery)
                counts["parts"] += len(results[0].sent)
                counts["failed parts"] += len(results[0].failed)
            await quiet(before)
            if self.gateway.platform.calls != calls:  # what is known by then, or with faults
                counts["other calls"] += 1
                continue
            reference = await by_graphql_core(self.schema, generated, self.gateway.context())
            await quiet(before)
            told = None
            if self.gateway.platform.calls != calls:
                counts["other calls"] += 1
            elif _NOT_JSON not in str(reference.data):  # which the compiled executor encodes early
                told = difference_from(reference, results[0])
            for each in (told, *(difference(whole, result) for result in results)):
                if each is not None and self.gateway.platform.rate:
                    # A part that waits may find what another one has fetched, or the fault of it.
                    counts["other faults"] += 1
                elif each is not None:
                    differences.append(f"{each}\n{generated.text}\n{generated.variables}")


def difference_from(reference: Merged, parts: Merged) -> str | None:
    """Return how a response in parts differs from that of graphql-core."""
    if _json(parts.data) != _json(reference.data):
        return f"data of the reference\n  {_json(parts.data)}\n  {_json(reference.data)}"
    if sorted(parts.failed, key=str) != sorted(reference.failed, key=str):
        return f"failed fragments\n  {parts.failed}\n  {reference.failed}"
    return None


def difference(whole: Outcome, parts: Merged) -> str | None:
    """Return how a response in parts differs from the whole one.

    Null propagation ends at a fragment: there the whole response may have null further above.
    """
    data = msgspec.json.decode(msgspec.json.encode(whole.data, enc_hook=repr))
    merged_data = msgspec.json.decode(msgspec.json.encode(parts.data, enc_hook=repr))
    place = _differs(data, merged_data, (), parts.failed)
    if place is not None:
        return f"data at {place}\n  {data}\n  {merged_data}\n  {parts.failed}\n {parts.errors}"
    if not parts.failed:
        return difference_of_errors(whole, Outcome(parts.data, parts.errors))
    return None


def _differs(whole: Any, parts: Any, path: Path, failed: list[Path]) -> Path | None:
    if whole is None and parts is not None:
        is_below = any(each[: len(path)] == path for each in failed)
        return None if is_below else path
    if isinstance(whole, dict) and isinstance(parts, dict):
        missing = whole.keys() - parts.keys()
        if parts.keys() - whole.keys() or (missing and path not in failed):
            return path
        places = ((key, whole[key], parts[key]) for key in parts)
    elif isinstance(whole, list) and isinstance(parts, list) and len(whole) == len(parts):
        places = ((index, *both) for index, both in enumerate(zip(whole, parts, strict=True)))
    else:
        return None if whole == parts else path
    for step, one, other in places:
        place = _differs(one, other, (*path, step), failed)
        if place is not None:
            return place
    return None


def _proves_something(tally: Tally) -> None:
    counts = tally.counts
    assert counts["refused"] < 0.05 * counts["operations"]
    assert counts["in parts"] > 0.2 * counts["operations"]
    assert counts["parts"] > counts["in parts"]
    assert counts["failed parts"] > 0
    assert counts["other calls"] < 0.3 * counts["in parts"]
    assert counts["other faults"] <= max(3, 0.01 * counts["in parts"])


async def _try(deferred: Deferred, pools: Pools, seeds: range) -> None:
    for seed in seeds:
        random = Random(f"deferred {seed}")  # noqa: S311 - no secret
        deferred.gateway.begin(
            random.randrange(10**9), random.choice([0, 0, 0.15, 0.5]), random.choice([0, 0, 0.1])
        )
        await deferred.compare_parts(generate(deferred.schema, random, pools, defers=0.2))
        assert not deferred.tally.differences, f"seed {seed}\n{deferred.tally.differences[0]}"
    _proves_something(deferred.tally)


@pytest.mark.timeout(300)
async def test_parts_of_the_real_schema_are_together_what_the_whole_is() -> None:
    """On a platform with faults."""
    await _try(Deferred(), POOLS, range(30, 45))


@pytest.mark.timeout(300)
async def test_whatever_a_resolver_does_wrong_is_the_same_in_parts() -> None:
    """Errors of plain and of fetched fields, of which null propagation removes parts."""
    await _try(Deferred(oddities.build(), ODD_POOLS), ODD_POOLS, range(30))


@pytest.mark.verify
@pytest.mark.timeout(3000)
async def test_two_thousand_operations_are_the_same_in_parts() -> None:
    """The same with further seeds, over both schemas."""
    await _try(Deferred(), POOLS, range(45, 530))
    await _try(Deferred(oddities.build(), ODD_POOLS), ODD_POOLS, range(30, 1_500))
