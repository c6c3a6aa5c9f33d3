"""Everyday words and a loose syntax over them, for shown texts that only look natural."""

from s3exp.embedded.lexicon import alternatives as _p

NOUNS = (
    "accent accident actor actress adult afternoon age agent air album alien ambition anger angle animal "
    "answer apartment applause argument army arm art artist attention aunt author baby back background bag "
    "ball band bank bar beach bear beat bed beer bell bench bill bird birth bit blood board boat body bomb "
    "book boot border boss bottle bottom box boy brain bread break breath brother bullet burger bus "
    "business button cake camera camp captain car card career cartoon case cash cat catch cause century "
    "chain chair chance change chapter character charm chase cheek cheese child chin choice choir church "
    "cinema city class clerk cliche clock cloth clothes clown clue coach coast coat code coffee colour "
    "comedian company computer concert conversation cook cop corner costume couch country couple courage "
    "course cousin cow creature credit crew crime crisis critic crowd cup curse customer dance dancer danger "
    "darkness date daughter day deal death debt debut decade decision deck desert design desk detail devil "
    "dialect diamond dinner director dirt disc dish distance divorce dog doll door doubt draft dream dress "
    "drink driver drum duck dust duty ear earth edge editor effect effort egg emotion enemy energy engine "
    "engineer episode error escape evening event evidence evil example excuse execution expert explanation "
    "eye face fact failure faith fall fan fantasy farm farmer fashion father fear feature feeling fight "
    "figure finger fire fish fisherman flag flash flight floor flower fog food fool foot frame friend "
    "friendship fun future gag game gang garden gas gate general genius giant gift gimmick girl glass goal "
    "gold goodbye grave grief guess guest guide guilt gun guy habit hair half hall hand happiness hat head "
    "heart heat heaven hell hero hill hint history hobby hole holiday home honesty hope horse host hotel "
    "hour house humour hunger husband ice idea idiot illness image imagination impact inch insult interest "
    "interview jail jaw job joke journalist journey judge juice jump junk justice key kid killer kind king "
    "kiss knee knife knight lake lamp land language laugh laughter law leader leaf leg lesson letter level "
    "lie life light limit line lion lip list logic loss lot luck lunch lyric machine madness magazine magic "
    "maid mail man manager map mark marriage mask master match material mate matter meal meaning measure "
    "meat medal meeting memory mess message metal metaphor middle milk mind minute miracle mission mistake "
    "moment money monster month moon moral morning mother motive mouse mouth movement mud muscle musician "
    "name nap nation nature neck neighbourhood nephew nerve network night nightmare noise nonsense nose note "
    "novel nurse ocean office officer opera opinion option orange order outfit outline owner pace page pain "
    "paint pair palace pants paper parent park part partner party passion past path patience pattern peace "
    "pencil penny people person pet phone photo photographer phrase pig pile pilot pin pizza place plan "
    "plane plant plate player plot pocket poem poet point police politics pool portrait pot power prayer "
    "present president pressure price pride priest prince princess prize problem process professor promise "
    "proof puppy purpose puzzle quality queen question quote race radio rage rain rat reaction reader reason "
    "record reel relationship relief religion rest restaurant result return revenge rhythm rice ride ring "
    "risk road rock role roof room root rose round rule rush sadness sale salt sand satire scale scene "
    "school science score scream sea season second secret secretary section self sense series servant shade "
    "shadow shame shape shark sheep sheet shelf shell shelter ship shirt shock shoe shop shore shot shoulder "
    "show shower side sight sign silence singer sister size skill skin sky slap sleep sleeve smell smile "
    "smoke snack snake snow soap sock soldier solution son song sort soul sound soup space speech speed "
    "spirit split spoon sport spot spring spy square stage star start state station steak stereotype stomach "
    "stone store storm story stranger street strength string student stuff style subject sugar suit summer "
    "sun surprise swan table tale talent talk tank tape task taste tea teacher team tear technique teenager "
    "television temper temple tension test thing thought thread threat throat throne thumb tie time tip tone "
    "tongue tooth top topic touch tour tower town toy track trade tradition trap trick trip trouble truck "
    "trust truth turn twin type uncle university vacation valley value van vase version victim video view "
    "village violence virus visit voice wage waiter walk wall war warning watch water wave way weakness "
    "wealth weapon weather week weekend weight west wheel wife wind window wine wing winner winter wisdom "
    "wish woman wonder wood word work worker world wound wreck writer writing yard year youth zombie Monday "
    "Tuesday Friday Sunday Christmas London Paris Texas Italy Tokyo Hollywood Netflix Oscar French Spanish "
    "American German Japan Africa Chicago July October"
).split()

