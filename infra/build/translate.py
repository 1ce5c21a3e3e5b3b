"""SAM into plain CloudFormation, in the environment of the translator (.venv-build) and not in ours.

`.venv-build/bin/python infra/build/translate.py < sam.json > template.json`. Plain, so that what is deployed can be
read, is judged as it is deployed, and can be stood up where no such macro runs. This module must import nothing of the
platform.
"""

import json
import sys

from samtranslator.translator.transform import transform  # type: ignore[import-not-found]


class _NoManagedPolicies:
    """The translator asks for a list of AWS's policies, of which none is used by name."""

    def load(self) -> dict[str, str]:
        """None."""
        return {}


if __name__ == "__main__":
    json.dump(transform(json.load(sys.stdin), {}, _NoManagedPolicies()), sys.stdout)
