"""The platform under a deterministic scheduler: who goes on and what goes wrong is chosen at every call to DynamoDB.

docs/proof.md says what is simulated, what is checked and what this cannot show.
"""
