"""``promotion-gateway schema``: write the schema, or compare it with a file."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, build_schema

from gateway.generated_files import CommandError, write_or_check
from gateway.schema.build import print_schema, print_subgraph
from gateway.schema_changes import SchemaDifference, Severity, compare_schemas
from gateway.schema_options import FILE, STDIO

_STATUSES = {Severity.BREAKING: 1, Severity.DANGEROUS: 3}


def run(options: argparse.Namespace) -> int:
    """Write the schema, check the file, or list the changes; return the exit status."""
    if options.diff is not None:
        if options.federation or options.check or options.output is not None:
            raise CommandError("schema: --diff takes none of --federation, --output and --check")
        return _diff(options.diff)
    text = print_subgraph() if options.federation else print_schema()
    output = options.output or (STDIO if options.federation else FILE)
    if output != STDIO:
        command = "schema --federation" if options.federation else "schema"
        if options.output is not None and options.output != FILE:
            command += f" --output {output}"
        return write_or_check(command, {output: text}, check=options.check)
    if options.check:
        raise CommandError("schema: --check needs a file to compare with: --output FILE")
    print(text, end="")
    return 0


def read_schema(text: str, name: object) -> GraphQLSchema:
    """Return the schema in a text; raise CommandError, which names its file, for an invalid one."""
    try:
        return build_schema(text)
    except (GraphQLError, TypeError) as error:
        raise CommandError(f"{name}: {str(error).splitlines()[0]}") from None


def _diff(path: Path) -> int:
    try:
        text = sys.stdin.read() if path == STDIO else path.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path}: it is not in UTF-8") from None
    changes = compare_schemas(read_schema(text, path), build_schema(print_schema()))
    for change in changes:
        print(f"{change.severity:<9}  {change.description}")
    print(_summary(changes), file=sys.stderr)
    return next((_STATUSES[each] for each in _STATUSES if each in _severities(changes)), 0)


def _severities(changes: list[SchemaDifference]) -> Counter[Severity]:
    return Counter(change.severity for change in changes)


def _summary(changes: list[SchemaDifference]) -> str:
    numbers = _severities(changes)
    return ", ".join(f"{numbers[each]} {each}" for each in Severity) if changes else "no changes"
