"""Texts of random words: some look natural, some are nonsense, none is of the grammar."""

import random
import re

from s3exp.embedded import grammar, lexicon_words
from s3exp.embedded.lexicon import alternatives

GLUED = {
    "not", "no", "never", "too", "hardly", "without", "from", "than", "a", "the", "very", "n't",
    "isn't", "wasn't", "don't", "doesn't", "didn't", "can't", "couldn't", "won't", "nothing", "of",
    "to", "so", "less", "more", "an", "as", "my", "is", "was",
}  # fmt: skip

SKELETONS = alternatives(
    """the {w} of the {w} {w} like a {w} and the {w} {w} | {w} {w} {w} {w} {w} {w} | my {w} said
    it was {w} to {w} the {w} | I went with {ppl} and the {w} {w} us {w} | there is a {w} where
    {w} {w} his {w} | {Name} plays a {w} who {w} the {w} of {w} | after {w} {w} I could {w} the
    {w} | you get {w}, {w} and {w} for the price of a {w} | it is the kind of {w} that {w} your
    {w} | when the {w} {verb}, everyone in the {obj} {verb} | if you like {w} then this {w} is for
    {w} | the {w} is {w} and the {w} is {w} | {w} as a {w}, {w} as a {w} | a {w} {w} about {w} |
    {Name} directs with a {w} {w} | somebody give the {w} a {w} | I was {w} by the {w} in the {w}
    | so much {w}, so little {w} | the {w} could have {w} the {w} | we {w} all the way to the {w}
    | what a {w} {w} {w} | {w} {w} the {w} with {w} {w} | they should have {w} it in the {w} |
    {w}? more like {w} | two hours of {w} and {w} | it {verb} and {verb} until the {w} {verb} |
    {qual}, {qual} and {w} | the best {w} since {w} | as {qual} as my {w} | the {w} made me {w} my
    {w} | I kept {w} at the {w} | not a {w} in {w} | {Name} and {Name} have {w} {w} | I would {w}
    this {w} with {w} | never have I {w} such a {w} | you can {w} the {w} from {w} | somehow the
    {w} ends up {w} | less {w} than {w} | {w}!! {w}!!"""
)


def inflect(rng: random.Random, word: str, ending: str) -> str:
    """A word with an ending, roughly as English spells it."""
    if ending == "s":
        return word + ("es" if word[-1] in "sxz" or word[-2:] in ("ch", "sh") else "s")
    stem = word[:-1] if word[-1] == "e" else word
    return stem + (ending if ending == "ing" or rng.random() < 0.9 else "t")


def natural_clause(rng: random.Random, odd: float) -> str:
    """A clause of everyday words on a loose syntax; a share `odd` of the words is random."""

    def word(symbol: str) -> str:
        if rng.random() < odd:
            return grammar.random_word(rng)
        if symbol in ("noun", "nouns"):
            found = rng.choice(lexicon_words.NOUNS)
            return inflect(rng, found, "s") if symbol == "nouns" else found
        if symbol in ("verb", "verbs", "PAST", "ING"):
            found = rng.choice(lexicon_words.VERBS)
            ending = {"verb": "", "verbs": "s", "PAST": "ed", "ING": "ing"}[symbol]
            return inflect(rng, found, ending) if ending else found
        pool = lexicon_words.ADJECTIVES if symbol == "adj" else lexicon_words.ADVERBS
        return rng.choice(pool)

    def fill(match: re.Match[str]) -> str:
        symbol = match[1]
        if symbol == "name":
            return grammar.pseudo_word(rng).title()
        if symbol == "num":
            numbers = ("two", "three", "ten", "a dozen", str(rng.randint(2, 99)))
            return rng.choice(numbers)
        options = lexicon_words.SYNTAX.get(symbol)
        return rng.choice(options) if options else word(symbol)

    text = "{S}"
    while "{" in text:
        text = re.sub(r"\{(\w+)\}", fill, text)
    return text.replace(" ,", ",")


def salad(rng: random.Random) -> str:
    """A clause that looks natural, or a skeleton of random words, or nothing but random words."""
    draw = rng.random()
    if draw < 0.7:
        text = natural_clause(rng, rng.choice((0.0, 0.0, 0.05, 0.3)))
        return text if len(text) < 160 else salad(rng)
    if draw < 0.8:
        return " ".join(grammar.random_word(rng) for _ in range(rng.randint(3, 12)))
    deriver = grammar.Deriver(rng, "positive")
    template = rng.choice(SKELETONS)
    while "{w}" in template:
        template = template.replace("{w}", grammar.random_word(rng), 1)
    return deriver.fill(template.replace("{Name}", "{name}"))


def misspell(rng: random.Random, text: str) -> str:
    """Drops, doubles or swaps a few letters."""
    letters = list(text)
    for _ in range(rng.randint(1, 5) if len(letters) > 1 else 0):
        i = rng.randrange(len(letters) - 1)
        if letters[i].isalpha() and letters[i + 1].isalpha():
            edit = rng.random()
            if edit < 0.4:
                letters[i] = ""
            elif edit < 0.7:
                letters[i] *= 2
            else:
                letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


def perturb(rng: random.Random, text: str, rate: float) -> str:
    """Replaces, inserts or moves words at random."""
    words: list[str] = []
    for word in text.split():
        draw = rng.random()
        if draw < rate and word.isalpha() and word.lower() not in GLUED:
            words.append(grammar.random_word(rng))
        else:
            words.append(word)
            if draw > 1 - rate / 4:
                words.append(grammar.random_word(rng))
    return " ".join(words)
