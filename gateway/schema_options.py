"""The options of ``promotion-gateway schema``, apart from what they need of the graph."""

import argparse
from pathlib import Path

SUMMARY = "Write the schema in the schema definition language, or compare it with another."
DETAILS = (
    "With --diff the exit status is 0 where all changes are safe, 1 where one breaks clients, and 3"
    " where one is dangerous and none breaks them."
)
FILE = Path("schema.graphql")
STDIO = Path("-")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="file to write or to check, - for stdout (default: schema.graphql)",
    )
    parser.add_argument(
        "--federation",
        action="store_true",
        help="the schema as a subgraph of Federation 2 instead, by default to stdout",
    )
    parser.add_argument(
        "--diff",
        type=Path,
        metavar="OLD",
        help="list the changes since the schema in this file, - for stdin; write nothing",
    )
