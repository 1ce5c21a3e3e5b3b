"""The tables of the stack's template, created in the local cloud.

Keys, indexes and streams are taken; what a local run cannot show (protection, backups, encryption, alarms) is left
out. This module must not name any table of the platform.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_TAKEN = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z0-9]+|[A-Z]+|[a-z0-9]+")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, read as the long form: `!Ref X` is {"Ref": "X"}."""


def _short_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_tag)


def read_template(path: Path) -> dict[str, Any]:
    """A CloudFormation template as data."""
    template: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    return template


def tables_of(template: Mapping[str, Any], stage: str) -> dict[str, dict[str, Any]]:
    """Logical id -> arguments of DynamoDB's CreateTable, for every table of the template. `${Stage}` is replaced in
    names. Raises ValueError for a table without a name that says what it is called."""
    found = {}
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            found[logical_id] = _arguments(logical_id, resource["Properties"], stage)
    return found


def _arguments(logical_id: str, properties: Mapping[str, Any], stage: str) -> dict[str, Any]:
    arguments = {name: properties[name] for name in _TAKEN if name in properties}
    arguments["TableName"] = _name(logical_id, properties.get("TableName"), stage)
    arguments["BillingMode"] = "PAY_PER_REQUEST"
    if "StreamSpecification" in properties:
        arguments["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    return arguments


def _name(logical_id: str, given: Any, stage: str) -> str:
    text = given.get("Fn::Sub") if isinstance(given, dict) else given
    if not isinstance(text, str) or "${" in text.replace("${Stage}", ""):
        raise ValueError(f"{logical_id}: TableName must be a text or a !Sub that uses only ${{Stage}}")
    return text.replace("${Stage}", stage)


def leading(tables: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """The partition key of each table and index, by Table or Table/index/name."""
    found = {}
    for logical_id, table in tables.items():
        found[logical_id] = _hash(table["KeySchema"])
        for index in (*table.get("GlobalSecondaryIndexes", ()), *table.get("LocalSecondaryIndexes", ())):
            found[f"{logical_id}/index/{index['IndexName']}"] = _hash(index["KeySchema"])
    return found


def _hash(schema: list[dict[str, str]]) -> str:
    return next(each["AttributeName"] for each in schema if each["KeyType"] == "HASH")


def variable(logical_id: str) -> str:
    """The environment variable that carries a table's name: CasesTable -> CASES_TABLE."""
    return "_".join(_PARTS.findall(logical_id)).upper()


def create(client: Any, tables: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """Create the tables through a boto3 DynamoDB client; gives the environment variables with their names."""
    for arguments in tables.values():
        client.create_table(**arguments)
    return {variable(logical_id): arguments["TableName"] for logical_id, arguments in tables.items()}
