#!/bin/sh
# The operator's command; `./zs --help` lists what there is. It needs the environment that `make run` prepares.
cd "$(dirname "$0")" || exit 1
if [ ! -x .venv/bin/python ]; then
    echo "还没有运行环境，请先执行： make run（或 make .venv/.ready）" >&2
    echo "The environment is missing. First: make run (or make .venv/.ready)" >&2
    exit 1
fi
exec .venv/bin/python -m infra.cli "$@"
