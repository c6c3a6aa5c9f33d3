"""Options of the tutor that make no sense are refused in one line with both keys; without it no identity changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from s3exp.embedded import locate
from s3exp.settings.compose import compose, composed_of
from s3exp.settings.prompts import check_prompts
from s3exp.settings.run import identity
from s3exp.settings.tutor import TutorConfig
from s3exp.tutor import tutor
from s3exp.types import UserError

LOCAL = ["llm=transformers", "llm.model=any"]
REFUSED = [
    (["llm=server", "tutor=sft"], "tutor=sft", "llm=server"),
    (["tutor=sft", "tutor.weights=models/x"], "tutor.weights=models/x", "llm=transformers"),
    (["llm.lora=folder", "tutor=sft"], "tutor=sft", "llm.lora=folder"),
    (["loop.rows_from=runs/x", "tutor=sft"], "tutor=sft", "loop.rows_from"),
    (["curation.copies=flag", "tutor=sft"], "tutor=sft", "curation.copies=flag"),
    (["tutor=sft", "tutor.on=train"], "tutor.on=train", "strategy.with_gold"),
    (
        ["tutor=sft", "tutor.on=train", "tutor.share=0.2", "strategy.with_gold=true"],
        "tutor.share=0.2",
        "tutor.on=train",
    ),
    (["tutor=sft", "tutor.when=rounds", "strategy=zerogen"], "tutor.when=rounds", "strategy=zerogen"),
    (["tutor=dpo", "strategy=zerogen"], "tutor=dpo", "strategy=zerogen"),
    (["tutor=dpo", "loop.rounds=0"], "tutor=dpo", "loop.rounds=0"),
    (
        ["tutor=dpo", "tutor.pairs=fixed", "strategy.shown=helpful"],
        "tutor.pairs=fixed",
        "strategy.shown=helpful",
    ),
    (["tutor=dpo", "tutor.pairs=fixed", "loop.rounds=1"], "tutor.pairs=fixed", "loop.rounds=2"),
    (
        ["tutor=sft_dpo", "tutor.pairs=fixed", "strategy.shown=correct"],
        "strategy.shown=correct",
        "tutor.pairs=screen, tutor.pairs=judge",
    ),
    (["tutor=dpo", "task=adqa", "small_model=minilm"], "tutor.pairs=small_model", "tutor.pairs=judge"),
    (
        ["tutor=sft", "task=qnli_pairs", "task.retrieval.negative=null"],
        "tutor=sft learns gold rows as answers to the prompts of seeds",
        "task.prompts=paper ask for {length} (task.attributes)",
    ),
    (["tutor=dpo", "tutor.judge_rows=3"], "tutor.judge_rows=3", "tutor.pairs=judge"),
    (
        ["tutor=dpo", "tutor.pairs=judge", "loop.budget.tokens=5000"],
        "tutor.pairs=judge",
        "loop.budget.tokens=5000",
    ),
    (["tutor=sft", "tutor.pairs=fixed"], "tutor.pairs", "tutor=dpo"),
    (["tutor.sft_epochs=2"], "tutor.sft_epochs", "tutor=sft"),
    (["tutor=sft", "strategy=zerogen", "strategy.seeds=templates"], "tutor=sft", "strategy.seeds=templates"),
    (["tutor=sft", "loop.rounds=0", "strategy.seeds=templates"], "tutor=sft", "strategy.seeds=templates"),
    (["tutor=sft", "tutor.share=1"], "tutor.share=1", "between 0 and 1"),
    (
        ["tutor=sft", "strategy.shown=votes", "strategy.privacy.epsilon=4", "curation.copies=reject"],
        "strategy.privacy.epsilon",
        "curation.copies",
    ),
]


@pytest.mark.parametrize(("words", "first", "second"), REFUSED)
def test_what_makes_no_sense_is_refused(words: list[str], first: str, second: str) -> None:
    with pytest.raises(UserError) as caught:
        compose([*LOCAL, *words])
    assert first in str(caught.value) and second in str(caught.value) and "\n" not in str(caught.value)


def test_a_private_run_teaches_nothing() -> None:
    words = ["strategy.shown=votes", "strategy.privacy.epsilon=4", "curation.copies=flag", "tutor=dpo"]
    with pytest.raises(UserError, match="tutor=dpo"):
        compose([*LOCAL, *words])


@pytest.mark.parametrize("kind", ["sft", "dpo", "sft_dpo"])
def test_a_tutor_is_part_of_the_identity_and_none_is_not(kind: str) -> None:
    def facts(*words: str) -> dict[str, object]:
        composed = OmegaConf.to_container(composed_of([*LOCAL, *words]), resolve=True)
        assert isinstance(composed, dict)
        return identity({str(key): value for key, value in composed.items()})

    plain, taught = facts(), facts(f"tutor={kind}")
    assert facts("tutor=none") == plain and not [key for key in plain if key.startswith("tutor")]
    assert {key: value for key, value in taught.items() if not key.startswith("tutor.")} == plain
    assert taught["tutor.kind"] == kind and "tutor.rank" in taught
    assert ("tutor.share" in taught) == ("sft" in kind) and ("tutor.beta" in taught) == ("dpo" in kind)


def test_the_judges_words_count_where_pairs_are_learned() -> None:
    def facts(*words: str) -> dict[str, object]:
        composed = OmegaConf.to_container(composed_of([*LOCAL, *words]), resolve=True)
        assert isinstance(composed, dict)
        return identity({str(key): value for key, value in composed.items()})

    own = "task.prompt_sets.paper.judge='{listed} Which?'"
    assert facts(own) == facts() and facts("tutor=sft", own) == facts("tutor=sft")
    judge = ("tutor=dpo", "tutor.pairs=judge")
    assert facts(*judge, own) != facts(*judge)
    assert "tutor.judge_rows" not in facts(*judge) and "tutor.judge_rows" in facts(
        *judge, "tutor.judge_rows=3"
    )
    with pytest.raises(
        UserError, match=r"judge has no \{listed\}, so the LLM is not shown what it shall judge"
    ):
        check_prompts(compose([*LOCAL, *judge, "task.prompt_sets.paper.judge=Which?"]).task)


def test_a_server_that_loads_adapters_is_said_to() -> None:
    assert compose(["llm=server", "llm.model=any", "tutor=sft", "tutor.weights=models/x"]).tutor.learns


@pytest.mark.parametrize(
    ("words", "rounds"),
    [
        ("tutor=none", []),
        ("tutor=sft", [0, 1, 2]),
        ("tutor=sft tutor.when=rounds", [1, 2]),
        ("tutor=sft tutor.sft_epochs=0", []),
        ("tutor=dpo", [1, 2]),
        ("tutor=sft_dpo", [0, 1, 2]),
        ("tutor=sft_dpo tutor.sft_epochs=0", [1, 2]),
    ],
)
def test_which_rounds_a_tuned_llm_writes(words: str, rounds: list[int]) -> None:
    chosen = compose([*LOCAL, *words.split()]).tutor
    assert [number for number in range(3) if chosen.has_learned(number)] == rounds


def test_a_sweep_over_tutors_leaves_arms_without_an_llm_alone() -> None:
    assert compose(["llm=server", "strategy=gold", "tutor=sft"]).tutor.learns


def test_weights_that_are_none_are_refused_before_anything_starts(tmp_path: Path) -> None:
    def chosen(weights: str) -> TutorConfig:
        return compose(["llm=server", "llm.model=any", "tutor=dpo", f"tutor.weights={weights}"]).tutor

    with pytest.raises(UserError, match=r"tutor\.weights=\./no/such: no such folder"):
        tutor.check_weights(chosen("./no/such"))
    with pytest.raises(UserError, match=r"^tutor\.weights=.*config\.json"):
        tutor.check_weights(chosen(str(tmp_path)))
    tutor.check_weights(chosen("org/model"))
    tutor.check_weights(chosen(str(locate("embedded/reviews-lm"))))


def test_a_missing_package_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tutor, "find_spec", lambda name: None)
    tutor.check_packages(compose(LOCAL).tutor)
    with pytest.raises(UserError, match=r'tutor=sft needs the package peft: pip install "s3exp\[tutor\]"'):
        tutor.check_packages(compose([*LOCAL, "tutor=sft"]).tutor)
