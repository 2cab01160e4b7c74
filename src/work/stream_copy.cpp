#include "work/stream_copy.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/text.h"
#include "manifest/mpd.h"
#include "manifest/playlist.h"
#include "storage/origin.h"
#include "storage/segment_cipher.h"
#include "work/stream_key.h"

namespace ittybit::work {
namespace {

using manifest::rule;

constexpr std::size_t kMostFiles = 100'000;
constexpr std::int64_t kLargestManifest = std::int64_t{16} << 20;
constexpr std::int64_t kLargestStream = 200'000'000'000;
constexpr std::size_t kLongestAddresses = 64U << 20U;  // of all files
constexpr auto kLongest = std::chrono::hours(4);       // of all fetching
constexpr int kMostMissingKeys = 8;                    // then no other is asked for

/// One byte more than is looked into, so that the child tells it.
constexpr std::int64_t kMostOfSegment = manifest::kLargestSegment + 1;

/// Copies a stream, manifests first.
class Copying {
public:
    Copying(
        StreamOrigin& origin,
        std::int64_t largest,
        manifest::Report& report,
        const std::stop_token& stop,
        StreamCopy& copy
    )
        : origin_(origin),
          largest_(std::min(largest, kLargestStream)),
          report_(report),
          stop_(stop),
          copy_(copy) {}

    Result<> run() {
        index_.manifest = origin_.manifest();
        const auto text = TRY(take_manifest(index_.manifest));
        if (const auto& missing = index_.files.front().missing)
            return Error{
                ErrorKind::kInvalidInput, fmt::format("cannot read the stream: {}", *missing),
                "input"
            };
        TRY(follow(index_.manifest, text, /*is_inside=*/false));
        return write_index();
    }

private:
    /// Fetches what a playlist names. Those that it names are playlists themselves, but only once.
    Result<> follow(
        const std::string& uri,
        const std::string& text,
        bool is_inside,
        const manifest::Variables* imported = nullptr
    ) {
        manifest::Report unheard;  // the child will say it
        if (manifest::is_mpd(text)) {
            for (const auto& named : manifest::files_of(manifest::read_mpd(uri, text, unheard)))
                check_media(named, TRY(take(named, kMostOfSegment, nullptr)));
            return {};
        }
        const auto playlist = manifest::read_playlist(uri, text, unheard, imported);
        if (const auto* media = std::get_if<manifest::MediaPlaylist>(&playlist))
            return take_media(*media);
        if (is_inside) return {};
        const auto& variables = std::get<manifest::MultivariantPlaylist>(playlist).variables;
        for (const auto& named : manifest::files_of(playlist)) {
            if (known_.contains(named)) continue;
            const auto inside = TRY(take_manifest(named));
            if (!index_.files.back().missing && !index_.files.back().is_left_out)
                TRY(follow(named, inside, true, &variables));
        }
        return {};
    }

    Result<> take_media(const manifest::MediaPlaylist& playlist) {
        std::set<std::string_view> in_ranges;  // of which each may be a whole film
        for (const auto& segment : playlist.segments)
            if (segment.range) in_ranges.insert(segment.uri);
        const auto locks = locks_of(playlist);
        for (const auto& uri : manifest::files_of(playlist)) {
            if (known_.contains(uri)) continue;
            const auto most = in_ranges.contains(uri) ? largest_ : kMostOfSegment;
            const auto lock = locks.find(uri);
            const auto cipher = lock == locks.end() ? nullptr : decrypting(lock->second, playlist);
            check_media(uri, TRY(take(uri, most, nullptr, cipher.get())));
        }
        // What is served of one of its files is served of all.
        const auto ranged = std::ranges::find_if(playlist.segments, [](const auto& segment) {
            return segment.range.has_value();
        });
        if (origin_.is_web() && ranged != playlist.segments.end()) {
            report_.expect(
                origin_.has_ranges(ranged->uri, stop_).value_or(true), rule("http-ranges"),
                {ranged->uri, {}, {}}, "a range is not answered with 206"
            );
        }
        return {};
    }

    /// What a file that is encrypted as a whole is decrypted with.
    struct Lock {
        std::size_t key = 0;  // in MediaPlaylist::keys
        storage::Block iv;
    };

