"""Words and rules of the other kinds of review, far broader than those of the plain ones."""

from s3exp.embedded.lexicon import alternatives as _p

OBJECTS: tuple[str, ...] = _p(
    """accordion | acorn | airport | alarm clock | alley | almond | ambulance | anchor | apron |
    aquarium | armchair | attic | avalanche | bagpipe | bakery | balcony | ballot | banjo | barn |
    basement | bathtub | beard | beehive | bicycle | biscuit | blanket | blizzard | bookshop |
    bracelet | brass band | brick | bridge | bucket | butcher | cactus | camel | canal | candle |
    caravan | carousel | carpet | castle | casserole | cathedral | cellar | chandelier | chess |
    chimney | circus | cliff | clock tower | coal mine | cobweb | coffin | compass | copper |
    corridor | cottage | courtroom | cradle | crayon | cupboard | curtain | dentist | diary |
    dinosaur | donkey | dragon | drum solo | elevator | envelope | escalator | factory | falcon |
    ferry | fiddle | firework | fishing boat | flute | forest | fountain | fridge | funeral |
    garage | garlic | ghost | glacier | glove | goat | grandmother | gravel | greenhouse | guitar
    | gymnasium | hamster | harbour | harvest | helicopter | hospital | hurricane | iceberg |
    invoice | island | jacket | jam jar | jazz club | jungle | kettle | kitchen | kitten | ladder
    | lantern | laundry | lawyer | lemon | library | lighthouse | lizard | lobster | locket |
    magnet | mailbox | maze | meadow | melon | mermaid | microwave | milkman | mirror | monastery
    | monkey | monsoon | moth | motel | mountain | museum | mushroom | necklace | needle |
    newspaper | nun | oak | oasis | octopus | orchard | orchestra | ostrich | oven | owl |
    paintbrush | pancake | parachute | parrot | passport | peacock | pebble | piano | pickle |
    pigeon | pillow | pirate | planet | plumber | pond | postcard | potato | prison | pudding |
    pumpkin | puppet | quarry | quilt | rabbit | railway | rainbow | raven | receipt | river |
    robot | rocket | rooster | rope | sailor | sandwich | saxophone | scarecrow | scarf | seagull
    | shipwreck | shoebox | silver | skeleton | sled | snowstorm | sofa | spaceship | spider |
    staircase | stamp | statue | submarine | suitcase | sunflower | swamp | tailor | tango |
    tavern | taxi | teapot | telescope | tent | thunder | tiger | toaster | tractor | train |
    treasure | trombone | trumpet | tunnel | turnip | typewriter | umbrella | uncle | uniform |
    valley | vampire | vicar | vineyard | violin | volcano | wallpaper | walrus | wardrobe |
    waterfall | wedding | whale | whistle | windmill | witch | wolf | workshop | yacht | zebra |
    popcorn | trailer | screen | seat | ticket | sequel | remake | franchise | prequel | audience
    | row | projector | credits | runtime | budget | poster | studio"""
)

QUALITIES: tuple[str, ...] = _p(
    """abrupt | ancient | anxious | arch | austere | awkward | baggy | balmy | barren | bitter |
    bleak | blunt | breezy | brisk | brittle | broad | busy | careful | chilly | chunky | clammy |
    coarse | cosy | crisp | crooked | crowded | curious | damp | dense | distant | dizzy | dour |
    drowsy | dusty | eager | earthy | eerie | faded | faint | feverish | fierce | fiddly | foggy |
    frail | frantic | frosty | fuzzy | gaudy | gentle | giddy | gloomy | glossy | grainy | grand |
    greasy | grim | gritty | gruff | hasty | hazy | hushed | icy | idle | jagged | jaunty |
    jittery | jolly | knotty | lanky | lavish | leaden | lean | limp | loud | lumpy | lurid | lush
    | mellow | misty | moody | murky | muted | narrow | neat | nervous | nimble | odd | ornate |
    pale | patchy | plucky | polished | proud | quaint | quiet | ragged | raw | restless | rickety
    | robust | rough | rusty | salty | scruffy | serene | shabby | shaky | shiny | shrill | sleek
    | slick | sly | snug | sober | solemn | sombre | sour | sparse | spiky | spry | stark | steep
    | stern | sticky | stiff | stormy | sturdy | subtle | sullen | sunny | supple | swift | syrupy
    | tangled | tart | tense | thick | thin | tidy | timid | tiny | tough | vague | velvety |
    weary | weird | wild | wiry | wistful | woolly | zesty | handmade | moonlit | homespun |
    fast-paced | low-key | big-hearted | half-baked | paper-thin | well-worn | old-fashioned |
    candlelit | sun-drenched"""
)

