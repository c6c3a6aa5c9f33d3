"""A grammar of film reviews: plain ones for the seeds, nine other kinds beside them."""

import random
import re
from collections import defaultdict

from s3exp.embedded import lexicon, lexicon_more, lexicon_words

LABELS = ("positive", "negative")
KINDS = (
    "plain",
    "negation",
    "contrast",
    "sarcasm",
    "understatement",
    "comparison",
    "mixed",
    "rating",
    "idiom",
    "slang",
)

_SLOT = re.compile(r"\{([=!]?)(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou](?!ni|ne\b|ser))")
_SENTENCE_START = re.compile(r"(^|[.!?] +)([a-z])")
_FIRST = "b c d f g h j k l m n p r s t v w z br cr dr fl gr kl pl sk sl sp st tr th sh ch".split()
_VOWELS = "a e i o u a e i o ai ea oo ou ee".split()
_LAST = "b ck d f g l ll m n nd ng nt p r rd rk rn s sk ss st t th x z".split() + [""] * 8
_SUFFIXES = ("ness ly ful less er ers ing ed ish able ment ity ous ive al ist ism ic y s es est tion").split()
_PREFIXES = "un re over under out mis non pre anti super mid half".split()
_FUNCTION = (
    "the a of and to in it is was that with for on as at by this from his her my our their who "
    "what when then there so just more some than into about after before while because if all "
    "he she we they you I me him us them had has have would could will can its been were"
).split()

_WORDS = (
    lexicon_more.OBJECTS,
    lexicon_more.QUALITIES,
    lexicon_more.VERBS,
    lexicon_words.NOUNS,
    lexicon_words.VERBS,
    lexicon_words.ADJECTIVES,
    lexicon_words.ADVERBS,
)


def _merge() -> dict[str, tuple[str, ...]]:
    rules = dict(lexicon.SHARED) | dict(lexicon_more.MORE)
    sides = (
        ("positive", lexicon.POSITIVE, lexicon_more.POSITIVE),
        ("negative", lexicon.NEGATIVE, lexicon_more.NEGATIVE),
    )
    for label, plain, more in sides:
        rules |= {f"{label}.{name}": options for name, options in (plain | more).items()}
        rules[f"{label}.plain"] = lexicon.SENTENCES
        rules[f"{label}.as_reason"] = lexicon.REASON_ASPECT_FORMS
    return rules


RULES = _merge()


def opposite(label: str) -> str:
    """The other label."""
    return LABELS[1 - LABELS.index(label)]


def pseudo_word(rng: random.Random) -> str:
    """A made-up word of one to four syllables."""
    count = rng.choices((1, 2, 3, 4), (2, 5, 3, 1))[0]
    return "".join(rng.choice(_FIRST) + rng.choice(_VOWELS) + rng.choice(_LAST) for _ in range(count))


def derived_word(rng: random.Random) -> str:
    """A word of the broad lexicon with a prefix, a suffix, or another word glued to it."""
    pool = rng.choice((lexicon_more.OBJECTS, lexicon_more.QUALITIES, lexicon_more.VERBS))
    word = rng.choice(pool).split()[-1]
    draw = rng.random()
    if draw < 0.5:
        return word + rng.choice(_SUFFIXES)
    if draw < 0.75:
        return rng.choice(_PREFIXES) + word
    return word + rng.choice(("-", "", "'s ")) + rng.choice(lexicon_more.OBJECTS).split()[0]


def random_word(rng: random.Random) -> str:
    """Any word: of the lexicon, made up, derived, a function word, a number."""
    draw = rng.random()
    if draw < 0.3:
        return rng.choice(rng.choice(_WORDS))
    if draw < 0.5:
        return rng.choice(rng.choice(_WORDS)).split()[-1] + rng.choice(_SUFFIXES)
    if draw < 0.7:
        return pseudo_word(rng)
    if draw < 0.82:
        return derived_word(rng)
    if draw < 0.96:
        return rng.choice(_FUNCTION)
    return str(rng.randint(1, 2030))


def tidy(text: str, *, capitals: bool = True) -> str:
    """Repairs articles, white space and, unless told otherwise, the sentences' first letters."""
    text = _ARTICLE.sub(r"\1n ", " ".join(text.split()))
    if capitals:
        text = _SENTENCE_START.sub(lambda m: m[1] + m[2].upper(), text)
    return text


