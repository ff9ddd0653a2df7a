"""One unit to one sentence of a note: templates first, the third person of what was said where none fits."""

import re
from typing import Final

from ml.scribe.clauses import dose_alone
from ml.scribe.drugs import drug_names
from ml.scribe.person import Pronouns, doctor_to_third, patient_to_third
from ml.scribe.units import Unit
from ml.scribe.verbs import ADVERBS, AUXILIARY, agrees, third_person

ASKED: Final = re.compile(
    r"^(?:.*?\b)?(?<!\bwe )(?<!\bthey )"
    r"(?P<aux>do|did|(?<!\bi )have|(?<!\bi )had|are|were|can|could|has|is|does|was)\s+"
    r"you(?:r (?P<own>[a-z ]{3,30}?))?\s+(?P<rest>.+)$"
)
HAD: Final = re.compile(
    r"^(?:ever |also |still |really |currently |recently |been )*(?:having|have|had|get|getting|"
    r"got|noticed|notice|"
    r"noticing|experienced|experience|experiencing|feel|felt|feeling|been having|"
    r"seen)\s+(?P<what>.+)$"
)
ANY: Final = re.compile(r"^(?:.*?\b)?(?P<what>(?:any|no)\b.+)$")
TURNED: Final = re.compile(
    r"^(?P<aux>is|are|was|were|does|do|did|has|have|can|will) (?P<what>(?:that|it|this|there|they|"
    r"he|she)|"
    r"your (?:\w+ )?(?:pain|symptoms?|mood|appetite|sleep|cough|breathing|vision|weight|"
    r"diet)) (?P<rest>.+)$"
)
TOPIC: Final = re.compile(
    r"^(?:in terms of|for|regarding|as far as|with regards? to|in regards? to|from) (?:your|the|a|"
    r"an) "
    r"(?:(?:first|second|third|next|last|other) (?:problem|issue|diagnosis)(?: is)?(?: of)?,?)?"
    r"(?: ?your )?(?P<topic>[a-z0-9][a-z0-9 -]{2,40}?)(?:,? again)?(?: goes| standpoint)?$"
)
"""What a doctor turns to: the title of a problem, not a sentence."""
INVERTED: Final = re.compile(
    r"\b(?:does|do|did|has|had|is|was|are|were|have) (?:he|she|anyone|anybody)\b|"
    r"^(?:does|do|did|has|had|is|are|have|can) (?:it|that|this|they|there|you)\b|"
    r"\b(?:or (?:is|are|did|do|have)|did|do|are|were) you\b"
)
OTHERS: Final = re.compile(r"^(?:does|do|did|has|had|is|was|are) (?:he|she|you|they) or \w+\b")
ASKING: Final = re.compile(
    r"^(?:is|are|was|were|does|do|did|has|have|had|can|could|will|would) "
    r"(?:you|he|she|it|that|this|they|there|your|his|her|anyone|anybody|any|the)\b"
)
"""What is still a question: it is quoted with its answer."""
FRAGMENT: Final = re.compile(
    r"^(?!(?:i|there|we|he|she|my|you|a|an|the|some|another|his|her|our|all|"
    r"chest|shortness|pain|nausea|nobody|\d+(?! ?(?:mg|mcg|units?|hours?|days?|weeks?|months?|"
    r"years?)))\b)|^(?:a|an|the) (?:little|lot|bit|while|couple)\b(?!.*\bpain\b)|"
    r"\b(?:no|yes|yep|yeah|thanks)$"
)
"""An answer that says nothing without its question."""
WHICH: Final = re.compile(
    r"\b(?:which|how (?:many|long|often|bad)|when|where|what side|scale|rate)\b"
)
"""A question whose short answer is a part of it: "which knee"."""
SHORT_ANSWER: Final = 4
LEAST_ASKED: Final = 3
DROPPED: Final = re.compile(
    r"\b(?:at all|any of that|by any chance|is that correct|is that right|with that|with this)\b"
)
TO_NOTE: Final = (
    (
        r"^for (?:your|my|the|his|her|their) (?:first|second|third|fourth|last|next|final|other) "
        r"(?:problem|issue|diagnosis|condition),?(?: of)?,? (?:for )?(?=(?:your|his|her|this|the)\b)",
        "for ",
    ),
    (r"\b(?:i|we) (?:am|are) going to have you\b", "i recommended that you"),
    (r"\b(?:i|we) (?:am|are) going to\b", r"we will"),
    (r"\b(?:i|we) (?:do )?(?:also |still )?(?:want|would like|need) you to\b", "i advised you to"),
    (r"(?<!\bif )(?<!whether )\b(?:i|we) (?:do )?(?:want|would like|need) to\b", "we will"),
    (r"\b(?:i|we) (?:do )?also (?:want|would like|need) to\b", "we will also"),
    (r"\bi (?:would|will) recommend\b", "i recommended"),
    (r"\byou and i\b", "we"),
    (r"\blet us\b", "we will"),
    (r"\bi do (?!not\b)(?=\w)", "i "),
    (r"^(?:or|that) (?=(?:you|i|we|he|she|they)\b)", ""),
    (r"\bgo ahead(?: and)?\b", ""),
    (r"\ba little bit of\b", "some"),
    (r"\ba little bit\b", "slightly"),
    (r"\btwice a day\b", "twice daily"),
    (r"\b(once|one time) a day\b", "once daily"),
    (r"\ba day\b", "daily"),
    (r"\bevery day\b", "daily"),
    (r"\bhigh blood pressure\b", "hypertension"),
    (r"\bbelly\b", "abdomen"),
    (r"\bcat scan\b", "ct scan"),
    (r"\bmeds\b", "medications"),
    (r"\b(?:today|here) (?:today|here)\b", "today"),
    (r"^that ", "this "),
)
_TO_NOTE: Final = tuple((re.compile(pattern), to) for pattern, to in TO_NOTE)
CAPITALS: Final = re.compile(
    r"\b(?:i|ct|mri|ekg|ecg|emg|copd|gerd|pcp|er|icu|bmi|hiv|ldl|hdl|tsh|cbc|a1c|psa|uti|pt|ed|iv|"
    r"acl|mcl|lcl|"
    r"dhea|alt|ast|pet scan|[lt]\d{1,2}|c[1-7]|vitamin [a-k]\d*(?!\w)|echo(?=cg)|egd|afib(?=\b$)|"
    r"dvt|pe(?= )|covid|covid-19|nsaids?|ent|ob|gyn|tens|otc|nph|bnp|"
    r"esr|crp|ana|uri|gi|er)\b"
)


