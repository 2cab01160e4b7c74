#pragma once

#include <array>
#include <stdexcept>
#include <string_view>

#include "base/names.h"

/// Streams as their manifests describe them: HLS playlists, DASH's MPD, and the rules for both and
/// for what they list.
namespace ittybit::manifest {

enum class Severity { kMust, kShould, kNote };

constexpr auto names(Severity) {
    return std::to_array<Name<Severity>>({
        {Severity::kMust, "must", "A standard forbids it; players fail or may."},
        {Severity::kShould, "should", "A standard advises against it."},
        {Severity::kNote, "note", "Worth knowing."},
    });
}

/// One rule of a standard. "HLS" is draft-pantos-hls-rfc8216bis, "Apple" the HLS authoring
/// specification for Apple devices, "ISO" the part of ISO/IEC 14496, "CMAF" ISO/IEC 23000-19,
/// "DASH" ISO/IEC 23009-1.
struct Rule {
    std::string_view id;
    Severity severity;
    std::string_view source;
    std::string_view remedy;  // what to do where it is broken
};

inline constexpr auto kMust = Severity::kMust;
inline constexpr auto kShould = Severity::kShould;
inline constexpr auto kNote = Severity::kNote;

inline constexpr auto kRules = std::to_array<Rule>({
    // What a playlist is made of.
    {"utf8", kMust, "HLS 4.1", "write playlists in UTF-8 without control characters"},
    {"no-bom", kMust, "HLS 4.1", "leave the byte order mark out"},
    {"extm3u", kMust, "HLS 4.4.1.1", "begin each playlist with the line #EXTM3U"},
    {"line", kMust, "HLS 4.1",
     "let a line be a URI, a tag that begins with #EXT, a comment or empty, without blanks around "
     "it"},
    {"uri", kMust, "HLS 4.1", "percent-encode what RFC 3986 does not allow in a URI"},
    {"kind-of-playlist", kMust, "HLS 4.1",
     "keep tags of media playlists and of multivariant playlists apart"},
    {"tag-once", kMust, "HLS 4.4", "write this tag once"},
    {"tag-value", kMust, "HLS 4.4", "write the tag's value as its definition says"},
    {"unknown-tag", kNote, "HLS 4.1", "players ignore this tag; check its spelling"},
    {"attribute-list", kMust, "HLS 4.2", "write NAME=value pairs with commas between and no blanks"
    },
    {"attribute-once", kMust, "HLS 4.2", "write each attribute once"},
    {"attribute-value", kMust, "HLS 4.2",
     "write the attribute's value in the form its definition gives"},
    {"attribute-missing", kMust, "HLS 4.4", "add the attribute"},
    {"unknown-attribute", kNote, "HLS 4.2", "players ignore this attribute; check its spelling"},
    {"version", kMust, "HLS 8", "raise EXT-X-VERSION to what the features in use need"},
    {"removed", kShould, "HLS 8",
     "leave out what versions 6 (PROGRAM-ID) and 7 (EXT-X-ALLOW-CACHE) took away"},
    {"empty-playlist", kMust, "HLS 4.1", "list something to play"},
    {"variable", kMust, "HLS 4.3", "define each variable once, before its use, with EXT-X-DEFINE"},

    // Media playlists.
    {"target-duration", kMust, "HLS 4.4.3.1",
     "write EXT-X-TARGETDURATION, no less than any EXTINF rounded to the nearest second"},
    {"target-duration-loose", kShould, "HLS 4.4.3.1",
     "let EXT-X-TARGETDURATION be what the longest segment needs"},
    {"extinf", kMust, "HLS 4.4.4.1",
     "write #EXTINF:seconds, before each segment, the comma included"},
    {"extinf-decimals", kShould, "HLS 4.4.4.1", "write durations with decimals, at least version 3"
    },
    {"byte-range", kMust, "HLS 4.4.4.2",
     "give EXT-X-BYTERANGE a length, and an offset where no range of the same file is before it"},
    {"sequence-order", kMust, "HLS 4.4.3.2",
     "write this tag before the first segment and discontinuity"},
    {"playlist-type", kShould, "Apple 8.6",
     "write EXT-X-PLAYLIST-TYPE:VOD in playlists of finished content"},
    {"endlist", kMust, "HLS 4.4.3.4", "end the playlist of finished content with EXT-X-ENDLIST"},
    {"unfinished", kNote, "HLS 4.4.3.4",
     "end the playlist with EXT-X-ENDLIST where nothing is to follow"},
    {"segment-repeated", kShould, "HLS 3", "list each segment once"},
    {"map", kMust, "Apple 8.20", "name the initialization section of fMP4 segments with EXT-X-MAP"},
    {"key", kMust, "HLS 4.4.4.4", "give EXT-X-KEY a METHOD, and a URI unless that is NONE"},
    {"key-iv", kMust, "HLS 4.4.4.4", "write the IV as 0x and 32 hexadecimal digits"},
    {"map-iv", kMust, "HLS 4.4.4.5",
     "give EXT-X-KEY an IV where the initialization section behind it is encrypted with AES-128"},
    {"date-order", kMust, "HLS 6.2.1", "let dates go on as the segments before them last"},
    {"date-zone", kShould, "HLS 4.4.4.6", "write the time zone of each date"},
    {"date-range", kMust, "HLS 4.4.5.1", "write EXT-X-DATERANGE as its definition says"},
    {"i-frames-only", kMust, "Apple 6.8",
     "write EXT-X-I-FRAMES-ONLY in playlists that EXT-X-I-FRAME-STREAM-INF names, and nowhere else"
    },
    {"gap", kNote, "HLS 4.4.4.7", "players show nothing here"},
    {"bitrate", kMust, "HLS 4.4.4.8",
     "let EXT-X-BITRATE be between 90 % and 110 % of the segment's rate"},
    {"start", kShould, "HLS 4.4.2.2", "let EXT-X-START lie within the playlist"},
    {"server-control", kMust, "HLS 4.4.3.8",
     "keep hold-backs and skips to the multiples of the target duration that are required"},
    {"part", kMust, "HLS 4.4.4.9", "write EXT-X-PART-INF before parts, none longer than its target"
    },

    // Multivariant playlists.
    {"codecs-missing", kMust, "Apple 9.1", "add CODECS"},
    {"codecs", kMust, "HLS 4.4.6.2",
     "list the codec of every rendition that can play in this variant, as RFC 6381 writes it, and "
     "no other"},
    {"resolution-missing", kMust, "Apple 9.2", "add RESOLUTION"},
    {"resolution", kMust, "HLS 4.4.6.2",
     "let RESOLUTION be the size at which the pictures are shown"},
    {"frame-rate-missing", kMust, "Apple 9.15", "add FRAME-RATE"},
    {"frame-rate", kMust, "HLS 4.4.6.2",
     "let FRAME-RATE be the highest rate of the pictures, to three decimals"},
    {"bandwidth", kMust, "Apple 9.13",
     "let BANDWIDTH be the peak segment bit rate of the variant with its renditions"},
    {"bandwidth-order", kMust, "HLS 4.4.6.2", "let AVERAGE-BANDWIDTH be no more than BANDWIDTH"},
    {"average-bandwidth-missing", kMust, "Apple 9.14", "add AVERAGE-BANDWIDTH"},
    {"average-bandwidth", kMust, "Apple 1.26",
     "let AVERAGE-BANDWIDTH be the average segment bit rate of the variant with its renditions"},
    {"peak-to-average", kShould, "Apple 1.30", "let the peak be at most twice the average"},
    {"video-range", kMust, "Apple 9.16", "let VIDEO-RANGE say SDR, HLG or PQ as the pictures are"},
    {"group-missing", kMust, "HLS 4.4.6.2",
     "define the group with EXT-X-MEDIA, or leave the attribute out"},
    {"group-unused", kShould, "HLS 4.4.6.1", "name the group in a variant, or leave it out"},
    {"group-members", kMust, "HLS 4.4.6.1.1", "give the groups of one type the same members"},
    {"name-unique", kMust, "HLS 4.4.6.1.1", "give each rendition of a group a NAME of its own"},
    {"default-once", kMust, "HLS 4.4.6.1.1", "let one rendition of a group be DEFAULT"},
    {"autoselect", kMust, "HLS 4.4.6.1", "let AUTOSELECT be YES, or absent, where DEFAULT is YES"},
    {"autoselect-distinct", kShould, "HLS 4.4.6.1.1",
     "let renditions with AUTOSELECT differ in language, forced or characteristics"},
    {"rendition-attribute", kMust, "HLS 4.4.6.1", "use this attribute only with the TYPE it is for"
    },
    {"rendition-uri", kMust, "HLS 4.4.6.1", "give subtitles a URI, closed captions none"},
    {"instream-id", kMust, "HLS 4.4.6.1", "let INSTREAM-ID be CC1 to CC4 or SERVICE1 to SERVICE63"},
    {"language-missing", kMust, "Apple 8.10", "add LANGUAGE; \"und\" where it is not known"},
    {"language", kMust, "HLS 4.4.6.1", "write the language as a tag of BCP 47"},
    {"channels-missing", kShould, "HLS 4.4.6.1", "add CHANNELS"},
    {"channels", kMust, "HLS 4.4.6.1", "let CHANNELS be the number of channels of the sound"},
    {"sample-rate", kMust, "HLS 4.4.6.1", "let SAMPLE-RATE be that of the sound"},
    {"closed-captions", kMust, "HLS 4.4.6.2",
     "write CLOSED-CAPTIONS=NONE in every variant or in none"},
    {"closed-captions-undeclared", kMust, "Apple 4.4",
     "declare the captions in the pictures with EXT-X-MEDIA, or say CLOSED-CAPTIONS=NONE where "
     "there are none"},
    {"independent-segments", kMust, "Apple 9.12",
     "write EXT-X-INDEPENDENT-SEGMENTS in the multivariant playlist"},
    {"i-frame-playlist", kMust, "Apple 6.1", "add EXT-X-I-FRAME-STREAM-INF"},
    {"one-variant", kMust, "Apple 9.9", "offer several bit rates"},
    {"variant-repeated", kMust, "HLS 4.4.6.2",
     "give variants of one playlist the same or other groups, not the same twice"},
    {"sdr-variant", kMust, "Apple 1.24", "offer SDR variants beside HDR"},
    {"score", kMust, "Apple 9.19", "give every variant a SCORE, or none"},
    {"aspect", kShould, "Apple 1.33", "let all variants have the same aspect ratio"},
    {"cellular", kShould, "Apple 9.21", "add a variant of at most 192 kb/s"},
    {"session-data", kMust, "HLS 4.4.6.4",
     "give EXT-X-SESSION-DATA a VALUE or a URI, once for each DATA-ID and LANGUAGE"},
    {"session-key", kMust, "HLS 4.4.6.5",
     "let EXT-X-SESSION-KEY have a METHOD other than NONE, once"},

    {"variant-uri", kMust, "HLS 4.4.6.2", "write the URI of a variant right behind its tag"},
    {"stable-id", kMust, "HLS 4.4.6.2", "let a stable id be that of one URI"},
    {"pathway", kMust, "HLS 4.4.6.6", "let EXT-X-CONTENT-STEERING begin with a variant's pathway"},
    {"rendition-media", kMust, "HLS 4.4.6.1", "let the media of a rendition be what its TYPE says"},
    {"text-everywhere", kShould, "HLS 6.2.4", "name the subtitles in every variant with pictures"},
    {"same-tags", kMust, "HLS 4.4.2",
     "let a tag of the multivariant playlist have the same value in a media playlist, or leave it "
     "out there"},

    // What playlists list.
    {"missing", kMust, "HLS 4.1", "publish the file, or leave it out of the playlist"},
    {"nested", kMust, "HLS 4.1", "name a media playlist here"},
    {"outside", kNote, "",
     "not read: a playlist in a folder may lead into that folder, one on the web to the web"},
    {"encrypted", kNote, "HLS 4.4.4.4", "not looked into: the content is encrypted"},
    {"encrypted-size", kMust, "HLS 4.4.4.4",
     "encrypt whole segments with AES-128 CBC and PKCS7, in blocks of 16 bytes"},
    {"encrypted-iframes", kMust, "HLS 4.4.4.4",
     "with AES-128 no range of a segment can be decrypted: leave byte ranges of encrypted segments "
     "out"},
    {"segment-format", kMust, "HLS 3.1",
     "make segments fMP4, MPEG-2 transport stream, packed audio or WebVTT"},
    {"segment-empty", kMust, "HLS 3", "let each segment hold media"},
    {"segment-range", kMust, "HLS 4.4.4.2", "let byte ranges lie within the file"},
    {"range-overlap", kShould, "HLS 3", "let byte ranges of one file not overlap"},

    // Times.
    {"extinf-accuracy", kMust, "Apple 8.1",
     "let EXTINF be the segment's duration, so that sums stay within a frame"},
    {"sum-accuracy", kMust, "Apple 8.1",
     "let the durations add up to that of the media, within a frame"},
    {"segment-long", kMust, "Apple 7.7",
     "let no segment be more than half a second over the target duration"},
    {"continuity", kMust, "Apple 7.3", "let each fragment begin where the one before ends"},
    {"same-duration", kMust, "Apple 8.3", "let all renditions last equally long"},
    {"same-start", kMust, "HLS 6.2.4", "let all renditions begin at the same time"},
    {"same-boundaries", kShould, "Apple 8.22",
     "let segments begin at the same times in all renditions"},
    {"switch-points", kMust, "CMAF 7.3.4",
     "let the segments of all renditions of the picture begin at the same times"},
    {"same-target", kMust, "Apple 8.2", "use one target duration for audio and video"},
    {"same-discontinuities", kMust, "Apple 8.15",
     "put discontinuities at the same times into all renditions"},
    {"same-dates", kMust, "HLS 6.2.4",
     "write EXT-X-PROGRAM-DATE-TIME in all playlists or none, with the same date at the same time"},
    {"same-media", kMust, "HLS 4.4.4.3",
     "write EXT-X-DISCONTINUITY where the number, kind or coding of the tracks changes"},
    {"same-type", kMust, "HLS 6.2.4", "let all playlists of a stream have one type and end together"
    },
    {"same-key-frames", kShould, "CMAF 7.3.4",
     "put key frames at the same times into all renditions of the picture"},
    {"matching-timestamps", kMust, "HLS 6.2.4",
     "let the same picture have the same time in all renditions"},

    // Boxes.
    {"box", kMust, "ISO 14496-12 4.2",
     "write whole boxes, one after the other to the end of the file"},
    {"ftyp", kMust, "ISO 14496-12 4.3", "begin the initialization section with ftyp"},
    {"moov", kMust, "HLS 3.1.2",
     "let the initialization section hold one moov with a track and its mvex"},
    {"init-samples", kMust, "HLS 3.1.2", "keep samples out of the initialization section"},
    {"init-media", kMust, "HLS 3.1.2", "keep moof and mdat out of the initialization section"},
    {"brand", kMust, "CMAF 7.2", "list a brand that knows default-base-is-moof: iso5, iso6, …, cmfc"
    },
    {"cmaf-brand", kShould, "CMAF 7.2", "list the brand cmfc, and cmf2 where it holds"},
    {"cmf2", kMust, "CMAF 7.7",
     "drop the brand cmf2, or edit lists of the picture and unsigned composition offsets"},
    {"one-track", kShould, "CMAF 7.3.1", "keep one track in each file"},
    {"track-disabled", kMust, "CMAF 7.5.4", "enable the track (tkhd flags 1)"},
    {"track-header", kMust, "CMAF 7.5.4",
     "write the track's header as CMAF says: no durations, a track id"},
    {"movie-header", kMust, "ISO 14496-12 8.2.2",
     "give mvhd a timescale, and a next track id above that of each track"},
    {"handler", kMust, "ISO 14496-12 8.4.3",
     "let the handler suit the sample entry: vide, soun, subt or text"},
    {"media-header", kMust, "ISO 14496-12 8.4.5", "write vmhd for pictures, smhd for sound"},
    {"timescale", kMust, "ISO 14496-12 8.4.2", "give the track a timescale"},
    {"sample-entry", kMust, "ISO 14496-12 8.5.2",
     "write one sample entry with its codec's configuration"},
    {"data-reference", kMust, "ISO 14496-12 8.7.2",
     "keep the media in the file itself (dref with flags 1)"},
    {"edit-list", kMust, "CMAF 7.5.13", "let an edit list only cut the codec's delay"},
    {"sample-aspect", kShould, "CMAF 9.2.1", "let pasp say what the coded pictures say"},
    {"sample-colour", kShould, "ISO 14496-12 12.1.5", "let colr say what the coded pictures say"},
    {"moof", kMust, "ISO 14496-12 8.8", "give every mdat the moof that describes it"},
    {"moof-sequence", kMust, "ISO 14496-12 8.8.5", "let mfhd sequence numbers increase"},
    {"traf", kMust, "CMAF 7.5.16",
     "write one traf with tfhd, tfdt and a trun in each moof, of a track that the moov knows"},
    {"styp", kShould, "ISO 14496-12 8.16.2", "begin each segment's file with styp"},
    {"tfdt", kMust, "CMAF 7.5.16", "write tfdt in each traf"},
    {"base-is-moof", kMust, "CMAF 7.5.16", "set default-base-is-moof, and no base-data-offset"},
    {"samples-in-mdat", kMust, "ISO 14496-12 8.8.8",
     "let the samples fill the mdat behind their moof, no byte more or less"},
    {"sample-duration", kMust, "ISO 14496-12 8.8.8", "give every sample a duration and a size"},
    {"sidx", kMust, "ISO 14496-12 8.16.3", "let sidx tell the true sizes and times"},
    {"sync-flag", kMust, "CMAF 7.5.18", "mark key frames as sync samples, and no other picture"},
    {"order-of-times", kMust, "ISO 14496-12 8.6.1",
     "let every sample have a presentation time of its own"},

    // What is coded.
    {"idr-first", kMust, "Apple 7.4", "begin each segment of the picture with an IDR picture"},
    {"leading-pictures", kMust, "Apple 7.4", "use closed groups of pictures"},
    {"key-frame-distance", kShould, "Apple 1.13", "put a key frame every two seconds"},
    {"frame-rate-varies", kShould, "Apple 1.18", "use a constant frame rate"},
    {"frame-rate-high", kMust, "Apple 1.19", "use at most 60 pictures a second"},
    {"interlaced", kMust, "Apple 1.14", "deinterlace"},
    {"video-codec", kMust, "Apple 1.1", "encode pictures as H.264, H.265 or AV1"},
    {"profile", kMust, "Apple 1.3, 1.6",
     "stay within High, level 5.2 (H.264), or Main 10, level 5.1 (H.265)"},
    {"level", kMust, "ISO 14496-10 A.3",
     "declare a level that allows the size and rate of the pictures"},
    {"hvc1", kShould, "Apple 1.10", "keep parameter sets in the sample entry: avc1, hvc1"},
    {"parameter-sets", kMust, "ISO 14496-15 5.3",
     "keep parameter sets out of the samples of avc1 and hvc1"},
    {"configuration", kMust, "ISO 14496-15 5.3",
     "let the configuration say what its parameter sets say"},
    {"entry-size", kMust, "ISO 14496-12 12.1.3",
     "let the sample entry and track header have the pictures' size"},
    {"nal-lengths", kMust, "ISO 14496-15 5.3", "let lengths of NAL units add up to the sample"},
    {"nal-unit", kMust, "ISO 14496-10 7.4.1",
     "write whole NAL units that refer to the parameter sets there are"},
    {"obu", kMust, "AV1 5.3",
     "write whole OBUs with a frame in each sample; a sync sample begins with a sequence header "
     "and "
     "is a key frame that is shown"},
    {"audio-config", kMust, "ISO 14496-3 1.6",
     "let the AudioSpecificConfig agree with the sample entry and timescale"},
    {"audio-frame", kMust, "ISO 14496-3 4.5",
     "let each sample of AAC last 1024 ticks of its rate, or 2048 with SBR"},
    {"decodes", kMust, "HLS 3", "encode this anew: it does not decode without errors"},

    // I-frame playlists.
    {"i-frame-moof", kMust, "Apple 6.10",
     "let the range of an I-frame begin with its moof and end behind its picture"},
    {"i-frame-one", kMust, "HLS 4.4.3.6", "let each entry be one I-frame"},
    {"i-frame-complete", kMust, "HLS 4.4.3.6",
     "list every key frame, with the time to the next as its duration"},
    {"i-frame-key", kMust, "HLS 4.4.3.6", "list key frames only"},
    {"i-frame-time", kMust, "HLS 4.4.3.6", "let EXTINF of an I-frame be the time to the next one"},

    // Transport streams, packed audio and subtitles.
    {"ts-packet", kMust, "HLS 3.1.1", "write whole packets of 188 bytes that begin with 0x47"},
    {"ts-tables", kMust, "HLS 3.1.1", "begin each segment with a PAT and a PMT of one program"},
    {"ts-continuity", kMust, "Apple 7.2", "let continuity counters go on within a program id"},
    {"ts-timestamps", kMust, "Apple 7.2", "let timestamps go on from segment to segment"},
    {"ts-clock", kMust, "ISO 13818-1 2.7.2",
     "write the program's clock (PCR) into each segment, up to ten seconds before what it times"},
    {"ts-parameter-sets", kShould, "HLS 3.1.1",
     "begin each segment with the parameter sets that its pictures need"},
    {"packed-audio-time", kMust, "HLS 3.1.3",
     "begin packed audio with the ID3 frame of its timestamp"},
    {"webvtt", kMust, "HLS 3.1.4", "begin subtitles with WEBVTT, and each cue with start --> end"},
    {"webvtt-map", kShould, "HLS 3.1.4", "add X-TIMESTAMP-MAP"},
    {"webvtt-map-form", kMust, "HLS 3.1.4",
     "write X-TIMESTAMP-MAP=LOCAL:<cue time>,MPEGTS:<90 kHz time>"},
    {"webvtt-map-time", kMust, "HLS 3.1.4",
     "let X-TIMESTAMP-MAP lead from the cues to the times of the pictures"},
    {"webvtt-cue-time", kMust, "HLS 3.1.4",
     "put each cue into every segment of the time it is shown in, and no other"},

    // Delivery.
    {"http-type", kShould, "Apple 10.4", "serve the recommended media type"},
    {"http-gzip", kMust, "Apple 10.1",
     "serve playlists with Content-Encoding: gzip to those who accept it"},
    {"http-redirect", kMust, "Apple 8.18", "serve media without redirects"},
    {"http-ranges", kMust, "HLS 6.2.1", "serve byte ranges of files that are listed by ranges"},
    {"http-tls", kShould, "Apple 11.1", "serve over TLS"},

    // DASH.
    {"mpd", kMust, "DASH 5.3.1.2",
     "write an MPD with profiles, minBufferTime and, when static, its duration"},
    {"mpd-period", kMust, "DASH 5.3.2", "give the MPD a period with adaptation sets"},
    {"mpd-representation", kMust, "DASH 5.3.5",
     "give each representation an id of its own and a bandwidth"},
    {"mpd-type", kMust, "DASH 5.3.7",
     "give representations mimeType and, for pictures and sound, codecs"},
    {"mpd-segments", kMust, "DASH 5.3.9", "name the segments of each representation"},
    {"mpd-template", kMust, "DASH 5.3.9.4.4",
     "use the identifiers that templates know, each with its $"},
    {"mpd-timeline", kMust, "DASH 5.3.9.6",
     "let the timeline be that of the segments, without gaps and to the end"},
    {"mpd-codecs", kMust, "DASH 5.3.7", "let codecs be that of the media"},
    {"mpd-size", kMust, "DASH 5.3.7",
     "let width, height, sar, frameRate and audioSamplingRate be those of the media"},
    {"mpd-bandwidth", kMust, "DASH 5.3.5.2",
     "let bandwidth be enough to play on from minBufferTime of buffer"},
    {"mpd-language", kMust, "DASH 5.3.3", "write the language as a tag of BCP 47"},
    {"mpd-value", kMust, "DASH B", "write the value in the form that the schema gives"},
    {"mpd-attribute", kShould, "DASH B", "use the elements and attributes of the schema"},
    {"mpd-ids", kMust, "DASH 5.3.3.2", "give each period and adaptation set an id of its own"},
    {"mpd-content", kMust, "DASH 5.3.7",
     "let mimeType and contentType be what the media is, the same for all of an adaptation set"},
    {"mpd-bounds", kMust, "DASH 5.3.3.2",
     "let no representation and no segment be beyond the bounds that are told"},
    {"mpd-profile", kMust, "DASH 8", "name segments in the way that the profile wants"},
    {"mpd-duration", kMust, "DASH 5.3.1.2", "let the presentation's duration be that of its media"},
});

/// The rule of this id; one that is not in the table does not compile.
consteval const Rule& rule(std::string_view id) {
    for (const auto& row : kRules)
        if (row.id == id) return row;
    throw std::invalid_argument("no such rule");
}

}  // namespace ittybit::manifest
