"""Every number of a record: its name, what it says, which way is good."""

from __future__ import annotations

# what a number says, and which way is good; in the order of the page
GAP = {
    "mauve": "MAUVE, 1 = same distribution",
    "c2st": "accuracy of a classifier that tells gold from synthesized, 0.5 = cannot",
    "mmd": "squared maximum mean discrepancy, 0 = none",
    "precision": "share of synthesized rows near a gold row",
    "recall": "share of gold rows near a synthesized row",
    "coverage": "share of gold rows whose neighbourhood has a synthesized row",
}


DIVERSITY = {
    "distinct_1": "different words, of all",
    "distinct_2": "different pairs of words, of all",
    "distinct_3": "different runs of three words, of all",
    "self_bleu": "BLEU of rows against each other, low = diverse",
    "compression": "bytes by compressed bytes, low = diverse",
    "vendi": "Vendi score: how many different rows there seem to be",
}
