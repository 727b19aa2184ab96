"""Reads the product's own documents the way CloudFormation and Step Functions do."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
TEMPLATE = REPOSITORY / "template.yaml"
STATE_MACHINE = REPOSITORY / "statemachine" / "edit_video.asl.yaml"
CORE = REPOSITORY / "layers" / "core" / "dropcut"


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation writes it: `!Sub x` is {"Fn::Sub": x}, `!GetAtt A.B` is {"Fn::GetAtt": ["A", "B"]}."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = node.value
        if suffix == "GetAtt":
            value = value.split(".", 1)
    return {name: value}


_Loader.add_multi_constructor("!", _intrinsic)


def load(path: Path) -> Any:
    """The document, with CloudFormation's short intrinsics written out."""
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


def resources(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The template's resources of one type, by logical id."""
    return {name: body for name, body in template["Resources"].items() if body["Type"] == kind}


def strings_in(value: Any) -> list[str]:
    """Every string in a document, at any depth, keys too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in strings_in(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings_in(part)]
    return []


def error_classes(source: Path = CORE / "domain" / "errors.py") -> dict[str, set[str]]:
    """The classes in dropcut.domain.errors, each with all its ancestors there, without importing them."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    parents = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }

    def ancestors(name: str) -> set[str]:
        direct = parents.get(name, set())
        return direct | {above for parent in direct for above in ancestors(parent)}

    return {name: ancestors(name) for name in parents}
