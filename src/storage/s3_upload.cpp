#include "storage/s3_upload.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fcntl.h>

#include "base/ids.h"
#include "base/json.h"
#include "storage/digests.h"

namespace ittybit::storage {
namespace {

constexpr std::int64_t kMostParts = 10'000;

/// Even parts (some services insist), few enough, with a tenth to spare for a bad estimate.
std::int64_t part_size_for(const UploadOptions& options, const S3Tuning& tuning) {
    if (!options.expected_size) return tuning.unknown_part;
    constexpr std::int64_t kStep = 1 << 20;
    const auto needed = *options.expected_size / (kMostParts * 9 / 10);
    return std::max(tuning.smallest_part, (needed / kStep + 1) * kStep);
}

/// A stretch of a file, read as a whole source.
class FilePart : public ByteSource {
public:
    FilePart(int descriptor, Range range) : file_(descriptor), range_(range) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        const auto length = static_cast<std::uint64_t>(range_.length());
        if (offset >= length) return std::size_t{0};
        const auto count = std::min<std::uint64_t>(out.size(), length - offset);
        const auto from = static_cast<std::uint64_t>(range_.from) + offset;
        const auto read = TRY(file_.read_at(from, out.first(count)));
        if (read == 0)
            return Error{ErrorKind::kInternalError, "the file is shorter than it should be", ""};
        return read;
    }
    std::optional<std::uint64_t> size() override {
        return static_cast<std::uint64_t>(range_.length());
    }

private:
    FileSource file_;
    Range range_;
};

Error cancelled() {
    return {ErrorKind::kCancelled, "the upload was cancelled", ""};
}

}  // namespace

std::string upload_receipt(const std::string& key, const std::string& id) {
    return compact_json(json::object{{"key", key}, {"upload_id", id}});
}

std::string intent_receipt(const std::string& key, UnixMillis now) {
    return compact_json(json::object{{"key", key}, {"asked_at", now}, {"mark", random_hex(64)}});
}

Result<> abort_multipart(const S3Bucket& bucket, const std::string& key, const std::string& id) {
    const auto answer = bucket.send(
        {.action = S3Action::kWrite, .method = "DELETE", .key = key, .query = {{"uploadId", id}}},
        {}
    );
    const bool is_gone = !answer && (answer.error().kind == ErrorKind::kFileNotFound ||
                                     answer.error().code == "NoSuchUpload");
    if (answer || is_gone) return {};
    return answer.error();
}

S3Upload::S3Upload(std::shared_ptr<const S3Bucket> bucket, std::string key, UploadOptions options)
    : bucket_(std::move(bucket)),
      key_(std::move(key)),
      options_(std::move(options)),
      part_size_(part_size_for(options_, bucket_->tuning())),
      crew_(
          static_cast<std::size_t>(bucket_->tuning().parallel),
          [this](const Part& part, const std::stop_token& stop) { return send_part(part, stop); }
      ) {}

S3Upload::~S3Upload() {
    S3Upload::abort();
}

net::Headers S3Upload::object_headers() const {
    net::Headers headers = {{"Content-Type", options_.content_type}};
    if (!options_.cache_control.empty())
        headers.push_back({"Cache-Control", options_.cache_control});
    return headers;
}

Result<> S3Upload::start(const std::stop_token& stop) {
    // The service may begin one and we not hear of it.
    const auto intent = intent_receipt(key_, SystemClock().now());
    if (options_.on_started) options_.on_started(intent);
    bool is_in_doubt = false;
    const auto answer = bucket_->send(
        {.action = S3Action::kWrite,
         .method = "POST",
         .key = key_,
         .query = {{"uploads", ""}},
         .headers = object_headers(),
         .is_in_doubt = &is_in_doubt},
        stop
    );
    if (answer) id_ = xml_text(answer->body, "UploadId");
    if (!id_.empty()) {
        receipt_ = upload_receipt(key_, id_);
        if (options_.on_started) options_.on_started(receipt_);
    }
    if (!is_in_doubt && options_.on_ended) options_.on_ended(intent);
    if (!answer) return answer.error();
    if (id_.empty())
        return Error{
            ErrorKind::kUploadFailed, "the S3 service began no upload", bucket_->name_of(key_)
        };
    return {};
}

