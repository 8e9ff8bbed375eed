"""Parsing the reference to a document, from any request."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadRequestError
from gateway.execution.document_hash import sha256_of
from gateway.graphql_http.persisted_queries.reference import (
    Reference,
    read_reference,
    sha256_in,
)

HASH = sha256_of("{ __typename }")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(HASH),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("version"), inner),
    max_leaves=5,
)
PERSISTED = st.fixed_dictionaries({}, optional={"version": ANYTHING, "sha256Hash": ANYTHING})


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "documentId": ANYTHING,
            "extensions": st.none()
            | st.fixed_dictionaries({}, optional={"persistedQuery": PERSISTED | ANYTHING}),
        },
    )
)
def test_whatever_a_client_sends_is_a_reference_or_a_coded_refusal(raw: dict[str, Any]) -> None:
    """Nothing else is raised, and the refusal begins with the place of the mistake."""
    refused: BadRequestError | None
    reference: Reference | None
    try:
        reference = read_reference(raw)
    except BadRequestError as error:
        reference, refused = None, error
    else:
        refused = None
    if refused is not None:
        assert refused.message.startswith(("documentId: ", "extensions.persistedQuery"))
    elif reference is None:
        assert raw.get("documentId") is None
        assert (raw.get("extensions") or {}).get("persistedQuery") is None
    else:
        assert 0 < len(reference.id) <= 256
        assert reference.is_automatic == (raw.get("documentId") is None)


@pytest.mark.parametrize(
    ("document_id", "key"),
    [
        (HASH, HASH),
        (f"sha256:{HASH}", HASH),
        ("sha256:mine", "sha256:mine"),
        (f"md5:{HASH}", f"md5:{HASH}"),
        (HASH.upper(), HASH.upper()),
        (f"{HASH}\n", f"{HASH}\n"),
        (f"sha256:sha256:{HASH}", f"sha256:sha256:{HASH}"),
    ],
)
def test_only_a_sha256_loses_its_prefix(document_id: str, key: str) -> None:
    """An id of the manifest is found by its exact spelling only."""
    assert Reference(document_id, is_automatic=False).key == key
    assert (sha256_in(document_id) is not None) == (key == HASH)
