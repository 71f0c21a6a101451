"""Write `docs/config-keys.md`, the reference of every key, from the models that check configs.

``.venv/bin/python docs/tools/config_keys.py`` writes the file; `make docs` does it first.
"""

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipeline.config.model import ConfigModel

PATH = Path(__file__).parent.parent / "config-keys.md"
HEAD = """\
<!-- docs/tools/config_keys.py writes this from pipeline/config/model.py: edit that. -->
# Every key

What each key of a config means, which values it takes, and its default where it has one.
[The config by example](config.md) shows them at work. British and American spellings of *colour*
and *centre* are both read, numbers may be quoted or not, and a key that is not here is refused.
"""
_SHOULD_BE = "should be "


def page() -> str:
    """Return the text of the reference."""
    return "\n".join([HEAD, *_section("", ConfigModel)])


def undescribed() -> list[str]:
    """Return the keys that have no description."""
    return [
        f"{model.__name__}.{name}"
        for model in _models(ConfigModel)
        for name, field in model.model_fields.items()
        if not field.description and not _section_of(field)
    ]


def _models(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a section's model and those below it, in the order of the reference."""
    below = [each for field in model.model_fields.values() if (each := _section_of(field))]
    return [model, *(deeper for each in below for deeper in _models(each))]


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a key that holds a section, or a list of sections."""
    found = field.annotation
    for inner in (found, *get_args(found)):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
    return None


def _section(path: str, model: type[BaseModel], is_list: bool = False) -> list[str]:
    """Return the lines of a section and of those below it."""
    title = f"## `{path}`" if path else "## The whole config"
    about = f"{'A list. ' if is_list else ''}{_sentence(model.__doc__)}" if path else ""
    lines = [title, "", *([about, ""] if about else [])]
    lines += ["| key | meaning | values |", "| --- | --- | --- |"]
    accepted = _accepted(model)
    below: list[str] = []
    for name, field in model.model_fields.items():
        section = _section_of(field)
        if section is None:
            values = f"{accepted[name]}{_default(field)}"
            meaning = field.description
        else:
            inner = f"{path}.{name}" if path else name
            listed = getattr(field.annotation, "__origin__", None) is list
            required = " (required)" if field.is_required() else ""
            values = (
                f"{'a list, ' if listed else ''}[see below](#{inner.replace('.', '')}){required}"
            )
            meaning = field.description or section.__doc__
            below += ["", *_section(inner, section, listed)]
        lines.append(f"| `{name}` | {_cell(_sentence(meaning))} | {values} |")
    return [*lines, *below]


def _accepted(model: type[BaseModel]) -> dict[str, str]:
    """Return the values that each key takes, in the words of the fault that refuses others."""
    found = dict.fromkeys(model.model_fields, "")
    # No key takes a mapping that is none of its sections, so each says what it takes.
    try:
        model.model_validate({name: {"": ""} for name in model.model_fields})
    except ValidationError as error:
        for fault in error.errors():
            name = str(fault["loc"][0])
            if _SHOULD_BE in fault["msg"]:
                found[name] = _cell(_words(fault["msg"].partition(_SHOULD_BE)[2]))
    for name, field in model.model_fields.items():
        if "auto" in _literals(field.annotation) and "auto" not in found[name]:
            found[name] += ", or `auto`"
    return found


def _literals(annotation: Any) -> list[Any]:
    """Return the values of a Literal within a type."""
    inner = get_args(annotation)
    return [each for one in inner for each in ([one] if isinstance(one, str) else _literals(one))]


def _words(text: str) -> str:
    """Return the words of a choice as code."""
    chosen = text.removeprefix("one of ")
    return text if chosen == text else ", ".join(f"`{word}`" for word in chosen.split(", "))


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
