"""The looks that an edit can have: cheap filters, each so different that a person sees at once what happened."""

from __future__ import annotations

import hashlib
import re

# Brightness and colour planes only: what needs RGB costs two to five times as much.
SNOWFLAKES = (
    "color=black:s={width}x{height2}:r=24,format=yuv420p,geq=lum='if(gt(random(1),0.9994),255,16)':cb=128:cr=128,"
    "boxblur=3:2,lutyuv=y='min(235,(val-16)*12+16)',trim=end_frame=1,loop=-1:1:0,"
    "scroll=v=-0.004:h=0.001,crop={width}:{height}:0:0"
)
LOOKS = {
    "neon": "hue=h=285:s=2.2,eq=contrast=1.35:brightness=-0.12,chromashift=cbh=10:crh=-10",
    "snow": "hue=s=0.3,lutyuv=y='val*0.75+62':u='val+8':v='val-4'[lit];"
    + SNOWFLAKES
    + "[flakes];[lit][flakes]blend=c0_mode=screen:shortest=1",
    "golden": "lutyuv=y='val*1.03':u='val*0.8+4':v='val+26',eq=saturation=1.3",
    "night": "lutyuv=y='val*0.42+10':u='val+18':v='val-10'",
    "watercolour": "boxblur=3:2,lutyuv=y='bitand(val,240)*0.78+52',eq=saturation=1.35",
    "sketch": "format=gray,sobel=scale=1.6,negate,eq=contrast=1.5",
    "noir": "hue=s=0,eq=contrast=1.7:brightness=-0.08",
    "cartoon": "lutyuv=y='bitand(val,224)+16':u='bitand(val,240)+8':v='bitand(val,240)+8',"
    "eq=saturation=2.0:contrast=1.15",
    "underwater": "lutyuv=y='val*0.72':u='val+34':v='val-38'",
    "vintage": "hue=s=0.2,lutyuv=y='val*0.85+26':u='val-18':v='val+14'",
    "negative": "negate,hue=h=140",
}
# Whole words, in the singular or a simple plural: "season" is no sea, and "icecream" no ice.
WORDS = {
    "night": ("night", "nighttime", "moon", "moonlit", "moonlight", "midnight", "dusk"),
    "watercolour": ("watercolour", "watercolor", "paint", "painted", "painting", "painterly", "impressionist"),
    "neon": ("neon", "cyberpunk", "futuristic", "synthwave", "vaporwave"),
    "snow": (
        *("snow", "snowy", "snowing", "snowfall", "snowstorm", "winter", "wintry", "ice", "icy", "blizzard", "frost"),
        *("frosty", "frozen", "christmas"),
    ),
    "golden": ("golden", "gold", "sunset", "sunrise", "autumn", "autumnal", "desert", "warm", "dawn", "fire"),
    "sketch": ("sketch", "sketches", "sketched", "sketchy", "pencil", "drawing", "drawn", "ink", "charcoal"),
    "noir": ("noir", "black and white", "monochrome", "detective", "silent film"),
    "cartoon": ("cartoon", "cartoonish", "anime", "comic", "pixel", "clay", "lego", "toy"),
    "underwater": ("underwater", "ocean", "sea", "undersea", "aquarium", "reef"),
    "vintage": ("vintage", "retro", "old film", "sepia", "1920", "1970", "western"),
    "negative": ("alien", "psychedelic", "inverted", "x-ray", "thermal"),
}
PATTERNS = {name: re.compile(rf"\b(?:{'|'.join(words)})s?\b") for name, words in WORDS.items()}


def look_name(prompt: str) -> str:
    """Return the look that a prompt asks for: by its earliest telling word, else by its hash."""
    text = " ".join(prompt.lower().split())
    found = [(match.start(), name) for name, pattern in PATTERNS.items() if (match := pattern.search(text))]
    if found:
        return min(found)[1]
    return sorted(LOOKS)[hashlib.sha256(prompt.encode(errors="replace")).digest()[0] % len(LOOKS)]


def look_for(prompt: str, width: int, height: int) -> str:
    """Return the ffmpeg filters of a prompt's look for a picture of this size."""
    return LOOKS[look_name(prompt)].format(width=width, height=height, height2=2 * height)
