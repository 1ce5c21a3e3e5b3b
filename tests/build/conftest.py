"""What these tests look at."""

from tests.support.stack import template, written

__all__ = ["template", "written"]
