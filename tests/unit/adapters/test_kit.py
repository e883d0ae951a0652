"""The kit: manifests, discovery, new adapters, golden cases that differ."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.kit import AdapterError, Exchange, KitError, MessageContext
from adapters.kit.check import Finding, check
from adapters.kit.manifest import read_manifest
from adapters.kit.new import create
from adapters.kit.registry import ROOT, find, load

CASE = Path("cases/001-two-employees")


def test_listing_imports_no_adapter() -> None:
    """Finding adapters imports none of their modules, so that a broken one can still be listed."""
    program = (
        "import sys; from adapters.kit.registry import find; ids = sorted(find());"
        "print(len(ids) > 4, [m for m in sys.modules if m.startswith('adapters.') and not m.startswith('adapters.kit')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT.parent, timeout=60
    )
    assert done.stdout.strip() == "True []"


def test_new_adapter_keeps_the_laws(tmp_path: Path) -> None:
    """`create` makes an adapter, outside of the distribution too, that passes the suite before a line is written."""
    folder = create("new_system", tmp_path)
    assert folder == tmp_path / "new_system"
    assert check("new_system", tmp_path) == []
    assert load("new_system", tmp_path).wire_contract("employees") == "wire:new_system.employees"


def test_two_adapters_of_one_name_do_not_meet(tmp_path: Path) -> None:
    """Adapters of the same name in two folders are two packages."""
    for place in ("one", "two"):
        create("new_system", tmp_path / place)
    changed = tmp_path / "two" / "new_system" / "translate.py"
    changed.write_text(changed.read_text().replace("[0-9]{6,18}", "[0-9]{7,18}"))
    assert check("new_system", tmp_path / "one") == []
    assert {finding.law for finding in check("new_system", tmp_path / "two")} >= {"cases_hold"}


@pytest.mark.parametrize("name", ["Upper", "with-dash", "_hidden", "1st", "", "kit", "a" * 41])
def test_new_adapter_needs_a_usable_name(name: str, tmp_path: Path) -> None:
    """A name that cannot be a package is refused and nothing is written."""
    with pytest.raises(AdapterError) as caught:
        create(name, tmp_path)
    assert caught.value.kind == "name-unusable"
    assert list(tmp_path.iterdir()) == []


def test_new_adapter_overwrites_nothing(tmp_path: Path) -> None:
    """A second adapter of the same name is refused."""
    create("new_system", tmp_path)
    with pytest.raises(AdapterError) as caught:
        create("new_system", tmp_path)
    assert caught.value.kind == "name-taken"


@pytest.mark.parametrize(
    ("file", "before", "after", "law"),
    [
        ("manifest.toml", 'function = "employees"', 'function = "absent"', "manifest_complete"),
        ("manifest.toml", 'contracts = ["employee"]', 'contracts = ["nothing"]', "manifest_complete"),
        ("manifest.toml", "[reasons]", "[problems]", "cases_hold"),
        ("wire.py", "max_length=40", "max_length=3", "wire_contract_generates"),
        ("translate.py", '"status": "active"', '"status": "unknown"', "records_canonical"),
        ("translate.py", '"grade": None', '"grade": str(__import__("time").monotonic_ns())', "deterministic"),
        ("translate.py", "            continue\n        number", "            pass\n        number", "rows_conserved"),
        ("translate.py", '("employee", number)', '("employee", "1")', "records_canonical"),
        ("translate.py", "6 to 18 digits", "6 to 18 digits: 900001", "refusals_declared"),
        ("translate.py", 'source["department"]', 'source.pop("department")', "input_untouched"),
        ("translate.py", 'source["full_name"]', 'source["full_name"].encode("ascii").decode()', "damage_contained"),
    ],
)
def test_each_law_finds_its_fault(file: str, before: str, after: str, law: str, tmp_path: Path) -> None:
    """Breaking one promise of a good adapter is found under the law that stands for it."""
    folder = create("new_system", tmp_path)
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after))
    assert law in {finding.law for finding in check("new_system", tmp_path)}


def test_a_case_that_differs_is_found(tmp_path: Path) -> None:
    """A golden case whose output is not what the file says is a finding that names the case."""
    folder = create("new_system", tmp_path)
    expected = folder / CASE / "out.json"
    expected.write_text(expected.read_text().replace("Orang Contoh Satu", "Orang Lain"))
    assert check("new_system", tmp_path) == [Finding("new_system", "cases_hold", "001-two-employees: out.json differs")]


def test_a_case_without_note_is_found(tmp_path: Path) -> None:
    """A golden case says in words what it shows."""
    folder = create("new_system", tmp_path)
    (folder / CASE / "note.md").unlink()
    assert check("new_system", tmp_path) == [
        Finding("new_system", "cases_hold", "001-two-employees: note.md is missing")
    ]


def test_a_missing_adapter_is_a_finding(tmp_path: Path) -> None:
    """Checking what does not exist says so."""
    assert check("nowhere", tmp_path) == [Finding("nowhere", "manifest_complete", "no adapter 'nowhere'")]


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ('id = "new_system"', 'id = "other"', "is not the folder's name"),
        ('level = "draft"', 'level = "perfect"', "level"),
        ('owner = "Team that answers for this adapter"', "", "owner"),
        ('rule = "window"', 'rule = "natural-key"', "natural-key needs fields"),
        ('title = "Employees"', 'title = "Employees"\ncolour = "blue"', "colour"),
        ("[reasons]", "[reasons", "cannot be read"),
    ],
)
def test_manifest_errors_name_the_member(before: str, after: str, place: str, tmp_path: Path) -> None:
    """A manifest that is not complete is refused, naming the member."""
    folder = create("new_system", tmp_path)
    manifest = folder / "manifest.toml"
    manifest.write_text(manifest.read_text().replace(before, after))
    with pytest.raises(KitError) as caught:
        read_manifest(folder)
    assert caught.value.kind == "manifest"
    assert place in caught.value.detail


def test_an_adapter_that_cannot_be_imported_fails_alone(tmp_path: Path) -> None:
    """A syntax error in one adapter is a KitError of that adapter, when it is used and not before."""
    folder = create("new_system", tmp_path)
    (folder / "translate.py").write_text("def broken(:\n")
    adapter = find(tmp_path)["new_system"]
    with pytest.raises(KitError) as caught:
        adapter.translate("employees", {"rows": []}, MessageContext("S", "CONTOH", "C", 0))
    assert caught.value.kind == "raised"


def test_live_adapters_run_without_the_dear_check(tmp_path: Path) -> None:
    """Only a draft is watched for changes of its input at run time; the laws watch every adapter."""
    folder = create("new_system", tmp_path)
    for file, before, after in [
        ("manifest.toml", 'level = "draft"', 'level = "live"'),
        ("translate.py", 'source["department"]', 'source.pop("department")'),
    ]:
        (folder / file).write_text((folder / file).read_text().replace(before, after))
    row = {"number": "900001", "full_name": "Orang Contoh", "department": "Bagian"}
    items = load("new_system", tmp_path).translate("employees", {"rows": [row]}, MessageContext("S", "CONTOH", "C", 0))
    assert len(items) == 1
    assert "input_untouched" in {finding.law for finding in check("new_system", tmp_path)}


def test_template_is_copied_whole(tmp_path: Path) -> None:
    """Nothing of the template is left out, and its name is nowhere left in."""
    folder = create("new_system", tmp_path)
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    template = ROOT / "_template"
    wanted = {
        path.relative_to(template) for path in template.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert files == wanted
    assert [path.name for path in files if "_template" in (folder / path).read_text()] == []
    shutil.rmtree(folder)


def test_an_exchange_is_found_by_name() -> None:
    """The manifest gives an exchange by name, and says what it needs to."""
    exchange = load("zkteco_adms").manifest.exchange("attlog")
    assert isinstance(exchange, Exchange)
    assert (exchange.dedupe.rule, exchange.assurance, exchange.media_type) == ("natural-key", "device", "text/plain")
