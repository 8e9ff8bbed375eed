"""Code generators: what they make of the schema compiles strictly, and refuses mistakes."""

import re
from pathlib import Path

import pytest

from tests.support.javascript import run
from tests.support.page_projects import ROOT, Block, blocks, write_project

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600), pytest.mark.usefixtures("npm")]

PAGE = [block for block in blocks("frontend.md") if block.file]
# Each line must be a type error, or "unused '@ts-expect-error'" is one.
MISTAKES = """
import type {{ ResultOf, VariablesOf }} from "{module}";

import {{ {document} }} from "./{file}";

type Result = ResultOf<typeof {document}>;
type Variables = VariablesOf<typeof {document}>;
type Node = NonNullable<NonNullable<Result["customer"]>["promotions"]>["nodes"][number];

export const one: Variables = {{ by: {{ externalId: "C-ONE" }} }};
// @ts-expect-error: no identifier
export const none: Variables = {{ by: {{}} }};

export function dates(node: Node): number[] {{
  const known: string = node.promotion.name;
  // @ts-expect-error: it may be null
  const unknown: string = node.nextExpiryAt;
  // @ts-expect-error: it is not selected
  const missing = node.promotion.endsAt;
  return [known.length, unknown.length, missing];
}}

export function customer(result: Result): string {{
  // @ts-expect-error: the customer may be null
  return result.customer.id;
}}
"""
ENDINGS = """
import { graphql } from "./gql";

export const ENDINGS = graphql(`
  query Endings($by: CustomerIdentifier!) {
    customer(by: $by) {
      id
      promotions(first: 10) {
        nodes { id nextExpiryAt promotion { id name ... @defer { definition { status } } } }
      }
    }
    promotion(programId: "1", promotionId: "1") {
      definition { rulesets { rules { expressionTree } } }
    }
  }
`);
"""
TWO_IDENTIFIERS = """
// @ts-expect-error: two identifiers
export const two: Variables = { by: { externalId: "C-ONE", mobile: "4915700000003" } };
"""
URQL = """
import { ENDINGS } from "./endings";
import { createClient } from "./urql";

export async function names(): Promise<string[]> {
  // @ts-expect-error: no identifier
  await createClient().query(ENDINGS, { by: {} });
  const { data } = await createClient().query(ENDINGS, { by: { externalId: "C-ONE" } });
  return data?.customer?.promotions?.nodes.map((node) => node.promotion.name) ?? [];
}
"""
WRITING = """
import type {{ ResultOf, VariablesOf }} from "{module}";

import {{ graphql }} from "./{graphql}";

export const LEAVE = graphql(`
  mutation Leave($input: WithdrawFromPromotionInput!) {{
    withdrawFromPromotion(input: $input) {{
      outcome
      userErrors {{ code }}
      customerPromotion {{ id availability }}
    }}
  }}
`);

type Variables = VariablesOf<typeof LEAVE>;
type Done = ResultOf<typeof LEAVE>["withdrawFromPromotion"];

const given = {{ by: {{ externalId: "C-ONE" }}, programId: "1", promotionId: "1" }};
const idempotencyKey = "a key of the test";

export const one: Variables = {{ input: {{ ...given, idempotencyKey, stage: "ENROL" }} }};
// @ts-expect-error: without a key
export const none: Variables = {{ input: {{ ...given, stage: "ENROL" }} }};
// @ts-expect-error: no stage
export const wrong: Variables = {{ input: {{ ...given, idempotencyKey, stage: "JOIN" }} }};

export function checks(done: Done): boolean[] {{
  const known = done.outcome === "REFUSED";
  // @ts-expect-error: no outcome
  const unknown = done.outcome === "FAILED";
  // @ts-expect-error: no code
  const other = done.userErrors[0]?.code === "NO_SUCH_CODE";
  // @ts-expect-error: it may be null
  const id = done.customerPromotion.id === "";
  return [known, unknown, other, id];
}}
"""
UNKNOWN = """
import type { ResultOf } from "@graphql-typed-document-node/core";

import { ENDINGS } from "./endings";

type Definition = NonNullable<NonNullable<ResultOf<typeof ENDINGS>["promotion"]>["definition"]>;
type Tree = NonNullable<Definition["rulesets"]>[number]["rules"][number]["expressionTree"];

// @ts-expect-error: JSON is unknown, not any
export const length = (tree: Tree): number => tree.length;
"""


def _project(tmp_path: Path, gateway_url: str, sections: set[str], extra: dict[str, str]) -> Path:
    files = [block for block in PAGE if block.section in sections]
    files += [Block("", "ts", file, text) for file, text in extra.items()]
    folder = write_project(tmp_path / "project", files, gateway_url)
    if "The first typed query" not in sections:
        (folder / "src/main.tsx").unlink()
    return folder


def _preset(tmp_path: Path, gateway_url: str) -> Path:
    mistakes = MISTAKES.format(
        module="@graphql-typed-document-node/core", document="ENDINGS", file="endings"
    )
    return _project(
        tmp_path,
        gateway_url,
        {"Generate types", "urql"},
        {
            "src/endings.ts": ENDINGS,
            "src/mistakes.ts": mistakes + TWO_IDENTIFIERS,
            "src/unknown.ts": UNKNOWN,
            "src/writing.ts": WRITING.format(
                module="@graphql-typed-document-node/core", graphql="gql"
            ),
            "src/typed.ts": URQL,
        },
    )


def test_the_whole_app_compiles(app: Path) -> None:
    """Every file of the page that is not Relay's or gql.tada's, under `tsc --strict`."""
    run("tsc", "-p", ".", cwd=app)


def test_the_client_preset_refuses_mistakes(tmp_path: Path, gateway_url: str) -> None:
    """Two identifiers, null, unselected fields and JSON without a check, also through urql."""
    folder = _preset(tmp_path, gateway_url)
    run("graphql-codegen", cwd=folder)
    run("tsc", "-p", ".", cwd=folder)


def test_the_client_preset_makes_the_same_of_the_url_the_file_and_one_of(
    tmp_path: Path, gateway_url: str
) -> None:
    """An introspection without `oneOf` loses the union of identifiers."""
    folder = _preset(tmp_path, gateway_url)
    config = folder / "codegen.ts"
    documented = config.read_text()

    def generated(schema: str) -> str:
        text = re.sub(r"schema: .*,", f"schema: {schema},", documented)
        config.write_text(text)
        run("graphql-codegen", cwd=folder)
        return (folder / "src/gql/graphql.ts").read_text()

    url = f"{gateway_url}/graphql"
    of_the_page = generated(f'"{url}/schema.graphql"')
    assert config.read_text() == documented
    assert generated(f'"{ROOT}/schema.graphql"') == of_the_page
    assert generated(f'[{{ "{url}": {{ oneOf: true }} }}]') == of_the_page
    assert "externalId?: string | null" not in of_the_page
    assert "externalId?: string | null" in generated(f'"{url}"')


def test_gql_tada_refuses_mistakes(tmp_path: Path, gateway_url: str) -> None:
    """The documented set-up compiles; all mistakes but a second identifier are type errors."""
    mistakes = MISTAKES.format(module="gql.tada", document="ENDINGS", file="endings")
    writing = WRITING.format(module="gql.tada", graphql="graphql")
    extra = {"src/mistakes.ts": mistakes, "src/writing.ts": writing}
    folder = _project(tmp_path, gateway_url, {"gql.tada"}, extra)
    run("gql.tada", "generate", "output", cwd=folder)
    run("tsc", "-p", ".", cwd=folder)
