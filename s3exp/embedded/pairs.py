"""Training examples: prompts with answers, most of them an example review and one like it."""

import random
import re
from dataclasses import dataclass

from s3exp.embedded import grammar, prompts
from s3exp.embedded.salad import GLUED, misspell, perturb, salad

MIX = {"extrapolation": 0.66, "plain": 0.14, "reasons": 0.12, "rationale": 0.08}
_BREAK = re.compile(r"(?<=[,;:.!?]) | (?=(?:but|and|because|yet|although|which|while|so|or)\b)")
_TURNS = ("but", "yet", "although", "though", "still")


@dataclass(frozen=True)
class Example:
    """One training document.

    Attributes:
        task: extrapolation, plain, reasons or rationale.
        label: positive or negative.
        kind: kind of review; "natural" where the shown text is random.
        shown: the shown review, empty if there is none.
        prompt: what the user says.
        answer: what the model says.
    """

    task: str
    label: str
    kind: str
    shown: str
    prompt: str
    answer: str


def shown_text(rng: random.Random, label: str, kind: str) -> str:
    """A text to show that the grammar alone would not produce."""
    parts: list[str] = []
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        draw = rng.random()
        if draw < 0.6:
            parts.append(salad(rng))
        else:
            deriver = grammar.Deriver(rng, label)
            parts.append(perturb(rng, deriver.sentence(kind), rng.choice((0.0, 0.1, 0.3))))
    text = parts[0]
    for part in parts[1:]:
        joint = rng.choice((", ", ". ", ". ", "; ", " and ", " but ", ": ", "! ", " because "))
        text += (" " if text[-1] in ".!?" else joint) + part
    text = grammar.tidy(text, capitals=rng.random() < 0.75)
    if rng.random() < 0.12:
        text = misspell(rng, text)
    if rng.random() < 0.08:
        for plain, fancy in (("'", "’"), (", ", " — "), ("ee", "é"), ("...", "…"), (": ", " - ")):
            text = text.replace(plain, fancy)
    if text[-1] not in ".!?" and rng.random() < 0.8:
        text += rng.choice("...!")
    words = text.split()
    return " ".join(words[:58]) if len(words) >= 4 else shown_text(rng, label, kind)


def _clause(rng: random.Random, label: str, kind: str) -> str:
    use = kind if kind != "contrast" and rng.random() < 0.6 else "plain"
    text = grammar.Deriver(rng, label).sentence(use)
    return text if text[-1] in ".!?" else text + "."


