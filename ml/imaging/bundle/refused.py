"""Why a model bundle is not used: a sentence for `isthmus doctor`, never a crash of the lane."""


class BundleRefused(Exception):  # noqa: N818 - a refusal is a result, not an error
    """A bundle that does not run here.

    Parameters
    ----------
    where : str
        File of the bundle and key in it, for example ``inference.json network_def::norm``.
    why : str
        What is wrong there, with the offending text, and what would be right.
    """

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why
