"""The buckets of the stack's template, created in the local cloud.

Only names are taken; what a local run cannot show (encryption, versions, who may read) is left out. This module must
not name any bucket of the platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.tables import read_template, variable

FILE = "storage.yaml"
ACCOUNT = "123456789012"  # moto's


def variables(template: Path, stage: str, account: str = ACCOUNT) -> dict[str, str]:
    """The environment variables that carry the names of the buckets in a template, if there is one: LakeBucket ->
    LAKE_BUCKET."""
    resources: Mapping[str, Any] = read_template(template)["Resources"] if template.exists() else {}
    return {
        variable(logical_id): _name(resource["Properties"]["BucketName"]["Fn::Sub"], stage, account)
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::S3::Bucket"
    }


class Buckets:
    """Buckets with these names, made through a boto3 S3 client."""

    def __init__(self, client: Any, names: Mapping[str, str], region: str) -> None:
        self._client, self._names = client, names
        for name in names.values():
            client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})

    def keys(self, variable: str) -> list[str]:
        """The keys in the bucket that this environment variable names, in their order."""
        return self._keys(self._names[variable])

    def content(self, variable: str, key: str) -> bytes | None:
        """What an object of it holds; None where there is none."""
        try:
            content: bytes = self._client.get_object(Bucket=self._names[variable], Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        return content

    def empty(self) -> None:
        """Remove every object."""
        for name in self._names.values():
            for key in self._keys(name):
                self._client.delete_object(Bucket=name, Key=key)

    def _keys(self, name: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=name)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]


def _name(text: str, stage: str, account: str) -> str:
    return text.replace("${Stage}", stage).replace("${AWS::AccountId}", account)