VERBS = (
    "accept ache act admire admit adore agree aim allow amuse annoy answer appear argue arrive ask attack "
    "avoid beat beg begin believe belong bend bet bite blame bleed blow boast boil bore borrow bother bounce "
    "breathe bring brush build burn bury buy call care carry cast catch cause change charge chase cheat "
    "check cheer choke choose claim clap clean climb cling close collect come complain confuse connect "
    "consider convince cook copy cost cough count cover crack crash creep cross crush cry cut dance dare "
    "decide defend deliver demand deny depend deserve destroy die dig direct disappear discover doubt drag "
    "draw dream dress drink drive drop drown earn eat elevate embrace end endure enjoy enter escape exist "
    "expect explain explore face fade fail fall fear feed feel fight fill find finish fire fit fix float fly "
    "follow fool force forget forgive freeze fumble gain gather gaze get giggle give glow grab grin grip "
    "groan grow guess hand handle hang happen hate haunt heal hear help hide hit hold hope hug hum hunt hurt "
    "ignore imagine impress improve insist inspire invent invite join joke juggle jump justify keep kick "
    "kill kiss knit knock know lack land last laugh lead lean learn leave lecture lend let lie lift light "
    "linger listen live look lose love make manage mark marry matter mean measure meet melt mention mind "
    "miss mistake mix moan move mumble murder need nod notice offer open owe own pack paint pass pause pay "
    "perform pick plan play please point pour praise pray prefer prepare pretend promise prove provide pull "
    "punch push put quit race rain raise ramble reach read realise recall recommend recover refuse regret "
    "relax rely remain remember remind rent repeat replace rescue rest return reveal ride ring rise risk rob "
    "roll ruin run rush save say scare scream search see seem sell send serve settle shake share shine shoot "
    "shout show shrug shut sigh sing sink sit skip sleep slip smell smile smoke snap sneak snore sob solve "
    "sound speak spend spin split spoil spread squeeze stand stare start stay steal step stick stop stretch "
    "struggle study stumble succeed suffer suggest support suppose surprise survive swallow swear sweat "
    "sweep swim swing take talk taste teach tear tell test thank think throw tie tire touch trade train "
    "travel treat trip trust try turn twist understand unfold use vanish visit vote wait wake walk wander "
    "want warn wash waste watch wave wear weep welcome whisper win wipe wish wonder work worry wrap write "
    "yawn yell"
).split()

ADJECTIVES = (
    "absolute actual aggressive alive alone amusing angry annoyed asleep average aware bad bald basic big "
    "bizarre black blank blind blonde blue bold brave brief bright broken brown brutal calm cheerful cheesy "
    "childish classic classy clean clear close comic common complete complex cool corny correct crazy creepy "
    "cruel cute dangerous dark dead dear decent deep desperate different difficult direct dirty double drunk "
    "dry dumb early easy emotional empty endless enormous entire epic equal evil exact expensive extra fair "
    "fake familiar famous fancy fast fat favourite final fine firm fit free frequent friendly full general "
    "genuine golden good gory graphic great green grey gross guilty handsome happy hard harmless healthy "
    "heavy helpless hidden high hilarious hip holy honest hopeless hot huge human hungry ideal immense "
    "important impossible incredible innocent insane intense invisible inner joyful juicy just keen kind "
    "large late lazy legal little local lonely long loose lost low lucky mad main major male married "
    "massive mean medium mental mild military minor missing modern modest mysterious naive naked nasty "
    "natural naughty necessary negative new nice noble normal obvious old only open opposite ordinary "
    "original own painful perfect personal pink plain political poor popular possible precious pretty "
    "previous private proper public pure purple quick random rare ready real recent red regular relevant "
    "rich ridiculous right romantic round royal rude sad safe same scary second secret selfish sensible "
    "separate serious severe sexy shameless sharp short shy sick silent silly similar simple single slight "
    "slow small smooth social soft sorry special spectacular spooky square stale standard strange strict "
    "strong stubborn stupid sudden suitable super sure suspicious sweet tall tame technical teenage "
    "terrifying third tired tragic true typical unable uneven unexpected unique unknown unlikely unusual "
    "upset useful useless usual valuable vast violent virtual visible visual warm wet white whole wide wise "
    "wooden worst worthy wrong yellow young"
).split()

