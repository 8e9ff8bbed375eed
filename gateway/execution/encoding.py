"""Encodes data as JSON, within the limits of its size.

The value of one fetched field is encoded at a time. If it contains no text of its payload twice, it
is not longer than the platform's response, and is encoded at once; otherwise in pieces, of which
the sizes are checked.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.answer_budget import AnswerRefusedError, AnswerShare
from gateway.execution.outcome import Outcome

_MAX_PIECE = 64 * 1024  # characters that are encoded at once
_BYTES_PER_SLICE = 1024 * 1024  # about a millisecond of work between two turns of the event loop
_CHARACTERS_PER_NAME = 16  # of a response key with its punctuation, approximately

encode = msgspec.json.Encoder().encode


async def encode_answer(outcome: Outcome, share: AnswerShare, request_id: str) -> Outcome:
    """Encode an outcome's data; data that is too large becomes an error in its place."""
    if not outcome.may_repeat or outcome.data is None:
        return encode_at_once(outcome, share, request_id)
    try:
        share.has(0, 0)  # its size is counted again
        data = await encode_pieces(outcome.data, share)
    except AnswerRefusedError:
        return _refused(share, request_id)
    return encode_at_once(outcome, share, request_id, data)


def encode_at_once(
    outcome: Outcome, share: AnswerShare, request_id: str, data: bytes | None = None
) -> Outcome:
    """Encode data that contains no long text more than once; `data` is its JSON where known."""
    if data is None:
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
    """Encode data that may contain a long text many times, yielding to the event loop in between.

    Raise AnswerRefusedError as soon as it is too large.
    """
    pieces: list[bytes] = []
    since_check = since_yield = 0
    for piece in _pieces(value):
        pieces.append(piece)
        since_check += len(piece)
        if since_check > _MAX_PIECE:
            share.grows(since_check)
            since_yield += since_check
            since_check = 0
        if since_yield > _BYTES_PER_SLICE:
            since_yield = 0
            await asyncio.sleep(0)
    return b"".join(pieces)


def _pieces(value: Any) -> Iterator[bytes]:
    is_object = value.__class__ is dict
    if not (is_object or value.__class__ is list) or not _is_long(value):
        yield encode(value)
        return
    separator = b"{" if is_object else b"["
    for key in value if is_object else range(len(value)):
        yield separator + encode(key) + b":" if is_object else separator
        yield from _pieces(value[key])
        separator = b","
    yield b"}" if is_object else b"]"


def _is_long(value: Any) -> bool:
    """Whether data has more characters than a piece, approximately; stop counting there."""
    room, remaining = _MAX_PIECE, [value]
    while remaining and room >= 0:
        value = remaining.pop()
        kind = value.__class__
        if kind is str:
            room -= len(value)
        elif kind is dict:
            room -= _CHARACTERS_PER_NAME * len(value)
            remaining += value.values()
        elif kind is list:
            room -= len(value)
            remaining += value
        elif kind is msgspec.Raw:
            room -= len(memoryview(value))
    return room < 0
