"""`schema`: the JSON Schema of the YAML, for editors."""

import json
from pathlib import Path

from pipeline.config.schema import config_schema
from pipeline.system.atomic_files import write_durably
from pipeline.system.terminal import show


def schema(path: Path | None) -> None:
    """Print the JSON Schema of a config, or write it to a file."""
    text = json.dumps(config_schema(), indent=2) + "\n"
    if path is None:
        show(text.rstrip())
    else:
        write_durably(path, [text.encode()])
        show(f"{path}")
