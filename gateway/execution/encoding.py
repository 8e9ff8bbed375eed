"""From an answer's data to JSON: in pieces where it may be long, and never more than is allowed.

A unit is what one fetch has brought. Where it shows no text of its payload twice, it is no longer
than what the platform has sent, and encoded at once; else it is measured first.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.answer_budget import AnswerRefusedError, AnswerShare
from gateway.execution.outcome import Outcome

_PIECE = 64 * 1024  # characters that are encoded without looking into them
_BYTES_PER_TURN = 1024 * 1024  # a millisecond's work or some, after which others of the loop come
_OF_A_NAME = 16  # characters that a name and its signs take, about

encode = msgspec.json.Encoder().encode


async def encode_answer(outcome: Outcome, share: AnswerShare, request_id: str) -> Outcome:
    """Encode an outcome's data, and count what has become of it.

    What is too large becomes an error in its place.
    """
    if not outcome.may_repeat:
        return encode_at_once(outcome, share, request_id)
    try:
        if outcome.data is None:
            data = b"null"
        else:
            share.has(0, 0)  # it is counted anew
            data = await encode_pieces(outcome.data, share)
        share.complete(data)
    except AnswerRefusedError:
        return _refused(share, request_id)
    return Outcome(None if outcome.data is None else msgspec.Raw(data), outcome.errors)


def encode_at_once(outcome: Outcome, share: AnswerShare, request_id: str) -> Outcome:
    """Do the same with data that repeats nothing."""
    data = encode(outcome.data)
    try:
        share.complete(data)
    except AnswerRefusedError:
        return _refused(share, request_id)
    return Outcome(None if outcome.data is None else msgspec.Raw(data), outcome.errors)


def _refused(share: AnswerShare, request_id: str) -> Outcome:
    error = share.error
    assert error is not None  # noqa: S101 - AnswerRefusedError has been raised
    return Outcome(None, [error.formatted(request_id)])


async def encode_pieces(value: Any, share: AnswerShare) -> bytes:
    """Encode data that may hold a long text many times, giving the loop back in between.

    Raises AnswerRefusedError as soon as it is too large.
    """
    pieces: list[bytes] = []
    since_check = since_turn = 0
    for piece in _pieces(value):
        pieces.append(piece)
        since_check += len(piece)
        if since_check > _PIECE:
            share.grows(since_check)
            since_turn += since_check
            since_check = 0
        if since_turn > _BYTES_PER_TURN:
            since_turn = 0
            await asyncio.sleep(0)
    return b"".join(pieces)


def _pieces(value: Any) -> Iterator[bytes]:
    if not _is_long(value):
        yield encode(value)
    elif value.__class__ is dict:
        sign = b"{"
        for key, inner in value.items():
            yield sign + encode(key) + b":"
            yield from _pieces(inner)
            sign = b","
        yield b"}"
    elif value.__class__ is list:
        sign = b"["
        for inner in value:
            yield sign
            yield from _pieces(inner)
            sign = b","
        yield b"]"
    else:
        yield encode(value)


def _is_long(value: Any) -> bool:
    """Whether data has more characters than a piece, about; it stops counting there."""
    room, waiting = _PIECE, [value]
    while waiting and room >= 0:
        value = waiting.pop()
        kind = value.__class__
        if kind is str:
            room -= len(value)
        elif kind is dict:
            room -= _OF_A_NAME * len(value)
            waiting += value.values()
        elif kind is list:
            room -= len(value)
            waiting += value
        elif kind is msgspec.Raw:
            room -= len(memoryview(value))
    return room < 0
