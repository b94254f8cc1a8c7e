"""A diff for the user's own screen shows no secret."""

from timmy_tui.control.edit.masking import MASK, masked_diff

SECRETS = b'''import os
DB_CONFIG = {
    "user": "timmy",
    "password": "canary",
}
API_TOKEN: str = "canary"
a.secret = """can
ary canary"""
b["key"] = "canary"
URL = "postgres://timmy:canary@localhost/db"
connect(host="x", password="canary")
pw = os.getenv("DB_PASS", "canary")
def f(user, passwd="canary", *, dsn="canary"): ...
if (token := "canary"): pass
N = 5
'''


def test_s4_secrets_are_masked_in_a_diff() -> None:
    shown = "\n".join(
        masked_diff(SECRETS, SECRETS.replace(b"N = 5", b"N = 6").replace(b"import os", b"import sys, os"), "config.py")
    )
    assert "canary" not in shown and "-N = 5" in shown and "+N = 6" in shown and MASK in shown
    everything = "\n".join(masked_diff(b"", SECRETS, "config.py"))
    assert "canary" not in everything and f"postgres://{MASK}@localhost/db" in everything and "+N = 5" in everything


def test_s4_a_changed_secret_is_not_shown_and_neither_is_a_file_that_does_not_parse() -> None:
    (line,) = masked_diff(SECRETS, SECRETS.replace(b"canary", b"other"), "a.py")
    assert line == "a.py differs only in masked lines or in line ends."
    (line,) = masked_diff(SECRETS, b"password = 'canary' (", "a.py")
    assert "not valid Python" in line and "canary" not in line
