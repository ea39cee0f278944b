"""Countries by their codes of ISO 3166-1 and by their English names: what can be put on a map."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

TABLE = """
AD AND Andorra; AE ARE United Arab Emirates; AF AFG Afghanistan; AG ATG Antigua and Barbuda; AI AIA Anguilla; AL ALB
Albania; AM ARM Armenia; AO AGO Angola; AQ ATA Antarctica; AR ARG Argentina; AS ASM American Samoa; AT AUT Austria; AU
AUS Australia; AW ABW Aruba; AX ALA Åland Islands; AZ AZE Azerbaijan; BA BIH Bosnia and Herzegovina; BB BRB Barbados;
BD BGD Bangladesh; BE BEL Belgium; BF BFA Burkina Faso; BG BGR Bulgaria; BH BHR Bahrain; BI BDI Burundi; BJ BEN Benin;
BL BLM Saint Barthélemy; BM BMU Bermuda; BN BRN Brunei; BO BOL Bolivia; BQ BES Caribbean Netherlands; BR BRA Brazil;
BS BHS Bahamas; BT BTN Bhutan; BV BVT Bouvet Island; BW BWA Botswana; BY BLR Belarus; BZ BLZ Belize; CA CAN Canada; CC
CCK Cocos (Keeling) Islands; CD COD Democratic Republic of the Congo; CF CAF Central African Republic; CG COG Republic
of the Congo; CH CHE Switzerland; CI CIV Côte d’Ivoire; CK COK Cook Islands; CL CHL Chile; CM CMR Cameroon; CN CHN
China; CO COL Colombia; CR CRI Costa Rica; CU CUB Cuba; CV CPV Cape Verde; CW CUW Curaçao; CX CXR Christmas Island; CY
CYP Cyprus; CZ CZE Czech Republic; DE DEU Germany; DJ DJI Djibouti; DK DNK Denmark; DM DMA Dominica; DO DOM Dominican
Republic; DZ DZA Algeria; EC ECU Ecuador; EE EST Estonia; EG EGY Egypt; EH ESH Western Sahara; ER ERI Eritrea; ES ESP
Spain; ET ETH Ethiopia; FI FIN Finland; FJ FJI Fiji; FK FLK Falkland Islands; FM FSM Micronesia; FO FRO Faroe Islands;
FR FRA France; GA GAB Gabon; GB GBR United Kingdom; GD GRD Grenada; GE GEO Georgia; GF GUF French Guiana; GG GGY
Guernsey; GH GHA Ghana; GI GIB Gibraltar; GL GRL Greenland; GM GMB Gambia; GN GIN Guinea; GP GLP Guadeloupe; GQ GNQ
Equatorial Guinea; GR GRC Greece; GS SGS South Georgia and the South Sandwich Islands; GT GTM Guatemala; GU GUM Guam;
GW GNB Guinea-Bissau; GY GUY Guyana; HK HKG Hong Kong; HM HMD Heard Island and McDonald Islands; HN HND Honduras; HR
HRV Croatia; HT HTI Haiti; HU HUN Hungary; ID IDN Indonesia; IE IRL Ireland; IL ISR Israel; IM IMN Isle of Man; IN IND
India; IO IOT British Indian Ocean Territory; IQ IRQ Iraq; IR IRN Iran; IS ISL Iceland; IT ITA Italy; JE JEY Jersey;
JM JAM Jamaica; JO JOR Jordan; JP JPN Japan; KE KEN Kenya; KG KGZ Kyrgyzstan; KH KHM Cambodia; KI KIR Kiribati; KM COM
Comoros; KN KNA Saint Kitts and Nevis; KP PRK North Korea; KR KOR South Korea; KW KWT Kuwait; KY CYM Cayman Islands;
KZ KAZ Kazakhstan; LA LAO Laos; LB LBN Lebanon; LC LCA Saint Lucia; LI LIE Liechtenstein; LK LKA Sri Lanka; LR LBR
Liberia; LS LSO Lesotho; LT LTU Lithuania; LU LUX Luxembourg; LV LVA Latvia; LY LBY Libya; MA MAR Morocco; MC MCO
Monaco; MD MDA Moldova; ME MNE Montenegro; MF MAF Saint Martin; MG MDG Madagascar; MH MHL Marshall Islands; MK MKD
North Macedonia; ML MLI Mali; MM MMR Myanmar; MN MNG Mongolia; MO MAC Macao; MP MNP Northern Mariana Islands; MQ MTQ
Martinique; MR MRT Mauritania; MS MSR Montserrat; MT MLT Malta; MU MUS Mauritius; MV MDV Maldives; MW MWI Malawi; MX
MEX Mexico; MY MYS Malaysia; MZ MOZ Mozambique; NA NAM Namibia; NC NCL New Caledonia; NE NER Niger; NF NFK Norfolk
Island; NG NGA Nigeria; NI NIC Nicaragua; NL NLD Netherlands; NO NOR Norway; NP NPL Nepal; NR NRU Nauru; NU NIU Niue;
NZ NZL New Zealand; OM OMN Oman; PA PAN Panama; PE PER Peru; PF PYF French Polynesia; PG PNG Papua New Guinea; PH PHL
Philippines; PK PAK Pakistan; PL POL Poland; PM SPM Saint Pierre and Miquelon; PN PCN Pitcairn; PR PRI Puerto Rico; PS
PSE Palestine; PT PRT Portugal; PW PLW Palau; PY PRY Paraguay; QA QAT Qatar; RE REU Réunion; RO ROU Romania; RS SRB
Serbia; RU RUS Russia; RW RWA Rwanda; SA SAU Saudi Arabia; SB SLB Solomon Islands; SC SYC Seychelles; SD SDN Sudan; SE
SWE Sweden; SG SGP Singapore; SH SHN Saint Helena; SI SVN Slovenia; SJ SJM Svalbard and Jan Mayen; SK SVK Slovakia; SL
SLE Sierra Leone; SM SMR San Marino; SN SEN Senegal; SO SOM Somalia; SR SUR Suriname; SS SSD South Sudan; ST STP São
Tomé and Príncipe; SV SLV El Salvador; SX SXM Sint Maarten; SY SYR Syria; SZ SWZ Eswatini; TC TCA Turks and Caicos
Islands; TD TCD Chad; TF ATF French Southern Territories; TG TGO Togo; TH THA Thailand; TJ TJK Tajikistan; TK TKL
Tokelau; TL TLS Timor-Leste; TM TKM Turkmenistan; TN TUN Tunisia; TO TON Tonga; TR TUR Türkiye; TT TTO Trinidad and
Tobago; TV TUV Tuvalu; TW TWN Taiwan; TZ TZA Tanzania; UA UKR Ukraine; UG UGA Uganda; UM UMI US Minor Outlying
Islands; US USA United States; UY URY Uruguay; UZ UZB Uzbekistan; VA VAT Vatican City; VC VCT Saint Vincent and the
Grenadines; VE VEN Venezuela; VG VGB British Virgin Islands; VI VIR US Virgin Islands; VN VNM Vietnam; VU VUT Vanuatu;
WF WLF Wallis and Futuna; WS WSM Samoa; YE YEM Yemen; YT MYT Mayotte; ZA ZAF South Africa; ZM ZMB Zambia; ZW ZWE
Zimbabwe
"""
# Other names that people and databases use. "Congo" and "Korea" alone could be either of two: they are none.
_ALSO = """
US: usa, u s a, u s, united states of america, america; GB: uk, great britain, britain; CZ: czechia, czech republic;
NL: the netherlands, holland; TR: turkey, turkiye; MM: burma; CI: ivory coast, cote d ivoire; CV: cape verde;
SZ: swaziland; TL: east timor; BO: bolivia; VE: venezuela; VN: vietnam, viet nam; RU: russian federation;
KR: republic of korea; LA: lao; MK: macedonia; MO: macau; VA: holy see; BS: the bahamas; GM: the gambia;
AE: uae, emirates; CD: dr congo, drc, congo dem rep; CG: congo rep, congo brazzaville; SY: syrian arab republic;
IR: islamic republic of iran; TZ: united republic of tanzania; CN: people s republic of china; MD: republic of moldova
"""
# The shapes that the app ships (1:110 million) leave these out: on a map of the world they are smaller than a mark.
TOO_SMALL = frozenset(
    """
