"""The hours of the drawn coast: which colours the sky, the clouds, the hills and the sea have then."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.painting import Colour


@dataclass(frozen=True)
class Light:
    """The colours of one hour; lists run from far above, or far away, to near."""

    sky: tuple[Colour, Colour, Colour, Colour, Colour]  # from the zenith to the horizon
    glow: Colour  # around the sun
    cloud: Colour
    sea: tuple[Colour, Colour, Colour]
    hills: tuple[Colour, Colour, Colour]  # the last one is the headland


SUNSET = Light(
    sky=((44, 50, 104, 255), (112, 78, 142, 255), (222, 112, 122, 255), (255, 172, 112, 255), (255, 216, 150, 255)),
    glow=(255, 226, 160, 255),
    cloud=(255, 178, 160, 255),
    sea=((246, 172, 138, 255), (140, 96, 142, 255), (50, 56, 106, 255)),
    hills=((196, 128, 150, 255), (136, 92, 138, 255), (58, 44, 78, 255)),
)
MORNING = Light(
    sky=((58, 124, 186, 255), (112, 172, 214, 255), (170, 208, 226, 255), (222, 228, 214, 255), (255, 240, 204, 255)),
    glow=(255, 250, 224, 255),
    cloud=(255, 255, 250, 255),
    sea=((190, 216, 214, 255), (78, 148, 178, 255), (28, 82, 126, 255)),
    hills=((150, 180, 196, 255), (98, 142, 152, 255), (38, 74, 72, 255)),
)
DAWN = Light(
    sky=((70, 62, 124, 255), (150, 108, 166, 255), (236, 150, 168, 255), (255, 190, 164, 255), (255, 226, 190, 255)),
    glow=(255, 238, 206, 255),
    cloud=(255, 208, 206, 255),
    sea=((250, 196, 180, 255), (170, 130, 170, 255), (72, 76, 134, 255)),
    hills=((204, 158, 184, 255), (146, 116, 164, 255), (70, 56, 96, 255)),
)
HOURS = (SUNSET, MORNING, DAWN)
