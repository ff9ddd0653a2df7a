"""A note in another language is known as such, one in English or in few words never."""

import pytest

from profiles.note_language import language_of


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "The patient was seen for pain of the knee and is not on any drug. She has had this for a "
            "week and was told to rest at home.",
        ),
        (
            "de",
            "Der Patient wurde mit Schmerzen im Knie vorgestellt und die Untersuchung ist nicht auffällig. "
            "Eine Fraktur wurde bei der Aufnahme nicht gesehen.",
        ),
        (
            "fr",
            "Le patient est vu pour une douleur du genou et les examens sont normaux. Il est sans fièvre "
            "et la marche est possible avec une canne.",
        ),
        (
            "es",
            "El paciente es visto por dolor de la rodilla y los exámenes son normales. Se indica reposo "
            "con hielo para el dolor y una revisión por la consulta.",
        ),
        ("", "HTN, DM2, HLD. BP 120/80. CXR clear. Continue metformin 500 mg BID."),
        ("", "é\U0001f642 " * 100),
        ("", ""),
    ],
)
def test_the_language_of_a_note(language, text):
    """Sentences give their language in any case of letters; a list of findings gives none."""
    assert language_of(text) == language
    assert language_of(text.upper()) == language
