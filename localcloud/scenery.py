"""The drawn coast, layer by layer from the sky to the headland, and how each layer moves."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.figures import boat, flock, lamp, lighthouse, pine, reflection
from localcloud.light import HOURS
from localcloud.painting import Colour, Picture, Run, Stroke, banded, columns, fade, mix, roughness, rows, soft, strokes

HORIZON, SUN = 0.6, 0.66  # shares of the height and of the width
BEATS = (1.0, 0.35, -0.35, -1.0, -0.35, 0.35)  # how the gulls lift their wings, one after the other
BEAT = 0.13  # seconds


@dataclass(frozen=True)
class Layer:
    """A picture and how it moves: ``x``, ``y`` and ``when`` it is there are ffmpeg expressions of the time ``t``."""

    name: str
    picture: Picture
    x: str = "0"
    y: str = "0"
    when: str = ""
    still: bool = False  # it never moves: those come first and are put together only once


class Coast:
    """One coast: its size, its hour and its chances. A unit is a pixel of a clip with 720 lines."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self.width, self.height = width, height
        self.unit = min(height / 720, width / 800)
        self.chance = random.Random(seed)
        self.light = HOURS[seed % len(HOURS)]
        self.horizon, self.sun = round(HORIZON * height), SUN * width
        self.low = 70 * self.unit  # how high the sun stands

    def layers(self) -> list[Layer]:
        """Return all layers from back to front."""
        return [*self._still(), self._clouds(), *self._glitter(), *self._boat(), *self._headland(), *self._gulls()]

    def _still(self) -> list[Layer]:
        unit, radius, deep = self.unit, 52 * self.unit, self.height - self.horizon
        far, near, _ = self.light.hills
        mist, water = self.light.sky[3], list(zip((0.0, 0.3, 1.0), self.light.sea, strict=True))
        disc = rows(2 * radius, 2 * radius, lambda y: _disc(radius, y), fine=3)
        sea = rows(self.width, deep, lambda y: [(0, self.width, fade(water, y / deep))], fine=1)
        placed = [
            ("sky", soft(self.width, self.height, self._sky), 0, 0),
            ("sun", disc, self.sun - radius, self.horizon - self.low - radius),
            ("far", self._ridge(150, 300, mix(far, mist, 0.25), mist), 0, self.horizon - 150 * unit),
            ("near", self._ridge(105, 190, near, mix(far, mist, 0.45)), 0, self.horizon - 105 * unit),
            ("sea", sea, 0, self.horizon),
        ]
        return [Layer(name, picture, f"{x:.0f}", f"{y:.0f}", still=True) for name, picture, x, y in placed]

    def _sky(self, x: float, y: float) -> Colour:
        stops = list(zip((0.0, 0.3, 0.62, 0.86, 1.0), self.light.sky, strict=True))
        away = math.hypot((x - self.sun) * 0.8, (y - self.horizon + self.low) * 1.15) / self.height
        return mix(fade(stops, y / self.horizon), self.light.glow, 0.8 * math.exp(-((away / 0.2) ** 1.3)))

    def _ridge(self, high: float, length: float, top: Colour, foot: Colour) -> Picture:
        wander, tall = roughness(self.chance, 6), high * self.unit

        def runs(x: float) -> list[Run]:
            bay = 1 - 0.85 * math.exp(-(((x - self.sun) / (0.2 * self.width)) ** 2))
            peak = tall * (1 - wander(x / (length * self.unit)) ** 1.4 * 1.25 * bay)
            return banded(max(0.0, peak), tall, 6 * self.unit, lambda share: mix(top, foot, share * 0.9))

        return columns(self.width, tall, runs)

    def _clouds(self) -> Layer:
        wander, unit, lit = roughness(self.chance, 5), self.unit, self.light.cloud
        ahead, height = 100 * unit, 0.42 * self.height

        def shade(x: float, y: float) -> Colour:
            thick = wander(x / (230 * unit), y / (46 * unit)) - 0.5 - 0.08 * y / height
            near = math.exp(-abs(x - ahead - self.sun) / (0.5 * self.width))
            red, green, blue, _ = mix(lit, self.light.glow, near * 0.8)
            return red, green, blue, round(230 * math.sin(math.pi * y / height) * min(1.0, max(0.0, thick * 5)))

        return Layer("clouds", soft(self.width + 2 * ahead, height, shade), f"-{ahead}+{9 * unit}*t", f"{8 * unit}")

    def _glitter(self) -> list[Layer]:
        """Two sheets of light on the water that slide against each other: together they glitter."""
        margin, sheets = 60 * self.unit, []
        for number, (way, pace) in enumerate(((16, 1.1), (-20, 0.9))):
            shapes = [self._ripple(margin) for _ in range(round(112 * self.width / self.height))]
            shapes += [self._gleam(margin) for _ in range(150)]
            sheet = rows(self.width + 2 * margin, self.height - self.horizon, strokes(shapes))
            slide = f"-{margin}+{way * self.unit}*sin({pace}*t)"
            sheets.append(Layer(f"glitter{number}", sheet, slide, f"{self.horizon}"))
        return sheets

    def _ripple(self, margin: float) -> Stroke:
        near, x = self.chance.random() ** 1.7, self.chance.uniform(0, self.width + 2 * margin)
        return self._stroke(x, near, (38, 34, 84, 60) if self.chance.random() < 0.5 else (255, 226, 214, 46))

    def _gleam(self, margin: float) -> Stroke:
        near = self.chance.random() ** 1.5
        x = self.sun + margin + self.chance.gauss(0, 24 + 66 * near) * self.unit
        return self._stroke(x, near, mix((255, 236, 184, 235), (255, 176, 120, 190), near))

    def _stroke(self, x: float, near: float, colour: Colour) -> Stroke:
        size, deep = self.chance.uniform(0.4, 1) * self.unit, self.height - self.horizon
        return x, 2 + near * deep * 0.95, (9 + 46 * near) * size, (0.8 + 2.6 * near) * size, colour

    def _boat(self) -> list[Layer]:
        unit, size = self.unit, 118 * self.unit
        sail, top = f"{0.36 * self.width}+{15 * unit}*t", self.horizon + 26 * unit - 0.9 * size
        return [
            Layer("reflection", reflection(size), f"{sail}+{2 * unit}*sin(3*t)", f"{top + 0.93 * size}"),
            Layer("boat", boat(size), sail, f"{top}+{2.4 * unit}*sin(1.9*t)"),
        ]

    def _headland(self) -> list[Layer]:
        """The near land with its lighthouse, whose lamp turns."""
        tower, halo, stand = 150 * self.unit, 90 * self.unit, 0.1 * self.width
        ground, land = self._free_slot(stand)
        foot = self.height - land.height + ground(stand) + 8 * self.unit
        lit = foot - 0.85 * tower - halo
        return [
            Layer("lighthouse", lighthouse(tower), f"{stand - 0.16 * tower}", f"{foot - tower}"),
            Layer("headland", land, y=f"{self.height - land.height}"),
            Layer("lamp", lamp(halo), f"{stand - halo}", f"{lit}", "between(mod(t+0.4,2.4),0,0.4)"),
        ]

    def _free_slot(self, stand: float) -> tuple[Callable[[float], float], Picture]:
        unit, wander, dark = self.unit, roughness(self.chance, 6), self.light.hills[2]
        wide, tall, room = 0.36 * self.width, 0.36 * self.height, 80 * self.unit  # the room is for the pines
        pines = [(self.chance.uniform(-0.01, 0.19) * self.width, self.chance.uniform(34, 76) * unit) for _ in range(11)]
        pines = [(at, high) for at, high in pines if abs(at - stand) > 24 * unit]
        deep = mix(dark, (4, 2, 24, 255), 0.5)

        def ground(x: float) -> float:
            share = min(1.0, x / wide)
            bumps: float = 46 * unit * wander(x / (90 * unit)) * math.sqrt(1 - share)
            return room + tall * (0.1 + 0.9 * math.pow(share, 1.6)) - bumps

        def runs(x: float) -> list[Run]:
            top, grown = ground(x), max((pine(x, at, high) for at, high in pines), default=0.0)
            rim = mix(dark, self.light.sky[3], 0.2 + 0.5 * min(1.0, x / wide))
            body = banded(top, tall + room, 5 * unit, lambda share: mix(mix(dark, rim, 0.3), deep, share * 2.5))
            trees: list[Run] = [(top - grown, top + 5 * unit, deep)] if grown else []
            return [*body, (top, top + 2.5 * unit, rim), *trees]

        return ground, columns(wide, tall + room, runs)

    def _gulls(self) -> list[Layer]:
        """Three gulls, each at its own point of the beat."""
        unit, count = self.unit, len(BEATS)
        across = f"{0.3 * self.width}+{40 * unit}*t"
        down = f"{0.2 * self.height}-{9 * unit}*t+{6 * unit}*sin(1.6*t)"
        found = []
        for beat in range(count):
            picture = flock(unit, [BEATS[(beat + late) % count] for late in (0, 2, 4)])
            when = f"between(mod(t,{count * BEAT:.2f}),{beat * BEAT:.3f},{(beat + 1) * BEAT - 0.001:.3f})"
            found.append(Layer(f"gulls{beat}", picture, across, down, when))
        return found


def _disc(radius: float, y: float) -> list[Run]:
    half = math.sqrt(max(0.0, radius**2 - (y - radius) ** 2))
    return [(radius - half, radius + half, mix((255, 250, 222, 255), (255, 222, 150, 255), y / (2 * radius)))]


def layers(width: int, height: int, seed: int) -> list[Layer]:
    """Return the layers from back to front for a clip of this size."""
    return Coast(width, height, seed).layers()
