"""Write constraints.txt (hashed, for every platform) and constraints.json (what each extra downloads).

Run by ``make lock`` after the dependencies of pyproject.toml changed; needs ``uv`` in the environment.
Neither file names an index: pip's own configuration decides where packages come from. torch is left
out of the hashed file, because its CPU build has another hash at every source; its version and the
sizes of its builds stand in constraints.json.
"""

import json
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sysconfig.get_path("scripts")) / "uv"
PYTHON = "3.11"
EXTRAS = ("imaging", "language", "speech", "dev")
HEADER = "# Made by `make lock`: every package but torch, with the hashes of all its files.\n"


def main() -> None:
    """Resolve once with hashes, then once per extra for what each one needs."""
    if not UV.exists():
        sys.exit("make lock needs uv: .venv/bin/python -m pip install uv")
    hashed = ROOT / "constraints.txt"
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        (scratch / "torch").write_text("torch\n")
        compiled = scratch / "constraints.txt"
        if hashed.exists():  # what is locked stays as it is unless a requirement moved
            compiled.write_text(hashed.read_text())
        options = [f"--extra={name}" for name in EXTRAS]
        _compile(scratch, compiled, [*options, "--generate-hashes"], with_torch=True)
        hashed.write_text(HEADER + compiled.read_text())
        _compile(scratch, scratch / "pylock.sizes.toml", options, pins=hashed, with_torch=True)
        needed = {name: _names(scratch, hashed, name) for name in ("base", *EXTRAS)}
        sizes = _sizes(scratch / "pylock.sizes.toml")
        packages = {
            name: {"bytes": size, "for": [extra for extra in needed if name in needed[extra]]}
            for name, size in sorted(sizes.items())
        }
        table = {
            "measured_on": f"Linux x86-64, CPython {PYTHON}",
            "torch": _torch(scratch),
            "packages": packages,
        }
    (ROOT / "constraints.json").write_text(json.dumps(table, indent=1) + "\n")


def _compile(
    scratch: Path, output: Path, options: list[str], *, pins: Path | None = None, with_torch: bool
) -> None:
    inputs = scratch / "requirements.in"
    inputs.write_text("\n".join([*_build_requirements(), *(_torch_needs() if with_torch else ())]))
    command = [str(UV), "pip", "compile", "--quiet", "--universal", f"--python-version={PYTHON}"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", f"--output-file={output}"]
    command += [f"--excludes={scratch / 'torch'}", *options]
    if pins is not None:
        command += [f"--constraints={pins}"]
    if output.suffix == ".toml":
        command += ["--format=pylock.toml"]
    subprocess.run(
        [*command, str(ROOT / "pyproject.toml"), str(inputs)], check=True, stdout=subprocess.DEVNULL
    )


def _build_requirements() -> list[str]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return list(table["build-system"]["requires"])


def _torch_needs() -> list[str]:
    """What torch itself needs on a machine without its GPU parts."""
    parsed = [Requirement(text) for text in requires("torch") or ()]
    kept = [need for need in parsed if need.marker is None or need.marker.evaluate({"extra": ""})]
    return [str(need) for need in kept if not need.name.startswith(("nvidia", "cuda", "triton"))]


def _names(scratch: Path, pins: Path, extra: str) -> set[str]:
    output = scratch / f"{extra}.txt"
    options = [] if extra == "base" else [f"--extra={extra}"]
    _compile(scratch, output, options, pins=pins, with_torch=extra == "imaging")
    lines = output.read_text().splitlines()
    return {canonicalize_name(line.split("==")[0]) for line in lines if "==" in line}


def _sizes(pylock: Path) -> dict[str, int]:
    return {
        package["name"]: _size(package, set(_tags()))
        for package in tomllib.loads(pylock.read_text())["packages"]
        if package["name"] != "isthmus"
    }


def _tags() -> list[Tag]:
    version = tuple(int(part) for part in PYTHON.split("."))
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(39, 4, -1)]
    platforms += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"]
    return [
        *cpython_tags(version, platforms=platforms),
        *compatible_tags(version, interpreter="cp311", platforms=platforms),
    ]


def _size(package: dict[str, Any], tags: set[Tag]) -> int:
    """Bytes of the wheel that the measured platform takes; 0 when it takes none."""
    if "win32" in package.get("marker", "") and "linux" not in package["marker"]:
        return 0
    for wheel in package.get("wheels", ()):
        name = wheel.get("name") or wheel["url"].rsplit("/", 1)[-1]
        if tags & parse_wheel_filename(name)[3]:
            return int(wheel["size"])
    sys.exit(f"{package['name']}: no wheel for the measured platform")


def _torch(scratch: Path) -> dict[str, Any]:
    """Version of the installed torch, and what its builds cost to download."""
    version = subprocess.run(
        [sys.executable, "-c", "import torch; print(torch.__version__)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    public = version.partition("+")[0]
    listed = scratch / "torch.in"
    listed.write_text(f"torch=={public}\n")
    pylock = scratch / "pylock.torch.toml"
    command = [str(UV), "pip", "compile", "--quiet", f"--python-version={PYTHON}", str(listed)]
    command += ["--python-platform=x86_64-manylinux_2_28", "--format=pylock.toml"]
    subprocess.run([*command, f"--output-file={pylock}"], check=True, stdout=subprocess.DEVNULL)
    gpu = {
        name: size
        for name, size in _sizes(pylock).items()
        if name.startswith(("torch", "triton", "nvidia", "cuda"))
    }
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*command, f"--dest={scratch}", f"torch=={public}+cpu"], check=True)
    wheel = next(scratch.glob("torch-*.whl"))
    return {
        "version": public,
        "cpu_bytes": wheel.stat().st_size,
        "gpu_bytes": sum(gpu.values()),
    }


if __name__ == "__main__":
    main()
