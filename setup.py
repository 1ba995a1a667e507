"""Everything is said in setup.cfg but one thing: a source distribution holds the tests and examples, too."""

from setuptools import setup
from setuptools.command.sdist import sdist


class SourceDistribution(sdist):
    """What setuptools finds by itself, and what it takes to test it."""

    def make_distribution(self) -> None:
        """Add to the list of files, and pack them."""
        self.filelist.include("*.rst")
        self.filelist.include(".ruff.toml")
        for folder in ("tests", "examples"):
            self.filelist.graft(folder)
        self.filelist.global_exclude("*.py[co]")
        super().make_distribution()


setup(cmdclass={"sdist": SourceDistribution})
