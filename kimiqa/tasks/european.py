"""How tasks that need every page are asked for in German, French and Spanish.

As in English, what only mentions such a thing ("im Vergleich zu 2021", "que dit le résumé") asks
for one fact.
"""

from __future__ import annotations

from kimiqa.tasks.kinds import Kind

_DE = (
    r"(?:dokumente?n?s?|berichte?n?s?|verträgen?|vertrage?s?|mietverträgen?|mietvertrags?|akten?"
    r"|b(?:uch|ücher)n?s?|papiere?n?|artikeln?|texte?n?s?|dateien?|richtlinien?|handb(?:uch|ücher)n?"
    r"|fassung(?:en)?|version(?:en)?|entw(?:urf|ürfe)n?|angebote?n?s?|gesetze?n?s?|gutachtens?"
    r"|satzung(?:en)?|urteile?n?s?)"
)
_DE_THESE = r"(?:den|die|das|der|dem|des|diesen?|dieses|dieser|diesem|beide[nrs]?|zwei|meinen?)"
_DE_TWO = rf"(?:{_DE}|beiden?|zwei|D\d+)"
_FR = (
    r"(?:documents?|rapports?|contrats?|accords?|baux|bail|fichiers?|livres?|articles?|textes?"
    r"|dossiers?|manuels?|versions?|éditions?|projets?|offres?|lois?|statuts?|jugements?)"
)
_FR_THESE = r"(?:l[ea]s?|l['’]|ces?|cette|cet|d[eu]s?|deux|mon|mes|nos)"
_FR_TWO = rf"(?:{_FR}|deux|D\d+)"
_ES = (
    r"(?:documentos?|informes?|reportes?|contratos?|acuerdos?|archivos?|libros?|artículos?|textos?"
    r"|expedientes?|manual(?:es)?|versi(?:ón|ones)|edici(?:ón|ones)|borrador(?:es)?|ofertas?"
    r"|ley(?:es)?|estatutos?|sentencias?)"
)
_ES_THESE = r"(?:el|la|los|las|este|esta|estos|estas|ambos|ambas|dos|del?|mi|mis)"
_ES_TWO = rf"(?:{_ES}|amb[oa]s|dos|D\d+)"

GERMAN: dict[Kind, tuple[str, ...]] = {
    "summary": (
        r"\bfass(?:e|en|t)?\b.{0,100}\bzusammen\b",
        r"\b(?:gib|geben|schreib|erstell|mach|brauch|möcht|hätt|verfass|liefer)\w*\b.{0,40}"
        r"\b(?:zusammenfassung|überblick|übersicht|gliederung|kurzfassung|inhaltsangabe)\b",
        r"^\W*(?:eine?\s+)?(?:kurze\s+|knappe\s+)?(?:zusammenfassung|kurzfassung|inhaltsangabe"
        r"|überblick|übersicht)\b",
        rf"\bworum\s+geht\s+es\s+in\s+{_DE_THESE}\s+{_DE}\b",
        r"\bwas\s+sind\s+die\s+(?:wichtigsten|zentralen|wesentlichen)\s+"
        r"(?:punkte|aussagen|inhalte|ergebnisse|themen)\b",
    ),
    "timeline": (
        r"\bzeit(?:leiste|strahl|tafel)\b|\bchronolog\w+|\bzeitlichen?\s+(?:abfolge|reihenfolge)\b",
    ),
    "contradictions": (
        r"\bwidersprüchen?\b|\bwiderspr(?:icht|echen)\s+(?:sich|einander)\b|\bunstimmigkeiten\b"
        r"|\bungereimtheiten\b|\bwidersprüchlich\w*\b.{0,20}\b(?:stellen|angaben|aussagen)\b",
        r"\b(?:sich|einander)\s+(?:\w+\s+){0,3}widersprechen\b",
    ),
    "comparison": (
        rf"(?:^|\bbitte\s+|\bkannst\s+du\s+)\W*vergleich(?:e|en\s+sie)?\b.{{0,60}}\b{_DE_TWO}\b",
        rf"\b(?:unterschiede?n?|abweichungen|änderungen)\b.{{0,30}}\b(?:zwischen|gegenüber)\b.{{0,40}}"
        rf"\b{_DE_TWO}\b",
        rf"\bunterscheiden\s+sich\s+(?:\w+\s+){{0,4}}?{_DE_TWO}\b",
        rf"\bwas\s+(?:hat\s+sich|wurde|ist)\b.{{0,40}}\b{_DE}\b.{{0,30}}"
        r"\b(?:geändert|verändert|neu|anders)\b",
        rf"\bwas\s+(?:hat\s+sich|wurde)\b.{{0,20}}\b(?:geändert|verändert)\b.{{0,40}}\b{_DE}\b",
    ),
    "list": (
        r"\b(?:list|nenn|zähl|find|such|zeig|gib|extrahier|welches?\s+sind|was\s+sind)\w*\s+"
        r"(?:sie\s+|mir\s+|die\s+)?(?:alle[nrs]?|sämtlichen?|jede[nrs]?)\b",
        r"^\W*(?:bitte\s+)?(?:liste|listen\s+sie|zähle|zählen\s+sie)\b.{0,80}\bauf\b",
        r"\bwie\s+oft\s+(?:wird|werden|kommt|kommen|steht|stehen|erscheint)\b.{0,60}"
        r"\b(?:erwähnt|genannt|vor|verwendet|erscheint|steht)?\b",
        r"\bwie\s+viele\s+(?:verschiedene\s+)?(?:klauseln|abschnitte|kapitel|artikel|paragra(?:ph|f)en"
        r"|tabellen|abbildungen|definitionen|pflichten|fristen|fußnoten|parteien|verweise)\b",
    ),
    "review": (
        rf"^\W*(?:bitte\s+)?(?:prüfe?|(?:über)?prüfen\s+sie|überprüfe?|analysiere?|analysieren\s+sie"
        rf"|untersuche)\s+{_DE_THESE}\s+(?:\w+\s+)?{_DE}\b",
    ),
    "text": (
        rf"\bübersetz(?:e|en|t)?\b.{{0,20}}\b{_DE_THESE}\s+(?:\w+\s+)?{_DE}\b",
        rf"\b(?:gesamte[nrsm]?|ganze[nrsm]?)\s+{_DE}\b",
    ),
}

