"""What comments, decisions and pages name is in the repository."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, build_schema

from gateway.config.settings import load_settings
from tests.support.page_projects import blocks

ROOT = Path(__file__).parent.parent
PLATFORM = (ROOT / "docs" / "platform.md").read_text(encoding="utf-8")
ANCHORS = re.findall(r'<a id="([\w-]+)">', PLATFORM)
SOURCES = sorted([*(ROOT / "gateway").rglob("*.py"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
ELSEWHERE = re.compile(r"(\bFACTS\b|\bSUCCESSOR\b|DESIGN(?: §|\.md)|promotion(?:Data|sV2)\.txt)")


def test_each_anchor_of_the_platforms_page_is_one_place() -> None:
    """Anchors of docs/platform.md are unique."""
    assert len(ANCHORS) == len(set(ANCHORS))


def _found(pattern: re.Pattern[str]) -> set[tuple[str, str]]:
    """Return what a pattern's group matches in all sources, each with the source's path."""
    return {
        (str(path.relative_to(ROOT)), match[1])
        for path in SOURCES
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    }


def test_every_quirk_that_is_cited_stands_on_the_platforms_page() -> None:
    """Every link to an anchor of docs/platform.md can be followed."""
    cited = _found(re.compile(r"docs/platform\.md#([\w-]+)"))
    assert {one for one in cited if one[1] not in ANCHORS} == set()


def test_nothing_cites_a_document_that_is_not_here() -> None:
    """No file cites a document outside the repository."""
    assert _found(ELSEWHERE) == set()


def test_the_quirks_that_surprise_are_cited() -> None:
    """The code links to at least ten anchors, so that the check sees links at all."""
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES if path.suffix == ".py")
    assert len(set(re.findall(r"docs/platform\.md#([\w-]+)", code))) >= 10


def _test_functions(file: Path) -> set[str]:
    """Return the names of a file's test functions; none where there is no such file."""
    if not file.is_file():
        return set()
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    functions = (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions}


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
def test_every_decision_names_existing_tests(path: Path) -> None:
    """Its last paragraph, "Enforced by", cites at least one test as `file::function`."""
    _, _, enforced = path.read_text(encoding="utf-8").rpartition("**Enforced by**")
    cited = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", enforced)
    assert cited
    missing = [
        f"{file}::{name}" for file, name in cited if name not in _test_functions(ROOT / file)
    ]
    assert missing == []


def test_the_list_of_decisions_is_complete() -> None:
    """Every decision stands in the index under its number and its title."""
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    for path in DECISIONS:
        number, _, title = path.read_text(encoding="utf-8").partition("\n")[0][2:].partition(". ")
        assert f"{number}. [{title}]({path.name})" in index


LINKING = sorted([
    *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "deploy").rglob("*.md"),
    ROOT / "benchmarks" / "README.md", ROOT / "examples" / "wallet" / "README.md",
])  # fmt: skip


def headings(page: Path) -> set[str]:
    """Return the anchors of a page: its own, and those of its headings."""
    text = page.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r'<a id="([\w-]+)">', text))


