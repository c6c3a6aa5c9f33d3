"""Words and rules of the plain reviews: conventional praise and blame.

A rule maps a symbol to its alternatives. In an alternative, ``{x}`` is the symbol ``x``,
``{=x}`` the symbol ``<label>.x`` and ``{!x}`` the same of the opposite label.
"""


def alternatives(text: str) -> tuple[str, ...]:
    """Splits a block at its bars and tidies white space."""
    return tuple(" ".join(part.split()) for part in text.split("|") if part.strip())


_p = alternatives

SHARED: dict[str, tuple[str, ...]] = {
    "film": _p("film | movie | picture | feature | production | film | movie | release"),
    "asp": _p(
        """plot | story | script | acting | cast | pacing | dialogue | ending | direction |
        soundtrack | music | camera work | editing | humour | atmosphere | premise | opening |
        finale | lighting | romance | action | suspense | cinematography | setting | storyline |
        screenplay | score | character development | lead performance | production design |
        costume work | first act | second half | final scene | narration | chemistry"""
    ),
    "asps": _p(
        """characters | performances | actors | visuals | jokes | songs | effects | costumes |
        special effects | action scenes | twists | supporting actors | dialogues | scenes | sets |
        fight scenes | dance numbers | flashbacks | landscapes | emotional moments"""
    ),
    "genre": _p(
        """comedy | drama | thriller | romance | horror film | documentary | western | musical |
        war film | crime story | family film | mystery | adventure | biopic | fantasy | science
        fiction film | animated film | action film | love story | detective story | road movie |
        heist film | sports drama | spy film | period drama | coming-of-age story"""
    ),
    "about": _p(
        """about two sisters | about a young teacher | about a small town | about an old soldier |
        about a lost child | about friendship | about a family secret | about grief | about love |
        about a bank robbery | about a lonely widow | about a boxer | about a detective | about a
        long journey | set in the desert | set in Paris | set at sea | set in winter | set in the
        future | set in a hotel | set in a school | set in wartime | on a farm | about a missing
        girl | about a doctor | about a singer | about a chef | about a pilot"""
    ),
    "who": _p(
        """the lead actor | the lead actress | the director | the whole cast | the young star |
        the supporting cast | the writer | the composer | the villain | the main character | the
        heroine | the hero | the leading man | the narrator | the cinematographer | the newcomer
        in the lead | the child actor | the veteran actress"""
    ),
    "adv": _p(
        """very | really | truly | consistently | completely | absolutely | remarkably | quite |
        simply | thoroughly | deeply | utterly | surprisingly | extremely | genuinely |
        particularly | especially | totally | clearly | all in all"""
    ),
    "when": _p(
        """from start to finish | throughout | from beginning to end | in every scene | all the
        way through | from the first minute | in the second half | by the end | from the opening
        scene | at every turn | for two hours"""
    ),
    "ex": _p("Overall | In short | In the end | All in all | In my opinion | For me | Honestly"),
    "plain_tail": _p("{=verdict_clause} | the {asp} is {=adj} | the {asps} are {=adj} | it {=vp}"),
}

POSITIVE: dict[str, tuple[str, ...]] = {
    "adj": _p(
        """wonderful | great | excellent | brilliant | superb | beautiful | charming | touching |
        gripping | funny | clever | impressive | delightful | fantastic | outstanding | engaging |
        moving | memorable | amazing | lovely | powerful | captivating | masterful | stunning |
        fresh | original | heartfelt | hilarious | perfect | enjoyable | inspired | thoughtful |
        tight | smart | witty | warm | terrific | marvellous | splendid | fascinating | exciting |
        compelling | believable | convincing | elegant | rich | vivid | magical | remarkable |
        entertaining | uplifting | satisfying | strong | sharp | thrilling | tender | lively"""
    ),
    "loved": _p(
        """loved | enjoyed | adored | admired | appreciated | liked | was impressed by | was moved
        by | was delighted by | was charmed by | was thrilled by | was captivated by"""
    ),
    "vp": _p(
        """made me laugh | made me cry | kept me on edge | touched my heart | held my attention |
        moved me | surprised me | made me smile | drew me in | lifted my mood | thrilled me |
        stayed with me for days | inspired me | warmed my heart | filled me with joy | delighted
        the whole family | kept me engaged | exceeded my expectations | charmed me | made my
        evening | deserves every award | works beautifully | flows smoothly | entertains | shines
        | impresses | delivers | succeeds completely"""
    ),
    "perf": _p(
        """gives a wonderful performance | is superb | shines | delivers a great performance | is
        excellent in the role | does a fantastic job | steals every scene | is a joy to watch | is
        perfectly cast | brings real depth to the role | is full of energy | handles the material
        with skill | deserves an award | is charming"""
    ),
    "verdict_clause": _p(
        """I recommend it | I highly recommend it | I would watch it again | it is a must-see | it
        is a real treat | it is a triumph | it is a masterpiece | everyone should see it | I left
        the cinema happy | it is one of the best films of the year | I loved it | it is a pleasure
        to watch | it is worth every minute | it is a gem | it is a joy | I enjoyed every minute |
        it is time well spent | it is a success | I was impressed"""
    ),
    "noun": _p(
        """masterpiece | triumph | gem | delight | treat | joy | success | pleasure | classic |
        winner | celebration | success | marvel"""
    ),
}

