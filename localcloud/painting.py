"""Paints still pictures in plain Python: hard shapes as runs of colour, soft ones coarsely, for ffmpeg to smooth."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Colour = tuple[int, int, int, int]
Run = tuple[float, float, Colour]
Runs = Callable[[float], Iterable[Run]]
Stroke = tuple[float, float, float, float, Colour]  # middle x and y, half the length, half the thickness
CLEAR: Colour = (0, 0, 0, 0)
COARSE = 8  # pixels of the clip to one painted pixel of a soft picture


@dataclass(frozen=True)
class Picture:
    """A picture as ffmpeg reads it, painted finer or coarser than the size at which it is shown."""

    pam: bytes
    width: int
    height: int
    sideways: bool = False  # painted column by column; to be turned up again


def rows(width: float, height: float, runs: Runs, fine: int = 2) -> Picture:
    """Paint row by row; ``runs`` gives the colours of the row at a height."""
    shown = max(2, round(width)), max(2, round(height))
    lines = (_line(shown[0] * fine, fine, runs(row / fine)) for row in range(shown[1] * fine))
    return Picture(_pam(shown[0] * fine, shown[1] * fine, b"".join(lines)), *shown)


def columns(width: float, height: float, runs: Runs, fine: int = 2) -> Picture:
    """Paint column by column, which is quick for what has a skyline."""
    lying = rows(height, width, runs, fine)
    return Picture(lying.pam, lying.height, lying.width, sideways=True)


def soft(width: float, height: float, shade: Callable[[float, float], Colour]) -> Picture:
    """Paint without edges; ``shade`` gives the colour at a place."""
    shown = max(2, round(width)), max(2, round(height))
    across, down = (max(2, side // COARSE) for side in shown)
    places = ((shown[0] * (x + 0.5) / across, shown[1] * (y + 0.5) / down) for y in range(down) for x in range(across))
    return Picture(_pam(across, down, b"".join(bytes(shade(x, y)) for x, y in places)), *shown)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return the colour a share of the way from one to another."""
    share = min(1.0, max(0.0, share))
    (a, b, c, d), (e, f, g, h) = one, other
    # Written out: it is asked for a hundred thousand times.
    return (
        int(a + (e - a) * share + 0.5),
        int(b + (f - b) * share + 0.5),
        int(c + (g - c) * share + 0.5),
        int(d + (h - d) * share + 0.5),
    )


def fade(stops: list[tuple[float, Colour]], place: float) -> Colour:
    """Return the colour of a gradient that runs through some colours at some places."""
    before = stops[0]
    for stop in stops:
        if place < stop[0]:
            share = (place - before[0]) / max(1e-9, stop[0] - before[0])
            return mix(before[1], stop[1], share * share * (3 - 2 * share))
        before = stop
    return before[1]


def banded(start: float, stop: float, step: float, colour: Callable[[float], Colour]) -> list[Run]:
    """Return runs that pass from one colour to another; ``colour`` is asked for a share from 0 to 1."""
    count = max(1, math.ceil((stop - start) / step))
    edges = [start + (stop - start) * number / count for number in range(count + 1)]
    return [(edges[number], edges[number + 1], colour((number + 0.5) / count)) for number in range(count)]


def roughness(chance: random.Random, octaves: int) -> Callable[..., float]:
    """Return a function of the plane that wanders between 0 and 1, by about one hill for each unit of length."""
    table = [chance.random() for _ in range(4096)]

    def at(x: float, y: float = 0.0) -> float:
        total, size, scale = 0.0, 0.5, 1.0
        for octave in range(octaves):
            total += size * _between(table, x * scale + 37 * octave, y * scale)
            size, scale = size / 2, scale * 2
        return total / (1 - 0.5**octaves)

    return at


def strokes(shapes: Iterable[Stroke], fine: int = 2) -> Runs:
    """Return the runs of many lens-shaped strokes, for a picture that is painted as fine."""
    lines: dict[int, list[Run]] = defaultdict(list)
    for x, y, long, thick, colour in shapes:
        for row in range(math.ceil((y - thick) * fine), math.floor((y + thick) * fine) + 1):
            half = long * math.sqrt(max(0.0, 1 - ((row / fine - y) / thick) ** 2))
            lines[row].append((x - half, x + half, colour))
    return lambda y: lines[round(y * fine)]


def _between(table: list[float], x: float, y: float) -> float:
    left, top = math.floor(x), math.floor(y)
    across, down = x - left, y - top
    across, down = across * across * (3 - 2 * across), down * down * (3 - 2 * down)
    corner = [table[(column * 57 + row * 131) % 4096] for row in (top, top + 1) for column in (left, left + 1)]
    upper, lower = corner[0] + (corner[1] - corner[0]) * across, corner[2] + (corner[3] - corner[2]) * across
    return upper + (lower - upper) * down


def _line(length: int, fine: int, runs: Iterable[Run]) -> bytes:
    line = bytearray(bytes(CLEAR) * length)
    for start, stop, colour in runs:
        first, last = max(0, round(start * fine)), min(length, round(stop * fine))
        if last > first:
            line[4 * first : 4 * last] = bytes(colour) * (last - first)
    return bytes(line)


def _pam(width: int, height: int, pixels: bytes) -> bytes:
    head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
    return head.encode() + pixels