/// The multipart upload is no more.
void S3Upload::end() {
    id_.clear();
    if (options_.on_ended) options_.on_ended(receipt_);
}

/// Queues a part; waits while as many from memory are on their way as may be.
Result<> S3Upload::send_later(Part part, const std::stop_token& stop) {
    if (part.number > kMostParts)
        return Error{
            ErrorKind::kUploadFailed, "the object became larger than was expected of it",
            bucket_->name_of(key_)
        };
    if (id_.empty()) TRY(start(stop));
    constexpr auto kAny = std::numeric_limits<std::size_t>::max();
    const auto most = static_cast<std::size_t>(std::max(bucket_->tuning().parallel - 1, 1));
    const bool holds_memory = !part.bytes.empty();
    return crew_.give(std::move(part), holds_memory ? most : kAny, stop);
}

Result<std::pair<int, S3Upload::Sent>> S3Upload::send_part(
    const Part& part, const std::stop_token& stop
) {
    MemorySource memory(std::as_bytes(std::span(part.bytes)));
    FilePart file(file_.get(), part.range);
    ByteSource& source = part.bytes.empty() ? static_cast<ByteSource&>(file) : memory;
    const auto digests = TRY(digests_of(source));
    const auto answer = TRY(bucket_->send(
        {.action = S3Action::kWrite,
         .method = "PUT",
         .key = key_,
         .query = {{"partNumber", std::to_string(part.number)}, {"uploadId", id_}},
         .upload = &source,
         .payload_hash = hex_of(digests.sha256),
         .part_md5 = digests.md5},
        stop
    ));
    const Sent sent{std::string(net::header_value(answer.headers, "etag")), digests.md5};
    return std::pair(part.number, sent);
}

Result<> S3Upload::append(std::span<const std::byte> bytes, const std::stop_token& stop) {
    appended_ += static_cast<std::int64_t>(bytes.size());
    while (!bytes.empty()) {
        const auto room = static_cast<std::size_t>(part_size_) - buffer_.size();
        const auto piece = bytes.first(std::min(room, bytes.size()));
        buffer_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        bytes = bytes.subspan(piece.size());
        if (buffer_.size() < static_cast<std::size_t>(part_size_)) break;
        is_begun_.push_back(true);
        Part part = {static_cast<int>(is_begun_.size()), {}, std::exchange(buffer_, {})};
        TRY(send_later(std::move(part), stop));
    }
    return {};
}

