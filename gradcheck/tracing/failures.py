"""What user code, or TensorFlow on its behalf, raised, in words.

In: an exception. Out: one line: its type, its words and the user's line.
"""

import re
from pathlib import Path

from gradcheck.errors import one_line
from gradcheck.frames import is_users


def explain(error: BaseException) -> str:
    """One line on an exception from traced user code: its type, its words and the user's line."""
    text = str(error)
    frames = [f for f in re.findall(r'File "([^"]+)", line (\d+)', text) if is_users(f[0])]
    name, words = raised(type(error).__name__, text)
    if not frames:
        frames = traceback_frames(error)
    where = f" ({Path(frames[-1][0]).name}:{frames[-1][1]})" if frames else ""
    return f"{name}: {one_line(words, 160)}{where}"


def raised(name: str, text: str) -> tuple[str, str]:
    """The type of an exception and its words; AutoGraph wraps some types, and puts frames in front of the words."""
    if "in user code" not in text:
        return name, text
    found = list(re.finditer(rf"^\s*({name}|\w+(?:Error|Exception)): ", text, flags=re.MULTILINE))
    own = [match for match in found if match[1] == name] or found[-1:]
    return (own[0][1], text[own[0].end() :]) if own else (name, text)


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
