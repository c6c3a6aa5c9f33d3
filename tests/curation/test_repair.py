"""What an assistant leaves around a row comes off, what belongs to the row stays; labels and loose ends are found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3exp.curation.assistant.repair import (
    FINDINGS,
    Repaired,
    epilogue,
    findings,
    label_leak,
    preamble,
    repair,
    unfinished,
)
from s3exp.curation.assistant.wrappers import unwrapped

ROW = "The acting was superb, and I cried twice."
SENTIMENT = ("negative", "positive")
PAIRS = ("entailment", "not_entailment")
NEWS = ("World", "Sports", "Business", "Sci/Tech")

PREAMBLES = (
    "Sure! Here is a positive movie review:\n\n",
    "Sure! Here is a positive movie review: ",
    "Certainly, here's another question: ",
    "Here’s the sentence: ",
    "Of course! Below is a review of the film:\n\n",
    "Here is a movie review that expresses a positive sentiment:\n\n",
    "Certainly! I'd be happy to help. Here is a negative review for a movie:\n\n",
    "Okay, here is the review.\n\n",
    "Here are two questions:\n",
    "This is a negative review similar to the one you provided:\n\n",
    "The following is a positive movie review:\n\n",
    "Sure!\n\n",
    "Sure thing! Here you go:\n\n",
    "I'd be happy to help! Here's a review:\n",
    "Sure, I'll write a negative review for you. ",
    "Review: ",
    "[Review]: ",
    "**Positive Review:** ",
    "**Positive Review:**\n",
    "### Review\n\n",
    "Output: ",
    "Rewritten sentence: ",
    "Another question: ",
    "Sentence 2: ",
    "Question: ",
    "Answer: ",
    "Assistant: ",
    "Sentiment: positive\nReview: ",
    "Here is the review:\n---\n",
    "<think>\nThe user wants a review.\n</think>\n\n",
    "Rewritten: ",
    "Not entailed sentence: ",
    "Review (Negative): ",
    "Negative: ",
    "Got it. Sentence — ",
    "The answer is: ",
    "Okay, here's one:\n\n",
    "The hypothesis that follows from the premise is:\n\n",
    "Thank you for your request. Below is a review in the style of a fan:\n\n",
    "For the label “negative”, I would write this review —\n\n",
    "Since the target label is positive, I wrote: ",
    "Great! Based on the passage, here's a suitable sentence: ",
    "Yes, of course. Please find the review below.\n\n",
    "I’m happy to assist! 🎬\n\n",
    "Here you go! 😊\n\n",
    "🎬🍿\n",
    "[INST] Write a review. [/INST] ",
    "<|im_start|>assistant\n",
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "model\n",
)
BEFORE = ("preamble", "tokens", "fields", "reasoning", "turns")
EPILOGUES = (
    " Let me know if you'd like another!",
    "\n\nPlease let me know if there is anything you would like me to change.",
    " I hope this helps.",
    "\n\nFeel free to ask if you need more reviews.",
    " Would you like me to write another one?",
    " Is there anything else I can help you with?",
    " Note: this review is fictional.",
    "\n\n*Note: This is a fictional review generated for illustration.*",
    " (Word count: 52)",
    "\n\n(52 words)",
    "\n\n---\n\nLet me know if you would like a different tone!",
    "\n\nExplanation: The review names two strong points of the film.",
    "\n\nThis sentence is entailed because the text states that he cried.",
    "\n\n***\n\nThis review conveys positive sentiment.",
    "\n\nI kept the tone wry so that the positive sentiment comes through.",
    "\n\n(I tried to keep it short, as you asked.)",
    "\n\nWould you like a negative one as well?",
    "\n\n(Answer: 30)",
    " How's that?",
    "\n\nBest regards,\nYour AI assistant",
    "\n\n🍿🍿",
    "<|im_end|>",
    "</s><s>",
    "\n<end_of_turn>\n<eos>",
    "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnother one.",
)
WRAPPERS = {
    "json": ('{{"text": "{}"}}', '{{"label": "negative", "review": "{}"}}', '{{"my_row": "{}"}}'),
    "item": ("- {}", "1. {}", "* {}", "1) {}"),
    "cited": ("> {}", ">{}"),
    "quotes": ('"{}"', '"""\n{}\n"""', "'''{}'''", "“{}”", "'{}'", "‘{}’", "«{}»", "„{}“", "「{}」"),
    "code": ("```\n{}\n```", "```text\n{}\n```", "`{}`"),
    "bold": ("**{}**", "*{}*", "__{}__", "***{}***"),
    "brackets": ("({})", "[{}]", "<{}>"),
    "tag": ("<review>{}</review>", "<text>\n{}\n</text>"),
}
# Each is a text of its own: nothing may come off.
WHOLE = (
    "Here is a film that has it all: love, hate, and a car chase.",
    "Here's the thing: no one cares.",
    "Here is a review-proof film: nobody cares what I say.",
    "Review of Titanic: the ship sinks.",
    "My review: see it.",
    "The review in the Times said: go see it.",
    "The answer: it was bad.",
    "Question: why do people like this film? I never understood it. It is slow.",
    "One question: Why?",
    "This is a film with one question: who did it?",
    "This is the sentence that ruined it: I am your father.",
    "Sure, this film has its flaws: the pacing, the score.",
    "Sure! It is a B movie, but it is fun.",
    "Absolutely! This film is great.",
    "Okay: I admit I cried.",
    "Movie summary: a man dies.",
    "Warning: spoilers ahead.",
    "Positive: the acting. Negative: the plot.",
    "Let me know if you find a copy!",
    "I hope this film finds an audience.",
    "Great fun. Note: the lead in this movie is his brother.",
    "Good fun throughout. ****",
    '"Good" is not how I would call this "film"',
    '"Great film!" "Loved it!"',
    '"Wow," he said, "that is bad."',
    "“A” and “B”",
    "(a) and (b)",
    "**A** and **B**",
    "<b>Great</b> film <b>yes</b>",
    "*** 1/2 out of ***",
    "  kept with its spaces \n",
    "1. FC Köln won the derby 2-1.",
    "2001 is the finest film of its year.",
    "1. Great cast.\n2. Great score.",
    "1. The acting. 2. The plot. Both bad.",
    "- the acting\n- the plot",
    "- 5 degrees was measured in Oslo.",
    "> 50 people died in the blast.",
    "* * * 1/2",
    "Title: The Man in the Moon. A film by nobody.",
    "Headline: Chipmaker to Cut Jobs\n\nThe maker of chips said it would.",
    "Plot: thin.\n\nActing: thinner.\n\nVerdict: skip it.",
    "Q: What do you call a bad film? A: This one.",
    "I have one question:\n\nwhy was this made?",
    "Here are my thoughts:\n\nThe acting is good. The plot is not.",
    "I came up with the following: nobody in this film can act.",
    "Good cast.\n\nThis review contains spoilers: he dies.",
    "I loved it.\n\nI kept thinking about it for days.",
    "Great film.\n\nHow's that for a debut?",
    "Nice.\n\n(The answer is on the DVD.)",
    "The token <|endoftext|> ends a text.",
    "model\nbehaviour",
    '{"name": "Bob", "city": "Paris"}',
    "{sic} he wrote",
)


@pytest.mark.parametrize("before", PREAMBLES)
@pytest.mark.parametrize("row", [ROW, f'"{ROW}"'])
def test_what_stands_before_a_row_comes_off(before: str, row: str) -> None:
    assert repair(before + row, quotes=True, preambles=True).rules[0] in BEFORE
    assert repair(before + row, quotes=True, preambles=True).text == ROW


@pytest.mark.parametrize("after", EPILOGUES)
def test_what_stands_after_a_row_comes_off(after: str) -> None:
    assert repair(ROW + after, quotes=True, preambles=True).rules[0] in ("epilogue", "tokens")
    assert repair(ROW + after, quotes=True, preambles=True).text == ROW


@pytest.mark.parametrize(("name", "form"), [(n, form) for n, forms in WRAPPERS.items() for form in forms])
def test_what_encloses_a_row_is_named_and_comes_off(name: str, form: str) -> None:
    assert unwrapped(form.format(ROW).strip()) == (name, ROW)
    assert repair(form.format(ROW), quotes=True, preambles=False).rules == (name,)


@pytest.mark.parametrize("text", WHOLE)
def test_a_text_that_only_looks_like_it_stays_byte_for_byte(text: str) -> None:
    assert repair(text, quotes=True, preambles=True).text == text
    assert {"preamble", "wrapped"}.isdisjoint(findings(text, SENTIMENT))


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ('"He said "hello" to me."', 'He said "hello" to me.'),
        ('""Titanic" is great"', '"Titanic" is great'),
        ('"I love "Titanic""', 'I love "Titanic"'),
        ("'It's the best film I've seen'", "It's the best film I've seen"),
        ("‘It’s the best film I’ve seen’", "It’s the best film I’ve seen"),
        ("(It is (in part) good.)", "It is (in part) good."),
    ],
)
def test_quotes_and_brackets_inside_survive(text: str, inner: str) -> None:
    opened = unwrapped(text)
    assert opened is not None and opened[1] == inner


def test_layers_come_off_in_any_order_and_are_named_from_the_outside() -> None:
    text = f'Sure! Here is a review:\n\n**"{ROW}"**\n\nI hope this helps!'
    repaired = repair(text, quotes=True, preambles=True)
    assert repaired.text == ROW
    assert repaired.rules == ("preamble", "epilogue", "bold", "quotes")
    assert repair(f'```\nReview: "{ROW}"\n```', True, True).rules == ("code", "preamble", "quotes")


@pytest.mark.parametrize(
    "text",
    [
        "Label: contradiction\nSentence: {}",
        "Premise: A man left.\nHypothesis: {}",
        "Sentence A: A man left.\n\nSentence B: {}\n\nRelationship: Entailment",
        "Paragraph: A man left.\n\nQuestion: {}\n\nAnswer: A man",
        "Rewritten sentence: {}\nOriginal sentence: A man left.",
        '**Title:** "A Waste"\n\n**Review:** {}\n\n**Rating:** 2/10',
    ],
)
def test_of_named_fields_the_row_is_kept(text: str) -> None:
    assert repair(text.format(ROW), quotes=True, preambles=True) == Repaired(ROW, ("fields",))
    assert findings(text.format(ROW), PAIRS)[0] == "preamble"


def test_of_a_json_object_the_text_of_the_row_is_kept() -> None:
    text = 'Here it is:\n\n```json\n{"premise": "A man left.", "hypothesis": "He said \\"no\\".", "why": "So."}\n```'
    assert repair(text, True, True) == Repaired('He said "no".', ("preamble", "code", "json"))
    assert repair('[{"data": {"text": "One\nline."}}]', True, True).text == "One\nline."
    for other in (
        '{"label": "positive", "score": "2"}',
        '{"a": 1}',
        '{"label": "positive"}',
        '{"text": "half of a \\ud83c pair"}',
        '{"text": "',
        '[{"text": "a"}, {"text": "b"}]',
    ):
        assert repair(other, True, True).text == other


def test_a_block_quotation_of_several_paragraphs_is_one_row() -> None:
    assert repair("> Good.\n>\n> Not great.", True, True).text == "Good.\n\nNot great."


def test_each_kind_of_repair_can_be_left_out() -> None:
    text = f'Review: "{ROW}"'
    assert repair(text, quotes=False, preambles=True).text == f'"{ROW}"'
    assert repair(text, quotes=True, preambles=False).text == text
    assert repair(text, quotes=False, preambles=False).rules == ()


@pytest.mark.parametrize(
    "text", ["Review:", '"..."', "Sure!\n\n", "()", "**!**", "Here is a review:", "", '"', "[]"]
)
def test_a_text_of_which_no_word_would_be_left_stays(text: str) -> None:
    assert repair(text, quotes=True, preambles=True).text == text


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Great film. Label: positive", SENTIMENT),
        ("Loved it. (Positive)", SENTIMENT),
        ("(Negative) I hated it.", SENTIMENT),
        ("Sentiment: negative. I hated it", SENTIMENT),
        ("Sentiment: Negative I hated it", SENTIMENT),
        ("I loved it. Rating: positive", SENTIMENT),
        ("Positive review: I loved it", SENTIMENT),
        ("Here is a positive movie review: loved it", SENTIMENT),
        ("**Positive Review**\n\nI loved it", SENTIMENT),
        ("**Negative**: hated it", SENTIMENT),
        ("Positive: I loved it.", SENTIMENT),
        ("Loved it.\nPositive", SENTIMENT),
        ("loved it [positive]", SENTIMENT),
        ("[not_entailment] The man is here", PAIRS),
        ("This sentence is not_entailment with it.", PAIRS),
        ("The answer is: entailment", PAIRS),
        ("The relation is: not entailment.", PAIRS),
        ("Category: Sports. The team won.", NEWS),
        ("Apple rose. Category: Sci/Tech", NEWS),
    ],
)
def test_a_label_that_leaked_is_found(text: str, labels: tuple[str, ...]) -> None:
    assert label_leak(text, labels)
    assert "label_in_text" in findings(text, labels)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a positive message about family", SENTIMENT),
        ("negative", SENTIMENT),
        ("sports", NEWS),
        ("Positive: the acting. Negative: the plot.", SENTIMENT),
        ("I read a negative review and went anyway.", SENTIMENT),
        ("The answer is positive thinking.", SENTIMENT),
        ("It got positive reviews: four stars from the Times.", SENTIMENT),
        ("My rating: 7/10, a positive surprise", SENTIMENT),
        ("The negative (and I mean the film negative) was lost", SENTIMENT),
        ("On the positive side: the music.", SENTIMENT),
        ("He is positive (sure) of it.", SENTIMENT),
        ("The World Cup: a story of sports and business.", NEWS),
        ("business (as usual) went on", NEWS),
        ("World leaders met: the talks failed.", NEWS),
        ("Entailment is a relation between sentences.", PAIRS),
        ("Label: positive", ()),
    ],
)
def test_a_label_in_its_ordinary_use_is_no_leak(text: str, labels: tuple[str, ...]) -> None:
    assert label_leak(text, labels) is None


def test_labels_are_words_and_no_patterns() -> None:
    assert label_leak("Label: c++", ("c++", "c.*"))
    assert label_leak("Label: cobol", ("c++", "c.*", "", "(")) is None


@pytest.mark.parametrize(
    "text",
    [
        "Good.",
        'He said "good."',
        "(good.)",
        "Really?!",
        "Bien…",
        "よい。",
        "“Good!”\n",
        "अच्छा।",
        "好！",
        "**Good.**",
    ],
)
def test_a_sentence_that_ends_is_finished(text: str) -> None:
    assert not unfinished(text)


@pytest.mark.parametrize(
    "text", ["Good", "and then the", "good, ", "Well:", '"so he', "", "よ", "good)", "..., and"]
)
def test_a_sentence_that_does_not_end_is_unfinished(text: str) -> None:
    assert unfinished(text)


def test_findings_come_in_a_fixed_order() -> None:
    text = "Review: I cannot write a review that contains slurs (Negative)"
    assert findings(text, SENTIMENT) == ("refusal", "preamble", "label_in_text", "unfinished")
    assert findings(f'Sure! Here is a positive review: "{ROW}', SENTIMENT) == ("preamble", "label_in_text")
    assert findings(f'Review: "{ROW}"', SENTIMENT) == ("preamble", "wrapped")
    assert findings(ROW, SENTIMENT) == ()


def test_a_refusal_within_a_wrapped_row_is_found() -> None:
    assert findings('Question: "I am unable to answer this request."', PAIRS) == (
        "refusal",
        "preamble",
        "wrapped",
    )


MARKS = (
    '"',
    "'",
    "**",
    "```",
    "(",
    ")",
    "\n",
    " ",
    ":",
    "<a>",
    "</a>",
    "a",
    "Review",
    "here is ",
    "“",
    "”",
    "don't",
    ".",
    "Label: a\n",
    "\nSentence: ",
    "</s>",
    "- ",
    "1. ",
    "> ",
    '{"text": "',
    '"}',
    "🎬",
)
PIECES = st.sampled_from((*PREAMBLES, *EPILOGUES, *sum(WRAPPERS.values(), ()), ROW, *MARKS))
TEXTS = st.text(max_size=60) | st.lists(PIECES, max_size=7).map("".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.booleans(), st.booleans())
def test_repair_is_idempotent_and_takes_only_from_the_ends(text: str, quotes: bool, preambles: bool) -> None:
    once = repair(text, quotes, preambles)
    assert once.text in text or {"json", "half_json", "cited"} & set(
        once.rules
    )  # those are not only at the ends
    assert repair(once.text, quotes, preambles).text == once.text
    assert bool(once.rules) == (once.text != text)
    assert any(map(str.isalnum, once.text)) == any(map(str.isalnum, text))


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_the_parts_agree_with_each_other(text: str) -> None:
    assert 0 <= preamble(text) <= len(text)
    assert 0 <= epilogue(text) <= len(text)
    opened = unwrapped(text.strip())
    assert opened is None or opened[1] != text
    found = findings(text, SENTIMENT)
    assert found == tuple(name for name in FINDINGS if name in found)
    assert ("unfinished" in found) == unfinished(text)
    if {"preamble", "wrapped"}.isdisjoint(found):
        assert repair(text, True, True).text == text


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        '"',
        "'",
        " ",
        ":",
        "(",
        "()",
        "\n",
        "`",
        "*",
        "_",
        "“",
        "<a>",
        "a: ",
        "here is ",
        "review: ",
        "</a",
        "-",
        "note: ",
        "label: a\n",
        "> a\n",
        '{"a":',
        "[{",
        "</s>",
        "[INST]",
        "🎬",
        "this review conveys ",
    ],
)
def test_a_hundred_kilobytes_of_anything_are_read_through(piece: str) -> None:
    text = piece * (100_000 // len(piece))  # a quadratic search would take minutes
    for whole in (text, f'"{text}"', f"<a>{text}</a>", f"Here is a review: {text}", f"Good. {text}"):
        findings(whole, SENTIMENT)