NAMES: Final = re.compile(
    r"\b(?:january|february|april|june|july|september|october|november|december|monday|tuesday|"
    r"wednesday|thursday|friday|saturday|sunday|cushing|spurling|phalen|tinel|english|american)\b"
)
TITLED: Final = re.compile(r"\b(?:mr|mrs|ms|dr) [a-z]+")


def _capital(text: str) -> str:
    text = CAPITALS.sub(lambda match: match.group().upper().replace("VITAMIN", "vitamin"), text)
    text = NAMES.sub(lambda match: match.group().capitalize(), text)
    text = TITLED.sub(lambda match: match.group().title(), text)
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """A text as a sentence: capitals, one stop at the end."""
    text = re.sub(r"\s+", " ", text).strip(" ,;.-")
    return _capital(text) + "." if text else ""


def in_style(text: str) -> str:
    """Spoken turns of phrase as a note has them."""
    for pattern, to in _TO_NOTE:
        text = pattern.sub(to, text)
    return re.sub(r"\s+", " ", text).strip()


def _either(text: str) -> str:
    """A list that is denied, joined by or."""
    text = re.sub(r"^(?:any|no) ", "", re.sub(r"^(?:other )?symptoms? (?:such as|like) ", "", text))
    return re.sub(r",? (?:and|or) (?:any )?", " or ", re.sub(r", (?:any|no) ", ", ", text))


