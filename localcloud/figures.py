"""What stands or moves before the drawn coast: a sailing boat, its reflection, gulls, a lighthouse, pines."""

from __future__ import annotations

import math

from localcloud.painting import Colour, Picture, Run, mix, rows, soft

WHITE: Colour = (255, 246, 226, 255)
RED: Colour = (214, 78, 66, 255)
DARK: Colour = (46, 32, 52, 255)
GULLS = ((55, 24, 46), (112, 48, 34), (22, 62, 28))  # where, and how wide


def boat(size: float) -> Picture:
    """Return a boat under two sails, lit from the right."""

    def runs(y: float) -> list[Run]:
        at = y / size
        return _sails(at, size) if at < 0.78 else _hull((at - 0.78) / 0.16, size)

    return rows(size, size, runs, fine=3)


def _sails(at: float, size: float) -> list[Run]:
    mast, thick = size * 0.46, size * 0.012
    main = size * 0.36 * (at / 0.76) ** 0.85 if at < 0.76 else 0.0
    jib = size * 0.27 * ((at - 0.1) / 0.62) ** 0.9 if 0.1 < at < 0.72 else 0.0
    return [
        (mast - main, mast - main * 0.3, (236, 206, 190, 255)),
        (mast - main * 0.3, mast - thick, WHITE),
        (mast + size * 0.03, mast + size * 0.03 + jib, (240, 116, 84, 255)),
        (mast - thick, mast + thick, DARK),
    ]


def _hull(deep: float, size: float) -> list[Run]:
    if deep > 1:
        return []
    rail: list[Run] = [(size * 0.06, size * 0.94, WHITE)] if deep < 0.14 else []
    return [(size * (0.1 + 0.12 * deep**2), size * (0.9 - 0.16 * deep**1.5), (96, 44, 48, 255)), *rail]


def reflection(size: float) -> Picture:
    """Return what the water keeps of the boat: broken strips of its colours."""

    def runs(y: float) -> list[Run]:
        at = y / (0.6 * size)
        if math.sin(at * 34 + 1.3) > 0.55 + 0.4 * (1 - at):
            return []
        half, sway = size * (0.36 - 0.26 * at), size * 0.03 * math.sin(at * 34)
        tone = mix((84, 44, 60, 170), (238, 190, 170, 40), at * 2.2)
        return [(size * 0.5 + sway - half, size * 0.5 + sway + half * 0.9, tone)]

    return rows(size, 0.6 * size, runs)


def flock(unit: float, lifts: list[float]) -> Picture:
    """Return three gulls; a lift is 1 with the wings up and -1 with the wings down."""

    def runs(y: float) -> list[Run]:
        gulls = zip(GULLS, lifts, strict=True)
        return [run for (x, at, size), lift in gulls for run in _gull(x * unit, y - at * unit, size * unit, lift)]

    return rows(150 * unit, 84 * unit, runs, fine=3)


def _gull(x: float, below: float, width: float, lift: float) -> list[Run]:
    if abs(below) > width / 2:
        return []
    found: list[Run] = []
    piece = width / 60
    for number in range(-30, 30):
        out = abs(number + 0.5) / 30  # along a wing, from 0 at the body to 1
        wing = width * (0.05 * out - lift * 0.2 * math.sin(min(1.0, out * 1.2) * 2))
        if abs(below - wing) <= width * max(0.014, 0.055 * (1.05 - out)):
            found.append((x + number * piece, x + (number + 1) * piece, (52, 40, 64, 255)))
    return found


def lighthouse(height: float) -> Picture:
    """Return a white tower with two red bands, darker where the sun is not."""
    middle = height * 0.16

    def runs(y: float) -> list[Run]:
        at, lamp = y / height, height * 0.05
        if at < 0.1:
            return [(middle - height * 0.75 * at, middle + height * 0.75 * at, RED)]
        if at < 0.2:
            return [
                (middle - lamp, middle + lamp, DARK),
                (middle - 0.8 * lamp, middle + 0.8 * lamp, (255, 232, 160, 255)),
            ]
        return [(middle - height * 0.09, middle + height * 0.09, DARK)] if at < 0.23 else _wall(at, middle, height)

    return rows(2 * middle, height, runs, fine=3)


def _wall(at: float, middle: float, height: float) -> list[Run]:
    lit, shaded = (RED, (140, 48, 62, 255)) if 0.38 < at < 0.52 or 0.68 < at < 0.82 else (WHITE, (176, 140, 156, 255))
    left, strip = middle - height * (0.055 + 0.04 * at), height * (0.11 + 0.08 * at) / 8
    return [(left + n * strip, left + (n + 1) * strip, mix(shaded, lit, n / 5)) for n in range(8)]


def lamp(radius: float) -> Picture:
    """Return the glare of the lighthouse's lamp."""

    def shade(x: float, y: float) -> Colour:
        away = min(1.0, math.hypot(x - radius, (y - radius) * 1.4) / radius)
        return 255, 240, 190, round(230 * (1 - away) ** 2.4)

    return soft(2 * radius, 2 * radius, shade)


def pine(x: float, at: float, height: float) -> float:
    """Return how high a pine that stands at a place rises at x: tiers of twigs, each wider than the one above."""
    away = abs(x - at) / (height * 0.24)
    if away >= 0.75:
        return max(0.0, height * (1 - away) * 1.2)
    tier = math.floor(away * 4) / 4
    return height * (1 - tier * 0.62 - (away - tier) * 1.5)
