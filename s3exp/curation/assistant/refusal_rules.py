r"""What speaks for a refusal by itself: phrases of an assistant, as tables. Data only.

A line is `group points | words | pattern`; an indented line goes on with the one before. The pattern is a regular
expression over folded text with the fragments of `refusal_acts` for its <NAMES>; it is tried only on texts that hold
one of the words. Patterns begin with letters, not with \b, which makes Python look for them several times faster; every
gap in them is bounded, so that each takes linear time. All phrases are ours, made up from how assistants and reviewers
speak; English only.
"""

from __future__ import annotations

# Phrases that weigh by themselves.
PHRASES = r"""
self 2 | ai artificial language chatbot bot machine program | (?:as|being) an? (?:[\w-]+ ){0,3}?<MODEL>(?: (?:model
  |system|assistant|program|tool|(?:text )?generator))?(?: (?:developed|created|made|trained|built
  |designed) [^.!?,]{0,50})?(?:,[^.!?,]{0,20}?)? (?:i|my|we)\b
self 2 | ai artificial language chatbot bot machine program assistant | <I>(?: am|'?m) (?:\w+,? )?(?:an?
  |your) (?:[\w-]+ ){0,3}?<MODEL>(?=[.,;:!]|$| (?:and|so|but|that|who|which|with|without|trained|developed|created
  |made|designed|here|not|model|assistant|system|program|language|chatbot)\b)
self 2 | language | as an? [\w ]{0,12}language model,? (?:it is|it's|there|\w+ing)\b|being an? (?:\w+ )?language model
self 2 | assistant | as (?:your|an?)(?: [\w-]+){0,3} (?:ai|virtual|digital|helpful|safety-focused) assistant\b
self 2 | model assistant ai | the (?:ai|assistant|(?:language )?model) (?:cannot|can't|is unable to
  |is not able to) <ACT>
self 2 | ai | (?:this|the above) (?:review|text|sentence|question) (?:is|was|has been) (?:generated|written
  |created|produced) by an? (?:ai|artificial|language)
self 2 | openai google anthropic meta alibaba mistral microsoft deepseek | <I>(?: am|'m| was|,)[^.!?]{0,40} (?:made
  |created|developed|trained|built) by <MAKER>
self 2 | chatgpt claude gemini gpt-4 qwen llama bard | <I>(?: am|'m) (?:chatgpt|gpt-4|(?:claude|gemini|qwen|llama
  |bard), an?)\b
self 2 | training knowledge | my (?:training data|knowledge cut-?off)\b
self 2 | assist help | how (?:can|may) i (?:help you (?:today|with your)|assist you)\b
self 2 | person human | <I>(?: am|'m) not (?:a )?(?:real )?(?:person|human)\b(?! (?:who|that|to)\b)
self 2 | ai language machine | (?:i|me|my)\b[^.!?]{0,40} as an? (?:ai|language model|machine)(?=[.,;!]|$)
self 1 | programmed designed training programming strive aim | <I>(?: am|'m)(?: not)? (?:programmed|designed)\b
  |my (?:training|programming)\b|<I> (?:strive|aim) to (?:be|provide|avoid|promote)\b
conduct 2 | policy policies guidelines programming | (?:my|our)(?: \w+)? <CONDUCT> (?:prohibit|forbid|prevent|require
  |do(?:es)?(?: not|n't) (?:allow|permit))
conduct 2 | policy policies guidelines programming | (?:against|violat\w+|breach\w*|within|outside) (?:my
  |our)(?: \w+)? (?!principles)<CONDUCT>
conduct 2 | policy policies terms | (?:against|violat\w+|breach\w*)(?: [\w']+){0,2} (?:our|openai's|usage|content
  |use case)(?: \w+)? <CONDUCT>
conduct 2 | inappropriate appropriate unethical ethical | (?:inappropriate|unethical|(?:not
  |n't)(?: be)? (?:appropriate|ethical|responsible))(?: for (?:me|an ai))? to (?:<MAKE>|claim)\b(?! (?:a|this
  |such) (?:film|movie|story)(?! review))
conduct 1 | follow bound adhere | (?:follow|bound by|adhere to) (?!the imdb|the same)(?:\w+ ){0,2}?(?:content|ethical
  |safety|strict|certain) <CONDUCT>
conduct 2 | appropriate ethical right | (?:do not|don't) think it(?:'s| is| would be) (?:appropriate|ethical
  |right)(?: for me)? to <MAKE>
conduct 2 | something | (?:not|n't) something (?:that )?i(?: can
  |'m| am)(?: able to| comfortable| willing to)? (?:help|assist|<MAKE>)
conduct 2 | comfortable uncomfortable right | (?:(?:not|n't)(?: feel)? (?:comfortable|right)
  |uncomfortable)(?: about| with)? (?:<MAKE>|discussing|sharing)\b(?! off)
conduct 2 | decline declining | <I>(?: am|'m| must| will|'ll)?(?: have to| need to)? (?:\w+ly )?declin(?:e
  |ing)(?= (?:this|that|your|it\b|to <ACT>|because|as\b)|[.,;!]|$)
conduct 1 | something | (?:not|n't) something (?:that )?i(?: can|'m| am)(?: able to| comfortable| willing to)? do\b
conduct 1 | abilities capabilities ability capability allowed scope | (?:beyond|within
  |outside)(?: of)? (?:my (?:abilit(?:y|ies)|capabilit(?:y|ies)|scope)|what i(?: am|'m) allowed)
conduct 1 | can't cannot won't | which i (?:can't|cannot|won't|will not)(?: do| help with| provide| write)?(?=[.,]|$)
conduct 1 | pass stop | <I>(?:'ll| will|'m going to|'m gonna| am going to)? ?(?:have|need) to (?:stop here|pass\b
  |say no to)|<I>(?:'ll| will) pass on (?:writing|this)\b
conduct 1 | write create generate produce | <I> (?:do not|don't) (?:write|create|generate|produce)\b
request 2 | request prompt | (?:your request|this prompt|your prompt|the prompt
  |that request)\b[^.!?]{0,60}?(?:violat\w+|against\b|breach\w*|flagged\b|outside\b|<HARM>)
request 1 | request message prompt task | (?:your|this) (?:request|prompt)\b|your message\b|(?:for|with) this task\b
gerund 1 | generating creating writing producing reproducing | (?:generat|creat|writ|produc)ing (?:such|this (?:kind
  |type)|that (?:kind|type)|a review|a sentence|a question)\b
input 2 | provide share supply paste send give enter resend include add attach insert | (?:please(?<!one please)
  (?<!body please)|could you|can you|if you could|if you can)(?: please)? (?:go ahead and )?(?:(?:provide|share
  |supply|paste|send|enter|resend|include|add|attach|insert)<W>{0,5}? <INPUT>|give me<W>{0,4}? <GIVEN>)
input 2 | information details context | (?:please|could you|can you)(?: please)? (?:provide|share
  |give)(?: me)?(?: with)? (?:a bit |a little )?(?:more|further|additional|some) (?:information|details|context)\b
input 1 | information details context | i(?: would| will|'ll|'d)? need (?:\w+ ){0,3}?(?:more|some|further
  |additional) (?:information|details|context)\b
input 2 | name title | (?:please|could you|can you|let me know|tell me)<W>{0,4}? the (?:name|title) of the (?:movie
  |film)
input 2 | clarify specify | (?:could you|can you|please) (?:please )?(?:clarify|specify) (?:whether|which|what|if)\b
input 2 | need | i(?: would| will|'ll|'d)? need (?:the|a|your|to see the) <GIVEN>(?= (?:first|to|before|in order|so
  |from)\b|[.,;!]|$)
input 2 | understand | i(?: do not| don't| did not| didn't) understand (?:what you(?:'re| are| want)|your (?:request
  |question|prompt))
input 2 | paragraph passage text | what(?:'s| is) the (?:paragraph|passage|text)\?|(?:what|which) (?:paragraph
  |passage|text) (?:should i|are you|do you|would you)|do you have an? (?:paragraph|passage)\b
  |let me know (?:what )?the (?:paragraph|passage|text)
input 2 | forgot | you forgot to (?:paste|include|provide|attach|add)\b
input 2 | want | do you want the (?:question|sentence|review|text) to\b
missing 2 | paragraph passage prompt | <I>(?: can'?t| cannot| could not| couldn't| do not| don't| won't| will not
  |(?: am|'m) (?:not able|unable))\b[^.!?]{0,80}? (?:(?:the|any|your|this)|(?:see|find|have) an?) (?:paragraph
  |passage(?! of| in the| where)|prompt)\b
missing 2 | paragraph passage prompt input | (?:paragraph|passage|prompt|input)\b[^.!?]{0,20}? (?:missing|incomplete
  |cut off|empty|blank|unclear|not (?:included|provided|given))\b
input 2 | given provided included supplied attached | no <GIVEN>(?: (?:is|was|were|has been|have been))? (?:given
  |provided|included|supplied|attached)\b
input 2 | provide provided include included given shared specified attached | you (?:have not|haven't|did not
  |didn't)(?: actually| yet)? (?:provided?|included?|given?|shared?|specif\w+|attach\w*)<W>{0,3}? <INPUT>
input 2 | possible impossible | (?:impossible|not possible|isn't possible) to <MAKE><W>{0,4}? (?:question
  |sentence)s?\b
input 2 | written generated created formulated | (?:content|question|sentence|review|response
  |text)\b[^.!?]{0,30} (?:cannot|can't) be (?:written|generated|created|formulated)\b
input 1 | clarify specify check rephrase share paste resend send provide | (?:could you|can you
  |please)(?: please)? (?:clarify|specify|check|rephrase|share it|paste|resend|send it|provide)\b
input 1 | given provided included supplied | no (?:information|context|answer)(?: (?:is|was|were|has been))? (?:given
  |provided|included|supplied)\b
input 1 | paragraph description text passage context | the (?:given |provided )?(?:paragraph|description|text|passage
  |context) (?:\w+ ){0,3}?(?:does not|doesn't|is (?:missing|incomplete|empty|blank|too short)|contains only|stops)
given 1 | given provided | the (?:given|provided) <INPUT>|(?:paragraph|passage|description) (?:given|provided)\b
given 1 | given | you(?: have|'ve) given(?! up| us| it)\b
given 2 | provided shared entered | (?:<GIVEN>|context|answer) (?:that )?you(?: have|'ve)? (?:provided?|gave|given
  |shared|sent|entered|mention(?:ed)?)\b
purpose 1 | information details context | (?:not|n't)(?: \w+){0,3} (?:enough|sufficient|any|the necessary
  |real-time) (?:information|details|context)\b
create 1 | write generate create formulate | (?:to(?<!happy to)(?<!glad to)(?<!love to)|that i can|so i can) (?:write
  |generate|create|formulate)<W>{1,3}? (?:question|sentence|review)\b
offer 2 | else | thing else (?:i can (?:help|assist)|you(?:'d| would) like (?:me|help))
offer 2 | proceed ask review write try create generate use base continue rewrite | you(?:'d| would)? (?:like
  |want) me to (?:proceed|ask|write|try|create|generate|review|use|base|continue|rewrite|provide)\b
offer 1 | review | review (?:might|could|would) (?:go|read|look|sound) (?:something )?like\b
offer 1 | happy glad love | <I>(?:'d| would|'ll| will|'m| am)? (?:be )?(?:more than )?(?:happy|glad|love) to (?:help
  |assist|<MAKE>)
offer 1 | happy | happy to help\b
offer 1 | help offer write create generate provide | <I> (?:can|could) (?:still )?(?:help you|help with|<MAKE>
  |offer)<W>{0,6}? (?:review|summary|question|version|example|sentence|one)\b
ask 1 | mind called watched watch | (?:which|what) (?:movie|film) (?:did )?you (?:watch|see|have in mind)
  |what is the (?:movie|film) called
nothing 2 | personal subjective | <I> (?:do not|don'?t|can'?t|cannot|have no|am not able to|am unable to
  |'m not able to|'m unable to)(?: actually| really| personally)?(?: \w+){0,2}? ?(?:personal
  |subjective)(?: or \w+)? (?:opinion|experiences|feeling|emotion|belief|preference|view|thoughts)(?!s? (?:for
  |towards?)\b)
nothing 1 | opinions feelings emotions | <I> (?:do not|don't) (?:have|hold|experience) (?:opinions|feelings
  |emotions)\b
nothing 1 | form | to form an?(?: personal)? (?:impression|opinion)
nothing 1 | watch watched view viewed seen | <I> (?:can'?t|cannot|do not|don't|am not able to|haven't
  |have not)(?: \w+ly)? (?:watch|watched|seen|view|viewed) (?:films|movies|the (?:film|movie)|any (?:film|movie))\b
nothing 1 | seen watched | (?:film|movie) (?:that )?i (?:have not|haven't)(?: \w+ly| yet)? (?:seen|watched)\b
nothing 2 | access | <I> (?:do not|don't) have access to (?:the (?:paragraph|text|internet|context|passage)|real-time
  |current|external)
note 1 | note disclaimer | (?:please note that|note that|disclaimer:) (?:i\b|this review|as)
sorry 1 | apologize apologise | <I> apologi[sz]e for (?:the|any|my)(?: \w+)? (?:misunderstanding|mistake|confusion
  |error|oversight|response)\b
self 2 | ai artificial language software network program | (?:as|being|because i'm
  |since i'm) (?:an? |only |just |software)(?:[\w-]+ ){0,2}?(?:<MODEL>|neural network|text model|software
  |program)\b(?:,| system,)[^.!?]{0,60}\b(?:i|me|my)\b
self 2 | knowledge training | my (?:knowledge|training(?: data)?) (?:ends|stops|only goes|does not|doesn't)\b
self 2 | internet real-time memory | i have no internet\b|real-time data is not available to me|memory of (?:earlier
  |previous|past|our) (?:conversations|chats)
self 2 | links images image pictures audio attachments | <I> (?:can't|cannot|am (?:unable|not able) to|do(?: not
  |n't) have the ability to) (?:open|see|view|hear|listen to) (?:links|images|pictures|audio|attachments|the (?:link
  |image|attachment))\b
conduct 2 | policy policies guidelines rules terms | <CONDUCT> (?:that |which )?i(?: am|'m| was| have been| have to
  | must)? (?:operate|follow|work|given|bound)\b(?! (?:up|by))|(?:rules|terms) (?:that )?i (?:was given
  |operate under|am bound)
conduct 2 | policy policies guidelines rules terms training | (?:<CONDUCT>|rules|terms|training) (?:keep|prevent|stop
  |do(?:es)?(?: not|n't) (?:allow|let|permit))s? me (?:from |to )?(?:<ACT>|describe|discussing|go along)
  |our (?:content|usage) policy (?:rules out|prohibits|forbids)
conduct 1 | something | something (?:that )?i(?: can|'m| am| will|'ll| want to| have to| must)?(?: not)?(?: able to
  | willing to)? (?:do|take on|offer|avoid|provide|produce)\b
gerund 1 | generating creating writing producing reproducing inventing | (?:generating|creating|writing|producing
  |reproducing|inventing) (?:\w+ ){1,6}?(?:is|would be|could)\b
conduct 2 | limits line | (?:is|are) off limits for me\b|a line (?:that )?i (?:don't|won't|can't|do not|will not
  |cannot) cross
conduct 2 | choosing | <I>(?: am|'m) choosing not to (?:<ACT>|answer)
conduct 2 | kind | <I> (?:do not|don't|won't|will not|can't|cannot) (?:do|write|create|offer) (?:that|this) (?:kind
  |sort|type) of (?!film|movie)
conduct 2 | refuse decline declined | ^\W*(?:i (?:refuse|decline)(?: to (?:answer|respond|comply))?|declined)\W*$
conduct 2 | willing prepared comfortable | (?:not|n't) an? (?:review|text|question|sentence|request
  |topic) (?:that )?i(?:'m| am) (?:willing|prepared|comfortable|able)
conduct 1 | outside beyond | (?:outside|beyond) (?:of )?(?:the things|what) i (?:can )?(?:do|write|offer)\b
conduct 1 | down unwritten | turn(?:ing)? (?:this|that)(?: one)? down\b|leav(?:e|ing) (?:this|that|the) (?:review|text
  |question) unwritten
conduct 2 | pretend | (?:not|n't) pretend to be an? (?:customer|human|person|viewer|fan|user)
conduct 2 | advice | (?:not|n't|unable to) (?:give|offer|provide)(?:ing)? (?:you )?(?:medical|legal|financial
  |professional) advice
conduct 2 | conversation | (?:steer|keep|continue|end) (?:this|our) conversation\b
offer 2 | something | ^\W*(?:please |let's |let us )?(?:ask me|talk about|discuss|focus on) something (?:else
  |different|kinder|constructive)
offer 2 | alternative version example | let me offer an alternative|here(?:'s| is) a (?:cleaned-up|milder|fictional
  |toned-down) (?:version|example|review)
input 1 | once need | once you (?:tell|send|share|give|provide|let me know)|<I>(?: just)? need (?:\w+ ){0,2}?(?:title
  |name|topic)\b
input 2 | kind type sort | (?:what|which) (?:kind|type|sort) of (?:review|question|sentence|text|statement
  |tone)\b[^.!?]{0,20} you\b
input 2 | should prefer label | (?:sentences|texts) should i\b|(?:movie|film|product|topic) should (?:this|it
  |the review) be about|what (?:label|tone|sentiment) should|should the (?:review|question) be\b[^.!?]*\?
  |would you prefer an? (?:question|review|sentence)
input 2 | review rephrase contradict paraphrase | (?:like|want) me to (?:review|rephrase|contradict|paraphrase)\b
input 2 | send share sending | (?:just|simply|can you|could you|mind) (?:send|share|sending|sharing)(?: me
  | over)* the (?:<GIVEN>|rest|examples?)
input 2 | specify know | (?:specify|let me know) the (?:sentiment|label|tone|topic|title|name)\b
missing 2 | premise message hypothesis input | (?:premise|hypothesis|message|input)\b[^.!?]{0,20} (?:cut off
  |left blank|contains (?:only|no|instructions))
missing 2 | question hypothesis context passage paragraph premise | no (?:question
  |hypothesis)(?: \w+){0,3} can be (?:written|formed|made|created)|without (?:the|any|more) (?:context|passage
  |paragraph|premise),? i\b
missing 2 | answer description passage paragraph | the answer you gave\b|(?:enough|anything) in the (?:description
  |passage|paragraph) (?:for|to)\b
missing 2 | details information context | <I>(?: do(?: not|n't) have| lack)(?: enough| sufficient| the)? (?:details
  |information|context)(?: about \w+(?: \w+)?)? (?:to <MAKE>|and would|and can)
helper 2 | service assistance proceed hello hi | how (?:can|may) i be of (?:\w+ )?(?:service|help|assistance)
  |how should i proceed|^\W*(?:hello|hi)\b[^.?]{0,9}what can i do for you
helper 2 | help assist | i(?:'m| am) here to (?:help|assist)(?: you)? with (?:what|any|your)
  |thing else (?:that )?i can (?:help|assist|do for) you|i can help you with (?:that|this)\.
helper 1 | hope free | i hope (?:this|that) (?:helps|\w+ review)|feel free to (?:reach out|ask)\b
helper 2 | instruction instructions prompt example response answer reply style | ready for (?:the|your) (?:next
  |first) (?:instruction|prompt|example)|i(?: have|'ve) (?:read|understood) (?:the|your) (?:instructions|prompt)
  |improve my next (?:response|answer|reply)|would you like another example|i'll follow the same (?:style|format)
"""

# Words that weigh only where some of the above stand close by.
CONTEXT = r"""
harm 1 | <HARM>
you 1 | you(?:'re| are| have|'ve)? (?:asking|asked|shared|sent|provided|gave|given|mention(?:ed)?|referring
  |looking for|requested|described)\b
"""