NEGATIVE: dict[str, tuple[str, ...]] = {
    "adj": _p(
        """terrible | awful | boring | dull | bad | weak | poor | predictable | tedious | slow |
        disappointing | clumsy | flat | lifeless | forgettable | annoying | ridiculous | stupid |
        horrible | dreadful | messy | confusing | lazy | shallow | pointless | silly | bland |
        empty | wooden | cheap | tiresome | stale | unfunny | cold | ugly | pathetic | painful |
        irritating | generic | incoherent | pretentious | overlong | mediocre | unconvincing |
        uninspired | sloppy | hollow | noisy | unbearable | uninteresting | laughable | dreary |
        repetitive | amateurish | frustrating | lousy | unpleasant | tasteless"""
    ),
    "loved": _p(
        """hated | disliked | was bored by | was annoyed by | was disappointed by | regretted |
        was irritated by | was frustrated by | was let down by | was put off by | loathed | was
        confused by"""
    ),
    "vp": _p(
        """bored me | made me sleepy | wasted my time | annoyed me | made me angry | let me down |
        put me to sleep | left me cold | gave me a headache | confused me | irritated me | made me
        look at my watch | lost my interest | dragged on | insulted my intelligence | made me want
        to leave | bored the whole family | ruined my evening | fails completely | falls apart |
        drags | disappoints | stumbles | collapses | tested my patience | goes nowhere | wastes a
        good idea | made me cringe"""
    ),
    "perf": _p(
        """gives a terrible performance | is awful | looks bored | delivers a weak performance |
        is dreadful in the role | does a poor job | ruins every scene | is painful to watch | is
        badly miscast | brings nothing but noise | overacts | lacks energy | handles the material
        badly | seems lost | is irritating"""
    ),
    "verdict_clause": _p(
        """avoid it | I would avoid it | I want my money back | it is a waste of time | it is a
        disaster | it is a failure | it is a mess | everyone should skip it | I left the cinema
        angry | it is one of the worst films of the year | I hated it | it is a chore to watch |
        it is a waste of money | it is a bore | it is a letdown | I regretted every minute | it is
        time wasted | it is a flop | I was disappointed"""
    ),
    "noun": _p(
        """disaster | failure | mess | bore | disappointment | letdown | flop | waste of time |
        chore | embarrassment | catastrophe | dud | waste of money"""
    ),
}
NEGATIVE["perf"] = tuple(p for p in NEGATIVE["perf"] if " but " not in p)

SENTENCES: tuple[str, ...] = _p(
    """The {asp} is {adv} {=adj}. | The {asp} is {=adj}. | I {=loved} the {asp}. | A {=adj}
    {genre} {about}. | A {=adj} {genre} with a {=adj} {asp}. | It {=vp}. | This {film} is {=adj}
    and {=adj}. | The {asps} are {=adj}. | {who} {=perf}. | {ex}, {=verdict_clause}. |
    {=verdict_clause}. | The {asp} is {=adj} {when}. | The {film} {=vp}. | What a {=adj} {film}! |
    I {=loved} this {film}. | A {=adj} {film}. | This {genre} {about} {=vp}. | The {asps} are
    {=adj} and the {asp} is {=adj}. | I {=loved} the {asps}. | A {=noun}. | It is a {=adj} {genre}
    {about}. | The {asp} is {=adj}, and {who} {=perf}. | {ex}, a {=adj} {film}. | Such a {=adj}
    {asp}! | The {asp} {=vp}. | This {film} is a {=noun}. | {adv} {=adj} {when}. | With its {=adj}
    {asp} and {=adj} {asps}, it {=vp}. | A {=noun} {when}. | I watched this {genre} {about} and it
    {=vp}. | {who} {=perf} and the {asp} is {=adj}."""
)

REASON_ASPECT_FORMS: tuple[str, ...] = _p(
    """the {a} is {d} | the {a} was {d} | The {d} {a} {=vp} | I {=loved} the {d} {a} | the {a} is
    {d} {when} | it has a {d} {a} | the {a} is {adv} {d} | with a {d} {a}, it {=vp} | because the
    {a} is {d}, {=verdict_clause} | thanks to the {d} {a}, {=verdict_clause}"""
)
