"""`hub schema` prints a schema or writes all of them, with the line that an editor needs."""

from __future__ import annotations

import json


def test_it_prints_one_and_names_the_kinds(run_hub):
    assert json.loads(run_hub("schema", "site").output)["title"] == "A site"
    assert "blueprint, fragment, cases, site" in run_hub("schema").output


def test_it_writes_all_of_them_with_the_line_for_editors(run_hub, tmp_path):
    result = run_hub("schema", "--write", str(tmp_path / "schemas"))
    assert sorted(path.name for path in (tmp_path / "schemas").iterdir()) == [
        "blueprint.schema.json", "cases.schema.json", "fragment.schema.json", "site.schema.json",
    ]
    assert f"# yaml-language-server: $schema={tmp_path / 'schemas' / 'site.schema.json'}" in result.output
