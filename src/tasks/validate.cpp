#include "tasks/validate.h"

#include <chrono>
#include <unordered_map>
#include <utility>

#include "base/fields_json.h"
#include "conformance/stream.h"
#include "model/stream_copy.h"
#include "tasks/adaptive_segmenter.h"
#include "tasks/decode_check.h"

namespace ittybit::tasks {
namespace {

using conformance::Files;

Result<std::vector<std::uint8_t>> read_range(
    ByteSource& source, std::int64_t offset, std::int64_t length
) {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(length));
    const auto filled = TRY(read_full(
        source, static_cast<std::uint64_t>(offset), std::as_writable_bytes(std::span(bytes))
    ));
    bytes.resize(filled);
    return bytes;
}

/// Tells how far the check is, and while a step lasts that it goes on.
class Steps {
public:
    explicit Steps(Events& events) : events_(events) {}

    void reach(double percent) {
        percent_ = percent;
        told_ = std::chrono::steady_clock::now();
        Progress progress;
        progress.percent = percent;
        events_.progress(progress);
    }
    void moved() {
        using namespace std::chrono_literals;
        if (std::chrono::steady_clock::now() - told_ >= 500ms) reach(percent_);
    }

private:
    Events& events_;
    double percent_ = 0;
    std::chrono::steady_clock::time_point told_;
};

/// The files of a stream in the one input that they were copied into.
class CopiedFiles : public Files {
public:
    CopiedFiles(ByteSource& source, const StreamIndex& index, Steps& steps)
        : source_(source), steps_(steps) {
        for (const auto& file : index.files) files_.emplace(file.uri, &file);
    }

    Presence presence(const std::string& uri) override {
        const auto found = files_.find(uri);
        if (found == files_.end()) return Presence::kLeftOut;
        if (found->second->is_left_out) return Presence::kLeftOut;
        return found->second->missing ? Presence::kMissing : Presence::kThere;
    }
    std::string why_missing(const std::string& uri) override {
        return files_.at(uri)->missing.value_or("");
    }
    std::int64_t size(const std::string& uri) override { return files_.at(uri)->size; }
    std::optional<std::int64_t> encrypted_size(const std::string& uri) override {
        return files_.at(uri)->encrypted_size;
    }
    Result<std::vector<std::uint8_t>> read(
        const std::string& uri, std::int64_t offset, std::int64_t length
    ) override {
        steps_.moved();
        return read_range(source_, files_.at(uri)->offset + offset, length);
    }

private:
    ByteSource& source_;
    Steps& steps_;
    std::unordered_map<std::string, const StreamFile*> files_;
};

Result<StreamIndex> read_index(const ValidateOptions& options, ByteSource& source) {
    const auto bytes = TRY(read_range(source, options.index_offset, options.index_size));
    return decode_line<StreamIndex>({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

Result<Finished> validate(const Assignment& assignment, ByteSource& source, Events& events) {
    const auto options =
        TRY(read_as<ValidateOptions>(assignment.options, ErrorKind::kInternalError));
    const auto index = TRY(read_index(options, source));
    Steps steps(events);
    CopiedFiles files(source, index, steps);
    manifest::Report report;
    const double share = options.decodes ? 30 : 100;  // percent of the work
    const auto stream = conformance::check_stream(index.manifest, files, report, [&](double done) {
        steps.reach(share * done);
    });
    if (options.decodes) {
        TRY(check_decoding(stream, files, assignment.limits, report, [&](double done) {
            steps.reach(share + (100 - share) * done);
        }));
    }
    PartWriter parts(events, assignment.limits);
    TRY(parts.write(
        assignment.stem + ".json", json_text(manifest::Findings{report.findings()}),
        /*is_main=*/true
    ));
    return Finished();
}

}  // namespace ittybit::tasks