    /// Those of the files of a playlist. A section without an IV of its own has none (RFC 8216,
    /// 4.3.2.5).
    static std::map<std::string_view, Lock> locks_of(const manifest::MediaPlaylist& playlist) {
        std::map<std::string_view, Lock> locks;
        const auto add = [&](const auto& file, std::optional<storage::Block> iv) {
            if (!file.key || file.range) return;
            const auto& own = playlist.keys[*file.key].iv;
            if (!own.empty()) iv = storage::block_of(own);
            if (iv) locks.try_emplace(file.uri, Lock{*file.key, *iv});
        };
        auto sequence = static_cast<std::uint64_t>(playlist.media_sequence);
        for (const auto& segment : playlist.segments) add(segment, storage::iv_of(sequence++));
        for (const auto& map : playlist.maps) add(map, std::nullopt);
        return locks;
    }

    /// Null where the key cannot be had.
    std::unique_ptr<storage::SegmentCipher> decrypting(
        const Lock& lock, const manifest::MediaPlaylist& playlist
    ) {
        const auto& uri = playlist.keys[lock.key].uri;
        const auto [known, is_new] = keys_.try_emplace(uri);
        if (is_new && missing_keys_ < kMostMissingKeys) {
            auto key = fetch_key_at(uri);
            if (key) {
                known->second = *key;
            } else {
                ++missing_keys_;
                report_.add(
                    rule("encrypted"), {playlist.file, {}, {}},
                    fmt::format("there is no key at {}: {}", uri, key.error().message)
                );
            }
        }
        if (!known->second) return nullptr;
        return std::make_unique<storage::SegmentCipher>(
            storage::SegmentCipher::decrypting(*known->second, lock.iv)
        );
    }

    /// Of a stream on this machine the key may be on the web.
    Result<storage::Block> fetch_key_at(const std::string& uri) {
        std::vector<std::byte> bytes;
        const auto delivery = TRY(origin_.fetch(uri, keeping(bytes), stop_));
        if (delivery.missing) return Error{ErrorKind::kDownloadFailed, *delivery.missing, ""};
        if (!delivery.is_left_out) return read_key(bytes, uri);
        net::Client client({.policy = net::AddressPolicy::strict()});
        const auto url = TRY(net::Url::parse(uri));
        if (url.is_s3()) return Error{ErrorKind::kInvalidInput, uri + " is no web address", ""};
        return fetch_key(*storage::http_origin(client, url), stop_);
    }

    Result<std::string> take_manifest(const std::string& uri) {
        std::string text;
        const auto delivery = TRY(take(uri, kLargestManifest + 1, &text));
        if (std::ssize(text) > kLargestManifest)
            return Error{
                ErrorKind::kInvalidInput, "this is no playlist: it is too large for one", "input"
            };
        if (!origin_.is_web() || delivery.missing || delivery.is_left_out) return text;
        constexpr auto kTypes = std::to_array<std::string_view>(
            {"application/vnd.apple.mpegurl", "audio/mpegurl", "application/dash+xml"}
        );
        report_.expect(
            std::ranges::find(kTypes, delivery.type) != kTypes.end(), rule("http-type"),
            {uri, {}, {}}, fmt::format("served as {}", delivery.type)
        );
        report_.expect(
            origin_.comes_compressed(uri, stop_).value_or(true), rule("http-gzip"), {uri, {}, {}},
            "served without gzip"
        );
        report_.expect(
            uri.starts_with("https:"), rule("http-tls"), {uri, {}, {}}, "served without TLS"
        );
        return text;
    }

    void check_media(const std::string& uri, const Delivery& delivery) {
        if (!origin_.is_web() || delivery.missing || delivery.is_left_out) return;
        const manifest::Place place{uri, {}, {}};
        report_.expect(!delivery.was_redirected, rule("http-redirect"), place, "a redirect");
        const std::string path = uri.substr(0, uri.find('?'));
        const auto type = std::string_view(delivery.type);
        static const std::map<std::string_view, std::vector<std::string_view>> kTypes = {
            {".ts", {"video/mp2t"}},
            {".mp4", {"video/mp4", "audio/mp4", "application/mp4"}},
            {".m4s", {"video/iso.segment", "video/mp4", "audio/mp4", "application/mp4"}},
            {".vtt", {"text/vtt", "text/plain"}},
            {".aac", {"audio/aac"}},
        };
        for (const auto& [extension, types] : kTypes)
            if (path.ends_with(extension))
                report_.expect(
                    std::ranges::find(types, type) != types.end(), rule("http-type"), place,
                    fmt::format("served as {}", delivery.type)
                );
    }

