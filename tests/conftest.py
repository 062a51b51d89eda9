"""All tests run as on a person's machine: in CI the command adds lines of progress, which one test asks for itself."""

import os

os.environ.pop("CI", None)
