"""Changes of the schema: what they mean to clients, and whether the changelog announces them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from graphql import build_schema

from gateway.cli import main
from gateway.schema.build import print_schema
from gateway.schema_changes import compare_schemas
from tests.support.examples import sampled

SCRIPT = Path(__file__).parent.parent / ".ci" / "schema_changes.py"
QUERY = "type Query { a(x: Int): T b: U c(i: I): E } type T { f: Int } type V { g: Int }"
OLD = f"{QUERY} union U = T | V enum E {{ A B }} input I {{ x: Int }} directive @d(q: Int) on FIELD"
# What is replaced by what, and how the change is reported.
CHANGES = [
    ("f: Int", "g: Int", "breaking", "T.f"),
    ("f: Int", "f: String", "breaking", "T.f"),
    ("a(x: Int)", "a", "breaking", "Query.a(x:)"),
    ("a(x: Int)", "a(x: Int, y: Int!)", "breaking", "Query.a(y:)"),
    ("a(x: Int)", "a(x: Int!)", "breaking", "Query.a(x:)"),
    ("{ A B }", "{ A }", "breaking", "E.B"),
    ("U = T | V", "U = T", "breaking", "U"),
    ("input I { x: Int }", "input I { x: Int y: Int! }", "breaking", "I.y"),
    ("input I {", "input I @oneOf {", "breaking", "I"),
    ("b: U", "b: Int", "breaking", "Query.b"),
    ("on FIELD", "on QUERY", "breaking", "@d"),
    ("@d(q: Int)", "@d", "breaking", "@d(q:)"),
    ("{ A B }", "{ A B C }", "dangerous", "E.C"),
    ("input I { x: Int }", "input I { x: Int y: Int }", "dangerous", "I.y"),
    ("a(x: Int)", "a(x: Int, y: Int)", "dangerous", "Query.a(y:)"),
    ("f: Int", "f: Int g: Int", "safe", "T.g"),
    ("f: Int", "f: Int!", "safe", "T.f"),
    ("f: Int", '"What." f: Int', "safe", "T.f"),
    ("f: Int", 'f: Int @deprecated(reason: "Use g.")', "safe", "T.f"),
    ("(x: Int)", '(x: Int @deprecated(reason: "No use."))', "safe", "Query.a(x:)"),
    ("{ A B }", '{ A B @deprecated(reason: "Use A.") }', "safe", "E.B"),
]


@pytest.mark.parametrize(("before", "after", "severity", "coordinate"), CHANGES)
def test_a_change_has_a_severity_and_a_coordinate(
    before: str, after: str, severity: str, coordinate: str
) -> None:
    """Each kind as graphql-core has it, and what it has not: @oneOf, and deprecations."""
    assert before in OLD
    changes = compare_schemas(build_schema(OLD), build_schema(OLD.replace(before, after, 1)))
    assert (severity, coordinate) in {(each.severity, each.coordinate) for each in changes}


def test_an_equal_schema_has_no_changes() -> None:
    """Neither the example nor the gateway's own."""
    for text in (OLD, print_schema()):
        assert compare_schemas(build_schema(text), build_schema(text)) == []


def replaced(before: str, after: str) -> str:
    """Return the gateway's schema with something else in one place."""
    now = print_schema()
    assert now.count(before) == 1
    return now.replace(before, after)


TMALL = '  """On Tmall."""\n  TMALL\n\n'
OF_NOW = [
    ((TMALL, TMALL), None, 0, "no changes"),
    (("A loyalty program of", "A program of"), "safe", 0, "0 breaking, 0 dangerous, 1 safe"),
    ((TMALL, ""), "dangerous", 3, "0 breaking, 1 dangerous, 0 safe"),
    ((TMALL, f"{TMALL}  EBAY\n\n"), "breaking", 1, "1 breaking, 0 dangerous, 0 safe"),
]


