"""Draw the growth of costs into an SVG file, on logarithmic scales."""

import math
import re
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 340, 250  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 52, 20, 30, 40  # its margins
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


def read(results):
    """Find what there is to draw in the text of results.md.

    Returns the arguments of `draw`.
    """
    panels, names = {}, []
    growth = results.partition('## Growth\n')[2].partition('\n## ')[0]
    for line in growth.splitlines():
        first, *cells = (cell.strip() for cell in line.strip(' |').split('|'))
        row = re.fullmatch(r'(\w+): (\d+) (.+)', first)
        if row is None:
            names = names or [cell for cell in cells if '/' not in cell]
            continue
        title, x, xlabel = row.groups()
        lines = panels.setdefault((title, xlabel), {})
        for name, cell in zip(names, cells):
            if cell:
                y = float(cell.split()[0].replace(',', ''))
                lines.setdefault(name, []).append((int(x), y))
    return [
        (f'{title}: CPU time in microseconds', xlabel, lines)
        for (title, xlabel), lines in panels.items()
    ], names


def draw(panels, names, paper='#fff'):
    """Return an SVG image.

    *panels* is a list of (title, label of x, {name: [(x, y)]}), and *names*
    has all names, in the order of the legend.
    """
    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    per_row = 2 * columns  # entries of the legend
    head = 14 * math.ceil(len(names) / per_row) + 16
    width, height = columns * WIDTH, rows * HEIGHT + head
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" role="img">',
        '<style>text{font:11px sans-serif;fill:#222}'
        '.title{font-weight:bold;font-size:12px}'
        'path{fill:none;stroke-width:1.8}'
        '.grid{stroke:#ddd;stroke-width:1}</style>',
        f'<rect width="100%" height="100%" fill="{paper}"/>',
    ]
    for number, (color, dashes), name in zip(range(9), STYLES, names):
        row, place = divmod(number, per_row)
        x = LEFT + place * (width - LEFT) / per_row
        y = 18 + 14 * row
        parts.append(
            f'<path d="M{x:.0f} {y}h28" stroke="{color}" '
            f'stroke-dasharray="{dashes}"/>'
            f'<text x="{x + 34:.0f}" y="{y + 4}">{escape(name)}</text>'
        )
    for number, (title, xlabel, lines) in enumerate(panels):
        row, column = divmod(number, columns)
        parts += [
            f'<g transform="translate({column * WIDTH} '
            f'{row * HEIGHT + head})">',
            *_panel(title, xlabel, lines, names),
            '</g>',
        ]
    return '\n'.join([*parts, '</svg>', ''])
