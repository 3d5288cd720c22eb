"""The code blocks of the documentation's pages."""

import re
import textwrap
import typing

import servers

DOC = servers.ROOT / 'doc'
FILES = [
    *sorted(servers.ROOT.glob('*.rst')),
    *sorted(DOC.glob('*.rst')),
    *sorted(DOC.glob('api/*.rst')),
]

# A directive, or a paragraph that ends with two colons; then what is indented
# below it.
BLOCK = re.compile(
    r'^(?P<indent> *)'
    r'(?:\.\. code(?:-block)?:: *(?P<language>\w*)|(?! *\.\. ).*::)\n'
    r'(?: +:\w+:.*\n)*'
    r'\n+'
    r'(?P<text>(?:(?P=indent) +.*\n|\n)+)',
    re.MULTILINE,
)
# What conf.py calls `highlight_language`.
DEFAULT_LANGUAGE = 'sh'


class Block(typing.NamedTuple):
    page: str
    line: int
    language: str
    text: str


def blocks(path):
    """All code blocks of a page, but the sessions that start with ``>>>``."""
    page = path.read_text('utf-8')
    return [
        Block(
            path.name,
            page.count('\n', 0, match.start()) + 1,
            match['language'] or DEFAULT_LANGUAGE,
            textwrap.dedent(match['text']).strip() + '\n',
        )
        for match in BLOCK.finditer(page)
    ]


BLOCKS = [block for path in FILES for block in blocks(path)]
