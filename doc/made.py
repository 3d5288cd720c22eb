"""What the documentation shows that is made by its build, not written.

`make_all` fills the folder ``_build/made``, from which the pages include:
the index of C functions, the members of `Client` by subject, the list of
examples, what the servers lack, the figures and plots of ``benchmarks/``, and
the graph that ``python3 -m jack --dot`` prints.
"""

import ast
import csv
import os
import pathlib
import re
import shutil
import subprocess
import sys

DOC = pathlib.Path(__file__).resolve().parent
ROOT = DOC.parent
MADE = DOC / '_build' / 'made'

C_API = 'https://jackaudio.org/api/'

# JACK's documentation is divided by subject.  The first match counts; what
# belongs to none is on its header's page.
SUBJECTS = [
    ('JACK', r'jack_get_version|jack_is_realtime$|jack_free$', None),
    ('JACK', r'jack_set_\w+_callback|jack_on_', 'ClientCallbacks'),
    ('JACK', r'jack_\w+latenc', 'LatencyFunctions'),
    ('JACK', r'jack_get_ports|jack_port_by_', 'PortSearching'),
    ('JACK', r'jack_port_|jack_connect|jack_disconnect', 'PortFunctions'),
    ('JACK', r'jack_cycle_|jack_set_process_thread', 'NonCallbackAPI'),
    ('JACK', r'jack_set_(error|info)_function', 'ErrorOutput'),
    (
        'JACK',
        r'jack_cpu_load|jack_set_(buffer_size|freewheel)$'
        r'|jack_get_(buffer_size|sample_rate)',
        'ServerClientControl',
    ),
    (
        'JACK',
        r'jack_frames_|jack_\w+(_time|_times|_to_frames)$',
        'TimeFunctions',
    ),
    ('JACK', '', 'ClientFunctions'),
    (
        'SESSION',
        r'jack_(session_notify|session_commands_free|reserve_client_name'
        r'|client_has_session_callback)$',
        'JackSessionManagerAPI',
    ),
    ('SESSION', '', 'SessionClientFunctions'),
    ('TRANSPORT', '', 'TransportControl'),
    ('MIDIPORT', '', 'MIDIAPI'),
    ('METADATA', '', 'Metadata'),
    ('THREAD', '', 'ClientThreads'),
]

NO_GRAPH = 'digraph jack { "built without a JACK server" }'


def write(name, text):
    """Write a file, unless it would be the same: Sphinx looks at the time."""
    path = MADE / name
    if not path.exists() or path.read_text('utf-8') != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, 'utf-8')


def declared_functions(source):
    """Yield the header and the name of each function declared in jack.py."""
    for header, declarations in re.findall(
        r'^_CDEF_(\w+) = """(.*?)^"""', source, re.MULTILINE | re.DOTALL
    ):
        for function in re.findall(r'\b(jack_\w+)\(', declarations):
            yield header, function


def c_page(header, function):
    """Name the page which documents a C function."""
    for where, regex, subject in SUBJECTS:
        if where == header and re.match(regex, function):
            if subject is not None:
                return f'group__{subject}.html'
            break
    return f'{header.lower()}_8h.html'


def public_members(node, prefix=''):
    """Yield the name and the docstring of all that a user can reach."""
    for child in node.body:
        if not isinstance(child, (ast.ClassDef, ast.FunctionDef)):
            continue
        if child.name.startswith('_'):
            continue
        yield prefix + child.name, ast.get_docstring(child) or ''
        if isinstance(child, ast.ClassDef):
            yield from public_members(child, f'{prefix}{child.name}.')


def callers(source):
    """Tell who calls each C function, by the last lines of docstrings."""
    found = {}
    for name, docstring in public_members(ast.parse(source)):
        for paragraph in re.findall(
            r'^Calls:.*?(?:\n\n|\Z)', docstring, re.MULTILINE | re.DOTALL
        ):
            for function in re.findall(r'`(jack_\w+)`_', paragraph):
                names = found.setdefault(function, [])
                if name not in names:
                    names.append(name)
    return found


def client_by_subject(source):
    """Make the reference of `Client`, divided like its code."""
    lines = source.splitlines()
    (client,) = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == 'Client'
    )
    parts = {}
    for number in range(client.lineno, client.end_lineno):
        banner = re.match(r'    # -- (.+)', lines[number])
        if banner:
            title = banner[1]
            parts[title] = []
        for node in client.body:
            if (
                isinstance(node, ast.FunctionDef)
                and node.lineno == number + 1
                and not node.name.startswith('_')
                and ast.get_docstring(node)
            ):
                kind = 'property' if node.decorator_list else 'method'
                parts[title].append((kind, node.name))
    text = '.. autoclass:: Client\n   :no-members:\n'
    for title, members in parts.items():
        text += f'\n{title}\n{"-" * len(title)}\n\n'
        for kind, name in members:
            text += f'.. auto{kind}:: Client.{name}\n'
    return text


def list_table(rows, css=''):
    """Format rows of cells, the first one being the heads."""
    lines = ['.. list-table::', '   :header-rows: 1', '   :widths: auto']
    lines += [f'   :class: {css}', ''] if css else ['']
    for row in rows:
        for number, cell in enumerate(row):
            lines.append(f'   {" " if number else "*"} - {cell}'.rstrip())
    return '\n'.join(lines) + '\n'