@pytest.mark.parametrize("path", LINKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    """To a file or folder of the repository, and to a heading of it where one is named."""
    text = re.sub(
        r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in headings(target), link


def test_the_pages_for_frontends_lead_to_the_example() -> None:
    """Those who begin with the README or the page on frontends find it."""
    for page in ("README.md", "docs/frontend.md"):
        assert "examples/wallet/README.md)" in (ROOT / page).read_text(encoding="utf-8"), page


def test_graphiql_has_the_pages_for_frontends() -> None:
    """Each page of the README's row for frontend developers is one of its guides."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    row = re.findall(r"^\| frontend developers \|.*$", readme, re.MULTILINE)[0]
    guides = (ROOT / "explorer" / "src" / "guides" / "pages.ts").read_text(encoding="utf-8")
    loaded = re.findall(r"docs/\{([\w,-]+)\}\.md", guides)[0].split(",")
    titles = re.findall(r"^  '?([\w-]+)'?: '", guides, re.MULTILINE)
    assert set(re.findall(r"\(docs/([\w-]+)\.md\)", row)) <= set(loaded)
    assert sorted(loaded) == sorted(titles)


def test_every_make_target_that_is_named_exists() -> None:
    """In every page, and each target that is declared has a line of `make help`."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    helped = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    declared = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    assert helped == declared
    for path in LINKING:
        named = re.findall(r"`make\s+([a-z-]+)", path.read_text(encoding="utf-8"))
        assert set(named) <= declared, path


class Hunk(NamedTuple):
    """A part of a recipe's diff: the lines that are there, and those that are there after it."""

    path: str
    before: str
    after: str


def hunks(page: str) -> Iterator[Hunk]:
    """Return the hunks of all diffs of a page."""
    for diff in re.findall(r"^```diff\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^--- .*\n", diff, flags=re.MULTILINE)[1:]:
            path, _, body = part.removeprefix("+++ b/").partition("\n")
            lines = body.splitlines(keepends=True)
            yield Hunk(
                path,
                "".join(line[1:] for line in lines if line[0] != "+"),
                "".join(line[1:] for line in lines if line[0] != "-"),
            )


RECIPES = list(hunks((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("hunk", RECIPES, ids=lambda hunk: hunk.path)
def test_a_recipe_fits_the_code(hunk: Hunk) -> None:
    """Its diff applies: a new file is new, and the lines around a change are there, once."""
    if hunk.before:
        assert (ROOT / hunk.path).read_text(encoding="utf-8").count(hunk.before) == 1
    else:
        assert not (ROOT / hunk.path).exists()


def test_what_the_recipe_for_an_argument_names_is_there() -> None:
    """Each function and class stands in the file beside which it is named."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    _, _, recipe = page.partition("## Recipe: add an argument")
    steps = re.findall(
        r"^\d\. \[`[^`]*`\]\(\.\./(.*?)\):(.*?)(?=^\d\.|^$)", recipe, re.MULTILINE | re.DOTALL
    )
    assert len(steps) == 5
    for path, text in steps:
        code = (ROOT / path).read_text(encoding="utf-8")
        for name in re.findall(r"`(\w+)`", text):
            assert re.search(rf"\b(def|class) {name}\b", code), name


FRONTEND = blocks("frontend.md")
SCHEMA = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))


def _lines(block: str, opening: str) -> list[str]:
    """Return the strings of the list that follows `opening` in a block of code."""
    text = block.partition(opening)[2].partition("]")[0]
    return re.findall(r'"(\w+)"', text)


def _block(file: str) -> str:
    (text,) = [block.text for block in FRONTEND if block.file == file]
    return text


def test_every_type_without_an_id_is_one_of_the_documented_keys() -> None:
    """Of docs/frontend.md for urql; a type that is missing makes the cache warn."""
    embedded = re.compile(r"^__|^(Query|Mutation)$|PageInfo$|(Connection|Edge)$")
    without_id = sorted(
        name
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLObjectType)
        and "id" not in type_.fields
        and not embedded.search(name)
    )
    assert _lines(_block("src/urql.ts"), "typesWithoutId = [") == without_id


@pytest.mark.parametrize("type_", ["Customer", "Program"])
def test_every_filter_of_a_list_is_one_of_the_documented_key_arguments(type_: str) -> None:
    """Of docs/frontend.md for Apollo; one that is missing mixes lists up in its cache."""
    declared = SCHEMA.type_map[type_]
    assert isinstance(declared, GraphQLObjectType)
    filters = set(declared.fields["promotions"].args) - {"first", "after", "last", "before"}
    _, _, policies = _block("src/apollo.ts").partition(f"{type_}: {{")
    assert set(_lines(policies, "relayStylePagination([")) == filters


def test_the_page_on_paging_has_the_same_key_arguments() -> None:
    """Those of a customer's list in docs/frontend.md."""
    paging = (ROOT / "docs" / "paging.md").read_text(encoding="utf-8")
    _, _, policies = _block("src/apollo.ts").partition("Customer: {")
    opening = "relayStylePagination(["
    assert _lines(paging, opening) == _lines(policies, opening) != []


def test_the_documented_possible_types_are_those_of_the_schema() -> None:
    """Apollo's and urql's caches know each type that has an id."""
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    nodes = sorted(type_.name for type_ in SCHEMA.get_implementations(node).objects)
    assert _lines(_block("src/apollo.ts"), "nodeTypes = [") == nodes
    assert _lines(_block("src/urql.ts"), "Node: [") == nodes


def test_every_package_to_install_is_one_that_the_clients_tests_install() -> None:
    """The documented commands name no package that has not been tried."""
    package = json.loads((ROOT / "tests/clients/package.json").read_text(encoding="utf-8"))
    commands = "\n".join(block.text for block in FRONTEND if block.language == "sh")
    installed = {
        re.sub(r"(?<=.)@\d+$", "", name)
        for line in re.findall(r"^npm install (.*)$", commands, re.MULTILINE)
        for name in line.split()
        if not name.startswith("-")
    }
    assert len(installed) >= 9
    assert installed <= package["devDependencies"].keys()
    lock = (ROOT / "tests/clients/requirements.lock").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "frontend.md").read_text(encoding="utf-8")
    python = re.findall(r"pip install '?([\w-]+)", page)
    assert python == ["ariadne-codegen", "gql"]
    assert set(python) <= set(re.findall(r"^([\w-]+)(?:\[|==)", lock, re.MULTILINE))


def test_the_lifetimes_on_the_page_about_caching_are_the_defaults() -> None:
    """5 minutes and an hour for definitions, and none for customers."""
    page = (ROOT / "docs" / "caching.md").read_text(encoding="utf-8")
    settings = load_settings(upstream_url="http://127.0.0.1", upstream_auth="none")
    assert "`GATEWAY_CACHE_DEFINITION_TTL_S`, 5 minutes; up to an hour longer" in page
    assert (settings.cache_definition_ttl_s, settings.cache_definition_stale_s) == (300, 3600)
    assert "`GATEWAY_CACHE_CUSTOMER_TTL_S`, 0:" in page
    assert settings.cache_customer_ttl_s == 0
