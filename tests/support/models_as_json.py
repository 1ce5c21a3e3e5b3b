"""Prints keys and indexes of every PynamoDB model as JSON: `python -m tests.support.models_as_json`.

Run in a process of its own, because models read their settings once, when they are imported; the settings come
from the environment, where TABLES names the tables' variables, and each table is called as its variable.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pynamodb.models import Model

STORE = Path(__file__).parents[2] / "chalicelib" / "store"


def schema(model: type[Model]) -> dict[str, Any]:
    """What the model would create, in the words of CloudFormation."""
    made = model._get_schema()
    return {
        "AttributeDefinitions": made["attribute_definitions"],
        "KeySchema": made["key_schema"],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index["index_name"],
                "KeySchema": index["key_schema"],
                "Projection": index["projection"],
            }
            for index in made["global_secondary_indexes"]
        ],
        "LocalSecondaryIndexes": made["local_secondary_indexes"],
    }


def tables(model: type[Model]) -> Iterator[type[Model]]:
    """The models below this one that have a table."""
    for one in model.__subclasses__():
        if hasattr(one, "Meta") and hasattr(one.Meta, "table_name"):
            yield one
        yield from tables(one)


if __name__ == "__main__":
    os.environ |= {name: name for name in os.environ["TABLES"].split(",")}
    for file in sorted(STORE.glob("*.py")):
        importlib.import_module(f"chalicelib.store.{file.stem}")
    print(json.dumps({model.Meta.table_name: schema(model) for model in tables(Model)}))
