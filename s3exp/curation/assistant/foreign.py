"""What an assistant says around a row, or in its place, in other languages than English: patterns by language.

A preamble names what it announces ("Hier ist eine negative Rezension:"), or stands alone on the first line. A refusal
apologises and declines an act of writing, or speaks as a language model. `LANGUAGES` are those that have patterns;
in any other, a short first line that ends in a colon is a preamble, and a refusal is not known.
"""

from __future__ import annotations

# ruff: noqa: E501 - a language a block, a purpose a line
import re

from s3exp.language.words import count

# language -> yes; here is; the noun of a row; a remark after it; an apology; cannot; an act of writing; the speaker
_TABLE = {
    "de": (
        "klar|natürlich|gerne?|sicher|selbstverständlich|okay|alles klar",
        "hier (?:ist|sind|kommt|hast du|haben sie)|nachfolgend|im folgenden|anbei",
        "rezension|bewertung|kritik|satz|frage|text|beispiel|kommentar|beitrag|nachricht|meldung|version|antwort|vorschlag",
        "ich hoffe|lass(?:en sie)? (?:es )?mich wissen|wenn du (?:noch|weitere)|falls (?:du|sie)|möchte(?:st|n) (?:du|sie)|hinweis:|anmerkung:",
        "(?:es )?tut mir (?:sehr )?leid|leider|entschuldig\\w*|ich bedaure",
        "(?:kann|darf|werde|möchte) (?:ich )?(?:[\\w]+ ){0,6}?(?:nicht|keine?[nrs]?)|nicht in der lage",
        "helfen|weiterhelfen|schreiben|erstellen|verfassen|generieren|erfüllen|nachkommen|bereitstellen|anfrage|bitte|inhalte",
        "als (?:eine? |künstliche[sr]? )?(?:ki\\b|ki-|künstliche intelligenz|sprachmodell|ki-sprachmodell)|ich bin (?:eine? )?(?:ki\\b|ki-|sprachmodell)",
    ),
    "fr": (
        "bien sûr|d['’]accord|certainement|avec plaisir|volontiers|absolument|très bien",
        "voici|voilà|ci-dessous|ci-après",
        "critique|avis|phrase|question|texte|exemple|commentaire|message|version|réponse|article|proposition",
        "j['’]espère|n['’]hésitez|n['’]hésite|faites-moi savoir|fais-moi savoir|si vous (?:souhaitez|avez|voulez)|souhaitez-vous|remarque ?:|note ?:",
        "(?:je suis )?désolée?|je m['’]excuse|malheureusement|navrée?",
        "je (?:ne (?:peux|puis|suis|saurais)|n['’]ai) (?:[\\w'’]+ ){0,3}?pas|je refuse",
        "aider|écrire|rédiger|générer|créer|produire|fournir|répondre|demande|contenu",
        "en tant qu['’](?:ia\\b|intelligence artificielle|modèle de langage)|je suis (?:une ia\\b|un modèle de langage|une intelligence)",
    ),
    "es": (
        "claro|por supuesto|desde luego|con gusto|vale|de acuerdo|seguro",
        "aquí (?:está|tienes|tiene|va|hay)|a continuación|he aquí|esta es",
        "reseña|crítica|oración|frase|pregunta|texto|ejemplo|comentario|mensaje|versión|respuesta|opinión|noticia",
        "espero que|no dudes|avísame|hazme saber|si (?:necesitas|quieres|deseas)|¿(?:quieres|te gustaría|necesitas)|nota:",
        "lo siento|lo lamento|disculpa\\w*|lamentablemente|perdón",
        "no (?:puedo|podré|me es posible|estoy)|me niego",
        "ayudar\\w*|escribir|generar|crear|redactar|producir|cumplir|proporcionar|solicitud|contenido",
        "como (?:una? )?(?:ia\\b|inteligencia artificial|modelo de lenguaje)|soy (?:una? )?(?:ia\\b|modelo de lenguaje|inteligencia)",
    ),
    "it": (
        "certo|certamente|naturalmente|va bene|volentieri|assolutamente",
        "ecco|di seguito|qui (?:c['’]è|sotto)",
        "recensione|critica|frase|domanda|testo|esempio|commento|messaggio|versione|risposta|notizia",
        "spero che|fammi sapere|non esitare|se (?:hai|vuoi|desideri)|vuoi che|nota:",
        "mi dispiace|mi spiace|purtroppo|chiedo scusa",
        "non (?:posso|sono in grado|riesco)",
        "aiutar\\w*|scrivere|generare|creare|produrre|fornire|soddisfare|richiesta|contenut\\w",
        "come (?:un['’]?\\w* )?(?:ia\\b|intelligenza artificiale|modello linguistico)|sono (?:un['’]?\\w* )?(?:ia\\b|modello linguistico|intelligenza)",
    ),
    "pt": (
        "claro|com certeza|certamente|sem problemas|ok",
        "aqui (?:está|vai|tem|estão)|segue|abaixo|eis",
        "resenha|crítica|frase|pergunta|texto|exemplo|comentário|mensagem|versão|resposta|avaliação|notícia",
        "espero que|me avise|avise-me|se (?:precisar|quiser|desejar)|gostaria|nota:|observação:",
        "sinto muito|desculp\\w+|lamento|infelizmente",
        "não (?:posso|consigo|sou capaz)",
        "ajud\\w+|escrever|gerar|criar|produzir|fornecer|atender|solicitação|pedido|conteúdo",
        "como (?:uma? )?(?:ia\\b|inteligência artificial|modelo de linguagem)|sou (?:uma? )?(?:ia\\b|modelo de linguagem)",
    ),
    "nl": (
        "natuurlijk|zeker|prima|uiteraard|graag|oké",
        "hier (?:is|zijn|komt|heb je|volgt)|hieronder",
        "recensie|zin|vraag|tekst|voorbeeld|commentaar|bericht|versie|antwoord|beoordeling|artikel",
        "ik hoop|laat (?:het )?me weten|laat het weten|als je|wil je|opmerking:",
        "het spijt me|sorry|helaas",
        "kan ik (?:[\\w]+ ){0,4}?(?:niet|geen)|ik kan (?:[\\w]+ ){0,4}?(?:niet|geen)",
        "helpen|schrijven|genereren|maken|verzoek|inhoud|voldoen",
        "als (?:een )?(?:ai\\b|ai-|kunstmatige intelligentie|taalmodel)|ik ben (?:een )?(?:ai\\b|ai-|taalmodel)",
    ),
    "pl": (
        "oczywiście|jasne|pewnie|dobrze|z przyjemnością",
        "oto|poniżej|przedstawiam",
        "recenzj\\w+|zdani\\w+|pytani\\w+|tekst|przykład|komentarz|wiadomość|wersj\\w+|odpowied\\w+|opini\\w+",
        "mam nadzieję|daj znać|jeśli (?:chcesz|potrzebujesz)|czy chcesz|uwaga:",
        "przykro mi|przepraszam|niestety",
        "nie mogę|nie jestem w stanie",
        "pomóc|napisać|wygenerować|stworzyć|spełnić|prośb\\w+|treści",
        "jako (?:ai\\b|sztuczna inteligencja|model językowy)|jestem (?:ai\\b|modelem językowym)",
    ),
    "ru": (
        "конечно|разумеется|хорошо|с удовольствием|да",
        "вот|ниже",
        "отзыв|рецензи\\w+|предложени\\w+|вопрос|текст|пример|комментари\\w+|сообщени\\w+|верси\\w+|ответ",
        "надеюсь|дайте знать|если (?:вам|вы|тебе|хотите)|хотите|примечание:",
        "извините|простите|прошу прощения|к сожалению|сожалею|мне жаль",
        "я не (?:могу|смогу|буду|в состоянии)|не могу",
        "помочь|написать|создать|сгенерировать|выполнить|запрос\\w*|контент\\w*",
        "как (?:ии\\b|искусственный интеллект|языковая модель)|я (?:—|-|–)?\\s?(?:ии\\b|языковая модель|искусственный интеллект)",
    ),
    "tr": (
        "tabii(?: ki)?|elbette|tamam|memnuniyetle",
        "işte|aşağıda",
        "yorum\\w*|eleştiri\\w*|cümle\\w*|soru\\w*|metin|örnek|inceleme\\w*|yanıt\\w*",
        "umarım|bana bildir|isterseniz|başka bir|not:",
        "üzgünüm|özür dilerim|maalesef|ne yazık ki",
        "yapamam|yazamam|edemem|olamam|oluşturamam|mümkün değil",
        "yardım\\w*|yaz\\w*|oluştur\\w*|istek\\w*|içerik\\w*",
        "bir (?:yapay zeka|dil modeli)",
    ),
    "zh": (
        "当然(?:可以)?|好的|没问题|可以|當然|沒問題|明白",
        "以下是?|这是|这里是|下面是|這是|這裡是|这里有",
        "评论|评价|影评|句子|问题|文本|例子|示例|短评|消息|新闻|回复|評論|評價|影評|問題|例句|版本",
        "希望|如果(?:你|您)(?:需要|想|还)|需要我|请告诉我|注[:：]|备注[:：]",
        "抱歉|对不起|很遗憾|不好意思|對不起",
        "无法|不能|不可以|無法|不便",
        "提供|生成|撰写|创作|编写|写|满足|完成|协助|帮助|请求|内容|回答|產生|撰寫|協助",
        "作为(?:一个|一名|一款)?(?:人工智能|ai|语言模型|大语言模型)|作為(?:一個)?(?:人工智慧|ai|語言模型)|我是(?:一个|一款)?(?:人工智能|ai|语言模型)",
    ),
    "ja": (
        "もちろん(?:です)?|はい|わかりました|承知しました|了解(?:です|しました)?|かしこまりました",
        "以下は|こちらは|こちらが|これは|以下に|次は",
        "レビュー|文章?|質問|例文?|テキスト|コメント|感想|批評|回答|記事",
        "お役に立|ご希望|必要(?:であれば|でしたら)|お知らせください|いかがでしょうか|注[:：]",
        "申し訳(?:ありません|ございません)|すみません|ごめんなさい|残念ながら",
        "できません|できかねます|いたしかねます|出来ません",
        "提供|生成|作成|書く|お手伝い|お答え|対応|リクエスト|ご要望|コンテンツ",
        "(?:ai|人工知能|言語モデル)(?:である|として|なので|です)",
    ),
    "ko": (
        "물론(?:입니다|이죠|이에요)?|네|알겠습니다|좋습니다",
        "다음은|여기|아래는|아래에",
        "리뷰|문장|질문|예시|텍스트|댓글|평가|감상평|답변|기사",
        "도움이 되|필요하시면|알려 ?주세요|원하시면|참고:",
        "죄송(?:합니다|하지만|해요)|미안(?:합니다|하지만|해요)|유감(?:입니다|스럽게도)|안타깝게도",
        "수 없습니다|수 없어요|할 수 없|드릴 수 없|어렵습니다",
        "제공|생성|작성|도와|도움|요청|콘텐츠|답변|써",
        "(?:ai|인공지능|언어 모델)(?:로서|이기 때문|입니다|이므로)",
    ),
    "ar": (
        "بالطبع|بالتأكيد|حسنا|حسنًا|بكل سرور|نعم",
        "إليك|فيما يلي|هذه هي|هذا هو|ها هي|هنا",
        "مراجعة|جملة|سؤال|نص|مثال|تعليق|نقد|رسالة|إجابة",
        "آمل|أتمنى|إذا كنت|هل تريد|ملاحظة:",
        "آسف|عذرا|عذرًا|أعتذر|للأسف",
        "لا (?:أستطيع|يمكنني)|لا استطيع",
        "مساعد\\w*|كتابة|إنشاء|تقديم|تلبية|طلب\\w*|محتوى",
        "كنموذج لغ\\w+|بصفتي (?:نموذج|ذكاء)\\w*|أنا (?:نموذج|ذكاء اصطناعي)",
    ),
}
LANGUAGES = ("en", *_TABLE)
_UNSPACED = ("zh", "ja", "ko", "tr", "ar")  # acts may stand before the word that declines them
_ENGLISH = re.compile(
    r"\b(?:the|this|these|of|with|and|for|what|why|that|which|is|are|was|were|you|your|here|it|my|his|her|but|not)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(r"\b(?:der|die|das|und|ist|est|les?|et|el|los|y|il|che|não|het|en|w|de)\b", re.IGNORECASE)
_LINE = re.compile(r"\s*(?P<line>[^\n]{2,160}?)[*_ \t]{0,4}[:：][*_ \t]{0,4}\n\s*(?=\S)")
_MOST_WORDS = 24  # of a line that announces; a character of Chinese counts as a word
_HEAD = 400


def _any(place: int) -> str:
    return "|".join(row[place] for row in _TABLE.values())


# by word, not by language: what a text is in is not known from one line
_YES_LINE = re.compile(rf"\W{{0,6}}(?:{_any(0)})\s*[!.,。！]{{1,3}}\s*\n\s*", re.IGNORECASE)
_PREAMBLE = re.compile(
    rf"\W{{0,6}}(?:(?:{_any(0)})\W{{1,4}})?(?:{_any(1)})[^\n:：.!?。！？]{{0,80}}?(?:{_any(2)})[^\n:：.!?。！？]{{0,120}}"
    rf"[:：][*_]{{0,3}}\s*(?=\S)"
    rf"|\W{{0,6}}(?:{_any(0)})[!,.，！。]{{1,3}}\s?[^\n:：.!?。！？]{{0,100}}[:：][*_]{{0,3}}\s*(?=\S)",
    re.IGNORECASE,
)
_AFTERWORD = re.compile(rf"\n\s*[*_(\[（]{{0,3}}(?:{_any(3)})[^\n]{{0,300}}\s*\Z", re.IGNORECASE)
_SPEAKER = re.compile(rf"\A\W{{0,6}}(?:(?:{_any(4)})[^\n.!?。！？]{{0,40}}?)?(?:{_any(7)})", re.IGNORECASE)
_DECLINED = tuple(
    re.compile(
        rf"\A\W{{0,6}}(?:{sorry})[^\n.!?。！？]{{0,90}}?(?:(?:{cannot})[^\n.!?。！？]{{0,90}}?(?:{act})"
        + (rf"|(?:{act})[^\n.!?。！？]{{0,60}}?(?:{cannot})" if code in _UNSPACED else "")
        + ")",
        re.IGNORECASE,
    )
    for code, (_, _, _, _, sorry, cannot, act, _) in _TABLE.items()
)


def preamble(text: str) -> int:
    """Number of characters at the start in which a text that is not English announces a row; 0 if there are none."""
    head = text[:_HEAD]
    if english(head):
        return 0
    for pattern in (_YES_LINE, _PREAMBLE):
        if hit := pattern.match(head):
            return hit.end()
    line = _LINE.match(head)
    return line.end() if line and count(line["line"]) <= _MOST_WORDS else 0


def epilogue(text: str) -> int:
    """Where the last line of a text that is not English speaks about the row; the length of the text if it does not."""
    begin = max(0, len(text) - _HEAD)
    hit = _AFTERWORD.search(text, begin) if "\n" in text[begin:] and not english(text[begin:]) else None
    return hit.start() if hit else len(text)


def refusal(text: str) -> str | None:
    """The words that mark a text as a refusal in one of the languages; None: there are none."""
    if english(text[:_HEAD]):
        return None
    for pattern in (_SPEAKER, *_DECLINED):
        if hit := pattern.search(text[:_HEAD]):
            return hit.group().strip()
    return None


def english(text: str) -> bool:
    """Whether a text has more function words of English than of its neighbours; so have most English lines."""
    return len(_ENGLISH.findall(text)) > len(_OTHER.findall(text))
