"""JSON Schemas of our structs, as the published contracts quote them."""

from typing import Any, Final

import msgspec

_REF: Final = "#/components/schemas/{name}"


def components(structs: list[type]) -> tuple[dict[type, dict[str, Any]], dict[str, Any]]:
    """A reference to each struct, and the schemas of all that they are made of by name."""
    references, schemas = msgspec.json.schema_components(structs, ref_template=_REF)
    return dict(zip(structs, references, strict=True)), schemas


def portable(node: Any) -> Any:
    r"""`node` with patterns that JSON Schema understands: Python ends one with `\\Z`, others with `$`."""
    if isinstance(node, dict):
        return {key: portable(value) for key, value in node.items()}
    if isinstance(node, list):
        return [portable(item) for item in node]
    return node.removesuffix(r"\Z") + "$" if isinstance(node, str) and node.endswith(r"\Z") else node
