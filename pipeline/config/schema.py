"""The JSON Schema of the YAML: what editors complete and explain, from the models that check it."""

import ast
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from pipeline.config import model
from pipeline.config.cluster import ADDRESS, LOCAL_CLUSTER
from pipeline.config.keys import SPELLINGS
from pipeline.config.value import Reads
from pipeline.video.encoding import (
    HDR_CODECS,
    LARGEST_CRF,
    PIXEL_FORMATS,
    PRESETS,
    SILENT_CODECS,
)

Schema = dict[str, Any]

# What editors know; pydantic's own dialect is a later one, whose tuples they do not.
_DIALECT = "http://json-schema.org/draft-07/schema#"
_TITLE = "Mandelbrot zoom"


def config_schema() -> Schema:
    """Return the JSON Schema of a config.

    It knows the range of each value, and of rules between values those that are quick to say.
    The others, and names of palettes and files, are checked when a config is loaded.
    """
    schema = model.ConfigModel.model_json_schema(schema_generator=_Generator)
    definitions: Schema = schema.pop("$defs")
    _describe(schema, model.ConfigModel)
    for name, section in definitions.items():
        _describe(section, getattr(model, name))
    _pair_alternatives(definitions[model.KeyframeModel.__name__])
    _tell_codecs_apart(definitions[model.VideoSection.__name__])
    _pair_engine_and_scheduler(definitions[model.RenderSection.__name__])
    for section in (schema, *definitions.values()):
        _add_spellings(section)
    schema["title"] = _TITLE
    return {"$schema": _DIALECT, **schema, "$defs": definitions}


class _Generator(GenerateJsonSchema):
    """pydantic's generator, without null, which a config cannot have, and defaults of sections."""

    def nullable_schema(self, schema: Any) -> Schema:
        """Return the schema of what may also be None: left out, never null."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> Schema:
        """Return a field's schema, with its default as it would be typed."""
        inner = self.generate_inner(schema["schema"])
        default = _typed(schema.get("default"))
        return inner if default is None else {**inner, "default": default}

    def field_title_should_be_set(self, _: Any) -> bool:
        """Return whether fields have titles: their keys say it."""
        return False


def _typed(value: Any) -> Any:
    """Return a default as it would be typed; None for what is no single value."""
    if isinstance(value, Decimal | Fraction):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple) and value and all(isinstance(part, int) for part in value):
        return "#{:02x}{:02x}{:02x}".format(*value)
    return None


def _describe(schema: Schema, section: type[model.Section]) -> None:
    """Add the descriptions of a section and its fields, and what their values may be."""
    schema.pop("title", None)
    schema["description"] = " ".join((section.__doc__ or "").split())
    described = descriptions(section)
    for key, field in section.model_fields.items():
        wanted = next((each.wanted for each in field.metadata if isinstance(each, Reads)), "")
        value = f" Value: {wanted}." if wanted else ""
        schema["properties"][key]["description"] = f"{described[key]}{value}"


def descriptions(section: type[model.Section]) -> dict[str, str]:
    """Return the docstring of each field of a section.

    Raises
    ------
    KeyError
        A field has none.
    """
    tree = ast.parse(Path(model.__file__).read_text("utf-8"))
    body = next(
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == section.__name__
    )
    found = dict(_documented(body))
    return {key: found[key] for key in section.model_fields}


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node, after in pairwise(body):
        match node, after:
            case (
                ast.AnnAssign(target=ast.Name(id=key)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield key, " ".join(text.split())


def _pair_alternatives(keyframe: Schema) -> None:
    """Require a width or a zoom, and a time or a speed, but not both."""
    keyframe["oneOf"] = [{"required": ["width"]}, {"required": ["zoom"]}]
    keyframe["if"], keyframe["then"] = {"required": ["time"]}, {"not": {"required": ["speed"]}}
    keyframe["else"] = {"required": ["speed"]}


def _tell_codecs_apart(video: Schema) -> None:
    """Say for each codec which presets, pixel formats and crf it takes."""
    rules = []
    for codec, presets in PRESETS.items():
        typed = [*presets, *(int(preset) for preset in presets if preset.isdecimal())]
        then: Schema = {
            "preset": {"enum": typed} if presets else False,
            "pixel_format": {"enum": list(PIXEL_FORMATS[codec])},
            "crf": {"maximum": LARGEST_CRF[codec]} if codec in LARGEST_CRF else False,
        }
        if codec in SILENT_CODECS:
            then["audio"] = {"properties": {"file": False}}
        if codec not in HDR_CODECS:
            then["hdr_white_nits"] = False
        is_codec: Schema = {"properties": {"codec": {"const": codec}}}
        if codec != model.VideoSection().codec:
            is_codec["required"] = ["codec"]
        rules.append({"if": is_codec, "then": {"properties": then}})
    video["allOf"] = rules


def _pair_engine_and_scheduler(render: Schema) -> None:
    dask = {"properties": {"engine": {"const": "dask"}}, "required": ["engine"]}
    render["dependencies"] = {"scheduler": dask}
    render["if"], render["then"] = dask, {"required": ["scheduler"]}
    pattern = rf"^\s*({LOCAL_CLUSTER}|{ADDRESS.pattern})\s*$"
    render["properties"]["scheduler"] |= {"type": "string", "pattern": pattern}


def _add_spellings(section: Schema) -> None:
    """Let keys be spelled the other way: one of the two, where they are needed at all."""
    properties, required = section["properties"], section.get("required", [])
    rules: list[Schema] = []
    for other, key in SPELLINGS.items():
        if key not in properties:
            continue
        properties[other] = properties[key]
        both = [{"required": [key]}, {"required": [other]}]
        if key in required:
            required.remove(key)
            rules.append({"oneOf": both})
        else:
            rules.append({"not": {"required": [key, other]}})
    if rules:
        section["allOf"] = rules
