"""Refusals of many assistants are known; what only sounds like one is not: reviewers, characters, news, questions."""

from __future__ import annotations

import pytest

from s3exp.curation.assistant.refusals import evidence, refusal

REFUSALS = (
    "Happy to help! Please share the paragraph you'd like me to use.",
    "I choose not to generate text that sexualises a child.",
    "It would be inappropriate for me to write such a sentence.",
    "I'm sorry, but the given paragraph is incomplete. Please provide the full paragraph.",
    "I am programmed to be a harmless AI assistant. I can't create responses that are sexually suggestive.",
    "Please provide me with the text you want me to base the question on.",
    "I apologise, but I am not able to write content that promotes hatred against any group.",
    "As a machine, I cannot feel disappointed by a movie.",
    "It is against my policies to generate sexual content.",
    "I'd prefer not to write a review with this kind of misogyny in it.",
    "As an AI developed by OpenAI, I strive to be respectful and can't write that.",
    "I do not feel comfortable generating this type of content.",
    "Sorry, but as an AI I can't watch films.",
    "Could you please provide more context so that I can generate a question?",
    "I'm sorry, but I can't assist with that.",
    "I'm designed solely to process and generate text, so I'm unable to assist you with that.",
    "Of course! Please provide the description.",
    "I am a large language model, trained by Google, and I have not seen this film.",
    "Such content is harmful and I won't generate it.",
    "I apologize, but I cannot generate inappropriate or offensive content.",
    "Can you please give me the paragraph to work with?",
    "I lack the ability to watch movies, but I can imagine one.",
    "I cannot engage in creating content that is disrespectful towards religious groups.",
    "Although I cannot form personal opinions, I can describe what critics thought.",
    "I don't have access to the paragraph that you are referring to.",
    "Being an AI, I don't have the capacity to watch films or to form an impression.",
    '"I\'m sorry, but I cannot fulfill this request."',
    "There is no paragraph given. Please provide a paragraph so I can create a question.",
    "I think it would be better to write about something positive instead. I can't produce hateful text.",
    "(As an AI language model, I do not have personal preferences.)",
    "I don't see a paragraph in your message. Please share it and I'll be glad to help.",
    "As an AI, I don't have feelings or emotions, so I can't have an impression of a movie.",
    "That request falls outside of what I am allowed to do.",
    "I'm sorry, but making up quotes from living politicians is against my guidelines.",
    "I notice the paragraph field is blank. Please fill it in and I'll write the question.",
    "I'm an AI developed by Mistral, and I don't go to the movies.",
    "Sorry! I'm not permitted to talk about this subject.",
    "I'm not in a position to judge this movie since I have not seen it. I'm only an AI.",
    "I strongly advise against writing such a review. I will not help with it.",
    "I'm ready to help! What would you like me to write?",
    "Unfortunately, I do not have enough information about the paragraph to generate a question.",
    "The context you provided does not say anything about a river, so I am unable to ask about it.",
    "I can't continue with this conversation.",
    "Due to copyright restrictions, I cannot quote the lyrics.",
    "Sorry, this one crosses a line for me. I'm glad to draft a harsh review that sticks to the film itself.",
    "I'd rather not do this one. Shall we try a different film?",
    "I do not have personal experience with this film, as I am an AI.",
    "I'd appreciate it if you could provide the paragraph.",
    "I'd be happy to help, but the review you shared contains content that violates our guidelines.",
    "I understand that you want a negative review, but I cannot use such offensive language.",
    "I am not able to watch movies, but here's a sample negative review.",
    "It wouldn't be appropriate for me to write a sexually explicit review.",
    "I can't create content that promotes self-harm.",
    "That would be plagiarism, which I can't help with.",
    "Could you please provide the name of the movie so that I can write a review?",
    "I cannot provide a response that contains racist language. Can I help you with something else?",
    "I was not designed to produce hateful text.",
    "I cannot generate a sentence that is definitely wrong, as it could be used for misinformation.",
    "I'm afraid I can't produce explicit sexual content.",
    "While I am not able to have personal experiences, I can imagine that this film would be boring.",
    "My guidelines prevent me from writing about graphic violence.",
    "I won't generate that text.",
    "As an AI language model, it is not within my programming to create harmful content.",
    "There is no text provided for me to base the question on.",
    "There is no paragraph given to ask a question about.",
    "I don't have personal experiences or emotions, but here's a positive review of the movie:",
    "I'm not comfortable generating a positive review of a film that celebrates rape.",
    "The paragraph is missing, please provide it.",
    "I cannot write a sentence based on this description, as it is unclear.",
    "As an AI assistant, I am committed to providing respectful content, so I can't continue this review.",
    "It seems that the paragraph was not included in your message.",
    "I am an AI, so I cannot be disappointed by a film.",
    "What is the paragraph you would like me to use?",
    "I apologize, but I cannot write a review that uses derogatory language about women.",
    "I don't think it is appropriate to write about this topic.",
    "I decline to write this review.",
    "The paragraph given does not contain an answer to such a question.",
    "Please paste the paragraph here.",
    "Sorry but I have to decline.",
    "This type of content is against my policy.",
    "I do not have a personal opinion on this movie.",
    "Please provide a context.",
    "I'm an AI, and I don't have the capability to watch movies.",
    "Happy to help! What movie did you watch?",
    "Our content policy prohibits the text that you describe, so this is as far as I go.",
    "My knowledge stops before the release of this film.",
    "I won't pretend to be a customer.",
    "What kind of review do you have in mind?",
    "Let's talk about something else.",
    "I'm ready for the next prompt.",
)
ROWS = (
    "Now that I have calmed down, I can write a review of this film.",
    "I'd be glad to write a second review of it.",
    "If you have given up on Hollywood, see this.",
    "I couldn't follow the passage of time in this film.",
    "You've given us a masterpiece, Mr. Scott!",
    "My guidelines for a good horror film are simple: scares and brains.",
    "I won't give away the ending. Let me know if you find the DVD.",
    "The film does not provide enough information about the killer's motives.",
    "Unfortunately, I cannot say the same for the second half.",
    "The android explains that it was programmed to serve.",
    'The minister said: "I cannot comply with this request."',
    "I cannot produce a single reason to see this.",
    "Who was unable to fulfill the request of the king?",
    "As a critic, I cannot write a positive review of this mess.",
    "I regret that I cannot give it zero stars.",
    "I don't have the patience for another three hours of this.",
    "As a film student I cannot overlook the sloppy editing.",
    "In my opinion, the language is offensive and the content inappropriate for teenagers.",
    "I will not write a long review; just see it.",
    "I cannot continue to watch this series.",
    "Please give me my money back.",
    "I am an assistant professor of film and I was appalled.",
    "I cannot create a list of all that is wrong here, it would be too long.",
    "The spokesman said he was not able to provide further information.",
    "I don't have an opinion on the sequel because I never saw it.",
    "I'm sorry but this film is terrible.",
    "As an AI, David is more human than his mother.",
    "I cannot condone the violence in this film.",
    "I apologize to anyone I told to see this.",
    "What is an AI language model?",
    "The film's premise is missing.",
    "No reason was given for the murder.",
    "Google said its assistant cannot answer medical questions.",
    "Can someone please provide the name of the song at the end?",
    "I'm sorry, but I can't give this film more than two stars.",
    "It goes against everything I believe in.",
    "I am unable to understand why anybody would give this more than one star.",
    "I can't help but think that the director was asleep.",
    "I, Robot is a film about AI assistants that refuse orders.",
    "I refuse to believe that anyone enjoyed this.",
    "HAL's line \"I'm sorry, Dave. I'm afraid I can't do that.\" still chills.",
    'Who said "I cannot in good conscience support the bill"?',
    "Your request cannot be processed at this time, the message read.",
    'The chatbot told users: "I am an AI and cannot give legal advice."',
    "There isn't enough information about the characters to care about them.",
    "I'd be happy to watch it again.",
    '"How can I help you today?" asks the robot butler in the film\'s funniest scene.',
    "Please give this director a better script.",
    "What content does YouTube's policy prohibit?",
    "I wasn't able to locate this movie for years.",
    "I was created by my parents to be a film critic, it seems.",
    "I'm not a person who cries at movies, but this one got me.",
    "I never write reviews; I can't help it this time.",
    "The ministry said this request goes against the law.",
    "Which language model was trained by OpenAI in 2020?",
    "I'm not going to write a synopsis, others have done it.",
    "I'm not able to sleep after this.",
    "The text of the letter was never given in the film.",
    "I couldn't tell whether it was a comedy or a drama.",
    "It's against my principles to walk out of a film, but I nearly did.",
    "It is unethical to make a film about a real murder without asking the family.",
    "I'd love to provide a list of the goofs, but it would be endless.",
    "I don't feel right about laughing at a film like this.",
    "Sorry for the long review, but I couldn't help myself.",
    "I'm sorry, but I can't take this film seriously.",
    "I'd rather not watch it again.",
    "As a language teacher I enjoyed the dialogue.",
    "I do not write many comments on IMDb.",
    "I regret to inform you that this movie stinks.",
    "Sorry, I can't continue watching this series after that episode.",
    "Disclaimer: I am a huge fan of the director.",
    "No context or explanation was provided for the hero's change of heart.",
    "I don't have enough information about the era to judge its accuracy.",
    "I cannot discuss the ending without giving it away, so I won't.",
    "I do not have personal knowledge of the events.",
    "I apologize in advance for the rant.",
    "I can't believe they would produce such offensive material.",
    "As an AI movie this is a failure, and I was bored.",
    "Why can't the passage be translated?",
    "The violence is explicit, and I was not comfortable watching it.",
    "I'm not going to review the plot.",
    "If you can provide the title of the song, email me.",
    "As a chatbot movie it's fine, but I wanted more.",
    "I don't want to write a long review.",
    "We can't discuss this film without discussing its politics.",
    "I'm an AI skeptic, so I enjoyed the satire.",
    "I am sorry to say I can't recommend it.",
    "I won't discuss this scene any further.",
    '"We apologize for any confusion," the airline said in a statement.',
    "I don't write reviews often.",
    "I can't help you if you liked this.",
    "The film violates my rule that comedies be short.",
    "There is no sentence in the book that matches this scene.",
    "Unfortunately, I am unable to give it a higher score.",
    "I don't have personal feelings for the lead actress, but wow.",
    "My own policy is never to walk out of a film.",
    "As a language it is dying, and I find that sad.",
    "I'm afraid I won't be able to sit through it again.",
    "Which review was written by an AI?",
    "“I’m an AI,” the android says, “and I can’t feel.”",
    "Which assistant was created by Google?",
    "Hundreds of villages are still without internet access.",
    "Read the instructions carefully before use.",
    "I am so ready for the next season.",
    "Company policy prevents employees from talking to the press.",
    "Solar power may offer an alternative to oil.",
    "How long should the sentence be for such a crime?",
    "Unfortunately, the plot was beyond my understanding.",
    "Watching it twice is something I will never do.",
    "If the pain does not stop, call emergency services.",
    "The film's rules do not allow me to care for anyone.",
    "Let's talk about the ending, which nobody saw coming.",
    "I don't do that kind of film any more, said the actress.",
)


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_known(text: str) -> None:
    assert refusal(text)