FRENCH: dict[Kind, tuple[str, ...]] = {
    "summary": (
        r"\brésume[rzs]?\b|\brésumez\b|\bsynthétise[rz]?\b",
        r"\b(?:fai[st]|faites|donne[rz]?|rédige[rz]?|écri[st]|prépare[rz]?|voudrais|veux)\b.{0,40}"
        r"\b(?:résumé|synthèse|aperçu|sommaire|plan)\b",
        r"^\W*(?:une?\s+)?(?:bref\s+|court\s+|brève\s+)?(?:résumé|synthèse|aperçu)\b",
        rf"\bde\s+quoi\s+(?:parle(?:nt)?|traite(?:nt)?|s['’]agit-il\s+dans)\s+{_FR_THESE}\s*{_FR}\b",
        r"\bpoints\s+(?:clés|principaux|essentiels)\b|\bprincipaux\s+points\b",
    ),
    "timeline": (r"\bchronologi\w+|\bfrise\b|\bordre\s+des\s+événements\b",),
    "contradictions": (
        r"\bcontradictions?\b|\bse\s+contredi(?:t|sent)\b|\bincohérences?\b|\bdivergences?\b",
    ),
    "comparison": (
        rf"\bcompare[rz]?\b.{{0,60}}\b{_FR_TWO}\b",
        rf"\b(?:différences?|comparaison|changements?|écarts?)\s+(?:y\s+a-t-il\s+)?entre\b.{{0,40}}\b{_FR_TWO}\b",
        rf"\bqu['’]est-ce\s+qui\s+(?:a\s+changé|change|diffère)\b.{{0,40}}\b{_FR_TWO}\b",
        rf"\b{_FR_TWO}\s+(?:\w+\s+){{0,2}}diff(?:è|é)rent\b",
        rf"\ben\s+quoi\b.{{0,40}}\b{_FR_TWO}\b.{{0,30}}\bdiff(?:è|é)r",
    ),
    "list": (
        r"\b(?:list|énumér|recens|cit|trouv|relev|indiqu|donn|extrai|nomm|identifi|quel(?:le)?s\s+sont)"
        r"\w*\s+(?:moi\s+|-moi\s+)?(?:tou(?:te)?s\s+les|chaque|chacune?)\b",
        r"^\W*(?:lister?z?|énumére[rz]?|énumère)\s+les\b",
        r"\bcombien\s+de\s+fois\s+(?:est|sont|apparaît|apparaissent|mentionne)",
        r"\bcombien\s+(?:de|d['’])\s*(?:clauses|sections|chapitres|articles|tableaux|figures"
        r"|définitions|obligations|délais|notes|parties)\b.{0,30}\b(?:document|contrat|rapport|texte"
        r"|y\s+a-t-il|contient|compte)",
        r"^\W*compte[rz]?\s+(?:le\s+nombre|tou(?:te)?s|les)\b",
    ),
    "review": (
        rf"^\W*(?:examine[rz]?|analyse[rz]?|vérifie[rz]?|relis(?:ez)?|reli(?:s|re))\s+{_FR_THESE}\s*"
        rf"(?:\w+\s+)?{_FR}\b",
    ),
    "text": (
        rf"\b(?:tradui[st]|traduire|traduisez)\b.{{0,10}}{_FR_THESE}\s*(?:\w+\s+)?{_FR}\b",
        rf"\btou(?:t|te)\s+(?:le|la|l['’])\s*{_FR}\b|\b{_FR}\s+(?:entier|entière|complet)\b",
    ),
}

