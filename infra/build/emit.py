"""What chalice makes of the app: its part of the template (SAM), and a zip of the app with its dependencies.

Both are asked of chalice's packager itself and not of its command, because the template alone takes a fifth of a second
and the zip takes ten, and because the command only prints that a dependency could not be packaged. This module must not
add to either.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, NoReturn

import botocore.session
from chalice.app import Chalice
from chalice.awsclient import TypedAWSClient
from chalice.config import Config
from chalice.deploy.appgraph import ApplicationGraphBuilder, DependencyBuilder
from chalice.deploy.deployer import BuildStage, InjectDefaults, PolicyGenerator, SwaggerBuilder
from chalice.deploy.models import DeploymentPackage
from chalice.deploy.packager import DependencyBuilder as PipDependencyBuilder
from chalice.deploy.packager import LambdaDeploymentPackager, PipRunner, SubprocessPip
from chalice.deploy.swagger import CFNSwaggerGenerator
from chalice.package import PackageOptions, ResourceBuilder, SAMTemplateGenerator
from chalice.policy import AppPolicyGenerator
from chalice.utils import OSUtils

from infra.functions import CONFIG
from infra.local.environment import environment

ROOT = Path(__file__).parents[2]
ZIP = "functions.zip"
STAGE = "prod"  # of .chalice/config.json: what every function has in each stage of ours
_REGION = "cn-north-1"  # chalice asks it for the names of service principals, which are the same in all of ours
_SHIPPED = ("app.py", "requirements.txt", "chalicelib", ".chalice")


class NotPackaged(RuntimeError):  # noqa: N818  it says what happened
    """A dependency has no wheel for the functions' platform; the message names it."""


class _Named:
    """The step of chalice's build that would make the zip: it only gives its name."""

    def handle(self, _config: Config, resource: Any) -> None:
        if isinstance(resource, DeploymentPackage):
            resource.filename = ZIP


class Heard:
    """In the place of chalice's terminal: what it would print and go on with ends the build."""

    def write(self, message: str) -> None:
        if "Could not install dependencies" in message:
            raise NotPackaged(" ".join(message.split()))

    def error(self, message: str) -> NoReturn:
        raise NotPackaged(message)


def template(app: Chalice, architecture: str | None = None) -> dict[str, Any]:
    """The SAM template that chalice makes of the app and .chalice/, for `architecture` or the one it names."""
    config = _config(app, ROOT, architecture)
    osutils = OSUtils()
    steps = [
        InjectDefaults(),
        _Named(),
        PolicyGenerator(policy_gen=AppPolicyGenerator(osutils=osutils), osutils=osutils),
        SwaggerBuilder(swagger_generator=CFNSwaggerGenerator()),
    ]
    builder = ResourceBuilder(ApplicationGraphBuilder(), DependencyBuilder(), BuildStage(steps=steps))
    session = botocore.session.get_session()
    session.set_config_variable("region", _REGION)
    generator = SAMTemplateGenerator(config, PackageOptions(TypedAWSClient(session)))
    made: dict[str, Any] = generator.generate(builder.construct_resources(config, STAGE))
    plain: dict[str, Any] = json.loads(json.dumps(made))  # no part of it is shared with another
    return plain


def package(app: Chalice, into: Path, architecture: str | None = None) -> Path:
    """The zip that chalice makes of a clean copy of the sources under `into`. Raises NotPackaged for a dependency that
    has no wheel for the platform."""
    source = into / "source"
    _copy(source)
    config = _config(app, source, architecture)
    osutils = OSUtils()
    pip = PipRunner(pip=SubprocessPip(osutils=osutils), osutils=osutils)
    dependencies = PipDependencyBuilder(osutils=osutils, pip_runner=pip, architecture=config.lambda_architecture)
    packager = LambdaDeploymentPackager(
        osutils=osutils, dependency_builder=dependencies, ui=Heard(), architecture=config.lambda_architecture
    )
    with environment({"PIP_NO_DEPS": "1"}):  # requirements.txt names everything; the rest is in Lambda's runtime
        return Path(packager.create_deployment_package(str(source), config.lambda_python_version))


def _config(app: Chalice, project: Path, architecture: str | None) -> Config:
    given = {"lambda_architecture": architecture} if architecture else {}
    return Config(
        chalice_stage=STAGE,
        user_provided_params={"chalice_app": app, **given},
        config_from_disk=json.loads(CONFIG.read_text("utf-8")),
        default_params={"project_dir": str(project), "autogen_policy": False},
    )


def _copy(source: Path) -> None:
    """The sources as a fresh clone has them: without bytecode, each file with the same rights."""
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    for name in _SHIPPED:
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, source / name, ignore=shutil.ignore_patterns("__pycache__", "deployments", "venv"))
        else:
            shutil.copy(origin, source / name)