ABW AIA ALA AND ASM ATG BES BHR BLM BMU BRB BVT CCK COK COM CPV CUW CXR CYM DMA FRO FSM GGY GIB GLP GRD GUF GUM HKG
HMD IMN IOT JEY KIR KNA LCA LIE MAC MAF MCO MDV MHL MLT MNP MSR MTQ MUS MYT NFK NIU NRU PCN PLW PYF REU SGP SGS SHN
SJM SMR SPM STP SXM SYC TCA TKL TON TUV UMI VAT VCT VGB VIR WLF WSM
""".split()
)


def alpha3(value: object) -> str:
    """The three-letter code of a country given by either code or by an English name; "" for anything else."""
    text = str(value).strip()
    if len(text) in (2, 3) and text.isascii() and text.isupper():
        known = _by_code().get(text)
        if known:
            return known
    return _by_name().get(_plain(text), "")


def country_name(code: str) -> str:
    """The English name for a three-letter code."""
    return _names().get(code, code)


def _plain(text: str) -> str:
    """Lower case, without accents and punctuation: "Côte d’Ivoire" → "cote d ivoire"."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^a-z]+", " ", bare.replace("&", " and ")).split())


def _rows() -> list[tuple[str, str, str]]:
    rows = []
    for entry in " ".join(TABLE.split()).split("; "):
        two, three, name = entry.split(" ", 2)
        rows.append((two, three, name))
    return rows


@cache
def _by_code() -> Mapping[str, str]:
    return {code: three for two, three, _ in _rows() for code in (two, three)}


@cache
def _names() -> Mapping[str, str]:
    return {three: name for _, three, name in _rows()}


@cache
def _by_name() -> Mapping[str, str]:
    known = {_plain(name): three for _, three, name in _rows()}
    for entry in " ".join(_ALSO.split()).split("; "):
        code, _, others = entry.partition(": ")
        known |= {_plain(other): _by_code()[code] for other in others.split(", ")}
    return known
