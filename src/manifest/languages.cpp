#include "manifest/languages.h"

namespace ittybit::manifest {
namespace {

constexpr std::size_t kEntry = 6;  // five letters and a blank

/// Codes of three letters (ISO 639-2) that are no subtags of BCP 47, each with the two letters that
/// are (IANA language subtag registry). Those of single languages within one ("cmn" within "zh")
/// are registered.
constexpr std::string_view kPreferred =
    "aaraa abkab adpdz afraf akaak albsq amham araar argan armhy asmas avaav aveae aymay "
    "azeaz bakba bambm baqeu belbe benbn bisbi bodbo bosbs brebr bulbg burmy catca cescs "
    "chach chece chizh chucu chvcv corkw cosco crecr cymcy czecs danda deude divdv dutnl "
    "dzodz ellel engen epoeo estet euseu eweee faofo fasfa fijfj finfi frafr frefr fryfy "
    "fulff geoka gerde glagd glega glggl glvgv greel grngn gujgu hatht hauha hebhe herhz "
    "hinhi hmoho hrvhr hunhu hyehy iboig iceis idoio iiiii ikuiu ileie inaia indid ipkik "
    "islis itait javjv jawjv jpnja kalkl kankn kasks katka kaukr kazkk khmkm kikki kinrw "
    "kirky kmrku komkv konkg korko kuakj kurku laolo latla lavlv limli linln litlt ltzlb "
    "lublu luglg macmk mahmh malml maomi marmr mayms mkdmk mlgmg mltmt molro monmn mrimi "
    "msams myamy nauna navnv nblnr ndend ndong nepne nldnl nnonn nobnb norno nyany ocioc "
    "ojioj orior ormom ossos panpa pbups perfa plipi polpl porpt pusps quequ rohrm ronro "
    "rumro runrn rusru sagsg sansa sccsr scrhr sinsi slksk slosk slvsl smese smosm snasn "
    "sndsd somso sotst spaes sqisq srdsc srpsr sswss sunsu swasw swesv tahty tamta tattt "
    "telte tgktg thath tibbo tirti tonto tsntn tsots tuktk turtr twiak uigug ukruk urdur "
    "uzbuz venve vievi volvo welcy wlnwa wolwo xhoxh yidyi yoryo zhaza zhozh zulzu ";

}  // namespace

std::string_view two_letters_for(std::string_view three) {
    for (std::size_t at = 0; at + kEntry <= kPreferred.size(); at += kEntry)
        if (kPreferred.substr(at, 3) == three) return kPreferred.substr(at + 3, 2);
    return "";
}

bool is_two_letter_language(std::string_view two) {
    for (std::size_t at = 0; at + kEntry <= kPreferred.size(); at += kEntry)
        if (kPreferred.substr(at + 3, 2) == two) return true;
    constexpr std::string_view kOthers =
        "bh in iw ji mo sh tl tw ";  // registered, and still written
    const auto at = kOthers.find(two);
    return two.size() == 2 && at != std::string_view::npos && at % 3 == 0;
}

}  // namespace ittybit::manifest
