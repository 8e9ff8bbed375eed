"""Random operations over a schema: valid, except for errors that only execution finds."""

import json
import re
from random import Random
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

_MOST_FIELDS = 45
_LABEL = re.compile(r'\(label: "\w+"\)|label: "\w+", ')
_MUTATIONS = 0.25  # of the operations over a schema that has some


class Generated(NamedTuple):
    """A document with one operation, and its variables."""

    text: str
    variables: dict[str, Any]


class Pools(NamedTuple):
    """Argument values by name, and the probability that a field is selected."""

    values: dict[str, list[Any]]
    weights: dict[str, float]


def generate(schema: GraphQLSchema, random: Random, pools: Pools, defers: float = 0.0) -> Generated:
    """Generate one operation; `defers` is the probability that fields are deferred."""
    return _Generator(schema, random, pools, defers).operation()


class _Generator:
    def __init__(self, schema: GraphQLSchema, random: Random, pools: Pools, defers: float) -> None:
        self._schema, self._random, self._pools, self._defers = schema, random, pools, defers
        self._fragments: dict[str, tuple[str, str]] = {}
        self._declared: list[str] = []
        self._variables: dict[str, Any] = {}
        self._conditions: list[str] = []
        self._fields = self._count = 0

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _next(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def operation(self) -> Generated:
        root: Any = self._schema.query_type
        kind = "query"
        if self._schema.mutation_type and not self._defers and self._chance(_MUTATIONS):
            root, kind = self._schema.mutation_type, "mutation"
        body = self._selections(root, 0)
        declared = f"({', '.join(self._declared)})" if self._declared else ""
        fragments = [
            f"fragment {name} on {kind} {text}" for name, (kind, text) in self._fragments.items()
        ]
        return Generated("\n".join([f"{kind} Q{declared} {body}", *fragments]), self._variables)

    def _selections(self, kind: Any, depth: int) -> str:
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            return self._abstract(kind, depth)
        return self._block(kind, depth, "")

    def _abstract(self, kind: GraphQLInterfaceType | GraphQLUnionType, depth: int) -> str:
        """Select an interface's own fields and those of its types, under distinct aliases."""
        own = self._pick(kind, depth) if isinstance(kind, GraphQLInterfaceType) else []
        parts = [self._field(kind, name, depth, "") for name in own]
        for possible in self._schema.get_possible_types(kind):
            if self._chance(0.6):
                block = self._block(possible, depth, possible.name.lower() + "_")
                defer = self._defer(self._defers)
                parts.append(f"... on {possible.name}{self._condition()}{defer} {block}")
        return f"{{ {' '.join(['__typename', *parts])} }}"

    def _block(self, kind: GraphQLObjectType, depth: int, prefix: str) -> str:
        parts: list[str] = []
        for name in self._pick(kind, depth):
            text = self._field(kind, name, depth, prefix)
            if self._chance(0.08):
                around = self._random.choice(["...", f"... on {kind.name}"])
                text = f"{around}{self._condition()} {{ {text} }}"
            elif self._chance(0.06) and not prefix:
                fragment = self._next("F")
                self._fragments[fragment] = (kind.name, f"{{ {text} }}")
                text = f"...{fragment}{self._condition()}"
                if self._chance(0.3):
                    text += f" ...{fragment}"
            if self._defers and (defer := self._defer(self._defers)):
                together = [parts.pop(), text] if parts and self._chance(0.4) else [text]
                text = f"... {defer} {{ {' '.join(together)} }}"
            parts.append(text)
            if self._chance(0.05):
                parts.append(_LABEL.sub("", text))
        if not parts or self._chance(0.15):
            parts.append(self._random.choice(["__typename", f"{prefix}t: __typename"]))
        return f"{{ {' '.join(parts)} }}"

    def _pick(self, kind: Any, depth: int) -> list[str]:
        """Choose fields; fewer with selections the deeper they are."""
        chosen = []
        share = self._random.choice([0.15, 0.4, 0.8])
        for name, field in kind.fields.items():
            is_leaf = is_leaf_type(get_named_type(field.type))
            weight = self._pools.weights.get(f"{kind.name}.{name}", 1.0)
            likely = share if is_leaf else min(0.5, 1.4 / (depth + 1)) if depth < 9 else 0.0
            if self._fields < _MOST_FIELDS and self._chance(likely * weight):
                chosen.append(name)
                self._fields += 1
        if not chosen and depth == 0:
            chosen.append(self._random.choice(list(kind.fields)))
        self._random.shuffle(chosen)
        return chosen

    def _field(self, kind: Any, name: str, depth: int, prefix: str) -> str:
        field = kind.fields[name]
        arguments = self._arguments(field)
        key = ""
        if arguments or field.args:
            key = f"{self._next('a')}: "
        elif prefix:
            key = f"{prefix}{name}: "
        elif self._chance(0.1):
            key = f"{name}_: "
        text = f"{key}{name}{arguments}{self._condition()}"
        named = get_named_type(field.type)
        if not is_composite_type(named):
            return text
        text = f"{text} {self._selections(named, depth + 1)}"
        if key and self._chance(0.08):  # the same again, to be merged
            text += f" {key}{name}{arguments} {self._selections(named, depth + 1)}"
        return text

    def _arguments(self, field: Any) -> str:
        given = []
        for name, argument in field.args.items():
            likely = 1.0 if is_required_argument(argument) else self._likely(name)
            if self._chance(likely):
                given.append(f"{name}: {self._value(name, argument.type)}")
        return f"({', '.join(given)})" if given else ""

    def _likely(self, name: str) -> float:
        return self._pools.weights.get(f"({name})", 0.15)

    def _value(self, name: str, kind: Any) -> str:
        value = self._made(name, kind)
        if not self._chance(0.35):
            return self._literal(value, kind)
        variable = self._next("v")
        declared = str(kind)
        if isinstance(kind, GraphQLNonNull) and self._chance(0.3):
            # May be null where null may not be: GraphQL lets it pass until it runs.
            declared = f"{kind.of_type} = {self._literal(value, kind)}"
            if self._chance(0.3):
                self._variables[variable] = None
            elif self._chance(0.5):
                self._variables[variable] = self._json(value)
        elif isinstance(kind, GraphQLNonNull) or self._chance(0.7):
            self._variables[variable] = self._json(value)
        elif self._chance(0.5):
            self._variables[variable] = None
        self._declared.append(f"${variable}: {declared}")
        return f"${variable}"

    def _made(self, name: str, kind: Any) -> Any:
        """Return a value, with enums as one-element tuples to distinguish them in literals."""
        if isinstance(kind, GraphQLNonNull):
            return self._made(name, kind.of_type)
        if name in self._pools.values and not isinstance(kind, GraphQLList):
            return self._random.choice(self._pools.values[name])
        if isinstance(kind, GraphQLList):
            return [self._made(name, kind.of_type) for _ in range(self._random.randint(0, 3))]
        if isinstance(kind, GraphQLEnumType):
            return (self._random.choice(list(kind.values)),)
        if isinstance(kind, GraphQLInputObjectType):
            assert not kind.is_one_of, f"a pool is needed for {name}"
            return {
                inner: self._made(inner, field.type)
                for inner, field in kind.fields.items()
                if is_required_input_field(field) or self._chance(0.5)
            }
        defaults: dict[str, list[Any]] = {
            "Boolean": [True, False],
            "Int": [0, 1, 3],
            "Float": [0, 1.5],
        }
        return self._random.choice(defaults.get(kind.name, ["", "x", "42"]))

    def _literal(self, value: Any, kind: Any) -> str:
        if isinstance(value, tuple):
            return str(value[0])
        if isinstance(value, list):
            return f"[{', '.join(self._literal(item, None) for item in value)}]"
        if isinstance(value, dict):
            inner = ", ".join(f"{key}: {self._literal(v, None)}" for key, v in value.items())
            return f"{{{inner}}}"
        return json.dumps(value)

    def _json(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return value[0]
        if isinstance(value, dict):
            return {key: self._json(inner) for key, inner in value.items()}
        return [self._json(item) for item in value] if isinstance(value, list) else value

    def _defer(self, probability: float) -> str:
        if not (probability and self._chance(probability)):
            return ""
        given = [f'label: "{self._next("d")}"'] if self._chance(0.5) else []
        if self._chance(0.2):
            given.append(f"if: {self._random.choice(['true', 'false', '']) or self._if()}")
        return f" @defer({', '.join(given)})" if given else " @defer"

    def _if(self) -> str:
        variable = self._next("i")
        self._declared.append(f"${variable}: Boolean!")
        self._variables[variable] = self._chance(0.7)
        return f"${variable}"

    def _condition(self) -> str:
        if not self._chance(0.06):
            return ""
        name = self._random.choice(["skip", "include"])
        if self._chance(0.5):
            return f" @{name}(if: {self._random.choice(['true', 'false'])})"
        if self._conditions and self._chance(0.5):
            variable = self._random.choice(self._conditions)
        else:
            variable = self._next("c")
            self._conditions.append(variable)
            given = self._random.choice([True, False, None, "absent"])
            if given in {True, False} and self._chance(0.5):
                self._declared.append(f"${variable}: Boolean!")
            else:
                self._declared.append(f"${variable}: Boolean = true")
            if given != "absent":
                self._variables[variable] = given
        return f" @{name}(if: ${variable})"
