#include "manifest/languages.h"

namespace ittybit::manifest {
namespace {

constexpr std::size_t kEntry = 6;  // five letters and a blank

/// ISO 639-2 and -3 codes of three letters, each with the two letters that BCP 47 prefers
/// (IANA language subtag registry, Unicode CLDR aliases).
constexpr std::string_view kPreferred =
    "aaraa abkab adpdz afraf akaak albsq alssq amham araar arbar argan armhy asmas avaav "
    "aveae aymay ayray azeaz azjaz bakba bambm baqeu belbe benbn bisbi bodbo bosbs brebr "
    "bulbg burmy catca cescs chach chece chizh chucu chvcv clssa cmnzh corkw cosco crecr "
    "cwdcr cymcy czecs danda deude divdv drhmn dutnl dzodz ekket ellel engen epoeo eskik "
    "estet euseu eweee faofo fasfa fatak fijfj finfi frafr frefr fryfy fucff fulff gazom "
    "geoka gerde glagd glega glggl glvgv greel grngn guggn gujgu hatht hauha hebhe herhz "
    "hinhi hmoho hrvhr hunhu hyehy iboig iceis idoio iiiii ikeiu ikuiu ileie inaia indid "
    "ipkik islis itait javjv jawjv jpnja kalkl kankn kasks katka kaukr kazkk khkmn khmkm "
    "kikki kinrw kirky kmrku knckr kngkg komkv konkg korko kpvkv kuakj kurku laolo latla "
    "lavlv limli linln litlt ltzlb lublu luglg lvslv macmk mahmh malml maomi marmr mayms "
    "mkdmk mlgmg mltmt molro monmn mrimi msams myamy nauna navnv nblnr ndend ndong nepne "
    "nldnl nnonn nobnb norno npine nyany ocioc ojgoj ojioj orior ormom oryor ossos panpa "
    "pbups perfa pesfa plipi pltmg polpl porpt prpgu pusps quequ quzqu rohrm ronro rumro "
    "runrn rusru sagsg sansa sccsr scrhr sinsi slksk slosk slvsl smese smosm snasn sndsd "
    "somso sotst spaes sqisq srcsc srdsc srpsr sswss sunsu swasw swesv swhsw tahty tamta "
    "tattt telte tgktg thath tibbo tirti tonto tsntn tsots tuktk turtr twiak uigug ukruk "
    "urdur uzbuz uznuz venve vievi volvo welcy wlnwa wolwo xhoxh yddyi yidyi yoryo zhaza "
    "zhozh zsmms zulzu zybza ";

}  // namespace

std::string_view two_letters_for(std::string_view three) {
    for (std::size_t at = 0; at + kEntry <= kPreferred.size(); at += kEntry)
        if (kPreferred.substr(at, 3) == three) return kPreferred.substr(at + 3, 2);
    return "";
}

bool is_two_letter_language(std::string_view two) {
    for (std::size_t at = 0; at + kEntry <= kPreferred.size(); at += kEntry)
        if (kPreferred.substr(at + 3, 2) == two) return true;
    return two == "sh";  // withdrawn, and still written
}

}  // namespace ittybit::manifest
