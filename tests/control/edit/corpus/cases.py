"""Config files that are awkward to edit, each with the only right outcome: these exact bytes, or a refusal.

A table instead of files: most of them hold bytes that an editor, a formatter or git would quietly repair.
"""

from dataclasses import dataclass

from timmy_tui.control.edit.literal import Constant, Keyword, Selector
from timmy_tui.control.edit.places import Value

X = Constant("X")
RAW = Keyword("call", "raw")


@dataclass(frozen=True)
class Case:
    """One file. ``after`` is what it becomes; None: it is refused for ``reason``, at ``lines``."""

    name: str
    before: bytes
    after: bytes | None
    reason: str = ""
    lines: tuple[int, ...] = ()
    selector: Selector = X
    value: Value = False


def edited(name: str, before: bytes, after: bytes, value: Value = False, selector: Selector = X) -> Case:
    """A file that can be edited."""
    return Case(name, before, after, selector=selector, value=value)


def refused(name: str, before: bytes, reason: str, *lines: int, value: Value = False) -> Case:
    """A file that is left alone."""
    return Case(name, before, None, reason, lines, value=value)


def refused_call(name: str, before: bytes, reason: str, *lines: int) -> Case:
    """A file that is left alone, where the keyword of a call is asked for."""
    return Case(name, before, None, reason, lines, RAW)