class Deriver:
    """Expands symbols of the grammar for one label, and remembers what it expanded.

    Args:
        rng: the source of all choices.
        label: the label that ``=`` stands for.
        memory: expansions of another text, by symbol, to re-use.
        reuse: probability of re-using a remembered expansion.
    """

    def __init__(
        self,
        rng: random.Random,
        label: str,
        memory: dict[str, list[str]] | None = None,
        reuse: float = 0.0,
    ) -> None:
        self.rng, self.label = rng, label
        self.memory, self.reuse = memory or {}, reuse
        self.record: dict[str, list[str]] = defaultdict(list)

    def _special(self, name: str) -> str | None:
        rng = self.rng
        if name in ("Obj", "Qual", "Name"):
            pool = lexicon_more.OBJECTS if name == "Obj" else lexicon_more.QUALITIES
            return (pseudo_word(rng) if name == "Name" else rng.choice(pool)).title()
        if name == "name":
            return " ".join(pseudo_word(rng).title() for _ in range(rng.choice((1, 1, 2))))
        spans = {"hi": (7, 10), "lo": (0, 4), "hi5": (4, 5), "lo5": (1, 2), "hip": (80, 100)}
        low, high = spans.get(name, (5, 40) if name == "lop" else (-1, -1))
        return None if low < 0 else str(rng.randint(low, high))

    def expand(self, name: str, mark: str = "") -> str:
        """Expands one symbol, from memory or afresh."""
        side = {"": "", "=": f"{self.label}.", "!": f"{opposite(self.label)}."}[mark]
        key = side + name
        remembered = self.memory.get(key)
        if remembered and self.rng.random() < self.reuse:
            text = self.rng.choice(remembered)
        else:
            special = self._special(name)
            text = self.fill(self.rng.choice(RULES[key])) if special is None else special
        self.record[key].append(text)
        return text

    def sentence(self, kind: str) -> str:
        """A sentence of a kind; its template may be a remembered one."""
        key = f"{self.label}.{kind}"
        if key in self.memory and self.rng.random() < 0.3 * self.reuse:
            text = self.rng.choice(self.memory[key])
        else:
            known = self.memory.get(f"template:{key}", [])
            again = bool(known) and self.rng.random() < 0.6 * self.reuse
            template = self.rng.choice(known if again else RULES[key])
            self.record[f"template:{key}"].append(template)
            text = self.fill(template)
        self.record[key].append(text)
        return text

    def fill(self, template: str) -> str:
        """Replaces every slot of a template."""
        return _SLOT.sub(lambda m: self.expand(m[2], m[1]), template)


def plain_review(rng: random.Random, label: str) -> str:
    """Straight praise or blame, of one to four sentences."""
    deriver = Deriver(rng, label)
    count = rng.choices((1, 2, 3, 4), (1, 5, 5, 2))[0]
    sentences: list[str] = []
    while len(sentences) < count or len(" ".join(sentences).split()) < 6:
        new = deriver.sentence("plain")
        if new not in sentences:
            sentences.append(new)
    words = " ".join(sentences).split()
    while len(words) > 40:
        sentences.pop()
        words = " ".join(sentences).split()
    return tidy(" ".join(sentences))


def kind_review(deriver: Deriver, kind: str, *, capitals: bool = True) -> str:
    """A review of a kind: one or two sentences of it, perhaps beside a plain one."""
    rng = deriver.rng
    if kind == "plain":
        parts = [deriver.sentence("plain") for _ in range(rng.choice((1, 2, 2, 3)))]
    else:
        parts = [deriver.sentence(kind) for _ in range(rng.choice((1, 1, 2)))]
        if len(" ".join(parts).split()) < 6 or rng.random() < 0.35:
            extra = deriver.sentence(kind if rng.random() < 0.6 else "plain")
            parts.insert(rng.randint(0, len(parts)), extra)
    if len(" ".join(parts).split()) < 6:
        parts.append(deriver.sentence("plain"))
    casual = kind == "slang"
    joint = rng.choice((", ", " ", "... ", "! ", ". ")) if casual else ". "
    text = parts[0]
    for part in parts[1:]:
        text += (" " if text[-1] in ".!?" else joint) + part
    if text[-1] not in ".!?" and not casual:
        text += "."
    return tidy(text, capitals=capitals and not (casual and rng.random() < 0.7))


def reason(rng: random.Random, label: str) -> tuple[str, str]:
    """A short reason for an impression, and a sentence that says the same in its own way."""
    deriver = Deriver(rng, label)
    draw = rng.random()
    if draw < 0.55:
        aspect, quality = deriver.expand("asp"), deriver.expand("adj", "=")
        form = rng.choice(lexicon.REASON_ASPECT_FORMS)
        form = form.replace("{a}", aspect).replace("{d}", quality)
        return f"the {aspect} is {quality}", deriver.fill(form)
    if draw < 0.75:
        aspect, quality = deriver.expand("asps"), deriver.expand("adj", "=")
        forms: tuple[str, ...] = (
            f"the {aspect} are {quality}",
            f"the {aspect} were {quality} {{when}}",
            f"I {{=loved}} the {quality} {aspect}",
            f"it has {quality} {aspect}",
        )
        return f"the {aspect} are {quality}", deriver.fill(rng.choice(forms))
    if draw < 0.9:
        phrase = deriver.expand("vp", "=")
        forms = (f"it {phrase}", f"this {{film}} {phrase}", f"the {{asp}} {phrase}")
        return f"it {phrase}", deriver.fill(rng.choice(forms))
    subject, phrase = deriver.expand("who"), deriver.expand("perf", "=")
    return f"{subject} {phrase}", f"{subject} {phrase}"


def reasons(rng: random.Random, label: str, count: int) -> list[tuple[str, str]]:
    """Distinct reasons with their paraphrases."""
    found: dict[str, str] = {}
    while len(found) < count:
        text, paraphrase = reason(rng, label)
        found.setdefault(tidy(text, capitals=False), paraphrase)
    return list(found.items())


def review_of_reasons(rng: random.Random, label: str, paraphrases: list[str]) -> str:
    """A plain review that mentions the given reasons in any order."""
    deriver = Deriver(rng, label)
    parts = [f"{text}." for text in rng.sample(paraphrases, len(paraphrases))]
    for _ in range(rng.choice((0, 1, 1))):
        parts.insert(rng.randint(0, len(parts)), deriver.sentence("plain"))
    if len(" ".join(parts).split()) < 6:
        parts.append(deriver.sentence("plain"))
    while len(" ".join(parts).split()) > 40 and len(parts) > len(paraphrases):
        parts.pop()
    return tidy(" ".join(parts))


def rationale_list(rng: random.Random, label: str, count: int) -> str:
    """A numbered list of reasons, one a line."""
    found = reasons(rng, label, count)
    return "\n".join(f"{i}. {text}" for i, (text, _) in enumerate(found, 1))
