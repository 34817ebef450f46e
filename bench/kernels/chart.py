"""Draws what compare.py printed as an SVG bar chart.

    python bench/kernels/chart.py TITLE COMPARE_OUTPUT > chart.svg
"""

import re
import sys
from html import escape

ROW, LABEL, BARS = 26, 190, 380


def main(title, path):
    with open(path, encoding="utf-8") as file:
        lines = re.findall(r"^(\S.*?) +(\d+) tokens/cpu-s +int8 is", file.read(), re.MULTILINE)
    speeds = sorted(((int(speed), name) for name, speed in lines), reverse=True)
    height = ROW * len(speeds) + 50
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LABEL + BARS + 70} {height}"'
        ' font-family="sans-serif" font-size="13">'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="10" y="24" font-weight="bold">{escape(title)}</text>'
    )
    for i, (speed, name) in enumerate(speeds):
        y = 40 + i * ROW
        width = BARS * speed / speeds[0][0]
        color = "#1f6feb" if name.endswith("ours") else "#9aa4b2"
        print(
            f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{ROW - 8}" fill="{color}"/>'
            f'<text x="{LABEL + width + 6:.1f}" y="{y + 14}">{speed:,}</text>'
        )
    print("</svg>")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
