// The readers of segments: two pieces of any bytes as initialization section and segment, in every
// format that segments have; what is found lies in the bytes.
#include <fuzzer/FuzzedDataProvider.h>

#include "conformance/stream.h"
#include "fuzz.h"

using namespace ittybit;

namespace {

constexpr std::string_view kMaster =
    "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n"
    "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n";
constexpr std::string_view kMedia =
    "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI=\"init\"\n#EXTINF:6,\none\n#EXTINF:6,\ntwo\n";

/// init, one and two are the fuzzer's.
class FuzzedFiles : public conformance::Files {
public:
    explicit FuzzedFiles(FuzzedDataProvider& from) {
        keep("x:/init", from.ConsumeRandomLengthString());
        keep("x:/one", from.ConsumeRandomLengthString());
        keep("x:/two", from.ConsumeRemainingBytesAsString());
        keep("x:/m.m3u8", kMaster);
        keep("x:/v.m3u8", kMedia);
        keep("x:/i.m3u8", std::string(kMedia) + "#EXT-X-I-FRAMES-ONLY\n");
    }
    Presence presence(const std::string& uri) override {
        return files_.contains(uri) ? Presence::kThere : Presence::kMissing;
    }
    std::string why_missing(const std::string&) override { return ""; }
    std::int64_t size(const std::string& uri) override { return std::ssize(files_.at(uri)); }
    Result<std::vector<std::uint8_t>> read(
        const std::string& uri, std::int64_t offset, std::int64_t length
    ) override {
        const auto& file = files_.at(uri);
        fuzz::must(offset >= 0 && length >= 0 && offset + length <= std::ssize(file));
        return std::vector<std::uint8_t>(file.begin() + offset, file.begin() + offset + length);
    }

private:
    void keep(const std::string& uri, std::string_view text) {
        files_[uri].assign(text.begin(), text.end());
    }
    std::map<std::string, std::vector<std::uint8_t>> files_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider from(data, size);
    FuzzedFiles files(from);
    manifest::Report report;
    conformance::check_stream("x:/m.m3u8", files, report);
    for (const auto& finding : report.findings()) fuzz::must(finding.byte.value_or(0) >= 0);
    return 0;
}
