"""The files beside this one -> one page, which may run its own script and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ASSETS = Path(__file__).parent / "assets"

SCRIPTS = (
    *("images/arrays", "images/geometry", "images/background", "images/components", "images/selection"),
    *("images/ruling", "images/segmentation", "images/strokes", "images/preparation"),
    *("maths/activations", "maths/network", "maths/weights", "maths/learning"),
    *("view/elements", "view/pictures", "view/pad", "view/examples", "view/input", "view/answer", "view/tabs"),
    *("view/diagram", "view/unit", "view/steps", "view/backward", "view/learn", "view/main"),
)
"""Each imports only from those before it."""

IMPORT = re.compile(r'^import (\{[^}]*\}) from "(?:\.+/)+(?:\w+/)?(\w+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function|const|class) (\w+))", re.MULTILINE)


def fill(facts: Mapping[str, Any], parts: Mapping[str, str]) -> bytes:
    """A page, in UTF-8.

    Args:
        facts: What it says; text in it stays text.
        parts: Base64 by the names of the elements that hold it.
    """
    css, script = (ASSETS / "page.css").read_text(encoding="utf-8"), join_scripts()
    policy = (
        f"default-src 'none'; script-src '{digest(script)}'; style-src '{digest(css)}'; img-src data: blob:; "
        "worker-src blob:; base-uri 'none'; form-action 'none'"
    )
    data = "".join(
        f'<script type="application/octet-stream" id="{name}">{content}</script>\n' for name, content in parts.items()
    )
    values = {"policy": policy, "css": css, "facts": to_json(facts), "data": data, "script": script}
    template = (ASSETS / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: values[found[1]], template).encode()


def to_json(facts: Mapping[str, Any]) -> str:
    """JSON in which nothing ends the element that it stands in, or begins another."""
    text = json.dumps(facts, ensure_ascii=False, allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def join_scripts() -> str:
    """The modules as one script, each in a function of its own, so that none sees the names of another."""
    modules = [_wrap(name, (ASSETS / f"{name}.js").read_text(encoding="utf-8")) for name in SCRIPTS]
    return '\n"use strict";\nconst modules = {};\n' + "\n".join(modules)


def _wrap(name: str, text: str) -> str:
    key = name.rpartition("/")[2]
    body = EXPORT.sub(r"\1", IMPORT.sub(r"const \1 = modules.\2;", text))
    names = ", ".join(found[1] for found in EXPORT.findall(text))
    return f"modules.{key} = (() => {{\n{body}return {{ {names} }};\n}})();\n"


def digest(text: str) -> str:
    """What a Content-Security-Policy knows a script or a style by."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
