"""What sentences say about a mention."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.coding import context

PROBES = [
    ("The patient denies [chest pain].", "negated"),
    ("She denies fever, chills, or [cough].", "negated"),
    ("He denies any numbness but reports [weakness].", "present"),
    ("The x-rays did not reveal any signs of a [fracture].", "negated"),
    ("The scan does not show a [stone].", "negated"),
    ("No [edema]. 1+ pulses.", "negated"),
    ("No edema. 1+ [pulses].", "present"),
    ("There is no evidence of [pneumonia].", "negated"),
    ("Negative for [influenza].", "negated"),
    ("[Pneumonia] was ruled out.", "negated"),
    ("[Deep vein thrombosis] is unlikely.", "negated"),
    ("Abdomen is soft without [tenderness].", "negated"),
    ("She has no chest pain but has [dyspnea].", "present"),
    ("She never had [measles].", "negated"),
    ("Neither [rash] nor fever.", "present"),
    ("Neither rash nor [fever].", "negated"),
    ("Absence of [murmur] on today's exam.", "negated"),
    ("[Hypertension], not well controlled.", "present"),
    ("[Hypertension] is not controlled.", "present"),
    ("No significant change in her [asthma].", "present"),
    ("Not only [cough] but also fever.", "present"),
    ("He is not taking his drugs for [gout].", "present"),
    ("Gram negative [sepsis].", "present"),
    ("Left shoulder pain, likely [rotator cuff tear].", "uncertain"),
    ("Left [shoulder pain], likely rotator cuff tear.", "present"),
    ("Possible [appendicitis].", "uncertain"),
    ("CT to rule out [appendicitis].", "uncertain"),
    ("Findings are concerning for [malignancy].", "uncertain"),
    ("Symptoms consistent with [bronchitis].", "uncertain"),
    ("This may represent [gout].", "uncertain"),
    ("[Stroke] cannot be excluded.", "uncertain"),
    ("[Gout] versus cellulitis.", "uncertain"),
    ("I suspect [sinusitis].", "uncertain"),
    ("Differential diagnosis includes [lupus].", "uncertain"),
    ("Questionable [infiltrate] at the left base.", "uncertain"),
    ("A working diagnosis of [migraine] was made.", "present"),
    ("History of [gout].", "historical"),
    ("Past medical history is significant for [asthma].", "historical"),
    ("Status post [appendectomy].", "historical"),
    ("He had [pneumonia] two years ago.", "historical"),
    ("The [rash] has resolved.", "historical"),
    ("[Measles] as a child.", "historical"),
    ("Prior [stroke].", "historical"),
    ("Her mother had [breast cancer].", "family"),
    ("Patient reports both of her parents have [hypertension].", "family"),
    ("Family history of [diabetes].", "family"),
    ("[Diabetes] runs in the family.", "family"),
    ("His brother died of [leukemia].", "family"),
    ("The patient's father has [glaucoma], and she has cataracts.", "family"),
    ("The patient's father has glaucoma, and she has [cataracts].", "present"),
    ("If she develops [fever], call us.", "hypothetical"),
    ("Return for [fever] or chills.", "hypothetical"),
    ("Call the office if [swelling] worsens.", "hypothetical"),
    ("Risks of surgery, including [infection], were discussed.", "hypothetical"),
    ("Ibuprofen as needed for [pain].", "hypothetical"),
    ("Aspirin for prevention of [stroke].", "hypothetical"),
    ("At risk for [falls].", "hypothetical"),
    ("Monitor for [bleeding].", "hypothetical"),
    ("This drug can cause [nausea].", "hypothetical"),
    ("Her husband was diagnosed with [influenza].", "other-person"),
    ("Exposure to a coworker with [tuberculosis].", "other-person"),
    ("[Diabetes] with neuropathy.", "present"),
    ("The patient presents with [headache].", "present"),
    ("MRI revealed a [meniscus tear].", "present"),
    ("She reports worsening [back pain].", "present"),
    ("Dr. Smith treats her [psoriasis].", "present"),
]


@pytest.mark.parametrize(("marked", "wanted"), PROBES)
def test_a_mention_has_the_status_that_its_sentence_gives_it(marked, wanted):
    """Negated, uncertain, historical, family, hypothetical and others are told apart from present."""
    start = marked.index("[")
    text = marked.replace("[", "").replace("]", "")
    end = marked.index("]") - 1
    inside = next((a, b) for a, b in context.sentences(text) if a <= start < b)
    said = context.status(text[inside[0] : inside[1]], start - inside[0], end - inside[0])
    assert said == wanted


@given(st.text(alphabet="no Nif.,;? \n\tdenies1-\u2022", max_size=2000))
def test_sentences_lie_in_their_text_in_order(text):
    """Whatever the text, sentences do not overlap, are not empty and never longer than can be read."""
    last = 0
    for start, end in context.sentences(text):
        assert last <= start < end <= len(text)
        assert end - start <= context.LONGEST
        last = end
