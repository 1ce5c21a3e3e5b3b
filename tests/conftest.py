"""How tests are drawn.

Property tests draw the same examples in every run, so that a change is judged by what it changed; `make explore` draws
new ones each time, and what it finds becomes an example of its test. What takes ten minutes (`long`) is `make long`'s.
"""

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", derandomize=False, deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile("steady")