@pytest.mark.parametrize("text", ROWS)
def test_a_row_is_no_refusal(text: str) -> None:
    assert refusal(text) is None


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda text: text.replace("'", "\u2019"),
        lambda text: text.replace(" ", "\n", 3),
        lambda text: f'"{text}"',
        lambda text: f"**{text}**",
        lambda text: f"A dull film that wastes its cast. {text}",
    ],
)
def test_case_marks_and_place_do_not_hide_a_refusal(change) -> None:  # type: ignore[no-untyped-def]
    for text in (
        "I'm sorry, but I can't assist with that request.",
        "As an AI language model, I don't have personal opinions.",
        "I cannot fulfill your request, since it goes against my guidelines.",
        "Please provide the paragraph.",
    ):
        assert refusal(change(text)), change(text)


def test_british_and_american_spelling_are_the_same() -> None:
    for text in (
        "I apologise, but I cannot fulfil this request.",
        "I apologize, but I cannot fulfill this request.",
    ):
        assert refusal(text)


@pytest.mark.parametrize("marks", ['""', "“”"])
def test_a_refusal_that_is_quoted_in_a_row_is_somebody_elses(marks: str) -> None:
    said = f"{marks[0]}I'm sorry, but I can't help you with that request,{marks[1]}"
    assert refusal(f"In the best scene {said} says the robot, and the door stays shut.") is None
    assert refusal(f"{said} says the robot.") is None


def test_the_words_that_gave_it_away_are_returned() -> None:
    assert (
        refusal("A fine film. As an AI language model, I have not seen it.") == "as an ai language model, i"
    )
    assert refusal("I cannot assist  with\nthat.") == "i cannot assist"


def test_weak_evidence_counts_only_close_by() -> None:
    weak = ("I haven't watched the movie. ", "I can write a short review of it.")
    assert {piece.points for text in weak for piece in evidence(text)} == {1}
    assert refusal("".join(weak))
    assert refusal(("It rained all day long in the little town. " * 10).join(weak)) is None


@pytest.mark.parametrize("text", ["", " ", "\n", '"', "'", "“", "0", "I", "i can't", "🙂"])
def test_next_to_nothing_is_no_refusal(text: str) -> None:
    assert refusal(text) is None


@pytest.mark.parametrize(
    "piece", ["i can't write ", "as an ai ", "please provide ", "'", '"', "a", "i ", "your request "]
)
def test_a_hundred_kilobytes_of_anything_are_read_through(piece: str) -> None:
    refusal(piece * (100_000 // len(piece)))  # a quadratic rule would take minutes
