"""Words that say what a column is about: English, German, French, Spanish, Italian and Portuguese, without accents."""

import re
from collections.abc import Iterable

from core.datasets.sources.names import plain_letters, words

CLASS = words(
    """
    label labels class classes category categories target targets species kind type dx diagnosis diagnose diagnoses
    breed variety cultivar disease defect emotion digit letter character gesture taxon choice gt y truth
    klasse klassen kategorie art gattung sorte rasse krankheit befund bezeichnung ziffer zeichen etikett
    classe etiquette categorie espece maladie diagnostic chiffre race
    clase etiqueta categoria especie enfermedad diagnostico tipo raza cifra
    etichetta specie malattia diagnosi razza
    rotulo doenca raca tag tags keywords stichwort stichworte schlagwort
    """
)
# What these name is kept together whatever stands in the column.
GROUP = words(
    """
    group groups patient patients subject subjects participant proband donor specimen lesion
    sequence sequences seq clip clips video videos movie session burst slide slides wsi biopsy track trajectory
    plot plots transect quadrat litter wafer lot stack
    gruppe patientin probandin sequenz aufnahmeserie schnitt praparat objekttrager parzelle sitzung
    groupe sujet seance lame parcelle sequenza
    grupo paciente sujeto secuencia sesion portaobjetos parcela
    gruppo paziente soggetto sessione vetrino parcella filmato
    sujeito sequencia sessao lamina
    """
)
# These may as well be classes: they are groups where their values look like numbers of things (tree 17, A-03).
THING = words(
    """
    animal individual person plant tree leaf object item instance film scene series case sample study exam visit
    mouse cow sheep plate well block cluster event
    tier individuum objekt serie szene pflanze baum blatt fall probe film
    individu personne objet scene plante arbre feuille cas echantillon
    individuo persona objeto escena planta arbol hoja caso muestra
    animale oggetto scena pianta albero foglia campione
    pessoa cena arvore folha amostra
    """
)
PLACE = words(
    """
    site sites location locations camera cameras cam station place farm hospital clinic centre center lab laboratory
    scanner device trap field region city country batch day
    ort standort kamera betrieb klinik krankenhaus labor gerat feld gebiet stadt tag
    lieu hopital ferme laboratoire champ ville pays
    sitio lugar camara finca ciudad
    sito luogo telecamera fotocamera ospedale
    local fazenda cidade
    """
)
SPLIT = words(
    """
    split splits set subset partition usage fold folds phase aufteilung teilmenge menge ensemble sousensemble particion
    conjunto suddivisione insieme particao divisao
    """
)
# About the photo or who took it; seldom what a network should learn.
SIDE = words(
    """
    sex gender age date time datetime timestamp year month hour author photographer observer annotator annotation rater
    grader license licence url uri link path comment comments note notes remark remarks description caption title credit
    created updated lead confidence latitude longitude lat lon lng gps altitude bytes md5 sha hash ethnicity
    geschlecht alter datum uhrzeit jahr monat fotograf bemerkung kommentar lizenz beschreibung quelle source
    sexe annee photographe commentaire remarque
    sexo edad fecha ano fotografo comentario
    sesso eta data anno commento
    idade observacao
    """
)
NUMBER = words(
    """
    count counts number num n amount quantity age weight height width length size area score rating price temperature
    temp percent percentage depth diameter volume speed angle ratio value
    anzahl alter gewicht hohe breite lange grosse flache preis temperatur menge tiefe wert zahl
    nombre poids hauteur largeur longueur taille prix valeur
    numero cantidad peso altura anchura longitud precio valor edad
    quantita altezza larghezza lunghezza prezzo valore
    quantidade contagem largura comprimento preco idade
    kg g mg mm cm m km ml l px ms years yr days
    """
)
IDS = words("id ids nr no num number code key index idx uid uuid nummer kennung numero codigo codice")
_QUALITIES = words("type source conf confidence score method prob probability by date quality origin status")


def words_of(name: str) -> list[str]:
    """ "Patient_ID", "patientId" and "PatientID" are ["patient", "id"]."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.findall(r"[a-z]+", plain_letters(spaced))


def names_any(name: str, among: frozenset[str]) -> bool:
    """Whether one word of a name is among these; long ones also as the beginning of a compound (Patientennummer)."""
    return any(
        word in among or any(len(each) >= 6 and word.startswith(each) for each in among) for word in words_of(name)
    )


def names_classes(header: Iterable[str]) -> bool:
    return any(names_any(name, CLASS) for name in header)


def is_about(name: str, others: Iterable[str]) -> str | None:
    """The column that this one tells more about: "dx" for "dx_type"."""
    *first, last = words_of(name) or [""]
    return next((other for other in others if first and words_of(other) == first and last in _QUALITIES), None)
