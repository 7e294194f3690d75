"""The DOT and SVG text that every picture must keep. After a wanted change: python tests/viz/golden.py; read the difference."""

from pathlib import Path

from pictures import PICTURES

from viz.dot import to_dot
from viz.svg import to_svg

FOLDER = Path(__file__).parent / "golden"
WRITERS = {".dot": to_dot, ".svg": to_svg}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        for suffix, writer in WRITERS.items():
            (FOLDER / f"{name}{suffix}").write_text(writer(picture()), encoding="utf-8")