EDITED = (
    edited("plain", b"X = True\n", b"X = False\n"),
    edited("comment behind", b"X = True  # X = True\n", b"X = False  # X = True\n"),
    edited("name in a comment", b"# X = True\nX = True\n", b"# X = True\nX = False\n"),
    edited("name in a docstring", b'"""\nX = True\n"""\nX = True\n', b'"""\nX = True\n"""\nX = False\n'),
    edited("name in a string", b'Y = "X = True"\nX = True\n', b'Y = "X = True"\nX = False\n'),
    edited("longer names", b"XX = True\nX_ = True\nX = True\n", b"XX = True\nX_ = True\nX = False\n"),
    edited("annotated", b"X: bool = True\n", b"X: bool = False\n"),
    edited("annotated by a string", b'X: "True" = True\n', b'X: "True" = False\n'),
    edited("no spaces", b"X=True;Y=True\n", b"X=False;Y=True\n"),
    edited("tabs", b"X\t=\tTrue\t\n", b"X\t=\tFalse\t\n"),
    edited("second on its line", b"Y = True; X = True; Z = True\n", b"Y = True; X = False; Z = True\n"),
    edited("in brackets", b"X = (\n    True  # why\n)\n", b"X = (\n    False  # why\n)\n"),
    edited("continued line", b"X = \\\n    True\n", b"X = \\\n    False\n"),
    edited("same name in a function", b"def f():\n    X = True\nX = True\n", b"def f():\n    X = True\nX = False\n"),
    edited("same name in a class", b"class C:\n    X = True\nX = True\n", b"class C:\n    X = True\nX = False\n"),
    edited("same name in a comprehension", b"Y = [X for X in ()]\nX = True\n", b"Y = [X for X in ()]\nX = False\n"),
    edited("same name as a parameter", b"f = lambda X=True: X\nX = True\n", b"f = lambda X=True: X\nX = False\n"),
    edited("same name as an attribute", b"import a\na.X = True\nX = True\n", b"import a\na.X = True\nX = False\n"),
    edited("same name as a keyword", b"X = True\ndict(X=True)\n", b"X = False\ndict(X=True)\n"),
    edited("import * before", b"from os import *\nX = True\n", b"from os import *\nX = False\n"),
    edited("CRLF", b"Y = 1\r\nX = True\r\n", b"Y = 1\r\nX = False\r\n"),
    edited("CR alone", b"Y = 1\rX = True\rZ = 2\r", b"Y = 1\rX = False\rZ = 2\r"),
    edited("CR and a cookie in the third line", b"# a\rX = True\r# coding: x\r", b"# a\rX = False\r# coding: x\r"),
    edited("mixed line ends", b"A = 1\r\nB = 2\rC = 3\nX = True\r\n", b"A = 1\r\nB = 2\rC = 3\nX = False\r\n"),
    edited("byte order mark", b"\xef\xbb\xbfX = True\n", b"\xef\xbb\xbfX = False\n"),
    edited("byte order mark, CRLF", b"\xef\xbb\xbf\r\nX = True\r\n", b"\xef\xbb\xbf\r\nX = False\r\n"),
    edited(
        "byte order mark and cookie",
        b"\xef\xbb\xbf# coding: utf-8\nX = True",
        b"\xef\xbb\xbf# coding: utf-8\nX = False",
    ),
    edited("form feed", b"Y = 1\n\x0cX = True\n", b"Y = 1\n\x0cX = False\n"),
    edited("form feed inside a line", b"Y = 1 \x0c\nX =\x0c True\n", b"Y = 1 \x0c\nX =\x0c False\n"),
    edited("vertical tab in a string", b"Y = '\x0b'; X = True\n", b"Y = '\x0b'; X = False\n"),
    edited("U+2028 in a string", "Y = '\u2028'; X = True\n".encode(), "Y = '\u2028'; X = False\n".encode()),
    edited("NEL in a comment", "# \x85 \u2029\nX = True\n".encode(), "# \x85 \u2029\nX = False\n".encode()),
    edited("wide characters before", "Y = '😀é'; X = True\n".encode(), "Y = '😀é'; X = False\n".encode()),
    edited("latin-1", b"# coding: latin-1\nY = '\xe9'; X = True\n", b"# coding: latin-1\nY = '\xe9'; X = False\n"),
    edited("latin-1 with 0x85", b"# coding: latin-1\n# \x85\nX = True\n", b"# coding: latin-1\n# \x85\nX = False\n"),
    edited(
        "cookie in the second line",
        b"#!x\n# -*- coding: cp1252 -*-\n# \x80\nX = True",
        b"#!x\n# -*- coding: cp1252 -*-\n# \x80\nX = False",
    ),
    edited(
        "Shift JIS",
        "# coding: shift_jis\nY = '表'; X = True\n".encode("shift_jis"),
        "# coding: shift_jis\nY = '表'; X = False\n".encode("shift_jis"),
    ),
    edited("no final newline", b"X = True", b"X = False"),
    edited("no final newline, comment", b"X = True #", b"X = False #"),
    edited("bad escape elsewhere", b"Y = '\\d'\nX = True\n", b"Y = '\\d'\nX = False\n"),
    edited("integer", b"X = 5\n", b"X = 8\n", 8),
    edited("integer with underscores", b"X = 8_000\n", b"X = 16000\n", 16000),
    edited("hexadecimal", b"X = 0x10 # a\n", b"X = 17 # a\n", 17),
    edited("negative", b"X = - 5\n", b"X = 8\n", 8),
    edited("to negative", b"X =5\n", b"X =-8\n", -8),
    edited("float", b"X = 0.75\n", b"X = 0.5\n", 0.5),
    edited("float with exponent", b"X = 1e-5\n", b"X = 2.5\n", 2.5),
    edited("float from a point", b"X = .5\n", b"X = 1.0\n", 1.0),
    edited("string", b'X = "a"\n', b'X = "b"\n', "b"),
    edited("single quotes", b"X = 'a'\n", b"X = 'it\\'s'\n", "it's"),
    edited("triple quotes", b'X = """a\nb"""\nY = 1\n', b'X = """c"""\nY = 1\n', "c"),
    edited("raw string", b"X = r'a\\d'\n", b"X = r'b\\w'\n", "b\\w"),
    edited("escapes needed", b'X = "a"\n', b'X = "\\"\\\\\\n\\u2028\\x1b"\n', '"\\\n\u2028\x1b'),
    edited("not in the codec", b"# coding: latin-1\nX = 'a'\n", b"# coding: latin-1\nX = '\xe9\\u20ac'\n", "é€"),
    edited("empty string", b"X = ''\n", b"X = 'a'\n", "a"),
    edited("minus sign and a tab", b"X = -\t5\n", b"X = 8\n", 8),
    edited("negative float", b"X = -0.5\n", b"X = 0.25\n", 0.25),
    edited("binary", b"X = 0b101\n", b"X = 8\n", 8),
    edited("float that ends in a point", b"X = 5.\n", b"X = 2.5\n", 2.5),
    edited("exponent with a plus sign", b"X = 1.5E+3\n", b"X = 2.5\n", 2.5),
    edited("exponent of two digits", b"X = 1e-1_0\n", b"X = 2.5\n", 2.5),
    edited("exponent without a sign", b"X = 1e10\n", b"X = 2.5\n", 2.5),
    edited("raw string with a capital", b"X = R'a'\n", b"X = R'b'\n", "b"),
    edited("string marked as Unicode", b"X = u'a'\n", b"X = u'b'\n", "b"),
    edited("string marked as Unicode with a capital", b'X = U"a"\n', b'X = U"b"\n', "b"),
    edited("escaped quote in the old value", b"X = 'it\\'s'  # 'a'\n", b"X = 'b'  # 'a'\n", "b"),
    edited("escaped double quote in the old value", b'X = "a\\"b"  # "a"\n', b'X = "b"  # "a"\n', "b"),
    edited("escaped backslash at the end", b"X = 'a\\\\'\n", b"X = 'b'\n", "b"),
    edited("the other quote in the old value", b"X = 'a\"b'; Y = \"a'b\"\n", b"X = 'c'; Y = \"a'b\"\n", "c"),
    edited("continued string", b"X = 'a\\\nb'\n", b"X = 'c'\n", "c"),
    edited("triple double quotes around quotes", b'X = """a"b""c\n"""\n', b'X = """d"""\n', "d"),
    edited("triple double quotes around an escape", b'X = """a\\"""b"""\n', b'X = """d"""\n', "d"),
    edited("triple single quotes around quotes", b"X = '''a'b''c\n'''\n", b"X = '''it\\'s'''\n", "it's"),
    edited("triple single quotes around an escape", b"X = '''a\\'''b'''\n", b"X = '''d'''\n", "d"),
    edited("every short escape", b"X = 'a'\n", b"X = '\\\\\\n\\r\\t'\n", "\\\n\r\t"),
    edited("quote that need not be escaped", b"X = 'a'\n", b"X = '\"'\n", '"'),
    edited(
        "escapes of every width",
        b"# coding: ascii\nX = 'a'\n",
        b"# coding: ascii\nX = '\\x7f\\xff\\u0100\\uffff\\U00010000'\n",
        "\x7f\xff\u0100\uffff\U00010000",
    ),
    edited(
        "keyword in a call",
        b"def f():\n    return m.call(p, raw=True, t=1)\n",
        b"def f():\n    return m.call(p, raw=False, t=1)\n",
        selector=RAW,
    ),
    edited(
        "keyword, bare call, CRLF",
        b"call(\r\n    raw = True\r\n)\r\n",
        b"call(\r\n    raw = False\r\n)\r\n",
        selector=RAW,
    ),
    edited(
        "keyword, other calls",
        b"other(raw=True)\ncall(raw=True)\n",
        b"other(raw=True)\ncall(raw=False)\n",
        selector=RAW,
    ),
    edited("keyword beside **", b"call(raw=True, **o)\n", b"call(raw=False, **o)\n", selector=RAW),
    edited(
        "keyword, defined here too",
        b"def call(raw=True): ...\ncall(raw=True)\n",
        b"def call(raw=True): ...\ncall(raw=False)\n",
        selector=RAW,
    ),
)  # fmt: skip

