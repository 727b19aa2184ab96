"""The encoder's picture: the clip in its look, and the references along its bottom edge so that a person sees them."""

from __future__ import annotations

FRAME_RATE = 24  # "the output result is 24 fps" (Kling)


def filter_graph(look: str, width: int, height: int, pictures: int) -> str:
    """Return a filter graph from input 0, the clip, and so many pictures after it to ``[out]``."""
    chains = [f"[0:v:0]fps={FRAME_RATE},scale={width}:{height}:flags=bilinear,setsar=1,{look},format=yuv420p[edit0]"]
    short = min(width, height)
    side, frame, gap = short // 5, short // 180, short // 36  # four of them fit into the short side
    slot = side + 2 * frame
    for n in range(pictures):
        fitted = f"scale={side}:{side}:force_original_aspect_ratio=decrease:force_divisible_by=2,setsar=1"
        framed = f"pad=iw+{2 * frame}:ih+{2 * frame}:{frame}:{frame}:white,format=yuv420p"
        left = gap + n * (slot + gap)
        chains.append(f"[{n + 1}:v:0]{fitted},{framed}[picture{n}]")
        chains.append(f"[edit{n}][picture{n}]overlay={left}+({slot}-w)/2:H-h-{gap}[edit{n + 1}]")
    return ";".join([*chains, f"[edit{pictures}]null[out]"])
