"""How Sphinx builds the documentation: see CONTRIBUTING.rst."""

import pathlib
import re
import sys

from cffi import FFI

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / 'doc')]

import made  # noqa: E402 (it is beside this file)

source = ROOT.joinpath('jack.py').read_text('utf-8')

if not tags.has('server'):  # noqa: F821 (Sphinx puts it there)
    # The reference needs the declarations only, and shall be the same where
    # there is no libjack: open the running program instead.
    dlopen = FFI.dlopen
    FFI.dlopen = lambda self, name, flags=0: dlopen(self, None, flags)

# -- Project ----------------------------------------------------------------

project = 'JACK-Client'
author = 'The JACK-Client maintainers'
copyright = '2026, The JACK-Client maintainers'  # noqa: A001 (Sphinx's name)
release = re.search(r"^__version__ = '(.+)'$", source, re.MULTILINE).group(1)

# -- Pages ------------------------------------------------------------------

extensions = [
    'numpydoc',
    'sphinx.ext.autodoc',
    'sphinx.ext.coverage',
    'sphinx.ext.doctest',
    'sphinx.ext.graphviz',
]
exclude_patterns = ['_build']
html_theme = 'furo'
html_title = f'JACK for Python {release}'
html_copy_source = False
html_static_path = ['_static']
html_css_files = ['style.css']
# Of blocks which do not say so; sessions with Python are known by their >>>.
highlight_language = 'sh'
# The theme's own choice underlines what is imported, like a link.
pygments_dark_style = 'github-dark'
graphviz_output_format = 'svg'
graphviz_dot_args = ['-Gbgcolor=transparent']

# The pages include what is made here.
made.make_all(source)

# -- Reference --------------------------------------------------------------

# Names in single backquotes are Python's.
default_role = 'py:obj'
add_module_names = False
autodoc_member_order = 'bysource'
autodoc_typehints_format = 'short'
python_use_unqualified_type_names = True

numpydoc_show_class_members = False
# Of the types in docstrings, those of this module become links.
numpydoc_xref_param_type = True
numpydoc_xref_ignore = {
    *('of', 'or', 'and', 'four', 'buffer', 'callable', 'jack_position_t'),
    *('None', 'bool', 'bytes', 'dict', 'float', 'int', 'list', 'str', 'tuple'),
    *('ImportError', 'NotImplementedError', 'TypeError', 'ValueError'),
    'numpy.ndarray',
}
# numpydoc would look these up in Python's inventory: see below.
numpydoc_xref_aliases = {name: name for name in numpydoc_xref_ignore}
coverage_show_missing_items = True

# These are described by Python's and NumPy's documentation, whose inventories
# cannot be fetched everywhere.
nitpick_ignore_regex = [
    (r'py:.*', r'(True|False|None)'),
    (r'py:.*', r'(collections\.abc|gc|logging|numpy|queue|sys|threading)\..*'),
]

# -- Links to the C functions -----------------------------------------------

# A docstring's last line names the C function, as in `jack_port_rename`_.
rst_epilog = '\n'.join(
    f'.. _{function}: {made.C_API}{made.c_page(header, function)}'
    for header, function in made.declared_functions(source)
)


def put_calls_last(app, what, name, obj, options, lines):
    """Make the C functions the last line of a description, as in help().

    numpydoc has its own order of sections, and a heading for each.
    """
    heads = [n for n, line in enumerate(lines) if line.startswith('Calls: ')]
    if not heads:
        return
    start = heads[-1]
    end = start
    while end < len(lines) and lines[end].strip():
        end += 1
    calls = lines[start:end]
    del lines[start:end]
    # Without further notes, the next section follows, or a comment of
    # numpydoc's.
    rest = [line for line in lines[start:] if line.strip()]
    if lines[start - 2] == '.. rubric:: Notes' and (
        not rest or rest[0].startswith('..')
    ):
        del lines[start - 2 : start]
    lines += ['', '.. rst-class:: calls', '', *calls, '']


def setup(app):
    # numpydoc's own handler has the priority 500.
    app.connect('autodoc-process-docstring', put_calls_last, priority=600)