Result<> S3Upload::put_file(int descriptor, Range range, const std::stop_token& stop) {
    if (!file_) file_ = Fd(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
    present_.add(range);
    for (auto index = range.from / part_size_; index * part_size_ < range.to; ++index) {
        const auto place = static_cast<std::size_t>(index);
        if (is_begun_.size() <= place) is_begun_.resize(place + 1);
        const Range whole = {index * part_size_, (index + 1) * part_size_};
        if (is_begun_[place] || !present_.contains(whole)) continue;
        is_begun_[place] = true;
        TRY(send_later({static_cast<int>(index) + 1, whole, ""}, stop));
    }
    return {};
}

Result<Stored> S3Upload::commit(std::int64_t size, const std::stop_token& stop) {
    auto stored = finish(size, stop);
    if (!stored) abort();
    is_over_ = true;
    return stored;
}

Result<Stored> S3Upload::finish(std::int64_t size, const std::stop_token& stop) {
    if (stop.stop_requested()) return cancelled();
    const bool is_whole = file_ ? present_.contains({0, size}) : appended_ == size;
    if (is_over_ || !is_whole)
        return Error{ErrorKind::kUploadFailed, "the object is not whole", bucket_->name_of(key_)};
    if (id_.empty()) return put_whole(size, stop);
    const auto last = size / part_size_ * part_size_;
    if (last < size)
        TRY(send_later(
            {static_cast<int>(last / part_size_) + 1, {last, size}, std::move(buffer_)}, stop
        ));
    TRY(crew_.finish(stop));
    for (auto& part : crew_.made()) sent_.insert(std::move(part));
    return complete(size, stop);
}

Result<Stored> S3Upload::put_whole(std::int64_t size, const std::stop_token& stop) {
    MemorySource memory(std::as_bytes(std::span(buffer_)));
    FilePart file(file_.get(), {0, size});
    ByteSource& source = file_ ? static_cast<ByteSource&>(file) : memory;
    const auto digests = TRY(digests_of(source));
    const auto answer = TRY(bucket_->send(
        {.action = S3Action::kWrite,
         .method = "PUT",
         .key = key_,
         .headers = object_headers(),
         .upload = &source,
         .payload_hash = hex_of(digests.sha256),
         .part_md5 = digests.md5},
        stop
    ));
    const auto etag = bare_etag(net::header_value(answer.headers, "etag"));
    if (etag == hex_of(digests.md5))
        return Stored{key_, size, etag, options_.content_type, SystemClock().now()};
    return verify(size, etag, stop);
}

std::string S3Upload::manifest() const {
    std::string text = "<CompleteMultipartUpload>";
    for (const auto& [number, part] : sent_)
        text += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>" + "&quot;" +
                bare_etag(part.etag) + "&quot;</ETag></Part>";
    return text + "</CompleteMultipartUpload>";
}

/// The MD5 of the parts' MD5s, as all services without encryption keys of the customer make it;
/// "" where the parts' own ETags are no MD5s.
std::string S3Upload::expected_etag() const {
    std::string all;
    for (const auto& [number, part] : sent_) {
        if (bare_etag(part.etag) != hex_of(part.md5)) return "";
        all += part.md5;
    }
    return hex_of(md5(all)) + "-" + std::to_string(sent_.size());
}

Result<Stored> S3Upload::complete(std::int64_t size, const std::stop_token& stop) {
    auto answer = bucket_->send(
        {.action = S3Action::kWrite,
         .method = "POST",
         .key = key_,
         .query = {{"uploadId", id_}},
         .body = manifest()},
        stop
    );
    const auto expected = expected_etag();
    if (!answer) return settle(size, expected, answer.error(), stop);
    auto stored = verify(size, expected, stop);
    if (!stored && stored.error().kind == ErrorKind::kUploadFailed)
        static_cast<void>(
            bucket_->send({.action = S3Action::kDelete, .method = "DELETE", .key = key_}, {})
        );
    if (stored) end();
    return stored;
}

/// A Complete may have been done although no answer said so: when the first answer was lost, a
/// second try finds no upload. The object tells.
Result<Stored> S3Upload::settle(
    std::int64_t size, const std::string& expected, const Error& error, const std::stop_token& stop
) {
    const bool is_gone = error.code == "NoSuchUpload";
    if (!is_gone && expected.empty()) return error;
    auto stored = verify(size, expected, stop);
    if (!stored) return error;
    // Gone by now, unless an object of the very same bytes was there before.
    if (abort_multipart(*bucket_, key_, id_)) end();
    return stored;
}

/// Asks what lies under the key now. `etag` is what it must be where both are made alike.
Result<Stored> S3Upload::verify(
    std::int64_t size, const std::string& etag, const std::stop_token& stop
) {
    const auto head =
        TRY(bucket_->send({.action = S3Action::kRead, .method = "HEAD", .key = key_}, stop));
    const auto there = bare_etag(net::header_value(head.headers, "etag"));
    const bool is_comparable =
        !etag.empty() && there.size() == etag.size() && there.find('-') == etag.find('-');
    const bool is_right =
        net::header_value(head.headers, "content-length") == std::to_string(size) &&
        (!is_comparable || there == etag);
    if (is_right) return Stored{key_, size, there, options_.content_type, SystemClock().now()};
    return Error{
        ErrorKind::kUploadFailed, "the S3 service stored other bytes than were sent; try again",
        bucket_->name_of(key_)
    };
}

void S3Upload::abort() {
    crew_.stop();
    if (!is_over_ && !id_.empty() && abort_multipart(*bucket_, key_, id_)) end();
    is_over_ = true;
    buffer_.clear();
    file_.reset();
}

}  // namespace ittybit::storage
