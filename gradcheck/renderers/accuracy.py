"""What is known of every finite gradient, in words.

In: a target all of whose floats were run. Out: a part of its last line.
"""

from gradcheck.records import TargetReport


def accuracy(target: TargetReport) -> str:
    """What is known of every finite gradient; empty where only points were asked."""
    screens = [(s.input.fmt, s.screen) for s in target.sweeps if s.screen]
    if not screens or len(screens) < len(target.sweeps):
        return ""
    left = [(fmt, lo, hi) for fmt, screen in screens for lo, hi in screen.unlisted]
    listed = any(screen.stretches != screen.unlisted for _, screen in screens)
    where = f"{' on a line' if target.plane else ''}{' elsewhere' if listed else ''}"
    known = f"every finite gradient{where} is that of the graph in float64, within the tolerance"
    if not left:
        return known
    fmt, lo, hi = max(left, key=lambda part: part[2] - part[1])
    widest = fmt.text(lo) if lo == hi else f"[{fmt.text(lo)}, {fmt.text(hi)}]"
    more = f" and {len(left) - 1:,} more" if len(left) > 1 else ""
    return f"{known}, but on {widest}{more}, where real arithmetic was asked at points"
