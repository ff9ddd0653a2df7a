"""The verb forms of the third person, for words that people use of themselves in a visit."""

from typing import Final

AUXILIARY: Final = {
    **{"am": "is", "are": "is", "were": "was", "have": "has", "do": "does"},
    **{"is": "is", "was": "was", "has": "has", "does": "does", "been": "been"},
}
SAME: Final = frozenset(
    "can could will would should may might must did had ought cannot shall used".split()
)
ADVERBS: Final = frozenset(
    "also still already never always usually sometimes probably only not ever often currently recently mostly "
    "generally maybe normally typically now even barely occasionally mainly simply then both all "
    "initially first finally previously rarely absolutely".split()
)
PAST: Final = frozenset(
    "ate became began bent bit bled blew bought broke brought built came caught chose did dealt drank drove fell felt "
    "fed fought forgot found gave got grew had heard held hit hurt kept knew laid landed lay left lost made meant met "
    "paid ran rode rose said sat saw sent shook slept spent spoke stood stuck took thought threw told tore understood "
    "went woke wore won wrote came slid swam cut put tripped saw began".split()
)
BASE: Final = frozenset(
    "ache avoid become begin believe bend bleed breathe bring buy call care check choose climb come complain "
    "continue control cook cough cry cut deal deny depend dance drink drive drop eat end enjoy exercise experience "
    "fall feel fight find forget get give go grow guess handle happen hate have hear help hike hit hold hope hurt "
    "inject jog keep kick know lay lean leave let lie lift like limit live look lose love make manage mean measure "
    "mention miss monitor move need notice own pass pay play plan prefer put ran read record remember report require "
    "rest return ride run say see seem sit sleep smoke snack sound spend stand start stay stop struggle suffer swim "
    "take talk tend think throw travel try turn understand use visit vomit wake walk want watch wear weigh wish "
    "wonder work worry write recall describe urinate pee sweat tolerate pull push limp restrict stretch".split()
)
VOWELS: Final = "aeiou"


def third_person(verb: str) -> str:
    """A present verb with the ending of the third person: "take" is "takes", "try" is "tries"."""
    if verb.endswith("y") and verb[-2:-1] not in VOWELS:
        return verb[:-1] + "ies"
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        return verb + "es"
    return verb + "s"


def agrees(verb: str) -> str | None:
    """The form that goes with he or she; None where the word is no verb that is known."""
    if verb in AUXILIARY:
        return AUXILIARY[verb]
    if (
        verb in SAME
        or verb in PAST
        or (verb.endswith("ed") and verb not in ("need", "feed", "bleed"))
    ):
        return verb
    return third_person(verb) if verb in BASE else None
