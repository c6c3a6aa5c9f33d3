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
  |created) by an? (?:ai|artificial|language)
self 2 | openai google anthropic meta alibaba mistral microsoft deepseek | <I>(?: am|'m| was|,)[^.!?]{0,40} (?:made
  |created|developed|trained|built) by <MAKER>
self 2 | chatgpt claude gemini gpt-4 qwen llama bard | <I>(?: am|'m) (?:chatgpt|gpt-4|(?:claude|gemini|qwen|llama
  |bard), an?)\b
self 2 | training knowledge | my (?:training data|knowledge cut-?off)\b
self 1 | assistant | as an assistant, i\b
self 1 | assist help | how (?:can|may) i (?:help|assist)(?: you)?\?
offer 1 | assist help | here to (?:assist|help) you\b
self 2 | assist help | how (?:can|may) i (?:help you (?:today|with your)|assist you)\b
self 2 | person human | <I>(?: am|'m) not (?:a )?(?:real )?(?:person|human)\b(?! (?:who|that|to)\b)
self 2 | ai language machine | (?:i|me|my)\b[^.!?]{0,40} as an? (?:ai|language model|machine)(?=[.,;!]|$)
self 1 | programmed designed training programming strive aim | <I>(?: am|'m)(?: not)? (?:programmed|designed)\b
  |my (?:training|programming)\b|<I> (?:strive|aim) to (?:be|provide|avoid|promote)\b
conduct 1 | policy policies guidelines programming principles standards | (?:my|our|ethical)(?: \w+)? <CONDUCT>
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
conduct 2 | appropriate okay acceptable | appropriate for me to (?:respond|answer|discuss)|not (?:okay
  |acceptable) to <MAKE>
conduct 1 | appropriate ethical | (?:do not|don't) think it(?:'s| is| would be) (?:appropriate|ethical)\b
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
conduct 2 | write create generate produce | <I> (?:do not|don't) (?:write|create|generate
  |produce)(?: \w+)? (?:content|material)\b
declined 2 | sorry nope unfortunately | (?:sorry|nope|unfortunately)[,.!]? (?:can'?t|cannot|unable to) (?:help (?:you
  |with)|assist|do that|write|provide|generate|create|comply|fulfil)
conduct 2 | policy guideline | (?:due to|for)(?: an?)? (?:policy|guideline) violations?\b
request 2 | request prompt | (?:your request|this prompt|your prompt|the prompt
  |that request)\b[^.!?]{0,60}?(?:violat\w+|against\b|breach\w*|flagged\b|outside\b|<HARM>)
request 2 | request | request for (?:\w+ )?<HARM>|understanding (?:the|your) request
request 2 | prompt request message input | (?:prompt|request|message|input) (?:does not|doesn't|did not
  |didn't) (?:include|contain|provide)
request 2 | request prompt task | (?:request|prompt|task) (?:that )?i(?: am|'m| can| will| won't)\b
request 1 | language content words terms material | (?:language|content|words|terms|material) (?:that
  |which) i(?: can't| cannot| won't| will not|'m not|'d rather)\b
request 1 | content review original paragraph | (?:such|this|the) (?:content|review|original
  |paragraph)\b[^.!?]{0,40}?(?:violat\w+|against\b|cannot be\b|<HARM>)
request 1 | request message prompt task | (?:your|this) (?:request|prompt)\b|your message\b|(?:for|with) this task\b
gerund 1 | generating creating writing producing reproducing | (?:generat|creat|writ|produc)ing (?:such|this (?:kind
  |type)|that (?:kind|type)|a review|a sentence|a question)\b
input 2 | provide share supply paste send give enter resend include add attach insert | (?:please(?<!one please)
  (?<!body please)|could you|can you|if you could|if you can)(?: please)? (?:go ahead and )?(?:(?:provide|share
  |supply|paste|send|enter|resend|include|add|attach|insert)<W>{0,5}? <INPUT>|give me<W>{0,4}? <GIVEN>)
input 2 | information details context | (?:please|could you|can you)(?: please)? (?:provide|share
  |give)(?: me)?(?: with)? (?:more|further|additional|some) (?:information|details|context)\b
input 1 | information details context | i(?: would| will|'ll|'d)? need (?:\w+ ){0,3}?(?:more|some|further
  |additional) (?:information|details|context)\b
input 2 | name title | (?:please|could you|can you|let me know|tell me)<W>{0,4}? the (?:name|title) of the (?:movie
  |film)
input 2 | clarify specify | (?:could you|can you|please) (?:please )?(?:clarify|specify) (?:whether|which|what|if)\b
input 2 | need | i(?: would| will|'ll|'d)? need (?:the|a|your|to see the) <GIVEN>(?= (?:first|to|before|in order|so
  |from)\b|[.,;!]|$)
input 2 | asking mean | not sure (?:what|which) you(?:'re| are| want| mean by)\b
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
missing 2 | paragraph passage prompt | (?:may i have|where is|(?:does not|doesn't) (?:seem|appear) to be) (?:the
  |an?y?) (?:paragraph|passage|prompt)(?=[,?]| (?:here|in your|above|attached)\b)
input 2 | given provided included supplied attached | no <GIVEN>(?: (?:is|was|were|has been|have been))? (?:given
  |provided|included|supplied|attached)\b
input 2 | provide provided include included given shared specified attached | you (?:have not|haven't|did not
  |didn't)(?: actually| yet)? (?:provided?|included?|given?|shared?|specif\w+|attach\w*)<W>{0,3}? <INPUT>
input 2 | possible impossible | possible for me to (?:<MAKE>|watch|see)\b
missing 2 | paragraph prompt passage text sentence description premise | there(?: is|'s) no (?:paragraph|prompt
  |(?:passage|text|sentence|description|premise) (?:here|to (?:work|ask|base|use)|for me|in your))\b
missing 1 | missing incomplete complete | (?:description|sentence|statement|text) is (?:missing|incomplete
  |not complete)\b
missing 2 | missing specified text input sentence | missing the (?:paragraph|prompt|text|sentence)\b|<I> (?:do not
  |don't) see any (?:text|question|input|sentence)\b|no (?:movie|film) (?:was|is|has been) (?:specified|provided
  |mentioned)
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
nothing 1 | access | <I> (?:do not|don't) have access to (?:the|this|that|your)\b
nothing 2 | access | <I> (?:do not|don't) have access to (?:the (?:paragraph|text|internet|context|passage)|real-time
  |current|external)
note 1 | note disclaimer | (?:please note that|note that|disclaimer:) (?:i\b|this review|as)
sorry 1 | apologize apologise | <I> apologi[sz]e for (?:the|any|my)(?: \w+)? (?:misunderstanding|mistake|confusion
  |error|oversight|response)\b
"""

# Words that weigh only where some of the above stand close by.
CONTEXT = r"""
harm 1 | <HARM>
you 1 | you(?:'re| are| have|'ve)? (?:asking|asked|shared|sent|provided|gave|given|mention(?:ed)?|referring
  |looking for|requested|described)\b
you 1 | your (?:instructions?|question|paragraph|text|description|interest|understanding)\b
mine 1 | the requested\b
"""
