# ruff: noqa: E501
"""A user's YAML that cannot be meant: the file, the line and the cause, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3exp.settings.compose import compose
from s3exp.settings.yaml_files import check_words
from s3exp.types import UserError
from tests import warm

GOOD = """defaults:
  - classification
  - _self_
name: own
gold:
  validation: v.jsonl
  test: t.jsonl
labels: [bad, good]
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("  validation", "\tvalidation"), "line 6: a tab: indent with spaces"),
        (GOOD.replace("name: own", "name:\town").replace("  test", " \ttest"), "line 4: a tab"),
        ("- name: own\n- labels: [a, b]\n", "holds a list: its lines must be options, as key: value"),
        ("own\n", "holds a text"),
        ("# nothing yet\n", "the file is empty"),
        (GOOD + "name: other\n", "line 9: key name stands there twice"),
        (GOOD + "gold2: x\n", "line 9: task.gold2: there is no such option: task has name, kind"),
        (GOOD.replace("  test:", "  tset:"), "line 7: task.gold.tset: there is no such option: did you mean task.gold.test?"),
        (GOOD.replace("[bad, good]", "[no, yes]"), 'line 8: task.labels: YAML does not read no as a text: write it in quotes: "no"'),
        (GOOD.replace("[bad, good]", "\n  - off\n  - on"), 'line 9: task.labels: YAML does not read off as a text'),
        (GOOD.replace("[bad, good]", "[1e3, b]"), "YAML does not read 1e3 as a text"),
        (GOOD.replace("[bad, good]", "[010, b]"), "YAML does not read 010 as a text"),
        (GOOD.replace("[bad, good]", "[12:30, b]"), "YAML does not read 12:30 as a text"),
        (GOOD.replace("[bad, good]", "[null, b]"), "YAML does not read null as a text"),
        (GOOD.replace("[bad, good]", "[~, b]"), "YAML does not read ~ as a text"),
        (GOOD.replace("name: own", "name: on"), 'line 4: task.name: YAML does not read on as a text'),
        (GOOD + "prompt_sets:\n  plain:\n    labels: [no, yes]\n", "task.prompt_sets.plain.labels: YAML does not read no"),
        (GOOD + "prompt_sets:\n  yes:\n    seed: a\n", "line 10: YAML does not read yes as a text"),
        (GOOD + "prompt_sets:\n  plain:\n    seed: Write: {label}\n", "line 11: a colon within a value"),
        (GOOD + "label: 'label\n", "line 10: "),
    ],
)  # fmt: skip
def test_a_yaml_that_cannot_be_meant(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "my" / "task" / "own.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    for words in (
        ["--config-dir", str(tmp_path / "my"), "task=own"],
        [f"--config-dir={tmp_path / 'my'}", "task=imdb,own"],
    ):
        with pytest.raises(UserError) as error:
            check_words(words)
        assert str(error.value).startswith(str(path)) and says in str(error.value)
        assert "\n" not in str(error.value)
    with pytest.raises(UserError):
        compose(["task=own"], tmp_path / "my")


def test_what_is_meant_passes(tmp_path: Path) -> None:
    (tmp_path / "task").mkdir()
    quoted = GOOD.replace("[bad, good]", '["no", "yes"]') + "group: null\nrationales: 8\nprompts: plain\n"
    (tmp_path / "task" / "base.yaml").write_text(quoted)
    (tmp_path / "task" / "own.yaml").write_text("defaults:\n  - base\n  - _self_\nname: own\n")
    task = compose(["task=own"], tmp_path).task
    assert (task.name, task.labels) == ("own", ["no", "yes"])
    (tmp_path / "task" / "base.yaml").write_text(quoted + "names: x\n")
    with pytest.raises(UserError, match=r"base\.yaml, line 12: task.names: there is no such option"):
        compose(["task=own"], tmp_path)


@pytest.mark.process
def test_the_command_ends_with_2_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "my" / "task").mkdir(parents=True)
    (tmp_path / "my" / "task" / "own.yaml").write_bytes(GOOD.replace("name: own", "\tname: own").encode())
    ended = warm.run(["-m", "s3exp", "--config-dir", "my", "task=own", "dry_run=true"], cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (
        2,
        "s3exp: my/task/own.yaml, line 4: a tab: indent with spaces\n",
    )