REFUSED = (
    refused("absent", b"Y = True\n", "not in the file"),
    refused("empty", b"", "not in the file"),
    refused("absent, import *", b"from a import *\n", "not in the file", 1),
    refused("only in a function", b"def f():\n    X = True\n", "not in the file"),
    refused("twice", b"X = True\nX = True\n", "more than once", 1, 2),
    refused("again by tuple", b"X = True\nX, Y = 1, 2\n", "more than once", 1, 2),
    refused("again in if", b"X = True\nif Y:\n    X = False\n", "more than once", 1, 3),
    refused("again in else of try", b"X = True\ntry: y\nexcept E: z\nelse:\n    X = 1\n", "more than once", 1, 5),
    refused("again by for", b"X = True\nfor X in y:\n    pass\n", "more than once", 1, 2),
    refused("again by with", b"X = True\nwith a as X:\n    pass\n", "more than once", 1, 2),
    refused("again by import", b"X = True\nimport a as X\n", "more than once", 1, 2),
    refused("again by import of a package", b"X = True\nimport X.y\n", "more than once", 1, 2),
    refused("again by from import", b"X = True\nfrom a import X\n", "more than once", 1, 2),
    refused("again by def", b"X = True\ndef X(): pass\n", "more than once", 1, 2),
    refused("again by class", b"X = True\nclass X: pass\n", "more than once", 1, 2),
    refused("again by except", b"X = True\ntry:\n    pass\nexcept E as X:\n    pass\n", "more than once", 1, 4),
    refused("again by del", b"X = True\ndel X\n", "more than once", 1, 2),
    refused("again by augmented", b"X = 1\nX += 1\n", "more than once", 1, 2, value=2),
    refused("again by match", b"X = True\nmatch y:\n    case [*X]:\n        pass\n", "more than once", 1, 3),
    refused("again by walrus", b"X = True\nprint(X := False)\n", "more than once", 1, 2),
    refused("again by walrus in a default", b"X = True\ndef f(a=(X := 1)): pass\n", "more than once", 1, 2),
    refused("again by walrus in a default of lambda", b"X = True\nf = lambda a=(X := 1): a\n", "more than once", 1, 2),
    refused("again by walrus in a later default", b"X = True\nf = lambda *, a=(X := 1): a\n", "more than once", 1, 2),
    refused("again by walrus in a comprehension", b"X = True\n[X := a for a in b]\n", "more than once", 1, 2),
    refused("again by walrus in its own value", b"X = (X := True)\n", "more than once", 1, 1),
    refused("global in a function", b"X = True\ndef f():\n    global X\n    X = 1\n", "more than once", 1, 3),
    refused("global in a method", b"X = True\nclass C:\n  def f():\n    global X\n    X = 1\n", "more than once", 1, 4),
    refused("in if", b"if True:\n    X = True\n", "top level", 2),
    refused("in try", b"try:\n    X = True\nfinally:\n    pass\n", "top level", 2),
    refused("in a loop", b"while True:\n    X = True\n", "top level", 2),
    refused("chained", b"X = Y = True\n", "top level", 1),
    refused("tuple", b"X, Y = True, False\n", "top level", 1),
    refused("starred", b"[*X] = a\n", "top level", 1),
    refused("annotation alone", b"X: bool\n", "top level", 1),
    refused("import *, later", b"X = True\nfrom a import *\n", "later import", 2),
    refused("import *, later in try", b"X = True\ntry:\n    from a import *\nexcept E:\n    pass\n", "later import", 3),
    refused("import *, on its line", b"X = True; from a import *\n", "later import", 1),
    refused("globals", b"X = True\nglobals()['X'] = False\n", "without writing it", 2),
    refused("globals in a function", b"X = True\ndef f():\n    globals().update(X=1)\n", "without writing it", 3),
    refused("exec", b"X = True\nexec('X = False')\n", "without writing it", 2),
    refused("sys.modules", b"X = True\nimport sys\nsys.modules[__name__].X = False\n", "without writing it", 3),
    refused("locals", b"X = True\nlocals()['X'] = False\n", "without writing it", 2),
    refused("vars", b"X = True\nvars()['X'] = False\n", "without writing it", 2),
    refused("eval", b"X = True\neval('0')\n", "without writing it", 2),
    refused("setattr", b"X = True\nsetattr(m, 'X', 1)\n", "without writing it", 2),
    refused("delattr", b"X = True\n\ndelattr(m, 'X')\n", "without writing it", 3),
    refused("a function of that name handed on", b"X = True\nf = exec\n", "without writing it", 2),
    refused("__dict__", b"X = True\nm.__dict__['X'] = 1\n", "without writing it", 2),
    refused("__setattr__", b"X = True\nm.__setattr__('X', 1)\n", "without writing it", 2),
    refused("two unseen ways", b"exec('')\nX = True\nvars(); exec('')\n", "without writing it", 1, 3),
    refused("getenv", b"import os\nX = bool(int(os.getenv('X', '1')))\n", "environment", 2),
    refused("computed", b"Y = True\nX = not Y\n", "environment", 2),
    refused("computed from numbers", b"X = 4 * 2\n", "plain literal", 1, value=8),
    refused("conditional", b"X = True if a else False\n", "environment", 1),
    refused("dict", b"X = {'a': True}\n", "plain literal", 1),
    refused("list", b"X = [True]\n", "plain literal", 1),
    refused("None", b"X = None\n", "plain literal", 1),
    refused("bytes", b"X = b'a'\n", "plain literal", 1, value="b"),
    refused("complex", b"X = 5j\n", "plain literal", 1, value=5),
    refused("f-string", b"X = f'a'\n", "plain literal", 1, value="b"),
    refused("f-string with a name", b"X = f'{a}'\n", "environment", 1, value="b"),
    refused("negated bool", b"X = -True\n", "plain literal", 1, value=1),
    refused("two minus signs", b"X = --5\n", "plain literal", 1, value=8),
    refused("adjacent strings", b"X = 'a' 'b'\n", "one token", 1, value="c"),
    refused("adjacent empty strings", b"X = '' ''\n", "one token", 1, value="c"),
    refused("adjacent triple-quoted strings", b"X = '''a''' '''b'''\n", "one token", 1, value="c"),
    refused("sign on another line", b"X = (-\n 5)\n", "one token", 1, value=8),
    refused("sign and brackets", b"X = -(5)\n", "one token", 1, value=8),
    refused("sign and a continued line", b"X = -\\\n5\n", "one token", 1, value=8),
    refused("sign and a form feed", b"X = -\x0c5\n", "one token", 1, value=8),
    refused("bool to int", b"X = True\n", "change its type", 1, value=1),
    refused("int to bool", b"X = 1\n", "change its type", 1, value=True),
    refused("int to float", b"X = 1\n", "change its type", 1, value=0.5),
    refused("not finite", b"X = 1.0\n", "finite", 1, value=float("nan")),
    refused("infinite", b"X = 1.0\n", "finite", 1, value=float("inf")),
    refused("not in a raw string", b"X = r'a'\n", "raw string", 1, value="b\\"),
    refused("line end in a raw string", b"X = R'a'\n", "raw string", 1, value="a\nb"),
    refused("quote in a raw string", b"X = r'a'\n", "raw string", 1, value="it's"),
    refused("string to number", b"X = 'a'\n", "X holds a str; an int would change its type", 1, value=5),
    refused("number to string", b"X = 5\n", "X holds an int; a str would change its type", 1, value="a"),
    refused("syntax error", b"X = True\nY = (\n", "not valid Python", 2),
    refused("error only the compiler finds", b"X = True\nreturn\n", "not valid Python", 2),
    refused("Python 2", b"X = True\nprint 'a'\n", "not valid Python", 2),
    refused("conflict marks", b"<<<<<<< HEAD\nX = True\n=======\nX = False\n>>>>>>> a\n", "not valid Python", 1),
    refused("NUL", b"Y = 1\nX = True\n\0", "NUL", 3),
    refused("unknown cookie", b"# coding: no-such\nX = True\n", "encoding", 1),
    refused("cookie that is no text codec", b"# coding: rot13\nX = True\n", "", 1),
    refused("cookie against the mark", b"\xef\xbb\xbf# coding: latin-1\nX = True\n", "encoding", 1),
    refused("bad UTF-8", b"Y = 1\nZ = '\xff'\nX = True\n", "not utf-8"),
    refused("UTF-16", "X = True\n".encode("utf-16"), "NUL", 1),
    refused("codec that does not come back", b"# coding: utf-7\nY = '+AGE-'\nX = True\n", "", 0),
    refused("too deep", b"X = True\nY = " + b"(" * 400 + b")" * 400 + b"\n", "not valid Python"),
    refused_call("no call", b"raw = True\n", "nowhere"),
    refused_call("two calls", b"call(raw=True)\na.call(raw=True)\n", "2 times", 1, 2),
    refused_call("two calls, one without", b"call(raw=True)\ncall()\n", "2 times", 1, 2),
    refused_call("call without the keyword", b"call(True)\n", "no keyword", 1),
    refused_call("keyword in **", b"call(**{'raw': True})\n", "no keyword", 1),
    refused_call("keyword from a name", b"call(raw=Y)\n", "environment", 1),
    refused_call("function handed on", b"call(raw=True)\np = run(m.call)\n", "without being called", 2),
)  # fmt: skip

CASES = EDITED + REFUSED
