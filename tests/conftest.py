"""All tests run as on a person's machine, and what was imported for them is left alone by the garbage collector.

In CI the command adds lines of progress, which one test asks for itself. TensorFlow's modules are a million objects that
stay; to go through them again and again takes a tenth of the time of all tests.
"""

import gc
import os

os.environ.pop("CI", None)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
