"""The one CloudFormation stack and the one zip of all functions: `make package` (docs/operations.md).

    app.py, .chalice/ ─ emit ─┐
    infra/*.yaml ─────────────┼─ compose ─ translate ─ checks, cfn-lint ─▶ build/template.json
    infra.functions ─ generated ─┘
    app.py, chalicelib/, requirements.txt ─ emit ─ zipping ─▶ build/functions.zip

The template is the same for every stage; what differs are its parameters. Nothing here runs on AWS.
"""
