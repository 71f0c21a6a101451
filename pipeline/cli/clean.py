"""`clean`: remove what was made of a config, and nothing else."""

import shutil
from pathlib import Path

from pipeline.config.names import name_fault
from pipeline.errors import UsageError
from pipeline.plan.outputs import Outputs
from pipeline.plan.ownership import FILES, FOLDERS
from pipeline.plan.record import Record
from pipeline.system.terminal import show

_PREVIEW = "-preview"


def clean(name: str, root: Path) -> None:
    """Remove ``output/NAME/`` and the files that its record lists; those of the preview, too.

    Raises
    ------
    UsageError
        The folder has no record of what was made.
    RenderError
        A run is at work there.
    """
    if fault := name_fault(name):
        raise UsageError(f"NAME: {fault}")
    owner = Record(root / name).read().owner
    if owner is None:
        raise UsageError(
            f"{root / name}: has no record of what was made; remove by hand what you need no more"
        )
    removed = _cleaned(Outputs(root, name, owner))
    preview = Record(root / f"{name}{_PREVIEW}").read().owner
    if preview is not None and preview.config == owner.config:
        removed += _cleaned(Outputs(root, f"{name}{_PREVIEW}", preview))
    show("\n".join(f"{path}: removed" for path in removed))


def _cleaned(outputs: Outputs) -> list[Path]:
    """Remove a folder's contents and the files of its record; return what was removed."""
    removed = []
    folder = outputs.folder
    facts = outputs.record.read()
    with outputs.locked():
        folders = set()
        for name in facts.marks:
            path = outputs.root / name
            if not path.is_symlink() and not path.exists():
                continue
            if not facts.holds(name, path):
                show(f"{path}: stays, as it is not what was made")
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            removed.append(path)
            folders.add(path.parent)
        for emptied in folders - {outputs.root}:
            if not any(emptied.iterdir()):
                emptied.rmdir()
        for name in FOLDERS:
            if (folder / name).is_symlink():
                continue
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
    left = sorted(path.name for path in folder.iterdir())
    if left:
        show(f"{folder}: stays, for {left[0]} was not made here")
    else:
        folder.rmdir()
        removed.append(folder)
    return removed
