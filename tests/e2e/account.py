"""An account of its own on ministack: reached by https, roles enforced, with an issuer of tokens beside it.

A function's call that the policies of its role do not allow is refused there (`AUTH`), and what comes without TLS is
refused by bucket policies, as on AWS. This module must not know what is deployed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.local.issuer import Issuer
from tests.e2e import certificate
from tests.support import ministack
from tests.support.ministack import REGION, Server

NUMBER = "000000000000"  # ministack's; `test` is who has all rights in it


@dataclass(frozen=True, slots=True)
class Account:
    """The running server, the certificate that it and the issuer serve by, and what it writes."""

    server: Server
    trusted: Path
    issuer: Issuer
    log: Path
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """The boto3 client of an AWS service, with all rights."""
        return self._made(service, service, aws_access_key_id="test", aws_secret_access_key="test")

    def acting_as(self, role: str, service: str) -> Any:
        """The same with the rights of a role, and no others."""
        arn = f"arn:aws:iam::{NUMBER}:role/{role}"
        given = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="e2e")["Credentials"]
        return self._made(
            f"{service} as {role}",
            service,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    def _made(self, name: str, service: str, **credentials: str) -> Any:
        if name not in self._clients:
            self._clients[name] = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=self.server.url,
                verify=str(self.trusted),
                config=Config(
                    ignore_configured_endpoint_urls=True, proxies={}, read_timeout=90, retries={"total_max_attempts": 1}
                ),
                **credentials,
            )
        return self._clients[name]

    def close(self) -> None:
        """Close every connection; the server waits for them when it ends."""
        for each in self._clients.values():
            each.close()


@contextmanager
def opened(python: str, directory: Path) -> Iterator[Account]:
    """An empty account, by the interpreter of ministack's environment; files go to `directory`."""
    files = certificate.made(directory)
    settings = {
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(files.file),
        "MINISTACK_SSL_KEY": str(files.key),
        "AWS_CA_BUNDLE": str(files.file),  # whom the functions' SDK trusts
        "SSL_CERT_FILE": str(files.file),  # and their way to the issuer
    }
    log = directory / "ministack.log"
    issuer = Issuer(tls=files.server())
    try:
        with ministack.running(python, log, settings, files.file) as server:
            account = Account(server, files.file, issuer, log)
            try:
                yield account
            finally:
                account.close()
    finally:
        issuer.close()
