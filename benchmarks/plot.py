"""Draw lines into an SVG file, on logarithmic scales."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 340, 250  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 30, 40  # its margins
COLUMNS = 2
# Of each line in turn; all of them are told apart without colours, too.
STYLES = [
    ('#b3541e', '6 3'),
    ('#1f5fa8', ''),
    ('#2a7f3f', '2 2'),
    ('#444444', '8 2 2 2'),
]


def _number(value):
    return f'{value:,.3g}' if value < 1000 else f'{value:,.0f}'


class _Scale:
    """Maps numbers to pixels, logarithmically."""

    def __init__(self, values, start, end):
        low, high = math.log10(min(values)), math.log10(max(values))
        if high - low < 0.5:
            low, high = low - 0.25, high + 0.25
        self.low, self.high = low, high
        self.start, self.end = start, end

    def __call__(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self):
        exponents = range(math.floor(self.low), math.ceil(self.high) + 1)
        for factors in (1,), (1, 3), (1, 2, 5):
            ticks = [
                factor * 10**exponent
                for exponent in exponents
                for factor in factors
                if self.low <= math.log10(factor) + exponent <= self.high
            ]
            if len(ticks) > 2:
                break
        return ticks


def _panel(title, xlabel, lines, names):
    points = [point for line in lines.values() for point in line]
    x_of = _Scale([x for x, _ in points], LEFT, WIDTH - RIGHT)
    y_of = _Scale([y for _, y in points], HEIGHT - BOTTOM, TOP)
    yield f'<text class="title" x="{LEFT}" y="18">{escape(title)}</text>'
    for x in sorted({x for x, _ in points}):
        yield (
            f'<text x="{x_of(x):.1f}" y="{HEIGHT - BOTTOM + 16}" '
            f'text-anchor="middle">{_number(x)}</text>'
        )
    yield (
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" '
        f'text-anchor="middle">{escape(xlabel)}</text>'
    )
    for y in y_of.ticks():
        yield (
            f'<path class="grid" d="M{LEFT} {y_of(y):.1f}H{WIDTH - RIGHT}"/>'
            f'<text x="{LEFT - 6}" y="{y_of(y) + 4:.1f}" '
            f'text-anchor="end">{_number(y)}</text>'
        )
    for (color, dashes), name in zip(STYLES, names):
        if name in lines:
            path = 'L'.join(
                f'{x_of(x):.1f} {y_of(y):.1f}' for x, y in lines[name]
            )
            yield (
                f'<path d="M{path}" stroke="{color}" '
                f'stroke-dasharray="{dashes}"/>'
            )
            for x, y in lines[name]:
                yield (
                    f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="2.5" '
                    f'fill="{color}"/>'
                )


def draw(panels, names):
    """Return an SVG image.

    *panels* is a list of (title, label of x, {name: [(x, y)]}), and *names*
    has all names, in the order of the legend.
    """
    rows = math.ceil(len(panels) / COLUMNS)
    width, height = COLUMNS * WIDTH, rows * HEIGHT + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" role="img">',
        '<style>text{font:11px sans-serif;fill:#222}'
        '.title{font-weight:bold;font-size:12px}'
        'path{fill:none;stroke-width:1.8}'
        '.grid{stroke:#ddd;stroke-width:1}</style>',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for number, (color, dashes), name in zip(range(9), STYLES, names):
        x = LEFT + number * (width - LEFT) / len(names)
        parts.append(
            f'<path d="M{x:.0f} 18h28" stroke="{color}" '
            f'stroke-dasharray="{dashes}"/>'
            f'<text x="{x + 34:.0f}" y="22">{escape(name)}</text>'
        )
    for number, (title, xlabel, lines) in enumerate(panels):
        row, column = divmod(number, COLUMNS)
        parts += [
            f'<g transform="translate({column * WIDTH} {row * HEIGHT + 30})">',
            *_panel(title, xlabel, lines, names),
            '</g>',
        ]
    return '\n'.join([*parts, '</svg>', ''])
