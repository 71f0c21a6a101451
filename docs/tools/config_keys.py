"""Write `docs/config-keys.md`, the reference of every key, from the models that check configs.

``.venv/bin/python docs/tools/config_keys.py`` writes the file; `make docs` does it first.
"""

from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipeline.config.model import ConfigModel
from pipeline.config.schema import descriptions
from pipeline.config.value import Reads

PATH = Path(__file__).parent.parent / "config-keys.md"
HEAD = """\
<!-- docs/tools/config_keys.py writes this from pipeline/config/model.py: edit that. -->
# Every key

What each key of a config means, which values it takes, and its default where it has one.
[The config by example](config.md) shows them at work. British and American spellings of *colour*
and *centre* are both read, numbers may be quoted or not, and a key that is not here is refused.
"""


def page() -> str:
    """Return the text of the reference."""
    return "\n".join([HEAD, *_section("", ConfigModel, {})])


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a key that holds a section, or a list of sections."""
    found = field.annotation
    for inner in (found, *get_args(found)):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
    return None


def _section(
    path: str, model: type[BaseModel], shown: dict[type[BaseModel], str], is_list: bool = False
) -> list[str]:
    """Return the lines of a section and of those below it that are not `shown` yet."""
    title = f"## `{path}`" if path else "## The whole config"
    about = f"{'A list. ' if is_list else ''}{_sentence(model.__doc__)}" if path else ""
    lines = [title, "", *([about, ""] if about else [])]
    lines += ["| key | meaning | values |", "| --- | --- | --- |"]
    described = descriptions(model)
    below: list[str] = []
    for name, field in model.model_fields.items():
        section = _section_of(field)
        if section is None:
            values = f"{_cell(_accepted(field))}{_default(field)}"
        else:
            inner = f"{path}.{name}" if path else name
            listed = getattr(field.annotation, "__origin__", None) is list
            required = " (required)" if field.is_required() else ""
            link = f"as [{shown.get(section)}]" if section in shown else "[see below]"
            first = shown.setdefault(section, inner)
            values = f"{'a list, ' if listed else ''}{link}(#{first.replace('.', '')}){required}"
            if first == inner:
                below += ["", *_section(inner, section, shown, listed)]
        lines.append(f"| `{name}` | {_cell(_sentence(described[name]))} | {values} |")
    return [*lines, *below]


def _accepted(field: FieldInfo) -> str:
    """Return the values that a key takes, in the words of the fault that refuses others."""
    # Of what may also be left out, one level down.
    annotated = (each for one in get_args(field.annotation) for each in get_args(one))
    wanted = next(each.wanted for each in (*field.metadata, *annotated) if isinstance(each, Reads))
    chosen = wanted.removeprefix("one of ")
    return wanted if chosen == wanted else ", ".join(f"`{word}`" for word in chosen.split(", "))


def _default(field: FieldInfo) -> str:
    """Return what is said of the value that holds where a key is left out."""
    value = field.default
    if value is PydanticUndefined:
        return " (required)"
    if value is None:
        return ""
    if isinstance(value, tuple):
        several = isinstance(value[0], tuple)
        shown = ", ".join(f'"#{bytes(colour).hex()}"' for colour in (value if several else [value]))
        return f"; default `[{shown}]`" if several else f"; default `{shown}`"
    return f"; default `{value}`"


def _sentence(text: str | None) -> str:
    """Return a text as one line with a full stop."""
    line = " ".join((text or "").split())
    return line if not line or line.endswith((".", "?", "!")) else f"{line}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