SPANISH: dict[Kind, tuple[str, ...]] = {
    "summary": (
        r"\bresum(?:e|a|ir|ime|idme|an)\b|\bresúm(?:e|a)\w*\b|\bsintetiza(?:r)?\b",
        r"\b(?:haz(?:me|nos)?|haga|da|dame|deme|escrib[ea]|prepar[ea]|redact[ea]|necesito|quiero)\b.{0,40}"
        r"\b(?:resumen|síntesis|sinopsis|panorama|esquema)\b",
        r"^\W*(?:un\s+)?(?:breve\s+)?(?:resumen|síntesis|sinopsis)\b",
        rf"\bde\s+qué\s+tratan?\s+{_ES_THESE}\s+{_ES}\b",
        r"\b(?:puntos|ideas)\s+(?:clave|principales)\b|\bprincipales\s+puntos\b",
    ),
    "timeline": (r"\bcronolog\w+|\bcronológic\w+|\blínea\s+(?:de|del)\s+tiempo\b",),
    "contradictions": (
        r"\bcontradicci(?:ón|ones)\b|\bse\s+contradicen?\b|\bincoherencias?\b|\binconsistencias?\b"
        r"|\bdiscrepancias?\b",
    ),
    "comparison": (
        rf"\bcompar(?:a|e|ar|en)\b.{{0,60}}\b{_ES_TWO}\b",
        rf"\b(?:diferencias?|comparación|cambios?)\s+(?:hay\s+)?entre\b.{{0,40}}\b{_ES_TWO}\b",
        rf"\bqué\s+(?:ha\s+cambiado|cambia|cambió|difiere)\b.{{0,40}}\b{_ES_TWO}\b",
        rf"\bcómo\s+(?:difieren|se\s+diferencian)\b.{{0,40}}\b{_ES_TWO}\b",
    ),
    "list": (
        r"\b(?:list|enumer|encuentr|busc|menc|señal|indic|extra|nombr|identif|da|dame|cuáles\s+son)"
        r"\w*\s+(?:me\s+)?(?:tod[oa]s\s+l[oa]s|cada)\b",
        r"^\W*(?:lista|liste|enumera|enumere)\s+l[oa]s\b",
        r"\bcuántas\s+veces\s+(?:se|aparece|aparecen|es|son)\b.{0,40}"
        r"\b(?:menciona|mencionan|nombra|repite|aparece|aparecen)?\b",
        r"\bcuánt[oa]s\s+(?:cláusulas|secciones|capítulos|artículos|tablas|figuras|definiciones"
        r"|obligaciones|plazos|notas|partes)\b",
        r"^\W*cuent[ae]\s+(?:el\s+número|tod[oa]s|l[oa]s)\b",
    ),
    "review": (
        rf"^\W*(?:revis[ae]|analiz[ae]|examin[ae]|comprueb[ae])\s+{_ES_THESE}\s+(?:\w+\s+)?{_ES}\b",
    ),
    "text": (
        rf"\b(?:traduce|traduzca|traducir)\b.{{0,10}}{_ES_THESE}\s+(?:\w+\s+)?{_ES}\b",
        rf"\btod[oa]\s+(?:el|la)\s+{_ES}\b|\b{_ES}\s+(?:enter[oa]|complet[oa])\b",
    ),
}

TASKS = (GERMAN, FRENCH, SPANISH)
