"""Odd completions of LLMs, each with the row that a user would want of it, or the reason of its rejection.

The prompt asked for one film review. All texts are our own.
"""

from __future__ import annotations

from dataclasses import dataclass

ROW = "The acting was superb, and I cried twice."
OTHER = "A dull film that goes nowhere for two hours."
THIRD = "It made me laugh more than I want to say."
GERMAN = "Der Film ist schlecht, und ich bin eingeschlafen."
CHINESE = "这部电影很糟糕，我睡着了。"


@dataclass(frozen=True)
class Odd:
    """A completion: its text, the wanted row or, with `!` before it, reason of rejection, and how the answer ended."""

    name: str
    text: str
    wanted: str = ROW
    finish: str = "stop"
    tokens: int = 9


def _odd(kind: str, *texts: str, wanted: str = ROW, finish: str = "stop", tokens: int = 9) -> tuple[Odd, ...]:
    return tuple(Odd(f"{kind} {n}", text, wanted, finish, tokens) for n, text in enumerate(texts))


REASONING = (
    *_odd(
        "whole",
        f"<think>I should praise it.</think>{ROW}",
        f"<think>\n\n</think>\n\n{ROW}",
        f"<THINKING effort='high'>I should praise it.</THINKING>\n{ROW}",
        f"<reasoning>a</reasoning>\n<answer>\n{ROW}\n</answer>",
        f"<thought>a</thought><response>{ROW}</response>",
        f"[THINK]I should praise it.[/THINK]{ROW}",
        f"◁think▷I should praise it.◁/think▷{ROW}",
        f"<|begin_of_thought|>a<|end_of_thought|>\n<|begin_of_solution|>{ROW}<|end_of_solution|>",
        f"<seed:think>a<seed:cot_budget_reflect>b</seed:cot_budget_reflect>c</seed:think>{ROW}",
        f"<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>{ROW}<|END_RESPONSE|>",
        f"<|channel|>analysis<|message|>Praise it.<|end|><|start|>assistant<|channel|>final<|message|>{ROW}<|return|>",
        f"analysisWe need a review.assistantfinal{ROW}",
        f"<|channel>thought\na<channel|>{ROW}",
        f"<start_working_out>a<end_working_out><SOLUTION>{ROW}</SOLUTION>",
        f"<｜think｜>a<｜/think｜>{ROW}",
        f"&lt;think&gt;a&lt;/think&gt;{ROW}",
        f"<think>one</think><think>two</think>{ROW}",
        f"```thinking\nI should praise it.\n```\n{ROW}",
        f"Thinking...\nI should praise it.\n...done thinking.\n\n{ROW}",
        f"Thinking Process:\n\n1. Praise it.\n2. Be short.\n\nFinal answer: {ROW}",
        f"**Reasoning:** I should praise it.\n\n**Review:** {ROW}",
        f"**Thinking**\n\nI should praise it.\n\n**Final answer**\n\n{ROW}",
        f"Let's think step by step. It has to be positive.\n\nFinal review: {ROW}",
        f"Draft: A fine film.\nFinal version: {ROW}",
        f"Here is my thought process: praise it. Here is my response: {ROW}",
        f"思考过程：夸它。\n\n最终答案：{ROW}",
    ),
    *_odd(
        "closing tag alone",
        f"I should praise it. </think> {ROW}",
        f"I should. [/THINK]\n{ROW}",
        f"a ◁/think▷ {ROW}",
    ),
    *_odd("behind the row", f"{ROW}\n<think>Was that right?</think>", f"{ROW}\n<think>Was that"),
    *_odd(
        "alone",
        "<think>The user wants a positive review. I should",
        "<think>I should praise it.</think>",
        "I should praise it. </think>",
        "<|channel|>analysis<|message|>We need a review",
        "analysisWe need to write a review. Maybe",
        "Okay, the user wants me to write a positive review. Let me think about the plot first.",
        "Thinking Process:\n1. Analyze the request",
        wanted="!only_reasoning",
        finish="length",
    ),
    *_odd("in a field of its own", "", wanted="!only_reasoning", finish="length", tokens=200),
    *_odd("cut off after it", f"<think>a</think>{ROW} Then the", wanted="!truncated", finish="length"),
    *_odd("with quotes", f'<think>a</think>\n\nSure! Here is a positive review:\n\n"{ROW}"'),
)
SEVERAL = (
    *_odd(
        "counted",
        f"1. {ROW} 2. {OTHER} 3. {THIRD}",
        f"1. {ROW}\n2. {OTHER}",
        f"1) {ROW}\n\n2) {OTHER}",
        f"**1.** {ROW}\n**2.** {OTHER}",
        f"(1) {ROW} (2) {OTHER}",
        f"① {ROW} ② {OTHER}",
        f"A) {ROW}\nB) {OTHER}",
        f"Here are three reviews:\n\n1. {ROW}\n2. {OTHER}\n3. {THIRD}\n\nLet me know if you need more!",
    ),
    *_odd(
        "headed",
        f"Review 1: {ROW} Review 2: {OTHER}",
        f"**Review 1**\n{ROW}\n\n**Review 2**\n{OTHER}",
        f"### Review 1 (positive)\n{ROW}\n### Review 2 (positive)\n{OTHER}",
        f"Option A: {ROW}\nOption B: {OTHER}",
        f"Rezension 1:\n{ROW}\nRezension 2:\n{OTHER}",
    ),
    *_odd("with titles in bold", f"1. **Superb** {ROW}\n2. **Dull** {OTHER}", wanted=f"**Superb** {ROW}"),
    *_odd("bulleted", f"- {ROW}\n- {OTHER}", f"• {ROW}\n\n• {OTHER}\n\n• {THIRD}"),
    *_odd("apart", f"{ROW}\n---\n{OTHER}", f"{ROW}\n\n***\n\n{OTHER}", f"{ROW}\n\nOr:\n{OTHER}"),
    *_odd(
        "cut off in the second",
        f"1. {ROW}\n2. A dull film that",
        f"1. {ROW}\n2. A dull",
        f"1. {ROW}\n2",
        finish="length",
    ),
    *_odd(
        "in other forms",
        f"First:\n{ROW}\nSecond:\n{OTHER}",
        f"Review: {ROW}\n\nReview: {OTHER}",
        f"{ROW}\n\n{ROW}",
        f"```\n{ROW}\n```\n```\n{OTHER}\n```",
        f"| # | Review |\n|---|---|\n| 1 | {ROW} |\n| 2 | {OTHER} |",
        f"<ol><li>{ROW}</li><li>{OTHER}</li></ol>",
        f"1.{ROW}\n2.{OTHER}",
        f"#1 {ROW}\n#2 {OTHER}",
        f"First review: {ROW}\nSecond review: {OTHER}",
        f'"{ROW}"\n\n"{OTHER}"',
        f'text,label\n"{ROW}",positive\n"{OTHER}",positive',
    ),
    *_odd(
        "one row with a list",
        "Three reasons to see it: 1. the cast 2. the music 3. the end.",
        wanted="Three reasons to see it: 1. the cast 2. the music 3. the end.",
    ),
    *_odd("a list in one row", "1. Great cast.\n2. Great score.", wanted="1. Great cast. 2. Great score."),
)
STRUCTURES = (
    *_odd(
        "JSON",
        f'```json\n{{"text": "{ROW}"}}\n```',
        f'{{"label": "positive", "text": "{ROW}"}}',
        f'[{{"text": "{ROW}"}}, {{"text": "{OTHER}"}}]',
        f'{{"reviews": [{{"review": "{ROW}"}}, {{"review": "{OTHER}"}}]}}',
        f'{{"text": "{ROW}"}}\n{{"text": "{OTHER}"}}',
        f'["{ROW}", "{OTHER}"]',
        f"{{'text': '{ROW}', 'label': 'positive'}}",
        f'{{"text": "{ROW}",}}',
        f'{{text: "{ROW}"}}',
        f'{{"thought": "praise it", "answer": "{ROW}"}}',
        f'json\n{{"text": "{ROW}"}}',
        f"{{“text”: “{ROW}”}}",
        f'{{\n  // as you asked\n  "text": "{ROW}"\n}}',
        f'{{\\"text\\": \\"{ROW}\\"}}',
        f'"{{\\"text\\": \\"{ROW}\\"}}"',
        f'review = "{ROW}"',
        f"const text = '{ROW}';",
        f"text: |\n  {ROW}\nlabel: positive",
        f"label: positive\nreview: >-\n  {ROW}",
        f"<![CDATA[{ROW}]]>",
        f'Here you are: {{"text": "{ROW}"}}',
        f"~~~\n{ROW}\n~~~",
        f'text,label\n"{ROW}",positive',
        f'Hier das Ergebnis:\n```json\n{{"text": "{ROW}"}}\n```\nViel Spaß!',
    ),
    *_odd("a tool call", f'<tool_call>{{"name": "write", "arguments": {{"text": "{ROW}"}}}}</tool_call>'),
    *_odd("boxed", f"\\boxed{{\\text{{{ROW}}}}}", f"$\\boxed{{{ROW}}}$"),
    *_odd("quotation marks", f"‹{ROW}›", f"＂{ROW}＂", f"″{ROW}″", f"”{ROW}”", f"‚{ROW}‘"),
    *_odd("code in a row", 'He says x = "a b" and no more', wanted='He says x = "a b" and no more'),
    *_odd("half of JSON", f'{{"text": "{ROW}", "label": "pos', finish="length"),
    *_odd(
        "JSON cut off in the row", '{"text": "The acting was superb and', wanted="!truncated", finish="length"
    ),
    *_odd("JSON without a text", '{"label": "positive", "score": 5, "by": 7}', wanted="!not_plain"),
    *_odd(
        "tags",
        f"<review>{ROW}</review>",
        f"<review label='positive'>{ROW}</review>",
        f"<review>{ROW}</review>\n<review>{OTHER}</review>",
        f"<label>positive</label>\n<text>{ROW}</text>",
        f"{ROW}</review>",
        f"<review>{ROW}",
        f"As you like it, <review>{ROW}</review>",
    ),
)
ECHOES = (
    *_odd(
        "prompt before",
        f"Write a positive film review. {ROW}",
        f"Write a positive film review.\n\n{ROW}",
        f"write a POSITIVE film review.\n{ROW}",
        f"User: Write a positive film review.\nAssistant: {ROW}",
    ),
    *_odd(
        "prompt behind",
        f"{ROW}\nWrite another positive film review similar to it.",
        f"{ROW} Write a positive film review.",
    ),
    *_odd(
        "prompt alone",
        "Write a positive film review.",
        "Write a positive film review.\n",
        wanted="!repeats_prompt",
    ),
    *_odd(
        "label line",
        f"Label: positive\n{ROW}",
        f"{ROW}\nKlasse: positive",
        f"{ROW}\n[positive]",
        f"{ROW}\nPositive.",
    ),
    *_odd("label in brackets", f"[Positive] {ROW}", f"{ROW} (positive)", f"[Positive] {ROW} (positive)"),
    *_odd(
        "label as a heading",
        f"Positive: {ROW}",
        f"**Positive:** {ROW}",
        f'Positive: "{ROW}"',
        f"positive -> {ROW}",
    ),
    *_odd(
        "label behind the row",
        f"{ROW} Sentiment: positive",
        f'"{ROW}" - positive',
        f"{ROW}\n\n**Label**: Positive.",
    ),
    *_odd(
        "merits and faults",
        "Positive: great cast.\nNegative: bad plot and so on.",
        wanted="Positive: great cast. Negative: bad plot and so on.",
    ),
    *_odd(
        "speaks of the prompt",
        f"You asked me to write a positive film review. {ROW}",
        wanted="!repeats_prompt",
    ),
    *_odd("column name", f"Text: {ROW}", f"**text**: {ROW}"),
    *_odd(
        "one row of each label",
        f"**Negative Review:**\n{OTHER}\n\n**Positive Review:**\n{ROW}",
        f"Positive review: {ROW}\nNegative review: {OTHER}",
    ),
    *_odd(
        "an assistant around it",
        f"Of course. I'd be happy to help. Here goes:\n\n{ROW}",
        f"I'm happy to write one!\n\n{ROW}",
        f"How about this:\n\n{ROW}",
        f"Input: {ROW}\nOutput: positive",
        f"{ROW}\n\n(Note: I have kept it short.)",
        f"{ROW}\n\nThis is a positive review.",
    ),
    *_odd("bytes that are no character", ROW.replace("acting", "act\ufffding"), wanted="!not_plain"),
    *_odd("marks alone", "... --- !!! ***", wanted="!too_short"),
    *_odd(
        "another label than asked for",
        f"Label: negative\n{ROW}",
        f"{ROW}\n[negative]",
        f'{{"label": "negative", "text": "{ROW}"}}',
        f"<label>negative</label><text>{ROW}</text>",
        f"Negative: {ROW}",
        f"Sure! Here it is:\n\nNegative: {ROW}",
        f"{ROW} Sentiment: negative",
        wanted="!other_label",
    ),
    *_odd("wrapper of the exemplar", f"Here is a positive film review: {ROW}"),
)
TURNS = (
    *_odd(
        "tokens",
        f"{ROW}<|im_end|>",
        f"{ROW}<|im_end|>\n<|im_start|>user\nAnother one",
        f"<s>[INST] Write. [/INST] {ROW}</s>",
        f"<start_of_turn>model\n{ROW}<end_of_turn>",
        f"<|start_header_id|>assistant<|end_header_id|>\n\n{ROW}<|eot_id|>",
        f"<｜Assistant｜>{ROW}<｜end▁of▁sentence｜>",
        f"[|assistant|]{ROW}[|endofturn|]",
        f"<|turn>model\n{ROW}<turn|>",
        f"{ROW}<|endoftext|>{OTHER}",
        f"{ROW}</s>",
    ),
    *_odd("ends", f"{ROW}\n### End", f"{ROW}\n\n[END]", f"{ROW}\n<END>", f"{ROW}<|end", f"{ROW} [/review]"),
    *_odd("ChatML without its tokens", f"system\nBe good.\nuser\nWrite one.\nassistant\n{ROW}"),
    *_odd("a token amid the row", "The token <|endoftext|> ends a text", wanted="!template_tokens"),
    *_odd(
        "turns",
        f"{ROW}\nUser: Another one, please.\nAssistant: {OTHER}",
        f"{ROW} User: Another one, please. Assistant: {OTHER}",
        f"Assistant: {ROW}",
        f"### Response:\n{ROW}",
        f"{ROW}\n### Instruction:\nWrite another one.",
        f"{ROW}\n用户：再来一个\n助手：{OTHER}",
    ),
    *_odd("a turn that is cut off", f"{ROW}\nUser: Write", finish="length"),
)
CHARACTERS = (
    *_odd(
        "unseen",
        f"\ufeff{ROW}",
        ROW.replace(" was", "\u200b was"),
        f"\u202a{ROW}\u202c",
        ROW.replace("acting", "act\u00ading"),
        ROW.replace(" was", "\x00 was\x07"),
        f"\x1b[1m{ROW}\x1b[0m",
        ROW.replace(" and", "\u2060 and\u200e"),
        ROW.replace(" I ", "\r\nI\u2028"),
        f"{ROW}\ufffd",
    ),
    *_odd(
        "a family stays",
        "We loved it \U0001f468\u200d\U0001f469\u200d\U0001f467 all",
        wanted="We loved it \U0001f468\u200d\U0001f469\u200d\U0001f467 all",
    ),
    *_odd(
        "a joiner of Persian stays", "من فیلم را می\u200cبینم امروز", wanted="من فیلم را می\u200cبینم امروز"
    ),
)
LANGUAGES = (
    *_odd(
        "German",
        f"Hier ist eine negative Rezension: {GERMAN}",
        f"Hier ist eine negative Rezension:\n\n{GERMAN}",
        f"Klar! Hier ist eine Rezension:\n{GERMAN}",
        f"{GERMAN}\n\nIch hoffe, das hilft dir weiter!",
        wanted=GERMAN,
    ),
    *_odd(
        "French", "Voici une critique négative : Ce film est nul et long.", wanted="Ce film est nul et long."
    ),
    *_odd("Spanish", "Aquí tienes una reseña negativa:\nLa película es mala.", wanted="La película es mala."),
    *_odd(
        "Chinese",
        f"以下是一条负面评论：{CHINESE}",
        f"好的，这是一条负面影评：\n{CHINESE}",
        f"评论1：{CHINESE}评论2：{CHINESE}",
        wanted=CHINESE,
    ),
    *_odd(
        "Japanese",
        "もちろんです！こちらは否定的なレビューです：\n\nひどい映画でした。",
        wanted="ひどい映画でした。",
    ),
    *_odd(
        "announced and not written",
        "Negative: A negative review:",
        "Review of the film:",
        "Hier ist die Rezension:",
        "以下是一条负面评论：",
        wanted="!only_preamble",
    ),
    *_odd("Russian", "Вот отрицательный отзыв: Фильм плохой и скучный.", wanted="Фильм плохой и скучный."),
    *_odd(
        "Hungarian, by its form", "Ez egy negatív kritika:\n\nA film rossz volt.", wanted="A film rossz volt."
    ),
    *_odd(
        "refusals",
        "Es tut mir leid, aber ich kann diese Anfrage nicht erfüllen.",
        "Als KI-Sprachmodell habe ich keine eigene Meinung zu Filmen.",
        "Je suis désolé, mais je ne peux pas écrire cette critique.",
        "Lo siento, pero no puedo ayudar con eso.",
        "抱歉，我无法提供这样的内容。",
        "申し訳ありませんが、そのようなレビューを作成することはできません。",
        "Извините, я не могу выполнить этот запрос.",
        wanted="!refusal",
    ),
    *_odd(
        "no refusal",
        "Es tut mir leid, aber ich kann am Freitag nicht kommen.",
        wanted="Es tut mir leid, aber ich kann am Freitag nicht kommen.",
    ),
    *_odd("cut off in Chinese", f"{CHINESE}然后", wanted="!truncated", finish="length"),
)
ALL = (*REASONING, *SEVERAL, *STRUCTURES, *ECHOES, *TURNS, *CHARACTERS, *LANGUAGES)
