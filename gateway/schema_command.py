"""``promotion-gateway schema``: write the schema, or compare it with a file."""

import argparse
from pathlib import Path

from gateway.generated_files import CommandError, write_or_check
from gateway.schema.build import print_schema

SUMMARY = "Write the schema in the schema definition language."
_FILE = Path("schema.graphql")
_STDOUT = Path("-")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        default=_FILE,
        help="file to write or to check, - for stdout (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Write the schema, or with `check` return 1 where the file is stale."""
    if options.output != _STDOUT:
        name = "schema" if options.output == _FILE else f"schema --output {options.output}"
        return write_or_check(name, {options.output: print_schema()}, check=options.check)
    if options.check:
        raise CommandError("schema: --check needs a file to compare with, not --output -")
    print(print_schema(), end="")
    return 0
