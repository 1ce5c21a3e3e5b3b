"""A fresh process, up to one point, and what that took: `python -m tests.bench.first FILE WHAT [PATH …]`.

WHAT is `ours`: import the app and answer the recorded transition, keys and registry fetched on the way; `reaction`:
import the app and handle the recorded batch of the stream; `floor`: create one botocore client for DynamoDB. Modules
are looked for in PATHs first. Prints CPU seconds since the process began, the most memory it had in MB, and the number
of modules. What this module imports itself, all sides pay; so it imports next to nothing.
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


def reaction(recorded: dict) -> None:  # type: ignore[type-arg]
    """The first batch of this process."""
    os.environ["_HANDLER"] = "app.on_case_change"  # as Lambda says
    from app import on_case_change

    answer = on_case_change({"Records": recorded["batch"]}, Context())
    assert answer == {"batchItemFailures": []}, answer


def floor(_recorded: dict) -> None:  # type: ignore[type-arg]
    """What everything that talks to DynamoDB pays."""
    import botocore.session

    botocore.session.get_session().create_client("dynamodb")


def peak() -> float:
    """The most memory that this process had, in MB. (`ru_maxrss` begins with what the process that started it had.)"""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        document = json.load(source)
    os.environ.update(document["environment"])
    sys.path[:0] = sys.argv[3:]
    globals()[sys.argv[2]](document)
    print(json.dumps({"cpu": time.process_time(), "memory": peak(), "modules": len(sys.modules)}))
