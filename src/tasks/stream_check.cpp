#include "tasks/stream_check.h"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "conformance/stream.h"
#include "model/encrypted_stream.h"

namespace ittybit::tasks {
namespace {

/// The files of the current folder. Those that playlists say lie in the folder of parts lie there
/// too, until they are published.
class OwnFiles : public conformance::Files {
public:
    OwnFiles(bool is_encrypted, media::Meter& meter) : is_encrypted_(is_encrypted), meter_(meter) {}

    Presence presence(const std::string& uri) override {
        return open(uri) ? Presence::kThere : Presence::kMissing;
    }
    std::string why_missing(const std::string&) override { return "it was not made"; }
    std::int64_t size(const std::string& uri) override {
        const Fd file = open(uri);
        return static_cast<std::int64_t>(FileSource(file.get()).size().value_or(0));
    }
    std::optional<std::int64_t> encrypted_size(const std::string& uri) override {
        if (!is_encrypted_) return std::nullopt;
        return ittybit::encrypted_size(size(uri));
    }
    Result<std::vector<std::uint8_t>> read(
        const std::string& uri, std::int64_t offset, std::int64_t length
    ) override {
        meter_.moved();
        const Fd file = open(uri);
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(length));
        FileSource source(file.get());
        const auto filled = TRY(read_full(
            source, static_cast<std::uint64_t>(offset), std::as_writable_bytes(std::span(bytes))
        ));
        bytes.resize(filled);
        return bytes;
    }

private:
    static Fd open(const std::string& uri) {
        const auto name = percent_decode(uri.substr(uri.rfind('/') + 1));
        return Fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    }

    const bool is_encrypted_;
    media::Meter& meter_;
};

}  // namespace

Result<> check_stream(const std::string& manifest, bool is_encrypted, media::Meter& meter) {
    OwnFiles files(is_encrypted, meter);
    manifest::Report report;
    conformance::check_stream("made:/" + percent_encode(manifest), files, report);
    const auto& findings = report.findings();
    const auto broken =
        std::ranges::find(findings, manifest::Severity::kMust, &manifest::Finding::severity);
    if (broken == findings.end()) return {};
    return Error{
        ErrorKind::kOutputInvalid,
        fmt::format(
            "the stream breaks a rule ({}, {}): {}: {}; please report it", broken->source,
            broken->rule, percent_decode(broken->file.substr(broken->file.rfind('/') + 1)),
            broken->message
        ),
        ""
    };
}

}  // namespace ittybit::tasks