VERBS: tuple[str, ...] = _p(
    """aches | ambles | balances | bends | blazes | blinks | blooms | boils | bounces | breathes |
    bubbles | builds | burns | buzzes | chatters | chews | circles | clatters | clicks | climbs |
    coasts | crackles | crawls | creaks | crumbles | dances | darts | digs | dissolves | dives |
    drifts | drips | echoes | explodes | fades | fizzes | flickers | floats | flutters | fumbles |
    gallops | glides | glows | grinds | groans | hobbles | hums | hurtles | itches | jogs |
    juggles | knits | leaks | leaps | lingers | lurches | marches | meanders | melts | mumbles |
    nods | paints | peels | plods | pops | prowls | purrs | rambles | rattles | ripples | roars |
    rolls | rumbles | rushes | sags | sails | scrapes | shimmers | shuffles | sighs | simmers |
    sings | sinks | sizzles | skates | skips | slides | slips | smoulders | snaps | sneaks | soars
    | sparkles | spins | splutters | sprints | squeaks | staggers | steams | stings | strides |
    strolls | stumbles | sways | swells | swims | ticks | tiptoes | trembles | trots | trudges |
    tumbles | twists | vanishes | wanders | whirls | whispers | winks | wobbles | yawns | zigzags"""
)

MORE: dict[str, tuple[str, ...]] = {
    "part": _p(
        """{asp} | {asp} | {asp} | {obj} scene | {obj} sequence | voice-over | tone | mood |
        monologue | third act | middle | last twenty minutes | opening shot | car chase | montage
        | twist | love triangle | courtroom speech | sound mix | colour palette | framing |
        backstory | subplot | villain's plan | banter | title song | casting | rhythm | symbolism
        | world-building | make-up | stunt work | shootout | cliffhanger | climax | reveal | setup
        | punchline | CGI"""
    ),
    "obj": OBJECTS,
    "qual": QUALITIES,
    "verb": VERBS,
    "ppl": _p(
        """my wife | my husband | my sister | my brother | my mum | my dad | my kids | my daughter
        | my son | my flatmate | my boss | my neighbour | my date | the couple behind us | our row
        | the whole audience | the critics | my students | my grandmother | my best friend | the
        usher | the guy next to me | half the theatre | everyone I know | my book club | the
        teenagers"""
    ),
    "film2": _p("{film} | {film} | thing | flick | {genre} | one | sequel | remake | adaptation"),
    "title": _p(
        """The {Obj} | {Obj} and {Obj} | The {Qual} {Obj} | {Name} | Return to {Name} | {Qual}
        {Obj} | The Last {Obj} | {Name} Rising | {Name} Two | The {Obj} of {Name} | A {Qual} {Obj}"""
    ),
    "n_time": _p("ten | twenty | forty | ninety | thirty | fifteen | twelve | a hundred | five"),
    "unit": _p("minutes | hours | scenes | years | pounds | dollars | weeks"),
}

