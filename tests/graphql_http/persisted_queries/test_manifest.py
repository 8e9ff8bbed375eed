"""The forms of the manifest that common tools write, and invalid ones."""

import json
from typing import Any

import pytest

from gateway.execution.document_hash import sha256_of
from gateway.graphql_http.persisted_queries.manifest import (
    ManifestError,
    ManifestForm,
    NamedText,
    read_manifest,
    write_manifest,
)

A, B = "query A { __typename }", "query B { __typename }"
HASH = sha256_of(A)
APOLLO = "apollo-persisted-query-manifest"


def apollo(*operations: Any, **parts: Any) -> dict[str, Any]:
    """Return a manifest in Apollo's form."""
    return {"format": APOLLO, "version": 1, "operations": list(operations)} | parts


@pytest.mark.parametrize(
    ("manifest", "documents"),
    [
        ({HASH: A}, {HASH: A}),
        ({f"sha256:{HASH}": A}, {HASH: A}),
        ({HASH: A, f"sha256:{HASH}": A}, {HASH: A}),
        ({"0123456789abcdef0123456789abcdef": A, "x-mine:b": B},
         {"0123456789abcdef0123456789abcdef": A, "x-mine:b": B}),
        (apollo({"id": HASH, "name": "A", "type": "query", "body": A}), {HASH: A}),
        (apollo({"id": "a", "body": A}, {"id": "b", "body": B}), {"a": A, "b": B}),
        ({"operations": A, "format": B}, {"operations": A, "format": B}),
    ],
)  # fmt: skip
def test_both_forms_are_read(manifest: Any, documents: dict[str, str]) -> None:
    """A map by any ids, with and without the prefix, and Apollo's list."""
    assert read_manifest(json.dumps(manifest).encode()) == documents


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "must be JSON"),
        (b"\xff", "must be JSON"),
        (b"[" * 100_000, "must be JSON"),
        (b"[]", "must be an object"),
        (b"7", "must be an object"),
        (b"{}", "at least one document"),
        (json.dumps({HASH: B}), f"'{HASH}': it must be the SHA-256 of its document"),
        (json.dumps({HASH: A + "\n"}), "it must be the SHA-256 of its document"),
        (json.dumps({f"sha256:{HASH}": B}), f"'sha256:{HASH}': it must be the SHA-256"),
        (json.dumps({"sha256:a": A}), "'sha256:a': it must be the SHA-256"),
        (json.dumps({f"sha256:{HASH.upper()}": A}), "it must be the SHA-256"),
        (json.dumps({"": A}), "'': id and document must be strings"),
        (json.dumps({"a": {"body": A}}), "'a': id and document must be strings"),
        (json.dumps(apollo()), "at least one document"),
        (json.dumps(apollo(version=2)), "must be apollo-persisted-query-manifest, version 1"),
        (json.dumps(apollo(format="other")), "must be apollo-persisted-query-manifest"),
        (json.dumps(apollo(A)), "operations: each must be an object"),
        (json.dumps(apollo({"id": 7, "body": A})), "7: id and document must be strings"),
        (json.dumps(apollo({"id": "a"})), "'a': id and document must be strings"),
        (json.dumps(apollo({"id": "a", "body": A}, {"id": "a", "body": B})), "two documents"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_manifest_is_told(raw: bytes | str, told: str) -> None:
    """The message names the wrong id and what it must be."""
    with pytest.raises(ManifestError) as refused:
        read_manifest(raw if isinstance(raw, bytes) else raw.encode())
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("form", ManifestForm)
def test_what_is_written_is_read(form: ManifestForm) -> None:
    """Either form, in the given order, and deterministic."""
    operations = [NamedText("B", "query", B), NamedText("A", "query", A)]
    written = write_manifest(operations, form)
    assert list(read_manifest(written.encode()).items()) == [(sha256_of(B), B), (HASH, A)]
    assert written == write_manifest(operations, form)


def test_apollos_form_has_names() -> None:
    """Apollo's link finds the id of an operation by its name."""
    written = json.loads(write_manifest([NamedText("A", "query", A)], ManifestForm.APOLLO))
    assert written == apollo({"id": HASH, "name": "A", "type": "query", "body": A})
