"""Nothing but the gate makes customers' keys."""

import ast
from pathlib import Path

from gateway.upstream.customer_promotions import CustomerKey

PACKAGE = Path(__file__).parents[2] / "gateway"


def test_only_the_gate_makes_a_customers_key() -> None:
    """Nowhere else is a key called into being, nor one made of another."""
    found = set()
    for path in set(PACKAGE.rglob("*.py")) - set((PACKAGE / "sandbox").rglob("*.py")):
        tree = ast.parse(path.read_text())
        stated = {
            id(name)
            for node in ast.walk(tree)
            for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None))
            if isinstance(annotation, ast.AST)
            for name in ast.walk(annotation)
        }
        for node in ast.walk(tree):
            is_named = isinstance(node, ast.Name | ast.Attribute) and (
                getattr(node, "id", getattr(node, "attr", "")) == "CustomerKey"
            )
            is_made_of_another = (
                isinstance(node, ast.keyword) and node.arg in CustomerKey._fields[1:]
            )
            is_alias = isinstance(node, ast.alias) and node.name == "CustomerKey" and node.asname
            if (is_named and id(node) not in stated) or is_made_of_another or is_alias:
                found.add(f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', '')}")
    assert {place.partition(":")[0] for place in found} == {"schema/customer_gate.py"}, found