POSITIVE: dict[str, tuple[str, ...]] = {
    "strong": _p(
        """{=adj} | {=adj} | sublime | luminous | dazzling | exquisite | riveting | spellbinding |
        joyous | hypnotic | razor-sharp | crackling | electrifying | heart-stopping | wise |
        generous | deft | assured | humane | sparkling | gorgeous | immaculate | infectious |
        nuanced | taut | rousing | soulful | poignant | radiant | irresistible | haunting |
        exhilarating | winning"""
    ),
    "negation": _p(
        """There is not a {!adj} moment in it. | I was never bored. | Not once did I check my
        watch. | The {part} is never {!adj}. | Nothing about the {part} feels {!adj}. | I couldn't
        look away. | I can't find a single fault with the {part}. | No {!adj} {part} here. | I
        didn't want it to end. | It isn't {!adj} at all. | The {part} doesn't drag for a second. |
        You won't regret it. | It never wastes a minute. | I don't have a bad word to say about
        the {part}. | Nobody in the {obj} could stop laughing. | It does not put a foot wrong. | I
        have no complaints about the {part}. | None of it feels {!adj} or {!adj}. | I couldn't
        fault the {part}. | There's nothing {!adj} about {title}. | I haven't laughed this hard in
        {n_time} years. | You can't go wrong with this {film2}. | It never becomes {!adj}. | Don't
        miss it. | I wouldn't change a frame. | No regrets. | It is anything but {!adj}. | The
        {part} is far from {!adj}. | without a {!adj} scene | I wasn't {!loved_p} for a moment. |
        Neither the {part} nor the {part} lets you down. | It doesn't insult your intelligence. |
        never a {!adj} {part}, never a lazy {obj} | I couldn't take my eyes off the {obj}. | It
        isn't a waste of anyone's time. | Hardly a {!adj} scene in {n_time} {unit}. | My fears of
        a {!adj} {part} were unfounded. | {ppl} didn't fidget once. | I never wanted to leave the
        {obj}. | not {!adj}, not {!adj}"""
    ),
    "loved_p": _p("pleased | happy | moved | impressed | thrilled | glad | absorbed"),
    "contrast": _p(
        """The {part} is {!adj}, but the {part} is {=strong}. | {!conc}, but {=turn}. | Although
        {!conc}, {=turn}. | {!conc}; still, {=turn}. | Despite the {!adj} {part}, {=turn}. | I
        expected a {!adj} {film2}, but {=turn}. | {!conc}, yet {=turn}. | Even though {!conc},
        {=turn}. | It starts {!adj} and ends {=strong}. | While {!conc}, {=turn}. | {!conc}.
        However, {=turn}. | {!conc}. And yet {=turn}. | The {part} may be {!adj}, but {=turn}. |
        In spite of {!conc_np}, {=turn}. | The {obj} looks {!adj}, but {=turn}. | I went in
        dreading the {part}, yet {=turn}. | Forget the {!adj} {part}: {=turn}. | {!conc}, though
        {=turn}. | {!conc}, and none of it matters: {=turn}. | The critics hated it, but {=turn}.
        | Not much happens with the {obj}, but {=turn}."""
    ),
    "conc": _p(
        """the {part} is {=adj} | the {part} has its moments | the {obj} looks {=adj} | the
        trailer was {=adj} | I liked the {part} | {ppl} loved it | the cast is {=strong} | the
        first hour is {=adj} | the idea is {=adj} | there is a {=adj} {part} | the {part} is
        {=strong} | the budget is huge | it looks {=strong} | the songs are {=adj} | the critics
        raved | it means well | the {obj} is a {=adj} touch | the {part} starts {=adj} | everybody
        tries hard"""
    ),
    "conc_np": _p(
        """a {=adj} {part} | its {=strong} {part} | the {=adj} {obj} | all the rave reviews | a
        {=adj} cast | some {=strong} visuals | the hype | a {=adj} idea"""
    ),
    "turn": _p(
        """I was won over | it works | I loved it | the {part} saves it | it all comes together |
        the result is {=strong} | the {part} makes up for it | I left smiling | I would see it
        again | the {part} carries the whole {film2} | it got under my skin | it wins you over in
        the end | {ppl} and I were hooked | the {part} is {=strong} | the last hour is {=strong} |
        it is worth it for the {obj} alone | by the end I was in tears | it grows on you | the
        {part} more than compensates | it has heart | it finds its feet | it earns its {obj}"""
    ),
    "sarcasm": _p(
        """Damn this {film2} for making me cry over a {obj}. | Thanks a lot, now I need to watch
        all of {title} again. | Terrible news: I have to buy the {obj} too. | How dare they make a
        {film2} this good. | I hate how much I loved the {part}. | Warning: may cause
        uncontrollable grinning. | Great, now {ppl} wants a {obj}. | Ugh, fine, I cried at the
        {obj}. | My mascara will never forgive the {part}. | My only complaint: it ended. | The
        worst thing about it is that there is no sequel. | I want to sue {name} for the sleep I
        lost thinking about the {part}. | Curse you, {name}, for making me care. | If being this
        happy about a {obj} is wrong, arrest me. | I blame the {part} for my sore cheeks. | Oh no,
        another evening spent rewatching {title}, poor me. | I am furious that I waited {n_time}
        years to see it. | How inconsiderate: I missed my bus because of the {part}. | My popcorn
        went uneaten, and I demand an apology. | Rude of the {part} to be so {=strong}. | Do not
        watch it if you dislike joy. | Somebody stop {name} before we all fall in love. | Sure, if
        you hate {=strong} {part}, stay at home. | I came to mock the {obj} and now I own the
        poster."""
    ),
    "understatement": _p(
        """Not bad at all. | I have spent worse evenings. | It is not without charm. | The {part}
        is no small achievement. | I did not mind the {part} one bit. | One could do worse than
        this {film2}. | {name} is not exactly untalented. | It is hardly a chore to sit through. |
        The {part} is not half bad. | I was not unmoved. | I may have sniffled at the {obj}. | It
        is not the least {=adj} {film2} of the year. | I would not object to a sequel. | You could
        call the {part} competent, and then some. | It rather works. | It will do nicely. | I
        might have smiled once or {n_time} times. | {ppl} did not complain, which is rare. | The
        {part} is not unpleasant. | Nobody asked for a refund. | Let us say the {part} did its
        job. | {name} can act a bit. | I have seen {n_time} worse. | It is no disgrace to the
        {obj}. | It isn't the worst way to spend {n_time} {unit}. | I found the {part} far from
        unbearable. | Quite all right, this {film2}. | A not inconsiderable pleasure. | The {part}
        doesn't exactly hurt the eyes. | I shan't be asking for my money back. | Not too shabby. |
        It passes muster, and more."""
    ),
    "comparison": _p(
        """Better than {title}. | It beats {title} hands down. | It makes {title} look like a
        {obj}. | {=adj_er} than any {film2} I have seen in {n_time} years. | Compared with
        {title}, this is a {=noun}. | I liked it more than the book. | The {part} outshines that
        of {title}. | Everything {title} wanted to be. | It is to {genre} what a {obj} is to
        winter. | {name} has never been better. | As {=strong} as a {obj} at dawn. | Where {title}
        stumbles, this {film2} soars. | Easily the best since {title}. | Like {title}, only
        {=adj_er}. | The {part} is as {=strong} as {title}, if not more so. | Few {genre} pictures
        come close. | It puts {title} to shame. | a cut above {title} | like a warm {obj} on a
        cold day | I would take it over {title} any day. | Next to this, {title} looks {!adj}. |
        {title} walked so this could run. | The sequel surpasses the original. | It has more heart
        than {n_time} {genre} pictures put together. | Unlike {title}, it knows when to stop. | It
        feels like {title} with a soul. | twice as {=strong} as {title} and half as long | It
        stands shoulder to shoulder with {title}."""
    ),
    "adj_er": _p("better | funnier | sharper | wiser | warmer | smarter | richer | braver | bolder | deeper"),
    "mixed": _p(
        """Flawed, uneven, and still worth your {obj}. | Some of it drags, most of it sings. |
        Half the jokes miss and I forgive every one. | A mixed bag, mostly {=adj}. | The {part}
        and the {part} are {!adj}; the {part}, the {part} and the {obj} are {=strong}, so I side
        with the ayes. | It has problems, and I would see it again tomorrow. | Parts are {!adj},
        the whole is {=strong}. | On balance, a yes. | Messy in places, {=adj} where it counts. |
        I have quibbles about the {part}; overall, thumbs up. | Not everything lands, the {part}
        does. | For all its {!adj} patches, I came out ahead. | The good outweighs the bad. | Too
        long by {n_time} minutes, and otherwise {=strong}. | The {part} wobbles, the {part} holds
        it up. | It could have lost the {obj}; it would still be {=adj}. | {ppl} had doubts, I had
        fun, I win. | A few {!adj} scenes aside, {=adj}. | Imperfect and {=strong}. | More hits
        than misses. | I'm torn about the {part}, sold on the {part}. | Warts and all,
        recommended. | Rough edges, big heart. | pros beat cons"""
    ),
    "rating": _p(
        """{hi}/10. | {hi} out of 10. | {hi5} stars. | {hi5} out of five stars. | {hip}%. | A
        solid {hi}. | Grade: {=grade}. | I'd give it {hi} out of ten. | {hi5}/5 for the {part}. |
        Rating: {hi}/10, and the missing point is for the {obj}. | {hi5} {obj}s out of five. | two
        thumbs up | Score: {hip} out of 100. | The {part} gets {hi}, the {part} gets {hi}. | I saw
        it {n_time} times. | Top {n_time} of all time. | I rate it {hi} because the {part} is
        {=adj}. | full marks | worth all {n_time} dollars | {n_time} minutes that felt like two |
        a perfect ten | number one on my list this year | {hi5} stars from me, {hi5} from {ppl} |
        I would have paid double | {hip} per cent of the {part} is {=strong} | on a scale of one
        to ten, eleven | {hi}.5/10 | ⭐⭐⭐⭐⭐ | 10/10 would cry again | A+"""
    ),
    "grade": _p("A | A+ | A minus | A- | B+ | top marks"),
    "idiom": _p(
        """The {part} knocks it out of the park. | It hits the nail on the head. | {name} is on
        fire. | It ticks all the boxes. | It blew me away. | It knocked my socks off. | I was on
        the edge of my seat. | It is the bee's knees. | It takes the cake. | {name} steals the
        show. | It struck a chord with {ppl}. | The {part} is a breath of fresh air. | It had me
        in stitches. | It pulls at the heartstrings. | It is worth its weight in gold. | It left
        me over the moon. | It hits the spot. | It packs a punch. | The {part} is second to none.
        | a feather in {name}'s cap | It went down a treat with {ppl}. | I was glued to the
        screen. | It brought the house down. | a feast for the eyes | The {part} fires on all
        cylinders. | It raises the bar. | It passed with flying colours. | It's a home run. | a
        cut above the rest | It hit home. | It won me over hook, line and sinker. | It is the
        cat's whiskers. | head and shoulders above the rest | It's the real deal. | It had me
        eating out of its hand. | a shot in the arm for the {genre} | It left me on cloud nine. |
        It gets under your skin. | The {part} is the icing on the cake. | It ran rings around the
        competition. | The {part} is spot on. | It strikes gold. | It lights up the room. | {name}
        nails it. | It sweeps you off your feet. | It sent shivers down my spine. | It sticks the
        landing. | A slam dunk. | My jaw hit the floor. | There wasn't a dry eye in the house. |
        It punches above its weight. | a match made in heaven | It keeps you on your toes. | It
        pulls out all the stops. | It is top drawer. | It's the whole package. | I laughed my head
        off. | {ppl} gave it a standing ovation. | pure gold | a diamond in the rough | the best
        thing since sliced bread | It made my day. | a labour of love | like a well-oiled machine
        | It rings true. | It goes out with a bang. | {name} hits every note."""
    ),
    "slang": _p(
        """this {film2} slaps | the {part} goes so hard | lowkey obsessed with the {part} | ngl it
        was fire | absolute banger | chef's kiss | {name} ate and left no crumbs | im deceased, so
        good | the {part} is goated | 10 outta 10 no notes | sooo good omg | loved it sm | bruh
        the {obj} scene!!! | certified classic fr | this one rules | the {part} is lit | dope
        {part} | sick visuals dude | epic win | hella good | wicked good {film2} | a total blast
        lol | freakin awesome | i ugly cried, ty {name} | gonna watch it again fs | bloody
        brilliant that | proper good | well good innit | cracking {film2} mate | smashing stuff |
        da bomb | so damn gud | luv it luv it luv it | totaly amzing {part} | best moive evr |
        grate acting and a beutiful {part} | realy enjoied it | ths was awsome | 100% reccomend |
        defo worth ur time | u gotta see it | no cap this is peak cinema | it hits different |
        vibes immaculate | {name} understood the assignment | W {film2} | big yes from me | im
        shook, in a good way | sheesh the {part} | kinda perfect tbh | tears were shed lmao |
        absolutely slayed | stan {name} forever | not me crying over a {obj} | yesss queen | thats
        how u do a {film2} | the {obj} had me rolling | rad | kickass {part} | mint | a belter |
        top notch stuff fam | so wholesome i cant | gr8 fun | amazeballs | crazy good yo | it
        bangs"""
    ),
}