ADVERBS = (
    "again ago ahead almost already always anyway apart away badly barely basically beautifully briefly "
    "carefully certainly clearly constantly desperately easily either else entirely especially eventually "
    "ever everywhere exactly fairly finally forever fortunately frankly gently gladly happily heavily "
    "hopefully immediately indeed instead kindly lately literally loudly maybe mostly mainly nearly nicely "
    "now obviously occasionally often once only oddly perfectly perhaps politely possibly pretty probably "
    "properly purely quickly quietly rarely rather readily recently sadly seriously sharply shortly "
    "slightly slowly sometimes somewhat soon still strangely suddenly supposedly surely tightly today "
    "together tomorrow tonight twice unfortunately usually well wildly yesterday"
).split()

SYNTAX: dict[str, tuple[str, ...]] = {
    "S": _p(
        """{NP} {VP} | {NP} {VP} | {NP} {VP} | {NP} {VP} {PP} | {NP} {VP} {CON} {NP} {VP} | {SUB}
        {NP} {VP}, {NP} {VP} | {NP} {VP} {SUB} {NP} {VP} | {V}, {NP} {VP} | {PP}, {NP} {VP} |
        {AP}, {AP} and {AP} | {NP}, {NP}, {NP} | {AP} and {AP} about {ING} {PP} | {ING} {NP} is
        {AP} | what {a} {adj} {noun} | there is {NP} {PP} | why {VP}? | {verb} {NP} and {verb}
        {NP} | no {noun}, no {noun} | how {VP} {PP}? | {NP}: {AP} | {NP} who {VP} | so {adj} that
        {NP} {VP} | it {VP} and it {VP} | {NP} {VP}, and {VP} | not {AP} | {AP} {NP}, {AP} {NP} |
        {num} {nouns} and {num} {nouns} | I {PAST} {NP} {PP} | {NP} {VP}; {NP} {VP} | as {adj} as
        {NP} | {noun} after {noun}"""
    ),
    "NP": _p(
        """the {noun} | the {noun} | {a} {noun} | {a} {adj} {noun} | the {adj} {noun} | my {noun}
        | your {noun} | his {noun} | her {noun} | their {nouns} | I | you | it | they | we | she |
        he | everyone | nobody | somebody | this {noun} | that {noun} | these {nouns} | every
        {noun} | {nouns} | {noun} and {noun} | the {noun} of {NP} | {NP} with {NP} | {num} {nouns}
        | {NP} in {NP} | {name} | the {noun}'s {noun} | {name}'s {noun} | all the {nouns} | the
        {noun} that {VP} | {nouns} who {VP} | some {adj} {nouns} | me | us"""
    ),
    "VP": _p(
        """{PAST} | {PAST} {NP} | {PAST} {NP} {PP} | {verbs} {NP} | {verbs} | is {AP} | was {AP} |
        were {AP} | are {AP} | has {NP} | had {NP} | can {verb} {NP} | could {verb} {PP} | would
        {verb} {NP} | will {verb} {NP} | didn't {verb} {NP} | don't {verb} {PP} | can't {verb} |
        keeps {ING} {NP} | seems {AP} | looks {AP} | is {ING} {NP} | has {PAST} {NP} | never
        {verbs} {NP} | {adv} {verbs} {NP} | wants to {verb} {NP} | {PAST} {adv} | makes {NP}
        {verb} | gets {NP} to {verb} | feels like {NP} | is like {NP} | {verbs} and {verbs} |
        doesn't {verb} {NP} | isn't {AP}"""
    ),
    "PP": _p(
        """in {NP} | on {NP} | with {NP} | at {NP} | for {NP} | from {NP} | into {NP} | about {NP}
        | like {NP} | by {NP} | after {NP} | before {NP} | without {NP} | under {NP} | over {NP} |
        through {NP} | between {NP} and {NP} | for {num} {nouns} | at the {noun} | to {NP} | off
        {NP} | out of {NP}"""
    ),
    "AP": _p(
        """{adj} | {adj} | {adv} {adj} | {adj} and {adj} | too {adj} | so {adj} | {adj} {PP} | a
        bit {adj} | {PAST} | {PAST} {PP} | rather {adj} | more {adj} than {NP}"""
    ),
    "CON": _p("and | but | so | or | and | , and | , but | yet | because | while"),
    "SUB": _p("if | when | because | although | after | before | while | once | since | until | unless | as"),
    "V": _p("{adv} | honestly | {PP} | well | oh | look | seriously | yes | no | in the end | all in all"),
    "a": _p("a"),
}
