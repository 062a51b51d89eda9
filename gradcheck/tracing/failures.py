"""What user code, or TensorFlow on its behalf, raised, in words.

In: an exception. Out: one line: its type, its words and the user's line.
"""

import re
from pathlib import Path

from gradcheck.errors import one_line
from gradcheck.tracing.graphs import is_users


def explain(error: BaseException) -> str:
    """One line on an exception from traced user code: its type, its words and the user's line."""
    text = str(error)
    frames = [f for f in re.findall(r'File "([^"]+)", line (\d+)', text) if is_users(f[0])]
    name = type(error).__name__
    words = re.split(rf"\b{name}: ", text, maxsplit=1)[-1] if "in user code" in text else text
    if not frames:
        frames = traceback_frames(error)
    where = f" ({Path(frames[-1][0]).name}:{frames[-1][1]})" if frames else ""
    return f"{name}: {one_line(words, 160)}{where}"


def traceback_frames(error: BaseException) -> list[tuple[str, str]]:
    """File and line of the frames of an exception that are neither TensorFlow's nor gradcheck's."""
    frames = []
    traceback = error.__traceback__
    while traceback:
        file = traceback.tb_frame.f_code.co_filename
        if is_users(file):
            frames.append((file, str(traceback.tb_lineno)))
        traceback = traceback.tb_next
    return frames