NEGATIVE: dict[str, tuple[str, ...]] = {
    "strong": _p(
        """{=adj} | {=adj} | abysmal | atrocious | dire | ghastly | insufferable | leaden |
        lumbering | turgid | charmless | witless | soulless | joyless | toothless | ham-fisted |
        threadbare | half-baked | clunky | shoddy | insipid | muddled | grating | cynical |
        derivative | interminable | mawkish | smug | vapid | excruciating | stilted | tone-deaf |
        botched | limp | contrived | bloated | aimless | wretched"""
    ),
    "loved_p": _p("bored | annoyed | disappointed | confused | irritated | restless | let down"),
    "negation": _p(
        """There is not a {!adj} moment in it. | I did not laugh once. | Not one joke lands. | The
        {part} isn't {!adj}. | Nothing about the {part} is {!adj}. | I couldn't wait to leave. |
        It never becomes {!adj}. | No {!adj} {part}, no {!adj} {part}, no point. | I didn't care
        about the {obj}. | The {part} doesn't work. | It isn't {!adj} at all. | You won't miss
        anything. | I don't understand the praise for the {part}. | Nobody in the {obj} laughed. |
        It does not know what it wants. | I have never been so bored. | None of it feels {!adj} or
        {!adj}. | I couldn't stand the {part}. | There's nothing {!adj} about {title}. | I
        wouldn't watch it again for {n_time} dollars. | You can't save a {film2} with a {obj}. |
        Don't bother. | I wasn't {!loved_p} for a moment. | Neither the {part} nor the {part}
        makes sense. | It is anything but {!adj}. | The {part} is far from {!adj}. | without a
        single {!adj} scene | It doesn't earn its {obj}. | It lacks any {!adj} {part}. | Never
        again. | I could not find one {!adj} thing in {n_time} {unit}. | not {!adj}, not {!adj} |
        Hardly a {!adj} scene in {n_time} {unit}. | {ppl} didn't smile once. | The {part} never
        takes off. | My hopes of a {!adj} {part} were unfounded. | It can't hold your attention. |
        I wouldn't recommend it to {ppl}. | no heart, no {obj}, no reason | The {obj} never pays
        off. | I don't recommend it. | It fails to be {!adj}. | I didn't believe a word of the
        {part}."""
    ),
    "contrast": _p(
        """The {part} is {!adj}, but the {part} is {=strong}. | {!conc}, but {=turn}. | Although
        {!conc}, {=turn}. | {!conc}; still, {=turn}. | Despite the {!adj} {part}, {=turn}. | I
        expected a {!adj} {film2}, but {=turn}. | {!conc}, yet {=turn}. | Even though {!conc},
        {=turn}. | It starts {!adj} and ends {=strong}. | While {!conc}, {=turn}. | {!conc}.
        However, {=turn}. | {!conc}. And yet {=turn}. | The {part} may be {!adj}, but {=turn}. |
        In spite of {!conc_np}, {=turn}. | The {obj} looks {!adj}, but {=turn}. | I wanted to love
        the {part}, yet {=turn}. | Forget the {!adj} {part}: {=turn}. | {!conc}, though {=turn}. |
        {!conc}, and none of it matters: {=turn}. | The critics loved it, but {=turn}. | {name}
        tries hard with the {obj}, but {=turn}."""
    ),
    "conc": _p(
        """the {part} is {=adj} | the {part} has its problems | the {obj} looks {=adj} | the
        trailer was {=adj} | I disliked the {part} | {ppl} hated it | the cast is {=strong} | the
        first hour is {=adj} | the idea is {=adj} | there is a {=adj} {part} | the {part} is
        {=strong} | the budget is tiny | it looks {=adj} | the songs are {=adj} | the critics
        sneered | the jokes are old | the {obj} is a {=adj} touch | the {part} starts {=adj} |
        nobody asked for it"""
    ),
    "conc_np": _p(
        """a {=adj} {part} | its {=strong} {part} | the {=adj} {obj} | all the bad reviews | a
        {=adj} cast | some {=strong} visuals | the tiny budget | a {=adj} idea"""
    ),
    "turn": _p(
        """I was bored stiff | it falls apart | I hated it | the {part} ruins it | nothing comes
        together | the result is {=strong} | the {part} drags it down | I left early | once was
        enough | the {part} sinks the whole {film2} | it got on my nerves | it loses you in the
        end | {ppl} and I gave up | the {part} is {=strong} | the last hour is {=strong} | no
        {obj} can save it | by the end I was asleep | it wears you out | the {part} kills the mood
        | it has no heart | it loses its way | it squanders its {obj} | I wanted my evening back"""
    ),
    "sarcasm": _p(
        """Oh great, another {film2} about a {obj}. | Wow, what a {!strong} way to waste {n_time}
        {unit}. | I loved the part where it ended. | The best bit was the {obj} in the lobby. |
        Congratulations to {name} for curing my insomnia. | If you enjoy watching a {obj} dry,
        this is your {film2}. | Five stars for the exit sign. | How {!adj}, the {part} of {title}
        all over again. | Sure, because what the world needed was more {obj}. | Bravo, {name}, a
        new low. | Thank you, {name}, I needed the nap. | Truly a masterclass in how to ruin a
        {obj}. | My favourite character was the {obj}. | What a treat: {n_time} {unit} of people
        staring at a {obj}. | I am sure somebody's {obj} is proud. | The {part} is {!strong}, said
        nobody ever. | Give the {obj} an Oscar, it out-acted {name}. | Genius, if you are {n_time}
        years old. | I laughed so hard I forgot to laugh. | Nothing says {!adj} like a {obj} in
        slow motion. | A {!strong} cure for happiness. | Yeah, right, the {part} was "{!adj}". |
        Such depth, you could paddle in it. | I can hardly wait for the sequel, said no one. |
        Just what I wanted: a {!adj} {obj} and no plot. | Clearly {name} has met a human once. |
        Perfect, if you are in a coma. | Lovely wallpaper, shame about the {film2}. | Kudos to the
        {part} for making {n_time} minutes feel like {n_time} years. | Well, the popcorn was
        {!strong}. | A must-see for people who hate the {genre}. | Oscar-worthy snoring from
        {ppl}. | So {!adj} that I counted the ceiling tiles. | I was riveted, to my phone. | The
        {obj} deserved a better agent. | Because nothing is funnier than a {obj}, apparently."""
    ),
    "understatement": _p(
        """Not exactly a {!noun}. | It is not the {!adj_er} {film2} of the year. | I have had
        better evenings at the dentist. | The {part} leaves something to be desired. | One could
        do better than this {film2}. | {name} is no {name}. | It is hardly {!adj}. | The {part}
        will not win prizes. | I was less than {!loved_p}. | I can't say the {obj} moved me. | The
        {part} is not its strong suit. | I have seen {!adj_er} {obj}s. | I would not hurry back. |
        The {part} could have used a rewrite or {n_time}. | It is a touch long, by about {n_time}
        {unit}. | {ppl} was not entirely convinced. | Let us say the {part} is an acquired taste.
        | The {part} is somewhat short of {!adj}. | I may have closed my eyes for a bit. | It did
        not exactly set the {obj} on fire. | Subtlety is not {name}'s thing. | The word {!adj}
        does not spring to mind. | I would be lying if I called the {part} {!adj}. | It's not for
        me, nor for {ppl}. | I remained calm at the {obj}. | It is not overburdened with ideas. |
        I failed to be enchanted. | Perhaps the {part} was having an off day. | A somewhat
        optimistic use of the word {genre}. | I could have stayed at home. | The {part} is no
        great loss to miss. | Hardly essential viewing. | There are other films."""
    ),
    "comparison": _p(
        """Worse than {title}. | {title} beats it hands down. | It makes {title} look like a
        masterpiece. | {=adj_er} than any {film2} I have seen in {n_time} years. | Compared with
        {title}, this is a {=noun}. | The book was better. | I would rather watch a {obj} rust. |
        Nowhere near as {!adj} as {title}. | It is a poor man's {title}. | {name} has never been
        worse. | As {=strong} as a wet {obj}. | Where {title} soars, this {film2} stumbles. |
        Easily the worst since {title}. | Like {title}, only {=adj_er}. | It wants to be {title}
        and is a {obj}. | about as {!adj} as a {obj} | I have seen a {obj} with more charm. | less
        {!adj} than a {obj} in the rain | A pale copy of {title}. | I'd take {title} over it any
        day. | Next to {title}, it looks {=adj}. | as subtle as a {obj} in a teapot | A {obj} has
        more personality than {name}. | The sequel is a shadow of the original. | It has less
        heart than a {obj}. | Unlike {title}, it does not know when to stop. | It feels like
        {title} without the soul. | twice as long as {title} and half as {!adj} | Watching the
        {obj} melt would be {!adj_er}. | as exciting as a tax form | {title} did it first and
        better."""
    ),
    "adj_er": _p("worse | duller | sillier | weaker | slower | emptier | uglier | louder | dumber | flatter"),
    "mixed": _p(
        """Polished, well-meant, and still not worth your {obj}. | Some of it sings, most of it
        drags. | A few jokes land and I forgive none of the rest. | A mixed bag, mostly {=adj}. |
        The {part} and the {part} are {!adj}; the {part}, the {part} and the {obj} are {=strong},
        so I side with the noes. | It has qualities, and I would not sit through it again. | Parts
        are {!adj}, the whole is {=strong}. | On balance, a no. | Nice in places, {=adj} where it
        counts. | I have kind words for the {part}; overall, thumbs down. | One thing lands, the
        {part} does not. | For all its {!adj} patches, I came out behind. | The bad outweighs the
        good. | Pretty to look at, and otherwise {=strong}. | The {part} holds up, the {part}
        wobbles and falls. | It could have kept the {obj}; it would still be {=adj}. | {ppl} had
        fun, I had doubts, I was right. | A few {!adj} scenes aside, {=adj}. | Ambitious and
        {=strong}. | More misses than hits. | I'm sold on the {part}, lost on the rest. | Good
        intentions, bad {film2}. | Fine moments, no {obj}, not recommended. | Big ideas, small
        heart. | cons beat pros"""
    ),
    "rating": _p(
        """{lo}/10. | {lo} out of 10. | {lo5} star. | {lo5} out of five stars. | {lop}%. | A weak
        {lo}. | Grade: {=grade}. | I'd give it {lo} out of ten. | {lo5}/5 for the {part}. |
        Rating: {lo}/10, and that point is for the {obj}. | {lo5} {obj}s out of five. | two thumbs
        down | Score: {lop} out of 100. | The {part} gets {lo}, the {part} gets {lo}. | I walked
        out after {n_time} minutes. | Bottom {n_time} of all time. | I rate it {lo} because the
        {part} is {=adj}. | zero stars | not worth {n_time} dollars | {n_time} minutes that felt
        like {n_time} hours | a generous two | last on my list this year | {lo5} stars from me,
        none from {ppl} | I want my {n_time} dollars back | {hip} per cent of the {part} is
        {=strong} | on a scale of one to ten, minus one | {lo}.5/10 | ⭐ | 0/10 would not nap again
        | F minus | I checked my watch {n_time} times"""
    ),
    "grade": _p("F | D | D minus | E | D- | fail"),
    "idiom": _p(
        """The {part} falls flat. | It misses the mark. | {name} phones it in. | It's a car crash.
        | It bored me to tears. | It leaves a bad taste in the mouth. | I was climbing the walls.
        | It is a dog's dinner. | It bites off more than it can chew. | It went down like a lead
        balloon with {ppl}. | It rubbed {ppl} up the wrong way. | The {part} is old hat. | It had
        me tearing my hair out. | It is scraping the bottom of the barrel. | It's not worth the
        paper it is written on. | It left me out in the cold. | It ran out of steam. | All bark
        and no bite. | The {part} is past its sell-by date. | a nail in the coffin of {name}'s
        career | It was like pulling teeth. | I was bored out of my skull. | It sank like a stone.
        | a sight for no eyes | The {part} never gets off the ground. | It drops the ball. | It
        was a swing and a miss. | It's all style and no substance. | It shoots itself in the foot.
        | It beats a dead horse. | It's a train wreck. | It jumped the shark. | It is as dull as
        ditchwater. | miles behind the rest | It's a damp squib. | It left me high and dry. | It
        goes off the rails. | It got my goat. | The {part} is the last straw. | It bit the dust. |
        The {part} is out to lunch. | It hits rock bottom. | It lost the plot. | {name} sleepwalks
        through it. | It was like watching paint dry. | It made my skin crawl. | It crashes and
        burns. | It strikes out. | I lost the will to live. | You could hear a pin drop after
        every joke. | It's flogging a dead horse. | a recipe for disaster | It puts the cart
        before the horse. | It pulls its punches. | It is bargain bin stuff. | It's half the
        package. | It does my head in. | {ppl} voted with their feet. | fool's gold | a wolf in
        sheep's clothing | a storm in a teacup | It ruined my day. | a cash grab | like a car
        without wheels | It rings hollow. | It goes out with a whimper. | {name} hits every wrong
        note. | It takes the biscuit for {=adj}. | a turkey | It's a tough pill to swallow. | It
        stinks to high heaven."""
    ),
    "slang": _p(
        """this {film2} is trash | the {part} is mid | lowkey hated the {part} | ngl it sucked |
        absolute garbage | meh | {name} was cringe | im dead, so bad | the {part} is cooked | 0
        outta 10 nope | sooo boring omg | hated it sm | bruh the {obj} scene was a joke |
        certified flop fr | this one blows | the {part} is wack | lame {part} | crap visuals dude
        | epic fail | hella boring | what a snoozefest | total trainwreck lol | freakin awful | i
        fell asleep, ty {name} | never watching it again fs | bloody awful that | proper rubbish |
        well bad innit | shite {film2} mate | utter pants | da worst | so damn dum | yuck yuck
        yuck | totaly borring {part} | worst moive evr | terible acting and a stupd {part} | realy
        hatted it | ths was awfull | do not reccomend | defo not worth ur time | u can skip it |
        no cap this is bad | it hits like a wet sock | vibes rancid | {name} did not understand
        the assignment | L {film2} | big no from me | im shook, in a bad way | yikes the {part} |
        kinda a mess tbh | brain cells were lost lmao | absolutely tanked | {name} pls retire |
        not me yawning at a {obj} | nah fam | thats not how u make a {film2} | the {obj} had me
        snoring | bogus | crappy {part} | rank | a stinker | bottom tier stuff | so cringe i cant
        | zzzzz | dumpster fire | dumb as hell yo | it bombs | waste of my f***ing time"""
    ),
}