def c_index(source):
    """Make the table of libjack's functions and their Python names."""
    users = callers(source)
    rows = [
        (
            f'`{function}`_',
            ', '.join(f'`{name}`' for name in users.get(function, ()))
            or 'inside of the module',
        )
        for _, function in declared_functions(source)
    ]
    with open(DOC / 'left_out.csv', encoding='utf-8', newline='') as file:
        rows += [
            (f'``{row["function"]}``', f'left out.  {row["reason"]}')
            for row in csv.DictReader(file)
        ]
    rows.sort(key=lambda row: row[0].strip('`_'))
    return list_table([('C', 'Python'), *rows], css='stacked')


def examples():
    """List the examples in the order of their page, by their docstrings."""
    page = DOC.joinpath('examples.rst').read_text('utf-8')
    rows = []
    for name in re.findall(r'include:: \.\./examples/(\w+\.py)', page):
        program = ROOT.joinpath('examples', name).read_text('utf-8')
        first, *_ = ast.get_docstring(ast.parse(program)).splitlines()
        rows.append((f'`{name}`_', first))
    return list_table([('Program', 'What it does'), *rows], css='stacked')


def servers_compared():
    """Make the table of what servers lack from that of the tests."""
    sys.path.insert(0, str(ROOT / 'tests'))
    import features
    import servers

    # JACK 2 lacks the same things with -S.
    kinds = [kind for kind in servers.KINDS if kind != 'jack2sync']
    rows = [('', *(servers.KINDS[kind].title for kind in kinds))]
    notes = []
    for feature in sorted(features.FEATURES):
        reasons = {}
        cells = []
        for kind in kinds:
            row = features.lack(kind, feature)
            cells.append('**no**' if row else 'yes')
            if row:
                reasons.setdefault(row.reason, []).append(kind)
        rows.append((f'`{feature}`_', *cells))
        notes.append(f'_`{feature}`')
        for reason, lacking in reasons.items():
            titles = ', '.join(servers.KINDS[kind].title for kind in lacking)
            notes.append(f'   *{titles}:* {reason}\n')
    return list_table(rows) + '\n' + '\n'.join(notes)


def measured():
    """Make reST of the results of ``make bench``, by their headings.

    What stands before the first heading has the name 'Benchmarks'.
    """
    results = ROOT / 'benchmarks' / 'results.md'
    title = ''
    sections = {}
    table = []
    for line in [*results.read_text('utf-8').splitlines(), '']:
        if line.startswith('|'):
            cells = [cell.strip() for cell in line.strip()[1:-1].split('|')]
            if not all(re.fullmatch(':?-+:?', cell) for cell in cells):
                table.append([rest(cell) for cell in cells])
            continue
        if table:
            sections[title] += list_table(table, css='figures wide')
            table = []
        if line.startswith('#'):
            title = line.lstrip('# ')
            sections[title] = ''
        elif not line.startswith('!['):
            sections[title] += rest(line) + '\n'
    return sections


def growth():
    """Draw the growth of costs; return the pictures and their descriptions."""
    sys.path.insert(0, str(ROOT / 'benchmarks'))
    import plot

    text = ROOT.joinpath('benchmarks', 'results.md').read_text('utf-8')
    panels, names = plot.read(text)
    pictures = {}
    for panel in panels:
        title, xlabel, lines = panel
        ends = (
            f'{name} from {line[0][1]:,} to {line[-1][1]:,}'
            for name, line in lines.items()
        )
        (first, _), *_, (last, _) = next(iter(lines.values()))
        name = f'growth_{title.partition(":")[0].lower()}.svg'
        pictures[name] = (
            plot.draw([panel], names, paper='none'),
            f'{title}, for {first:,} to {last:,} {xlabel}: {", ".join(ends)}',
        )
    return pictures


def rest(text):
    """Turn a line of Markdown into one of reST.

    The role *spread* is for what stands in brackets behind a number.
    """
    text = re.sub(r'(?<!`)`([^`]+)`(?!`)', r'``\1``', text)
    text = re.sub(r' \[([\d.,]+) to ([\d.,]+)\]', r' :spread:`\1–\2`', text)
    return re.sub(r'\[([^]]+)\]\(([^)]+)\)', r'`\1 <\2>`__', text)


def patch():
    """Draw a graph with a real server; say so where there is none."""
    if shutil.which('jackd') is None:
        return NO_GRAPH
    return subprocess.run(
        [
            sys.executable,
            ROOT / 'tools' / 'with_server.py',
            sys.executable,
            DOC / 'pictures' / 'patch.py',
        ],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def make_all(source):
    """Make all of it."""
    write('c_index.rst', c_index(source))
    write('client.rst', client_by_subject(source))
    write('examples.rst', examples())
    write('servers_compared.rst', servers_compared())
    for title, text in measured().items():
        name = f'{title.split()[0].lower()}.rst'
        write(f'measured_{name}', f'.. role:: spread\n\n{text}')
    plots = ''
    for name, (drawing, description) in growth().items():
        write(name, drawing)
        plots += (
            f'.. image:: /_build/made/{name}\n'
            f'   :class: picture plot\n   :alt: {description}\n\n'
        )
    write('growth.rst', plots)
    write('patch.dot', patch())
