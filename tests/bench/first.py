"""A fresh process, up to one point, and what that took: `python -m tests.bench.first FILE ours|floor`.

`ours`: import the app and answer the recorded transition, keys and registry fetched on the way. `floor`: create one
botocore client for DynamoDB. Prints CPU seconds since the process began and the number of modules. What this module
imports itself, both sides pay; so it imports next to nothing.
"""

import json
import os
import sys
import time


class Context:
    """As much of Lambda's context as the app asks for: the time that is left."""

    def get_remaining_time_in_millis(self) -> int:
        """As at the beginning."""
        return 25_000


def ours(recorded: dict) -> None:  # type: ignore[type-arg]  # generics would need an import
    """The first authorised transition of this process."""
    from app import app

    answer = app(recorded["step"], Context())
    assert answer["statusCode"] == 200, answer


def floor(_recorded: dict) -> None:  # type: ignore[type-arg]
    """What everything that talks to DynamoDB pays."""
    import botocore.session

    botocore.session.get_session().create_client("dynamodb")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        document = json.load(source)
    os.environ.update(document["environment"])
    globals()[sys.argv[2]](document)
    print(json.dumps({"cpu": time.process_time(), "modules": len(sys.modules)}))
