"""Names of the synthetic population: Norwegian, Sami, and those that came with people from elsewhere."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import normalize

from rostersync.lab.chance import pick
from rostersync.lab.numbers import FEMALE

_WOMEN = {
    "norwegian": """
        Nora Emma Ingrid Sofie Frida Maja Åse Astrid Aurora Ylva Tuva Selma Leah Anne-Marit Silje Hedda Live Solveig
        Mille Vår Sunniva Ragnhild Åshild Bjørg Gro Ida-Sofie Inga-Lill Å Ø Thea Amalie Vilde Jenny Synnøve""",
    "sami": "Áile Biret Elle Máret Risten Sárá Ánne Gáddjá Ingá Láilá Márjá Ravdna Šárlohtta Ŋállá",
    "elsewhere": """
        Fatima Aisha Zainab Hodan Sagal Maryam Agnieszka Zofia Thi-Linh Mai Kavitha Selam Luwam Elif Zuzana Oksana""",
}
_MEN = {
    "norwegian": """
        Noah Jakob Emil Lukas Oskar Aksel Håkon Øyvind Tobias Jonas Magnus Sander Mathias Bjørn Pål Sjur Odin Ulrik
        Herman Even Vetle Eirik Storm Jan-Erik Bjørn-Åge Per-Øyvind Å Ola Kåre Trygve Gøran Ludvig Sæbjørn Jørn""",
    "sami": "Áilu Ánde Biera Čearret Hánsa Issát Juoksa Mihkkal Máhtte Niillas Piera Ráste Đávvet Ŧor",
    "elsewhere": """
        Mohammed Ali Abdirahman Yusuf Hamza Piotr Krzysztof Minh Duc Arun Yonas Filmon Emre Tomáš Andrij Żegota""",
}
_FAMILIES = {
    "norwegian": """
        Hansen Johansen Olsen Larsen Andersen Pedersen Nilsen Kristiansen Bråten Sæther Ødegård Åsen Hagen Bøe Lie Moen
        Strand Solberg Haugen Fjeld Dahl Berg Myhre Tveit Østby Sørensen Næss Rønning Knutsen Aas Vik Å Øy
        Løken-Berg Skjæveland Bjørnebråten Grøtådalen""",
    "sami": "Čáhppe Đorvi Gáŋka Hætta Juuso Kemi Márakatt Ŋiel Sárri Šlyng Ŧhun Utsi Vuolab Žižžik Eira Guttorm",
    "elsewhere": """
        Ahmed Hussain Warsame Abdi Mohamud Nguyen Tran Kowalski Wiśniewska Nowak Singh Kaur Sivalingam Tesfay Haile
        Yılmaz Öztürk Novák Ševčenko Al-Khatib O'Brien d'Angelo""",
}
_SCHOOL_BEGINNINGS = """
    Bjørke Furu Granli Høy Lille Nord Sør Øst Vest Ås Elve Fjell Gamle Haug Kirke Klokker Linde Lang Lønne Mo Myr Nes Ny
    Orre Osp Regn Ring Rogne Selje Skau Sol Stein Stor Strand Svart Tjern Toppen Tyri Vår Øvre"""
_SCHOOL_ENDINGS = """
    bakken berget botn bråten bukta bygda dalen eide enga fallet fjorden flata gjerdet grenda haugen heia hogget holmen
    høgda jordet kleiva kollen kroken lia lien lunden løkka marka moen myra neset odden plassen ringen rud rønningen
    seter skogen sletta stua sundet svingen toppen tunet tråkka vangen vika vollen ødegården åsen"""


def _lists(names: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {culture: tuple(listed.split()) for culture, listed in names.items()}


_GIVEN = {True: _lists(_WOMEN), False: _lists(_MEN)}
_FAMILY = _lists(_FAMILIES)
_BEGINNINGS, _ENDINGS = _SCHOOL_BEGINNINGS.split(), _SCHOOL_ENDINGS.split()
_PLAIN = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "đ": "d", "ŋ": "n", "ŧ": "t", "ł": "l", "ı": "i"})


def culture(draw: int) -> str:
    """Which lists a family's names come from."""
    share = draw % 100
    return "sami" if share < 5 else "elsewhere" if share < 22 else "norwegian"


def given_name(culture: str, sex: int, draw: int) -> str:
    """A given name; one Norwegian in eight has two."""
    names = _GIVEN[sex == FEMALE][culture]
    first, second = pick(names, draw), pick(names, draw >> 16)
    return f"{first} {second}" if culture == "norwegian" and (draw >> 32) % 8 == 0 and first != second else first


def family_name(culture: str, draw: int) -> str:
    """A family name."""
    return pick(_FAMILY[culture], draw)


def school_name(index: int) -> str:
    """The name of the lab's school with this index; two thousand of them differ."""
    beginning = _BEGINNINGS[index % len(_BEGINNINGS)]
    ending = _ENDINGS[(index // len(_BEGINNINGS) + 7 * index) % len(_ENDINGS)]
    return f"{beginning}{ending} skole"


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name as it would stand in an e-mail address: lower-case letters a to z, nothing else."""
    folded = normalize("NFKD", name.lower().translate(_PLAIN))
    return "".join(letter for letter in folded if "a" <= letter <= "z") or "x"