def _asked(unit: Unit, who: Pronouns) -> str:
    """A question that was answered with yes or no."""
    text = DROPPED.sub("", in_style(unit.text)).strip(" ,")
    if OTHERS.search(text):
        return quoted_answer(unit.text, unit.answer, who)
    asked = ASKED.match(text)
    if asked and not asked.group("own"):
        rest = asked.group("rest").strip()
        if INVERTED.search(rest):
            return quoted_answer(unit.text, unit.answer, who)
        had = HAD.match(rest)
        if had:
            return _had(doctor_to_third(had.group("what"), who), unit.answer, who)
        return _with_auxiliary(asked.group("aux"), rest, unit.answer, who)
    some = ANY.match(text)
    if some:
        return _had(doctor_to_third(some.group("what"), who), unit.answer, who)
    turned = TURNED.match(text)
    if turned:
        verb = turned["aux"] + (" not" if unit.answer == "no" else "")
        return doctor_to_third(f"{turned['what']} {verb} {turned['rest']}", who)
    if ASKING.match(text) or INVERTED.search(text):
        return quoted_answer(unit.text, unit.answer, who)
    said = doctor_to_third(text, who)
    if unit.answer == "yes":
        return said
    that = "that " if re.match(r"(?:she|he|it|they|the patient|there)\b", said) else ""
    return f"{who.subject} denies {that}{said}"


def _had(what: str, answer: str, who: Pronouns) -> str:
    if answer == "no":
        return f"{who.subject} denies {_either(what)}"
    return f"{who.subject} reports {re.sub('^any ', '', what)}"


def quoted_answer(question: str, answer: str, who: Pronouns) -> str:
    """Question and answer in the words of both, where neither stands by itself."""
    if len(question.split()) < LEAST_ASKED:
        return ""
    said = answer if answer in ("yes", "no") else f'"{answer}"'
    return f'asked "{question}", {who.subject} said {said}'


def _with_auxiliary(auxiliary: str, rest: str, answer: str, who: Pronouns) -> str:
    form = AUXILIARY.get(auxiliary, auxiliary)
    said = doctor_to_third(rest, who)
    if answer == "no":
        return f"{who.subject} {form} not {re.sub('^ever ', '', said)}"
    said = re.sub(r"^ever |\bany (?=\w)", "", said)
    if form == "does":
        return f"{who.subject} {_present(said)}"
    return f"{who.subject} {form} {said}"


def _present(said: str) -> str:
    """Words after "do you" with their verb in the third person."""
    words = said.split()
    at = next((at for at, word in enumerate(words) if word not in ADVERBS), 0)
    words[at] = agrees(words[at]) or third_person(words[at])
    return " ".join(words)


def _is_part(unit: Unit, text: str) -> bool:
    """Whether an answer says nothing without its question, such as the dose of its medicine."""
    if FRAGMENT.search(text):
        return True
    if len(text.split()) <= SHORT_ANSWER and WHICH.search(unit.question):
        return True
    return dose_alone(unit.text) and len(set(drug_names(unit.question))) == 1


def statement(unit: Unit, who: Pronouns) -> str:
    """The sentence of a note that a unit gives, without capital and stop."""
    if unit.answer in ("yes", "no"):
        return _asked(unit, who)
    text = in_style(unit.text)
    if unit.role == "patient":
        if unit.answer == "said" and _is_part(unit, text):
            return quoted_answer(unit.question, unit.text, who)
        said = patient_to_third(text, who)
        if unit.answer != "said" or said.startswith("the patient "):
            return said
        return f"{who.subject} reports {said}"
    topic = TOPIC.match(text)
    return doctor_to_third(topic["topic"] if topic else text, who)
