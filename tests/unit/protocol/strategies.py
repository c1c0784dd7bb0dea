"""Hypothesis strategies made from the message types themselves, so that a new field is tested the day it is added."""

from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from protocol.from_client import ClientMessage
from protocol.from_server import Delta, ServerMessage
from protocol.scalars import Letter

LETTERS = "ALOB"


def of_type(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type as msgspec understands it, within its limits."""
    return _of(inspect.type_info(kind))


def _of(info: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0912 - one arm per kind of type
    match info:
        case inspect.IntType(ge=low, le=high):
            return st.integers(low, high)
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(pattern, fullmatch=True)
        case inspect.StrType(max_length=longest):
            # Lone surrogates are no text: neither codec can carry them.
            return st.text(st.characters(exclude_categories=["Cs"]), max_size=longest if longest is not None else 64)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.EnumType(cls=members):
            return st.sampled_from(list(members))
        case inspect.UnionType(types=kinds):
            return st.one_of([_of(one) for one in kinds])
        case inspect.ListType(item_type=item):
            return st.lists(_of(item), max_size=5)
        case inspect.TupleType(item_types=items):
            return st.tuples(*[_of(item) for item in items])
        case inspect.VarTupleType(item_type=item, min_length=shortest):
            return st.lists(_of(item), min_size=shortest or 0, max_size=5, unique=True).map(tuple)
        case inspect.StructType(cls=struct, fields=fields):
            required = {field.name: _of(field.type) for field in fields if field.required}
            optional = {field.name: _of(field.type) for field in fields if not field.required}
            return st.fixed_dictionaries(required, optional=optional).map(lambda values: struct(**values))
        case _:
            raise NotImplementedError(f"no strategy for {info}")


from_client: st.SearchStrategy[ClientMessage] = of_type(ClientMessage)
from_server: st.SearchStrategy[ServerMessage] = of_type(ServerMessage)


@st.composite
def histories(draw: st.DrawFn, *, seats: int = 6, longest: int = 25) -> tuple[str, list[Delta]]:
    """The letters of a hall at version 0, and one delta for each version after it; some change nothing."""
    first = draw(st.text(LETTERS, min_size=seats, max_size=seats))
    change = st.tuples(st.integers(0, seats - 1), of_type(Letter))
    changes = st.lists(change, max_size=3, unique_by=lambda pair: pair[0])
    return first, [
        Delta(from_version=version, version=version + 1, changes=named)
        for version, named in enumerate(draw(st.lists(changes, max_size=longest)))
    ]
