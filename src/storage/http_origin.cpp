#include "storage/http_origin.h"

#include <memory>
#include <utility>

#include "base/text.h"
#include "base/thread_safety.h"
#include "storage/retries.h"

namespace ittybit::storage {
namespace {

constexpr std::size_t kLongestExplanation = 64U << 10U;

std::optional<std::int64_t> read_number(std::string_view text) {
    const auto number = whole_number<std::int64_t>(text);
    return number && *number >= 0 ? number : std::nullopt;
}

struct ContentRange {
    std::int64_t from = 0;
    std::optional<std::int64_t> size;
};

/// "bytes 0-99/1000", "bytes 0-99/*", "bytes */1000" (RFC 9110, 14.4).
std::optional<ContentRange> read_content_range(std::string_view text) {
    if (to_lower(text.substr(0, 6)) != "bytes ") return std::nullopt;
    text.remove_prefix(6);
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    ContentRange range;
    range.size = read_number(text.substr(slash + 1));
    const auto positions = text.substr(0, slash);
    if (positions == "*") return range;
    const auto from = read_number(positions.substr(0, positions.find('-')));
    if (!from) return std::nullopt;
    range.from = *from;
    return range;
}

Version version_of(const net::Response& head, std::optional<std::int64_t> size) {
    return {
        size, std::string(net::header_value(head.headers, "etag")),
        std::string(net::header_value(head.headers, "last-modified"))
    };
}

bool is_strong(std::string_view etag) {
    return etag.starts_with('"');
}

}  // namespace

/// One request on its way: judges the head, then passes bytes on or keeps an error's words.
struct HttpOrigin::Reading {
    Range range;
    const Version& known;
    const Taker& taker;
    const Dialect& dialect;
    std::string explanation = {};
    bool is_second = false;         // asked without If-Range
    bool is_taken = false;          // the answer was good and handed over
    bool lacks_a_size = false;      // a 206 of unknown length: no use to us
    bool ignores_if_range = false;  // all of the same version instead of a part

    Error unusable(std::string message) const {
        return {ErrorKind::kDownloadFailed, std::move(message), dialect.name};
    }

    Result<> judge(const net::Response& head) {
        if (head.status != 200 && head.status != 206) return {};
        const auto encoding = to_lower(net::header_value(head.headers, "content-encoding"));
        if (!encoding.empty() && encoding != "identity")
            return unusable(
                "the server compresses its answer (" + encoding + ") though it was told not to"
            );
        return head.status == 206 ? judge_part(head) : judge_whole(head);
    }

    Result<> judge_part(const net::Response& head) {
        const auto part = read_content_range(net::header_value(head.headers, "content-range"));
        if (!part || part->from != range.from)
            return unusable("the server sent another part of the file than it was asked for");
        lacks_a_size = !part->size;
        if (lacks_a_size) return {};
        return hand_over(head, {version_of(head, part->size), range.from, true});
    }

    Result<> judge_whole(const net::Response& head) {
        ignores_if_range = range.from > 0 && is_strong(known.etag) && !is_second &&
                           net::header_value(head.headers, "etag") == known.etag;
        if (ignores_if_range) return {};
        std::optional<std::int64_t> size;
        if (net::header_value(head.headers, "transfer-encoding").empty())
            size = read_number(net::header_value(head.headers, "content-length"));
        return hand_over(head, {version_of(head, size), 0, false});
    }

    Result<> hand_over(const net::Response& head, const Answer& answer) {
        is_taken = true;
        if (dialect.succeeded) dialect.succeeded(head.url);
        return taker.answer(answer);
    }

