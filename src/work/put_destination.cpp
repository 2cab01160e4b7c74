#include "work/put_destination.h"

#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "model/content_type.h"
#include "storage/retries.h"

namespace ittybit::work {
namespace {

class PutDestination final : public Destination {
public:
    PutDestination(net::Client& client, net::Url url, std::stop_token stop)
        : client_(client), url_(std::move(url)), stop_(std::move(stop)) {}

    std::string parts_folder() const override { return ""; }
    Result<> ready(const FileReady& ready, const sandbox::Workspace& workspace) override;
    Result<Published> publish(const Outcome& outcome) override;
    Result<Published> copy(File facts, int descriptor, std::int64_t size) override;

private:
    Result<Published> put(File facts, int descriptor, std::int64_t size, std::string_view name);
    Result<> put_once(ByteSource& bytes, const std::string& type) const;

    net::Client& client_;
    const net::Url url_;
    const std::stop_token stop_;
    std::string name_;  // in the child's folder
};

/// What a status means for whoever made the address.
std::string_view advice_on(int status) {
    if (status == 401 || status == 403) return ": is it still valid, and meant for a PUT?";
    if (status >= 300 && status < 400) return ": give the address that it leads to";
    if (status == 411 || status == 501) return ": it must take a PUT with a Content-Length";
    return "";
}

Result<> PutDestination::ready(
    const FileReady& ready, const sandbox::Workspace& /*workspace*/
) {
    if (!ready.is_main) {
        return Error{
            ErrorKind::kInvalidOutput,
            "one address takes one file, and there are several: give s3://bucket/key", "output"
        };
    }
    name_ = ready.name;
    return {};
}

Result<Published> PutDestination::publish(const Outcome& outcome) {
    if (name_.empty()) return Error{ErrorKind::kTaskCrashed, "the media process made no file", ""};
    const Fd file = TRY(outcome.workspace.open_file(name_));
    const auto size = FileSource(file.get()).size();
    return put(
        outcome.finished.file, file.get(), static_cast<std::int64_t>(size.value_or(0)), name_
    );
}

Result<Published> PutDestination::copy(File facts, int descriptor, std::int64_t size) {
    const auto name = "copy." + facts.format;
    return put(std::move(facts), descriptor, size, name);
}

/// `name`: its extension says what it is.
Result<Published> PutDestination::put(
    File facts, int descriptor, std::int64_t size, std::string_view name
) {
    FileSource bytes(descriptor);
    const std::string type(content_type_of(name));
    const storage::Retries retries;
    for (int failures = 1;; ++failures) {
        auto done = put_once(bytes, type);
        if (done) break;
        if (done.error().kind != ErrorKind::kUnavailable) return std::move(done).error();
        if (failures == retries.tries) {
            auto error = std::move(done).error();
            error.kind = ErrorKind::kUploadFailed;
            error.message += fmt::format(" (tried {} times)", failures);
            return error;
        }
        TRY(retries.wait(failures, stop_));
    }
    facts.url = url_.safe_text();
    return Published{std::move(facts), {}, {}, size};
}

/// Errors: `unavailable` for what may pass.
Result<> PutDestination::put_once(ByteSource& bytes, const std::string& type) const {
    net::Request request;
    request.method = "PUT";
    request.url = url_;
    request.headers = {{"Content-Type", type}};
    request.upload = &bytes;
    const auto answer = TRY(client_.send(request, stop_));
    if (answer.status >= 200 && answer.status < 300) return {};
    return Error{
        storage::may_pass(answer.status) ? ErrorKind::kUnavailable : ErrorKind::kUploadFailed,
        fmt::format(
            "{} answered {} to a PUT{}", url_.safe_text(), net::status_in_words(answer.status),
            advice_on(answer.status)
        ),
        url_.safe_text()
    };
}

}  // namespace

Result<std::unique_ptr<Destination>> put_destination(
    net::Client& client, std::string_view url, std::stop_token stop
) {
    return std::unique_ptr<Destination>(
        std::make_unique<PutDestination>(client, TRY(net::Url::parse(url)), std::move(stop))
    );
}

}  // namespace ittybit::work
