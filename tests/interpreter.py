"""What differs between the Pythons that run the tests: the one place."""

import gc
import sys

#: Whether an object ends at once, with the last reference to it.
COUNTS_REFERENCES = sys.implementation.name == 'cpython'


def collect():
    """Collect garbage, with all that nothing but garbage referred to."""
    for _ in range(1 if COUNTS_REFERENCES else 3):
        gc.collect()