    Result<bool> take(std::span<const std::byte> bytes) {
        if (is_taken) return taker.bytes(bytes);
        if (lacks_a_size || ignores_if_range || explanation.size() > kLongestExplanation)
            return false;
        for (const std::byte byte : bytes) explanation += static_cast<char>(byte);
        return true;
    }
};

HttpOrigin::HttpOrigin(net::Client& client, Dialect dialect)
    : client_(client), dialect_(std::move(dialect)) {}

Result<net::Response> HttpOrigin::ask(
    Reading& reading, const net::Headers& conditions, const std::stop_token& stop
) {
    const auto request = TRY(dialect_.prepare(conditions));
    const net::Receiver receiver = {
        .head = [&](const net::Response& head) { return reading.judge(head); },
        .bytes = [&](std::span<const std::byte> bytes) { return reading.take(bytes); },
    };
    auto answer = client_.send(request, stop, receiver);
    if (!answer && !reading.is_taken && dialect_.failed) dialect_.failed();
    return answer;
}

Result<> HttpOrigin::fetch(
    Range range, const Version& known, const Taker& taker, const std::stop_token& stop
) {
    Reading reading = {.range = range, .known = known, .taker = taker, .dialect = dialect_};
    std::string bytes = "bytes=" + std::to_string(range.from) + "-";
    if (range.to != kNoEnd) bytes += std::to_string(range.to - 1);
    const net::Header part = {"Range", bytes};
    net::Headers conditions = {part};
    // Last-Modified is no strong validator within a minute of a change: it is compared afterwards.
    if (is_strong(known.etag)) conditions.push_back({"If-Range", known.etag});
    auto answer = TRY(ask(reading, conditions, stop));
    const bool refuses_ranges = answer.status == 416 && range.from == 0;
    if (refuses_ranges || reading.lacks_a_size || reading.ignores_if_range) {
        const bool again_in_part = reading.ignores_if_range;
        Reading second = {.range = range, .known = known, .taker = taker, .dialect = dialect_};
        second.is_second = true;
        answer = TRY(ask(second, again_in_part ? net::Headers{part} : net::Headers{}, stop));
        reading.is_taken = second.is_taken;
        reading.explanation = std::move(second.explanation);
    }
    if (reading.is_taken) return {};
    if (answer.status == 416 || answer.status == 412)
        return Error{
            range.from > 0 ? ErrorKind::kSourceChanged : ErrorKind::kDownloadFailed,
            range.from > 0
                ? "the file at the origin became shorter or changed while it was read; try again"
                : "the server answered " + net::status_in_words(answer.status) +
                      " to a request for the whole file",
            dialect_.name
        };
    answer.body = std::move(reading.explanation);
    return dialect_.explain(answer);
}

namespace {

/// What the user can do about a status that is no success.
Error explain_status(const net::Response& answer, const std::string& name) {
    const int status = answer.status;
    const bool is_passing = may_pass(status);
    std::string advice = "check the URL";
    if (status == 401 || status == 403)
        advice = "the URL must be readable without logging in, and a signed URL not expired";
    if (status == 404 || status == 410) advice = "check that the file is still there";
    if (is_passing) advice = "try again later";
    return {
        is_passing ? ErrorKind::kUnavailable : ErrorKind::kDownloadFailed,
        "the server answered " + net::status_in_words(status) + " for " + name + "; " + advice, name
    };
}

/// Where redirects led last time, asked again until that stops working (it may be a signed URL
/// that expires).
struct Shortcut {
    explicit Shortcut(net::Url first) : url(std::move(first)) {}

    Mutex mutex;
    net::Url url GUARDED_BY(mutex);
};

}  // namespace

std::unique_ptr<Origin> http_origin(net::Client& client, net::Url url, net::Patience patience) {
    const auto shortcut = std::make_shared<Shortcut>(url);
    HttpOrigin::Dialect dialect;
    dialect.name = url.safe_text();
    dialect.prepare = [=](const net::Headers& conditions) -> Result<net::Request> {
        const MutexLock lock(shortcut->mutex);
        net::Request request;
        request.url = shortcut->url;
        request.headers = conditions;
        request.redirects = 5;
        request.hops = shortcut->url == url ? 0 : 1;
        request.patience = patience;
        return request;
    };
    dialect.succeeded = [=](const net::Url& from) {
        const MutexLock lock(shortcut->mutex);
        shortcut->url = from;
    };
    dialect.failed = [=] {
        const MutexLock lock(shortcut->mutex);
        shortcut->url = url;
    };
    dialect.explain = [=](const net::Response& answer) {
        auto error = explain_status(answer, url.safe_text());
        const MutexLock lock(shortcut->mutex);
        if (shortcut->url != url) error.kind = ErrorKind::kUnavailable;  // try again from the start
        shortcut->url = url;
        return error;
    };
    return std::make_unique<HttpOrigin>(client, std::move(dialect));
}

}  // namespace ittybit::storage
