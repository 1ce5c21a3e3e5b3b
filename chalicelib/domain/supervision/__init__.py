"""Supervision (监管): what rules see in a case, pure. A timeline in, findings out; no tables, no wall clock."""