@pytest.mark.parametrize(("change", "severity", "status", "summary"), OF_NOW)
def test_the_command_lists_the_changes_since_a_file(
    change: tuple[str, str],
    severity: str | None,
    status: int,
    summary: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A line each on stdout, their number on stderr, and a status that scripts can use."""
    path = tmp_path / "old.graphql"
    path.write_text(replaced(*change), encoding="utf-8")
    assert main(["schema", "--diff", str(path)]) == status
    printed = capsys.readouterr()
    assert printed.err == f"{summary}\n"
    severities = [line.split()[0] for line in printed.out.splitlines()]
    assert severities == ([severity] if severity else [])


def test_the_old_schema_may_come_from_a_pipe() -> None:
    """As of `git show`."""
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "schema", "--diff", "-"],
        input=replaced(TMALL, f"{TMALL}  EBAY\n\n"),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == "breaking   Enum value CustomerSource.EBAY was removed.\n"


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (None, "No such file or directory"),
        (b"type Query {", "Syntax Error: Expected Name, found <EOF>."),
        (b"type Query { a: Missing }", "Unknown type 'Missing'."),
        (b"\xff", "it is not in UTF-8"),
    ],
)
def test_a_file_that_is_no_schema_is_one_line(
    content: bytes | None, mistake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the file's name, and the status of a wrong use."""
    path = tmp_path / "old.graphql"
    if content is not None:
        path.write_bytes(content)
    assert main(["schema", "--diff", str(path)]) == 2
    assert capsys.readouterr().err == f"{path}: {mistake}\n"


@pytest.mark.parametrize("option", ["--check", "--federation", "--output=new.graphql"])
def test_an_option_that_a_comparison_would_ignore_is_refused(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its name, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    Path("old.graphql").write_text(OLD, encoding="utf-8")
    assert main(["schema", "--diff", "old.graphql", option]) == 2
    assert option.partition("=")[0] in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["old.graphql"]


class Repository:
    """A git repository with a schema and a changelog."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> None:
        """Run git there, independent of the user's configuration."""
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        quiet = ("-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false")
        subprocess.run(  # noqa: S603 - the tests' own arguments
            ["git", *identity, *quiet, *arguments],  # noqa: S607 - the developer's
            cwd=self.path,
            check=True,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
        )

    def commit(self, schema: str, changelog: str, tag: str | None = None) -> None:
        """Commit both files, and tag the commit."""
        (self.path / "schema.graphql").write_text(schema, encoding="utf-8")
        (self.path / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "Change")
        if tag is not None:
            self.git("tag", tag)

    def shallow_clone(self) -> Path:
        """Return a clone of the last commit alone, without the tags of others."""
        clone = self.path.with_name("clone")
        self.git("clone", "--quiet", "--depth=1", f"file://{self.path}", str(clone))
        return clone


def check(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the check of a clone."""
    return subprocess.run(  # noqa: S603 - the script itself
        [sys.executable, str(SCRIPT)],
        cwd=path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


RELEASED = "## [1.10.0] - 2026-01-31\n\n### Changed\n\n- **Breaking**: `T.f` is a number.\n"
BROKEN = OLD.replace("f: Int", "g: Int")


@pytest.mark.parametrize(
    ("changelog", "is_announced"),
    sampled(
        [
            (f"## [Unreleased]\n\n- **Breaking**: `T` has no f.\n- `T.f`.\n\n{RELEASED}", False),
            (f"## [Unreleased]\n\n- `T.f` is gone.\n\n{RELEASED}", False),
            (f"## [Unreleased]\n\n{RELEASED}", False),
            (f"## [Unreleased]\n\n- A `T.g`. **Breaking**: for\n  `T.f`.\n\n{RELEASED}", True),
            (f"## [1.11.0] - 2026-02-01\n\n- **Breaking**: no `T.f`.\n\n{RELEASED}", True),
        ],
        3,
    ),
)
def test_a_breaking_change_must_be_announced(
    changelog: str,
    is_announced: bool,  # noqa: FBT001 - pytest passes by name
    tmp_path: Path,
) -> None:
    """Since the last release by its number, in a shallow clone, which has no tag of it."""
    origin = Repository(tmp_path / "origin")
    origin.commit(BROKEN, RELEASED, "v1.9.0")
    origin.commit(OLD, RELEASED, "v1.10.0")
    origin.commit(OLD.replace("f: Int", "f: Int h: Int"), RELEASED, "nightly")
    origin.commit(BROKEN, changelog)
    for path in (origin.path, origin.shallow_clone()):
        ended = check(path)
        assert ended.returncode == (0 if is_announced else 1), ended.stderr
        said = ended.stdout if is_announced else ended.stderr
        assert ("1 breaking changes since v1.10.0" if is_announced else "names `T.f`") in said


def test_before_the_first_release_nothing_is_compared(tmp_path: Path) -> None:
    """A line says so, in a clone and where there is no git."""
    origin = Repository(tmp_path / "origin")
    origin.commit(OLD, RELEASED)
    (tmp_path / "plain").mkdir()
    for path in (origin.path, origin.shallow_clone(), tmp_path / "plain"):
        ended = check(path)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout == "schema: no release is tagged: there is nothing to compare with\n"


def test_the_check_is_part_of_every_change() -> None:
    """`.ci/run` runs `make check`, and that the script."""
    root = SCRIPT.parent.parent
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    (recipe,) = (part for part in makefile.split("\n\n") if part.startswith("check:"))
    assert ".ci/schema_changes.py" in recipe
    assert "\nmake check\n" in (root / ".ci" / "run").read_text(encoding="utf-8")
