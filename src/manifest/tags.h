#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// Every tag and attribute of HLS playlists, and what form each has (HLS 4.4).
namespace ittybit::manifest {

enum class Home { kBoth, kMedia, kMultivariant };

enum class Form {
    kNothing,
    kInteger,
    kNumber,
    kSigned,
    kText,        // quoted
    kWord,        // one of the allowed words
    kWordOrText,  // either
    kHex,
    kResolution,
    kDate,
    kStableId,    // quoted, as are those that follow
    kPathway,     // of content steering
    kTypes,       // uniform type identifiers
    kVersions,    // numbers with / between
    kCodecs,      // with the brands of their media
    kProtection,  // classes of content protection for each key format
    kLayout,      // of pictures
    kCues,        // when a date range is played
    kList,        // of attributes
    kAny,
};

struct TagForm {
    std::string_view name;  // without "#"
    Home home;
    Form form;
    bool is_once = false;
    int version = 1;  // that it needs
};

inline constexpr auto kTagForms = std::to_array<TagForm>({
    {"EXTM3U", Home::kBoth, Form::kNothing, true},
    {"EXT-X-VERSION", Home::kBoth, Form::kInteger, true},
    {"EXT-X-INDEPENDENT-SEGMENTS", Home::kBoth, Form::kNothing, true},
    {"EXT-X-START", Home::kBoth, Form::kList, true},
    {"EXT-X-DEFINE", Home::kBoth, Form::kList, false, 8},
    {"EXT-X-TARGETDURATION", Home::kMedia, Form::kInteger, true},
    {"EXT-X-MEDIA-SEQUENCE", Home::kMedia, Form::kInteger, true},
    {"EXT-X-DISCONTINUITY-SEQUENCE", Home::kMedia, Form::kInteger, true},
    {"EXT-X-ENDLIST", Home::kMedia, Form::kNothing, true},
    {"EXT-X-PLAYLIST-TYPE", Home::kMedia, Form::kWord, true},
    {"EXT-X-I-FRAMES-ONLY", Home::kMedia, Form::kNothing, true, 4},
    {"EXT-X-PART-INF", Home::kMedia, Form::kList, true},
    {"EXT-X-SERVER-CONTROL", Home::kMedia, Form::kList, true},
    {"EXT-X-ALLOW-CACHE", Home::kMedia, Form::kAny, true},
    {"EXTINF", Home::kMedia, Form::kAny},
    {"EXT-X-BYTERANGE", Home::kMedia, Form::kAny, false, 4},
    {"EXT-X-DISCONTINUITY", Home::kMedia, Form::kNothing},
    {"EXT-X-KEY", Home::kMedia, Form::kList},
    {"EXT-X-MAP", Home::kMedia, Form::kList, false, 5},
    {"EXT-X-PROGRAM-DATE-TIME", Home::kMedia, Form::kDate},
    {"EXT-X-GAP", Home::kMedia, Form::kNothing},
    {"EXT-X-BITRATE", Home::kMedia, Form::kInteger},
    {"EXT-X-PART", Home::kMedia, Form::kList},
    {"EXT-X-DATERANGE", Home::kMedia, Form::kList},
    {"EXT-X-SKIP", Home::kMedia, Form::kList, true, 9},
    {"EXT-X-PRELOAD-HINT", Home::kMedia, Form::kList},
    {"EXT-X-RENDITION-REPORT", Home::kMedia, Form::kList},
    {"EXT-X-MEDIA", Home::kMultivariant, Form::kList},
    {"EXT-X-STREAM-INF", Home::kMultivariant, Form::kList},
    {"EXT-X-I-FRAME-STREAM-INF", Home::kMultivariant, Form::kList},
    {"EXT-X-SESSION-DATA", Home::kMultivariant, Form::kList},
    {"EXT-X-SESSION-KEY", Home::kMultivariant, Form::kList},
    {"EXT-X-CONTENT-STEERING", Home::kMultivariant, Form::kList, true},
});

struct AttributeForm {
    std::string_view tags;  // that have it, each between blanks
    std::string_view name;
    Form form;
    bool is_required = false;
    std::string_view words = "";  // that are allowed, with | between
    int version = 1;
};

inline constexpr auto kAttributeForms = std::to_array<AttributeForm>({
    {" MEDIA ", "TYPE", Form::kWord, true, "AUDIO|VIDEO|SUBTITLES|CLOSED-CAPTIONS"},
    {" PRELOAD-HINT ", "TYPE", Form::kWord, true, "PART|MAP"},
    {" MEDIA ", "GROUP-ID", Form::kText, true},
    {" MEDIA ", "NAME", Form::kText, true},
    {" MEDIA SESSION-DATA ", "LANGUAGE", Form::kText},
    {" MEDIA ", "ASSOC-LANGUAGE", Form::kText},
    {" MEDIA ", "STABLE-RENDITION-ID", Form::kStableId},
    {" MEDIA ", "DEFAULT", Form::kWord, false, "YES|NO"},
    {" MEDIA ", "AUTOSELECT", Form::kWord, false, "YES|NO"},
    {" MEDIA ", "FORCED", Form::kWord, false, "YES|NO"},
    {" MEDIA ", "INSTREAM-ID", Form::kText},
    {" MEDIA ", "BIT-DEPTH", Form::kInteger},
    {" MEDIA ", "SAMPLE-RATE", Form::kInteger},
    {" MEDIA ", "CHARACTERISTICS", Form::kTypes},
    {" MEDIA ", "CHANNELS", Form::kText},
    {" MEDIA SESSION-DATA KEY SESSION-KEY ", "URI", Form::kText},
    {" MAP I-FRAME-STREAM-INF PART PRELOAD-HINT ", "URI", Form::kText, true},
    {" RENDITION-REPORT ", "URI", Form::kText},
    {" STREAM-INF I-FRAME-STREAM-INF ", "BANDWIDTH", Form::kInteger, true},
    {" STREAM-INF I-FRAME-STREAM-INF ", "AVERAGE-BANDWIDTH", Form::kInteger},
    {" STREAM-INF I-FRAME-STREAM-INF ", "SCORE", Form::kNumber},
    {" STREAM-INF I-FRAME-STREAM-INF ", "CODECS", Form::kText},
    {" STREAM-INF I-FRAME-STREAM-INF ", "SUPPLEMENTAL-CODECS", Form::kCodecs},
    {" STREAM-INF I-FRAME-STREAM-INF ", "RESOLUTION", Form::kResolution},
    {" STREAM-INF I-FRAME-STREAM-INF ", "HDCP-LEVEL", Form::kWord, false, "TYPE-0|TYPE-1|NONE"},
    {" STREAM-INF I-FRAME-STREAM-INF ", "ALLOWED-CPC", Form::kProtection},
    {" STREAM-INF I-FRAME-STREAM-INF ", "VIDEO-RANGE", Form::kWord, false, "SDR|HLG|PQ"},
    {" STREAM-INF I-FRAME-STREAM-INF ", "REQ-VIDEO-LAYOUT", Form::kLayout, false, "", 12},
    {" STREAM-INF I-FRAME-STREAM-INF ", "STABLE-VARIANT-ID", Form::kStableId},
    {" STREAM-INF I-FRAME-STREAM-INF ", "VIDEO", Form::kText},
    {" STREAM-INF I-FRAME-STREAM-INF ", "PROGRAM-ID", Form::kInteger},
    {" STREAM-INF I-FRAME-STREAM-INF MEDIA CONTENT-STEERING ", "PATHWAY-ID", Form::kPathway},
    {" STREAM-INF ", "FRAME-RATE", Form::kNumber},
    {" STREAM-INF ", "NAME", Form::kText},
    {" STREAM-INF ", "AUDIO", Form::kText},
    {" STREAM-INF ", "SUBTITLES", Form::kText},
    {" STREAM-INF ", "CLOSED-CAPTIONS", Form::kWordOrText, false, "NONE"},
    {" KEY ", "METHOD", Form::kWord, true, "NONE|AES-128|SAMPLE-AES|SAMPLE-AES-CTR"},
    {" SESSION-KEY ", "METHOD", Form::kWord, true, "AES-128|SAMPLE-AES|SAMPLE-AES-CTR"},
    {" KEY SESSION-KEY ", "IV", Form::kHex, false, "", 2},
    {" KEY SESSION-KEY ", "KEYFORMAT", Form::kText, false, "", 5},
    {" KEY SESSION-KEY ", "KEYFORMATVERSIONS", Form::kVersions, false, "", 5},
    {" MAP PART ", "BYTERANGE", Form::kText},
    {" SESSION-DATA ", "DATA-ID", Form::kText, true},
    {" SESSION-DATA DEFINE ", "VALUE", Form::kText},
    {" SESSION-DATA ", "FORMAT", Form::kWord, false, "JSON|RAW"},
    {" START ", "TIME-OFFSET", Form::kSigned, true},
    {" START ", "PRECISE", Form::kWord, false, "YES|NO"},
    {" DEFINE ", "NAME", Form::kText},
    {" DEFINE ", "IMPORT", Form::kText},
    {" DEFINE ", "QUERYPARAM", Form::kText, false, "", 11},
    {" DATERANGE ", "ID", Form::kText, true},
    {" DATERANGE ", "CLASS", Form::kText},
    {" DATERANGE ", "START-DATE", Form::kDate},
    {" DATERANGE ", "END-DATE", Form::kDate},
    {" DATERANGE ", "CUE", Form::kCues},
    {" DATERANGE PART ", "DURATION", Form::kNumber},
    {" DATERANGE ", "PLANNED-DURATION", Form::kNumber},
    {" DATERANGE ", "END-ON-NEXT", Form::kWord, false, "YES"},
    {" DATERANGE ", "SCTE35-CMD", Form::kHex},
    {" DATERANGE ", "SCTE35-OUT", Form::kHex},
    {" DATERANGE ", "SCTE35-IN", Form::kHex},
    {" PART ", "INDEPENDENT", Form::kWord, false, "YES"},
    {" PART ", "GAP", Form::kWord, false, "YES"},
    {" PART-INF ", "PART-TARGET", Form::kNumber, true},
    {" SERVER-CONTROL ", "CAN-SKIP-UNTIL", Form::kNumber},
    {" SERVER-CONTROL ", "CAN-SKIP-DATERANGES", Form::kWord, false, "YES"},
    {" SERVER-CONTROL ", "HOLD-BACK", Form::kNumber},
    {" SERVER-CONTROL ", "PART-HOLD-BACK", Form::kNumber},
    {" SERVER-CONTROL ", "CAN-BLOCK-RELOAD", Form::kWord, false, "YES"},
    {" SKIP ", "SKIPPED-SEGMENTS", Form::kInteger, true},
    {" SKIP ", "RECENTLY-REMOVED-DATERANGES", Form::kText},
    {" PRELOAD-HINT ", "BYTERANGE-START", Form::kInteger},
    {" PRELOAD-HINT ", "BYTERANGE-LENGTH", Form::kInteger},
    {" RENDITION-REPORT ", "LAST-MSN", Form::kInteger},
    {" RENDITION-REPORT ", "LAST-PART", Form::kInteger},
    {" CONTENT-STEERING ", "SERVER-URI", Form::kText, true},
});

}  // namespace ittybit::manifest