def _cut(rng: random.Random, words: list[str], low: float, high: float) -> int:
    """A position to cut at, after a share of the words, at a clause boundary if there is one."""
    span = range(max(2, round(low * len(words))), max(3, round(high * len(words)) + 1))
    places = [i for i in span if i < len(words) and words[i - 1].lower() not in GLUED]
    text_break = [
        i
        for i in places
        if words[i - 1][-1] in ",;:.!?" or words[i].lower() in ("but", "and", "because", "yet")
    ]
    pool = text_break if text_break and rng.random() < 0.85 else places
    return rng.choice(pool) if pool else max(1, len(words) // 2)


def _join(rng: random.Random, left: str, right: str) -> str:
    """Joins two pieces as sentences, or as clauses where the first is cut short."""
    if left[-1] in ".!?":
        return f"{left} {right}"
    lowered = right if right.split()[0] in ("I", "I'd") else right[0].lower() + right[1:]
    if left[-1] in ",;:":
        return f"{left} {lowered}"
    return left + rng.choice((f". {right}", f". {right}", f", {lowered}", f" and {lowered}"))


def _substitute(rng: random.Random, label: str, words: list[str], share: float) -> list[str]:
    """Replaces, drops or strengthens a share of the words, and perturbs the numbers."""
    same = [grammar.RULES[key] for key in ("asp", "asps", "film", "genre", f"{label}.strong")]
    out = []
    for word in words:
        core = word.strip(".,;:!?")
        if core.isdigit() and rng.random() < 0.4:
            word = word.replace(core, str(max(0, int(core) + rng.choice((-1, 1)))))
        elif core.isalpha() and core.lower() not in GLUED and rng.random() < share:
            pool = next((options for options in same if core.lower() in options), ())
            fate = rng.random()
            if not pool and fate < 0.25 and core == word and core.islower():
                continue
            if not pool and fate < 0.6:
                out.append(word)
                continue
            new = rng.choice(pool or grammar.RULES[rng.choice(("asp", "obj", "qual"))])
            new = grammar.Deriver(rng, label).fill(new)
            word = word.replace(core, new.capitalize() if core[0].isupper() else new)
        out.append(word)
    return out


def _pieces(pieces: list[str]) -> str:
    """Joins pieces of sentences, lower-casing the first letter of those inside a sentence."""
    text = pieces[0]
    for piece in pieces[1:]:
        if text[-1] not in ".!?" and piece[0].isupper() and piece.split()[0] not in ("I", "I'd"):
            piece = piece[0].lower() + piece[1:]
        elif text[-1] == "." and piece[0].islower():
            text = text[:-1] + ","
        text += " " + piece
    return text


def _with_new_tail(rng: random.Random, words: list[str], label: str, kind: str) -> str:
    cut = _cut(rng, words, 0.4, 0.85)
    left = " ".join(words[:cut])
    if words[cut:] and words[cut] in _TURNS:
        return f"{left} {words[cut]} {grammar.Deriver(rng, label).expand('turn', '=')}."
    return _join(rng, left, _clause(rng, label, kind))


def _with_new_head(rng: random.Random, words: list[str], label: str, kind: str) -> str:
    cut = _cut(rng, words, 0.1, 0.6)
    if words[cut:] and words[cut] in _TURNS:
        return f"{grammar.Deriver(rng, label).expand('conc', '!')}, {' '.join(words[cut:])}"
    head = _clause(rng, label, kind)
    return f"{head[:-1]}{rng.choice(('.', '.', ',', ' and', ':'))} {' '.join(words[cut:])}"


def remix(rng: random.Random, text: str, label: str, kind: str) -> str:
    """Another review that copies long spans of `text` and replaces the rest."""
    words = text.split()
    segments = [s for s in _BREAK.split(text) if s]
    draw = rng.random()
    if draw < 0.28:
        out = _with_new_tail(rng, words, label, kind)
    elif draw < 0.52:
        out = _with_new_head(rng, words, label, kind)
    elif draw < 0.68 and len(segments) > 1:
        place = rng.randrange(len(segments))
        out = _pieces([*segments[:place], _clause(rng, label, kind), *segments[place + 1 :]])
    elif draw < 0.76 and len(segments) > 1:
        order = _pieces(rng.sample(segments, len(segments)))
        out = " ".join(_substitute(rng, label, order.split(), 0.08))
    elif draw < 0.88:
        out = " ".join(_substitute(rng, label, words, rng.choice((0.08, 0.15, 0.25))))
    else:
        start = _cut(rng, words, 0.1, 0.5)
        span = words[start : start + rng.randint(3, 9)]
        out = f"{_clause(rng, label, kind)[:-1]}, {' '.join(span)}"
        out = _join(rng, out, _clause(rng, label, kind))
    capitals = text[0].isupper() or not text[0].isalpha()
    out = grammar.tidy(out if capitals else out.lower(), capitals=capitals)
    out_words = out.split()
    if len(out_words) > 44:
        out = " ".join(out_words[:44]).rstrip(",;:") + "."
    return out


def _same(one: str, other: str) -> bool:
    return re.findall(r"[\w']+", one.lower()) == re.findall(r"[\w']+", other.lower())


def extrapolation_pair(rng: random.Random, label: str, natural: float = 0.72) -> Example:
    """An example review and another similar to it, of the same label and kind."""
    kind = rng.choice(grammar.KINDS)
    is_natural = rng.random() < natural
    shown = answer = ""
    while _same(shown, answer) or len(answer.split()) < 4:
        if is_natural:
            shown = shown_text(rng, label, kind)
            answer = remix(rng, shown, label, kind)
        else:
            first = grammar.Deriver(rng, label)
            shown = grammar.kind_review(first, kind)
            if rng.random() < 0.5:
                answer = remix(rng, shown, label, kind)
            else:
                again = grammar.Deriver(rng, label, dict(first.record), reuse=0.75)
                answer = grammar.kind_review(again, kind)
            if rng.random() < 0.2:
                shown, answer = shown.lower(), answer.lower()
    prompt = prompts.extrapolation_prompt(label, shown)
    return Example("extrapolation", label, "natural" if is_natural else kind, shown, prompt, answer)


def example(rng: random.Random, natural: float = 0.72, task: str | None = None) -> Example:
    """One training document, of a task drawn by the mix unless it is given."""
    task = task or rng.choices(list(MIX), list(MIX.values()))[0]
    label = rng.choice(grammar.LABELS)
    if task == "extrapolation":
        return extrapolation_pair(rng, label, natural)
    if task == "plain":
        answer = grammar.plain_review(rng, label)
        return Example(task, label, "plain", "", prompts.seed_prompt(label), answer)
    if task == "reasons":
        found = grammar.reasons(rng, label, rng.choice((1, 2, 2, 3)))
        prompt = prompts.seed_prompt(label, [text for text, _ in found])
        answer = grammar.review_of_reasons(rng, label, [paraphrase for _, paraphrase in found])
        return Example(task, label, "plain", "", prompt, answer)
    count = rng.randint(3, 8)
    answer = grammar.rationale_list(rng, label, count)
    return Example(task, label, "plain", "", prompts.rationale_prompt(label, count), answer)
