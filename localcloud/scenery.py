"""The still layers of the drawn coast, painted in plain Python as runs of colour, at twice the size of the clip."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Colour = tuple[int, int, int, int]
Run = tuple[float, float, Colour]
CLEAR: Colour = (0, 0, 0, 0)
SKIES: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((38, 52, 110, 255), (226, 112, 104, 255), (255, 208, 130, 255)),
    ((58, 120, 190, 255), (150, 200, 226, 255), (250, 232, 196, 255)),
    ((70, 44, 104, 255), (222, 96, 132, 255), (255, 190, 140, 255)),
)
DRIFT = 9.0  # pixels a second at 720 lines, of the farthest layer


@dataclass(frozen=True)
class Layer:
    """A picture and how it moves: ``x`` and ``y`` are ffmpeg expressions of the time ``t``."""

    name: str
    image: bytes
    x: str = "0"
    y: str = "0"
    by_columns: bool = False  # the picture lies on its side: columns are cheap to paint as rows


def layers(width: int, height: int, seconds: float, seed: int) -> list[Layer]:
    """Return the layers from back to front for a clip of this size and length."""
    unit, chance = height / 720, random.Random(seed)
    span = width + int(DRIFT * 6 * unit * seconds) + 64
    sea, drift = 0.66 * height, DRIFT * unit
    ridge = _ridge(chance, 120 * unit, 60 * unit, 900 * unit)
    shore = _ridge(chance, 70 * unit, 26 * unit, 420 * unit)
    colours = SKIES[seed % len(SKIES)]
    hills = _columns(span, 160 * unit, lambda x: [(ridge(x), 160 * unit, (92, 74, 120, 255))])
    grass = _columns(span, height, lambda x: _shore_runs(shore(x), height))
    sky = _rows(width, height, lambda y: [(0, width, _sky_colour(y, sea, height, colours))])
    sun = _rows(148 * unit, 148 * unit, lambda y: _disc(74 * unit, y))
    gleam = _rows(260 * unit, 150 * unit, lambda y: _gleam(y / unit, 260 * unit, chance))
    boat = _rows(120 * unit, 120 * unit, lambda y: _boat(y, 120 * unit))
    gull = _rows(60 * unit, 18 * unit, lambda y: _gull(y / (18 * unit), 60 * unit))
    return [
        Layer("sky", sky),
        Layer("sun", sun, f"{0.62 * width}", f"{0.2 * height}+{7 * unit}*t"),
        Layer("cloud", _cloud(chance, unit), f"{0.1 * width}+{16 * unit}*t", f"{0.12 * height}"),
        Layer("ridge", hills, f"-{drift}*t", f"{sea - 160 * unit}", by_columns=True),
        Layer("gleam", gleam, f"{0.6 * width}", f"{sea}+2*sin(5*t)"),
        Layer("boat", boat, f"{0.16 * width}+{46 * unit}*t", f"{sea - 88 * unit}+{5 * unit}*sin(2.4*t)"),
        Layer("shore", grass, f"-{6 * drift}*t", f"{sea + 50 * unit}", by_columns=True),
        Layer("gull", gull, f"{width}-{120 * unit}*t", f"{0.3 * height}+{26 * unit}*sin(3*t)"),
    ]


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue, alpha = (round(a + (b - a) * min(1.0, max(0.0, share))) for a, b in zip(one, other, strict=True))
    return red, green, blue, alpha


def _sky_colour(y: float, sea: float, height: float, colours: tuple[Colour, Colour, Colour]) -> Colour:
    top, middle, bottom = colours
    share = y / sea
    if share < 1:
        return _mix(top, middle, share * 2) if share < 0.5 else _mix(middle, bottom, share * 2 - 1)
    return _mix(_mix(middle, (30, 60, 110, 255), 0.45), (16, 40, 80, 255), (y - sea) / (height - sea))


def _ridge(chance: random.Random, level: float, rise: float, length: float) -> Callable[[float], float]:
    waves = [(rise / n, chance.uniform(0, 6.3), n * 6.283 / length) for n in (1, 2, 3, 5)]
    return lambda x: level - sum(size * math.sin(phase + x * pace) for size, phase, pace in waves)


def _shore_runs(top: float, height: float) -> list[Run]:
    return [
        (top, top + 7, (246, 226, 180, 255)),
        (top + 7, height, (58, 84, 62, 255)),
        (top + 60, height, (42, 64, 52, 255)),
    ]


def _disc(radius: float, y: float) -> list[Run]:
    half = math.sqrt(max(0.0, radius**2 - (y - radius) ** 2))
    return [(radius - half, radius + half, _mix((255, 246, 200, 255), (255, 176, 96, 255), y / (2 * radius)))]


def _cloud(chance: random.Random, unit: float) -> bytes:
    puffs = [
        (chance.uniform(60, 340) * unit, chance.uniform(50, 80) * unit, chance.uniform(24, 46) * unit) for _ in range(9)
    ]

    def runs(y: float) -> list[Run]:
        inside = [(x, math.sqrt(max(0.0, size**2 - (y - middle) ** 2))) for x, middle, size in puffs if y < 84 * unit]
        return [(x - half, x + half, (255, 240, 236, 190)) for x, half in inside if half > 0]

    return _rows(400 * unit, 130 * unit, runs)


def _gleam(y: float, width: float, chance: random.Random) -> list[Run]:
    if int(y) % 12 > 4:
        return []
    half = width * (0.12 + 0.35 * chance.random())
    return [(width / 2 - half, width / 2 + half, (255, 214, 150, 150))]


def _boat(y: float, size: float) -> list[Run]:
    at = y / size
    if at < 0.74:  # two sails on a mast
        return [
            (size * (0.48 - 0.42 * at), size * 0.48, (250, 246, 236, 255)),
            (size * 0.54, size * (0.54 + 0.3 * at), (232, 92, 76, 255)),
            (size * 0.495, size * 0.52, (70, 50, 40, 255)),
        ]
    slope = (at - 0.74) * 0.6
    return [(size * (0.08 + slope), size * (0.94 - slope), (92, 52, 40, 255))] if at < 0.92 else []


def _gull(share: float, width: float) -> list[Run]:
    """Two wings, bent: share runs from 0 at the top to 1."""
    tip, thick = width * (0.25 - 0.25 * math.sqrt(share)), width * 0.1
    body = width * (0.25 + 0.2 * share)
    wings = [(tip, tip + thick), (body, body + thick)]
    grey: Colour = (44, 44, 64, 255)
    return [run for start, stop in wings for run in ((start, stop, grey), (width - stop, width - start, grey))]


def _line(length: int, runs: Iterable[Run]) -> bytes:
    line = bytearray(bytes(CLEAR) * length)
    for start, stop, colour in runs:
        first, last = max(0, round(start * 2)), min(length, round(stop * 2))
        if last > first:
            line[4 * first : 4 * last] = bytes(colour) * (last - first)
    return bytes(line)


def _rows(width: float, height: float, runs: Callable[[float], list[Run]]) -> bytes:
    columns, rows = 2 * max(2, round(width)), 2 * max(2, round(height))
    return _pam(columns, rows, b"".join(_line(columns, runs(row / 2)) for row in range(rows)))


def _columns(width: float, height: float, runs: Callable[[float], list[Run]]) -> bytes:
    """Paint column by column; ffmpeg turns the picture up again."""
    columns, rows = 2 * round(width), 2 * round(height)
    return _pam(rows, columns, b"".join(_line(rows, runs(column / 2)) for column in range(columns)))


def _pam(width: int, height: int, pixels: bytes) -> bytes:
    head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
    return head.encode() + pixels