    /// Copies one file, at most so many bytes of it, through a cipher where there is one; a
    /// manifest's text is kept too.
    Result<Delivery> take(
        const std::string& uri,
        std::int64_t most,
        std::string* text,
        storage::SegmentCipher* cipher = nullptr
    ) {
        known_.insert(uri);
        addresses_ += uri.size();
        StreamFile file{.uri = uri, .offset = copy_.size};
        TRY(check_bounds());
        std::int64_t taken = 0;
        const auto keep = [&](std::span<const std::byte> bytes) -> Result<bool> {
            bytes = bytes.first(std::min(bytes.size(), static_cast<std::size_t>(most - taken)));
            taken += std::ssize(bytes);
            if (text != nullptr)
                text->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            if (cipher != nullptr) bytes = TRY(cipher->next(bytes));
            TRY(append(bytes, file));
            return taken < most;
        };
        const auto delivery = TRY(origin_.fetch(uri, keep, stop_));
        file.missing = delivery.missing;
        file.is_left_out = delivery.is_left_out;
        const bool is_there = !file.missing && !file.is_left_out;
        if (cipher != nullptr && is_there) {
            file.encrypted_size = taken;
            if (const auto last = cipher->end()) {
                TRY(append(*last, file));
            } else {
                note_undecryptable(file, last.error());
            }
        }
        if (delivery.is_left_out)
            report_.add(
                rule("outside"), {index_.manifest, {}, {}},
                fmt::format("{} lies outside of the stream", uri)
            );
        index_.files.push_back(std::move(file));
        return delivery;
    }

    /// How many files there may be, and how long they may take.
    Result<> check_bounds() const {
        if (index_.files.size() >= kMostFiles || addresses_ > kLongestAddresses)
            return Error{
                ErrorKind::kLimitExceeded,
                fmt::format("the stream has more than {} files", index_.files.size()), "input"
            };
        if (std::chrono::steady_clock::now() - begun_ > kLongest)
            return Error{
                ErrorKind::kLimitExceeded,
                fmt::format("the stream does not come within {} hours", kLongest.count()), "input"
            };
        return {};
    }

    /// Puts more bytes of a file behind what there is.
    Result<> append(std::span<const std::byte> bytes, StreamFile& file) {
        if (copy_.size + std::ssize(bytes) > largest_)
            return Error{
                ErrorKind::kLimitExceeded, "the stream is too large", "input",
                LimitReached{"input_bytes"}
            };
        TRY(copy_.file.write(copy_.size, bytes));
        copy_.size += std::ssize(bytes);
        file.size += std::ssize(bytes);
        return {};
    }

    /// Nothing can be told of what does not decrypt.
    void note_undecryptable(StreamFile& file, const Error& why) {
        file.is_left_out = true;
        report_.add(
            rule("encrypted-size"), {file.uri, {}, {}},
            fmt::format("it does not decrypt with its key: {}", why.message)
        );
    }

    Result<> write_index() {
        const auto text = json_text(index_);
        copy_.index_offset = copy_.size;
        copy_.index_size = std::ssize(text);
        TRY(copy_.file.write(copy_.size, std::as_bytes(std::span(text))));
        copy_.size += std::ssize(text);
        return {};
    }

    StreamOrigin& origin_;
    const std::int64_t largest_;
    manifest::Report& report_;
    const std::stop_token& stop_;
    StreamCopy& copy_;
    StreamIndex index_;
    std::set<std::string> known_;
    std::map<std::string, std::optional<storage::Block>> keys_;  // by address
    int missing_keys_ = 0;
    std::size_t addresses_ = 0;  // bytes, of all files
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace

Result<StreamCopy> copy_stream(
    StreamOrigin& origin,
    const std::string& folder,
    std::int64_t largest,
    manifest::Report& report,
    const std::stop_token& stop
) {
    StreamCopy copy;
    copy.file = TRY(storage::Scratch::make(folder));
    TRY(Copying(origin, largest, report, stop, copy).run());
    return copy;
}

}  // namespace ittybit::work
